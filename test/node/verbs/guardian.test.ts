import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex, toHex0x } from '../../../core/bytes.ts'
import type { RunningNode } from '../../../node/index.ts'
import { peerText } from '../../../node/keys/peer-text.ts'
import { inbox } from '../../../node/verbs/answer.ts'
import { grant } from '../../../node/verbs/grant.ts'
import { listGrants } from '../../../node/verbs/grants.ts'
import { appoint, endGuardianship, listGuardians } from '../../../node/verbs/guardian.ts'
import { optOut } from '../../../node/verbs/opt-out.ts'
import { publish } from '../../../node/verbs/publish.ts'
import { retrieve } from '../../../node/verbs/retrieve.ts'
import { revoke } from '../../../node/verbs/revoke.ts'
import { wish } from '../../../node/verbs/wish.ts'
import { until } from '../../fixtures/daemons.ts'
import { createNetwork, type Network, quiet } from '../../fixtures/network.ts'
import { person } from '../../fixtures/people.ts'

let net: Network
let mother: RunningNode
let recordId: string
let delegated: boolean

const account = (node: RunningNode): string => toHex0x(node.identity.account)
/** Whether the account got its code for it. */
async function give(rights: ('grant' | 'revoke' | 'wish')[], end = '3650d'): Promise<boolean> {
  const args = { guardian: account(mother), rights, until: end }
  const given = await appoint(net.patient, args, quiet())
  await confirmed()
  return given.delegated
}

/** Everybody sees what happened so far. */
async function confirmed(...others: readonly RunningNode[]): Promise<void> {
  await net.confirm()
  for (const node of [mother, ...others]) node.heads.expire?.()
}

beforeAll(async () => {
  net = await createNetwork()
  mother = await person(net, 'Mother')
  const path = await net.file('vaccination.txt', 'measles, mumps, rubella')
  recordId = (await publish(net.patient, { path }, quiet())).recordId
  await publish(mother, { path: await net.file('own.txt', 'her own') }, quiet())
  delegated = await give(['grant', 'revoke'])
  const to = `${account(mother)}@${peerText(net.clinics[0]?.identity.peer as never)}`
  const hers = { to, records: [recordId], purpose: 'FAMRQT', until: '3650d' }
  await grant(net.patient, hers, quiet())
  await confirmed()
  await inbox(mother, quiet())
})
afterAll(async () => {
  await mother?.stop()
  await net?.[Symbol.asyncDispose]()
})

describe('a guardian', () => {
  it('costs her ward’s account the code, once', async () => {
    expect(delegated).toBe(true)
    expect(await give(['grant'])).toBe(false)
  })

  it('grants for her ward, and revokes at once, on chain and at the custodians', async () => {
    const { patient, hospital, chain } = net
    const ward = account(patient)
    await give(['grant', 'revoke'])
    expect((await listGuardians(mother, {}, quiet())).guardianships).toMatchObject([
      { ward, direction: 'ward', state: 'standing' }
    ])

    const school = peerText(hospital.identity.peer)
    const given = await grant(
      mother,
      { for: ward, to: school, records: [recordId], purpose: 'TREAT', until: '30d' },
      quiet()
    )
    await confirmed()
    await inbox(hospital, quiet())
    const read = await retrieve(hospital, { recordId, out: `${net.folder}/read` }, quiet())
    expect(read.released.length).toBeGreaterThanOrEqual(2)
    const mined = await chain.mine(0)

    const revoked = await revoke(mother, { grant: given.grant, for: ward }, quiet())

    expect(revoked.noticed).toHaveLength(3)
    expect(revoked.block).toBeGreaterThan(mined.number)
    await expect(
      retrieve(hospital, { recordId, out: `${net.folder}/again` }, quiet())
    ).rejects.toMatchObject({ name: 'AccessDeniedError' })
    await confirmed(hospital)
    const { grants } = await listGrants(hospital, quiet())
    const held = grants.find((each) => each.grant === given.grant)
    expect(held).toMatchObject({ peer: toHex(patient.identity.account), state: 'revoked' })
  })
})

