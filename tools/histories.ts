/**
 * Plays random histories against the release rule: `node tools/histories.ts [--count N] [--seed S]
 * [--workers N] [--json]`, or one alone, told in words: `--replay SEED:INDEX [--whole] [--mutant
 * NAME]`. `count` are of the fast tier (the real decide() and budget); a thousandth more run whole
 * gates over a memory chain. A judge that shares no code with the rule looks at each release; each
 * weakened rule must be caught, in the fast tier and, where a seam can weaken it, in the whole one.
 * Exits with 1 on an unsafe release, a refusal of what was plainly allowed, or a survivor. The
 * histories, the judge and the weakened rules are in test/histories/.
 * @module
 */
import { parseArgs } from 'node:util'
import { isMainThread, parentPort } from 'node:worker_threads'
import { WEAKNESSES } from '../test/histories/mutants.ts'
import { retell } from '../test/histories/retell.ts'
import {
  addTo,
  type Caught,
  catchOne,
  emptyTally,
  runFast,
  type Tally,
  type Tier,
  weaknessOf,
  wholeName
} from '../test/histories/run.ts'
import { share } from './workers.ts'

const COUNT = 1_000_000
const WORKERS = 2
/** Histories that a worker plays between two words. */
const STRETCH = 5_000
const WHOLE_STRETCH = 20
/** Whole gates are a few hundred times slower. */
const WHOLE_SHARE = 1_000
const PROGRESS_MS = 5_000

const say = (text: string): void => void process.stdout.write(text)

type Task =
  | {
      readonly do: Tier
      readonly seed: number
      readonly from: number
      readonly to: number
    }
  | { readonly do: 'mutant'; readonly tier: Tier; readonly seed: number; readonly name: string }
type Done = { readonly tally: Tally; readonly tier: Tier } | { readonly caught: Caught }

/** Whole gates bring keys and deals along, which nobody else should wait for. */
const wholeTier = () => import('../test/histories/run-whole.ts')

async function work(task: Task): Promise<Done> {
  const { seed } = task
  switch (task.do) {
    case 'fast':
      return { tier: 'fast', tally: runFast(seed, task.from, task.to) }
    case 'whole':
      return { tier: 'whole', tally: await (await wholeTier()).runWhole(seed, task.from, task.to) }
    case 'mutant': {
      if (task.tier === 'fast') return { caught: catchOne(seed, weaknessOf(task.name)) }
      const { catchWhole, wholeWeaknessOf } = await wholeTier()
      return { caught: await catchWhole(seed, wholeWeaknessOf(task.name)) }
    }
  }
}

const stretches = (tier: Tier, seed: number, count: number, length: number): Task[] =>
  Array.from({ length: Math.ceil(count / length) }, (_, i) => ({
    do: tier,
    seed,
    from: i * length,
    to: Math.min(count, (i + 1) * length)
  }))

const digits = (n: number): string => n.toLocaleString('en')

function table(caught: readonly Caught[]): string {
  const width = Math.max(...caught.map(({ name }) => name.length))
  return caught
    .map(({ name, caught, after, why }) => {
      const when = caught ? `→ history ${digits(after)}: ${why}` : `SURVIVED ${digits(after)}`
      return `${name.padEnd(width)} ${when}\n`
    })
    .join('')
}

/** What all workers found, in an order that does not depend on them. */
interface Result {
  readonly tallies: Readonly<Record<Tier, Tally>>
  readonly caught: readonly Caught[]
}

