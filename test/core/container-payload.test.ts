/**
 * The payload of the container: bytes, laws, and every way to damage or forge it. The cases of
 * age's STREAM test kit (C2SP/CCTV, age/stream_*) are here in our form, with our padding.
 * @module
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, equalBytes, fromHex, toHex } from '../../core/bytes.ts'
import {
  decodeKwdPrefix,
  encodeKwdPrefix,
  makeHeader,
  openMeta,
  sealMeta,
  unlock
} from '../../core/container.ts'
import {
  ChunkOpener,
  chunkNonce,
  openPayload,
  padme,
  payloadBytes,
  sealPayload
} from '../../core/container-payload.ts'
import { noblePrimitives } from '../../core/noble.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { keysFor, sealChunks, sealRecord, sealWhole, secretOf } from '../fixtures/containers.ts'
import { collect, drain, each, filled, inPieces, pattern } from '../fixtures/streams.ts'
import vectors from '../vectors/formats.json' with { type: 'json' }

const CHUNK = 65_536
const SEALED = CHUNK + 16
const KIB = 1_024

const open = (
  payload: Uint8Array,
  record: { keys: Parameters<typeof openPayload>[1] },
  length: number,
  pieceBytes = 262_208
) => drain(openPayload(inPieces(payload, pieceBytes), record.keys, length, p))

describe('padded length', () => {
  it.each(vectors.padme)('of %i is %i', (length, padded) => {
    expect(padme(length as number)).toBe(padded)
  })

  it('is at least the length, at most 6.3 % more, and stays when padded again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_024, max: 2 ** 40 }), (length) => {
        const padded = padme(length)

        expect(padded).toBeGreaterThanOrEqual(length)
        expect(padded).toBeLessThanOrEqual(length * 1.063)
        expect(padme(padded)).toBe(padded)
        expect(padme(length)).toBe(padmeSlowly(length))
      }),
      { numRuns: 2_000 }
    )
  })

  it('never falls when a record grows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 - 1 }), (length) => {
        expect(padme(length + 1)).toBeGreaterThanOrEqual(padme(length))
      })
    )
  })

  it.each([-1, 0.5, 2 ** 40 + 1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (length) => {
    expect(() => padme(length)).toThrow(expect.objectContaining({ name: 'InvalidParametersError' }))
  })

  it('counts a tag for each chunk', () => {
    expect(payloadBytes(7)).toBe(1_040)
    expect(payloadBytes(CHUNK)).toBe(SEALED)
    expect(payloadBytes(CHUNK + 1)).toBe(padme(CHUNK + 1) + 32)
    expect(payloadBytes(2 ** 40)).toBe(2 ** 40 + 16 * 2 ** 24)
  })
})

/** The definition word for word, in integers without bound. */
function padmeSlowly(length: number): number {
  const l = BigInt(Math.max(length, 1_024))
  const e = BigInt(l.toString(2).length - 1)
  const s = BigInt(e.toString(2).length)
  const step = 1n << (e - s)
  return Number(((l + step - 1n) / step) * step)
}

describe('chunk nonce', () => {
  it.each([
    [0, false, '000000000000000000000000'],
    [0, true, '000000000000000000000001'],
    [1, false, '000000000000000000000100'],
    [257, true, '000000000000000000010101'],
    [2 ** 24, false, '000000000000000100000000'],
    [2 ** 32 + 2, true, '000000000000010000000201']
  ])('of chunk %i (last: %s) is %s', (index, last, hex) => {
    expect(toHex(chunkNonce(index, last))).toBe(hex)
  })
})

