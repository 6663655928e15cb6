/**
 * This node's own card: its account vouches for its PeerId and KEM key, for 30 days at a time.
 * @module
 */
import { type Card, makeBinding } from '../core/binding.ts'
import type { Deployment } from '../core/deployment.ts'
import type { Primitives } from '../core/primitives.ts'
import type { Clock } from './adapters.ts'
import type { NodeIdentity } from './keys/identity.ts'

export interface OwnCardInit {
  readonly identity: NodeIdentity
  readonly deployment: Deployment
  readonly primitives: Primitives
  readonly clock: Clock
  /** Of the account's word in the Directory; 1 for accounts that are not in it. */
  readonly bindingEpoch: () => number
  readonly addresses: () => readonly Uint8Array[]
}

/** A binding is renewed when less than this is left of it. */
const RENEW_SECONDS = 5 * 86_400

export function ownCard(init: OwnCardInit): () => Card {
  const { identity, deployment, primitives, clock } = init
  let bound: ReturnType<typeof makeBinding> | undefined
  return () => {
    const nowSeconds = Math.floor(clock.nowMs() / 1_000)
    const bindingEpoch = init.bindingEpoch()
    const stands =
      bound != null &&
      bound.binding.bindingEpoch === bindingEpoch &&
      bound.binding.validFrom <= nowSeconds &&
      bound.binding.validUntil - nowSeconds > RENEW_SECONDS
    if (bound == null || !stands) {
      bound = makeBinding(
        {
          account: identity.account,
          peerId: identity.peer,
          kem: identity.kem.publicKey,
          bindingEpoch,
          nowSeconds
        },
        deployment,
        identity.accountKey,
        primitives
      )
    }
    return { ...bound, kem: identity.kem.publicKey, addrs: init.addresses(), name: identity.name }
  }
}
