/**
 * A small scenario and sweeps over it, for points that cost nothing.
 * @module
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { type Scenario, scenarioShape } from '../../../sim/scenario/shape.ts'
import { planSweep, type SweepPlan, type SweepPlanInit } from '../../../sim/sweep/plan.ts'
import { locally, type SweepInit } from '../../../sim/sweep/sweep.ts'

export const smallScenario = (change: Record<string, unknown> = {}): Scenario =>
  scenarioShape.parse({
    name: 'small',
    question: 'How many messages does a lookup take?',
    seed: 7,
    durationSeconds: 60,
    network: { clinics: 20 },
    ...change
  })

export const smallPlan = (change: Partial<SweepPlanInit> = {}): Promise<SweepPlan> =>
  planSweep({ scenario: smallScenario(), over: ['dht.alpha=1..4'], engine: 'model', ...change })

export const FAKE_RUNNER = new URL('fake-runner.ts', import.meta.url).href

export const BUILD = { keyward: '0.1.0', commit: 'a'.repeat(40), files: {} }

/** A folder that is gone with its test. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'keyward-sweep-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** A sweep in `out` with the fake engine on two processes. */
export const sweepInit = (
  out: string,
  plan: SweepPlan,
  change: Partial<SweepInit> & { readonly slots?: number; readonly pointMaxMs?: number } = {}
): SweepInit => ({
  plan,
  out,
  build: BUILD,
  run: locally({ runner: FAKE_RUNNER, slots: change.slots ?? 2, ...change }),
  signal: new AbortController().signal,
  progress() {},
  ...change
})

/** Every file below a folder, with its bytes. */
export async function contents(path: string): Promise<Record<string, string>> {
  const names = await readdir(path, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile())
  return Object.fromEntries(
    await Promise.all(
      files.map(async ({ parentPath, name }) => {
        const file = join(parentPath, name)
        return [relative(path, file), await readFile(file, 'base64')] as const
      })
    )
  )
}
