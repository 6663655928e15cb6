/**
 * Brings the nodes of a world together. "Joined" is said of a network whose every node has somebody
 * in its table and in which a sample of lookups, each from another node for a random key, finds at
 * least LIVE_FOUND_SHARE of the true k closest; where it does not yet, all nodes look for themselves
 * once more, up to LIVE_JOIN_ROUNDS times. The report tells what was reached: with few paths or
 * small tables that can be less for good.
 * @module
 */
import {
  LIVE_FOUND_SHARE,
  LIVE_JOIN_AT_ONCE,
  LIVE_JOIN_ROUNDS,
  LIVE_LOOKUP_MAX_MS,
  LIVE_SAMPLE_LOOKUPS
} from '../limits.ts'
import { Rng } from '../random.ts'
import type { Child } from './child.ts'
import { foundShare, kadIdOf, type Server, trueClosest } from './closest.ts'
import type { PlainTable, Started } from './messages.ts'
import type { JoinReport, WorldInit } from './world.ts'

const K = 20

export interface JoinInit {
  readonly world: WorldInit
  readonly children: readonly Child[]
  /** By index. */
  readonly peers: readonly string[]
  /** Called as nodes begin to listen. */
  onStarted(started: readonly Started[]): void
  /** Of all nodes, by index. */
  addrs(): readonly (readonly string[])[]
  childOf(node: number): Child
}

/** Nodes that newcomers know at first: the first clinics. */
export const bootstrapOf = ({ nodes, bootstrap = 2 }: WorldInit): number[] =>
  [...nodes.keys()].filter((i) => nodes[i]?.role === 'clinic').slice(0, bootstrap)

export async function joinAll(init: JoinInit): Promise<JoinReport> {
  const { world, children } = init
  const joining = world.joining ?? { by: 'themselves' }
  const begun = performance.now()
  const cpuBefore = await cpuSeconds(children)
  await startAll(init)
  if (joining.by === 'warm-start') await warm(init, joining.tables)
  const sample =
    joining.by === 'nobody' ? { sampled: 0, share: Number.NaN, rounds: 0 } : await converge(init)
  const counters = await Promise.all(
    children.map((child) => child.channel.ask('counters', undefined))
  )
  return {
    by: joining.by,
    wallSeconds: (performance.now() - begun) / 1_000,
    cpuSeconds: (await cpuSeconds(children)) - cpuBefore,
    joined: counters.flat().filter(({ tableSize }) => tableSize > 0).length,
    sampled: sample.sampled,
    foundShare: sample.share,
    rounds: sample.rounds
  }
}

/** Bootstrap peers one after another, then everybody, so many at once in each worker. */
async function startAll({ world, children, onStarted, addrs, childOf }: JoinInit): Promise<void> {
  const joining = world.joining ?? { by: 'themselves' }
  const alone = joining.by !== 'themselves'
  const atOnce = (joining.by === 'themselves' ? joining.atOnce : undefined) ?? LIVE_JOIN_AT_ONCE
  const first = alone ? [] : bootstrapOf(world)
  const { signal } = world
  let done = 0
  const progress = (): void =>
    world.progress?.({ step: 'joining', done: ++done, total: world.nodes.length })
  for (const node of first) {
    const bootstrap = first.flatMap((i) => addrs()[i]?.[0] ?? [])
    const { channel } = childOf(node)
    onStarted(
      await channel.ask('start', { nodes: [node], atOnce: 1, bootstrap }, { signal, progress })
    )
  }
  const bootstrap = first.flatMap((i) => addrs()[i]?.[0] ?? [])
  await Promise.all(
    children.map(async ({ own, channel }) => {
      const nodes = own.filter((i) => !first.includes(i))
      onStarted(await channel.ask('start', { nodes, atOnce, bootstrap }, { signal, progress }))
    })
  )
}

async function warm(
  { world, children, peers, addrs }: JoinInit,
  tables: readonly { readonly peer: string; readonly entries: readonly string[] }[] | undefined
): Promise<void> {
  world.progress?.({ step: 'filling tables', done: 0, total: world.nodes.length })
  const indices = new Map(peers.map((peer, i) => [peer, i]))
  const plain = tables?.map(
    ({ peer, entries }): PlainTable => ({
      node: indices.get(peer) ?? -1,
      entries: Uint32Array.from(entries.flatMap((each) => indices.get(each) ?? []))
    })
  )
  await Promise.all(
    children.map(({ channel, own }) => {
      const mine = plain?.filter(({ node }) => own.includes(node))
      const args = { addrs: addrs(), ...(mine != null && { tables: mine }) }
      return channel.ask('warm', args, { signal: world.signal })
    })
  )
}

async function converge(
  init: JoinInit
): Promise<{ readonly sampled: number; readonly share: number; readonly rounds: number }> {
  const { world, children } = init
  // tables that were given are to stay as they are
  const most = world.joining?.by === 'warm-start' ? 0 : LIVE_JOIN_ROUNDS
  for (let round = 1; ; round++) {
    const { sampled, share } = await sampleLookups(init, round)
    if (share >= LIVE_FOUND_SHARE || round > most) return { sampled, share, rounds: round }
    world.progress?.({ step: 'looking again', done: round, total: most })
    await Promise.all(
      children.map(({ channel }) =>
        channel.ask('lookForSelves', undefined, { signal: world.signal })
      )
    )
  }
}

/** Lookups from nodes drawn at random, a few at once. */
async function sampleLookups(
  { world, peers, childOf }: JoinInit,
  round: number
): Promise<{ readonly sampled: number; readonly share: number }> {
  const rng = new Rng(world.seed, `live/sample-${round}`)
  const servers: Server[] = peers.flatMap((peer, i) =>
    world.nodes[i]?.role === 'clinic' ? [{ peer, kadId: kadIdOf(peer) }] : []
  )
  const askers = rng.shuffle([...peers.keys()]).slice(0, LIVE_SAMPLE_LOOKUPS)
  const k = world.dht?.k ?? K
  const queue = askers.map((node) => ({ node, key: rng.bytes(32) }))
  const sampled = queue.length
  let sum = 0
  const next = async (): Promise<void> => {
    for (let job = queue.shift(); job != null; job = queue.shift()) {
      const { node, key } = job
      const truth = trueClosest(servers, key, k, peers[node] as string)
      const found = await closestTo(childOf(node), node, key, world.signal)
      sum += foundShare(truth, found)
    }
  }
  await Promise.all(Array.from({ length: LIVE_JOIN_AT_ONCE }, next))
  return { sampled, share: sampled === 0 ? Number.NaN : sum / sampled }
}

/** Nothing where the lookup itself failed; a worker that died ends everything. */
async function closestTo(
  { channel }: Child,
  node: number,
  key: Uint8Array,
  signal: AbortSignal
): Promise<readonly string[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIVE_LOOKUP_MAX_MS)])
  try {
    return (await channel.ask('lookup', { node, args: { key } }, { signal: limit })).closest
  } catch (err) {
    signal.throwIfAborted()
    if (err instanceof Error && err.name === 'WorkerDiedError') throw err
    return []
  }
}

async function cpuSeconds(children: readonly Child[]): Promise<number> {
  const usages = await Promise.all(children.map(({ channel }) => channel.ask('usage', undefined)))
  return usages.reduce((sum, { cpuSeconds: each }) => sum + each, 0)
}
