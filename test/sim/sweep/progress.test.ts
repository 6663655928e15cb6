import { describe, expect, it } from 'vitest'
import type { SimProgress } from '../../../sim/engine.ts'
import { SweepProgress, timeLeft } from '../../../sim/sweep/progress.ts'

const cases = [
  { id: 'nothing before a point is done', args: [0, 10, 5_000], left: '' },
  { id: 'nothing when all are done', args: [10, 0, 5_000], left: '' },
  { id: 'seconds', args: [2, 4, 10_000], left: '20 s left' },
  { id: 'minutes', args: [1, 10, 30_000], left: '5 min left' },
  { id: 'hours', args: [1, 300, 60_000], left: '5 h left' }
] as const

describe('time left of a sweep', () => {
  it.each(cases)('is $id', ({ args: [done, todo, elapsedMs], left }) => {
    expect(timeLeft(done, todo, elapsedMs)).toBe(left)
  })

  it('goes by what this call has done, and counts failures', () => {
    const events: SimProgress[] = []
    let now = 0
    const progress = new SweepProgress({
      total: 10,
      already: 6,
      nowMs: () => now,
      progress: (event) => events.push(event)
    })
    now = 4_000
    progress.done()
    progress.failed()

    expect(events).toEqual([
      { step: 'points', done: 6, total: 10 },
      { step: 'points', done: 7, total: 10, detail: '12 s left' },
      { step: 'points', done: 8, total: 10, detail: '1 failed, 4 s left' }
    ])
  })
})
