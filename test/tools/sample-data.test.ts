/**
 * The sample records that tests and the demo rely on: whole, valid, and marked as test data.
 * @module
 */
import { readFileSync } from 'node:fs'
import { Fhir } from 'fhir'
import { describe, expect, it } from 'vitest'

const read = (name: string): Buffer =>
  readFileSync(new URL(`../../node/demo/data/${name}`, import.meta.url))

interface Resource {
  readonly resourceType: string
  readonly id: string
  readonly meta?: { readonly security?: readonly { readonly code: string }[] }
}
interface Bundle extends Resource {
  readonly entry: readonly { readonly fullUrl: string; readonly resource: Resource }[]
}

const bundle = (name: string): Bundle => JSON.parse(read(name).toString()) as Bundle

/** Lists every `reference` below a value. */
function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references)
  if (typeof value !== 'object' || value == null) return []
  return Object.entries(value).flatMap(([key, below]) =>
    key === 'reference' && typeof below === 'string' ? [below] : references(below)
  )
}

const errorsIn = (value: Bundle): string[] =>
  new Fhir()
    .validate(value, { errorOnUnexpected: true })
    .messages.filter(({ severity }) => severity === 'error' || severity === 'fatal')
    .map(({ location, message }) => `${location}: ${message}`)

describe.each(['synthea-bundle.json', 'faulty-bundle.json'])('%s', (name) => {
  const value = bundle(name)

  it('resolves every reference', () => {
    const known = new Set(value.entry.map(({ fullUrl }) => fullUrl))
    const used = references(value).filter((reference) => !reference.startsWith('#'))

    expect(used.length).toBeGreaterThan(0)
    expect(used.filter((reference) => !known.has(reference))).toEqual([])
  })

  it('is labelled as test data throughout', () => {
    const unlabelled = [value, ...value.entry.map(({ resource }) => resource)].filter(
      ({ meta }) => !meta?.security?.some(({ code }) => code === 'HTEST')
    )

    expect(unlabelled.map(({ id }) => id)).toEqual([])
  })
})

describe('synthea-bundle.json', () => {
  it('validates as R4', () => {
    expect(errorsIn(bundle('synthea-bundle.json'))).toEqual([])
  })
})

describe('faulty-bundle.json', () => {
  it('holds a category that is no array', () => {
    expect(errorsIn(bundle('faulty-bundle.json'))).toEqual([
      'Condition.category: Property is not an array'
    ])
  })

  it('holds a time with a zone, which the fhir package does not notice', () => {
    const times = bundle('faulty-bundle.json').entry.flatMap(({ resource }) =>
      'valueTime' in resource ? [resource.valueTime] : []
    )

    expect(times).toEqual(['18:23:47.376-05:00'])
  })
})

describe.each([
  { name: 'mr-slice.dcm', sopClass: '1.2.840.10008.5.1.4.1.1.4' },
  { name: 'ecg.dcm', sopClass: '1.2.840.10008.5.1.4.1.1.9.1.1' }
])('$name', ({ name, sopClass }) => {
  it('is a DICOM file of its class that names nobody', () => {
    const bytes = read(name)

    expect(bytes.subarray(128, 132).toString('latin1')).toBe('DICM')
    expect(bytes.subarray(0, 400).toString('latin1')).toContain(sopClass)
    expect(bytes.toString('latin1')).toMatch(/Anonym(ous|ized)/)
  })
})
