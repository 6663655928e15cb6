/**
 * Goals 1, 2 and 4 of PERFORMANCE.md §7: releases of a share by a custodian in another process, one
 * after the other and four at once, against ping, an echo on an open stream and the bare
 * cryptography; with and without fsync; with and without the chain. And the condition on which that
 * speed counts: once a revocation is in a block, nothing more is released.
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { EXCHANGE_MAX_MS, HEAD_CACHE_MS } from '../../core/limits.ts'
import { type Child, costOfBoth, startChild } from './child.ts'
import type { CustodianSide, CustodianSideInit, Variant } from './custodian-side.ts'
import {
  type BenchOptions,
  costOf,
  countRow,
  inTurns,
  median,
  pairedRow,
  percentile,
  plainRow,
  type Row,
  repeatsOf
} from './measure.ts'
import { Requester, type Times } from './requester.ts'

export const name = 'release'

const SIDE = new URL('custodian-side.ts', import.meta.url)
const WARM_UP = 4_000
/** A revocation counts from its block on: a head may be kept for so long, then one exchange. */
const REVOKED_MS = HEAD_CACHE_MS + EXCHANGE_MAX_MS

export async function run(options: BenchOptions): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'keyward-bench-'))
  const init: CustodianSideInit = { folder }
  try {
    await using server = await startChild<CustodianSide>(SIDE, init)
    await using requester = await Requester.start(server)
    const count = options.quick ? 20 : 300
    // as a custodian runs that has been up for a while
    await requester.prepare('shipped')
    await requester.pipelined(options.quick ? 20 : WARM_UP)
    const rows = await speed(server, requester, repeatsOf(options), count)
    return [...rows, ...(await revocation(server, requester, options.quick))]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function speed(
  server: Child<CustodianSide>,
  requester: Requester,
  repeats: number,
  count: number
): Promise<readonly Row[]> {
  const oneByOne = async (variant: Variant): Promise<Times> => {
    await requester.prepare(variant)
    return await requester.releases(count)
  }
  const rate = async (variant: Variant): Promise<number> => {
    await requester.prepare(variant)
    const cost = await costOfBoth(server, () => costOf(() => requester.pipelined(count)))
    return count / cost.otherCpuSeconds
  }
  const floor = async (synced: boolean): Promise<number> =>
    count / (await server.calls.floor(count, synced)).cpuSeconds
  const times = (list: Promise<readonly number[]>): Promise<Times> =>
    list.then((each) => ({ whole: each, answered: each }))

  const latency = await inTurns(repeats, {
    shipped: () => oneByOne('shipped'),
    ping: () => times(requester.pings(count)),
    unchained: () => oneByOne('unchained'),
    echo: () => times(requester.echoes(count))
  })
  const rates = await inTurns(repeats, {
    shipped: () => rate('shipped'),
    floor: () => floor(false),
    floorSynced: () => floor(true),
    unsynced: () => rate('unsynced')
  })
  const p50 = (side: keyof typeof latency, of: keyof Times = 'whole') =>
    latency[side].map((each) => median(each[of]))
  const p99 = latency.shipped.map(({ whole }) => percentile(whole, 0.99))
  const ms = 'ms'
  const perSecond = '/cpu-s'
  return [
    pairedRow(
      { what: 'warm release p50 / ping', unit: ms, goal: { atMost: 1 }, target: 1 },
      p50('shipped'),
      p50('ping')
    ),
    pairedRow(
      { what: 'warm release p50, to the answer / ping', unit: ms },
      p50('shipped', 'answered'),
      p50('ping')
    ),
    pairedRow(
      { what: 'warm release p50 / echo on an open stream', unit: ms },
      p50('shipped'),
      p50('echo')
    ),
    plainRow({ what: 'warm release p99', unit: ms }, p99),
    pairedRow(
      {
        what: 'release p50, chain answer kept / no chain',
        unit: ms,
        goal: { atMost: 1.05 }
      },
      p50('shipped', 'answered'),
      p50('unchained', 'answered')
    ),
    pairedRow(
      { what: 'releases / bare crypto', unit: perSecond, goal: { atLeast: 0.5 }, target: 0.7 },
      rates.shipped,
      rates.floor
    ),
    pairedRow(
      { what: 'releases / bare crypto and fsync', unit: perSecond },
      rates.shipped,
      rates.floorSynced
    ),
    pairedRow(
      { what: 'releases without fsync / bare crypto', unit: perSecond },
      rates.unsynced,
      rates.floor
    )
  ]
}

async function revocation(
  server: Child<CustodianSide>,
  requester: Requester,
  quick: boolean
): Promise<readonly Row[]> {
  await requester.prepare('shipped')
  const lastMs = quick ? HEAD_CACHE_MS + 500 : REVOKED_MS + 1_000
  const heard: { readonly atMs: number; readonly headNumber: number }[] = []
  const asking = { on: true }
  const asker = (async () => {
    while (asking.on) {
      const asked = await requester.ask()
      if (asked.kind !== 'released') continue
      heard.push({ atMs: performance.now(), headNumber: asked.receipt.head.n })
    }
  })()
  const block = await server.calls.revoke()
  const revokedAtMs = performance.now()
  await new Promise((resolve) => setTimeout(resolve, lastMs))
  asking.on = false
  await asker
  const after = heard.map(({ atMs }) => atMs - revokedAtMs).filter((ms) => ms > 0)
  const knowing = heard.filter(({ headNumber }) => headNumber >= block)
  const goal = { atMost: 0 }
  return [
    countRow(
      { what: 'releases on a head that shows the revocation', unit: '', goal },
      knowing.length
    ),
    countRow(
      { what: `releases later than ${REVOKED_MS} ms after its block`, unit: '', goal },
      after.filter((ms) => ms > REVOKED_MS).length
    ),
    plainRow({ what: 'the last one after its block', unit: 'ms' }, [Math.max(0, ...after)])
  ]
}
