/**
 * Which version of FHIR a resource is written in.
 * @module
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fhirVersion } from '../../../core/formats/fhir.ts'

const inBundle = (...resources: readonly unknown[]): object => ({
  resourceType: 'Bundle',
  entry: resources.map((resource) => ({ resource }))
})

const cases: readonly [string, unknown, string][] = [
  ['an R4 condition', { resourceType: 'Condition', clinicalStatus: { coding: [] } }, 'R4'],
  [
    'an STU3 condition',
    { resourceType: 'Condition', context: {}, clinicalStatus: 'active' },
    'STU3'
  ],
  [
    'a DSTU2 condition',
    { resourceType: 'Condition', patient: {}, clinicalStatus: 'active' },
    'DSTU2'
  ],
  ['a DSTU2 encounter', { resourceType: 'Encounter', class: 'inpatient' }, 'DSTU2'],
  ['an encounter of neither', { resourceType: 'Encounter', class: { code: 'IMP' } }, 'R4'],
  ['a type of DSTU2 alone', { resourceType: 'MedicationOrder' }, 'DSTU2'],
  ['a type of STU3 alone', { resourceType: 'ProcedureRequest' }, 'STU3'],
  ['a stated STU3', { resourceType: 'CapabilityStatement', fhirVersion: '3.0.1' }, 'STU3'],
  ['a stated DSTU2', { resourceType: 'Conformance', fhirVersion: '1.0.2' }, 'DSTU2'],
  ['a stated R4', { resourceType: 'CapabilityStatement', fhirVersion: '4.0.1' }, 'R4'],
  ['a type that nobody knows', { resourceType: 'constructor' }, 'R4'],
  ['something else', 7, 'R4'],
  [
    'a bundle by its most marks',
    inBundle(
      { resourceType: 'Observation', context: {} },
      { resourceType: 'Procedure', context: {} },
      { resourceType: 'Goal', lifecycleStatus: 'active' },
      undefined
    ),
    'STU3'
  ]
]

describe('fhirVersion', () => {
  it.each(cases)('tells %s', (_what, resource, expected) => {
    expect(fhirVersion(resource)).toBe(expected)
  })

  it('takes entries that are none for nothing', () => {
    expect(fhirVersion({ resourceType: 'Bundle', entry: [null, 1, { resource: [] }] })).toBe('R4')
  })

  it('tells the sample bundle', () => {
    const url = new URL('../../../node/demo/data/synthea-bundle.json', import.meta.url)

    expect(fhirVersion(JSON.parse(readFileSync(url, 'utf8')))).toBe('R4')
  })
})
