import { readFile } from 'node:fs/promises'
import { defaultLogger } from '@libp2p/logger'
import { MemoryDatastore } from 'datastore-core'
import { describe, expect, it } from 'vitest'
import { domain, equalBytes } from '../../../core/bytes.ts'
import type { Primitives } from '../../../core/primitives.ts'
import { nativePrimitives } from '../../../node/crypto/native.ts'
import { peerText } from '../../../node/keys/peer-text.ts'
import { Upkeep } from '../../../node/upkeep.ts'
import { publish } from '../../../node/verbs/publish.ts'
import { showRecord, verifyRecord } from '../../../node/verbs/records.ts'
import { retrieve } from '../../../node/verbs/retrieve.ts'
import { consented } from '../../fixtures/consented.ts'
import { createNetwork, quiet } from '../../fixtures/network.ts'
import { until } from '../../fixtures/waiting.ts'

const SHARE = domain('keyward/v1/share')

/** Primitives of a custodian that changes a bit of each share it gives. */
const lying: Primitives = {
  ...nativePrimitives,
  hpkeSeal: (to, info, aad, plain) => {
    const isShare = equalBytes(info.subarray(0, SHARE.byteLength), SHARE)
    const sent = isShare ? plain.with(40, (plain[40] as number) ^ 1) : plain
    return nativePrimitives.hpkeSeal(to, info, aad, sent)
  }
}

describe('custodians of a record', () => {
  it('are named when they lie, and the record opens all the same', async () => {
    await using net = await consented({
      clinic: (place) => (place === 1 ? { primitives: lying } : {})
    })

    const got = await retrieve(net.hospital, { recordId: net.recordId }, quiet())

    expect(await readFile(got.path, 'utf8')).toBe('a record of Ana')
    expect(got.blamed).toEqual([
      {
        custodian: peerText(net.clinics[1]?.identity.peer as never),
        reason: 'share 2 does not match its commitment'
      }
    ])
    expect(got.released).toHaveLength(2)
  })

  it('may be away, as many as n − t', async () => {
    await using net = await consented({ clinics: 4, threshold: 2, replicas: 4 })
    await Promise.all([net.clinics[1]?.stop(), net.clinics[2]?.stop()])

    const got = await retrieve(net.hospital, { recordId: net.recordId }, quiet())

    expect(got.sha256).toBe(net.sha256)
    expect(got.blamed).toEqual([])
  })

  it('are too few when fewer than t are left', async () => {
    await using net = await consented()
    await Promise.all([net.clinics[1]?.stop(), net.clinics[2]?.stop()])

    await expect(retrieve(net.hospital, { recordId: net.recordId }, quiet())).rejects.toMatchObject(
      { name: 'NotEnoughSharesError', got: 1, needed: 2 }
    )
  })

  it('get their share later if they are away when a record is stored', async () => {
    await using net = await createNetwork()
    const first = await net.file('first.txt', 'first')
    await publish(net.patient, { path: first }, quiet()) // their cards are known from here
    const away = net.clinics[2]
    await away?.stop()
    const path = await net.file('second.txt', 'second')

    const added = await publish(net.patient, { path, replicas: 3 }, quiet())

    expect(added.state).toBe('degraded')
    expect(added.custodians.map(({ acked }) => acked)).toEqual([true, true, false])
    expect(added.custodians[2]?.reason).toBeDefined()
    const shown = showRecord(net.patient, { recordId: added.recordId })
    expect(shown.state).toBe('degraded')
    const verify = () => verifyRecord(net.patient, { recordId: added.recordId }, quiet())
    const acknowledged = { what: 'acknowledged', detail: '2 of 3, 2 needed' }
    expect((await verify()).checks).toContainEqual({ ...acknowledged, ok: false })

    await net.restart(2)
    const upkeep = new Upkeep({
      node: net.patient,
      provide: async () => {},
      datastore: new MemoryDatastore(),
      log: defaultLogger().forComponent('test')
    })
    upkeep.start()
    await until(() => showRecord(net.patient, added).state === 'acknowledged')
    await upkeep.stop()

    expect((await verify()).valid).toBe(true)
  })
})
