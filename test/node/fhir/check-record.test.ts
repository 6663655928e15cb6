/**
 * Files before they become records.
 * @module
 */
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FHIR_FAULTS_TOLD, FHIR_MAX_BYTES } from '../../../core/limits.ts'
import { checkRecord } from '../../../node/fhir/check-record.ts'

const sample = (name: string): string =>
  fileURLToPath(new URL(`../../../node/demo/data/${name}`, import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyward-check-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function file(name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}

const BOTH = [
  ['a small one', ''],
  ['a large one, beside the node', ' '.repeat(300_000)]
] as const

describe('checkRecord', () => {
  it.each([
    ['synthea-bundle.json', { mime: 'application/fhir+json', fhir: 'Bundle', bytes: 97_647 }],
    ['mr-slice.dcm', { mime: 'application/dicom', modality: 'MR' }],
    ['ecg.dcm', { mime: 'application/dicom', modality: 'ECG' }]
  ])('takes %s', async (name, expected) => {
    expect(await checkRecord(sample(name))).toMatchObject({ name, ...expected })
  })

  it('refuses the faulty bundle with two readable lines', async () => {
    const err = await checkRecord(sample('faulty-bundle.json')).catch((each) => each)

    expect(err).toMatchObject({
      name: 'InvalidRecordError',
      message: 'FHIR R4 expected, got 2 faults'
    })
    expect(err.faults).toHaveLength(2)
  })

  it.each(BOTH)('finds a claim that comes late: %s', async (_what, space) => {
    const late = await file(
      'late.json',
      `{"a":1,${' '.repeat(20_000)}${space}"resourceType":"Patient"}`
    )

    await expect(checkRecord(late)).rejects.toMatchObject({
      faults: ['Patient.a: expected no such element']
    })
  })

  it.each(BOTH)('takes valid FHIR: %s', async (_what, space) => {
    const path = await file('ok.json', `{"resourceType":"Patient"${space}}`)

    expect(await checkRecord(path)).toMatchObject({ fhir: 'Patient' })
  })

  it('refuses what claims FHIR and is cut off', async () => {
    const path = await file('cut.json', '{"resourceType":"Patient","name":[{"family":"Zeb')

    await expect(checkRecord(path)).rejects.toMatchObject({
      faults: ['the file: expected JSON to its end']
    })
  })

  it('says one line for another version of FHIR', async () => {
    const path = await file('stu3.json', '{"resourceType":"ProcedureRequest"}')

    await expect(checkRecord(path)).rejects.toMatchObject({
      message: expect.stringContaining('got STU3'),
      faults: []
    })
  })

  it('counts the faults that it does not tell', async () => {
    const names = Array.from({ length: 50 }, () => ({ family: 1 }))
    const path = await file('many.json', JSON.stringify({ resourceType: 'Patient', name: names }))

    const err = await checkRecord(path).catch((each) => each)

    expect(err.faults).toHaveLength(FHIR_FAULTS_TOLD + 1)
    expect(err.faults.at(-1)).toBe('and 30 more')
  })

  it('takes other JSON, text and bytes as they are', async () => {
    expect(await checkRecord(await file('a.json', '{"a":1}'))).toMatchObject({
      mime: 'application/json'
    })
    expect(await checkRecord(await file('b.json', '{"a":'))).toMatchObject({ mime: 'text/plain' })
    expect(await checkRecord(await file('c', ''))).toMatchObject({
      mime: 'application/octet-stream',
      bytes: 0
    })
  })

  it('lets the owner name it and say what it is', async () => {
    const path = await file('scan', 'x')

    expect(await checkRecord(path, { name: 'Letter', mime: 'text/x-letter' })).toEqual({
      name: 'Letter',
      mime: 'text/x-letter',
      bytes: 1
    })
  })

  it('refuses all but FHIR when it must be', async () => {
    await expect(checkRecord(sample('ecg.dcm'), { insist: true })).rejects.toThrow(
      'FHIR JSON expected, got application/dicom'
    )
  })

  it('refuses FHIR that is too large to check, and takes other JSON of that size', async () => {
    const claims = await file('huge.json', `{"resourceType":"Bundle",${' '.repeat(20_000)}`)
    await truncate(claims, FHIR_MAX_BYTES + 1)
    const claimsNot = await file('huge2.json', `{"a":"${'b'.repeat(20_000)}`)
    await truncate(claimsNot, FHIR_MAX_BYTES + 1)

    await expect(checkRecord(claims)).rejects.toThrow(`at most ${FHIR_MAX_BYTES}`)
    expect(await checkRecord(claimsNot)).toMatchObject({ mime: 'application/json' })
  })

  it('names the path when there is no such file', async () => {
    const missing = join(folder, 'missing')

    await expect(checkRecord(missing)).rejects.toMatchObject({ name: 'InvalidParametersError' })
    await expect(checkRecord(folder)).rejects.toThrow('expected a file')
  })

  it('ends a long check when it is told to', async () => {
    const path = await file('long.json', `{"resourceType":"Patient"${' '.repeat(300_000)}}`)
    const signal = AbortSignal.abort()

    await expect(checkRecord(path, { signal })).rejects.toMatchObject({ name: 'AbortError' })
  })
})
