/**
 * A plan for recovering an account: who helps, how many of them together. Its hash alone is on
 * chain, salted, until it is used (Guardians.sol, docs/decisions/0022).
 * @module
 */
import { compareBytes, concat, u32be } from './bytes.ts'
import { leftPad } from './eip712.ts'
import { InvalidParametersError } from './errors.ts'
import { type Hash, hash } from './ids.ts'
import { RECOVERY_HELPERS_MAX } from './limits.ts'
import type { Primitives } from './primitives.ts'
import type { RecoveryHelpers } from './typed-data.ts'

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
