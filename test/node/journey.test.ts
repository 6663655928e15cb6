import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { approve, inbox } from '../../node/verbs/answer.ts'
import { history } from '../../node/verbs/history.ts'
import { showIdentity } from '../../node/verbs/identity.ts'
import { publish, update } from '../../node/verbs/publish.ts'
import { request } from '../../node/verbs/request.ts'
import { retrieve } from '../../node/verbs/retrieve.ts'
import { revoke } from '../../node/verbs/revoke.ts'
import { createNetwork, quiet } from '../fixtures/network.ts'

describe('one record', () => {
  it('goes through all twelve hops and is refused after the revocation', async () => {
    await using net = await createNetwork()
    const { patient, hospital } = net
    const content = `Blood pressure 120/80 of Ana, ${'x'.repeat(100_000)}`
    const path = await net.file('note with ümlaut.txt', content)

    const added = await publish(patient, { path }, quiet())
    expect(added.custodians).toEqual(added.custodians.map((each) => ({ ...each, acked: true })))
    expect(added).toMatchObject({ ver: 1, state: 'acknowledged', threshold: { t: 2, n: 3 } })

    const { contact } = showIdentity(patient)
    const asked = await request(
      hospital,
      { patient: contact, purpose: 'TREAT', until: '30d', reason: 'admission' },
      quiet()
    )
    expect(asked.delivered).toHaveLength(3)
    const { wishes } = await inbox(patient, quiet())
    expect(wishes).toMatchObject([{ wish: asked.wish, from: 'hospital', state: 'waiting' }])

    const granted = await approve(
      patient,
      { wish: asked.wish, until: '1h', versions: '1' },
      quiet()
    )
    expect(granted.delivered).toBe(true)
    await net.confirm()
    const { replies } = await inbox(hospital, quiet())
    expect(replies).toMatchObject([{ wish: asked.wish, verdict: 'granted' }])

    const got = await retrieve(hospital, { recordId: added.recordId }, quiet())
    expect(await readFile(got.path, 'utf8')).toBe(content)
    expect(got.sha256).toBe(added.sha256)
    expect(got.released.length).toBeGreaterThanOrEqual(2)
    expect(got.blamed).toEqual([])

    const second = await net.file('second.txt', 'version two')
    const updated = await update(patient, { recordId: added.recordId, path: second }, quiet())
    expect(updated).toMatchObject({ ver: 2, state: 'acknowledged' })
    const again = await retrieve(
      hospital,
      { recordId: added.recordId, ver: 1, via: 'dht' },
      quiet()
    )
    expect(again.sha256).toBe(added.sha256)

    const revoked = await revoke(patient, { grant: granted.grant }, quiet())
    expect(revoked.noticed).toHaveLength(3)
    await expect(
      retrieve(hospital, { recordId: added.recordId, ver: 1 }, quiet())
    ).rejects.toMatchObject({ name: 'AccessDeniedError', code: 400 })

    const { entries } = await history(patient, {}, quiet())
    const refusals = entries.filter(({ kind }) => kind === 'refuse')
    expect(refusals.map(({ code }) => code?.slice(0, 3))).toEqual(
      ['506', '506', '506'].map(() => expect.stringMatching(/506|508/))
    )
    expect(entries.filter(({ kind }) => kind === 'release')).not.toHaveLength(0)
  }, 60_000)
})
