import { describe, expect, it } from 'vitest'
import { RunProgressLines } from '../../sim/progress.ts'

function lines() {
  let now = 0
  const progress = new RunProgressLines(() => now)
  return (atMs: number, step: string, done: number, repeat = 0, repeats = 1) => {
    now = atMs
    return progress.line({ step, done, total: 100, repeat, repeats })
  }
}

describe('progress', () => {
  it('tells tens of a step and the time left at its pace', () => {
    const at = lines()

    expect(at(0, 'running', 0)).toEqual({ step: 'running 0 %' })
    expect(at(10_000, 'running', 25)).toEqual({ step: 'running 20 %', detail: '30 s left' })
    expect(at(40_000, 'running', 100)).toEqual({ step: 'running 100 %' })
  })

  it('begins anew with each step', () => {
    const at = lines()
    at(0, 'joining', 0)
    at(100_000, 'joining', 100)
    at(100_000, 'running', 0)

    expect(at(101_000, 'running', 50).detail).toBe('1 s left')
  })

  it('counts the repeats to come at the pace of those that are done', () => {
    const at = lines()
    at(0, 'running', 0, 0, 3)
    at(60_000, 'running', 100, 0, 3)

    expect(at(60_000, 'running', 0, 1, 3)).toEqual({
      step: 'repeat 2/3 running 0 %',
      detail: '2 min left'
    })
    expect(at(90_000, 'running', 50, 1, 3).detail).toBe('2 min left')
    expect(at(120_000, 'running', 0, 2, 3).detail).toBe('1 min left')
  })

  it('adds what the engine tells', () => {
    const progress = new RunProgressLines(() => 0)
    const event = { step: 'joining', done: 3, total: 0, repeat: 0, repeats: 1, detail: '3 nodes' }

    expect(progress.line(event)).toEqual({ step: 'joining 0 %', detail: '3 nodes' })
  })

  it('leaves the time to an engine that tells it, and takes nothing back', () => {
    let now = 0
    const progress = new RunProgressLines(() => now)
    const at = (done: number, detail = '') =>
      progress.line({ step: 'running', done, total: 10, repeat: 0, repeats: 1, detail })
    at(0)
    now = 1_000

    expect(at(5, '9 s left').detail).toBe('9 s left')
    expect(at(2).step).toBe('running 50 %')
  })
})
