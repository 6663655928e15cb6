/**
 * Twenty whole nodes over loopback TCP in this process: how long it takes to tell the DHT of a
 * record and to find who has it, and how many questions that asks of others. All nodes share the
 * processors, so times are of the whole network, not of one node.
 * @module
 */
import type { QueryEvent, SingleKadDHT } from '@libp2p/kad-dht'
import { CID } from 'multiformats/cid'
import { create as digestOf } from 'multiformats/hashes/digest'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { Routing } from '../../node/network/routing.ts'
import { clock, type TestNode, tcpNode, until } from '../node/network/nodes.ts'
import {
  type BenchOptions,
  costOf,
  median,
  percentile,
  plainRow,
  type Row,
  seededBytes
} from './measure.ts'

export const name = 'dht'

const RAW = 0x55
const SHA2_256 = 0x12

interface Asked {
  readonly ms: number
  readonly messages: number
}

export async function run(options: BenchOptions): Promise<readonly Row[]> {
  const [count, lookups] = options.quick ? [5, 3] : [20, 40]
  const nodes: TestNode[] = []
  try {
    const joining = await costOf(async () => {
      for (let i = 0; i < count; i++) nodes.push(await join(nodes[0]))
      await until(() => nodes.every((node) => tableSize(node) >= Math.min(count - 1, 15)))
    })
    const lookers = nodes.map((node) => new Looker(node))
    // one that answers nobody, so that it keeps no records of others and has to ask
    const light = await join(nodes[0], 'light')
    nodes.push(light)
    await until(() => tableSize(light) > 0)
    const finder = new Looker(light)
    const provided: Asked[] = []
    const found: Asked[] = []
    for (let i = 0; i < lookups; i++) {
      const cid = cidOf(`${options.seed} ${i}`)
      provided.push(await (lookers[i % count] as Looker).provide(cid))
      found.push(await finder.find(cid))
    }
    const p95 = (asked: readonly Asked[]) => [percentile(ms(asked), 0.95)]
    const named = (what: string, unit: string) => ({ what: `${what}, ${count} nodes`, unit })
    return [
      plainRow(named('provide p50', 'ms'), [median(ms(provided))]),
      plainRow(named('provide p95', 'ms'), p95(provided)),
      plainRow(named('questions of a provide', ''), [median(messages(provided))]),
      plainRow(named('find the first provider p50', 'ms'), [median(ms(found))]),
      plainRow(named('find the first provider p95', 'ms'), p95(found)),
      plainRow(named('questions of a find', ''), [median(messages(found))]),
      plainRow(named('join, each', 'cpu-ms'), [(1_000 * joining.cpuSeconds) / count])
    ]
  } finally {
    await Promise.all(nodes.map((node) => node.stop()))
  }
}

async function join(
  hub: TestNode | undefined,
  profile: 'clinic' | 'light' = 'clinic'
): Promise<TestNode> {
  const node = await tcpNode({ profile })
  if (hub != null) await node.routing.connect(hub.self)
  return node
}

const tableSize = (node: TestNode): number => node.libp2p.services.dht.routingTable.size
const ms = (asked: readonly Asked[]): number[] => asked.map((each) => each.ms)
const messages = (asked: readonly Asked[]): number[] => asked.map((each) => each.messages)

const cidOf = (text: string): CID => {
  const [bytes] = [...seededBytes(text, 32)]
  return CID.createV1(RAW, digestOf(SHA2_256, p.sha256(bytes as Uint8Array)))
}

/** A node's routing that counts the questions that its DHT asks. */
class Looker {
  readonly #routing: Routing
  #questions = 0

  constructor({ libp2p }: TestNode) {
    const { dht } = libp2p.services
    const count = async function* (this: Looker, events: AsyncIterable<QueryEvent>) {
      for await (const event of events) {
        if (event.name === 'SEND_QUERY') this.#questions++
        yield event
      }
    }.bind(this)
    const counting = new Proxy(dht, {
      get(target, key) {
        const value = Reflect.get(target, key, target)
        if (key !== 'provide' && key !== 'findProviders') return value
        return (...args: Parameters<SingleKadDHT['provide']>) => count(value.apply(target, args))
      }
    })
    this.#routing = new Routing({
      libp2p: {
        peerId: libp2p.peerId,
        peerStore: libp2p.peerStore,
        dial: (...args) => libp2p.dial(...args),
        getConnections: (peer) => libp2p.getConnections(peer),
        services: { ...libp2p.services, dht: counting }
      },
      clock
    })
  }

  provide(cid: CID): Promise<Asked> {
    return this.#asked(() => this.#routing.provide(cid))
  }

  find(cid: CID): Promise<Asked> {
    return this.#asked(async () => {
      for await (const _ of this.#routing.findProviders(cid)) return
      throw new Error(`nobody has ${cid}`)
    })
  }

  async #asked(act: () => Promise<unknown>): Promise<Asked> {
    const before = this.#questions
    const { wallSeconds } = await costOf(act)
    return { ms: 1_000 * wallSeconds, messages: this.#questions - before }
  }
}
