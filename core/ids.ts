/**
 * Branded ids and secrets, and the only casts that make them. A maker checks the length, so that
 * whoever holds a `RecordId` holds 32 bytes. Lengths are SECURITY.md §3's.
 * @module
 */
import { assertBytes } from './bytes.ts'
import { InvalidParametersError } from './errors.ts'

declare const brand: unique symbol
type Branded<Name extends string> = Uint8Array & { readonly [brand]: Name }

/** 32 random bytes that name a record for life. */
export type RecordId = Branded<'RecordId'>
/** keccak256(abi(owner, openingHash)): the slot of a grant. */
export type GrantId = Branded<'GrantId'>
/** 20 bytes. */
export type Address = Branded<'Address'>
/** An Ed25519 PeerId as libp2p writes it, 38 bytes: 002408011220 ‖ key. */
export type PeerIdBytes = Branded<'PeerIdBytes'>
/** Any 32-byte hash: contentHash, custodyHash, openingHash, anchor, recordKey, block hash … */
export type Hash = Branded<'Hash'>
/** S_c or S_o: 32 secret bytes, fresh for each record version. */
export type RecordSecret = Branded<'RecordSecret'>
/** y(32) ‖ x(1): one share of a record secret. */
export type Share = Branded<'Share'>
/** X-Wing public key, 1,216 bytes. */
export type KemPublicKey = Branded<'KemPublicKey'>
/** X-Wing private seed, 32 bytes. */
export type KemSeed = Branded<'KemSeed'>
/** The root of all keys of one person or node, 32 random bytes. */
export type RootSecret = Branded<'RootSecret'>
/** CK: 32 secret bytes between one owner and one custodian; wraps dealt shares (SECURITY.md §5). */
export type CustodyKey = Branded<'CustodyKey'>
/** 32 secret bytes from which the scope tags of one chart are made (SECURITY.md §5). */
export type ChartKey = Branded<'ChartKey'>

export const ADDRESS_BYTES = 20
export const PEER_ID_BYTES = 38
export const HASH_BYTES = 32
export const SHARE_BYTES = 33
export const KEM_PUBLIC_KEY_BYTES = 1_216

export const recordId = (b: Uint8Array): RecordId => assertBytes(b, 32, 'recordId') as RecordId
export const grantId = (b: Uint8Array): GrantId => assertBytes(b, 32, 'grantId') as GrantId
export const address = (b: Uint8Array): Address =>
  assertBytes(b, ADDRESS_BYTES, 'address') as Address
export const hash = (b: Uint8Array, name = 'hash'): Hash => assertBytes(b, HASH_BYTES, name) as Hash
export const recordSecret = (b: Uint8Array): RecordSecret =>
  assertBytes(b, 32, 'recordSecret') as RecordSecret
export const share = (b: Uint8Array): Share => assertBytes(b, SHARE_BYTES, 'share') as Share
export const kemPublicKey = (b: Uint8Array): KemPublicKey =>
  assertBytes(b, KEM_PUBLIC_KEY_BYTES, 'kem') as KemPublicKey
export const kemSeed = (b: Uint8Array): KemSeed => assertBytes(b, 32, 'kemSeed') as KemSeed
export const rootSecret = (b: Uint8Array): RootSecret => assertBytes(b, 32, 'root') as RootSecret
export const custodyKey = (b: Uint8Array): CustodyKey => assertBytes(b, 32, 'ck') as CustodyKey
export const chartKey = (b: Uint8Array): ChartKey => assertBytes(b, 32, 'chartKey') as ChartKey

const ED25519_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

/** @throws InvalidParametersError unless it is an Ed25519 PeerId in identity-hash form */
export function peerIdBytes(b: Uint8Array): PeerIdBytes {
  assertBytes(b, PEER_ID_BYTES, 'peerId')
  if (!ED25519_PREFIX.every((byte, i) => b[i] === byte)) {
    throw new InvalidParametersError('"peerId" expected an Ed25519 identity PeerId')
  }
  return b as PeerIdBytes
}

/** The PeerId of an Ed25519 public key (32 bytes). */
export const peerIdOf = (publicKey: Uint8Array): PeerIdBytes => {
  const out = new Uint8Array(PEER_ID_BYTES)
  out.set(ED25519_PREFIX)
  out.set(assertBytes(publicKey, 32, 'publicKey'), ED25519_PREFIX.length)
  return out as Uint8Array as PeerIdBytes
}

/** The Ed25519 public key inside a PeerId (32 bytes). */
export const publicKeyOf = (peer: PeerIdBytes): Uint8Array => peer.subarray(ED25519_PREFIX.length)
