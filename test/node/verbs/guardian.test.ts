import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex, toHex0x } from '../../../core/bytes.ts'
import type { RunningNode } from '../../../node/index.ts'
import { peerText } from '../../../node/keys/peer-text.ts'
import { inbox } from '../../../node/verbs/answer.ts'
import { grant } from '../../../node/verbs/grant.ts'
import { listGrants } from '../../../node/verbs/grants.ts'
import { appoint, listGuardians } from '../../../node/verbs/guardian.ts'
import { publish } from '../../../node/verbs/publish.ts'
import { retrieve } from '../../../node/verbs/retrieve.ts'
import { revoke } from '../../../node/verbs/revoke.ts'
import { createNetwork, type Network, quiet } from '../../fixtures/network.ts'
import { person } from '../../fixtures/people.ts'

let net: Network
let mother: RunningNode
let recordId: string

const account = (node: RunningNode): string => toHex0x(node.identity.account)
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
})
afterAll(async () => {
  await mother?.stop()
  await net?.[Symbol.asyncDispose]()
})

describe('a guardian', () => {
  it('grants for her ward, and revokes at once, on chain and at the custodians', async () => {
    const { patient, hospital, chain } = net
    const ward = account(patient)
    const appointed = await appoint(
      patient,
      { guardian: account(mother), rights: ['grant', 'revoke'], until: '3650d' },
      quiet()
    )
    expect(appointed).toMatchObject({ delegated: true, rights: ['grant', 'revoke'] })
    const to = `${account(mother)}@${peerText(net.clinics[0]?.identity.peer as never)}`
    await grant(patient, { to, records: [recordId], purpose: 'FAMRQT', until: '3650d' }, quiet())
    await confirmed()
    await inbox(mother, quiet())
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
    const { grants } = await listGrants(hospital, quiet())
    expect(grants).toMatchObject([{ grant: given.grant, peer: toHex(patient.identity.account) }])
  })
})
