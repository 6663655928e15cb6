/**
 * The people of the whole tier, with keys, and the three versions that were dealt to the custodian:
 * its journal as it stood after the deals, from which each history starts.
 * @module
 */
import { address, rootSecret } from '../../core/ids.ts'
import { MemoryChain } from '../../node/chain/memory-chain.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { deriveIdentity, type NodeIdentity } from '../../node/keys/identity.ts'
import { type Dealt, deal, named, RECORD_TAGS } from '../fixtures/gate.ts'
import { Cast, VERSIONS } from './cast.ts'

const person = (name: string, profile: 'clinic' | 'patient'): Promise<NodeIdentity> =>
  deriveIdentity(rootSecret(named(`root of ${name}`)), { profile, name }, p)

/** Owner and custodian are those of the gate's own tests, who made the deals. */
export const [OWNER, CUSTODIAN, requester, colleague] = await Promise.all([
  person('Ana', 'patient'),
  person('clinic', 'clinic'),
  person('hospital', 'clinic'),
  person('colleague', 'clinic')
])

export const CLINICIANS = {
  people: [requester, colleague],
  admin: address(named('admin').slice(12))
} as const

let versions: Promise<readonly Dealt[]> | undefined
export const dealtVersions = (): Promise<readonly Dealt[]> => {
  versions ??= Promise.all(Array.from({ length: VERSIONS }, (_, i) => deal({ ver: i + 1 })))
  return versions
}

const [first] = await dealtVersions()
export const DEPLOYMENT = new MemoryChain({ primitives: p, clock: { nowMs: () => 0 } }).deployment

export const wholeCast = new Cast({
  owner: OWNER.account,
  accounts: [requester.account, colleague.account],
  peers: [requester.peer, colleague.peer],
  custodian: CUSTODIAN.peer,
  registry: DEPLOYMENT.grants,
  record: (first as Dealt).content.recordId,
  tags: {
    chart: RECORD_TAGS.chart,
    class: RECORD_TAGS.class,
    level: RECORD_TAGS.level,
    month: RECORD_TAGS.months[0] as (typeof RECORD_TAGS.months)[number]
  }
})
