/**
 * A narrower sub-grant: the one account that a grant names lets a colleague read under it, where
 * the owner allowed that (decision 0026). It never touches the chain; a request shows it whole, and
 * core/checks/sub.ts says when it counts.
 * @module
 */
import { bytes, list, map, type Of } from './codec.ts'
import type { Deployment } from './deployment.ts'
import { type GrantOpening, scopeHash } from './grant.ts'
import type { Address, Hash } from './ids.ts'
import { SUB_EXCEPT_MAX, SUB_TAGS_MAX } from './limits.ts'
import type { Primitives } from './primitives.ts'
import { isPurposeSet, withoutFlag } from './purposes.ts'
import { tagShape } from './tags.ts'
import {
  addressShape,
  hashStruct,
  messageShapes,
  recoverTyped,
  type SubGrant,
  signTyped
} from './typed-data.ts'

export type { SubGrant } from './typed-data.ts'

/** The sub-grant with what it takes to check it, as a request shows it. */
export const shownSubShape = map({
  grant: messageShapes.SubGrant,
  /** What `grant.scope` is the hash of, as for an opening. */
  tags: list(tagShape, SUB_TAGS_MAX),
  except: list(tagShape, SUB_EXCEPT_MAX),
  /** Who signed; the opening's grantee. */
  delegator: addressShape,
  /** r‖s‖v: a contract account would have to be asked at both blocks. */
  sig: bytes(65)
})
export type ShownSub = Of<typeof shownSubShape>

/** Names a sub-grant in receipts and hand-backs: EIP-712's hashStruct. */
export const subGrantHash = (grant: SubGrant, p: Primitives): Hash =>
  hashStruct('SubGrant', grant, p)

/** Signed by the delegator; the scope is made from the lists. */
export function makeSub(
  init: Omit<SubGrant, 'scope'> & Pick<ShownSub, 'tags' | 'except' | 'delegator'>,
  deployment: Deployment,
  accountKey: Uint8Array,
  p: Primitives
): ShownSub {
  const { tags, except, delegator, ...terms } = init
  const grant: SubGrant = { ...terms, scope: scopeHash(tags, except, p) }
  return {
    grant,
    tags,
    except,
    delegator,
    sig: signTyped(deployment, 'SubGrant', grant, accountKey, p)
  }
}

/** Who signed it, if anybody did. */
export const subSigner = (
  { grant, sig }: Pick<ShownSub, 'grant' | 'sig'>,
  deployment: Deployment,
  p: Primitives
): Address | undefined => recoverTyped(deployment, 'SubGrant', grant, sig, p)

type Terms = Pick<SubGrant, 'verFrom' | 'verTo' | 'purposes' | 'notBefore' | 'notAfter' | 'budget'>

/** Versions within the grant's, and at least one. */
export const hasNarrowerVersions = (sub: Terms, of: GrantOpening): boolean =>
  of.verFrom <= sub.verFrom && sub.verFrom <= sub.verTo && sub.verTo <= of.verTo

/** Known purposes that the grant has, without the flag: nobody passes on what was passed on. */
export const hasNarrowerPurposes = (sub: Terms, of: GrantOpening): boolean =>
  isPurposeSet(sub.purposes) && (sub.purposes & ~withoutFlag(of.purposes)) === 0

export const hasNarrowerPeriod = (sub: Terms, of: GrantOpening): boolean =>
  of.notBefore <= sub.notBefore && sub.notAfter <= of.notAfter

/** Counted over its whole life; the grant's own budget and window count besides. */
export const hasNarrowerBudget = (sub: Terms, of: GrantOpening): boolean => sub.budget <= of.budget

export const isNarrower = (sub: Terms, of: GrantOpening): boolean =>
  hasNarrowerVersions(sub, of) &&
  hasNarrowerPurposes(sub, of) &&
  hasNarrowerPeriod(sub, of) &&
  hasNarrowerBudget(sub, of)
