import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseQueueAddress } from '../../../../sim/sweep/queue/address.ts'
import { queueName } from '../../../../sim/sweep/queue/name.ts'

const good = [
  {
    id: 'a host and a port',
    text: 'redis://127.0.0.1:6380',
    shown: 'redis://127.0.0.1:6380',
    options: { host: '127.0.0.1', port: 6_380, db: 0 }
  },
  {
    id: 'a host alone',
    text: 'redis://queue.example',
    shown: 'redis://queue.example:6379',
    options: { host: 'queue.example', port: 6_379, db: 0 }
  },
  {
    id: 'a database',
    text: 'redis://h/3',
    shown: 'redis://h:6379/3',
    options: { host: 'h', port: 6_379, db: 3 }
  },
  {
    id: 'user and password, which are not shown',
    text: 'rediss://ann:a%40b@h:1/',
    shown: 'rediss://h:1',
    options: {
      ...{ host: 'h', port: 1, db: 0, username: 'ann', password: 'a@b' },
      tls: { servername: 'h' }
    }
  },
  {
    id: 'IPv6',
    text: 'redis://[::1]:6379',
    shown: 'redis://[::1]:6379',
    options: { host: '::1', port: 6_379, db: 0 }
  }
]

const bad = [
  '',
  'queue',
  'http://h',
  'redis://',
  'redis://h/x',
  'redis://h?db=1',
  'redis://h:99999',
  'redis://:%zz@h'
]

describe('the address of a queue', () => {
  it.each(good)('may be $id', ({ text, shown, options }) => {
    expect(parseQueueAddress(text)).toEqual({ shown, options })
  })

  it.each(bad)('is not "%s"', (text) => {
    expect(() => parseQueueAddress(text)).toThrow(
      expect.objectContaining({ name: 'InvalidParametersError' })
    )
  })

  it('takes a password from beside it, unless it has its own', () => {
    expect(parseQueueAddress('redis://h', 'beside').options.password).toBe('beside')
    expect(parseQueueAddress('redis://:own@h', 'beside').options.password).toBe('own')
  })

  it('never shows a password, in an address or in an error', () => {
    const password = fc.stringMatching(/^[A-Za-z0-9%/?#@:]{8,20}$/).map((text) => `Xq7${text}`)
    fc.assert(
      fc.property(password, fc.constantFrom('h:1', 'h:port', '', 'h/x'), (secret, rest) => {
        let said: string
        try {
          said = parseQueueAddress(`redis://:${secret}@${rest}`).shown
        } catch (err) {
          said = `${err} ${(err as Error).stack}`
        }
        // an unescaped "/" or "#" ends the host early, and what follows is no password then
        if (!/[/?#@:]/.test(secret)) expect(said).not.toContain('Xq7')
      })
    )
  })
})

describe('the name of a queue', () => {
  it.each(['', 'A', 'a b', 'a:b', '-a', 'a'.repeat(64)])('is not "%s"', (name) => {
    expect(() => queueName(name)).toThrow('--name')
  })

  it('stands in the queue’s key', () => {
    expect(queueName('growth-2')).toBe('sweep-growth-2')
  })
})
