/**
 * Where another node can be dialled, for those whom we tell of it: as its card says, else as we
 * dialled it ourselves; the port of one that dialled us is nobody's address.
 * @module
 */
import { equalBytes } from '../core/bytes.ts'
import type { PeerIdBytes } from '../core/ids.ts'
import { ADDRS_PER_PEER } from '../core/limits.ts'
import { addrBytes } from './keys/peer-text.ts'
import type { Ledger } from './ledger/ledger.ts'
import type { Reach } from './node.ts'

export function addrsSeen(
  peer: PeerIdBytes,
  ledger: Pick<Ledger, 'card'>,
  reach: Pick<Reach, 'connected'>
): readonly Uint8Array[] {
  const told = ledger.card(peer)?.addrs ?? []
  if (told.length > 0) return told
  return reach
    .connected()
    .filter((each) => each.direction === 'outbound' && equalBytes(each.peer, peer))
    .flatMap(({ addrs }) => addrs.map(addrBytes))
    .slice(0, ADDRS_PER_PEER)
}
