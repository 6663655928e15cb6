/**
 * Sizes of kad-dht's messages as protobuf encodes them (message/dht.proto), with the length before
 * each, for nodes that calibrate has grown: ids are Ed25519 keys, each with one memory address.
 * @module
 */
/** Identity multihash of an Ed25519 public key. */
const PEER_ID_BYTES = 38
/** A multihash of SHA2-256. */
const KEY_BYTES = 34
/** Tag and length of a field below 128 bytes. */
const FIELD = 2
/** The type, and the length of the whole. */
const TYPE_AND_LENGTH = 3
/** "/memory/": code and length; then eight hex digits, a hyphen and the index (grow.ts). */
const ADDRESS_BYTES = 2 + 1 + 9

export const requestBytes = (): number => TYPE_AND_LENGTH + FIELD + KEY_BYTES

/** `nodes` of the network give the length of an index. */
export function answerBytes(entries: number, nodes: number): number {
  const address = FIELD + ADDRESS_BYTES + String(nodes - 1).length
  const length = entries > 1 ? 1 : 0
  return TYPE_AND_LENGTH + length + entries * (FIELD + FIELD + PEER_ID_BYTES + address)
}