async function playAll(seed: number, count: number, workers: number): Promise<Result> {
  const { WHOLE_WEAKNESSES } = await import('../test/histories/whole-mutants.ts')
  const tallies = { fast: emptyTally(), whole: emptyTally() }
  const found = new Map<string, Caught>()
  const mutants = (tier: Tier, all: readonly { readonly name: string }[]): Task[] =>
    all.map(({ name }) => ({ do: 'mutant', tier, seed, name }))
  const tasks = [
    ...stretches('fast', seed, count, STRETCH),
    ...stretches('whole', seed, Math.ceil(count / WHOLE_SHARE), WHOLE_STRETCH),
    ...mutants('whole', WHOLE_WEAKNESSES),
    ...mutants('fast', WEAKNESSES)
  ]
  const started = performance.now()
  let told = started
  await share(new URL(import.meta.url), tasks, workers, (done: Done) => {
    if ('caught' in done) found.set(done.caught.name, done.caught)
    else addTo(tallies[done.tier], done.tally)
    if (performance.now() - told < PROGRESS_MS) return
    told = performance.now()
    const { fast, whole } = tallies
    say(
      `${Math.round((told - started) / 1_000)} s: ${digits(fast.histories)} + ${whole.histories} histories, ` +
        `${digits(fast.releases + whole.releases)} releases, ${fast.unsafe + whole.unsafe} unsafe, ` +
        `${found.size} weakened rules tried\n`
    )
  })
  const caught = [
    ...WEAKNESSES.map(({ name }) => found.get(name)),
    ...WHOLE_WEAKNESSES.map(({ name }) => found.get(wholeName(name)))
  ].filter((each) => each != null)
  if (caught.length < found.size) throw new Error('a weakened rule was lost')
  return { tallies, caught }
}

async function report({ tallies, caught }: Result, seed: number, json: boolean): Promise<number> {
  const { fast, whole } = tallies
  say(table(caught))
  for (const { tier, index, why } of [...fast.findings, ...whole.findings]) {
    say(`${tier} history ${seed}:${index}: ${why}\n`)
  }
  const first = fast.findings[0] ?? whole.findings[0]
  if (first != null) await retell({ seed, index: first.index, tier: first.tier, mutant: '' }, say)
  for (const [name, tally] of Object.entries(tallies)) {
    say(
      `${name} tier: ${digits(tally.histories)} histories, ${digits(tally.asks)} requests, ` +
        `${digits(tally.releases)} releases, ${tally.unsafe} unsafe; ` +
        `${digits(tally.allowed)} plainly allowed, ${tally.refusedThoughAllowed} of them refused\n`
    )
  }
  const survivors = caught.filter((each) => !each.caught).length
  say(`${caught.length - survivors} of ${caught.length} weakened rules caught\n`)
  const sum = emptyTally()
  for (const each of [fast, whole]) addTo(sum, each)
  const { histories, releases, unsafe, refusedThoughAllowed } = sum
  if (json) {
    const mutants = caught.map(({ name, tier, caught, after }) => ({ name, tier, caught, after }))
    const of = ({ histories, releases, allowed }: Tally) => ({ histories, releases, allowed })
    const more = { seed, refusedThoughAllowed, fast: of(fast), whole: of(whole) }
    say(`${JSON.stringify({ histories, releases, unsafe, mutants, ...more })}\n`)
  }
  return unsafe + refusedThoughAllowed + survivors > 0 || releases === 0 ? 1 : 0
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: String(COUNT) },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      workers: { type: 'string', default: String(WORKERS) },
      json: { type: 'boolean', default: false },
      replay: { type: 'string' },
      whole: { type: 'boolean', default: false },
      mutant: { type: 'string', default: '' }
    }
  })
  if (values.replay != null) {
    const [seed, index] = values.replay.split(':')
    const tier: Tier = values.whole ? 'whole' : 'fast'
    const { mutant } = values
    return await retell(
      { seed: whole(seed, 'seed'), index: whole(index, 'index'), tier, mutant },
      say
    )
  }
  const seed = whole(values.seed, 'seed')
  say(`SEED ${seed}\n`)
  const workers = Math.max(1, whole(values.workers, 'workers'))
  return await report(await playAll(seed, whole(values.count, 'count'), workers), seed, values.json)
}

function whole(text: string | undefined, name: string): number {
  const number = Number(text)
  if (text != null && text !== '' && Number.isSafeInteger(number) && number >= 0) return number
  throw new Error(`"${name}" expected a whole number, got ${text}`)
}

if (!isMainThread) {
  parentPort?.on('message', (task: Task) => {
    void work(task).then((done) => parentPort?.postMessage(done))
  })
} else if (import.meta.main) process.exitCode = await main()
