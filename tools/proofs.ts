/**
 * Tries the verifier of Merkle proofs on mutated ones: `node tools/proofs.ts [--count N] [--seed S]
 * [--workers N] [--json]`, the forgery of CHAIN.md §3 first (SECURITY.md §14, F7). Exits with 1 if one
 * was believed, and names its number. With --json the last line is an object, {proofs, refused,
 * believed, kinds}. The mutations are in test/fixtures/mutated-proofs.ts.
 * @module
 */
import { parseArgs } from 'node:util'
import { isMainThread, parentPort } from 'node:worker_threads'
import { nativePrimitives } from '../node/crypto/native.ts'
import { mutatedProofs, type ProofTally, tallyProofs } from '../test/fixtures/mutated-proofs.ts'
import { share } from './workers.ts'

/** One of 176 comes out as the honest proof and does not count. */
const COUNT = 1_010_000
const WORKERS = 2
/** Proofs that a worker tries between two words. */
const STRETCH = 5_000
const PROGRESS_MS = 5_000

interface Task {
  readonly seed: number
  readonly from: number
  readonly to: number
}

const say = (text: string): void => void process.stdout.write(text)

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: String(COUNT) },
      seed: { type: 'string', default: '1' },
      workers: { type: 'string', default: String(WORKERS) },
      json: { type: 'boolean', default: false }
    }
  })
  const [count, seed, workers] = [values.count, values.seed, values.workers].map(Number) as [
    number,
    number,
    number
  ]
  if (![count, seed, workers].every(Number.isSafeInteger) || count < 1 || workers < 1) {
    throw new Error('--count, --seed and --workers expected whole numbers')
  }
  const tasks = Array.from({ length: Math.ceil(count / STRETCH) }, (_, i) => ({
    seed,
    from: i * STRETCH,
    to: Math.min(count, (i + 1) * STRETCH)
  }))
  const kinds: Record<string, number> = {}
  const believed: number[] = []
  let proofs = 0
  const started = performance.now()
  let told = started
  await share(new URL(import.meta.url), tasks, workers, (tally: ProofTally) => {
    proofs += tally.tried
    believed.push(...tally.believed)
    for (const [kind, times] of Object.entries(tally.kinds))
      kinds[kind] = (kinds[kind] ?? 0) + times
    if (values.json || performance.now() - told < PROGRESS_MS) return
    told = performance.now()
    say(
      `${Math.round((told - started) / 1_000)} s: ${proofs} proofs, ${believed.length} believed\n`
    )
  })
  const refused = proofs - believed.length
  if (values.json) say(`${JSON.stringify({ proofs, refused, believed, kinds })}\n`)
  else {
    const rows = Object.entries(kinds).toSorted(([a], [b]) => (a < b ? -1 : 1))
    for (const [kind, times] of rows) say(`  ${kind.padEnd(34)}${String(times).padStart(9)}\n`)
    say(
      `${proofs} mutated proofs (seed ${seed}): ${refused} refused, ${believed.length} believed\n`
    )
  }
  for (const index of believed.slice(0, 10)) say(`BELIEVED: number ${index} of seed ${seed}\n`)
  if (believed.length > 0) process.exitCode = 1
}

if (isMainThread) await main()
else {
  let made: Promise<{
    readonly seed: number
    readonly of: Awaited<ReturnType<typeof mutatedProofs>>
  }>
  parentPort?.on('message', async ({ seed, from, to }: Task) => {
    made ??= mutatedProofs(seed, nativePrimitives).then((of) => ({ seed, of }))
    parentPort?.postMessage(await tallyProofs((await made).of, from, to))
  })
}
