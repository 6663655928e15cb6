import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Queue } from 'bullmq'
import { describe, expect, it } from 'vitest'
import type { SweepPlan } from '../../../../sim/sweep/plan.ts'
import { parseQueueAddress } from '../../../../sim/sweep/queue/address.ts'
import { throughQueue } from '../../../../sim/sweep/queue/gatherer.ts'
import { QUEUE_PREFIX, queueName } from '../../../../sim/sweep/queue/name.ts'
import { type QueueWorkerInit, runQueueWorker } from '../../../../sim/sweep/queue/worker.ts'
import { runSweep, type SweepInit } from '../../../../sim/sweep/sweep.ts'
import {
  BUILD,
  contents,
  FAKE_RUNNER,
  smallPlan,
  smallScenario,
  sweepInit,
  temporaryFolder
} from '../fixtures.ts'
import { freePort, noRedis, startRedis } from './redis.ts'

const NAME = 'test'

/** Points of some 50 ms, so that a worker is always inside one. */
const slowScenario = smallScenario({ dht: { timeoutMs: 50 } })

const queued = (
  url: string,
  out: string,
  plan: SweepPlan,
  change: Partial<SweepInit> = {}
): SweepInit => {
  const build = change.build ?? BUILD
  const run = throughQueue({ address: parseQueueAddress(url), name: NAME, build })
  return sweepInit(out, plan, { run, ...change })
}

const workerInit = (url: string, change: Partial<QueueWorkerInit> = {}): QueueWorkerInit => ({
  address: parseQueueAddress(url),
  name: NAME,
  source: BUILD,
  runner: FAKE_RUNNER,
  slots: 1,
  signal: new AbortController().signal,
  tell() {},
  lockMs: 1_500,
  stalledEveryMs: 300,
  ...change
})

const startWorker = (url: string, ...more: string[]): ChildProcess =>
  fork(new URL('worker-process.ts', import.meta.url), [url, NAME, ...more], {
    execArgv: ['--disable-warning=ExperimentalWarning']
  })

/** Resolves at the n-th time that a worker says `what`, with the point it said it of. */
function told(worker: ChildProcess, what: string, n: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let count = 0
  worker.on('message', (message: { what?: string; id?: string }) => {
    if (message.what === what && ++count === n) resolve(message.id ?? '')
  })
  return promise
}

