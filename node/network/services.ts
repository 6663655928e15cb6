/**
 * The libp2p services that every node has, under Keyward's own names; our protocols are added to
 * them by whoever composes the node (`services` of `libp2pOptions`).
 * @module
 */
import { type CircuitRelayService, circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { type GossipSub, gossipsub } from '@libp2p/gossipsub'
import { type Identify, type IdentifyPush, identify, identifyPush } from '@libp2p/identify'
import type { ServiceMap } from '@libp2p/interface'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import { type Ping, ping } from '@libp2p/ping'
import type { ServiceFactoryMap } from 'libp2p'
import {
  GOSSIP_CONTROL,
  GOSSIP_IHAVE,
  GOSSIP_MESSAGES,
  GOSSIP_RPC_BYTES,
  GOSSIP_SUBSCRIPTIONS,
  RELAY_BYTES,
  RELAY_MAX_MS,
  RELAY_RESERVATIONS
} from '../../core/limits.ts'
import { type DhtInit, keywardDht } from './dht.ts'

/** First part of the names of identify and ping. */
export const PREFIX = { protocolPrefix: 'keyward' }

export interface NetworkServices extends ServiceMap {
  identify: Identify
  identifyPush: IdentifyPush
  ping: Ping
  dht: SingleKadDHT
  pubsub: GossipSub
}

export interface RelayServices extends NetworkServices {
  /** Clinics relay for phones and pages that nobody can dial. */
  relay: CircuitRelayService
}

export interface ServicesInit {
  readonly dht: DhtInit
  /** Gossip topics; messages on others are ignored. */
  readonly topics: readonly string[]
}

export const networkServices = (init: ServicesInit): ServiceFactoryMap<NetworkServices> => ({
  identify: identify(PREFIX),
  identifyPush: identifyPush(PREFIX),
  ping: ping(PREFIX),
  dht: keywardDht(init.dht),
  pubsub: gossipsub({
    allowedTopics: [...init.topics],
    D: 6,
    doPX: false,
    emitSelf: false,
    fallbackToFloodsub: false,
    allowPublishToZeroTopicPeers: true, // announcements are hints: nobody listening is no error
    maxInboundDataLength: GOSSIP_RPC_BYTES,
    decodeRpcLimits: {
      maxSubscriptions: GOSSIP_SUBSCRIPTIONS,
      maxMessages: GOSSIP_MESSAGES,
      maxIhaveMessageIDs: GOSSIP_IHAVE,
      maxIwantMessageIDs: GOSSIP_IHAVE,
      maxIdontwantMessageIDs: GOSSIP_IHAVE,
      maxControlMessages: GOSSIP_CONTROL,
      maxPeerInfos: 0
    }
  })
})

export const relayServer = () =>
  circuitRelayServer({
    reservations: {
      maxReservations: RELAY_RESERVATIONS,
      defaultDurationLimit: RELAY_MAX_MS,
      defaultDataLimit: BigInt(RELAY_BYTES)
    }
  })
