/**
 * Joins the network before the node is called started: the bootstrap peers are dialled and the DHT
 * has somebody to ask, so that a command that lives for seconds finds people at once. A network
 * that is not there yet is no failure: whoever was away is dialled again until it is there, for
 * after a power failure nobody knows who is back first.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { DIAL_MAX_MS, JOIN_MAX_MS, REJOIN_MS } from '../../core/limits.ts'
import type { NetworkServices } from './services.ts'

const STEP_MS = 20

type Joining = Pick<Libp2p<NetworkServices>, 'dial' | 'getConnections' | 'services'>

export interface Joined {
  /** How many bootstrap peers answered at first. */
  readonly answered: number
  /** Stops dialling; may be called twice. */
  stop(): void
}

/** Resolves when the node can ask others, or nobody answered; then goes on in the background. */
export async function joinNetwork(libp2p: Joining, bootstrap: readonly string[]): Promise<Joined> {
  const dialled = await dialAbsent(libp2p, bootstrap, AbortSignal.timeout(DIAL_MAX_MS))
  const answered = dialled.filter(({ status }) => status === 'fulfilled').length
  // identify has to tell first that they speak our DHT
  for (let ms = 0; answered > 0 && ms < JOIN_MAX_MS; ms += STEP_MS) {
    if (libp2p.services.dht.routingTable.size > 0) break
    await delay(STEP_MS)
  }
  const stopping = new AbortController()
  const timer = setInterval(() => {
    const limit = AbortSignal.timeout(DIAL_MAX_MS)
    void dialAbsent(libp2p, bootstrap, AbortSignal.any([limit, stopping.signal]))
  }, REJOIN_MS).unref()
  const stop = (): void => {
    clearInterval(timer)
    stopping.abort()
  }
  return { answered, stop }
}

/** Those that we have no connection to. Never rejects. */
function dialAbsent(
  libp2p: Joining,
  bootstrap: readonly string[],
  signal: AbortSignal
): Promise<PromiseSettledResult<unknown>[]> {
  return Promise.allSettled(
    bootstrap.map(async (address) => {
      const peer = peerIdFromString(address.slice(address.lastIndexOf('/') + 1))
      if (libp2p.getConnections(peer).length === 0)
        await libp2p.dial(multiaddr(address), { signal })
    })
  )
}
