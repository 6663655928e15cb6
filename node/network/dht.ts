/**
 * Keyward's own Kademlia network: kad-dht under our protocol name, with quotas for what peers store
 * in it (quota.ts). Values are refused altogether, since we publish none; provider records stay.
 * `allowQueryWithZeroPeers` is never set: with it a lonely node "provides" to nobody in 2 ms.
 * @module
 */
import {
  type KadDHTComponents,
  type KadDHTInit,
  kadDHT,
  passthroughMapper,
  type SingleKadDHT
} from '@libp2p/kad-dht'
import { InvalidMessageError } from '../../core/errors.ts'
import { DHT_STREAMS_IN, DHT_STREAMS_OUT } from '../../core/limits.ts'
import type { Clock } from '../../protocols/framing.ts'
import { nearTable, TRIE_DEPTH, type Trie, wholeSelfQuery } from './near-table.ts'
import { limitMessages, providerQuota, type QuotaInit } from './quota.ts'

export const DHT_PROTOCOL = '/keyward/kad/1.0.0'

/**
 * What an operator, or a study of the DHT, may set of kad-dht. Paths are not to be lowered over the
 * library's own table: it loses reach where servers are more than it holds (PERFORMANCE.md §4).
 */
export interface DhtTuning {
  /**
   * `near` is the library's table made deep near the node (near-table.ts); `trie` the library's own,
   * to study it.
   * @default near
   */
  readonly table?: 'near' | 'trie'
  /** Size of a bucket and of an answer. @default 20 */
  readonly k?: number
  /** Questions under way at once on a path. @default 8; 10 over `trie` */
  readonly alpha?: number
  /** @default 1; alpha over `trie` */
  readonly disjointPaths?: number
  /** Bits of an id that tell buckets apart; `trie` holds k · 2^bits peers. @default 6 */
  readonly prefixLength?: number
  /** From the start to the first lookup of the own id. @default 50 */
  readonly initialQuerySelfMs?: number
  /** Between further ones. @default 300,000 */
  readonly querySelfMs?: number
  /** At least, for one answer; slow networks raise what is learnt from. @default 5,000 */
  readonly answerMinMs?: number
  /** New contacts that are pinged at once before the table takes them. @default 20 */
  readonly pingsAtOnce?: number
  /** Contacts that wait for that; more are not taken now. @default 100 */
  readonly pingsQueued?: number
}

export interface DhtInit {
  /** Answer queries of others; light nodes only ask. */
  readonly server: boolean
  readonly clock: Clock
  /** @default SECURITY.md §12 */
  readonly quota?: Omit<QuotaInit, 'self' | 'clock'>
  /** @default kad-dht's own, but for the first self-query */
  readonly tuning?: DhtTuning
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
    const { tuning = {} } = init
    const dht = kadDHT({
      protocol: DHT_PROTOCOL,
      clientMode: !init.server,
      peerInfoMapper: passthroughMapper, // the default drops private addresses: a hospital's LAN
      ...tuned(tuning),
      maxInboundStreams: DHT_STREAMS_IN,
      maxOutboundStreams: DHT_STREAMS_OUT,
      validators: { pk: refuseValue },
      reprovide: { concurrency: 1 } // others take PROVIDERS_PER_SECOND from us
    })(limited) as KadDHTWithTable
    if (tuning.table !== 'trie') {
      const { k, prefixLength } = tuning
      nearTable(dht.routingTable.kb, {
        clock: init.clock,
        ...(k != null && { k }),
        ...(prefixLength != null && { prefixLength })
      })
      wholeSelfQuery(dht)
    }
    return dht
  }

/**
 * Over a table that is deep near the node one path finds what ten find, for a quarter of the
 * requests at 10,000 servers and a twelfth at 100,000; eight at a time make up for the rest
 * (docs/research/scaling.md). Over the library's table it would lose its target.
 */
const OVER_NEAR_TABLE = { alpha: 8, disjointPaths: 1, prefixLength: TRIE_DEPTH } as const

/** What kadDHT returns; its types tell of the table's size alone. */
interface KadDHTWithTable extends SingleKadDHT {
  readonly routingTable: SingleKadDHT['routingTable'] & { readonly kb: Trie }
  readonly querySelf: { count: number }
}

/** kad-dht takes what is left out, not what is undefined, for its default. */
function tuned(tuning: DhtTuning): KadDHTInit {
  const { k, querySelfMs, answerMinMs, pingsAtOnce, pingsQueued } = tuning
  const own = tuning.table === 'trie' ? {} : OVER_NEAR_TABLE
  const { alpha, disjointPaths, prefixLength } = { ...tuning, ...own, ...asked(tuning) }
  return {
    initialQuerySelfInterval: tuning.initialQuerySelfMs ?? FIRST_SELF_QUERY_MS,
    ...(k != null && { kBucketSize: k }),
    ...(alpha != null && { alpha }),
    ...(disjointPaths != null && { disjointPaths }),
    ...(prefixLength != null && { prefixLength }),
    ...(querySelfMs != null && { querySelfInterval: querySelfMs }),
    ...(answerMinMs != null && { networkDialTimeout: { minTimeout: answerMinMs } }),
    ...(pingsAtOnce != null && { pingNewContactConcurrency: pingsAtOnce }),
    ...(pingsQueued != null && { pingNewContactMaxQueueSize: pingsQueued })
  }
}

const asked = ({ alpha, disjointPaths }: DhtTuning): DhtTuning => ({
  ...(alpha != null && { alpha }),
  ...(disjointPaths != null && { disjointPaths })
})

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
