/**
 * Goal 5 of PERFORMANCE.md §7: a record from a file into the block store, sealed, hashed and synced,
 * and back out; processor time against the bare cipher and hash, and the memory that it takes, which
 * must not grow with the record.
 * @module
 */
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Child, startChild } from './child.ts'
import {
  type BenchOptions,
  type Cost,
  inTurns,
  mbPerCpuSecond,
  mbPerSecond,
  pairedRow,
  plainRow,
  type Row,
  repeatsOf,
  seededBytes
} from './measure.ts'
import type { RecordSide, RecordSideInit } from './record-side.ts'

export const name = 'put'

const MIB = 1_024 * 1_024
const SIDE = new URL('record-side.ts', import.meta.url)
const PEAK_RSS_MIB = 300
/** What a collector may leave lying longer, though nothing grows. */
const RSS_NOISE = 1.1

export async function run(options: BenchOptions): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'keyward-bench-'))
  try {
    const [large, small] = options.quick ? [8, 2] : [256, 32]
    const repeats = repeatsOf(options)
    const start = (mib: number, role: string) => startSide(folder, mib, role, options.seed)
    await using ours = await start(large, 'ours')
    await using bound = await start(large, 'bound')
    await using little = await start(small, 'small')
    const bytes = large * MIB
    const costs = await inTurns<Cost, string>(repeats, {
      put: ours.calls.put,
      putBound: bound.calls.putBound,
      putDurable: bound.calls.putDurable,
      putWork: bound.calls.putWork,
      open: ours.calls.open,
      openBound: bound.calls.openBound,
      smallPut: little.calls.put,
      smallOpen: little.calls.open
    })
    const rates = (side: string) => (costs[side] ?? []).map((cost) => mbPerCpuSecond(bytes, cost))
    const walls = (side: string) => (costs[side] ?? []).map((cost) => mbPerSecond(bytes, cost))
    const rss = await peaks(ours, little)
    const unit = 'MB/cpu-s'
    return [
      pairedRow(
        {
          what: `put ${large} MiB / cipher + hash, in memory`,
          unit,
          goal: { atLeast: 0.6 },
          target: 0.8
        },
        rates('put'),
        rates('putBound')
      ),
      pairedRow(
        { what: '  the same, written, same fsync', unit },
        rates('put'),
        rates('putDurable')
      ),
      pairedRow(
        { what: '  and read from a file and hashed twice', unit },
        rates('put'),
        rates('putWork')
      ),
      plainRow({ what: `put ${large} MiB, wall`, unit: 'MB/s' }, walls('put')),
      pairedRow(
        { what: `open ${large} MiB / decipher + hash`, unit, goal: { atLeast: 0.6 } },
        rates('open'),
        rates('openBound')
      ),
      plainRow({ what: `open ${large} MiB, wall`, unit: 'MB/s' }, walls('open')),
      pairedRow(
        { what: `peak RSS, ${large} MiB / ${PEAK_RSS_MIB} MiB`, unit: 'MiB', goal: { atMost: 1 } },
        [rss.large],
        [PEAK_RSS_MIB]
      ),
      pairedRow(
        {
          what: `peak RSS, ${large} MiB / ${small} MiB`,
          unit: 'MiB',
          goal: { atMost: RSS_NOISE }
        },
        [rss.large],
        [rss.small]
      )
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function startSide(
  folder: string,
  mib: number,
  role: string,
  seed: string
): Promise<Child<RecordSide>> {
  const own = join(folder, role)
  await mkdir(own)
  const file = join(own, 'record')
  await pipeline(seededBytes(seed, mib * MIB), createWriteStream(file))
  const init: RecordSideInit = { folder: own, file, bytes: mib * MIB }
  return startChild<RecordSide>(SIDE, init)
}

const peaks = async (large: Child<RecordSide>, small: Child<RecordSide>) => ({
  large: await large.peakRssMib(),
  small: await small.peakRssMib()
})
