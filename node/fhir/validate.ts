/**
 * Whether a resource is valid FHIR R4: the package `fhir` for required elements, value sets and
 * reference targets, our own walk for formats and choices (INTEROP.md §3.6). Every fault says where
 * and what was expected; what stood there is health data and is not told.
 * @module
 */
import { Fhir } from 'fhir'
import { fhirVersion } from '../../core/formats/fhir.ts'
import { checkInvariants } from './invariants.ts'
import { isFields, ShapeWalk, type Tell } from './shape.ts'

/** Faults beyond these are not looked for: the file is no FHIR. */
const FAULTS_MAX = 10_000

type Fields = Readonly<Record<string, unknown>>

let loaded: Fhir | undefined
const fhir = (): Fhir => {
  loaded ??= new Fhir() // 54 ms and 88 MB: only for who validates
  return loaded
}

/** What is wrong with a resource, one line each; none for valid R4. */
export function fhirFaults(resource: unknown): readonly string[] {
  const version = fhirVersion(resource)
  if (version !== 'R4') return [`FHIR R4 (4.0.1) expected, got ${version}: convert it first`]
  const faults = new Map<string, string>()
  const tell: Tell = (path, expected) => {
    if (!faults.has(path) && faults.size < FAULTS_MAX) faults.set(path, expected)
  }
  try {
    const walk = new ShapeWalk(fhir().parser, tell)
    walk.resource(resource, '')
    for (const { value, path } of resources(resource)) checkInvariants(value, path, tell)
    if (!walk.tooDeep) packageFaults(resource, tell)
  } catch {
    // The package reads into what is not there; our walk has told of most such places before.
    if (faults.size === 0) faults.set('resource', 'objects and lists as R4 has them')
  }
  return [...faults].map(([path, expected]) => `${path}: expected ${expected}`)
}

/** A resource and those in its entries, with what stands before their paths. */
function resources(resource: unknown): { readonly value: Fields; readonly path: string }[] {
  if (!isFields(resource)) return []
  const entries = Array.isArray(resource['entry']) ? resource['entry'] : []
  const top = { value: resource, path: String(resource['resourceType']) }
  return [
    top,
    ...entries.flatMap((entry, i) => {
      const value = isFields(entry) ? entry['resource'] : undefined
      return isFields(value)
        ? [{ value, path: `${top.path}.entry[${i}].resource ${value['resourceType']}` }]
        : []
    })
  ]
}

function packageFaults(resource: unknown, tell: Tell): void {
  if (!isFields(resource)) return
  const { messages } = fhir().validate(numbered(resource), { errorOnUnexpected: true })
  for (const { severity, location, message, resourceId } of messages) {
    if (severity !== 'error' && severity !== 'fatal') continue
    const entry = /^keyward-(\d+)$/.exec(resourceId ?? '')
    const before = entry == null ? '' : `${resource['resourceType']}.entry[${entry[1]}].resource `
    tell(`${before}${safePath(location ?? '')}`, expectation(message ?? ''))
  }
}

/** The package names a resource by its id alone: the number of its entry says more. */
function numbered(resource: Fields): Fields {
  const { entry } = resource
  if (!Array.isArray(entry)) return resource
  return {
    ...resource,
    entry: entry.map((each, i) => {
      const inner = isFields(each) ? each['resource'] : undefined
      return isFields(inner) ? { ...each, resource: { ...inner, id: `keyward-${i}` } } : each
    })
  }
}

/** Unknown elements have names that the file chose: a name that is none is not repeated. */
const safePath = (location: string): string =>
  location
    .split('.')
    .map((part) => (/^[A-Za-z_][A-Za-z0-9_]{0,63}(\[\d+\])?$/.test(part) ? part : '?'))
    .join('.')

const EXPECTATIONS: readonly (readonly [RegExp, string])[] = [
  [/^Missing property/, 'it to be there'],
  [/^Unexpected property/, 'no such element'],
  [/^Property is not an array/, 'a list'],
  [/entry is required$/, 'a list with at least one entry'],
  [/^Code "/s, 'a code of the required value set'],
  [/^Invalid type for reference/s, 'a reference to another type of resource'],
  [/^Resource does not have/, 'a resource type of R4'],
  [/^Number type expected/s, 'a number']
]

/** The package's messages quote values; these do not. */
function expectation(message: string): string {
  const format = /^Invalid ([a-zA-Z ]{2,24}) format/.exec(message)
  if (format != null) return `a valid ${format[1]}`
  return EXPECTATIONS.find(([pattern]) => pattern.test(message))?.[1] ?? 'another value'
}
