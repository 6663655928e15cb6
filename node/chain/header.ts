/**
 * Turns a header that an endpoint claims into one that is proven: its fields are RLP-encoded here
 * and must hash to the hash that q endpoints agreed on (check 14). Block structure: Ethereum's
 * yellow paper §4.4 and EIP-1559, 4895, 4844, 4788, 7685. The only maker of `VerifiedHeader`.
 * @module
 */
import { RLP } from '@ethereumjs/rlp'
import { equalBytes, toHex0x, wordBytes } from '../../core/bytes.ts'
import { InvalidProofError } from '../../core/errors.ts'
import { type Hash, hash } from '../../core/ids.ts'
import { HEADER_EXTRA_MAX_BYTES, HEADER_MAX_BYTES } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { BlockRef, ClaimedHeader, VerifiedHeader } from '../adapters.ts'
import { dataBytes, quantityBig, quantityHex } from './rpc-values.ts'

type Kind = { readonly data: readonly [min: number, max: number] } | { readonly digits: number }
const data = (length: number): Kind => ({ data: [length, length] })
const uint64: Kind = { digits: 16 }
const uint256: Kind = { digits: 64 }

/** In the order of the RLP list. Those of a later fork follow those of an earlier one. */
const FIELDS: readonly (readonly [name: string, kind: Kind])[] = [
  ['parentHash', data(32)],
  ['sha3Uncles', data(32)],
  ['miner', data(20)],
  ['stateRoot', data(32)],
  ['transactionsRoot', data(32)],
  ['receiptsRoot', data(32)],
  ['logsBloom', data(256)],
  ['difficulty', uint256],
  ['number', uint64],
  ['gasLimit', uint64],
  ['gasUsed', uint64],
  ['timestamp', uint64],
  ['extraData', { data: [0, HEADER_EXTRA_MAX_BYTES] }],
  ['mixHash', data(32)],
  ['nonce', data(8)],
  ['baseFeePerGas', uint256],
  ['withdrawalsRoot', data(32)],
  ['blobGasUsed', uint64],
  ['excessBlobGas', uint64],
  ['parentBeaconBlockRoot', data(32)],
  ['requestsHash', data(32)]
]
/** Fields up to `nonce` are in every header. */
const ALWAYS = 15

/** What JSON-RPC tells beside the header; the hash covers none of it. */
const BESIDE = new Set(['hash', 'size', 'totalDifficulty', 'transactions', 'uncles', 'withdrawals'])
const KNOWN = new Set(FIELDS.map(([name]) => name))

/** RLP positions, to read a header back. */
const AT = { parentHash: 0, stateRoot: 3, number: 8, timestamp: 11 } as const

function encodeField(name: string, kind: Kind, value: string | undefined): Uint8Array {
  if ('data' in kind) return dataBytes(value, name, kind.data[1], kind.data[0])
  const word = wordBytes(quantityBig(value, name, kind.digits))
  const first = word.findIndex((byte) => byte !== 0)
  return first < 0 ? new Uint8Array() : word.subarray(first)
}

/**
 * The RLP of a claimed header.
 * @throws InvalidProofError naming the field that is missing, unknown or badly formed
 */
export function encodeHeader(claim: ClaimedHeader): Uint8Array {
  const unknown = Object.keys(claim).find((name) => !KNOWN.has(name) && !BESIDE.has(name))
  if (unknown != null) {
    throw new InvalidProofError(`header has an unknown field "${unknown.slice(0, 32)}"`)
  }
  const given = FIELDS.filter(([name], i) => i < ALWAYS || claim[name] !== undefined)
  const last = FIELDS[given.length - 1]
  if (given.at(-1)?.[0] !== last?.[0]) {
    throw new InvalidProofError(`header has fields of a later fork, but no "${last?.[0]}"`)
  }
  try {
    const rlp = RLP.encode(given.map(([name, kind]) => encodeField(name, kind, claim[name])))
    if (rlp.byteLength <= HEADER_MAX_BYTES) return rlp
  } catch (err) {
    throw new InvalidProofError('header has a field of another form', { cause: err })
  }
  throw new InvalidProofError(`header expected at most ${HEADER_MAX_BYTES} bytes`)
}

