/**
 * What is valid FHIR R4, and that a refusal says where and never what stood there.
 * @module
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fhirFaults } from '../../../node/fhir/validate.ts'

const sample = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../node/demo/data/${name}`, import.meta.url), 'utf8'))

const CANARY = 'Zebediah-Canary'
const patient = { resourceType: 'Patient' }
const observation = { resourceType: 'Observation', status: 'final', code: { text: 'weight' } }
const condition = {
  resourceType: 'Condition',
  subject: { reference: 'Patient/1' },
  clinicalStatus: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }]
  }
}

const valid: readonly [string, unknown][] = [
  ['a bare patient', patient],
  ['partial dates', { ...patient, birthDate: '1974-12', deceasedDateTime: '2020' }],
  ['a leap day', { ...patient, birthDate: '2024-02-29' }],
  [
    'a primitive with an extension alone',
    { ...patient, _birthDate: { extension: [{ url: 'u:v', valueCode: 'x' }] } }
  ],
  [
    'a list with a hole for an extension',
    { ...patient, name: [{ given: ['A', null], _given: [null, { id: 'x' }] }] }
  ],
  ['an element id with a space', { ...patient, name: [{ id: 'a b', family: 'C' }] }],
  ['an active condition', condition],
  [
    'a resource inside',
    { ...observation, contained: [{ ...patient, id: 'p' }], subject: { reference: '#p' } }
  ],
  ['a zoned instant', { ...observation, issued: '2026-01-31T12:00:00.123+01:00' }]
]

/** Each with one thing wrong, and where it is told. */
const wrong: readonly [string, unknown, string][] = [
  ['no type', {}, 'resourceType'],
  ['an unknown type', { resourceType: CANARY }, 'resourceType'],
  ['a type of the object prototype', { resourceType: 'constructor' }, 'resourceType'],
  ['a data type as a resource', { resourceType: 'HumanName', family: CANARY }, 'resourceType'],
  ['no object', [patient], 'resourceType'],
  ['a missing element', { ...observation, status: undefined }, 'Observation.status'],
  [
    'a missing nested element',
    { ...patient, link: [{ other: { reference: 'Patient/2' } }] },
    'Patient.link[0].type'
  ],
  ['an unknown element', { ...patient, favouriteColour: CANARY }, 'Patient.favouriteColour'],
  ['an element whose name is content', { ...patient, [`${CANARY} 1974`]: 1 }, 'Patient.?'],
  ['no list', { ...patient, name: { family: CANARY } }, 'Patient.name'],
  ['an empty list', { ...patient, name: [] }, 'Patient.name'],
  ['null in a list', { ...patient, name: [null] }, 'Patient.name[0]'],
  ['null for an object', { ...observation, code: null }, 'Observation.code'],
  ['text for an object', { ...observation, code: CANARY }, 'Observation.code'],
  ['a list for an object', { ...observation, code: [CANARY] }, 'Observation.code'],
  ['a number for text', { ...patient, name: [{ family: 7 }] }, 'Patient.name[0].family'],
  ['text for true', { ...patient, active: CANARY }, 'Patient.active'],
  [
    'text for a number',
    { ...observation, valueQuantity: { value: CANARY } },
    'Observation.valueQuantity.value'
  ],
  ['a fraction for an integer', { ...observation, valueInteger: 1.5 }, 'Observation.valueInteger'],
  ['a date of another land', { ...patient, birthDate: '25/12/1974' }, 'Patient.birthDate'],
  ['a day that is none', { ...patient, birthDate: '2023-02-30' }, 'Patient.birthDate'],
  [
    'a time without a zone',
    { ...observation, effectiveDateTime: '2026-01-31T12:00:00' },
    'Observation.effectiveDateTime'
  ],
  ['a clock time with a zone', { ...observation, valueTime: '12:00:00Z' }, 'Observation.valueTime'],
  ['two values', { ...observation, valueString: CANARY, valueInteger: 3 }, 'Observation.value[x]'],
  [
    'two values of an extension',
    { ...patient, extension: [{ url: 'u:v', valueCode: 'a', valueInteger: 1 }] },
    'Patient.extension[0].value[x]'
  ],
  ['a code outside its set', { ...observation, status: CANARY }, 'Observation.status'],
  [
    'a reference to the wrong type',
    { ...observation, subject: { reference: `Practitioner/${CANARY}` } },
    'Observation.subject'
  ],
  ['an id with a space', { ...patient, id: 'a b' }, 'Patient.id'],
  [
    'a reason for no value beside a value',
    { ...observation, valueString: CANARY, dataAbsentReason: { text: CANARY } },
    'Observation.dataAbsentReason'
  ],
  [
    'an active condition that has abated',
    { ...condition, abatementDateTime: '2020' },
    'Condition.clinicalStatus'
  ],
  [
    'a wrong resource inside',
    { ...patient, contained: [{ resourceType: 'Observation', id: 'o' }] },
    'Observation.status'
  ],
  ['hasOwnProperty as data', { ...patient, hasOwnProperty: CANARY }, 'resource']
]

describe('fhirFaults', () => {
  it.each(valid)('passes %s', (_what, resource) => {
    expect(fhirFaults(resource)).toEqual([])
  })

  it.each(wrong)('refuses %s where it stands, without its content', (_what, resource, path) => {
    const faults = fhirFaults(structuredClone(resource))

    expect(faults.map((fault) => fault.split(': expected ')[0])).toContain(path)
    expect(faults.join('\n')).not.toContain(CANARY)
    expect(faults.join('\n')).not.toMatch(/undefined|another value/)
  })

  it('passes the sample bundle', () => {
    expect(fhirFaults(sample('synthea-bundle.json'))).toEqual([])
  })

  it('finds the two true faults of the faulty bundle, and only them', () => {
    expect(fhirFaults(sample('faulty-bundle.json'))).toEqual([
      'Bundle.entry[5].resource Condition.category: expected a list with at least one entry',
      'Bundle.entry[6].resource Observation.valueTime: expected a time hh:mm:ss without a zone'
    ])
  })

  it.each([
    ['STU3', { resourceType: 'Condition', context: {}, clinicalStatus: CANARY }],
    ['DSTU2', { resourceType: 'MedicationOrder' }]
  ])('says one line for %s', (version, resource) => {
    expect(fhirFaults(resource)).toEqual([
      `FHIR R4 (4.0.1) expected, got ${version}: convert it first`
    ])
  })

  it('tells two entries of one address apart', () => {
    const entry = { fullUrl: 'urn:uuid:11111111-1111-1111-1111-111111111111', resource: patient }
    const bundle = { resourceType: 'Bundle', type: 'collection', entry: [entry, entry] }

    expect(fhirFaults(bundle)).toEqual(['Bundle.entry[1].fullUrl: expected one of its own'])
  })

  it('survives nesting that would exhaust the stack', () => {
    let extension: unknown = { url: 'u:v', valueCode: 'x' }
    for (let i = 0; i < 20_000; i++) extension = { url: 'u:v', extension: [extension] }

    expect(fhirFaults({ ...patient, extension: [extension] })).toHaveLength(1)
  })
})
