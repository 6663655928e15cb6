import { fork } from 'node:child_process'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { runSweep } from '../../../sim/sweep/sweep.ts'
import {
  BUILD,
  contents,
  smallPlan,
  smallScenario,
  sweepInit,
  temporaryFolder
} from './fixtures.ts'

const lines = async (path: string): Promise<string[]> =>
  (await readFile(path, 'utf8')).trimEnd().split('\n')

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Looks until there is something. */
async function until<T>(look: () => T | Promise<T>, what: string): Promise<T> {
  for (let tries = 0; tries < 1_000; tries++) {
    const found = await look()
    if (found) return found
    await setTimeout(20)
  }
  throw new Error(`gave up waiting until ${what}`)
}

describe('a sweep on this machine', () => {
  it('runs every point once and writes its tables', async () => {
    await using folder = await temporaryFolder()
    const plan = await smallPlan({ repeats: 2 })
    const told: string[] = []

    const outcome = await runSweep(
      sweepInit(folder.path, plan, {
        progress: ({ done, total }) => told.push(`${done}/${total}`),
        report: async ({ runs }, failed) => {
          told.push(`report of ${runs.length}, ${failed} failed`)
        }
      })
    )

    expect(outcome).toMatchObject({ points: 8, done: 8, ran: 8, failed: [], asExpected: true })
    expect(told[0]).toBe('0/8')
    expect(told.slice(-2)).toEqual(['8/8', 'report of 8, 0 failed'])
    expect(await lines(join(folder.path, 'points.csv'))).toHaveLength(9)
    expect(await lines(join(folder.path, 'settings.jsonl'))).toHaveLength(4)
    expect(outcome.files).toContain('points.parquet')
    expect(await readdir(folder.path)).not.toContain('lock')
  })

  it('gives the same bytes whatever the number of processes', async () => {
    await using one = await temporaryFolder()
    await using two = await temporaryFolder()
    const plan = await smallPlan()

    await runSweep(sweepInit(one.path, plan, { slots: 1 }))
    await runSweep(sweepInit(two.path, plan, { slots: 2 }))

    expect(await contents(one.path)).toEqual(await contents(two.path))
  })

  it('runs nothing again that is done, and goes on when values are added', async () => {
    await using folder = await temporaryFolder()
    await runSweep(sweepInit(folder.path, await smallPlan()))
    const before = await contents(join(folder.path, 'points'))

    const again = await runSweep(sweepInit(folder.path, await smallPlan()))
    const larger = await runSweep(
      sweepInit(folder.path, await smallPlan({ over: ['dht.alpha=1..6'] }))
    )

    expect(again).toMatchObject({ done: 4, ran: 0 })
    expect(larger).toMatchObject({ done: 6, ran: 2 })
    expect(await contents(join(folder.path, 'points'))).toMatchObject(before)
  })

  it('stops cleanly, and a later call ends as if nothing had happened', async () => {
    await using stopped = await temporaryFolder()
    await using whole = await temporaryFolder()
    const plan = await smallPlan({ over: ['dht.alpha=1..8'] })
    const stop = new AbortController()

    const interrupted = runSweep(
      sweepInit(stopped.path, plan, {
        slots: 1,
        signal: stop.signal,
        progress: ({ done }) => {
          if (done === 3) stop.abort()
        }
      })
    )
    await expect(interrupted).rejects.toMatchObject({ name: 'AbortError' })
    expect(await readdir(join(stopped.path, 'points'))).toHaveLength(3)
    expect(await readdir(stopped.path)).not.toContain('lock')

    const resumed = await runSweep(sweepInit(stopped.path, plan))
    await runSweep(sweepInit(whole.path, plan))

    expect(resumed).toMatchObject({ done: 8, ran: 5 })
    expect(await contents(stopped.path)).toEqual(await contents(whole.path))
  })

  it('ends a point that waits when it is stopped', async () => {
    await using folder = await temporaryFolder()
    const scenario = smallScenario({ dht: { refreshSeconds: 3 } })
    const stop = new AbortController()
    const running = runSweep(
      sweepInit(folder.path, await smallPlan({ scenario }), {
        signal: stop.signal,
        progress: ({ detail }) => {
          if (detail?.includes('running')) stop.abort()
        }
      })
    )
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('a point that goes wrong', () => {
  /** Crashes until its process has been started `tries` times in all. */
  const crashing = async (folder: string, tries: number) => {
    const file = join(folder, '..', `${folder.split('/').at(-1)}-starts`)
    await writeFile(file, '')
    const scenario = smallScenario({
      network: { clinics: 20, latency: { model: 'king', file } },
      dht: { refreshSeconds: 1, selfQuerySeconds: tries }
    })
    return { file, plan: await smallPlan({ scenario, over: ['dht.refreshSeconds=1,300'] }) }
  }

  it('is tried again when its process dies', async () => {
    await using folder = await temporaryFolder()
    const { file, plan } = await crashing(join(folder.path, 'out'), 3)

    const outcome = await runSweep(sweepInit(join(folder.path, 'out'), plan))

    expect(outcome).toMatchObject({ done: 2, failed: [] })
    expect(await readFile(file, 'utf8')).toBe('xxx')
  })

  it('is failed by name when its process dies every time', async () => {
    await using folder = await temporaryFolder()
    const out = join(folder.path, 'out')
    const { plan } = await crashing(out, 100)

    const outcome = await runSweep(sweepInit(out, plan))

    expect(outcome.done).toBe(1)
    expect(outcome.failed).toMatchObject([
      { what: 'dht.refreshSeconds=1 repeat 0', reason: 'its process ended by SIGKILL; 3 tries' }
    ])
    expect(await readdir(join(out, 'failed'))).toEqual([`${outcome.failed[0]?.id}.json`])
    expect(await lines(join(out, 'points.csv'))).toHaveLength(2)
  })

  it('is failed at once when its run throws, and the next call tries it again', async () => {
    await using folder = await temporaryFolder()
    const plan = await smallPlan({ over: ['dht.refreshSeconds=2,300'] })

    const first = await runSweep(sweepInit(folder.path, plan))
    const second = await runSweep(sweepInit(folder.path, plan))

    expect(first.failed).toMatchObject([{ reason: 'TypeError: no such network' }])
    expect(second).toMatchObject({ done: 1, ran: 0, failed: [{ id: first.failed[0]?.id }] })
  })

  it('is failed when it takes longer than it may, even if it never yields', async () => {
    await using folder = await temporaryFolder()
    const plan = await smallPlan({ over: ['dht.refreshSeconds=4,300'] })

    const outcome = await runSweep(sweepInit(folder.path, plan, { pointMaxMs: 1_000, slots: 1 }))

    expect(outcome.done).toBe(1)
    expect(outcome.failed).toMatchObject([{ reason: 'its run took more than 1000 ms' }])
  }, 20_000)

  it('ends with the sweep that was killed, even if it never yields', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'pid')
    await writeFile(file, '')
    const parent = fork(new URL('parent-process.ts', import.meta.url), [folder.path, file])
    const pid = Number(await until(() => readFile(file, 'utf8'), 'the point began'))

    parent.kill('SIGKILL')

    await until(() => !isAlive(pid), 'the point ended')
    const stored = await readdir(join(folder.path, 'out', 'points'))
    expect(stored).toEqual([])
  })

  it('does not hide that no process can start', async () => {
    await using folder = await temporaryFolder()
    const init = sweepInit(folder.path, await smallPlan(), {})
    const { locally } = await import('../../../sim/sweep/sweep.ts')
    const broken = { ...init, run: locally({ runner: 'file:///nowhere.ts', slots: 2 }) }

    await expect(runSweep(broken)).rejects.toMatchObject({
      name: 'SlotBrokenError',
      message: expect.stringContaining('nowhere.ts')
    })
  })
})

describe('the folder of a sweep', () => {
  it('is refused to another sweep, naming what differs', async () => {
    await using folder = await temporaryFolder()
    await runSweep(sweepInit(folder.path, await smallPlan()))

    const other = runSweep(sweepInit(folder.path, await smallPlan({ seed: 8 })))
    await expect(other).rejects.toMatchObject({
      name: 'InvalidConfigError',
      message: expect.stringContaining('(another seed)')
    })
  })

  it('is refused to another version', async () => {
    await using folder = await temporaryFolder()
    const plan = await smallPlan()
    await runSweep(sweepInit(folder.path, plan))

    const build = { ...BUILD, commit: 'b'.repeat(40) }
    await expect(runSweep(sweepInit(folder.path, plan, { build }))).rejects.toThrow(
      `commit ${'a'.repeat(40)} against ${'b'.repeat(40)}`
    )
  })

  it('is refused when it holds something else', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'thesis.tex'), '')
    const sweep = runSweep(sweepInit(folder.path, await smallPlan()))
    await expect(sweep).rejects.toMatchObject({ name: 'InvalidConfigError' })
  })

  it('is refused while another process has it, and taken over from a dead one', async () => {
    await using folder = await temporaryFolder()
    const plan = await smallPlan()
    await runSweep(sweepInit(folder.path, plan))
    const lock = join(folder.path, 'lock')

    await writeFile(lock, `${process.pid}\n`)
    await expect(runSweep(sweepInit(folder.path, plan))).rejects.toMatchObject({
      name: 'RepoLockedError'
    })

    // no system has so many processes
    await writeFile(lock, '999999999\n')
    expect(await runSweep(sweepInit(folder.path, plan))).toMatchObject({ done: 4 })
  })

  const damages = [
    { id: 'cut off', damage: (file: string) => truncate(file, 40) },
    {
      id: 'changed',
      damage: async (file: string) =>
        writeFile(file, (await readFile(file, 'utf8')).replace('"repeat":0', '"repeat":1'))
    }
  ]
  it.each(damages)('names a point’s file that was $id', async ({ damage }) => {
    await using folder = await temporaryFolder()
    const plan = await smallPlan()
    await runSweep(sweepInit(folder.path, plan))
    const [name] = await readdir(join(folder.path, 'points'))
    await damage(join(folder.path, 'points', name as string))

    await expect(runSweep(sweepInit(folder.path, plan))).rejects.toMatchObject({
      name: 'StoreCorruptError',
      message: expect.stringContaining(`points/${name}`)
    })
  })
})
