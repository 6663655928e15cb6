/**
 * Guardians and recovery on a real chain, by the verbs of real nodes: accounts get code by EIP-7702
 * authorisations that clinics pay for, and what guardians and successors sign counts by ERC-1271 at
 * the contracts and at the custodians (docs/decisions/0024).
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex0x } from '../../core/bytes.ts'
import type { RunningNode } from '../../node/create-node.ts'
import { peerText } from '../../node/keys/peer-text.ts'
import { inbox } from '../../node/verbs/answer.ts'
import { grant } from '../../node/verbs/grant.ts'
import { listGrants } from '../../node/verbs/grants.ts'
import { appoint, endGuardianship, listGuardians } from '../../node/verbs/guardian.ts'
import { publish } from '../../node/verbs/publish.ts'
import { retrieve } from '../../node/verbs/retrieve.ts'
import { revoke } from '../../node/verbs/revoke.ts'
import { until } from '../fixtures/daemons.ts'
import { type ChainNetwork, createChainNetwork, quiet } from './chain-network.ts'

let net: ChainNetwork
let mother: RunningNode
let recordId: string

const account = (node: RunningNode): string => toHex0x(node.identity.account)
const contact = (node: RunningNode): string =>
  `${account(node)}@${peerText(net.clinics[0]?.identity.peer as never)}`

/** Until a reader's mail holds a grant that the confirmed block has. */
const active = (reader: RunningNode, id: string): Promise<void> =>
  until('the grant is confirmed', async () => {
    await inbox(reader, quiet())
    const { grants } = await listGrants(reader, quiet())
    return grants.some((each) => each.grant === id && each.state === 'active')
  })

beforeAll(async () => {
  net = await createChainNetwork()
  mother = await net.person('mother')
  const path = await net.file('vaccination.txt', 'measles, mumps, rubella')
  recordId = (await publish(net.patient, { path }, quiet())).recordId
  await publish(mother, { path: await net.file('own.txt', 'her own') }, quiet())
})
afterAll(() => net?.[Symbol.asyncDispose]())

describe('a guardian on a real chain', () => {
  it('grants and revokes for her ward until her guardianship ends', async () => {
    const { patient, hospital } = net
    const ward = account(patient)
    const rights = ['grant', 'revoke'] as const
    const asked = { guardian: account(mother), rights: [...rights], until: '3650d' }
    const appointed = await appoint(patient, asked, quiet())
    expect(appointed.delegated).toBe(true)
    expect(await net.rpc('eth_getCode', ward, 'latest')).toBe(
      `0xef0100${toHex0x(net.chain.deployment.wardAccount ?? new Uint8Array()).slice(2)}`
    )
    const hers = { to: contact(mother), records: [recordId], purpose: 'FAMRQT', until: '3650d' }
    await active(mother, (await grant(patient, hers, quiet())).grant)
    expect((await listGuardians(mother, {}, quiet())).guardianships).toMatchObject([
      { ward, direction: 'ward', state: 'standing', rights: [...rights] }
    ])

    const to = peerText(hospital.identity.peer)
    const terms = { for: ward, to, records: [recordId], purpose: 'TREAT', until: '30d' }
    const given = await grant(mother, terms, quiet())
    await active(hospital, given.grant)
    const read = await retrieve(hospital, { recordId, out: net.at('read') }, quiet())
    expect(read.released.length).toBeGreaterThanOrEqual(2)

    const revoked = await revoke(mother, { grant: given.grant, for: ward }, quiet())
    expect(revoked.noticed).toHaveLength(3)
    const again = retrieve(hospital, { recordId, out: net.at('again') }, quiet())
    await expect(again).rejects.toMatchObject({ name: 'AccessDeniedError' })

    await endGuardianship(patient, { guardian: account(mother) }, quiet())
    await until('the end is seen', () =>
      grant(mother, terms, quiet()).then(
        () => false,
        (err: Error) => /has not appointed you/.test(err.message)
      )
    )
  })
})
