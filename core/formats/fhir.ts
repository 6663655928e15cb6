/**
 * FHIR by its shape: which resource type a JSON text claims, and which version of FHIR a resource
 * is written in. Versions have no mark of their own, so telling elements are counted: those that
 * one version has and the others have not (source: the R4, STU3 and DSTU2 pages of each resource).
 * @module
 */

/** Resource types are names; anything else is no claim. */
const TYPE = /^[A-Z][A-Za-z]{1,63}$/
/** Resources that are looked at; the telling ones come early. */
const RESOURCES_MAX = 4_096

export type FhirVersion = 'R4' | 'STU3' | 'DSTU2'

/**
 * The type that a JSON text, or the beginning of one, claims by `resourceType` at its top level.
 * Undefined when it claims none.
 */
export function recogniseFhir(text: string): string | undefined {
  if (!/^\s*\{/.test(text)) return undefined
  let depth = 0
  let key = ''
  let isValue = false
  for (const [token, string] of text.matchAll(/"((?:[^"\\]|\\.)*)"|[{}[\]:,]/gs)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    if (depth === 0) return undefined
    if (depth > 1) continue
    if (token === ':' || token === ',') isValue = token === ':'
    if (string == null) continue
    if (!isValue) key = string
    else if (key === 'resourceType') return TYPE.test(string) ? string : undefined
  }
  return undefined
}

type Fields = Readonly<Record<string, unknown>>

const ONLY_DSTU2 = ['BodySite', 'Conformance', 'DiagnosticOrder', 'MedicationOrder', 'Order']
const ONLY_STU3 = ['DataElement', 'DeviceComponent', 'ProcedureRequest', 'ReferralRequest']

/** Elements by type: "name" must be there, "name:string" with that type. */
const TELLING: Readonly<Record<FhirVersion, Readonly<Record<string, readonly string[]>>>> = {
  DSTU2: {
    AllergyIntolerance: ['substance:object'],
    Condition: ['dateRecorded', 'patient'],
    Encounter: ['class:string'],
    Immunization: ['wasNotGiven', 'reported'],
    MedicationStatement: ['wasNotTaken'],
    Patient: ['careProvider'],
    Procedure: ['notPerformed']
  },
  STU3: {
    AllergyIntolerance: ['assertedDate'],
    Condition: ['assertedDate', 'context'],
    DiagnosticReport: ['context'],
    Immunization: ['notGiven'],
    MedicationRequest: ['context'],
    MedicationStatement: ['taken'],
    Observation: ['context'],
    Procedure: ['context', 'notDone']
  },
  R4: {
    AllergyIntolerance: ['clinicalStatus:object'],
    Condition: ['clinicalStatus:object', 'recordedDate'],
    Encounter: ['reasonCode', 'reasonReference'],
    Goal: ['lifecycleStatus'],
    Immunization: ['occurrenceDateTime', 'occurrenceString'],
    MedicationRequest: ['encounter']
  }
}

/** The version that most marks speak for; R4 when there are none, since that is what we take. */
export function fhirVersion(resource: unknown): FhirVersion {
  const votes: Record<FhirVersion, number> = { R4: 0, STU3: 0, DSTU2: 0 }
  for (const each of resourcesOf(resource)) {
    const stated = statedVersion(each)
    if (stated != null) votes[stated] += RESOURCES_MAX
    for (const version of ['R4', 'STU3', 'DSTU2'] as const) {
      if (isTelling(each, version)) votes[version]++
    }
  }
  if (votes.STU3 > votes.R4 && votes.STU3 >= votes.DSTU2) return 'STU3'
  return votes.DSTU2 > votes.R4 ? 'DSTU2' : 'R4'
}

/** A resource, and those in the entries of a Bundle. */
function resourcesOf(resource: unknown): readonly Fields[] {
  if (!isFields(resource)) return []
  const { entry } = resource
  const entries = Array.isArray(entry) ? entry.slice(0, RESOURCES_MAX) : []
  const inside = entries.map((each) => (isFields(each) ? each['resource'] : undefined))
  return [resource, ...inside].filter(isFields)
}

/** CapabilityStatement, ImplementationGuide and a few others say it. */
function statedVersion(resource: Fields): FhirVersion | undefined {
  const stated = String(resource['fhirVersion'] ?? '')
  if (/^(1\.0|0\.5)\./.test(stated)) return 'DSTU2'
  if (/^3\.0\./.test(stated)) return 'STU3'
  return undefined
}

function isTelling(resource: Fields, version: FhirVersion): boolean {
  const type = String(resource['resourceType'])
  if (version === 'DSTU2' && ONLY_DSTU2.includes(type)) return true
  if (version === 'STU3' && ONLY_STU3.includes(type)) return true
  const marks = Object.hasOwn(TELLING[version], type) ? TELLING[version][type] : undefined
  return (marks ?? []).some((mark) => {
    const [name, kind] = mark.split(':') as [string, string | undefined]
    return Object.hasOwn(resource, name) && (kind == null || typeof resource[name] === kind)
  })
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
