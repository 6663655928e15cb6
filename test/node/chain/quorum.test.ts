import { describe, expect, it } from 'vitest'
import { firstGood, gather, nthHighest, waitFor } from '../../../node/chain/quorum.ts'

const never = new Promise<never>(() => {})
const live = (): AbortSignal => new AbortController().signal
const good =
  <T>(value: T) =>
  async () =>
    value
const bad = async (): Promise<never> => {
  throw new Error('bad')
}

describe('gather', () => {
  it('returns what came when all have settled', async () => {
    const asked = [Promise.resolve(1), Promise.reject(new Error('down')), Promise.resolve(3)]

    const answers = await gather(asked, { quorum: 3, graceMs: 60_000, signal: live() })

    expect(answers.toSorted()).toEqual([1, 3])
  })

  it('leaves the slow behind once the quorum has answered and the grace is over', async () => {
    const asked = [Promise.resolve(1), Promise.resolve(2), never]

    const answers = await gather(asked, { quorum: 2, graceMs: 5, signal: live() })

    expect(answers).toEqual([1, 2])
  })

  it('ends at once when the answers settle the question', async () => {
    const init = {
      quorum: 9,
      graceMs: 60_000,
      settles: (answers: readonly number[]) => answers.includes(2),
      signal: live()
    }

    const answers = await gather([never, Promise.resolve(2)], init)

    expect(answers).toEqual([2])
  })

  it('gives what there is when the time is up', async () => {
    const init = { quorum: 2, graceMs: 60_000, signal: AbortSignal.timeout(5) }

    const answers = await gather([never, Promise.resolve(2)], init)

    expect(answers).toEqual([2])
  })

  it('asks nobody and ends', async () => {
    expect(await gather([], { quorum: 1, graceMs: 60_000, signal: live() })).toEqual([])
  })
})

describe('firstGood', () => {
  it('goes on to the next as soon as one fails', async () => {
    expect(await firstGood([bad, bad, good('third')], 60_000, live())).toBe('third')
  })

  it('gives a silent one company, and takes the first good answer', async () => {
    expect(await firstGood([() => never, good('second')], 5, live())).toBe('second')
  })

  it('does not ask a second while the first is quick', async () => {
    let asked = 0
    const second = async (): Promise<string> => {
      asked++
      return 'second'
    }

    await firstGood([good('first'), second], 60_000, live())

    expect(asked).toBe(0)
  })

  it('aborts the losers', async () => {
    let lost: AbortSignal | undefined
    const silent = (signal: AbortSignal): Promise<string> => {
      lost = signal
      return never
    }

    await firstGood([silent, good('second')], 5, live())

    expect(lost?.aborted).toBe(true)
  })

  it.each([
    ['all fail', [bad, bad], undefined],
    ['there is nobody', [], undefined],
    ['time is up', [() => never], 5],
    ['time was up before', [good(1)], 0]
  ])('gives up when %s', async (_, askers, ms) => {
    const signal = ms == null ? live() : ms === 0 ? AbortSignal.abort() : AbortSignal.timeout(ms)

    await expect(firstGood<unknown>(askers, 5, signal)).rejects.toBeInstanceOf(AggregateError)
  })
})

describe('waitFor', () => {
  it('stops waiting when the signal aborts', async () => {
    await expect(waitFor(never, AbortSignal.timeout(5))).rejects.toMatchObject({
      name: 'TimeoutError'
    })
  })

  it('hears the failure of what it does not wait for', async () => {
    const failing = Promise.reject(new Error('late'))

    await expect(waitFor(failing, AbortSignal.abort())).rejects.toBeDefined()
  })

  it.each([undefined, new AbortController().signal])('passes values on', async (signal) => {
    expect(await waitFor(Promise.resolve(7), signal)).toBe(7)
  })
})

describe('nthHighest', () => {
  it.each([
    [[5, 9, 7], 2, 7],
    [[1_000_000, 9, 7], 2, 9],
    [[9], 2, undefined],
    [[], 1, undefined]
  ])('of %o the %i-th is %s', (numbers, n, expected) => {
    expect(nthHighest(numbers, n)).toBe(expected)
  })
})
