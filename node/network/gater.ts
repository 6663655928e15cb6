/**
 * Who may connect, decided by PeerId once it is proven, and for light nodes also which addresses
 * may be dialled at all (a page reaches its paired clinics and nobody else). Node's default allows
 * everything, the browser's no private address (P2P.md §9), so both get this one.
 * @module
 */
import type { ConnectionGater, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface GaterInit {
  /** @default everyone */
  readonly allow?: (peer: PeerId) => boolean | Promise<boolean>
  /** PeerIds that are refused whatever `allow` says; may change while the node runs. */
  readonly deny?: ReadonlySet<string>
  /** Addresses that may be dialled. @default all */
  readonly dialOnly?: (address: Multiaddr) => boolean
}

export function connectionGater(init: GaterInit = {}): ConnectionGater {
  const denied = async (peer: PeerId): Promise<boolean> => {
    if (init.deny?.has(peer.toString())) return true
    return init.allow != null && !(await init.allow(peer))
  }
  return {
    denyDialPeer: denied,
    denyDialMultiaddr: (address) => init.dialOnly != null && !init.dialOnly(address),
    denyInboundEncryptedConnection: denied,
    denyOutboundEncryptedConnection: denied,
    denyInboundRelayReservation: denied,
    denyOutboundRelayedConnection: async (source, destination) =>
      (await denied(source)) || (await denied(destination)),
    denyInboundRelayedConnection: (_relay, peer) => denied(peer)
  }
}