describe('sealing a payload', () => {
  it.each(vectors.containers)('gives the golden bytes of $name', async (v) => {
    const content = v.length === 7 ? new TextEncoder().encode('Keyward') : pattern(v.length)
    for (const primitives of [p, noblePrimitives]) {
      const record = await sealRecord(content, { sealed: v.sealed, p: primitives })

      expect(toHex(p.sha256(record.payload)), primitives.name).toBe(v.payloadSha256)
      expect(record.facts).toEqual({
        length: v.length,
        sha256: fromHex(v.contentSha256),
        size: v.size
      })
      const meta = fromHex(v.sealedMeta)
      const file = concat(encodeKwdPrefix(record.header, record.keys.kcom, meta), record.payload)
      expect(toHex(p.sha256(file))).toBe(v.kwdSha256)
    }
  })

  it.each([
    0,
    1,
    1_023,
    1_024,
    1_025,
    CHUNK - 1,
    CHUNK,
    CHUNK + 1,
    2 * CHUNK, // no padding: the last chunk is known only when the source ends
    4 * CHUNK - 1,
    4 * CHUNK,
    4 * CHUNK + 1,
    8 * CHUNK,
    17 * CHUNK + 5
  ])('equals its slow twin and opens again at %i bytes', async (length) => {
    const content = pattern(length)
    const record = await sealRecord(content, { p })

    expect(toHex(p.sha256(record.payload))).toBe(
      toHex(p.sha256(sealWhole(record.keys, content, padme(length))))
    )
    expect(record.payload.byteLength).toBe(payloadBytes(length))
    const opened = await open(record.payload, record, length)
    expect(opened.failure).toBeUndefined()
    expect(equalBytes(opened.bytes, content)).toBe(true)
  })

  it('does not depend on how the source cuts its bytes', async () => {
    const lengths = fc.oneof(
      fc.integer({ min: 0, max: 3_000 }),
      fc.integer({ min: 0, max: 5 * CHUNK }),
      fc.constantFrom(CHUNK, 2 * CHUNK, 4 * CHUNK)
    )
    const sizes = fc.oneof(
      fc.integer({ min: 700, max: 3 * CHUNK }),
      fc.constantFrom(CHUNK - 1, CHUNK, CHUNK + 1, SEALED, 4 * SEALED)
    )
    await fc.assert(
      fc.asyncProperty(lengths, sizes, sizes, async (length, sealBytes, openBytes) => {
        const content = pattern(length)
        const record = await sealRecord(content, { p, pieceBytes: sealBytes })
        const opened = await open(record.payload, record, length, openBytes)

        expect(opened.failure).toBeUndefined()
        expect(equalBytes(opened.bytes, content)).toBe(true)
        expect(equalBytes(record.payload, sealWhole(record.keys, content, padme(length)))).toBe(
          true
        )
      }),
      { numRuns: 30 }
    )
  })

  it('emits UnixFS leaves of 262,208 bytes, the last one shorter', async () => {
    const { keys } = await sealRecord(new Uint8Array(0))
    const { payload } = sealPayload(inPieces(pattern(9 * CHUNK), 10_000), keys, p)
    const sizes: number[] = []
    for await (const piece of payload) sizes.push(piece.byteLength)

    expect(sizes).toEqual([262_208, 262_208, payloadBytes(9 * CHUNK) - 2 * 262_208])
  })

  it('takes a source that reuses its buffer', async () => {
    const content = pattern(5 * CHUNK + 77)
    const { keys } = await sealRecord(new Uint8Array(0))
    async function* reusing(size: number) {
      const buffer = new Uint8Array(size)
      for await (const piece of inPieces(content, size)) {
        buffer.set(piece)
        yield buffer.subarray(0, piece.byteLength)
      }
    }

    for (const size of [1_000, CHUNK, CHUNK + 1]) {
      const sealed = await collect(sealPayload(reusing(size), keys, p).payload)
      const opened = await open(sealed, { keys }, content.byteLength)
      expect(equalBytes(opened.bytes, content), `${size}`).toBe(true)
    }
  })

  it('gives the same bytes in one piece of memory, if its reader is done with each in time', async () => {
    const content = pattern(9 * CHUNK + 5)
    const record = await sealRecord(content, { p })
    const { payload } = sealPayload(inPieces(content), record.keys, p, { reusePieces: true })
    const copies: Uint8Array[] = []
    const buffers = new Set<ArrayBufferLike>()
    for await (const piece of payload) {
      copies.push(piece.slice())
      buffers.add(piece.buffer)
    }

    expect(equalBytes(concat(...copies), record.payload)).toBe(true)
    expect(buffers.size).toBe(1)
  })

  it('never touches a piece again that it gave away', async () => {
    const { keys, payload: whole } = await sealRecord(pattern(9 * CHUNK), { p })
    const { payload } = sealPayload(inPieces(pattern(9 * CHUNK)), keys, p)
    const kept: Uint8Array[] = []
    for await (const piece of payload) kept.push(piece)

    expect(equalBytes(concat(...kept), whole)).toBe(true)
    expect(new Set(kept.map((piece) => piece.buffer)).size).toBe(3)
  })

  it('is opened into memory that is freed again, if its reader is done with each in time', async () => {
    const content = pattern(9 * CHUNK + 5)
    const { keys, payload } = await sealRecord(content, { p })
    const opened = openPayload(inPieces(payload), keys, content.byteLength, p, { freePieces: true })
    const copies: Uint8Array[] = []
    const pieces: Uint8Array[] = []
    for await (const piece of opened) {
      copies.push(piece.slice())
      pieces.push(piece)
    }

    expect(equalBytes(concat(...copies), content)).toBe(true)
    expect(pieces.slice(0, -1).every((piece) => piece.byteLength === 0)).toBe(true)
    expect(pieces.at(-1)?.byteLength).toBe(5)
  })

  it('reads its source as it is read itself', async () => {
    let given = 0
    async function* counted() {
      for await (const piece of inPieces(pattern(64 * CHUNK))) {
        given++
        yield piece
      }
    }
    const { keys } = await sealRecord(new Uint8Array(0))
    const { payload } = sealPayload(counted(), keys, p)
    const reader = payload[Symbol.asyncIterator]()

    await reader.next()
    expect(given).toBeLessThanOrEqual(5)
    await reader.next()
    expect(given).toBeLessThanOrEqual(9)
    await reader.return?.()
  })

  it('tells no facts if the payload was left early', async () => {
    const { keys } = await sealRecord(new Uint8Array(0))
    const { payload, done } = sealPayload(inPieces(pattern(9 * CHUNK)), keys, p)
    for await (const _ of payload) break

    await expect(done).rejects.toMatchObject({ name: 'InvalidParametersError' })
  })

  it('fails as its source fails, on both ends', async () => {
    const { keys } = await sealRecord(new Uint8Array(0))
    async function* failing() {
      yield pattern(100)
      throw new RangeError('disk')
    }
    const { payload, done } = sealPayload(failing(), keys, p)

    await expect(collect(payload)).rejects.toThrow('disk')
    await expect(done).rejects.toThrow('disk')
  })
})

