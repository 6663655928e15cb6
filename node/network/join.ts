/**
 * Joins the network before the node is called started: the bootstrap peers are dialled and the DHT
 * has somebody to ask, so that a command that lives for seconds finds people at once. A network
 * that is not there yet is no failure: the node goes on trying by itself.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { DIAL_MAX_MS, JOIN_MAX_MS } from '../../core/limits.ts'
import type { NetworkServices } from './services.ts'

const STEP_MS = 20

/** Gives how many bootstrap peers answered. */
export async function joinNetwork(
  libp2p: Pick<Libp2p<NetworkServices>, 'dial' | 'services'>,
  bootstrap: readonly string[]
): Promise<number> {
  const signal = AbortSignal.timeout(DIAL_MAX_MS)
  const dialled = await Promise.allSettled(
    bootstrap.map((address) => libp2p.dial(multiaddr(address), { signal }))
  )
  const answered = dialled.filter(({ status }) => status === 'fulfilled').length
  // identify has to tell first that they speak our DHT
  for (let ms = 0; answered > 0 && ms < JOIN_MAX_MS; ms += STEP_MS) {
    if (libp2p.services.dht.routingTable.size > 0) break
    await delay(STEP_MS)
  }
  return answered
}
