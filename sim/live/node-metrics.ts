/**
 * Counts what one node sends and receives, through the metrics interface that libp2p offers to
 * operators: streams by protocol, connections, and the DHT's requests by type (kad-dht's own
 * counters). Methods of streams are wrapped, since a `message` listener of ours would count as the
 * reader that a stream waits for (utils 7.4.1: data is held until there is one).
 * @module
 */
import type { Metrics, MultiaddrConnection, Stream } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'
import type { ProtocolCounters } from './counters.ts'

export type Components = Parameters<NonNullable<Libp2pOptions['metrics']>>[0]

type Data = Parameters<Stream['send']>[0]

type Tally = { -readonly [K in keyof ProtocolCounters]: ProtocolCounters[K] }

/** The part of utils' AbstractMessageStream that is wrapped, of streams and connections alike. */
interface Wrappable {
  send(data: Data): boolean
  onData(data: Data): void
}

const ANSWERED = 'libp2p_kad_dht_inbound_rpc_requests_total'
const ASKED = 'libp2p_kad_dht_outbound_rpc_requests_total'
const ASK_ERRORS = 'libp2p_kad_dht_outbound_rpc_errors_total'

export class NodeMetrics {
  readonly protocols = new Map<string, Tally>()
  readonly answered: Record<string, number> = {}
  readonly asked: Record<string, number> = {}
  readonly askErrors: Record<string, number> = {}
  sentBytes = 0
  receivedBytes = 0
  /** Of the node that runs now. */
  components: Components | undefined
  readonly #counted: Readonly<Record<string, Record<string, number>>> = {
    [ANSWERED]: this.answered,
    [ASKED]: this.asked,
    [ASK_ERRORS]: this.askErrors
  }

  /** For libp2p's options; called at each start of the node. */
  readonly factory = (components: Components): Metrics => {
    this.components = components
    return this.#metrics
  }

  readonly #metrics = {
    trackMultiaddrConnection: (connection: MultiaddrConnection) =>
      wrap(
        connection as unknown as Wrappable,
        (bytes) => {
          this.sentBytes += bytes
        },
        (bytes) => {
          this.receivedBytes += bytes
        }
      ),
    trackProtocolStream: (stream: Stream) => this.#track(stream),
    registerCounterGroup: (name: string) => {
      const into = this.#counted[name]
      if (into == null) return IDLE
      return {
        ...IDLE,
        increment(values: Record<string, number | true>) {
          for (const [key, by] of Object.entries(values)) {
            into[key] = (into[key] ?? 0) + (by === true ? 1 : by)
          }
        }
      }
    },
    registerMetric: () => IDLE,
    registerMetricGroup: () => IDLE,
    registerCounter: () => IDLE,
    registerHistogram: () => IDLE,
    registerHistogramGroup: () => IDLE,
    registerSummary: () => IDLE,
    registerSummaryGroup: () => IDLE,
    traceFunction: (_name: string, traced: unknown) => traced,
    createTrace: () => undefined
  } as unknown as Metrics

  #track(stream: Stream): void {
    let tally = this.protocols.get(stream.protocol)
    if (tally == null) {
      tally = { streams: 0, sentMessages: 0, receivedMessages: 0, sentBytes: 0, receivedBytes: 0 }
      this.protocols.set(stream.protocol, tally)
    }
    const counted = tally
    counted.streams++
    // what came in one packet with the negotiation waits already
    if (stream.readBufferLength > 0) {
      counted.receivedMessages++
      counted.receivedBytes += stream.readBufferLength
    }
    wrap(
      stream as unknown as Wrappable,
      (bytes) => {
        counted.sentMessages++
        counted.sentBytes += bytes
      },
      (bytes) => {
        counted.receivedMessages++
        counted.receivedBytes += bytes
      }
    )
  }
}

function wrap(
  stream: Wrappable,
  onSend: (bytes: number) => void,
  onReceive: (bytes: number) => void
): void {
  const send = stream.send
  const onData = stream.onData
  stream.send = function (data) {
    onSend(data.byteLength)
    return send.call(this, data)
  }
  stream.onData = function (data) {
    onReceive(data.byteLength)
    onData.call(this, data)
  }
}

const NOTHING = (): void => {}
/** Of every kind of metric that nobody asked for. */
const IDLE = {
  update: NOTHING,
  increment: NOTHING,
  decrement: NOTHING,
  reset: NOTHING,
  observe: NOTHING,
  timer: () => NOTHING
}
