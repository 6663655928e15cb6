/**
 * The live engine: the node's own code in a world of worker processes, on a chain of this process,
 * with actors that play the plan through the nodes' verbs. What its seed fixes and what not stands
 * in world.ts: latencies are this machine's, so only laws and bounded liveness are asserted on them.
 *
 * A run: chain and world up, records published, warm-up, the measured part under churn, partitions
 * and adversaries, an end to all faults, the checks, the tables.
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { nativePrimitives } from '../../node/memory.ts'
import { acknowledgedStaysOpenable } from '../checks/acknowledged-stays-openable.ts'
import { everyReleaseHasAReceipt } from '../checks/every-release-has-a-receipt.ts'
import { noPlaintextOutside } from '../checks/no-plaintext-outside.ts'
import { noShareWithoutGrant } from '../checks/no-share-without-grant.ts'
import { revokedIsDenied } from '../checks/revoked-is-denied.ts'
import { assertAllHold } from '../checks/violated.ts'
import type { CheckResult, Engine, RunOptions, RunResult } from '../engine.ts'
import { Rng } from '../random.ts'
import type { Scenario } from '../scenario/shape.ts'
import { initialOwner, initialRecords, type Planned, plan } from '../workload.ts'
import { publish } from './actors/owner.ts'
import { play } from './actors/play.ts'
import { recordCanaries } from './actors/record-files.ts'
import { adversariesOf } from './adversaries.ts'
import { openChainHost } from './chain-host.ts'
import { kadIdOf } from './closest.ts'
import { conditionsOf } from './conditions.ts'
import { identityOf, type NodePlan } from './identities.ts'
import { keepPartitions } from './partitions.ts'
import { fetchHistories, heal, inTurn, openAcknowledged } from './quiesce.ts'
import { revocationsTable } from './revocations.ts'
import { listenIn, searchAll } from './search.ts'
import { keepSessions } from './sessions.ts'
import { liveSized, timeScale } from './size.ts'
import { Stage } from './stage.ts'
import { Traffic } from './traffic.ts'
import { createWorld, type DhtChoice, type World } from './world.ts'

export type MakeWorld = typeof createWorld

/** What a test puts in place of worker processes and of the plan. */
export interface LiveParts {
  /** @default createWorld */
  readonly make?: MakeWorld
  /** @default plan(scenario, …) */
  readonly acts?: readonly Planned[]
}

export const liveEngine: Engine = {
  name: 'live',
  run: (scenario, options) => runLive(scenario, options)
}

/** A receipt tells the second of a release: it may have been at its end. */
const RECEIPT_MS = 999
/** Records that are being published at once, before anything is measured. */
const PUBLISH_AT_ONCE = 4
/** What acts under way get after the measured part, beside the time that a grant takes. */
const FINISH_MS = 60_000

