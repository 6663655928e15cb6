/**
 * A world without worker processes: its nodes live in the test, over the memory transport. What is
 * asked of them goes the worker's ways, so that an engine can be tested in seconds.
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import * as Digest from 'multiformats/hashes/digest'
import { toHex, toHex0x } from '../../../core/bytes.ts'
import { verbs } from '../../../node/index.ts'
import { nativePrimitives } from '../../../node/memory.ts'
import { chainLink } from '../../../sim/live/chain-link.ts'
import { WorldClock } from '../../../sim/live/clock.ts'
import type { NodeCounters } from '../../../sim/live/counters.ts'
import type { MakeWorld } from '../../../sim/live/engine.ts'
import { HostedNode } from '../../../sim/live/hosted-node.ts'
import { identityOf, nameOf } from '../../../sim/live/identities.ts'
import { lookUp } from '../../../sim/live/lookups.ts'
import type { World } from '../../../sim/live/world.ts'

/** Seeds of worlds name their nodes' addresses in this process: no two alike at once. */
export const nearWorld: MakeWorld = async (init) => {
  const { seed, nodes: plans, chain, module } = init
  const clock = new WorldClock({ startMs: Date.now(), machineMs: Date.now() })
  const folder = await mkdtemp(join(tmpdir(), 'keyward-near-'))
  const hosted: HostedNode[] = []
  const exported = module == null ? {} : ((await import(module)) as Record<string, unknown>)
  for (const [index, plan] of plans.entries()) {
    const identity = await identityOf(seed, index, plan)
    const link =
      chain && (await chainLink(chain.plan, (call) => chain.answer(index, call), nativePrimitives))
    hosted.push(
      new HostedNode({
        index,
        plan,
        identity,
        peer: peerIdFromMultihash(Digest.decode(identity.peer)).toString(),
        world: { seed, kind: 'full', transport: 'memory', folder, dht: {} } as never,
        clock,
        faults: undefined,
        chain: chain && link && { plan: chain.plan, link },
        indexOf: (peer) => hosted.findIndex((node) => node.peer === peer)
      })
    )
  }
  const known = (): readonly string[] => hosted[0]?.addrs ?? []
  for (const node of hosted) await node.start(node.index === 0 ? [] : known())
  const at = (index: number): HostedNode => hosted[index] as HostedNode
  const countersOf = ({ index, running }: HostedNode): NodeCounters => ({
    node: index,
    worker: 0,
    running,
    connections: at(index).connections,
    tableSize: 0,
    sentBytes: 0,
    receivedBytes: 0,
    protocols: {},
    answered: {},
    asked: {},
    askErrors: {}
  })
  const world: Partial<World> & AsyncDisposable = {
    get nodes() {
      return hosted.map(({ index, plan, peer, identity, addrs }) => ({
        index,
        role: plan.role,
        name: nameOf(index, plan),
        peer,
        account: toHex0x(identity.account),
        addrs,
        worker: 0
      }))
    },
    join: {
      by: 'themselves',
      wallSeconds: 0,
      cpuSeconds: 0,
      rounds: 0,
      joined: 0,
      sampled: 0,
      foundShare: 1
    },
    nowMs: () => clock.nowMs(),
    async call(index, name, args, { signal, progress = () => {} }) {
      const { full } = at(index)
      const verb = verbs.get(name)
      if (full == null || verb == null) throw new Error(`no ${name} at ${index}`)
      return await verb.run(full, verb.args.parse(args), { signal, progress })
    },
    async run(index, name, args, { signal, progress = () => {} }) {
      const work = exported[name] as (...args: unknown[]) => Promise<unknown>
      return await work(at(index), args, { signal, progress })
    },
    lookup: (index, key, { signal }) => lookUp(at(index).dht, key, signal as AbortSignal),
    tables: async () =>
      hosted.map(({ index, peer, identity }) => ({
        node: index,
        peer,
        kadId: toHex(nativePrimitives.sha256(identity.peer)),
        entries: []
      })),
    counters: async () => hosted.map(countersOf),
    workers: async () => [],
    faults: async () => {},
    stopNode: (index) => at(index).stop(),
    startNode: (index) => at(index).start(known()),
    async [Symbol.asyncDispose]() {
      await Promise.all(hosted.map((node) => node.stop()))
      await rm(folder, { recursive: true, force: true })
    }
  }
  return world as World
}
