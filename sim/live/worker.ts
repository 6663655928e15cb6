/**
 * A worker process of a live world: many nodes, and the answers to what the world asks of them
 * (messages.ts). It ends with its parent, and counts every rejection that nobody handled, libp2p's
 * known ones included: a world should have none.
 * @module
 */
import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { peerIdFromMultihash, peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import * as Digest from 'multiformats/hashes/digest'
import { toHex0x } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import { verbs } from '../../node/index.ts'
import { DHT_PROTOCOL, type NodeChain, nativePrimitives } from '../../node/memory.ts'
import { LIVE_LOOKUP_MAX_MS } from '../limits.ts'
import { Rng } from '../random.ts'
import { chainLink } from './chain-link.ts'
import { type Answerers, Channel } from './channel.ts'
import { WorldClock } from './clock.ts'
import type { NodeCounters, WorkerCounters } from './counters.ts'
import { Faults } from './faults.ts'
import { HostedNode } from './hosted-node.ts'
import { identityOf } from './identities.ts'
import { findProvidersIn, lookUp, provideIn } from './lookups.ts'
import type {
  Introduced,
  ParentContract,
  PlainTable,
  Started,
  WorkerContract,
  WorkerInit
} from './messages.ts'
import { entriesOf, holdStill, warmStart } from './tables.ts'

interface Options {
  readonly signal: AbortSignal
  progress(event: unknown): void
}

/** What an export of a world's `module` is called with. */
export type NodeCall = (node: HostedNode, args: unknown, options: Options) => Promise<unknown>

/** Bootstrap peers that a newcomer knows: one may be away. */
const KNOWN = 2
const LOOP_RESOLUTION_MS = 10

class Worker {
  readonly #channel: Channel<ParentContract>
  readonly #nodes = new Map<number, HostedNode>()
  readonly #indices = new Map<string, number>()
  readonly #rejections = new Rejections()
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  #peers: readonly string[] = []
  #init: WorkerInit | undefined
  #clock: WorldClock | undefined
  #faults: Faults | undefined
  #module: Readonly<Record<string, unknown>> = {}

  constructor(pipe: NodeJS.Process) {
    this.#loop.enable()
    this.#channel = new Channel(pipe, this.#answerers())
  }

  #answerers(): { readonly [K in keyof WorkerContract & string]: Answerers[string] } & Answerers {
    type Asked<K extends keyof WorkerContract> = WorkerContract[K][0]
    return {
      init: (init: Asked<'init'>) => this.#start(init),
      roster: async (peers: Asked<'roster'>) => {
        this.#peers = peers
        for (const [index, peer] of peers.entries()) this.#indices.set(peer, index)
      },
      start: (args: Asked<'start'>, options) => this.#join(args, options),
      warm: (args: Asked<'warm'>, options) => this.#warm(args, options),
      // kad-dht's own self-query stops after 20 events, of which its first questions are most
      lookForSelves: async (_: undefined, { signal }) => {
        for (const node of this.#running()) {
          const own = Digest.decode(node.identity.peer).bytes
          const limit = AbortSignal.any([signal, AbortSignal.timeout(LIVE_LOOKUP_MAX_MS)])
          await lookUp(node.dht, own, limit).catch(() => signal.throwIfAborted())
        }
      },
      stop: (node: Asked<'stop'>) => this.#node(node).stop(),
      restart: async ({ node, bootstrap }: Asked<'restart'>) => {
        const hosted = this.#node(node)
        await hosted.start(this.#known(node, bootstrap))
        await hosted.settled()
        return { node, addrs: hosted.addrs }
      },
      call: ({ node, verb, args }: Asked<'call'>, options) => this.#call(node, verb, args, options),
      run: async ({ node, name, args }: Asked<'run'>, options) => {
        const call = this.#module[name]
        if (typeof call !== 'function') {
          throw new InvalidParametersError(`"name" expected an export of the module, got ${name}`)
        }
        return await (call as NodeCall)(this.#node(node), args, options)
      },
      lookup: ({ node, args }: Asked<'lookup'>, { signal }) =>
        lookUp(this.#node(node).dht, args.key, signal),
      provide: ({ node, args }: Asked<'provide'>, { signal }) =>
        provideIn(this.#node(node).dht, args.cid, signal),
      findProviders: ({ node, args }: Asked<'findProviders'>, { signal }) =>
        findProvidersIn(this.#node(node).dht, args.cid, signal),
      tables: async (nodes: Asked<'tables'>) => this.#tables(nodes),
      counters: async () => [...this.#nodes.values()].map((node) => this.#counters(node)),
      usage: async () => this.#usage(),
      faults: async (change: Asked<'faults'>) => this.#faults?.change(change),
      advance: async (ms: Asked<'advance'>) => this.#clock?.advance(ms),
      limitConnections: async (max: Asked<'limitConnections'>) => {
        for (const node of this.#running()) node.limitConnections(max)
      },
      freeze: async () => {
        for (const node of this.#running()) await holdStill(node.dht)
      }
    }
  }

  async #start(init: WorkerInit): Promise<readonly Introduced[]> {
    this.#init = init
    this.#clock = new WorldClock(init.clock)
    const { seed, plans, own, faults: options, module } = init
    if (options != null) this.#faults = new Faults({ seed, nodes: plans.length, options })
    if (module != null) this.#module = await import(module)
    const told: Introduced[] = []
    for (const index of own) {
      const plan = plans[index] as (typeof plans)[number]
      const identity = await identityOf(seed, index, plan)
      const peer = peerIdFromMultihash(Digest.decode(identity.peer)).toString()
      const hosted = new HostedNode({
        index,
        plan,
        identity,
        peer,
        world: init,
        clock: this.#clock,
        faults: this.#faults,
        chain: await this.#chain(init, index),
        indexOf: (other) => this.#indices.get(other)
      })
      this.#nodes.set(index, hosted)
      told.push({ node: index, peer, account: toHex0x(identity.account) })
    }
    return told
  }

  async #chain({ chain: plan, kind }: WorkerInit, node: number) {
    if (plan == null || kind === 'dht') return undefined
    const link: NodeChain = await chainLink(
      plan,
      (call) => this.#channel.ask('chain', { node, call }),
      nativePrimitives
    )
    return { plan, link }
  }

  async #join(
    { nodes, atOnce, bootstrap }: WorkerContract['start'][0],
    { signal, progress }: Options
  ): Promise<readonly Started[]> {
    const started: Started[] = []
    const queue = [...nodes]
    const joinNext = async (): Promise<void> => {
      for (let index = queue.shift(); index != null; index = queue.shift()) {
        signal.throwIfAborted()
        const node = this.#node(index)
        await node.start(this.#known(index, bootstrap))
        if (bootstrap.length > 0) await node.settled()
        started.push({ node: index, addrs: node.addrs })
        progress(index)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, joinNext))
    return started
  }

  /** Some of the bootstrap peers, drawn for each node. */
  #known(index: number, bootstrap: readonly string[]): readonly string[] {
    const others = bootstrap.filter((addr) => !addr.endsWith(this.#node(index).peer))
    const rng = new Rng(this.#init?.seed ?? 0, `live/node-${index}/bootstrap`)
    return rng.shuffle([...others]).slice(0, KNOWN)
  }

  async #warm({ addrs, tables }: WorkerContract['warm'][0], { signal }: Options): Promise<void> {
    const peers = this.#peers.map((peer) => peerIdFromString(peer))
    const places = addrs.map((each) => each.map((addr) => multiaddr(addr)))
    const plans = this.#init?.plans ?? []
    const servers = peers.flatMap((_, i) => (plans[i]?.role === 'clinic' ? [i] : []))
    const given = new Map(tables?.map(({ node, entries }) => [node, entries]))
    for (const node of this.#running()) {
      signal.throwIfAborted()
      const rng = new Rng(this.#init?.seed ?? 0, `live/node-${node.index}/table`)
      const others = [...(given.get(node.index) ?? rng.shuffle([...servers]))]
      await warmStart(
        node.dht,
        node.peerStore,
        others
          .filter((i) => i !== node.index)
          .map((i) => ({ peer: peers[i] as (typeof peers)[number], addrs: places[i] ?? [] })),
        DHT_PROTOCOL
      )
    }
  }

  async #call(node: number, name: string, args: unknown, options: Options): Promise<unknown> {
    const verb = verbs.get(name)
    const { full } = this.#node(node)
    if (verb == null) throw new InvalidParametersError(`"verb" expected a verb, got "${name}"`)
    if (full == null) throw new InvalidParametersError(`node ${node} expected full and running`)
    return await verb.run(full, verb.args.parse(args), options)
  }

  #node(index: number): HostedNode {
    const node = this.#nodes.get(index)
    if (node == null) throw new InvalidParametersError(`node ${index} lives elsewhere`)
    return node
  }

  #running(): HostedNode[] {
    return [...this.#nodes.values()].filter((node) => node.running)
  }

  #tables(nodes: readonly number[]): PlainTable[] {
    return nodes
      .map((index) => this.#node(index))
      .filter((node) => node.running)
      .map((node) => {
        const indices = entriesOf(node.dht).map((peer) => this.#indices.get(peer.toString()))
        return {
          node: node.index,
          entries: Uint32Array.from(indices.filter((each) => each != null))
        }
      })
  }

  #counters(node: HostedNode): NodeCounters {
    const { metrics } = node
    return {
      node: node.index,
      worker: this.#init?.worker ?? 0,
      running: node.running,
      connections: node.connections,
      tableSize: node.running ? node.dht.routingTable.size : 0,
      sentBytes: metrics.sentBytes,
      receivedBytes: metrics.receivedBytes,
      protocols: Object.fromEntries(metrics.protocols),
      answered: metrics.answered,
      asked: metrics.asked,
      askErrors: metrics.askErrors
    }
  }

  #usage(): WorkerCounters {
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed } = process.memoryUsage()
    const eventLoopP99Ms = this.#loop.percentile(99) / 1e6
    const eventLoopMaxMs = this.#loop.max / 1e6
    this.#loop.reset()
    return {
      worker: this.#init?.worker ?? 0,
      pid: process.pid,
      nodes: this.#running().length,
      cpuSeconds: (user + system) / 1e6,
      rssBytes: rss,
      heapBytes: heapUsed,
      eventLoopP99Ms,
      eventLoopMaxMs,
      unhandledRejections: this.#rejections.count,
      firstRejection: this.#rejections.first,
      descriptors: descriptors()
    }
  }
}

class Rejections {
  count = 0
  first: string | undefined

  constructor() {
    const seen = (err: unknown): void => {
      this.count++
      this.first ??= err instanceof Error ? (err.stack ?? err.message) : String(err)
    }
    process.on('unhandledRejection', seen)
    process.on('uncaughtException', seen)
  }
}

/** Open files and sockets of this process; 0 where the system does not say. */
function descriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}

if (import.meta.main) {
  new Worker(process)
  process.on('disconnect', () => process.exit(0))
}