/** @throws CheckViolatedError, the signal's reason */
export async function runLive(
  given: Scenario,
  options: RunOptions,
  parts: LiveParts = {}
): Promise<RunResult> {
  const scenario = liveSized(given)
  const { seed, repeat, signal, progress, baseFolder = '.' } = options
  const rng = new Rng(seed, `live/${repeat}`)
  const acts = parts.acts ?? plan(scenario, new Rng(seed, `plan/${repeat}`))
  const make = parts.make ?? createWorld
  const plans = nodePlans(scenario, rng)
  // the nodes' keys differ between repeats
  const worldSeed = rng.derive('world').u32()
  let world: World | undefined
  await using host = await openChainHost({
    scenario,
    primitives: nativePrimitives,
    clock: { nowMs: () => world?.nowMs() ?? Date.now() },
    rng: rng.derive('chain'),
    identity: (node) => identityOf(worldSeed, node, plans[node] as NodePlan)
  })
  progress({ step: 'chain', done: 0, total: 1 })
  await host.open(scenario.network.clinics, signal)
  const conditions = conditionsOf(scenario, rng.derive('conditions'), baseFolder)
  await using made = await make({
    seed: worldSeed,
    kind: 'full',
    nodes: plans,
    transport: scenario.network.transport,
    bootstrap: scenario.network.bootstrap,
    joining: scenario.live.warmStart ? { by: 'warm-start' } : { by: 'themselves' },
    dht: dhtOf(scenario),
    maxConnections: scenario.network.maxConnections,
    chain: host,
    module: new URL('inspect.ts', import.meta.url).href,
    signal,
    progress,
    ...(options.workers != null && { workers: options.workers }),
    ...(conditions != null && { faults: conditions })
  })
  world = made
  const folder = await mkdtemp(join(tmpdir(), 'keyward-sim-'))
  try {
    const hasFaults = conditions != null
    const common = { scenario, world, chain: host, rng, folder, baseFolder }
    const stage = new Stage({ ...common, hasFaults, trace: options.trace ?? 0, signal })
    host.onReorg = (from) => stage.reorged(from)
    const result = await runOn(stage, acts, options)
    return { ...result, facts: { ...result.facts, timeScaleShare: timeScale(given) } }
  } catch (err) {
    signal.throwIfAborted() // timers say only that they were aborted
    throw err
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runOn(
  stage: Stage,
  acts: readonly Planned[],
  options: RunOptions
): Promise<RunResult> {
  const { scenario, world, chain } = stage
  const { seed, repeat, signal, progress } = options
  const canaries = recordCanaries(stage, initialRecords(scenario))
  await listenIn(stage, canaries)
  await publishAll(stage, options)
  const published = stage.operations.rows.filter(({ ok }) => ok).length
  progress({ step: 'warm-up', done: 0, total: scenario.warmupSeconds })
  await delay(scenario.warmupSeconds * 1_000, undefined, { signal })

  const servers = world.nodes
    .filter(({ role }) => role === 'clinic')
    .map(({ peer }) => ({ peer, kadId: kadIdOf(peer) }))
  const adversaries = adversariesOf(stage)
  stage.begin()
  stage.operations.restart()
  chain.measure()
  const traffic = new Traffic(stage)
  await traffic.begin()
  const measured = new AbortController()
  const whileMeasured = AbortSignal.any([signal, measured.signal])
  const beside = Promise.all([
    keepSessions(stage, whileMeasured),
    keepPartitions(stage, whileMeasured),
    adversaries.play(whileMeasured),
    keepSeries(stage, traffic, whileMeasured)
  ])
  const { durationSeconds } = scenario
  const tick = (atMs: number): void => {
    const left = Math.max(0, Math.ceil(durationSeconds - atMs / 1_000))
    const done = Math.min(durationSeconds, Math.floor(atMs / 1_000))
    progress({ step: 'running', done, total: durationSeconds, detail: `${left} s left` })
  }
  const playing = play(stage, acts, servers, tick, whileMeasured)
  let underWay: Awaited<typeof playing>
  try {
    // whatever fails beside the plan ends it
    underWay = await Promise.race([playing, beside.then(() => playing)])
  } finally {
    measured.abort()
  }
  await beside
  await traffic.read(durationSeconds)
  const tables = { nodes: traffic.nodes(repeat), series: traffic.series(repeat) }

  const ofAdversaries = await adversaries.tables(repeat)

  progress({ step: 'healing', done: 0, total: 1 })
  await heal(stage)
  await adversaries.end()
  progress({ step: 'finishing', done: 0, total: underWay.underWay })
  const finish = AbortSignal.any([signal, AbortSignal.timeout(FINISH_MS + finishMs(scenario))])
  const unfinished = await finished(underWay, finish)
  signal.throwIfAborted()
  progress({ step: 'checking', done: 0, total: stage.records.size })
  const { checks, facts } = await check(stage, canaries)
  const result: RunResult = {
    operations: stage.operations.table(repeat),
    ...tables,
    more: [revocationsTable(stage, repeat), ...ofAdversaries],
    checks,
    trace: stage.operations.trace((node) => world.nodes[node]?.name ?? ''),
    facts: {
      ...(await factsOf(stage)),
      ...facts,
      ...adversaries.facts(),
      publishedAtStartCount: published,
      unfinishedCount: unfinished
    }
  }
  assertAllHold(checks, { seed, repeat, result })
  return result
}

function nodePlans({ network }: Scenario, rng: Rng): readonly NodePlan[] {
  const natted = rng.derive('nat')
  return [
    ...Array.from({ length: network.clinics }, (): NodePlan => ({ role: 'clinic' })),
    ...Array.from(
      { length: network.patients },
      (): NodePlan => ({
        role: 'patient',
        ...(natted.chance(network.natShare) && { natted: true })
      })
    )
  ]
}

const dhtOf = ({ dht }: Scenario): DhtChoice => ({
  // nodes have no table of the specification's; theirs is the nearest to it
  table: dht.table === 'js' ? 'trie' : 'near',
  k: dht.k,
  alpha: dht.alpha,
  disjointPaths: dht.paths,
  prefixLength: dht.prefixLength,
  querySelfMs: dht.selfQuerySeconds * 1_000,
  answerMinMs: dht.timeoutMs
})

async function publishAll(stage: Stage, { progress }: RunOptions): Promise<void> {
  const { scenario } = stage
  const total = initialRecords(scenario)
  let done = 0
  progress({ step: 'publishing', done, total })
  const records = Array.from({ length: total }, (_, i) => i)
  await inTurn(records, PUBLISH_AT_ONCE, async (record) => {
    await publish(stage, record, initialOwner(scenario, record))
    progress({ step: 'publishing', done: ++done, total })
  })
}

async function keepSeries(stage: Stage, traffic: Traffic, signal: AbortSignal): Promise<void> {
  const { intervalSeconds, durationSeconds } = stage.scenario
  for (let at = 0; at + intervalSeconds < durationSeconds; at += intervalSeconds) {
    if (!(await stage.until(at + intervalSeconds, signal))) return
    await traffic.read(at)
  }
}

const finishMs = ({ chain }: Scenario): number =>
  (chain.confirmBlocks + 3) * chain.blockSeconds * 1_000

/** How many acts had not ended by then. */
async function finished(
  underWay: { readonly done: Promise<void>; readonly underWay: number },
  signal: AbortSignal
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  if (signal.aborted) resolve()
  await Promise.race([underWay.done, promise])
  return underWay.underWay
}

async function check(
  stage: Stage,
  canaries: readonly Uint8Array[]
): Promise<{
  readonly checks: readonly CheckResult[]
  readonly facts: Readonly<Record<string, number>>
}> {
  const opened = await openAcknowledged(stage)
  const histories = await fetchHistories(stage)
  const searched = await searchAll(stage, canaries)
  const grants = stage.grantsSeen()
  const atLatest = histories.releases.map((each) => ({ ...each, atMs: each.atMs + RECEIPT_MS }))
  const kept = stage.releases.filter(({ custodian }) => !stage.departed.has(custodian))
  return {
    checks: [
      noShareWithoutGrant(grants, [...stage.releases, ...atLatest]),
      revokedIsDenied(grants, atLatest, stage.boundMs + RECEIPT_MS),
      everyReleaseHasAReceipt(kept, histories.receipts),
      acknowledgedStaysOpenable(opened),
      noPlaintextOutside(searched)
    ],
    facts: {
      receiptsCount: histories.receipts.length,
      ...Object.fromEntries(
        [...histories.refusals].map(([code, count]) => [`refused${code}Count`, count])
      ),
      receiptFaultsCount: histories.faults,
      searchedBytes: searched.reduce((sum, { bytes }) => sum + bytes, 0)
    }
  }
}

async function factsOf(stage: Stage): Promise<Record<string, number | string>> {
  const { world, chain, counts, scenario } = stage
  const workers = await world.workers()
  const { join } = world
  const { blocks, transactions, gas, reorgs, queuedMax } = chain.stats
  return {
    nodes: world.nodes.length,
    clinics: scenario.network.clinics,
    patients: scenario.network.patients,
    workers: workers.length,
    joinBy: join.by,
    // of the tables, classic is the model's alone
    dhtTable: dhtOf(scenario).table ?? 'near',
    joinSeconds: join.wallSeconds,
    joinCpuSeconds: join.cpuSeconds,
    joinFoundShare: join.foundShare,
    rssBytes: workers.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
    cpuSeconds: workers.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    eventLoopP99Ms: Math.max(0, ...workers.map(({ eventLoopP99Ms }) => eventLoopP99Ms)),
    unhandledRejectionsCount: workers.reduce((sum, each) => sum + each.unhandledRejections, 0),
    actsLateMaxMs: stage.latestMs,
    revocationBoundMs: stage.boundMs,
    chain: scenario.chain.kind === 'dev' ? 'anvil, real contracts' : 'memory',
    blocksCount: blocks,
    transactionsCount: transactions,
    gasSum: gas,
    reorgsCount: reorgs,
    chainQueueMax: queuedMax,
    ...Object.fromEntries([...counts].map(([what, count]) => [`${what}Count`, count]))
  }
}