function readNumber(bytes: Uint8Array): number {
  let out = 0
  for (const byte of bytes) out = out * 256 + byte
  if (bytes[0] === 0 || !Number.isSafeInteger(out)) {
    throw new InvalidProofError('header has a number beyond 2^53-1')
  }
  return out
}

/**
 * Reads a header from its RLP and brands it; for headers of receipts too, whose hash is known.
 * @throws InvalidProofError if the bytes are no header, or do not hash to `ref.hash`
 */
export function verifyHeaderRlp(
  rlp: Uint8Array,
  ref: BlockRef,
  p: Pick<Primitives, 'keccak256'>
): VerifiedHeader {
  if (rlp.byteLength > HEADER_MAX_BYTES || !equalBytes(p.keccak256(rlp), ref.hash)) {
    throw new InvalidProofError(`header ${ref.number} does not have the hash that was agreed on`)
  }
  let list: unknown
  try {
    list = RLP.decode(rlp)
  } catch (err) {
    throw new InvalidProofError('header expected RLP', { cause: err })
  }
  if (!Array.isArray(list) || list.length < ALWAYS || list.length > FIELDS.length) {
    throw new InvalidProofError('header expected a list of known fields')
  }
  const at = (index: number): Uint8Array => {
    const value: unknown = list[index]
    if (value instanceof Uint8Array) return value
    throw new InvalidProofError('header expected no list within')
  }
  const number = readNumber(at(AT.number))
  if (number !== ref.number) {
    throw new InvalidProofError(`header expected number ${ref.number}, got ${number}`)
  }
  const header = {
    number,
    hash: ref.hash,
    parentHash: wordOf(at(AT.parentHash)),
    stateRoot: wordOf(at(AT.stateRoot)),
    timeSeconds: readNumber(at(AT.timestamp)),
    rlp
  }
  return header as unknown as VerifiedHeader
}

function wordOf(bytes: Uint8Array): Hash {
  if (bytes.byteLength !== 32) throw new InvalidProofError('header expected hashes of 32 bytes')
  return hash(bytes)
}

/**
 * Proves that a claimed header is the block `ref`.
 * @throws InvalidProofError
 */
export const verifyHeader = (
  claim: ClaimedHeader,
  ref: BlockRef,
  p: Pick<Primitives, 'keccak256'>
): VerifiedHeader => verifyHeaderRlp(encodeHeader(claim), ref, p)

/** The block that a claim names, or undefined if it names none. Still a claim. */
export function claimedRef(claim: ClaimedHeader): BlockRef | undefined {
  try {
    const number = Number(quantityBig(claim['number'], 'number', 13))
    return { number, hash: hash(dataBytes(claim['hash'], 'hash', 32, 32)) }
  } catch {
    return undefined
  }
}

/** The parent that a claim names, or undefined if it names none. Still a claim. */
export function claimedParent(claim: ClaimedHeader): Hash | undefined {
  try {
    return hash(dataBytes(claim['parentHash'], 'parentHash', 32, 32))
  } catch {
    return undefined
  }
}

/** A header as JSON-RPC would tell it, from its RLP fields; what a memory chain's windows give. */
export function claimOf(rlp: Uint8Array, blockHash: Uint8Array): ClaimedHeader {
  const list = RLP.decode(rlp) as Uint8Array[]
  const claim: Record<string, string> = { hash: toHex0x(blockHash) }
  for (const [i, bytes] of list.entries()) {
    const [name, kind] = FIELDS[i] as (typeof FIELDS)[number]
    claim[name] =
      'data' in kind ? toHex0x(bytes) : quantityHex(BigInt(bytes.length ? toHex0x(bytes) : 0))
  }
  return claim
}
