/**
 * Reads a JSON file whole and says whether it claims to be FHIR and what is wrong with it.
 * @module
 */
import { fhirFaults } from './validate.ts'

export interface Judgement {
  /** The resource type that it claims, by whatever name. */
  readonly claims: string | undefined
  readonly json: boolean
  readonly faults: readonly string[]
}

/** `claimed` is what its first bytes claim: then it must be JSON. */
export function judge(bytes: Uint8Array, claimed: string | undefined): Judgement {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    const faults = claimed == null ? [] : ['the file: expected JSON to its end']
    return { claims: claimed, json: false, faults }
  }
  const isResource =
    typeof value === 'object' && value !== null && Object.hasOwn(value, 'resourceType')
  if (!isResource) return { claims: undefined, json: true, faults: [] }
  const claims = String((value as { resourceType: unknown }).resourceType)
  return { claims, json: true, faults: fhirFaults(value) }
}
