/**
 * Goal 5 of PERFORMANCE.md §7 without storage: MB of a container sealed and opened per CPU second,
 * in memory, against a bare loop that does the same cipher and one hash, keeps its output and does
 * nothing else.
 * @module
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  randomBytes
} from 'node:crypto'
import { deriveKeys, makeHeader, type UnlockedKeys, unlock } from '../../core/container.ts'
import { chunkNonce, openPayload, sealPayload } from '../../core/container-payload.ts'
import { recordSecret } from '../../core/ids.ts'
import { CHUNK_BYTES } from '../../core/limits.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import {
  type BenchOptions,
  costOf,
  inTurns,
  mbPerCpuSecond,
  pairedRow,
  type Row,
  repeatsOf,
  seededBytes
} from './measure.ts'

export const name = 'container'

const MIB = 1_024 * 1_024
/** As a file gives them. */
const PIECE_BYTES = MIB
const CIPHER = 'chacha20-poly1305'
const TAGGED = { authTagLength: 16 }

const key = createSecretKey(randomBytes(32))
const secret = recordSecret(new Uint8Array(randomBytes(32)))
const header = makeHeader(new Uint8Array(randomBytes(32)), { sealed: false })
const keys = (): UnlockedKeys =>
  unlock(header, deriveKeys(header, secret, undefined, p).kcom, secret, undefined, p)

type Sealed = readonly [chunk: Uint8Array, tag: Uint8Array]

export async function run(options: BenchOptions): Promise<readonly Row[]> {
  const mib = options.quick ? 4 : 64
  const record = Buffer.concat([...seededBytes(options.seed, mib * MIB)])
  const sealed = await seal(record, false)
  const boundSealed = sealBound(record, true)
  const rate = (work: () => unknown) => async () =>
    mbPerCpuSecond(record.byteLength, await costOf(work))
  const rates = await inTurns(repeatsOf(options), {
    seal: rate(() => seal(record, false)),
    sealBound: rate(() => sealBound(record, true)),
    reusing: rate(() => seal(record, true)),
    droppingBound: rate(() => sealBound(record, false)),
    open: rate(() => open(record, sealed)),
    openBound: rate(() => openBound(boundSealed))
  })
  const unit = 'MB/cpu-s'
  const row = (what: string, ours: readonly number[], bound: readonly number[]) =>
    pairedRow({ what, unit, goal: { atLeast: 0.6 }, target: 0.8 }, ours, bound)
  return [
    row(`seal ${mib} MiB / cipher + hash`, rates.seal, rates.sealBound),
    row(`seal ${mib} MiB, no output kept`, rates.reusing, rates.droppingBound),
    row(`open ${mib} MiB / decipher + hash`, rates.open, rates.openBound)
  ]
}

async function seal(record: Uint8Array, reusePieces: boolean): Promise<Uint8Array[]> {
  const { payload, done } = sealPayload(piecesOf(record), keys(), p, { reusePieces })
  const kept: Uint8Array[] = []
  for await (const piece of payload) if (!reusePieces) kept.push(piece)
  await done
  return kept
}

async function open(record: Uint8Array, sealed: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const kept: Uint8Array[] = []
  const digest = p.sha256Stream() // as a reader does, who compares with the meta map
  for await (const plain of openPayload(given(sealed), keys(), record.byteLength, p)) {
    digest.update(plain)
    kept.push(plain)
  }
  digest.digest()
  return kept
}

function sealBound(record: Uint8Array, keep: boolean): Sealed[] {
  const digest = createHash('sha256')
  const kept: Sealed[] = []
  const chunks = Math.ceil(record.byteLength / CHUNK_BYTES)
  for (let i = 0; i < chunks; i++) {
    const chunk = record.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)
    const cipher = createCipheriv(CIPHER, key, chunkNonce(i, i === chunks - 1), TAGGED)
    const out = cipher.update(chunk)
    cipher.final()
    const tag = cipher.getAuthTag()
    if (keep) kept.push([out, tag])
    digest.update(chunk)
  }
  digest.digest()
  return kept
}

function openBound(sealed: readonly Sealed[]): Uint8Array[] {
  const digest = createHash('sha256')
  const kept: Uint8Array[] = []
  for (const [i, [chunk, tag]] of sealed.entries()) {
    const nonce = chunkNonce(i, i === sealed.length - 1)
    const decipher = createDecipheriv(CIPHER, key, nonce, TAGGED)
    decipher.setAuthTag(tag)
    const plain = decipher.update(chunk)
    decipher.final()
    digest.update(plain)
    kept.push(plain)
  }
  digest.digest()
  return kept
}

async function* piecesOf(record: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < record.byteLength; at += PIECE_BYTES) {
    yield record.subarray(at, at + PIECE_BYTES)
  }
}

async function* given(all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all
}
