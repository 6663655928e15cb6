/**
 * Goal 5 of PERFORMANCE.md §7 without storage: MB of a container sealed and opened per CPU second,
 * against a bare loop that does the same cipher and hash, keeps its output and nothing else. Both
 * sides in one run, interleaved, one ratio per adjacent pair.
 * A plain program: `node test/bench/container.bench.ts [MiB] [repeats] [piece KiB]`, JSON lines.
 * @module
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  randomBytes
} from 'node:crypto'
import { loadavg } from 'node:os'
import { deriveKeys, makeHeader, type UnlockedKeys, unlock } from '../../core/container.ts'
import { chunkNonce, openPayload, sealPayload } from '../../core/container-payload.ts'
import { recordSecret } from '../../core/ids.ts'
import { CHUNK_BYTES } from '../../core/limits.ts'
import { noblePrimitives } from '../../core/noble.ts'
import type { Primitives } from '../../core/primitives.ts'
import { nativePrimitives } from '../../node/crypto/native.ts'

const [mib = 64, repeats = 7, pieceKib = 256] = process.argv.slice(2).map(Number)
const record = randomBytes(mib * 2 ** 20)
const piecesOf = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.byteLength / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size)
  )
const pieces = piecesOf(record, pieceKib * 1024)
const given = async function* (all: readonly Uint8Array[]) {
  yield* all
}

const secret = recordSecret(new Uint8Array(randomBytes(32)))
const header = makeHeader(new Uint8Array(randomBytes(32)), { sealed: false })
const keysOf = (p: Primitives): UnlockedKeys =>
  unlock(header, deriveKeys(header, secret, undefined, p).kcom, secret, undefined, p)

/** As into a store that has written each piece before it takes the next. */
async function ourSealReusing(p: Primitives): Promise<number> {
  const { payload, done } = sealPayload(given(pieces), keysOf(p), p, { reusePieces: true })
  let size = 0
  for await (const piece of payload) size += piece.byteLength
  await done
  return size
}

async function ourSeal(p: Primitives): Promise<Uint8Array[]> {
  const { payload, done } = sealPayload(given(pieces), keysOf(p), p)
  const kept: Uint8Array[] = []
  for await (const piece of payload) kept.push(piece)
  await done
  return kept
}

async function ourOpen(p: Primitives, sealed: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const kept: Uint8Array[] = []
  const digest = p.sha256Stream() // as a reader does, who compares with the meta map
  for await (const plain of openPayload(given(sealed), keysOf(p), record.byteLength, p)) {
    digest.update(plain)
    kept.push(plain)
  }
  digest.digest()
  return kept
}

const key = createSecretKey(randomBytes(32))
const options = { authTagLength: 16 }

function boundSeal(keep = true): [Uint8Array, Uint8Array][] {
  const digest = createHash('sha256')
  const kept: [Uint8Array, Uint8Array][] = []
  const chunks = Math.ceil(record.byteLength / CHUNK_BYTES)
  for (let i = 0; i < chunks; i++) {
    const chunk = record.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)
    const cipher = createCipheriv(
      'chacha20-poly1305',
      key,
      chunkNonce(i, i === chunks - 1),
      options
    )
    const out = cipher.update(chunk)
    cipher.final()
    const tag = cipher.getAuthTag()
    if (keep) kept.push([out, tag])
    digest.update(chunk)
  }
  digest.digest()
  return kept
}

function boundOpen(sealed: readonly [Uint8Array, Uint8Array][]): Uint8Array[] {
  const digest = createHash('sha256')
  const kept: Uint8Array[] = []
  for (const [i, [chunk, tag]] of sealed.entries()) {
    const nonce = chunkNonce(i, i === sealed.length - 1)
    const decipher = createDecipheriv('chacha20-poly1305', key, nonce, options)
    decipher.setAuthTag(tag)
    const plain = decipher.update(chunk)
    decipher.final()
    digest.update(plain)
    kept.push(plain)
  }
  digest.digest()
  return kept
}

/** MB (10^6 bytes) per CPU second, garbage collection included. */
async function rate(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return record.byteLength / (user + system)
}

const spread = (values: readonly number[]) => {
  const sorted = values.toSorted((a, b) => a - b)
  const round = (n: number | undefined) => Number((n ?? Number.NaN).toPrecision(3))
  return {
    min: round(sorted[0]),
    median: round(sorted[Math.floor(sorted.length / 2)]),
    max: round(sorted.at(-1))
  }
}

async function compare(name: string, ours: () => unknown, bound: () => unknown): Promise<void> {
  for (let i = 0; i < 2; i++) await rate(ours).then(() => rate(bound))
  const [a, b]: [number[], number[]] = [[], []]
  for (let i = 0; i < repeats; i++) {
    a.push(await rate(ours))
    b.push(await rate(bound))
  }
  const line = {
    name,
    mbPerCpuSecond: spread(a).median,
    boundMbPerCpuSecond: spread(b).median,
    ratio: spread(a.map((rate, i) => rate / (b[i] as number)))
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const sealed = await ourSeal(nativePrimitives)
const boundSealed = boundSeal()
process.stdout.write(
  `${JSON.stringify({ mib, repeats, pieceKib, primitives: nativePrimitives.name, node: process.version, load: loadavg()[0] })}\n`
)
await compare(
  'seal',
  () => ourSeal(nativePrimitives),
  () => boundSeal()
)
await compare(
  'seal, no output kept',
  () => ourSealReusing(nativePrimitives),
  () => boundSeal(false)
)
await compare(
  'open',
  () => ourOpen(nativePrimitives, sealed),
  () => boundOpen(boundSealed)
)
if (process.argv.includes('noble'))
  await compare(
    'seal, noble',
    () => ourSeal(noblePrimitives),
    () => boundSeal()
  )
