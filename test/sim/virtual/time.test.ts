/**
 * Virtual time by itself, without taking the test's own timers.
 * @module
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Heap } from '../../../sim/virtual/heap.ts'
import { Post } from '../../../sim/virtual/post.ts'
import { VirtualTime } from '../../../sim/virtual/time.ts'

describe('virtual time', () => {
  it('moves only to what is due next, in order, and ends where it was told', async () => {
    const time = new VirtualTime(1_000)
    const seen: [string, number][] = []
    const note = (name: string) => () => seen.push([name, time.nowMs])
    time.after(50, note('b'))
    time.after(10, note('a'))
    time.after(10, note('first of an instant'), '!')
    time.after(99, note('never'))()

    await time.run(1_060)

    expect(seen).toEqual([
      ['first of an instant', 1_010],
      ['a', 1_010],
      ['b', 1_050]
    ])
    expect(time.nowMs).toBe(1_060)
  })

  it('waits for promises and files before it moves', async () => {
    const { readFile } = await import('node:fs/promises')
    const time = new VirtualTime(0)
    const seen: string[] = []
    time.after(1, () => void readFile(import.meta.filename).then(() => seen.push('read')))
    time.after(2, () => seen.push('next'))

    await time.run(2)

    expect(seen).toEqual(['read', 'next'])
  })
})

describe('the post', () => {
  it('keeps the order of each way, whatever the delays', async () => {
    const time = new VirtualTime(0)
    const post = new Post(time, 1, () => {})
    const got: number[] = []
    for (let i = 0; i < 200; i++) {
      post.carry({ from: 'a', to: 'b', protocol: 'x', bytes: 1, deliver: () => got.push(i) })
    }

    await time.run(60_000)

    expect(got).toEqual(Array.from({ length: 200 }, (_, i) => i))
  })

  it('gives each way delays of its own: a message elsewhere changes none', async () => {
    const arrivals = async (noise: boolean): Promise<number[]> => {
      const time = new VirtualTime(0)
      const at: number[] = []
      const post = new Post(time, 5, ({ from }, ms) => from === 'a' && at.push(ms))
      for (let i = 0; i < 20; i++) {
        if (noise) post.carry({ from: 'c', to: 'b', protocol: 'x', bytes: 1, deliver() {} })
        post.carry({ from: 'a', to: 'b', protocol: 'x', bytes: 1, deliver() {} })
      }
      return at
    }

    expect(await arrivals(true)).toEqual(await arrivals(false))
  })

  it('loses what would cross a partition', async () => {
    const time = new VirtualTime(0)
    const post = new Post(time, 1, () => {})
    post.apart = new Set(['a'])
    const got: string[] = []
    const send = (from: string, to: string): void =>
      post.carry({ from, to, protocol: 'x', bytes: 1, deliver: () => got.push(`${from}${to}`) })
    send('a', 'b')
    send('b', 'c')
    post.apart = new Set()
    send('a', 'b')

    await time.run(10_000)

    expect(got.sort()).toEqual(['ab', 'bc'])
  })
})

describe('a heap', () => {
  it('gives what it took, sorted', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (numbers) => {
        const heap = new Heap<number>((a, b) => a - b)
        for (const each of numbers) heap.push(each)
        const out = numbers.map(() => heap.pop())
        expect(out).toEqual([...numbers].sort((a, b) => a - b))
        expect(heap.pop()).toBeUndefined()
      })
    )
  })
})
