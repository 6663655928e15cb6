import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { peerText } from '../../../node/keys/peer-text.ts'
import { inbox } from '../../../node/verbs/answer.ts'
import { grant } from '../../../node/verbs/grant.ts'
import { publish, update } from '../../../node/verbs/publish.ts'
import { listRecords, showRecord, verifyRecord } from '../../../node/verbs/records.ts'
import { retrieve } from '../../../node/verbs/retrieve.ts'
import { createNetwork, type Network, quiet } from '../../fixtures/network.ts'

/** Bytes that repeat nowhere near, so that a block in the wrong place shows. */
function bytesOf(length: number): Uint8Array {
  const out = new Uint8Array(length)
  const view = new DataView(out.buffer)
  let x = 0x9e37_79b9
  for (let i = 0; i + 4 <= length; i += 4) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0
    view.setUint32(i, x)
  }
  return out
}

async function give(net: Network, records: readonly string[]): Promise<void> {
  const to = peerText(net.hospital.identity.peer)
  const terms = { to, records: [...records], purpose: 'TREAT', until: '1h' }
  await grant(net.patient, terms, quiet())
  await net.confirm()
  await inbox(net.hospital, quiet())
}

const KIB = 1_024
/** A sealed chunk holds 64 KiB, a block four of them. */
const SIZES = [0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 256 * KIB, 256 * KIB + 1, 1_024 * KIB]