describe('a guardian’s rights', () => {
  const toWard = () => ({ for: account(net.patient) })
  const school = () => peerText(net.hospital.identity.peer)
  const terms = () => ({
    ...toWard(),
    to: school(),
    records: [recordId],
    purpose: 'TREAT',
    until: '1d'
  })
  const refuses = (why: string) => ({
    name: 'InvalidParametersError',
    message: expect.stringContaining(why)
  })
  it('are only what the ward gave', async () => {
    await give(['wish'])

    await expect(grant(mother, terms(), quiet())).rejects.toMatchObject(
      refuses('no right to grant')
    )
    const out = { ...toWard(), purposes: ['HRESCH'] }
    await expect(optOut(mother, out, quiet())).rejects.toMatchObject(
      refuses('no right to grant and revoke')
    )
    expect(await wish(mother, { ...toWard(), wish: 'never' }, quiet())).toMatchObject({
      wish: 'never',
      version: 1
    })
    await confirmed()
    expect(await wish(net.patient, {}, quiet())).toMatchObject({ wish: 'never' })
    expect(
      net.clinics[0]?.clinic?.custody.notices.wish(net.patient.identity.account)
    ).toMatchObject({
      wish: 3
    })
  })

  it('let her opt the ward out with both grant and revoke', async () => {
    await give(['grant', 'revoke'])

    const told = await optOut(mother, { ...toWard(), purposes: ['HRESCH'] }, quiet())

    expect(told).toMatchObject({ purposes: ['HRESCH'] })
    expect(told.noticed).toHaveLength(3)
    await confirmed()
    const { optedOut } = await listGrants(net.patient, quiet())
    expect(optedOut).toEqual(['HRESCH'])
  })

  it('reach no further than what she holds of the ward’s records', async () => {
    await give(['grant'])
    const path = await net.file('diary.txt', 'not for mothers')
    const diary = (await publish(net.patient, { path }, quiet())).recordId

    await expect(grant(mother, { ...terms(), records: [diary] }, quiet())).rejects.toMatchObject({
      name: 'RecordNotFoundError'
    })
    await expect(
      grant(mother, { ...terms(), records: undefined, chart: true }, quiet())
    ).rejects.toThrow()
  })

  it('hide nothing from the ward, who sees what was given and ends it', async () => {
    await give(['grant'])
    const given = await grant(mother, terms(), quiet())
    await confirmed()

    await inbox(net.patient, quiet())
    const { grants } = await listGrants(net.patient, quiet())
    const seen = grants.find((each) => each.grant === given.grant)
    expect(seen).toMatchObject({
      direction: 'given',
      purpose: 'TREAT',
      name: 'hospital (by Mother)'
    })

    expect(await revoke(net.patient, { grant: given.grant }, quiet())).toMatchObject({
      revoked: [given.grant]
    })
  })

  it('do not revoke everything, nor what others gave', async () => {
    await give(['grant', 'revoke'])
    const given = await grant(
      net.patient,
      {
        to: peerText(net.clinics[1]?.identity.peer as never),
        records: [recordId],
        purpose: 'TREAT',
        until: '1d'
      },
      quiet()
    )

    await expect(revoke(mother, { ...toWard(), all: true }, quiet())).rejects.toMatchObject(
      refuses('succeeded')
    )
    await expect(
      revoke(mother, { ...toWard(), grant: given.grant }, quiet())
    ).rejects.toMatchObject({
      name: 'RecordNotFoundError'
    })
  })

  it('end when the ward comes of age, when she ends them, and with the ward’s epoch', async () => {
    await expect(
      appoint(
        net.patient,
        { guardian: account(mother), rights: ['grant'], until: 'yesterday' },
        quiet()
      )
    ).rejects.toMatchObject({ name: 'InvalidParametersError' })
    const soon = new Date(Date.now() + 2_000).toISOString()
    await give(['grant'], soon)
    await until('she is of age', async () => {
      const { guardianships } = await listGuardians(mother, {}, quiet())
      return guardianships[0]?.state === 'expired'
    })
    await expect(grant(mother, terms(), quiet())).rejects.toMatchObject(refuses('on its own since'))

    await give(['grant'])
    await endGuardianship(mother, { ward: account(net.patient) }, quiet())
    await confirmed()
    await expect(grant(mother, terms(), quiet())).rejects.toMatchObject(
      refuses('not appointed you')
    )

    await give(['grant'])
    await revoke(net.patient, { all: true }, quiet())
    await confirmed()
    await expect(grant(mother, terms(), quiet())).rejects.toMatchObject(
      refuses('has revoked everything')
    )
  })

  it('are nobody’s over herself', async () => {
    const own = { guardian: account(mother), rights: ['grant' as const], until: '1d' }

    await expect(appoint(mother, own, quiet())).rejects.toMatchObject(refuses('another account'))
  })
})
