import { describe, expect, it } from 'vitest'
import { Turns } from '../../node/turns.ts'

describe('turns', () => {
  it('take one piece of work of a key after the other, and of others meanwhile', async () => {
    const turns = new Turns<string>()
    const steps: string[] = []
    const first = Promise.withResolvers<void>()
    const work = (name: string, until?: Promise<void>) => async () => {
      steps.push(`${name} begins`)
      await until
      steps.push(`${name} ends`)
      return name
    }

    const all = [
      turns.run('a', work('one', first.promise)),
      turns.run('a', work('two')),
      turns.run('b', work('three'))
    ]
    await all[2]
    expect(turns.has('a')).toBe(true)
    first.resolve()

    expect(await Promise.all(all)).toEqual(['one', 'two', 'three'])
    expect(steps).toEqual([
      'one begins',
      'three begins',
      'three ends',
      'one ends',
      'two begins',
      'two ends'
    ])
    expect([turns.has('a'), turns.has('b')]).toEqual([false, false])
  })

  it('go on after work that failed, which its caller alone hears of', async () => {
    const turns = new Turns<string>()

    const failed = turns.run('a', () => Promise.reject(new Error('failed')))
    const next = turns.run('a', async () => 'next')

    await expect(failed).rejects.toThrow('failed')
    expect(await next).toBe('next')
  })
})
