/**
 * Roles of the Directory by name, as people write and read them; the bits are `Role` of words.ts.
 * @module
 */
import { InvalidParametersError } from './errors.ts'
import { Role } from './words.ts'

export const ROLE_NAMES = [
  'custodian',
  'clinician',
  'attester',
  'relayer',
  'admin',
  'researcher'
] as const
export type RoleName = (typeof ROLE_NAMES)[number]

const bitOf = (name: RoleName): number => Role[name.toUpperCase() as Uppercase<RoleName>]

const isRoleName = (name: string): name is RoleName =>
  (ROLE_NAMES as readonly string[]).includes(name)

export const ALL_ROLES = ROLE_NAMES.reduce((bits, name) => bits | bitOf(name), 0)

/** The bits of roles. @throws InvalidParametersError for a name that is no role */
export const rolesOf = (names: readonly string[]): number =>
  names.reduce((bits, name) => {
    if (isRoleName(name)) return bits | bitOf(name)
    throw new InvalidParametersError(
      `"role" expected one of ${ROLE_NAMES.join(', ')}, got "${name}"`
    )
  }, 0)

/** The names of the bits that are set, in their order. Bits of no role have no name. */
export const roleNames = (bits: number): readonly RoleName[] =>
  ROLE_NAMES.filter((name) => (bits & bitOf(name)) !== 0)
