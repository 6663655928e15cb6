/**
 * Records are recognised by their shape, never by trust in a name.
 * @module
 */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../core/bytes.ts'
import { RECOGNISE_BYTES } from '../../core/limits.ts'
import { recognise } from '../../core/record.ts'

const sample = (name: string): Uint8Array =>
  readFileSync(new URL(`../../node/demo/data/${name}`, import.meta.url)).subarray(
    0,
    RECOGNISE_BYTES
  )

const cases: readonly [string, string | Uint8Array, string, object][] = [
  ['a Synthea bundle', sample('synthea-bundle.json'), 'x', fhir('Bundle')],
  ['an MR slice', sample('mr-slice.dcm'), 'x', { mime: 'application/dicom', modality: 'MR' }],
  ['an ECG', sample('ecg.dcm'), 'x', { mime: 'application/dicom', modality: 'ECG' }],
  ['a PDF', '%PDF-1.7\n%âãÏÓ', 'x', { mime: 'application/pdf' }],
  ['a PDF after junk', `${' '.repeat(1_019)}%PDF-1.7`, 'x', { mime: 'application/pdf' }],
  ['a PDF header too late', `${' '.repeat(1_020)}%PDF-1.7`, 'x', { mime: 'text/plain' }],
  ['FHIR after a mark', '\ufeff {"resourceType":"Patient"}', 'x', fhir('Patient')],
  [
    'FHIR, type last',
    '{"a":{"resourceType":"No"},"b":[1,"{"],"resourceType":"Yes"}',
    'x',
    fhir('Yes')
  ],
  ['a value of that name', '{"a":"resourceType","b":"Patient"}', 'x', { mime: 'application/json' }],
  ['a nested type', '{"a":{"resourceType":"Patient"}}', 'x', { mime: 'application/json' }],
  ['a list of resources', '[{"resourceType":"Patient"}]', 'x', { mime: 'application/json' }],
  ['a type that is no name', '{"resourceType":"p t"}', 'x', { mime: 'application/json' }],
  ['a type that is no text', '{"resourceType":{"a":1}}', 'x', { mime: 'application/json' }],
  ['an escaped quote', '{"a\\"b":1,"resourceType":"Patient"}', 'x', fhir('Patient')],
  ['cut JSON', '{"id":"a', 'x', { mime: 'application/json' }],
  ['HL7 v2', 'MSH|^~\\&|ADT|\r', 'x', { mime: 'x-application/hl7-v2+er7' }],
  ['CSV by name', 'a,b\n1,2\n', 'lab.CSV', { mime: 'text/csv' }],
  ['XML by name', '<Patient/>', 'p.xml', { mime: 'application/xml' }],
  ['a letter', 'Dear colleague', 'letter', { mime: 'text/plain' }],
  ['text cut in a character', utf8('é').subarray(0, 1), 'x', { mime: 'text/plain' }],
  ['nothing', '', 'a.csv', { mime: 'application/octet-stream' }],
  ['a zero byte', 'a\u0000b', 'a.csv', { mime: 'application/octet-stream' }],
  ['other bytes', Uint8Array.of(0xff, 0xd8, 0xff), 'a.dcm', { mime: 'application/octet-stream' }]
]

function fhir(type: string): object {
  return { mime: 'application/fhir+json', fhir: type }
}

/** A DICOM file of explicit elements: tag, VR, value. */
function dicom(...elements: readonly [number, string, string][]): Uint8Array {
  const parts = elements.map(([tag, vr, value]) => {
    const long = ['OB', 'SQ', 'UN'].includes(vr)
    const head = new DataView(new ArrayBuffer(long ? 12 : 8))
    head.setUint16(0, tag >>> 16, true)
    head.setUint16(2, tag & 0xffff, true)
    head.setUint8(4, vr.charCodeAt(0))
    head.setUint8(5, vr.charCodeAt(1))
    if (long) head.setUint32(8, value.length, true)
    else head.setUint16(6, value.length, true)
    return concat(new Uint8Array(head.buffer), utf8(value))
  })
  return concat(new Uint8Array(128), utf8('DICM'), ...parts)
}

describe('recognise', () => {
  it.each(cases)('knows %s', (_what, content, name, expected) => {
    const bytes = typeof content === 'string' ? utf8(content) : content

    expect(recognise(bytes, name)).toEqual(expected)
  })

  const padding = utf8(' '.repeat(16))
  const dicomCases: readonly [string, Uint8Array, string | undefined][] = [
    ['its modality', dicom([0x0002_0001, 'OB', 'ab'], [0x0008_0060, 'CS', 'CT']), 'CT'],
    ['no modality', concat(dicom([0x0008_0070, 'LO', 'GE']), padding), undefined],
    ['implicit elements', concat(dicom([0x0008_0016, '\u0004\u0000', '']), padding), undefined],
    ['a modality that is none', concat(dicom([0x0008_0060, 'CS', 'c-t ']), padding), undefined],
    ['elements past the end', dicom([0x0008_0016, 'UI', '1.2']), undefined],
    ['nothing behind its preamble', dicom(), undefined]
  ]
  it.each(dicomCases)('reads a DICOM file with %s', (_what, bytes, modality) => {
    const expected = { mime: 'application/dicom', ...(modality == null ? {} : { modality }) }

    expect(recognise(concat(bytes, bytes.length > 132 ? padding : utf8('')), 'x')).toEqual(expected)
  })

  it('never throws, and names a type for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, isDicom) => {
        const first = isDicom ? concat(dicom(), bytes) : bytes
        return recognise(first, 'x').mime.includes('/')
      })
    )
  })

  it('agrees with a JSON parser on what an object claims', () => {
    const value = fc.dictionary(
      fc.constantFrom('resourceType', 'a', 'b:c', '{'),
      fc.oneof(
        fc.constantFrom('Patient', 'Bundle', '"', '}'),
        fc.json().map((t) => JSON.parse(t))
      )
    )
    fc.assert(
      fc.property(value, (object) => {
        const claimed = Object.hasOwn(object, 'resourceType') ? object['resourceType'] : undefined
        const isType = typeof claimed === 'string' && /^[A-Z][A-Za-z]{1,63}$/.test(claimed)

        const got = recognise(utf8(JSON.stringify(object)), 'x').fhir

        expect(got).toBe(isType ? claimed : undefined)
      })
    )
  })
})