describe('opening a damaged payload', () => {
  // Six chunks, the last one of content and padding.
  const length = 5 * CHUNK + 1_234
  const content = pattern(length)
  const chunkAt = (i: number): number => i * SEALED

  it('notices any flipped bit and gives nothing of that chunk', async () => {
    const record = await sealRecord(content, { p })
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: record.payload.byteLength - 1 }),
        fc.nat({ max: 7 }),
        fc.constantFrom(1_000, SEALED, 262_208, 10 ** 7),
        async (at, bit, pieceBytes) => {
          const damaged = record.payload.slice()
          damaged[at] = (damaged[at] as number) ^ (1 << bit)
          const opened = await open(damaged, record, length, pieceBytes)

          expect(opened.failure).toBe('DecryptionFailedError')
          const whole = Math.floor(at / SEALED) * CHUNK
          expect(equalBytes(opened.bytes, content.subarray(0, whole))).toBe(true)
        }
      ),
      { numRuns: 60 }
    )
  })

  // SECURITY.md F5, before a release: FULL=1. A chunk opens alone, so it is flipped alone.
  it.skipIf(process.env['FULL'] == null)(
    'notices each flipped byte of a MiB',
    { timeout: 900_000 },
    async () => {
      const mib = pattern(2 ** 20)
      const { payload, keys } = await sealRecord(mib, { p })
      const opener = new ChunkOpener(keys.payload, mib.byteLength, p)
      let detected = 0
      for (let at = 0; at < payload.byteLength; at++) {
        const index = Math.floor(at / SEALED)
        payload[at] = (payload[at] as number) ^ (1 << (at & 7))
        try {
          opener.at(index, payload.subarray(index * SEALED, (index + 1) * SEALED))
        } catch (err) {
          if ((err as Error).name === 'DecryptionFailedError') detected++
        }
        payload[at] = (payload[at] as number) ^ (1 << (at & 7))
      }

      expect(detected).toBe(payload.byteLength)
      expect((await open(payload, { keys }, mib.byteLength)).failure).toBeUndefined()
    }
  )

  it('notices chunks that were swapped, dropped, doubled or replaced, wherever', async () => {
    const record = await sealRecord(content, { p })
    const other = await sealRecord(pattern(length).reverse(), { p })
    const chunks = Array.from({ length: 6 }, (_, i) =>
      record.payload.subarray(chunkAt(i), chunkAt(i + 1))
    )
    const anyChunk = fc.nat({ max: 5 })
    const sameKeys = { keys: record.keys }
    await fc.assert(
      fc.asyncProperty(anyChunk, anyChunk, async (a, b) => {
        fc.pre(a !== b)
        const swapped = chunks.map((chunk, i) =>
          i === a ? (chunks[b] as Uint8Array) : i === b ? (chunks[a] as Uint8Array) : chunk
        )
        const dropped = chunks.toSpliced(a, 1)
        const doubled = chunks.toSpliced(a, 0, chunks[b] as Uint8Array)
        const replaced = chunks.with(a, chunks[b] as Uint8Array)
        for (const forged of [swapped, dropped, doubled, replaced]) {
          const opened = await open(concat(...forged), sameKeys, length)
          expect(opened.failure).toBe('DecryptionFailedError')
          expect(
            equalBytes(opened.bytes, content.subarray(0, opened.bytes.byteLength)),
            'only true content'
          ).toBe(true)
        }
      })
    )
    // Same key, other record: a key that was used twice would let this pass.
    expect(other.keys.kcom).toEqual(record.keys.kcom)
  })

  it('notices a cut at every byte of a small record', async () => {
    const record = await sealRecord(pattern(7), { p })
    for (let end = 0; end < record.payload.byteLength; end++) {
      const opened = await open(record.payload.subarray(0, end), record, 7)
      expect(opened, `${end}`).toEqual({
        bytes: new Uint8Array(0),
        failure: 'DecryptionFailedError'
      })
    }
  })

  it.each([0, 1, 4, 5])('notices a cut after chunk %i', async (chunks) => {
    const record = await sealRecord(content, { p })
    for (const end of [chunkAt(chunks), chunkAt(chunks) + 1, chunkAt(chunks) + 16]) {
      const opened = await open(record.payload.subarray(0, end), record, length)
      expect(opened.failure, `${end}`).toBe('DecryptionFailedError')
      expect(opened.bytes.byteLength, `${end}`).toBe(Math.min(chunks * CHUNK, length))
    }
  })

  it.each([1, 15, 16, 17, SEALED])('notices %i bytes after the end', async (more) => {
    for (const record of [await sealRecord(content, { p }), await sealRecord(pattern(7), { p })]) {
      const longer = concat(record.payload, new Uint8Array(more))
      const opened = await open(longer, record, record.facts.length, 1_000)

      expect(opened.failure).toBe('DecryptionFailedError')
      expect(opened.bytes.byteLength % CHUNK, 'the last content is kept back').toBe(0)
    }
  })

  it('gives the last content only once the stream has ended', async () => {
    const record = await sealRecord(pattern(7), { p })
    async function* thenFails() {
      yield record.payload
      throw new RangeError('connection lost')
    }

    const opened = await drain(openPayload(thenFails(), record.keys, 7, p))
    expect(opened).toEqual({ bytes: new Uint8Array(0), failure: 'RangeError' })
  })

  it('notices every flipped byte of a small file', async () => {
    const record = await sealRecord(pattern(7), { sealed: true, p })
    const meta = { name: 'n', mime: 'm', length: 7, sha256: record.facts.sha256 }
    const sealedMeta = sealMeta(meta, record.header, record.keys, filled(4, 24), p)
    const file = concat(
      encodeKwdPrefix(record.header, record.keys.kcom, sealedMeta),
      record.payload
    )
    const read = async (bytes: Uint8Array) => {
      const { header, kcom, meta, payloadAt } = decodeKwdPrefix(bytes)
      const keys = unlock(header, kcom, secretOf(1), secretOf(3), p)
      const { length } = openMeta(meta, header, keys, p)
      return await drain(openPayload(each(bytes.subarray(payloadAt)), keys, length, p))
    }
    expect(await read(file)).toEqual({ bytes: pattern(7), failure: undefined })

    let detected = 0
    for (let i = 0; i < file.byteLength; i++) {
      const flipped = file.slice()
      flipped[i] = (flipped[i] as number) ^ 0x10
      const result = await read(flipped).catch((err: Error) => ({
        bytes: new Uint8Array(0),
        failure: err.name
      }))
      if (result.failure != null && result.bytes.byteLength === 0) detected++
    }
    expect(detected).toBe(file.byteLength)
  })
})

