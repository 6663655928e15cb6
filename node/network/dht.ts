/**
 * Keyward's own Kademlia network: kad-dht under our protocol name, with quotas for what peers store
 * in it (quota.ts). Values are refused altogether, since we publish none; provider records stay.
 * `allowQueryWithZeroPeers` is never set: with it a lonely node "provides" to nobody in 2 ms.
 * @module
 */
import {
  type KadDHTComponents,
  kadDHT,
  passthroughMapper,
  type SingleKadDHT
} from '@libp2p/kad-dht'
import { InvalidMessageError } from '../../core/errors.ts'
import { DHT_STREAMS_IN, DHT_STREAMS_OUT } from '../../core/limits.ts'
import type { Clock } from '../../protocols/framing.ts'
import { limitMessages, providerQuota, type QuotaInit } from './quota.ts'

export const DHT_PROTOCOL = '/keyward/kad/1.0.0'

export interface DhtInit {
  /** Answer queries of others; light nodes only ask. */
  readonly server: boolean
  readonly clock: Clock
  /** @default SECURITY.md §12 */
  readonly quota?: Omit<QuotaInit, 'self' | 'clock'>
}

/** Queries wait for the first of these; a second would be most of a short command's time. */
const FIRST_SELF_QUERY_MS = 50

export const keywardDht =
  (init: DhtInit) =>
  (components: KadDHTComponents): SingleKadDHT => {
    const self = components.peerId.toString()
    const parts: Partial<KadDHTComponents> = {
      datastore: providerQuota(components.datastore, { self, clock: init.clock, ...init.quota }),
      registrar: limitingRegistrar(components.registrar)
    }
    const limited = new Proxy(components, {
      get: (target, name) => parts[name as keyof KadDHTComponents] ?? Reflect.get(target, name)
    })
    const dht = kadDHT({
      protocol: DHT_PROTOCOL,
      clientMode: !init.server,
      peerInfoMapper: passthroughMapper, // the default drops private addresses: a hospital's LAN
      initialQuerySelfInterval: FIRST_SELF_QUERY_MS,
      maxInboundStreams: DHT_STREAMS_IN,
      maxOutboundStreams: DHT_STREAMS_OUT,
      validators: { pk: refuseValue },
      reprovide: { concurrency: 1 } // others take PROVIDERS_PER_SECOND from us
    })(limited)
    return dht as SingleKadDHT // what kadDHT returns, with the size of its table
  }

function refuseValue(): never {
  throw new InvalidMessageError('this DHT stores no values')
}

type Registrar = KadDHTComponents['registrar']

/** Every stream of the protocol is counted before kad-dht sees its first message. */
function limitingRegistrar(registrar: Registrar): Registrar {
  const handle: Registrar['handle'] = (protocol, handler, options) =>
    registrar.handle(
      protocol,
      (stream, connection) => {
        limitMessages(stream)
        return handler(stream, connection)
      },
      options
    )
  return new Proxy(registrar, {
    get(target, name) {
      if (name === 'handle') return handle
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    }
  })
}
