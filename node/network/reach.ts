/**
 * Reaching people by the ids that manifests, cards and capsules carry (38-byte PeerIds, multiaddrs
 * as bytes): what verbs see of the network.
 * @module
 */
import type { AbortOptions, Connection, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import { type PeerIdBytes, peerIdBytes } from '../../core/ids.ts'
import { ADDRS_PER_PEER } from '../../core/limits.ts'
import { peerText } from '../keys/peer-text.ts'
import type { ConnectedPeer, Reach } from '../node.ts'
import type { Routing, RoutingComponents } from './routing.ts'

export const toPeerId = (peer: PeerIdBytes): PeerId => peerIdFromString(peerText(peer))
export const fromPeerId = (peer: PeerId): PeerIdBytes => peerIdBytes(peer.toMultihash().bytes)

export interface ReachInit {
  readonly libp2p: RoutingComponents['libp2p'] & {
    getMultiaddrs(): { readonly bytes: Uint8Array }[]
    getConnections(peer?: PeerId): Connection[]
  }
  readonly routing: Routing
  /** Where a peer was when we last saw its card. */
  readonly addrsOf: (peer: PeerIdBytes) => readonly Uint8Array[]
}

export function reach({ libp2p, routing, addrsOf }: ReachInit): Reach {
  return {
    async peer(peer, addrs = [], options: AbortOptions = {}) {
      const id = toPeerId(peer)
      const known = [...addrs, ...addrsOf(peer)].map((bytes) => multiaddr(bytes))
      await routing.connect({ peer: id, addrs: known }, options)
      return id
    },
    async providers(cid: CID, options: AbortOptions = {}) {
      const found: PeerIdBytes[] = []
      for await (const { peer, addrs } of routing.findProviders(cid, options)) {
        await libp2p.peerStore.merge(peer, { multiaddrs: [...addrs] })
        found.push(fromPeerId(peer))
      }
      return found
    },
    addresses: () =>
      libp2p
        .getMultiaddrs()
        .slice(0, ADDRS_PER_PEER)
        .map(({ bytes }) => bytes),
    connected: () =>
      libp2p.getConnections().map(
        (connection): ConnectedPeer => ({
          peer: fromPeerId(connection.remotePeer),
          addrs: [connection.remoteAddr.toString()],
          direction: connection.direction
        })
      )
  }
}
