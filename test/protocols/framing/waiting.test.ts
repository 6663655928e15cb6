import { describe, expect, it } from 'vitest'
import { Places, pause, withSignal } from '../../../protocols/framing.ts'

describe('places', () => {
  it('gives them in order of coming', async () => {
    const places = new Places(1, 8)
    const order: number[] = []
    await places.take()

    const waiting = [1, 2, 3].map(async (n) => {
      await places.take()
      order.push(n)
      places.leave()
    })
    places.leave()
    await Promise.all(waiting)

    expect(order).toEqual([1, 2, 3])
    expect(places.empty).toBe(true)
  })

  it('turns away whoever comes when the line is full', async () => {
    const places = new Places(1, 1)
    await places.take()
    const first = places.take()

    await expect(places.take()).rejects.toMatchObject({ name: 'RateLimitedError' })

    places.leave()
    await first
  })

  it('lets one leave the line, and nobody loses a place by it', async () => {
    const places = new Places(1, 8)
    await places.take()
    const leaving = new AbortController()
    const left = places.take(leaving.signal)
    const next = places.take()

    leaving.abort(new Error('left'))

    await expect(left).rejects.toThrow('left')
    places.leave()
    await next
    places.leave()
    expect(places.empty).toBe(true)
  })

  it('frees the place that came to one who left at that moment', async () => {
    const places = new Places(1, 8)
    await places.take()
    const leaving = new AbortController()
    const left = places.take(leaving.signal)

    leaving.abort(new Error('left'))
    places.leave()

    await expect(left).rejects.toThrow('left')
    expect(places.empty).toBe(true)
  })

  it('turns everybody away once closed', async () => {
    const places = new Places(1, 8)
    await places.take()
    const waiting = places.take()

    places.close(new Error('closed'))

    await expect(waiting).rejects.toThrow('closed')
    await expect(places.take()).rejects.toThrow('closed')
  })
})

describe('waiting with a signal', () => {
  it('ends with the reason of the signal, before or during the wait', async () => {
    const never = new Promise<void>(() => {})
    const during = new AbortController()
    const waiting = withSignal(never, during.signal)

    during.abort(new Error('stop'))

    await expect(waiting).rejects.toThrow('stop')
    await expect(withSignal(never, AbortSignal.abort(new Error('was')))).rejects.toThrow('was')
    await expect(pause(10_000, AbortSignal.abort(new Error('woken')))).rejects.toThrow('woken')
  })

  it('passes values and errors on', async () => {
    const { signal } = new AbortController()

    expect(await withSignal(Promise.resolve(1), signal)).toBe(1)
    await expect(withSignal(Promise.reject(new Error('bad')), signal)).rejects.toThrow('bad')
  })
})
