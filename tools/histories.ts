/**
 * Plays random histories against the release rule: `node tools/histories.ts [--count N] [--seed S]
 * [--workers N] [--json]`, or one alone, told in words: `--replay SEED:INDEX [--mutant NAME]`. A
 * judge that shares no code with the rule looks at each release; each weakened rule must be caught.
 * Exits with 1 on an unsafe release, a refusal of what was plainly allowed, or a survivor. The
 * histories, the judge and the weakened rules are in test/histories/.
 * @module
 */
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { historyOf } from '../test/histories/history.ts'
import { SOUND, WEAKNESSES } from '../test/histories/mutants.ts'
import { play } from '../test/histories/play.ts'
import {
  addTo,
  type Caught,
  catchOne,
  emptyTally,
  fault,
  runFast,
  shrink,
  type Tally,
  tellHistory,
  weaknessOf
} from '../test/histories/run.ts'

const COUNT = 1_000_000
const WORKERS = 2
/** Histories that a worker plays between two words. */
const STRETCH = 5_000

type Task =
  | {
      readonly do: 'fast' | 'whole'
      readonly seed: number
      readonly from: number
      readonly to: number
    }
  | { readonly do: 'mutant'; readonly seed: number; readonly name: string }
type Result = { readonly tally: Tally } | { readonly caught: Caught }

async function work(task: Task): Promise<Result> {
  if (task.do === 'mutant') return { caught: catchOne(task.seed, weaknessOf(task.name)) }
  return { tally: runFast(task.seed, task.from, task.to) }
}

/** Hands tasks to workers; `heard` gets each result. */
async function share(
  tasks: Task[],
  workers: number,
  heard: (result: Result) => void
): Promise<void> {
  const queue = tasks.values()
  const lane = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url))
      const next = (): void => {
        const task = queue.next()
        if (task.done === true) void worker.terminate().then(() => resolve())
        else worker.postMessage(task.value)
      }
      worker.on('message', (result: Result) => {
        heard(result)
        next()
      })
      worker.on('error', reject)
      next()
    })
  await Promise.all(Array.from({ length: Math.min(workers, tasks.length) }, lane))
}

const stretches = (tier: 'fast' | 'whole', seed: number, count: number, length: number): Task[] =>
  Array.from({ length: Math.ceil(count / length) }, (_, i) => ({
    do: tier,
    seed,
    from: i * length,
    to: Math.min(count, (i + 1) * length)
  }))

const whole = (n: number): string => n.toLocaleString('en')

function table(caught: readonly Caught[]): string {
  const width = Math.max(...caught.map(({ name }) => name.length))
  return caught
    .map(({ name, caught, after, why }) => {
      const when = caught ? `→ history ${whole(after)}: ${why}` : `SURVIVED ${whole(after)}`
      return `${name.padEnd(width)} ${when}\n`
    })
    .join('')
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: String(COUNT) },
      seed: { type: 'string' },
      workers: { type: 'string', default: String(WORKERS) },
      json: { type: 'boolean', default: false },
      replay: { type: 'string' },
      mutant: { type: 'string', default: '' }
    }
  })
  const say = (text: string): void => void process.stdout.write(text)
  if (values.replay != null) {
    process.exitCode = replay(values.replay, values.mutant, say)
    return
  }
  const seed = Number(values.seed ?? Date.now() % 2 ** 31)
  const count = Number(values.count)
  say(`SEED ${seed}\n`)
  const started = performance.now()
  const sum = emptyTally()
  const caught: Caught[] = []
  const tasks: Task[] = [
    ...stretches('fast', seed, count, STRETCH),
    ...WEAKNESSES.map(({ name }): Task => ({ do: 'mutant', seed, name }))
  ]
  let told = 0
  await share(tasks, Number(values.workers), (result) => {
    if ('caught' in result) caught.push(result.caught)
    else addTo(sum, result.tally)
    if (performance.now() - told < 5_000) return
    told = performance.now()
    const seconds = Math.round((told - started) / 1_000)
    say(
      `${seconds} s: ${whole(sum.histories)} histories, ${whole(sum.releases)} releases, ${sum.unsafe} unsafe\n`
    )
  })
  const order = WEAKNESSES.map(({ name }) => name)
  caught.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
  say(table(caught))
  for (const { index, why } of sum.findings) {
    say(`history ${seed}:${index}: ${why}\n`)
  }
  const first = sum.findings[0]
  if (first != null) replay(`${seed}:${first.index}`, '', say)
  const survivors = caught.filter((each) => !each.caught).length
  const { histories, asks, releases, allowed, unsafe, refusedThoughAllowed } = sum
  say(
    `${whole(histories)} histories, ${whole(asks)} requests, ${whole(releases)} releases, ${unsafe} unsafe; ` +
      `${whole(allowed)} plainly allowed, ${refusedThoughAllowed} of them refused; ` +
      `${caught.length - survivors} of ${caught.length} weakened rules caught\n`
  )
  if (values.json) {
    const mutants = caught.map(({ name, caught, after }) => ({ name, caught, after }))
    say(
      `${JSON.stringify({ histories, releases, unsafe, seed, asks, allowed, refusedThoughAllowed, mutants })}\n`
    )
  }
  process.exitCode =
    unsafe > 0 || refusedThoughAllowed > 0 || survivors > 0 || releases === 0 ? 1 : 0
}

/** Tells one history, and the least of it that still fails. */
function replay(which: string, mutant: string, say: (text: string) => void): number {
  const [seed = 0, index = 0] = which.split(':').map(Number)
  const weak = mutant === '' ? SOUND : weaknessOf(mutant)
  const history = historyOf(seed, index)
  say(`${tellHistory(history, weak).join('\n')}\n`)
  const fails = (of: typeof history): boolean =>
    weak === SOUND
      ? play(of).unsafe.length + play(of).refusedThoughAllowed.length > 0
      : fault(of, weak) != null
  if (!fails(history)) return 0
  say(
    `\nthe least of it that still fails:\n${tellHistory(shrink(history, fails), weak).join('\n')}\n`
  )
  return 1
}

if (!isMainThread) {
  parentPort?.on('message', (task: Task) => {
    void work(task).then((result) => parentPort?.postMessage(result))
  })
} else if (import.meta.main) await main()
