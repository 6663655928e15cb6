/**
 * What the ledger keeps of guardians and recovery: whom one appointed, one's own plan, and plans of
 * others that one is to help with. What stands now is the chain's to say.
 * @module
 */
import { bytes, map, type Of, oneOf, text, uint } from '../../core/codec.ts'
import { address } from '../../core/ids.ts'
import { NAME_MAX_CHARS } from '../../core/limits.ts'
import { recoveryPlanShape } from '../../core/typed-data.ts'

const account = bytes(20, address)
const U32_MAX = 0xffff_ffff

export const guardianEntryShapes = {
  /** A guardianship that one gave or ended, or holds: rights 0 when it ended. */
  guardianship: map({
    t: oneOf('guardianship'),
    ward: account,
    guardian: account,
    rights: uint(0xffff),
    until: uint(),
    version: uint(U32_MAX),
    name: text(NAME_MAX_CHARS),
    block: uint(),
    at: uint()
  }),
  /** One's own plan: nobody else has all of it but the helpers. */
  recoveryPlan: map({
    t: oneOf('recoveryPlan'),
    plan: recoveryPlanShape,
    delaySeconds: uint(U32_MAX),
    version: uint(U32_MAX),
    block: uint(),
    at: uint()
  }),
  /** Somebody's plan that names this account as a helper, as she sent it. */
  helping: map({
    t: oneOf('helping'),
    account,
    name: text(NAME_MAX_CHARS),
    plan: recoveryPlanShape,
    at: uint()
  })
} as const

export type GuardianEntry = {
  [K in keyof typeof guardianEntryShapes]: Of<(typeof guardianEntryShapes)[K]>
}[keyof typeof guardianEntryShapes]
export type GuardianEntryOf<T extends GuardianEntry['t']> = Extract<
  GuardianEntry,
  { readonly t: T }
>
