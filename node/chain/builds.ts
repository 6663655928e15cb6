/**
 * The builds of our contracts, and whether a code on chain is one of them: the blanks that the
 * compiler leaves for immutables hold what each deployment wrote there, all else must be equal.
 * @module
 */
import { equalBytes, fromHex, toBigInt } from '../../core/bytes.ts'
import * as trial from './abi.ts'
import * as production from './production.ts'

/** `production` is what real chains get, `default` what a dev chain and the tests run on. */
export type Profile = 'production' | 'default'
export const PROFILES: readonly Profile[] = ['production', 'default']

/** In the order in which they are deployed: each is told of those before it. */
export const DEPLOYED = [
  'directory',
  'grants',
  'records',
  'emergency',
  'audit',
  'guardians',
  'wardAccount'
] as const
export type Deployed = (typeof DEPLOYED)[number]

interface Build {
  readonly bytecode: string
  readonly runtime: { readonly at: number; readonly bytes: number }
  readonly immutables: Readonly<Record<string, readonly number[]>>
}

const SOURCE_NAMES = {
  directory: 'Directory',
  grants: 'GrantRegistry',
  records: 'RecordRegistry',
  emergency: 'Emergency',
  audit: 'AuditAnchor',
  guardians: 'Guardians',
  wardAccount: 'WardAccount'
} as const satisfies Record<Deployed, string>

const WORD_BYTES = 32

/** "RecordRegistry" */
export const sourceName = (contract: Deployed): string => SOURCE_NAMES[contract]

const buildOf = (contract: Deployed, profile: Profile): Build =>
  (profile === 'production' ? production : trial)[SOURCE_NAMES[contract]]

/** What is sent to create a contract; its arguments follow. */
export const creationCode = (contract: Deployed, profile: Profile): Uint8Array =>
  fromHex(buildOf(contract, profile).bytecode)

/** Length of the code that will stand on chain. */
export const runtimeBytes = (contract: Deployed, profile: Profile): number =>
  buildOf(contract, profile).runtime.bytes

export interface FittedCode {
  readonly profile: Profile
  /** By name, such as "directory" or "quorum". */
  readonly immutables: ReadonlyMap<string, bigint>
}

/** Which of our builds of this contract a code is; undefined if it is none. */
export function fitCode(contract: Deployed, code: Uint8Array): FittedCode | undefined {
  for (const profile of PROFILES) {
    const immutables = fitBuild(buildOf(contract, profile), code)
    if (immutables != null) return { profile, immutables }
  }
  return undefined
}

function fitBuild(
  { bytecode, runtime, immutables }: Build,
  code: Uint8Array
): ReadonlyMap<string, bigint> | undefined {
  if (code.byteLength !== runtime.bytes) return undefined
  const blank = code.slice()
  const found = new Map<string, bigint>()
  for (const [name, starts] of Object.entries(immutables)) {
    for (const start of starts) {
      const value = toBigInt(code.subarray(start, start + WORD_BYTES))
      if ((found.get(name) ?? value) !== value) return undefined
      found.set(name, value)
      blank.fill(0, start, start + WORD_BYTES)
    }
  }
  const expected = fromHex(bytecode).subarray(runtime.at, runtime.at + runtime.bytes)
  return equalBytes(blank, expected) ? found : undefined
}
