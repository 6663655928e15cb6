/**
 * The libp2p options of a daemon: transports, limits and services, under our own names so that no
 * IPFS node takes us for one of its own. Options, not a node: Helia makes the node from them
 * (storage/helia.ts). Figures are SECURITY.md §12's; why each default goes is P2P.md §4, §5.
 * @module
 */
import { bootstrap } from '@libp2p/bootstrap'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { ConnectionGater, ServiceMap } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { defaultCrypto } from '@libp2p/noise/crypto'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import type { Libp2pOptions, ServiceFactoryMap } from 'libp2p'
import { assertBytes } from '../../core/bytes.ts'
import {
  ADDRS_PER_PEER,
  CONNECTIONS_DAEMON,
  CONNECTIONS_LIGHT,
  DIAL_MAX_MS,
  INBOUND_PENDING,
  INBOUND_PER_SECOND,
  NEGOTIATION_MAX_MS,
  PEER_KEPT_MS,
  STREAM_WINDOW_BYTES
} from '../../core/limits.ts'
import type { Clock } from '../../protocols/framing.ts'
import { untraced } from '../crypto/untraced.ts'
import type { DhtInit } from './dht.ts'
import { type NetworkServices, networkServices, PREFIX, relayServer } from './services.ts'

export interface NetworkInit<S extends ServiceMap> {
  /** The 32-byte Ed25519 private key behind the PeerId. */
  readonly seed: Uint8Array
  /** Clinics answer DHT queries and relay for others; light nodes do neither. */
  readonly profile: 'clinic' | 'light'
  readonly clock: Clock
  /** Multiaddrs to listen on, tcp and ws. */
  readonly listen: readonly string[]
  /** Gossip topics. */
  readonly topics: readonly string[]
  /** Our own protocols: factories that take libp2p's components. */
  readonly services: ServiceFactoryMap<S>
  /** Multiaddrs to tell others. @default those that libp2p listens on */
  readonly announce?: readonly string[]
  /** Multiaddrs of nodes to join by. @default none */
  readonly bootstrap?: readonly string[]
  /** Who may connect (gater.ts). @default everyone */
  readonly gater?: ConnectionGater
  /** @default TCP, WebSockets and circuits through relays */
  readonly transports?: NonNullable<Libp2pOptions['transports']>
  /** @default CONNECTIONS_DAEMON, CONNECTIONS_LIGHT */
  readonly maxConnections?: number
  /** Connections that one host may open in a second. @default INBOUND_PER_SECOND */
  readonly inboundPerSecond?: number
  /**
   * Wanted connections that are dialled anew at once when they are lost; 0: none. Where
   * `maxConnections` is below the 20 peers that kad-dht wants to keep, each is closed and dialled
   * for ever.
   * @default 5
   */
  readonly reconnects?: number
  /** @default INBOUND_PENDING */
  readonly inboundPending?: number
  /** Multiaddrs that connection limits spare: clinics behind one address. @default none */
  readonly allow?: readonly string[]
  /** Ping connections; for 100 nodes in one process that is a quarter of a core. @default true */
  readonly monitor?: boolean
  /** What peers may store in the DHT. @default SECURITY.md §12 */
  readonly quota?: NonNullable<DhtInit['quota']>
  /** @default kad-dht's own */
  readonly dht?: NonNullable<DhtInit['tuning']>
  /** Who counts what happens, such as an exporter for Prometheus. @default nobody */
  readonly metrics?: NonNullable<Libp2pOptions['metrics']>
}

/** Each message is sealed and opened under a key that is given as bytes. */
const noiseCrypto = {
  ...defaultCrypto,
  chaCha20Poly1305Encrypt: untraced(defaultCrypto.chaCha20Poly1305Encrypt),
  chaCha20Poly1305Decrypt: untraced(defaultCrypto.chaCha20Poly1305Decrypt)
}

/** Options for `createStorage`. @throws InvalidParametersError if the seed is not 32 bytes */
export async function libp2pOptions<S extends ServiceMap>(
  init: NetworkInit<S>
): Promise<Libp2pOptions<S & NetworkServices>> {
  const seed = assertBytes(init.seed, 32, 'seed')
  const clinic = init.profile === 'clinic'
  const known = [...(init.bootstrap ?? [])]
  const { clock, quota, topics, dht: tuning } = init
  const dht = {
    server: clinic,
    clock,
    ...(quota != null && { quota }),
    ...(tuning != null && { tuning })
  }
  return {
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    nodeInfo: { name: 'keyward', userAgent: 'keyward' }, // strangers learn no versions
    addresses: { listen: [...init.listen], announce: [...(init.announce ?? [])] },
    transports: init.transports ?? [tcp(), webSockets(), circuitRelayTransport()],
    connectionEncrypters: [noise({ crypto: noiseCrypto })],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES } })],
    peerDiscovery: known.length === 0 ? [] : [bootstrap({ list: known, timeout: 0 })],
    connectionMonitor: { ...PREFIX, enabled: init.monitor ?? true },
    connectionGater: init.gater ?? {},
    connectionManager: {
      maxConnections: init.maxConnections ?? (clinic ? CONNECTIONS_DAEMON : CONNECTIONS_LIGHT),
      inboundConnectionThreshold: init.inboundPerSecond ?? INBOUND_PER_SECOND,
      maxIncomingPendingConnections: init.inboundPending ?? INBOUND_PENDING,
      inboundUpgradeTimeout: NEGOTIATION_MAX_MS,
      inboundStreamProtocolNegotiationTimeout: NEGOTIATION_MAX_MS,
      outboundStreamProtocolNegotiationTimeout: NEGOTIATION_MAX_MS,
      dialTimeout: DIAL_MAX_MS,
      ...(init.reconnects != null && { maxParallelReconnects: init.reconnects }),
      maxPeerAddrsToDial: 2 * ADDRS_PER_PEER,
      allow: [...(init.allow ?? [])]
    },
    // Provider records live 48 h; addresses that are forgotten after 1 h would make them useless.
    peerStore: { maxAddressAge: PEER_KEPT_MS, maxPeerAge: PEER_KEPT_MS },
    ...(init.metrics != null && { metrics: init.metrics }),
    services: {
      ...networkServices({ dht, topics }),
      ...(clinic && { relay: relayServer() }),
      ...init.services
    } as ServiceFactoryMap<S & NetworkServices>
  }
}
