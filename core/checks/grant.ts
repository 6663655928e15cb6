/**
 * Checks 19–30 of SECURITY.md §9.2: does this node keep the record, and does the opening that the
 * request shows permit this very read? Nothing here asks whether the grant stands; the words do.
 * @module
 */
import { equalBytes, isZero, toHex } from '../bytes.ts'
import { accountGrantee, covers, decodeOrganisationGrantee, GranteeKind } from '../grant.ts'
import {
  bitOfHl7,
  hasPurpose,
  isPurposeSet,
  Purpose,
  purposeMask,
  withoutFlag
} from '../purposes.ts'
import { treeHash } from '../tree.ts'
import type { Context } from './context.ts'

// ---- when a check applies: §8 says what falls away for blocks and packs

export const forShare = ({ request }: Context): boolean => request.want === 'share'
/** A share or its blocks: of one record, not of an owner's emergency subset. */
export const forRecord = ({ request }: Context): boolean => request.want !== 'pack'
export const forPack = ({ request }: Context): boolean => request.want === 'pack'
export const inEmergency = ({ request }: Context): boolean => request.emergency != null
export const byGrant = ({ request }: Context): boolean => request.emergency == null
export const forRecordInEmergency = (c: Context): boolean => forRecord(c) && inEmergency(c)

// ---- 19–21

export const recordIsKnown = ({ entry, request }: Context): boolean =>
  equalBytes(entry.owner, request.owner) &&
  equalBytes(entry.recordId, request.recordId) &&
  entry.ver === request.ver

export const subsetIsKnown = ({ input: { subset }, request }: Context): boolean =>
  subset != null && equalBytes(subset.owner, request.owner)

export const isKept = ({ entry, input }: Context): boolean =>
  !entry.destroyed && !input.notices.erased

export const shareIsHeld = ({ epoch, request }: Context): boolean =>
  epoch.shareEpoch === request.shareEpoch && epoch.acknowledged

// ---- 22–24

const hasNoScope = ({ request }: Context): boolean => isZero(request.opening.scope)

/** An emergency may reach the whole subset: scope 0 and empty lists. */
export function scopeIsShown(c: Context): boolean {
  const { tags, except } = c.request
  if (inEmergency(c) && hasNoScope(c)) return tags.length === 0 && except.length === 0
  return c.ids.showsScope
}

export const isMarkedForEmergency = ({ epoch }: Context): boolean => epoch.emergency

export function isCovered(c: Context): boolean {
  if (inEmergency(c) && hasNoScope(c)) return true
  return covers(c.request, { recordId: c.request.recordId, tags: c.epoch.tags })
}

export const isVersionMeant = ({ request: { opening, ver } }: Context): boolean =>
  opening.verFrom <= ver && ver <= opening.verTo

// ---- 25

const EMERGENCY_BITS: readonly number[] = [Purpose.ETREAT, Purpose.BTG]

export const codeIsOfPurpose = ({ request }: Context): boolean =>
  bitOfHl7(request.hl7) === request.purpose

export const purposeIsGranted = ({ request }: Context): boolean =>
  isPurposeSet(withoutFlag(request.opening.purposes)) &&
  hasPurpose(request.opening.purposes, request.purpose)

/** Bit 3 or 4 if and only if clinicians signed; no ordinary grant breaks the glass. */
export const purposeIsOfItsKind = (c: Context): boolean =>
  EMERGENCY_BITS.includes(c.request.purpose) === inEmergency(c)

export const purposeStandsAlone = ({ request }: Context): boolean =>
  EMERGENCY_BITS.some((bit) => request.opening.purposes === purposeMask(bit as Purpose))

// ---- 26–29

export const hasBegun = ({ request, input, now }: Context): boolean =>
  request.opening.notBefore + input.policy.clockGuardSeconds <= now

export const hasNotEnded = ({ request, input, now }: Context): boolean =>
  now + input.policy.clockGuardSeconds < request.opening.notAfter

/** Kind known, and what of it can be told without words. */
export function granteeIsMeant(c: Context): boolean {
  const { opening, binding, tree, sub } = c.request
  const { grantee } = opening
  if (opening.granteeKind === GranteeKind.TREE) {
    return c.tree != null && tree != null && equalBytes(treeHash(tree, c.p), grantee)
  }
  if (tree != null) return false
  switch (opening.granteeKind) {
    case GranteeKind.ACCOUNT:
      return equalBytes(grantee, accountGrantee(sub?.delegator ?? binding.account))
    case GranteeKind.ORGANISATION:
      return decodeOrganisationGrantee(grantee) != null
    case GranteeKind.GROUP:
      return !isZero(grantee)
    default:
      return false
  }
}

/** Reading a version again is free, but a budget of 0 gives nothing at all. */
export const isWithinBudget = ({ request: { opening }, input: { used } }: Context): boolean =>
  opening.budget > 0 && (used.again || used.count < opening.budget)

// ---- 30

export const emergenciesAreServed = ({ input }: Context): boolean =>
  input.self.deployment.emergency != null

export const isForOneAccount = ({ request }: Context): boolean =>
  request.opening.granteeKind === GranteeKind.ACCOUNT

export function spanIsShort({ request: { opening }, input: { policy } }: Context): boolean {
  const span = opening.notAfter - opening.notBefore
  return span >= policy.emergencyMinSeconds && span <= policy.emergencyMaxSeconds
}

export const reasonIsGiven = ({ emergency }: Context): boolean => !isZero(emergency.reasonHash)

export const signersAreValid = ({ emergency: { signers }, input }: Context): boolean =>
  signers.every((_, i) => input.verdicts.signers[i] === 'ok')

export const signersAreDistinct = ({ emergency: { signers } }: Context): boolean =>
  new Set(signers.map(({ account }) => toHex(account))).size === signers.length

export const signersAreEnough = ({ emergency: { signers }, input }: Context): boolean =>
  signers.length >= input.policy.emergencySigners

export const requesterSigned = ({ emergency: { signers }, request }: Context): boolean =>
  signers.some(({ account }) => equalBytes(account, request.binding.account))

/** In sealed mode the second factor travels in capsules only, and an emergency has none. */
export const containerIsOpen = ({ entry }: Context): boolean => !entry.sealed
