/**
 * Reading a part of a record: equals the slice, opens the last chunk first, gives nothing bad.
 * @module
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, equalBytes } from '../../core/bytes.ts'
import { makeHeader } from '../../core/container.ts'
import { padme, payloadBytes } from '../../core/container-payload.ts'
import { openRange, type ReadAt } from '../../core/container-range.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { keysFor, sealChunks, sealRecord } from '../fixtures/containers.ts'
import { collect, drain, filled, pattern } from '../fixtures/streams.ts'

const CHUNK = 65_536
const SEALED = CHUNK + 16
const length = 9 * CHUNK + 1_234
const content = pattern(length)
const record = await sealRecord(content, { p })
const { payload, keys } = record

const from =
  (bytes: Uint8Array): ReadAt =>
  async (offset, wanted) =>
    bytes.subarray(offset, offset + wanted)

describe('opening a range', () => {
  it('equals the slice of the record', async () => {
    const edges = fc.constantFrom(0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 4 * CHUNK, 9 * CHUNK, length)
    const offset = fc.oneof(edges, fc.nat({ max: length }))
    await fc.assert(
      fc.asyncProperty(offset, offset, async (a, b) => {
        const [start, end] = a < b ? [a, b] : [b, a]
        const range = openRange(from(payload), payload.byteLength, keys, length, start, end, p)

        expect(equalBytes(await collect(range), content.subarray(start, end))).toBe(true)
      }),
      { numRuns: 60 }
    )
  })

  it('reads the last chunk first, then leaf by leaf what the range touches', async () => {
    const asked: [number, number][] = []
    const read: ReadAt = async (offset, wanted) => {
      asked.push([offset / SEALED, wanted])
      return payload.subarray(offset, offset + wanted)
    }
    const range = openRange(read, payload.byteLength, keys, length, 2 * CHUNK + 1, 6 * CHUNK + 1, p)
    await collect(range)

    expect(asked).toEqual([
      [9, payload.byteLength - 9 * SEALED],
      [2, 2 * SEALED],
      [4, 3 * SEALED]
    ])
  })

  it('opens the last chunk even for an empty range', async () => {
    const damaged = payload.slice()
    damaged[payload.byteLength - 1] = (damaged[payload.byteLength - 1] as number) ^ 1
    let reads = 0
    const empty = (bytes: Uint8Array) => {
      const read: ReadAt = (offset, wanted) => {
        reads++
        return from(bytes)(offset, wanted)
      }
      return drain(openRange(read, bytes.byteLength, keys, length, 5, 5, p))
    }

    expect(await empty(payload)).toEqual({ bytes: new Uint8Array(0), failure: undefined })
    expect(reads, 'the last chunk alone').toBe(1)
    expect((await empty(damaged)).failure).toBe('DecryptionFailedError')
  })

  it('opens a record of one chunk with one read', async () => {
    const small = await sealRecord(pattern(7), { p })
    let reads = 0
    const read: ReadAt = async (offset, wanted) => {
      reads++
      return small.payload.subarray(offset, offset + wanted)
    }

    expect(await collect(openRange(read, 1_040, small.keys, 7, 2, 6, p))).toEqual(
      pattern(7).subarray(2, 6)
    )
    expect(reads).toBe(1)
  })

  it('takes no payload that was cut at a chunk and passed off as whole', async () => {
    // Nine whole chunks: what a reader would believe who never looks for the flag.
    const cut = payload.subarray(0, 9 * SEALED)
    const asWhole = openRange(from(cut), cut.byteLength, keys, 9 * CHUNK, 0, 10, p)

    expect(payloadBytes(9 * CHUNK)).toBe(cut.byteLength)
    expect(await drain(asWhole)).toEqual({
      bytes: new Uint8Array(0),
      failure: 'DecryptionFailedError'
    })
  })

  it.each([-16, -1, 1, 16])('refuses a size that is off by %i', async (off) => {
    const reads: number[] = []
    const read: ReadAt = async (offset, wanted) => {
      reads.push(offset)
      return from(payload)(offset, wanted)
    }
    const range = openRange(read, payload.byteLength + off, keys, length, 0, 10, p)

    expect((await drain(range)).failure).toBe('DecryptionFailedError')
    expect(reads, 'before any read').toEqual([])
  })

  it.each([
    ['too few bytes', -1],
    ['too many bytes', 1]
  ])('refuses a reader that gives %s', async (_, off) => {
    const longer = concat(payload, filled(0))
    const read: ReadAt = async (offset, wanted) => longer.subarray(offset, offset + wanted + off)

    const range = openRange(read, payload.byteLength, keys, length, 0, 10, p)
    expect((await drain(range)).failure).toBe('DecryptionFailedError')
  })

  it('refuses a reader that gives too many bytes only where it would not show', async () => {
    const read: ReadAt = async (offset, wanted) =>
      payload.subarray(offset, offset + wanted + (offset === 0 ? 1 : 0))

    const range = openRange(read, payload.byteLength, keys, length, 0, 10, p)
    expect((await drain(range)).failure).toBe('DecryptionFailedError')
  })

  it('notices a flipped bit in what it reads, and gives nothing of that chunk', async () => {
    const start = 2 * CHUNK + 7
    const end = 7 * CHUNK
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2 * SEALED, max: 7 * SEALED - 1 }), async (at) => {
        const damaged = payload.slice()
        damaged[at] = (damaged[at] as number) ^ 4
        const range = openRange(from(damaged), payload.byteLength, keys, length, start, end, p)
        const { bytes, failure } = await drain(range)

        expect(failure).toBe('DecryptionFailedError')
        const good = Math.max(Math.floor(at / SEALED) * CHUNK, start)
        expect(equalBytes(bytes, content.subarray(start, good))).toBe(true)
      }),
      { numRuns: 40 }
    )
  })

  it('notices chunks that changed places', async () => {
    const swapped = payload.slice()
    swapped.set(payload.subarray(SEALED, 2 * SEALED), 2 * SEALED)
    swapped.set(payload.subarray(2 * SEALED, 3 * SEALED), SEALED)
    const range = openRange(from(swapped), payload.byteLength, keys, length, CHUNK, 2 * CHUNK, p)

    expect(await drain(range)).toEqual({
      bytes: new Uint8Array(0),
      failure: 'DecryptionFailedError'
    })
  })

  it('checks the padding of the chunks that it opens', async () => {
    const own = keysFor(makeHeader(filled(2), { sealed: false }), p)
    const size = CHUNK + 5
    const padded = concat(pattern(size), new Uint8Array(padme(size) - size))
    const dirty = padded.slice()
    dirty[dirty.byteLength - 1] = 1
    const range = (bytes: Uint8Array) => {
      const forged = sealChunks(own, [bytes.subarray(0, CHUNK), bytes.subarray(CHUNK)])
      return drain(openRange(from(forged), forged.byteLength, own, size, 0, 10, p))
    }

    expect((await range(padded)).failure).toBeUndefined()
    expect((await range(dirty)).failure).toBe('DecryptionFailedError')
  })

  it.each([
    ['backwards', 5, 4],
    ['from before the start', -1, 4],
    ['past the end', 0, length + 1],
    ['at half a byte', 0.5, 4],
    ['to half a byte', 0, 4.5]
  ])('refuses a range %s', async (_, start, end) => {
    const range = openRange(from(payload), payload.byteLength, keys, length, start, end, p)

    expect((await drain(range)).failure).toBe('InvalidParametersError')
  })

  it('passes on what its reader throws', async () => {
    const read: ReadAt = async () => {
      throw new RangeError('disk')
    }
    const range = openRange(read, payload.byteLength, keys, length, 0, 10, p)

    expect((await drain(range)).failure).toBe('RangeError')
  })
})
