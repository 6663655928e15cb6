/**
 * A PeerId as people read it: base58btc of its bytes, as libp2p prints Ed25519 ids (12D3KooW…).
 * @module
 */
import { multiaddr } from '@multiformats/multiaddr'
import { base58btc } from 'multiformats/bases/base58'
import { InvalidParametersError } from '../../core/errors.ts'
import { type PeerIdBytes, peerIdBytes } from '../../core/ids.ts'

export const peerText = (peer: PeerIdBytes): string => base58btc.baseEncode(peer)

/** @throws InvalidParametersError if it is no Ed25519 PeerId */
export function peerFromText(text: string): PeerIdBytes {
  let bytes: Uint8Array
  try {
    bytes = base58btc.baseDecode(text)
  } catch (err) {
    throw new InvalidParametersError('"peer" expected a peer id (12D3KooW…)', { cause: err })
  }
  return peerIdBytes(bytes)
}

/** A multiaddr's bytes from its text, as manifests and cards carry it. @throws InvalidParametersError */
export function addrBytes(text: string): Uint8Array {
  try {
    return multiaddr(text).bytes
  } catch (err) {
    throw new InvalidParametersError('"address" expected a multiaddr', { cause: err })
  }
}

export const addrText = (bytes: Uint8Array): string => multiaddr(bytes).toString()
