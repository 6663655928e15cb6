/**
 * The people of the whole tier, with keys and what they sign, and the three versions that were dealt to the custodian:
 * its journal as it stood after the deals, from which each history starts.
 * @module
 */
import {
  type HandBack,
  type SignedHandBack,
  signHandBack,
  WHOLE_GRANT
} from '../../core/hand-back.ts'
import { address, type Hash, rootSecret } from '../../core/ids.ts'
import { signTyped } from '../../core/typed-data.ts'
import { MemoryChain } from '../../node/chain/memory-chain.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { deriveIdentity, type NodeIdentity } from '../../node/keys/identity.ts'
import { type Dealt, deal, named, RECORD_TAGS } from '../fixtures/gate.ts'
import { Cast, VERSIONS } from './cast.ts'
import type { Tx } from './chain.ts'
import { PaperCast } from './paper-cast.ts'

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

/** Sub-grants with true signatures. */
export const wholePapers = new PaperCast(wholeCast)
wholePapers.sign = ({ grant }, signer) => {
  const { accountKey } = CLINICIANS.people[signer] as NodeIdentity
  return signTyped(DEPLOYMENT, 'SubGrant', grant, accountKey, p)
}

/** Told to the custodian alone. */
export function handBackOf(tx: Tx & { readonly is: 'handBack' }): SignedHandBack {
  const { account, opening, paper } = tx
  const who = CLINICIANS.people[account] as (typeof CLINICIANS.people)[number]
  const message: HandBack = {
    owner: OWNER.account,
    openingHash: wholeCast.openingHashes[opening] as Hash,
    account: who.account,
    subGrant: paper == null ? WHOLE_GRANT : wholePapers.id(opening, paper)
  }
  return signHandBack(message, DEPLOYMENT, who.accountKey, p)
}
