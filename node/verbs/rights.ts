/**
 * A guardian's rights by name (contracts/Guardians.sol).
 * @module
 */
import { GuardianRight } from '../../core/words.ts'
import type { RightName } from './guardian-shapes.ts'

const BITS: Readonly<Record<RightName, number>> = {
  grant: GuardianRight.GRANT,
  revoke: GuardianRight.REVOKE,
  wish: GuardianRight.WISH
}

export const rightsOf = (names: readonly RightName[]): number =>
  names.reduce((bits, name) => bits | BITS[name], 0)

export const rightNames = (bits: number): readonly RightName[] =>
  (Object.keys(BITS) as RightName[]).filter((name) => (bits & BITS[name]) !== 0)
