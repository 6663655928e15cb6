import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { AccessDeniedError, InvalidRecordError } from '../../../core/errors.ts'
import { CHANNEL_QUESTIONS_MAX } from '../../../sim/limits.ts'
import { type Answerers, Channel, type Contract } from '../../../sim/live/channel.ts'
import { WorkerDiedError } from '../../../sim/live/errors.ts'

interface Asked extends Contract {
  double: readonly [number, number]
  fail: readonly [Error, never]
  count: readonly [number, undefined]
  wait: readonly [undefined, never]
}

/** Two ends of a pipe that copies what passes, as a pipe between processes does. */
function pair(answerers: Answerers) {
  const [here, there] = [new EventEmitter(), new EventEmitter()]
  const to = (end: EventEmitter) => (message: unknown) => {
    const copy: unknown = structuredClone(message)
    queueMicrotask(() => end.emit('message', copy))
  }
  const asker = new Channel<Asked>(Object.assign(here, { send: to(there) }) as never, {})
  new Channel(Object.assign(there, { send: to(here) }) as never, answerers)
  return asker
}

describe('a channel to a worker', () => {
  it('brings each answer to its question', async () => {
    const channel = pair({ double: async (n: number) => 2 * n })

    const answers = await Promise.all([1, 2, 3].map((n) => channel.ask('double', n)))

    expect(answers).toEqual([2, 4, 6])
  })

  it.each([
    { id: 'a refusal', err: new AccessDeniedError(1), field: { code: 1 } },
    { id: 'faults', err: new InvalidRecordError('bad', ['a', 'b']), field: { faults: ['a', 'b'] } }
  ])('keeps name, message and fields of an error: $id', async ({ err, field }) => {
    const channel = pair({
      fail: async () => {
        throw err
      }
    })

    const failed = channel.ask('fail', new Error())

    await expect(failed).rejects.toMatchObject({ name: err.name, message: err.message, ...field })
  })

  it('reports progress while it waits', async () => {
    const channel = pair({
      count: async (to: number, { progress }) => {
        for (let i = 1; i <= to; i++) progress(i)
      }
    })
    const seen: unknown[] = []

    await channel.ask('count', 3, { progress: (event) => seen.push(event) })

    expect(seen).toEqual([1, 2, 3])
  })

  it('calls off what nobody waits for any more', async () => {
    const calledOff = Promise.withResolvers<void>()
    const channel = pair({
      wait: (_: undefined, { signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            calledOff.resolve()
            reject(signal.reason)
          })
        )
    })
    const controller = new AbortController()
    const waiting = channel.ask('wait', undefined, { signal: controller.signal })

    controller.abort(new Error('enough'))

    await expect(waiting).rejects.toThrow('enough')
    await calledOff.promise
  })

  it('ends every question, open and to come, with the reason that it was closed for', async () => {
    const channel = pair({ wait: () => new Promise(() => {}) })
    const waiting = channel.ask('wait', undefined)

    channel.close(new WorkerDiedError(3, 'SIGKILL', 12))

    const died = { name: 'WorkerDiedError', worker: 3, message: /worker 3 with 12 nodes/ }
    await expect(waiting).rejects.toMatchObject({ ...died, message: expect.any(String) })
    await expect(channel.ask('double', 1)).rejects.toThrow(died.message)
  })

  it('refuses more questions than it may hold', async () => {
    const channel = pair({ wait: () => new Promise(() => {}) })
    for (let i = 0; i < CHANNEL_QUESTIONS_MAX; i++) {
      channel.ask('wait', undefined).catch(() => {})
    }

    await expect(channel.ask('wait', undefined)).rejects.toThrow(`<= ${CHANNEL_QUESTIONS_MAX}`)
    channel.close(new Error('done'))
  })

  it('refuses a question that the other end does not know', async () => {
    await expect(pair({}).ask('double', 1)).rejects.toThrow('no such question: double')
  })
})
