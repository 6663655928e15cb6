/**
 * A deployment as text, for `deployment.json`: what the members of a consortium hand each other so
 * that all of them look at the same contracts and pin the same code.
 * @module
 */
import { fromHex, toHex0x } from '../../core/bytes.ts'
import type { Deployment } from '../../core/deployment.ts'
import { InvalidConfigError } from '../../core/errors.ts'
import { type Address, address, type Hash, hash } from '../../core/ids.ts'

const NAMES = ['grants', 'records', 'directory'] as const

/** Indented, with a line break at the end. */
export function deploymentToJson(deployment: Deployment): string {
  const { chainId, codeHashes, ...contracts } = deployment
  const hexed = (values: object): object =>
    Object.fromEntries(Object.entries(values).map(([name, bytes]) => [name, toHex0x(bytes)]))
  const value = { chainId, ...hexed(contracts), codeHashes: hexed(codeHashes) }
  return `${JSON.stringify(value, null, 2)}\n`
}

/** @throws InvalidConfigError naming the field that is missing or malformed */
export function deploymentFromJson(text: string): Deployment {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (err) {
    throw new InvalidConfigError('the deployment expected JSON', { cause: err })
  }
  const given = record(value, 'deployment')
  const codes = record(given['codeHashes'], 'codeHashes')
  const { chainId } = given
  if (!Number.isSafeInteger(chainId) || (chainId as number) < 1) {
    throw new InvalidConfigError('"chainId" of the deployment expected a positive integer')
  }
  const [grants, records, directory] = NAMES.map((name) => addressOf(given[name], name))
  const [grantsCode, recordsCode, directoryCode] = NAMES.map((name) => hashOf(codes[name], name))
  const emergency =
    given['emergency'] == null ? {} : { emergency: addressOf(given['emergency'], 'emergency') }
  const emergencyCode =
    codes['emergency'] == null ? {} : { emergency: hashOf(codes['emergency'], 'emergency') }
  return {
    chainId: chainId as number,
    grants: grants as Address,
    records: records as Address,
    directory: directory as Address,
    ...emergency,
    codeHashes: {
      grants: grantsCode as Hash,
      records: recordsCode as Hash,
      directory: directoryCode as Hash,
      ...emergencyCode
    }
  }
}

function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new InvalidConfigError(`"${name}" expected an object`)
}

function bytesOf<T>(value: unknown, name: string, make: (bytes: Uint8Array) => T): T {
  try {
    if (typeof value === 'string') return make(fromHex(value))
  } catch (err) {
    throw new InvalidConfigError(`"${name}" of the deployment is malformed`, { cause: err })
  }
  throw new InvalidConfigError(`"${name}" of the deployment is missing`)
}

const addressOf = (value: unknown, name: string): Address => bytesOf(value, name, address)
const hashOf = (value: unknown, name: string): Hash =>
  bytesOf(value, `codeHashes.${name}`, (bytes) => hash(bytes))
