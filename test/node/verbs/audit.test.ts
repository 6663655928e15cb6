import { defaultLogger } from '@libp2p/logger'
import { MemoryDatastore } from 'datastore-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex } from '../../../core/bytes.ts'
import type { Clinic } from '../../../node/clinic.ts'
import type { RunningNode } from '../../../node/index.ts'
import { Upkeep } from '../../../node/upkeep.ts'
import { anchorAudit, auditStatus } from '../../../node/verbs/audit.ts'
import { publish } from '../../../node/verbs/publish.ts'
import { createNetwork, type Network, quiet } from '../../fixtures/network.ts'
import { until } from '../../fixtures/waiting.ts'

let net: Network
const clinic = (place: number): RunningNode & { clinic: Clinic } =>
  net.clinics[place] as RunningNode & { clinic: Clinic }

beforeAll(async () => {
  net = await createNetwork()
  await publish(net.patient, { path: await net.file('note.txt', 'a note') }, quiet())
})
afterAll(() => net?.[Symbol.asyncDispose]())

/** A clinic as upkeep finds it after so many seconds without an anchor. */
const upkeepOf = (place: number, anchorSeconds: number | undefined): Upkeep =>
  new Upkeep({
    node: clinic(place),
    provide: async () => {},
    datastore: new MemoryDatastore(),
    anchorSeconds,
    log: defaultLogger().forComponent('test')
  })

describe('audit anchor', () => {
  it('writes the root once, and says so when there is nothing new', async () => {
    const node = clinic(0)

    const first = await anchorAudit(node, quiet())
    const again = await anchorAudit(node, quiet())

    const { toSeq, root } = node.clinic.receipts.top
    expect(first).toMatchObject({ anchored: true, toSeq, root: toHex(root) })
    expect(first.tx).toMatch(/^[0-9a-f]{64}$/)
    expect(again).toEqual({ anchored: false, toSeq, root: toHex(root) })
  })

  it('is for those who keep a log', async () => {
    const refused = { name: 'InvalidParametersError', message: expect.stringContaining('no log') }

    await expect(anchorAudit(net.patient, quiet())).rejects.toMatchObject(refused)
    await expect(auditStatus(net.patient, quiet())).rejects.toMatchObject(refused)
  })
})

describe('audit status', () => {
  it('tells what an auditor needs, before an anchor and after it', async () => {
    const node = clinic(1)
    const before = await auditStatus(node, quiet())

    await anchorAudit(node, quiet())
    const after = await auditStatus(node, quiet())

    const { lastSeq, top } = node.clinic.receipts
    expect(before).toMatchObject({ whole: true, entries: lastSeq, state: 'none' })
    expect(after).toMatchObject({ state: 'held', toSeq: lastSeq, root: toHex(top.root) })
    expect(after.salt).toBe(before.salt)
    expect(after.salt).not.toBe((await auditStatus(clinic(0), quiet())).salt)
  })
})

describe('upkeep', () => {
  it('anchors receipts that are due, and once', async () => {
    const { anchor } = clinic(2).clinic
    expect(anchor.state.kind).toBe('none')
    const upkeep = upkeepOf(2, 0)

    upkeep.start()
    await until(() => anchor.state.kind === 'held')
    await upkeep.stop()

    const { lastSeq } = clinic(2).clinic.receipts
    expect(await anchor.check()).toMatchObject({ kind: 'held', toSeq: lastSeq })
    expect(await anchor.anchor()).toBeUndefined()
  })

  it.each([
    ['nobody set how often', undefined],
    ['a day has not passed', 86_400]
  ])('anchors nothing where %s', async (_, seconds) => {
    await using other = await createNetwork({ clinics: 2, replicas: 1 })
    await publish(other.patient, { path: await other.file('x.txt', 'x') }, quiet())
    const [node] = other.clinics as [RunningNode & { clinic: Clinic }]
    const upkeep = new Upkeep({
      node,
      provide: async () => {},
      datastore: new MemoryDatastore(),
      anchorSeconds: seconds,
      log: defaultLogger().forComponent('test')
    })

    upkeep.start()
    await upkeep.stop()

    expect(node.clinic.receipts.lastSeq).toBeGreaterThan(0)
    expect(await node.clinic.anchor.check()).toEqual({ kind: 'none' })
  })
})
