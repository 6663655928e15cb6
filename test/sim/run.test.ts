import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readRun } from '../../sim/results/folder.ts'
import { type RunProgress, runScenario } from '../../sim/run.ts'
import { fakeEngine, smallScenario } from './fake-engine.ts'

let out: string
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'keyward-run-'))
})
afterEach(() => rm(out, { recursive: true, force: true }))

const scenario = smallScenario()
const { signal } = new AbortController()

describe('a run', () => {
  it('runs each repeat once and keeps all of them', async () => {
    const engine = fakeEngine()
    const { summary, manifest, already } = await runScenario({ scenario, engine, out, signal })

    expect(engine.ran).toEqual([0, 1, 2])
    expect(already).toBe(0)
    expect(manifest).toMatchObject({ complete: true, seed: 1, repeats: 3, engine: 'model' })
    expect(summary.asExpected).toBe(true)
    expect((await readRun(out)).results).toHaveLength(3)
  })

  it('takes the seed that it is given, and keeps it as the scenario’s', async () => {
    const first = await runScenario({ scenario, engine: fakeEngine(), out, signal, seed: 7 })

    expect(first.manifest).toMatchObject({ seed: 7, scenario: { seed: 7 } })
  })

  it('gives equal digests for equal seeds, and others for others', async () => {
    const run = async (seed: number) => {
      const folder = join(out, `${Math.random()}`)
      const engine = fakeEngine()
      return (await runScenario({ scenario, engine, out: folder, signal, seed })).manifest.digest
    }

    expect(await run(5)).toBe(await run(5))
    expect(await run(5)).not.toBe(await run(6))
  })

  it('goes on where it was stopped, and ends as if it had not been', async () => {
    const stop = new AbortController()
    const stopped = fakeEngine({
      during: ({ repeat }) => {
        if (repeat === 1) stop.abort()
      }
    })
    const first = runScenario({ scenario, engine: stopped, out, signal: stop.signal })
    await expect(first).rejects.toMatchObject({ name: 'AbortError' })
    const again = fakeEngine()
    const second = await runScenario({ scenario, engine: again, out, signal })
    const whole = join(out, 'whole')
    const unbroken = await runScenario({ scenario, engine: fakeEngine(), out: whole, signal })

    expect(stopped.ran).toEqual([0])
    expect(again.ran).toEqual([1, 2])
    expect(second.already).toBe(1)
    expect(second.manifest.digest).toBe(unbroken.manifest.digest)
  })

  it('runs nothing again that is complete', async () => {
    const first = await runScenario({ scenario, engine: fakeEngine(), out, signal })
    const engine = fakeEngine()
    const second = await runScenario({ scenario, engine, out, signal })

    expect(engine.ran).toEqual([])
    expect(second.manifest).toEqual(first.manifest)
  })

  it('refuses to go on with another seed or scenario, naming what differs', async () => {
    await runScenario({ scenario, engine: fakeEngine(), out, signal })
    const other = smallScenario('', ['dht.k=8', 'dht.paths=1'])
    const run = runScenario({ scenario: other, engine: fakeEngine(), out, signal, seed: 2 })

    await expect(run).rejects.toMatchObject({
      name: 'InvalidConfigError',
      message: expect.stringMatching(/seed 1 against 2.*scenario\.dht\.k 20 against 8/)
    })
  })

  it('refuses a folder whose repeat was changed', async () => {
    const stop = new AbortController()
    const engine = fakeEngine({ during: ({ repeat }) => void (repeat === 1 && stop.abort()) })
    await runScenario({ scenario, engine, out, signal: stop.signal }).catch(() => {})
    const file = join(out, 'repeats/0.tables')
    const bytes = await readFile(file)
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
    await writeFile(file, bytes)
    const again = runScenario({ scenario, engine: fakeEngine(), out, signal })

    await expect(again).rejects.toMatchObject({ name: 'StoreCorruptError' })
  })

  it('ends with the repeat that broke a law', async () => {
    const engine = fakeEngine({ violations: 2 })
    const { summary, manifest } = await runScenario({ scenario, engine, out, signal })

    expect(engine.ran).toEqual([0])
    expect(manifest).toMatchObject({ complete: true, repeats: 1, scenario: { repeats: 3 } })
    expect(summary).toMatchObject({ asExpected: false, checks: [{ violations: 2 }] })
  })

  it('says which repeat it is at, and hands on what the engine was told', async () => {
    const events: RunProgress[] = []
    const seen: unknown[] = []
    const engine = fakeEngine({ during: (options) => void seen.push(options) })
    const progress = (event: RunProgress) => void events.push(event)
    await runScenario({
      scenario,
      engine,
      out,
      signal,
      progress,
      baseFolder: '/data',
      workers: 2,
      trace: 5
    })

    expect(events.map(({ repeat, repeats, done }) => [repeat, repeats, done])).toEqual([
      [0, 3, 0],
      [0, 3, 10],
      [1, 3, 0],
      [1, 3, 10],
      [2, 3, 0],
      [2, 3, 10]
    ])
    expect(seen[0]).toMatchObject({ seed: 1, repeat: 0, baseFolder: '/data', workers: 2, trace: 5 })
  })
})
