/**
 * `sim worker`: takes points from a queue, one a slot, on any number of machines. Points run in
 * processes of their own, so this one is always free to say that it lives; when it dies, its points
 * are back in the queue within lock + 2 × look (15 s). Stopped, it gives its points back at once.
 * @module
 */
import { setTimeout } from 'node:timers/promises'
import {
  type Job,
  Queue,
  type QueueOptions,
  UnrecoverableError,
  WaitingError,
  Worker
} from 'bullmq'
import {
  QUEUE_LOCK_MS,
  QUEUE_POLL_MS,
  QUEUE_STALLED_EVERY_MS,
  SWEEP_POINT_TRIES
} from '../../limits.ts'
import type { InvalidScenarioError } from '../../scenario/faults.ts'
import { type Build, buildDifferences, fileDigests, filesNamedIn } from '../build.ts'
import { MixedVersionsError, QueueUnavailableError } from '../errors.ts'
import { Slot, type SlotInit } from '../slot.ts'
import { lastingConnection, type QueueAddress } from './address.ts'
import { buildOfJob, decodeJob, type PackedOutcome, type PointJob, packOutcome } from './job.ts'
import { QUEUE_PREFIX, queueName } from './name.ts'
import { assertReachable } from './reachable.ts'

export interface QueueWorkerInit extends SlotInit {
  readonly address: QueueAddress
  /** Of the sweep. */
  readonly name: string
  readonly slots: number
  /** What runs here (thisSource). */
  readonly source: Pick<Build, 'keyward' | 'commit'>
  /** End when nothing waits and nothing runs, here or elsewhere. */
  readonly once?: boolean
  readonly signal: AbortSignal
  /** What happens to a point; once at the start, "ready" of none. */
  tell(what: 'ready' | 'began' | 'done' | 'failed' | 'gave back', id: string): void
  /** @default QUEUE_LOCK_MS */
  readonly lockMs?: number
  /** @default QUEUE_STALLED_EVERY_MS */
  readonly stalledEveryMs?: number
  /** @default QUEUE_AWAY_MAX_MS */
  readonly awayMaxMs?: number
}

export interface QueueWorkerOutcome {
  readonly done: number
  readonly failed: number
}

/**
 * Works until the signal, or with `once` until there is nothing left.
 * @throws QueueUnavailableError when Redis is not there, or stays away
 * @throws MixedVersionsError when a point is of another version; it has been given back
 * @throws SlotBrokenError when no process for points can be made here
 */
export async function runQueueWorker(init: QueueWorkerInit): Promise<QueueWorkerOutcome> {
  await assertReachable(init.address)
  const end = new AbortController()
  const { shown } = init.address
  const connection = lastingConnection(
    init.address,
    () => end.abort(new QueueUnavailableError(`${shown} went away and did not come back`)),
    init.awayMaxMs
  )
  const signal = AbortSignal.any([init.signal, end.signal])
  const processor = new PointProcessor(init, signal, (err) => end.abort(err))
  const options = { connection, prefix: QUEUE_PREFIX }
  const worker = new Worker<PointJob, PackedOutcome>(
    queueName(init.name),
    (job, token) => processor.process(job, token),
    {
      ...options,
      concurrency: init.slots,
      lockDuration: init.lockMs ?? QUEUE_LOCK_MS,
      stalledInterval: init.stalledEveryMs ?? QUEUE_STALLED_EVERY_MS,
      // one death less than tries
      maxStalledCount: SWEEP_POINT_TRIES - 1
    }
  )
  // told by `end` if it lasts
  worker.on('error', () => {})
  try {
    await Promise.race([worker.waitUntilReady(), untilAborted(signal)])
    init.tell('ready', '')
    await (init.once === true ? emptied(init, options, signal) : untilAborted(signal))
  } catch (err) {
    if (!signal.aborted) throw err
  } finally {
    // points under way see the signal and give themselves back before close returns
    const isGone = end.signal.reason instanceof QueueUnavailableError
    end.abort()
    await worker.close(isGone)
    await processor.stop()
  }
  if (end.signal.reason instanceof Error && end.signal.reason.name !== 'AbortError') {
    throw end.signal.reason
  }
  return processor.outcome
}

