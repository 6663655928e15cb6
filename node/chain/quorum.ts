/**
 * Asking several endpoints at once: all of them until enough agree (heads), or one after another
 * until one can prove what it says (proofs). Nobody waits for a slow endpoint longer than needed.
 * @module
 */

/** Stops waiting when `signal` aborts; what was waited for goes on by itself. */
export function waitFor<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal == null) return promise
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}

export interface GatherInit<T> {
  /** Answers that are needed at least. */
  readonly quorum: number
  /** Once `quorum` answers are here, the others have this long. */
  readonly graceMs: number
  /** Whether these answers settle the question before the others come. */
  readonly settles?: (answers: readonly T[]) => boolean
  /** Ends all waiting; what came until then is the result. */
  readonly signal: AbortSignal
}

/** The answers of those that gave one, in the order in which they came. Never rejects. */
export function gather<T>(asked: readonly Promise<T>[], init: GatherInit<T>): Promise<T[]> {
  const { promise, resolve } = Promise.withResolvers<T[]>()
  const answers: T[] = []
  let open = asked.length
  let grace: ReturnType<typeof setTimeout> | undefined
  let ended = false
  const end = (): void => {
    ended = true
    clearTimeout(grace)
    init.signal.removeEventListener('abort', end)
    resolve(answers.slice())
  }
  const step = (): void => {
    if (ended) return
    if (open === 0 || init.settles?.(answers)) end()
    else if (answers.length >= init.quorum) grace ??= setTimeout(end, init.graceMs)
  }
  for (const each of asked) {
    each.then(
      (answer) => {
        open--
        if (!ended) answers.push(answer)
        step()
      },
      () => {
        open--
        step()
      }
    )
  }
  if (open === 0 || init.signal.aborted) end()
  else init.signal.addEventListener('abort', end, { once: true })
  return promise
}

/**
 * The first good answer: asks the first, and the next one whenever one fails or keeps us waiting
 * for `hedgeMs`. The losers are aborted.
 * @throws AggregateError with every failure when nobody has a good answer, or `signal` aborts
 */
export function firstGood<T>(
  askers: readonly ((signal: AbortSignal) => Promise<T>)[],
  hedgeMs: number,
  signal: AbortSignal
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const losers = new AbortController()
  const failures: unknown[] = []
  let next = 0
  let hedge: ReturnType<typeof setTimeout> | undefined
  const end = (): void => {
    clearTimeout(hedge)
    signal.removeEventListener('abort', giveUp)
    losers.abort()
  }
  const giveUp = (): void => {
    end()
    reject(new AggregateError(failures, 'no endpoint has a good answer'))
  }
  const askNext = (): void => {
    clearTimeout(hedge)
    const asker = askers[next++]
    if (asker == null) return
    if (next < askers.length) hedge = setTimeout(askNext, hedgeMs)
    asker(losers.signal).then(
      (answer) => {
        end()
        resolve(answer)
      },
      (err: unknown) => {
        failures.push(err)
        if (failures.length === askers.length) giveUp()
        else askNext()
      }
    )
  }
  if (askers.length === 0 || signal.aborted) giveUp()
  else {
    signal.addEventListener('abort', giveUp, { once: true })
    askNext()
  }
  return promise
}

/** The value that `count` of them reach: the q-th highest. Undefined if there are fewer. */
export const nthHighest = (numbers: readonly number[], count: number): number | undefined =>
  numbers.toSorted((a, b) => b - a)[count - 1]
