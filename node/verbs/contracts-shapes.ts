/**
 * Arguments and results of `contracts deploy`, `status` and `verify`, as they travel in JSON.
 * @module
 */
import { z } from 'zod'
import { FOUNDERS_MAX, SEALERS_MAX } from '../../core/limits.ts'
import { SEAL_KINDS } from '../chain/seals.ts'
import { addressHex, type DeploymentJson } from '../deployment-file.ts'

const file = z.string().min(1).max(4096)
const url = z.url({ protocol: /^https?$/, error: 'expected an http or https address' })
const CHAIN_KINDS = ['l1', 'l2', 'consortium', 'dev'] as const

export const contractsDeployArgs = z.strictObject({
  rpc: url,
  /** File with a list of { org, admin }. */
  founders: file,
  out: file,
  quorum: z.int().min(1).max(FOUNDERS_MAX).optional(),
  emergencySigners: z.int().min(2).max(5).optional(),
  /** A span: "7d". */
  review: z
    .string()
    .regex(/^[1-9]\d{0,3}[hdw]$/, 'expected a span such as 7d')
    .optional(),
  chainId: z.int().min(1).optional(),
  profile: z.enum(['production', 'default']).optional(),
  dryRun: z.boolean().optional()
})

export const contractsLookArgs = z.strictObject({
  deployment: file,
  rpc: z.array(url).min(1).max(16),
  kind: z.enum(CHAIN_KINDS).optional(),
  sealers: z.array(addressHex).max(SEALERS_MAX).optional(),
  seal: z.enum(SEAL_KINDS).optional(),
  blockSeconds: z.int().min(1).max(60).optional(),
  /** @default more than half of the endpoints */
  quorum: z.int().min(1).max(16).optional()
})

/** The founders' file. */
export const foundersShape = z
  .array(
    z.strictObject({
      org: z.int().min(1).max(0xffffffff),
      admin: addressHex
    })
  )
  .min(1)
  .max(FOUNDERS_MAX)

export type ContractsDeployArgs = z.infer<typeof contractsDeployArgs>
export type ContractsLookArgs = z.infer<typeof contractsLookArgs>

export interface ContractsDeployResult {
  readonly chainId: number
  readonly deployer: string
  readonly profile: string
  /** Addresses, and the gas of those that were placed by this run (or would be, by a dry run). */
  readonly contracts: readonly {
    readonly contract: string
    readonly address: string
    readonly gas?: number
  }[]
  readonly gas: number
  /** Wei, as text: what a dry run asks for at most. */
  readonly cost?: string
  readonly balance?: string
  /** Absent after a dry run. */
  readonly out?: string
  readonly deployment?: DeploymentJson
}

export interface BlockResult {
  readonly number: number
  readonly hash: string
  readonly time: number
}

export interface InspectedResult {
  readonly contract: string
  readonly address: string
  /** Proven at the head; absent where there is no code. */
  readonly codeHash?: string
  readonly pinned?: string
  /** Which of this program's builds it is; absent if none. */
  readonly build?: string
  /** Whether the confirmed block has it too; absent if that could not be proven. */
  readonly confirmed?: boolean
  /** What its code holds, by name: addresses of other contracts, settings. */
  readonly immutables: Readonly<Record<string, string>>
  readonly faults: readonly string[]
}

export interface ContractsStatusResult {
  readonly chainId: number
  readonly kind: string
  readonly head: BlockResult
  readonly headAgeSeconds: number
  /** Between two blocks, over the last few: the middle of what was seen. */
  readonly blockSeconds?: number
  readonly confirmed: BlockResult
  /** "finalized", or blocks below the head. */
  readonly confirmedBy: string
  readonly quorum: number
  readonly endpoints: readonly { readonly name: string; readonly chainId?: number }[]
  readonly contracts: readonly InspectedResult[]
  readonly absent: readonly string[]
  readonly directory?: {
    readonly voterSet: number
    readonly voters: number
    readonly quorum: number
  }
  readonly emergency?: { readonly signers: number; readonly reviewSeconds: number }
  readonly faults: readonly string[]
}

export interface ContractsVerifyResult {
  readonly valid: boolean
  readonly block: BlockResult
  readonly quorum: number
  readonly endpoints: number
  readonly contracts: readonly InspectedResult[]
  readonly faults: readonly string[]
}