describe('records', () => {
  it('come back as they were, whatever their size', async () => {
    await using net = await createNetwork()
    const added = []
    for (const size of SIZES) {
      const path = await net.file(`${size}.bin`, bytesOf(size))
      added.push(await publish(net.patient, { path }, quiet()))
    }
    await give(
      net,
      added.map(({ recordId }) => recordId)
    )

    for (const [i, { recordId, bytes }] of added.entries()) {
      const got = await retrieve(net.hospital, { recordId }, quiet())
      const own = await retrieve(net.patient, { recordId }, quiet())
      const content = bytesOf(SIZES[i] as number)
      expect(bytes).toBe(content.byteLength)
      expect(new Uint8Array(await readFile(got.path)), `${bytes} bytes`).toEqual(content)
      expect(new Uint8Array(await readFile(own.path)), `${bytes} bytes`).toEqual(content)
    }
  }, 60_000)

  it('keep their names, and never write over another file', async () => {
    await using net = await createNetwork()
    const name = 'Übersicht für Ana (2026) – straße.txt'
    const path = await net.file(name, 'content')
    const { recordId } = await publish(net.patient, { path }, quiet())

    const first = await retrieve(net.patient, { recordId }, quiet())
    const second = await retrieve(net.patient, { recordId }, quiet())

    expect(basename(first.path)).toBe(name)
    expect(basename(second.path)).toBe('Übersicht für Ana (2026) – straße (2).txt')
    expect(showRecord(net.patient, { recordId }).name).toBe(name)
    expect(listRecords(net.patient).records.map((record) => record.name)).toEqual([name])
  })

  it('give a part of themselves', async () => {
    await using net = await createNetwork()
    const content = bytesOf(700 * KIB)
    const path = await net.file('large.bin', content)
    const { recordId } = await publish(net.patient, { path }, quiet())
    await give(net, [recordId])
    const ranges = [
      [0, 1],
      [64 * KIB - 1, 64 * KIB + 1],
      [262_143, 262_145],
      [300_000, 600_000],
      [700 * KIB - 1, 700 * KIB]
    ] as const

    for (const [from, to] of ranges) {
      const out = join(net.folder, `part ${from}`)
      const got = await retrieve(net.hospital, { recordId, from, to, out }, quiet())
      expect(got.bytes).toBe(to - from)
      expect(new Uint8Array(await readFile(out)), `${from}..${to}`).toEqual(content.slice(from, to))
    }
    const rest = await retrieve(net.hospital, { recordId, from: 700 * KIB - 5 }, quiet())
    expect(rest.bytes).toBe(5)
    const before = await readdir(net.folder)
    for (const [from, to] of [
      [0, 700 * KIB + 1],
      [9, 3]
    ] as const) {
      const out = join(net.folder, 'wrong')
      await expect(
        retrieve(net.hospital, { recordId, from, to, out }, quiet()),
        `${from}..${to}`
      ).rejects.toMatchObject({ name: 'InvalidParametersError' })
    }
    expect(await readdir(net.folder)).toEqual(before)
  })

  it('have versions, each with secrets of its own', async () => {
    await using net = await createNetwork()
    const path = await net.file('one.txt', 'one')
    const { recordId } = await publish(net.patient, { path }, quiet())
    await update(net.patient, { recordId, path: await net.file('two.txt', 'two') }, quiet())

    const third = await update(
      net.patient,
      { recordId, path: await net.file('three.txt', 'three'), reason: 'corrected' },
      quiet()
    )

    expect(third).toMatchObject({ ver: 3, state: 'acknowledged', recordId })
    const { versions } = showRecord(net.patient, { recordId })
    expect(versions.map(({ ver, state }) => [ver, state])).toEqual([
      [1, 'acknowledged'],
      [2, 'acknowledged'],
      [3, 'acknowledged']
    ])
    for (const [ver, content] of [
      [1, 'one'],
      [2, 'two'],
      [undefined, 'three']
    ] as const) {
      const of = ver == null ? { recordId } : { recordId, ver }
      const got = await retrieve(net.patient, of, quiet())
      expect(await readFile(got.path, 'utf8')).toBe(content)
      expect((await verifyRecord(net.patient, of, quiet())).valid).toBe(true)
    }
    const secrets = net.patient.ledger.records().flat()
    expect(new Set(secrets.map(({ entry }) => String(entry.secret))).size).toBe(3)
  })

  it('get one version after the other from updates at once', async () => {
    await using net = await createNetwork()
    const path = await net.file('one.txt', 'one')
    const { recordId } = await publish(net.patient, { path }, quiet())

    const paths = await Promise.all(['two', 'three'].map((text) => net.file(text, text)))

    const updated = await Promise.all(
      paths.map((path) => update(net.patient, { recordId, path }, quiet()))
    )

    expect(updated.map(({ ver, state }) => [ver, state])).toEqual([
      [2, 'acknowledged'],
      [3, 'acknowledged']
    ])
  })

  it('that are not the FHIR they say they are, are not stored', async () => {
    await using net = await createNetwork()
    const wrong = { resourceType: 'Observation', status: 'nonsense', code: {} }
    const path = await net.file('observation.json', JSON.stringify(wrong))

    await expect(publish(net.patient, { path }, quiet())).rejects.toMatchObject({
      name: 'InvalidRecordError'
    })
    const text = await net.file('note.txt', 'no FHIR at all')
    await expect(publish(net.patient, { path: text, fhir: true }, quiet())).rejects.toMatchObject({
      name: 'InvalidRecordError'
    })

    expect(net.patient.ledger.records()).toEqual([])
    for (const { clinic } of net.clinics) expect(clinic?.custody.size).toBe(0)
  })

  it('that are FHIR are classed by it', async () => {
    await using net = await createNetwork()
    const observation = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'blood pressure' }
    }
    const path = await net.file('observation.json', JSON.stringify(observation))

    const { recordId } = await publish(net.patient, { path }, quiet())

    expect(showRecord(net.patient, { recordId })).toMatchObject({
      fhir: 'Observation',
      mime: 'application/fhir+json'
    })
  })

  it('are no longer valid once the chain says otherwise', async () => {
    await using net = await createNetwork()
    const path = await net.file('one.txt', 'one')
    const { recordId } = await publish(net.patient, { path }, quiet())
    await give(net, [recordId])

    expect(await verifyRecord(net.hospital, { recordId }, quiet())).toMatchObject({
      valid: true,
      checks: [
        { what: 'anchor', ok: true },
        { what: 'state', ok: true, detail: 'STORED' }
      ]
    })
    await net.chain.reorg(30, { blocks: 31 })
    await net.confirm()
    const verified = await verifyRecord(net.patient, { recordId }, quiet()).catch((err) => err.name)
    expect(verified).not.toMatchObject({ valid: true })
  })
})