describe('opening a payload that its writer forged', () => {
  const keys = keysFor(makeHeader(filled(2), { sealed: false }), p) // so every tag is right
  const content = pattern(CHUNK + 5)
  const padded = concat(content, new Uint8Array(padme(content.byteLength) - content.byteLength))
  const first = padded.subarray(0, CHUNK)
  const second = padded.subarray(CHUNK)
  const nonzero = second.slice()
  nonzero[nonzero.byteLength - 1] = 1
  const early = second.slice()
  early[5] = 1

  it('opens what an honest writer made', async () => {
    const opened = await open(sealChunks(keys, [first, second]), { keys }, content.byteLength)

    expect(opened.failure).toBeUndefined()
    expect(equalBytes(opened.bytes, content)).toBe(true)
  })

  it.each([
    ['an empty last chunk', [first, second, new Uint8Array(0)]],
    ['an empty last chunk in place of the padding', [first, new Uint8Array(0)]],
    ['no padding', [first, second.subarray(0, 5)]],
    ['less padding', [first, second.subarray(0, -1)]],
    ['more padding', [first, concat(second, new Uint8Array(1))]],
    ['the padding of a larger record', [first, concat(second, new Uint8Array(4 * KIB))]],
    ['padding that ends in a one', [first, nonzero]],
    ['padding that begins with a one', [first, early]],
    ['chunks of another size', [padded.subarray(0, 32 * KIB), padded.subarray(32 * KIB)]],
    ['a chunk too many', [first, second, first]],
    ['all in one chunk', [padded]],
    ['only its first chunk', [first]],
    ['nothing', []]
  ])('refuses %s', async (_, chunks) => {
    const opened = await open(sealChunks(keys, chunks), { keys }, content.byteLength)

    expect(opened.failure).toBe('DecryptionFailedError')
  })

  it('refuses a last flag on an earlier chunk, and none on the last', async () => {
    const none = new Uint8Array(0)
    const seal = (chunk: Uint8Array, i: number, last: boolean) =>
      p.chachaSeal(keys.payload, chunkNonce(i, last), none, chunk)
    const cases = [
      [seal(first, 0, true), seal(second, 1, true)],
      [seal(first, 0, false), seal(second, 1, false)],
      [seal(first, 1, false), seal(second, 0, true)]
    ]

    for (const [i, chunks] of cases.entries()) {
      const opened = await open(concat(...chunks), { keys }, content.byteLength)
      expect(opened.failure, `case ${i}`).toBe('DecryptionFailedError')
    }
  })

  it('refuses a length of another size class, and a shorter one of the same', async () => {
    const payload = sealChunks(keys, [first, second])
    for (const length of [7, CHUNK, content.byteLength - 1, padded.byteLength + 1]) {
      const opened = await open(payload, { keys }, length)
      expect(opened.failure, `${length}`).toBe('DecryptionFailedError')
    }
  })

  it('refuses a length beyond 2^40 before it reads', async () => {
    await expect(collect(openPayload(each(), keys, 2 ** 41, p))).rejects.toMatchObject({
      name: 'InvalidParametersError'
    })
  })

  it('checks padding that fills whole chunks', async () => {
    const length = 64 * CHUNK + 1 // pads to 66 chunks
    const chunks = Array.from({ length: padme(length) / CHUNK }, (_, i) =>
      i < 64 ? filled(i + 1, CHUNK) : new Uint8Array(CHUNK)
    )
    expect(chunks.length).toBe(66)
    expect((await open(sealChunks(keys, chunks), { keys }, length)).failure).toBeUndefined()

    const dirty = chunks.with(65, filled(1, CHUNK))
    const opened = await open(sealChunks(keys, dirty), { keys }, length)
    expect(opened.failure).toBe('DecryptionFailedError')
  })
})