/** Runs one job in a free slot, and answers BullMQ in its own terms. */
class PointProcessor {
  readonly #init: QueueWorkerInit
  readonly #signal: AbortSignal
  readonly #giveUp: (err: Error) => void
  readonly #free: Slot[]
  readonly #slots: readonly Slot[]
  #done = 0
  #failed = 0

  constructor(init: QueueWorkerInit, signal: AbortSignal, giveUp: (err: Error) => void) {
    this.#init = init
    this.#signal = signal
    this.#giveUp = giveUp
    this.#slots = Array.from({ length: init.slots }, () => new Slot(init))
    this.#free = [...this.#slots]
  }

  get outcome(): QueueWorkerOutcome {
    return { done: this.#done, failed: this.#failed }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.stop()))
  }

  async process(job: Job<PointJob>, token: string | undefined): Promise<PackedOutcome> {
    // BullMQ never runs more than `concurrency` at once
    const slot = this.#free.pop() as Slot
    try {
      const { point } = await this.#accept(job)
      this.#init.tell('began', point.id)
      const packed = await packOutcome(await slot.run(point, { signal: this.#signal }))
      this.#done++
      this.#init.tell('done', point.id)
      return packed
    } catch (err) {
      throw await this.#answer(err as Error, job, token)
    } finally {
      this.#free.push(slot)
    }
  }

  /** Checks who put the point before looking at it: another version's may have another form. */
  async #accept(job: Job<PointJob>): Promise<PointJob> {
    this.#signal.throwIfAborted()
    const { source, baseFolder = process.cwd() } = this.#init
    const build = buildOfJob(job.data)
    const differ =
      build == null
        ? ['it has another form']
        : buildDifferences({ ...source, files: {} }, { ...build, files: {} })
    if (build == null || differ.length > 0) throw await refusal(job, differ)

    const accepted = await decodeJob(job.data)
    const names = filesNamedIn(accepted.point.scenario)
    const there = Object.fromEntries(names.map((name) => [name, build.files[name] ?? '']))
    const here = await fileDigests(names, baseFolder).catch((err: Error) => err)
    if (here instanceof Error) throw await refusal(job, (here as InvalidScenarioError).faults)
    const others = buildDifferences({ ...source, files: here }, { ...build, files: there })
    if (others.length > 0) throw await refusal(job, others)
    return accepted
  }

  /** What BullMQ is to be told; a job that is not this worker's to end goes back first. */
  async #answer(err: Error, job: Job<PointJob>, token: string | undefined): Promise<Error> {
    const id = job.data.point?.id ?? job.id ?? ''
    const final = err.name === 'PointFailedError' || err.name === 'InvalidMessageError'
    if (final || err.name === 'PointCrashedError') {
      this.#failed++
      this.#init.tell('failed', id)
      // another try may find a machine with more memory; another run of a failure would not
      return final ? new UnrecoverableError(err.message) : err
    }
    if (!this.#signal.aborted) this.#giveUp(err)
    // without its lock it is another's already; without Redis the lock will run out
    await job.moveToWait(token).catch(() => {})
    this.#init.tell('gave back', id)
    return new WaitingError()
  }
}

/** Leaves the reason with the point, for whoever waits for it. */
async function refusal(job: Job<PointJob>, differ: readonly string[]): Promise<Error> {
  const why = `this worker’s version is not the sweep’s (${differ.join('; ')})`
  await job.updateProgress({ refused: why })
  return new MixedVersionsError(`${why}: check out the sweep’s, or give the sweep its own --name`)
}

/** Looks until nobody has anything to do. */
async function emptied(
  { name }: QueueWorkerInit,
  options: QueueOptions,
  signal: AbortSignal
): Promise<void> {
  const queue = new Queue(queueName(name), options)
  queue.on('error', () => {})
  try {
    for (;;) {
      signal.throwIfAborted()
      const counts = await queue.getJobCounts('waiting', 'active', 'delayed')
      if (Object.values(counts).every((count) => count === 0)) return
      await setTimeout(QUEUE_POLL_MS, undefined, { signal })
    }
  } finally {
    await queue.close().catch(() => {})
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
