import { EventEmitter } from 'node:events'
import { TimeoutError } from '@libp2p/interface'
import { describe, expect, it } from 'vitest'
import { isKnownFault, surviveKnownRejections } from '../../../node/network/rejections.ts'

function fault(name: string, ...frames: readonly string[]): Error {
  const err = new Error('as libp2p says it')
  err.name = name
  err.stack = `${name}: as libp2p says it\n${frames.map((frame) => `    at ${frame}`).join('\n')}`
  return err
}

const YAMUX = 'send (file:///app/node_modules/@libp2p/yamux/dist/src/stream.js:10:2)'
const TIMER = 'listOnTimeout (node:internal/timers:605:17)'
const GATE = 'Gate.handle (file:///app/node/release/gate.ts:88:4)'

describe('known faults of libp2p', () => {
  it.each([
    ['a stream that closed under a drain', fault('StreamStateError', YAMUX, TIMER)],
    ['the same by its other name', fault('StreamClosedError', YAMUX)],
    ['a timeout of a dial', fault('TimeoutError', YAMUX)],
    ['a timeout without any frame', fault('TimeoutError')],
    [
      "libp2p's own timeout",
      Object.assign(new TimeoutError(), { stack: `TimeoutError\n    at ${TIMER}` })
    ],
    ["the platform's timeout", new DOMException('too long', 'TimeoutError')]
  ])('are %s', (_, err) => {
    if (err instanceof DOMException) Object.defineProperty(err, 'stack', { value: String(err) })

    expect(isKnownFault(err)).toBe(true)
  })

  it.each([
    ['a stream error from nowhere', fault('StreamStateError', TIMER)],
    ['a stream error through our own code', fault('StreamStateError', YAMUX, GATE)],
    ['a timeout through our own code', fault('TimeoutError', GATE)],
    ['any other error of libp2p', fault('TypeError', YAMUX)],
    ['a fault of ours', fault('InvalidMessageError', GATE)],
    ['no error at all', 'TimeoutError']
  ])('are not %s', (_, err) => {
    expect(isKnownFault(err)).toBe(false)
  })
})

describe('surviving rejections', () => {
  it('counts known faults, and ends the process by any other', () => {
    const source = new EventEmitter()
    const known: unknown[] = []
    const crashes: unknown[] = []
    const rejections = surviveKnownRejections({
      source,
      onKnown: (each) => known.push(each),
      crash: (err) => crashes.push(err)
    })
    const unknown = fault('TypeError', YAMUX)

    source.emit('unhandledRejection', fault('TimeoutError', YAMUX))
    source.emit('uncaughtException', fault('StreamStateError', YAMUX))
    source.emit('unhandledRejection', unknown)
    source.emit('uncaughtException', 'a string')

    expect(known).toEqual([
      { name: 'TimeoutError', count: 1 },
      { name: 'StreamStateError', count: 2 }
    ])
    expect(crashes).toEqual([unknown, 'a string'])
    expect(rejections.count).toBe(2)
  })

  it('leaves nothing behind when removed', () => {
    const source = new EventEmitter()
    const rejections = surviveKnownRejections({ source, onKnown: () => {}, crash: () => {} })

    rejections.remove()

    expect(source.eventNames()).toEqual([])
  })
})
