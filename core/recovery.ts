/**
 * A plan for recovering an account: who helps, how many of them together. Its hash alone is on
 * chain, salted, until it is used (Guardians.sol, docs/decisions/0022). Helpers hear of it by a
 * letter, and give what they sign as text.
 * @module
 */
import { type Card, cardShape } from './binding.ts'
import { compareBytes, concat, u32be } from './bytes.ts'
import { bytes, decode, encode, map, type Of, oneOf, uint } from './codec.ts'
import { leftPad } from './eip712.ts'
import { InvalidParametersError } from './errors.ts'
import { U32_MAX } from './grant.ts'
import { type Hash, hash } from './ids.ts'
import { RECOVERY_HELPERS_MAX } from './limits.ts'
import type { Primitives } from './primitives.ts'
import { addressShape, type RecoveryHelpers, recoveryPlanShape } from './typed-data.ts'

/** What no plan can be, or undefined: as `planHashOf` of the contract refuses. */
export function planFault({ helpers, threshold }: RecoveryHelpers): string | undefined {
  if (helpers.length > RECOVERY_HELPERS_MAX) return `at most ${RECOVERY_HELPERS_MAX} helpers`
  if (threshold < 1 || threshold > helpers.length) return `a threshold of 1..${helpers.length}`
  const ascend = helpers.every((each, i) => {
    const last = helpers[i - 1]
    return last == null ? each.some((byte) => byte !== 0) : compareBytes(last, each) < 0
  })
  return ascend ? undefined : 'helpers ascending, each once'
}

/** keccak256(abi.encode(salt, threshold, helpers)). @throws InvalidParametersError as planFault */
export function planHash(plan: RecoveryHelpers, p: Primitives): Hash {
  const fault = planFault(plan)
  if (fault != null) throw new InvalidParametersError(`"plan" expected ${fault}`)
  const { salt, threshold, helpers } = plan
  const word = (value: number): Uint8Array => leftPad(u32be(value))
  const list = concat(word(helpers.length), ...helpers.map(leftPad))
  return hash(p.keccak256(salt, word(threshold), word(3 * 32), list))
}

/**
 * Owner → helper, sealed. It needs no signature: only she knows what the salted hash on chain hides.
 */
const planMailShape = map({ v: oneOf(1), plan: recoveryPlanShape, card: cardShape })

export const encodePlanMail = (plan: RecoveryHelpers, card: Card): Uint8Array =>
  encode({ v: 1, plan, card })

/** @throws InvalidMessageError */
export const decodePlanMail = (mail: Uint8Array): Of<typeof planMailShape> =>
  decode(planMailShape, mail, 'plan mail')

/** The same for a helper whom no mail reaches. */
export const encodePlan = (plan: RecoveryHelpers): Uint8Array => encode(plan)

/** @throws InvalidMessageError */
export const decodePlan = (text: Uint8Array): RecoveryHelpers =>
  decode(recoveryPlanShape, text, 'plan')

/** A helper's signature with all that it is worth nothing without. */
export const helpShape = map({
  v: oneOf(1),
  account: addressShape,
  successor: addressShape,
  planVersion: uint(U32_MAX),
  round: uint(U32_MAX),
  plan: recoveryPlanShape,
  helper: addressShape,
  sig: bytes(65)
})
export type Help = Of<typeof helpShape>

export const encodeHelp = (help: Help): Uint8Array => encode(help)

/** @throws InvalidMessageError */
export const decodeHelp = (text: Uint8Array): Help => decode(helpShape, text, 'help')
