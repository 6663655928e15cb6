/**
 * Questions and answers between a world and one worker process, over the pipe that node:child_process
 * opens. Both ends may ask; each question has a number, may report progress and may be called off.
 * Arguments and answers are what structured cloning takes.
 * @module
 */
import { CHANNEL_QUESTIONS_MAX } from '../limits.ts'
import { errorFrom, type PlainError, plainError } from './errors.ts'

export interface AskOptions {
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((event: unknown) => void) | undefined
}

/** Answers a kind of question. */
export type Answerer = (
  args: never,
  options: { readonly signal: AbortSignal; progress(event: unknown): void }
) => Promise<unknown>

export type Answerers = Readonly<Record<string, Answerer>>

/** What the other end understands: the argument and the answer of each kind of question. */
export type Contract = Readonly<Record<string, readonly [args: unknown, answer: unknown]>>

type Letter =
  | { readonly is: 'ask'; readonly id: number; readonly what: string; readonly args: unknown }
  | { readonly is: 'stop'; readonly id: number }
  | { readonly is: 'progress'; readonly id: number; readonly event: unknown }
  | { readonly is: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly is: 'error'; readonly id: number; readonly error: PlainError }

/** `process` or a child process. */
export interface Pipe {
  send?(message: Letter, done: (err: Error | null) => void): unknown
  on(event: 'message', listener: (message: unknown) => void): unknown
}

interface Waiting {
  readonly done: PromiseWithResolvers<unknown>
  readonly progress: AskOptions['progress']
}

export class Channel<C extends Contract> {
  readonly #pipe: Pipe
  readonly #answerers: Answerers
  readonly #waiting = new Map<number, Waiting>()
  readonly #answering = new Map<number, AbortController>()
  #asked = 0
  #closed: Error | undefined

  constructor(pipe: Pipe, answerers: Answerers) {
    this.#pipe = pipe
    this.#answerers = answerers
    pipe.on('message', (message) => this.#hear(message as Letter))
  }

  /** @throws what the other end threw, by name; the reason for which this channel was closed */
  async ask<K extends keyof C & string>(
    what: K,
    args: C[K][0],
    { signal, progress }: AskOptions = {}
  ): Promise<C[K][1]> {
    signal?.throwIfAborted()
    if (this.#closed != null) throw this.#closed
    if (this.#waiting.size >= CHANNEL_QUESTIONS_MAX) {
      throw new RangeError(`expected <= ${CHANNEL_QUESTIONS_MAX} questions to a worker at once`)
    }
    const id = ++this.#asked
    const done = Promise.withResolvers<unknown>()
    this.#waiting.set(id, { done, progress })
    const stop = (): void => {
      this.#send({ is: 'stop', id })
      done.reject(signal?.reason)
    }
    signal?.addEventListener('abort', stop, { once: true })
    this.#send({ is: 'ask', id, what, args })
    try {
      return await done.promise
    } finally {
      signal?.removeEventListener('abort', stop)
      this.#waiting.delete(id)
    }
  }

  /** Ends all questions of both sides with this error. */
  close(err: Error): void {
    if (this.#closed != null) return
    this.#closed = err
    for (const { done } of this.#waiting.values()) done.reject(err)
    for (const controller of this.#answering.values()) controller.abort(err)
  }

  #hear(letter: Letter): void {
    switch (letter.is) {
      case 'ask':
        void this.#answer(letter)
        break
      case 'stop':
        this.#answering.get(letter.id)?.abort(new DOMException('called off', 'AbortError'))
        break
      case 'progress':
        this.#waiting.get(letter.id)?.progress?.(letter.event)
        break
      case 'answer':
        this.#waiting.get(letter.id)?.done.resolve(letter.value)
        break
      case 'error':
        this.#waiting.get(letter.id)?.done.reject(errorFrom(letter.error))
        break
    }
  }

  async #answer({ id, what, args }: Letter & { is: 'ask' }): Promise<void> {
    const controller = new AbortController()
    this.#answering.set(id, controller)
    try {
      const answerer = this.#answerers[what]
      if (answerer == null) throw new RangeError(`no such question: ${what}`)
      const progress = (event: unknown): void => this.#send({ is: 'progress', id, event })
      const value = await answerer(args as never, { signal: controller.signal, progress })
      this.#send({ is: 'answer', id, value })
    } catch (err) {
      this.#send({ is: 'error', id, error: plainError(err) })
    } finally {
      this.#answering.delete(id)
    }
  }

  /** A pipe that is gone is heard of by `close`. */
  #send(letter: Letter): void {
    if (this.#closed != null) return
    try {
      this.#pipe.send?.(letter, () => {})
    } catch (err) {
      if (letter.is !== 'answer') return
      // what cannot be cloned
      this.#pipe.send?.({ is: 'error', id: letter.id, error: plainError(err) }, () => {})
    }
  }
}
