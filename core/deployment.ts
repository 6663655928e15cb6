/**
 * Where consent lives: one chain and the contracts on it. Everything that is signed or sealed names
 * them, so that nothing can be replayed on another chain or contract (SECURITY.md §6, §7).
 * @module
 */
import { concat, u64be } from './bytes.ts'
import type { Address, Hash } from './ids.ts'

export interface Deployment {
  readonly chainId: number
  readonly grants: Address
  readonly records: Address
  readonly directory: Address
  /** Absent where nobody can break the glass: emergencies are refused there. */
  readonly emergency?: Address
  /** Absent where receipt logs are not anchored. */
  readonly audit?: Address
  /** Absent where nobody acts for others. */
  readonly guardians?: Address
  /** The code that an account delegates to, so that its guardians may sign (EIP-7702). */
  readonly wardAccount?: Address
  /** keccak256 of each contract's code as read after deployment (SECURITY.md T20). */
  readonly codeHashes: {
    readonly grants: Hash
    readonly records: Hash
    readonly directory: Hash
    readonly emergency?: Hash
    readonly audit?: Hash
    readonly guardians?: Hash
    readonly wardAccount?: Hash
  }
}

/** `ctx` of SECURITY.md §6: u64be chainId ‖ GrantRegistry(20) ‖ owner(20). */
export const sealingContext = (deployment: Deployment, owner: Address): Uint8Array =>
  concat(u64be(deployment.chainId), deployment.grants, owner)

/** Contracts that a deployment may lack: older ones do, and nothing else leans on them. */
export const OPTIONAL_CONTRACTS = ['emergency', 'audit', 'guardians', 'wardAccount'] as const
export type OptionalContract = (typeof OPTIONAL_CONTRACTS)[number]

/** What `make` makes of each that is there. */
export function mapOptional<T, U>(
  of: { readonly [C in OptionalContract]?: T | undefined },
  make: (value: T) => U
): { readonly [C in OptionalContract]?: U } {
  const made: { [C in OptionalContract]?: U } = {}
  for (const name of OPTIONAL_CONTRACTS) {
    const value = of[name]
    if (value != null) made[name] = make(value)
  }
  return made
}
