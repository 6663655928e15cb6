/**
 * `keyward sim seeds`: whole nodes in virtual time, one seed one story, every law checked; or one
 * seed once more with all that happened told line by line.
 * @module
 */
import { columnsOfText } from '../report/columns-of-text.ts'
import type { VirtualResult } from '../virtual/run.ts'
import { runOne, runSeeds } from '../virtual/seeds.ts'
import { type SimCall, SimExit } from './call.ts'

const COUNT = 20

export async function seedsCommand({ shell, out, flags }: SimCall): Promise<number> {
  const seconds = Number(flags['seconds'] ?? 120)
  if (typeof flags['replay'] === 'number') {
    await runOne({ seed: flags['replay'], seconds }, shell.signal, (line) =>
      shell.stdout.write(`${line}\n`)
    )
    return SimExit.AsExpected
  }
  const from = flags.seed ?? 1
  const count = Number(flags['count'] ?? COUNT)
  if (!out.json) shell.stderr.write(`SEED ${from}..${from + count - 1}\n`)
  try {
    const results = await runSeeds({
      from,
      count,
      seconds,
      twice: flags['twice'] === true,
      signal: shell.signal,
      progress: ({ step, done, total }) => out.progress({ step: `${step} ${done}/${total}` })
    })
    out.data(results, seedsText)
    return SimExit.AsExpected
  } catch (err) {
    // the error names law and seed; its exit code is the verdict
    if (err instanceof Error && err.name !== 'AbortError') {
      throw Object.assign(err, { exit: SimExit.NotAsExpected })
    }
    throw err
  }
}

function seedsText(results: readonly VirtualResult[]): string {
  const rows = results.map(({ seed, virtualSeconds, messages, releases, refusals, traceHash }) => [
    String(seed),
    virtualSeconds.toFixed(0),
    String(messages),
    String(releases),
    String(Object.values(refusals).reduce((sum, each) => sum + each, 0)),
    traceHash.slice(0, 16)
  ])
  const heading = ['seed', 'seconds', 'messages', 'releases', 'refusals', 'trace']
  const laws = results.flatMap(({ checks }) => checks)
  const checked = laws.reduce((sum, each) => sum + each.checked, 0)
  return `${columnsOfText([heading, ...rows], { right: [0, 1, 2, 3, 4] })}\nall laws held, ${checked} times checked\n`
}
