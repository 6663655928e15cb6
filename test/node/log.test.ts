/**
 * The bridge from libp2p's loggers to pino: nothing secret passes it.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { InvalidParametersError } from '../../core/errors.ts'
import { createLog, type LogInit } from '../../node/log.ts'

function capture(init: LogInit = {}) {
  const lines: string[] = []
  const log = createLog({ level: 'trace', ...init, sink: { write: (line) => lines.push(line) } })
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') }
}

describe('log', () => {
  it('tells our events as info and libp2p’s as debug', () => {
    const { log, last } = capture()

    log.forComponent('keyward:gate')('released %c to %p until %d', 'bafy', '12D3', 5)
    expect(last()).toMatchObject({
      level: 'info',
      scope: 'keyward:gate',
      msg: 'released bafy to 12D3 until 5'
    })
    log.forComponent('libp2p:dialer').error('no way')
    expect(last().level).toBe('debug')
    log.forComponent('keyward').newScope('vault').trace('x')
    expect(last()).toMatchObject({ level: 'trace', scope: 'keyward:vault' })
  })

  it('says by "enabled" whether anybody listens', () => {
    const { log } = capture({ level: 'info' })

    expect(log.forComponent('keyward:gate').enabled).toBe(true)
    expect(log.forComponent('libp2p:dht').enabled).toBe(false)
  })

  it('is silent below its level', () => {
    const { log, lines } = capture({ level: 'error' })
    log.forComponent('keyward:gate')('event')

    expect(lines).toEqual([])
  })

  it('tells bytes by their length and redacts telling names', () => {
    const { log, lines } = capture()
    const secret = new Uint8Array(32).fill(0xab)

    log.forComponent('keyward:x')('%o %s %j', { share: secret, id: secret }, secret, {
      token: 'hunter2',
      nested: { accountKey: secret, storeKey: 'hunter2', size: 3n }
    })

    expect(lines.join()).not.toMatch(/hunter2|abab|171/)
    expect(lines.join()).toContain('32 bytes')
    expect(lines.join()).toContain('[redacted]')
  })

  it('never stops whoever writes a line, whatever is in it', () => {
    const { log, last } = capture()
    const hostile = new Proxy({}, { get: () => expect.unreachable() })
    const circular: Record<string, unknown> = {}
    circular['self'] = circular

    for (const value of [hostile, circular, Object.create(null)]) {
      log.forComponent('keyward:x')('dial %p %s %o', value, value, value, value)
      log.forComponent('keyward:x')(value)
      expect(last().msg).toContain(value === hostile ? '[cannot be told]' : '')
    }
  })

  it('tells errors of ours whole, and others without what they may quote', () => {
    const { log, lines } = capture()
    const quoting = new SyntaxError('Unexpected token, "Ada Lovelace" is not valid JSON')

    log.forComponent('keyward:x').error('failed: %e', quoting)
    log
      .forComponent('keyward:x')
      .error(new InvalidParametersError('"to" expected a peer', { cause: quoting }))

    expect(lines.join()).not.toContain('Lovelace')
    expect(lines[1]).toContain('InvalidParametersError: \\"to\\" expected a peer')
    expect(lines[1]).toContain('; SyntaxError (')
  })

  it('prints bytes that are meant to be read', () => {
    const { log, last } = capture()
    log.forComponent('keyward:x')('%b %t %% %s', Uint8Array.of(1, 2), Uint8Array.of(1, 2))

    expect(last().msg).toBe('5T aebagba % %s'.replace('aebagba', 'aeba'))
  })

  it('writes lines for eyes', () => {
    const { log, lines } = capture({ text: true })
    log.forComponent('keyward:x')('hello')

    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d info keyward:x hello\n$/)
  })
})
