/**
 * Rules of R4 between elements that no structure tells: those that real exports break.
 * @module
 */
import { isFields, type Tell } from './shape.ts'

type Fields = Readonly<Record<string, unknown>>
type Rule = (resource: Fields, path: string, tell: Tell) => void

const has = (fields: Fields, prefix: string): boolean =>
  Object.keys(fields).some(
    (key) => key.startsWith(prefix) && /^[A-Z]/.test(key.slice(prefix.length))
  )

const codes = (concept: unknown): readonly unknown[] => {
  const coding = isFields(concept) ? concept['coding'] : undefined
  return Array.isArray(coding)
    ? coding.map((each) => (isFields(each) ? each['code'] : undefined))
    : []
}

const RULES: Readonly<Record<string, readonly Rule[]>> = {
  Bundle: [
    function bdl7(bundle, path, tell) {
      const seen = new Set<unknown>()
      const entries = Array.isArray(bundle['entry']) ? bundle['entry'] : []
      for (const [i, entry] of entries.filter(isFields).entries()) {
        const { fullUrl, resource } = entry
        const meta = isFields(resource) && isFields(resource['meta']) ? resource['meta'] : {}
        const key = `${fullUrl} ${meta['versionId'] ?? ''}`
        if (fullUrl != null && seen.has(key)) tell(`${path}.entry[${i}].fullUrl`, 'one of its own')
        seen.add(key)
      }
    }
  ],
  Condition: [
    function con4(condition, path, tell) {
      const ended = codes(condition['clinicalStatus']).some((code) =>
        ['inactive', 'remission', 'resolved'].includes(String(code))
      )
      if (has(condition, 'abatement') && !ended) {
        tell(`${path}.clinicalStatus`, 'inactive, remission or resolved, since it has abated')
      }
    }
  ],
  Observation: [
    function obs6(observation, path, tell) {
      if (observation['dataAbsentReason'] != null && has(observation, 'value')) {
        tell(`${path}.dataAbsentReason`, 'to be absent beside a value')
      }
    }
  ]
}

/** Checks one resource; `path` names it. */
export function checkInvariants(resource: Fields, path: string, tell: Tell): void {
  const type = String(resource['resourceType'])
  for (const rule of Object.hasOwn(RULES, type) ? (RULES[type] ?? []) : []) {
    rule(resource, path, tell)
  }
}
