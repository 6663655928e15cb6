/**
 * Questions to a real DHT node, with what they cost, read off kad-dht's own query events: a request
 * is a peer that was dialled to be asked (DIAL_PEER), it failed by QUERY_ERROR. How many hops away a
 * peer was follows from who named it first: peers of the own table are 1 hop away, those that they
 * name 2.
 * @module
 */
import type { QueryEvent, SingleKadDHT } from '@libp2p/kad-dht'
import { CID } from 'multiformats/cid'
import type { FoundProviders, LookupResult, Provided } from './world.ts'

type Dht = Pick<SingleKadDHT, 'getClosestPeers' | 'provide' | 'findProviders'>

export async function lookUp(
  dht: Dht,
  key: Uint8Array,
  signal: AbortSignal
): Promise<LookupResult> {
  const cost = new Cost()
  const closest: string[] = []
  for await (const event of dht.getClosestPeers(key, { signal })) {
    cost.count(event)
    if (event.name === 'FINAL_PEER') closest.push(event.peer.id.toString())
  }
  const hops = closest.reduce((most, peer) => Math.max(most, cost.hopsTo(peer)), 0)
  return { ...cost.result(), hops, closest }
}

export async function provideIn(dht: Dht, cid: Uint8Array, signal: AbortSignal): Promise<Provided> {
  const cost = new Cost()
  let told = 0
  for await (const event of dht.provide(CID.decode(cid), { signal })) {
    cost.count(event)
    if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') told++
  }
  return { ...cost.result(), told }
}

export async function findProvidersIn(
  dht: Dht,
  cid: Uint8Array,
  signal: AbortSignal
): Promise<FoundProviders> {
  const cost = new Cost()
  const providers = new Set<string>()
  let firstMs = Number.NaN
  for await (const event of dht.findProviders(CID.decode(cid), { signal })) {
    cost.count(event)
    if (event.name !== 'PROVIDER') continue
    for (const { id } of event.providers) providers.add(id.toString())
    if (providers.size > 0 && Number.isNaN(firstMs)) firstMs = cost.sinceMs()
  }
  return { ...cost.result(), providers: [...providers], firstMs }
}

class Cost {
  #requests = 0
  #failed = 0
  readonly #begun = performance.now()
  /** Peers that somebody named, with the hops to them. */
  readonly #named = new Map<string, number>()

  count(event: QueryEvent): void {
    if (event.name === 'DIAL_PEER') this.#requests++
    else if (event.name === 'QUERY_ERROR') this.#failed++
    else if (event.name === 'PEER_RESPONSE') {
      const hops = this.hopsTo(event.from.toString()) + 1
      for (const { id } of event.closer) {
        const peer = id.toString()
        if (!this.#named.has(peer)) this.#named.set(peer, hops)
      }
    }
  }

  hopsTo(peer: string): number {
    return this.#named.get(peer) ?? 1
  }

  sinceMs(): number {
    return performance.now() - this.#begun
  }

  result(): { requests: number; failed: number; latencyMs: number } {
    return { requests: this.#requests, failed: this.#failed, latencyMs: this.sinceMs() }
  }
}
