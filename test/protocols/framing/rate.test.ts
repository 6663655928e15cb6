import { describe, expect, it } from 'vitest'
import { RateLimiter } from '../../../protocols/framing.ts'
import { fixedClock } from '../nodes.ts'

describe('rate limiter', () => {
  it('lets a burst through, then one request each tenth of a second', () => {
    const clock = fixedClock()
    const rates = new RateLimiter(10, 20, clock)

    for (let i = 0; i < 20; i++) expect(rates.take('a'), `request ${i}`).toBe(0)
    expect(rates.take('a')).toBe(100)
    clock.at += 99
    expect(rates.take('a')).toBe(1)
    clock.at += 1
    expect(rates.take('a')).toBe(0)
    expect(rates.take('a')).toBe(100)
  })

  it('counts each peer for itself', () => {
    const rates = new RateLimiter(10, 1, fixedClock())

    expect(rates.take('a')).toBe(0)
    expect(rates.take('a')).toBeGreaterThan(0)
    expect(rates.take('b')).toBe(0)
  })

  it('never saves up more than a burst', () => {
    const clock = fixedClock()
    const rates = new RateLimiter(10, 2, clock)
    rates.take('a')

    clock.at += 3_600_000

    expect([rates.take('a'), rates.take('a'), rates.take('a') > 0]).toEqual([0, 0, true])
  })

  it('gives nothing for a clock that was set back', () => {
    const clock = fixedClock()
    const rates = new RateLimiter(10, 1, clock)
    rates.take('a')

    clock.at -= 3_600_000

    expect(rates.take('a')).toBe(100)
  })

  it('remembers a bounded number of peers, those who asked last', () => {
    const rates = new RateLimiter(10, 1, fixedClock(), 2)
    for (const peer of ['a', 'b', 'c']) rates.take(peer)

    expect(rates.take('b')).toBeGreaterThan(0)
    expect(rates.take('c')).toBeGreaterThan(0)
    expect(rates.take('a')).toBe(0) // forgotten: a full bucket again
  })
})
