/**
 * The side of a sweep that puts points into a queue and gathers what workers make of them. It keeps
 * no state that its folder has not: whatever Redis forgets is put again, whatever comes twice is kept
 * once.
 * @module
 */
import { setTimeout } from 'node:timers/promises'
import { type Job, Queue } from 'bullmq'
import {
  QUEUE_BATCH,
  QUEUE_KEEP_SECONDS,
  QUEUE_POLL_MS,
  QUEUE_RECONCILE_EVERY,
  SWEEP_POINT_TRIES
} from '../../limits.ts'
import type { Build } from '../build.ts'
import { QueueUnavailableError } from '../errors.ts'
import type { PointsSink } from '../local.ts'
import type { SweepPoint } from '../plan.ts'
import type { SweepInit } from '../sweep.ts'
import { lastingConnection, type QueueAddress } from './address.ts'
import { jobIds, makeJob, unpackOutcome } from './job.ts'
import { QUEUE_PREFIX, queueName } from './name.ts'
import { assertReachable } from './reachable.ts'

export interface GathererInit {
  readonly address: QueueAddress
  /** Of the sweep; its workers give the same. */
  readonly name: string
  readonly build: Build
  /** @default QUEUE_AWAY_MAX_MS */
  readonly awayMaxMs?: number
}

/**
 * `run` of a sweep whose points are taken by workers (worker.ts). Stopped, it leaves points and
 * results in the queue: workers go on, and a later call on the same folder gathers.
 * @throws QueueUnavailableError
 */
export const throughQueue =
  (init: GathererInit): SweepInit['run'] =>
  async (points, sink, { signal }) => {
    await assertReachable(init.address)
    const gone = new AbortController()
    const either = AbortSignal.any([signal, gone.signal])
    const { shown } = init.address
    const connection = lastingConnection(
      init.address,
      () => gone.abort(new QueueUnavailableError(`${shown} went away and did not come back`)),
      init.awayMaxMs
    )
    const queue = new Queue(queueName(init.name), {
      connection,
      prefix: QUEUE_PREFIX,
      // nobody reads them: results are looked for, not listened to
      streams: { events: { maxLen: 100 } }
    })
    // told by `gone` in the end; in between the connection mends itself
    queue.on('error', () => {})
    const gatherer = new Gatherer(queue, init, sink)
    // Redis may come back without what it had
    queue.on('ioredis:close', () => gatherer.doubt())
    const gathering = gatherer.gather(points, either)
    try {
      await Promise.race([gathering, aborted(either)])
    } finally {
      // what waits for an answer of Redis ends with the connection
      await (either.aborted ? queue.disconnect() : queue.close()).catch(() => {})
      await gathering.catch(() => {})
    }
  }

class Gatherer {
  readonly #queue: Queue
  readonly #init: GathererInit
  readonly #sink: PointsSink
  /** By job. */
  #open = new Map<string, SweepPoint>()
  /** Results that were not what they claim, by job. */
  readonly #damaged = new Map<string, number>()

  #doubts = true

  constructor(queue: Queue, init: GathererInit, sink: PointsSink) {
    this.#queue = queue
    this.#init = init
    this.#sink = sink
  }

  /** The next look also looks for what the queue has lost. */
  doubt(): void {
    this.#doubts = true
  }

  async gather(points: readonly SweepPoint[], signal: AbortSignal): Promise<void> {
    this.#open = await jobIds(points, this.#init.build)
    for (let look = 0; this.#open.size > 0; look++) {
      signal.throwIfAborted()
      // failures of an earlier call are tried again
      if (look === 0) await this.#forgetFailed()
      if (this.#doubts || look % QUEUE_RECONCILE_EVERY === 0) await this.#reconcile(signal)
      const took = await this.#take(signal)
      if (took === 0) await setTimeout(QUEUE_POLL_MS, undefined, { signal })
    }
  }

  /** Keeps what is finished; the job goes only when its outcome is on disk. */
  async #take(signal: AbortSignal): Promise<number> {
    const ids = await this.#queue.getRanges(['completed', 'failed'])
    const ours = ids.filter((id) => this.#open.has(id))
    for (const id of ours) {
      signal.throwIfAborted()
      const job: Job | undefined = await this.#queue.getJob(id)
      if (job != null) await this.#takeOne(id, job)
    }
    return ours.length
  }

  async #takeOne(id: string, job: Job): Promise<void> {
    const point = this.#open.get(id) as SweepPoint
    if (await job.isFailed()) {
      await this.#sink.failed(point, job.failedReason)
    } else {
      const outcome = await unpackOutcome(job.returnvalue, point.id).catch((err: Error) => err)
      if (outcome instanceof Error) {
        if (await this.#isWorthAnotherTry(id, point, outcome)) {
          await job.remove()
          await this.#put([[id, point]])
          return
        }
      } else {
        await this.#sink.done(point, outcome)
      }
    }
    this.#open.delete(id)
    await job.remove()
  }

  async #isWorthAnotherTry(id: string, point: SweepPoint, err: Error): Promise<boolean> {
    const tries = (this.#damaged.get(id) ?? 0) + 1
    this.#damaged.set(id, tries)
    if (tries < SWEEP_POINT_TRIES) return true
    await this.#sink.failed(point, `${err.message}; ${tries} tries`)
    return false
  }

  async #forgetFailed(): Promise<void> {
    const failed = await this.#queue.getRanges(['failed'])
    for (const id of failed) if (this.#open.has(id)) await this.#queue.remove(id)
  }

  /** Puts what the queue does not have, and says who is at work. */
  async #reconcile(signal: AbortSignal): Promise<void> {
    this.#doubts = false
    const there = new Set(
      await this.#queue.getRanges(['waiting', 'active', 'delayed', 'completed', 'failed'])
    )
    // one that moved between two of the lists is put again in vain: its id is taken
    const missing = [...this.#open].filter(([id]) => !there.has(id))
    for (let from = 0; from < missing.length; from += QUEUE_BATCH) {
      signal.throwIfAborted()
      await this.#put(missing.slice(from, from + QUEUE_BATCH))
    }
    this.#sink.tell(await this.#atWork())
  }

  async #put(points: readonly (readonly [jobId: string, SweepPoint])[]): Promise<void> {
    await this.#queue.addBulk(
      points.map(([jobId, point]) => ({
        name: 'point',
        data: makeJob(point, this.#init.build),
        opts: {
          jobId,
          attempts: SWEEP_POINT_TRIES,
          removeOnComplete: { age: QUEUE_KEEP_SECONDS },
          removeOnFail: { age: QUEUE_KEEP_SECONDS }
        }
      }))
    )
  }

  /** "2 workers", or what to do about there being none. */
  async #atWork(): Promise<string> {
    // some hosted Redis does not list its clients
    const workers = await this.#queue.getWorkersCount().catch(() => 0)
    if (workers > 0) return `${workers} ${workers === 1 ? 'worker' : 'workers'}`
    const [waiting] = await this.#queue.getJobs(['waiting'], 0, 0)
    const refused = (waiting?.progress as { refused?: unknown } | undefined)?.refused
    if (typeof refused === 'string') return `the last worker left: ${refused}`
    return 'no worker yet: keyward sim worker --queue …'
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