/** Jobs of any state that are left. */
async function jobsLeft(port: number): Promise<number> {
  const queue = new Queue(queueName(NAME), { connection: { port }, prefix: QUEUE_PREFIX })
  const counts = await queue.getJobCounts()
  await queue.close()
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

describe.skipIf(noRedis)(`a sweep through Redis${noRedis ? `: ${noRedis}` : ''}`, () => {
  it('of 40 points survives the kill -9 of a worker: none lost, none doubled', async () => {
    await using redis = await startRedis()
    await using folder = await temporaryFolder()
    await using here = await temporaryFolder()
    const over = ['dht.alpha=1..10']
    const plan = await smallPlan({ scenario: slowScenario, over, repeats: 4 })
    const workers = [startWorker(redis.url), startWorker(redis.url)]
    const [victim, survivor] = workers as [ChildProcess, ChildProcess]
    const doneLater: string[] = []
    survivor.on('message', ({ what, id = '' }: { what?: string; id?: string }) => {
      if (what === 'done') doneLater.push(id)
    })
    const killedIn = told(victim, 'began', 3).then((id) => {
      victim.kill('SIGKILL')
      return id
    })
    await Promise.all(workers.map((worker) => told(worker, 'ready', 1)))

    const outcome = await runSweep(queued(redis.url, folder.path, plan))

    expect(doneLater).toContain(await killedIn)
    expect(victim.signalCode).toBe('SIGKILL')
    expect(outcome).toMatchObject({ points: 40, done: 40, ran: 40, failed: [] })
    const files = await readdir(join(folder.path, 'points'))
    expect(files.sort()).toEqual(plan.points.map(({ id }) => `${id}.json`).sort())
    const rows = (await readFile(join(folder.path, 'points.jsonl'), 'utf8')).trimEnd().split('\n')
    expect(new Set(rows.map((row) => JSON.parse(row).point)).size).toBe(40)
    expect(rows).toHaveLength(40)
    expect(await jobsLeft(redis.port)).toBe(0)

    // byte for byte what one machine alone would have found
    await runSweep(sweepInit(here.path, plan))
    expect(await contents(folder.path)).toEqual(await contents(here.path))

    const end = once(survivor, 'exit')
    survivor.send('stop')
    await end
  })

  it('is gathered by a later call when its first was stopped', async () => {
    await using redis = await startRedis()
    await using folder = await temporaryFolder()
    const plan = await smallPlan({ over: ['dht.alpha=1..6'] })
    const stop = new AbortController()
    const first = runSweep(
      queued(redis.url, folder.path, plan, {
        signal: stop.signal,
        progress: ({ detail }) => {
          if (detail?.includes('no worker')) stop.abort()
        }
      })
    )
    await expect(first).rejects.toMatchObject({ name: 'AbortError' })

    const worked = await runQueueWorker(workerInit(redis.url, { once: true, slots: 2 }))
    const second = await runSweep(queued(redis.url, folder.path, plan))

    expect(worked).toEqual({ done: 6, failed: 0 })
    expect(second).toMatchObject({ done: 6, ran: 6 })
    expect(await jobsLeft(redis.port)).toBe(0)
  })

  it('puts again what Redis forgot', async () => {
    await using redis = await startRedis()
    await using folder = await temporaryFolder()
    const plan = await smallPlan()
    const stop = new AbortController()
    const first = runSweep(
      queued(redis.url, folder.path, plan, {
        signal: stop.signal,
        progress: ({ detail }) => {
          if (detail?.includes('no worker')) stop.abort()
        }
      })
    )
    await expect(first).rejects.toMatchObject({ name: 'AbortError' })
    const queue = new Queue(queueName(NAME), {
      connection: { port: redis.port },
      prefix: QUEUE_PREFIX
    })
    await queue.obliterate({ force: true })
    await queue.close()
    const end = new AbortController()
    const working = runQueueWorker(workerInit(redis.url, { signal: end.signal }))

    const second = await runSweep(queued(redis.url, folder.path, plan))

    end.abort()
    expect(second).toMatchObject({ done: 4, ran: 4 })
    expect(await working).toEqual({ done: 4, failed: 0 })
  })

  it('goes on when Redis was restarted without its data', async () => {
    await using first = await startRedis()
    await using folder = await temporaryFolder()
    const plan = await smallPlan({ scenario: slowScenario, over: ['dht.alpha=1..20'] })
    const end = new AbortController()
    const working = runQueueWorker(workerInit(first.url, { signal: end.signal }))
    const { promise: begun, resolve } = Promise.withResolvers<void>()
    const sweeping = runSweep(
      queued(first.url, folder.path, plan, {
        progress: ({ done }) => {
          if (done > 0) resolve()
        }
      })
    )
    await begun
    await first.kill()
    await using _second = await startRedis({ at: first.port })

    const outcome = await sweeping
    end.abort()

    expect(outcome).toMatchObject({ done: 20, ran: 20, failed: [] })
    await working
  })

  it('ends when Redis goes away for good, as do its workers', async () => {
    await using redis = await startRedis()
    await using folder = await temporaryFolder()
    const plan = await smallPlan({ over: ['dht.refreshSeconds=3'] })
    const address = parseQueueAddress(redis.url)
    const run = throughQueue({ address, name: NAME, build: BUILD, awayMaxMs: 600 })
    const sweeping = runSweep(queued(redis.url, folder.path, plan, { run }))
    const { promise: begun, resolve } = Promise.withResolvers<void>()
    const working = runQueueWorker(
      workerInit(redis.url, {
        awayMaxMs: 600,
        tell: (what) => {
          if (what === 'began') resolve()
        }
      })
    )
    const ends = Promise.allSettled([sweeping, working])
    await begun

    await redis.kill()

    const gone = { status: 'rejected', reason: { name: 'QueueUnavailableError' } }
    expect(await ends).toMatchObject([gone, gone])
  })

  it('names a point whose run fails, and tries it again when called again', async () => {
    await using redis = await startRedis()
    await using folder = await temporaryFolder()
    const plan = await smallPlan({ over: ['dht.refreshSeconds=2,300'] })
    const end = new AbortController()
    const working = runQueueWorker(workerInit(redis.url, { signal: end.signal }))

    const first = await runSweep(queued(redis.url, folder.path, plan))
    const second = await runSweep(queued(redis.url, folder.path, plan))
    end.abort()

    expect(first).toMatchObject({ done: 1, failed: [{ reason: 'TypeError: no such network' }] })
    expect(second).toMatchObject({
      done: 1,
      ran: 0,
      failed: [{ what: 'dht.refreshSeconds=2 repeat 0' }]
    })
    expect(await working).toEqual({ done: 1, failed: 2 })
    expect(await jobsLeft(redis.port)).toBe(0)
  })

  it('gets a point back at once from a worker that is stopped', async () => {
    await using redis = await startRedis()
    await using folder = await temporaryFolder()
    const plan = await smallPlan({ over: ['dht.refreshSeconds=3'] })
    const stopSweep = new AbortController()
    const sweeping = runSweep(queued(redis.url, folder.path, plan, { signal: stopSweep.signal }))
    const stop = new AbortController()
    const said: string[] = []
    await runQueueWorker(
      workerInit(redis.url, {
        signal: stop.signal,
        tell: (what) => {
          if (what !== 'ready') said.push(what)
          if (what === 'began') stop.abort()
        }
      })
    )

    const queue = new Queue(queueName(NAME), {
      connection: { port: redis.port },
      prefix: QUEUE_PREFIX
    })
    const counts = await queue.getJobCounts('waiting', 'active')
    await queue.close()
    expect(said).toEqual(['began', 'gave back'])
    expect(counts).toEqual({ waiting: 1, active: 0 })

    stopSweep.abort()
    await expect(sweeping).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('is refused by a worker of another version, which says why', async () => {
    await using redis = await startRedis()
    await using folder = await temporaryFolder()
    const stop = new AbortController()
    const details: string[] = []
    const init = queued(redis.url, folder.path, await smallPlan(), { signal: stop.signal })
    const sweeping = runSweep({
      ...init,
      progress: ({ detail }) => {
        if (detail) details.push(detail)
      }
    })
    const source = { ...BUILD, commit: 'b'.repeat(40) }

    await expect(runQueueWorker(workerInit(redis.url, { source }))).rejects.toMatchObject({
      name: 'MixedVersionsError',
      message: expect.stringContaining(`commit ${'b'.repeat(40)} against ${'a'.repeat(40)}`)
    })

    stop.abort()
    await expect(sweeping).rejects.toMatchObject({ name: 'AbortError' })
    // nothing was lost by it
    expect(await jobsLeft(redis.port)).toBe(4)
  })

  it('is refused by a worker without the files that the scenario names', async () => {
    await using redis = await startRedis()
    await using folder = await temporaryFolder()
    const scenario = smallScenario({
      network: { clinics: 20, latency: { model: 'king', file: 'king.txt' } }
    })
    const build = { ...BUILD, files: { 'king.txt': '0'.repeat(64) } }
    const stop = new AbortController()
    const plan = await smallPlan({ scenario })
    const sweeping = runSweep(
      queued(redis.url, join(folder.path, 'out'), plan, { build, signal: stop.signal })
    )
    const refused = (says: string) =>
      expect(
        runQueueWorker(workerInit(redis.url, { baseFolder: folder.path }))
      ).rejects.toMatchObject({
        name: 'MixedVersionsError',
        message: expect.stringContaining(says)
      })

    await refused('king.txt: expected a file, got ENOENT')
    await writeFile(join(folder.path, 'king.txt'), 'other delays')
    await refused('file king.txt has other bytes')

    stop.abort()
    await expect(sweeping).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('tells a wrong password from an absent server, and shows neither password', async () => {
    await using redis = await startRedis({ password: 'correct-horse' })
    const url = `redis://:battery-staple@127.0.0.1:${redis.port}`
    const err: Error = await runQueueWorker(workerInit(url)).catch((reason) => reason)

    expect(err).toMatchObject({
      name: 'QueueUnavailableError',
      message: expect.stringContaining('refuses the login')
    })
    expect(`${err.message} ${err.stack} ${JSON.stringify(err)}`).not.toContain('staple')
  })
})

describe('a queue that is not there', () => {
  it('is said at once, with what to do, by sweep and worker', async () => {
    await using folder = await temporaryFolder()
    const url = `redis://:secret@127.0.0.1:${await freePort()}`
    const expected = {
      name: 'QueueUnavailableError',
      message: expect.stringMatching(/^redis:\/\/127\.0\.0\.1:\d+ nothing listens: start Redis/)
    }

    await expect(runSweep(queued(url, folder.path, await smallPlan()))).rejects.toMatchObject(
      expected
    )
    await expect(runQueueWorker(workerInit(url))).rejects.toMatchObject(expected)
  })
})
