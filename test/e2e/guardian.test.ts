/**
 * Guardians and recovery on a real chain, by the verbs of real nodes: accounts get code by EIP-7702
 * authorisations that clinics pay for, and what guardians and successors sign counts by ERC-1271 at
 * the contracts and at the custodians (docs/decisions/0024).
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex, toHex0x } from '../../core/bytes.ts'
import { accountSlot, decodeAccountWord } from '../../core/words.ts'
import type { RunningNode } from '../../node/create-node.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { peerText } from '../../node/keys/peer-text.ts'
import { inbox } from '../../node/verbs/answer.ts'
import { grant } from '../../node/verbs/grant.ts'
import { listGrants } from '../../node/verbs/grants.ts'
import { appoint, endGuardianship, listGuardians } from '../../node/verbs/guardian.ts'
import { publish } from '../../node/verbs/publish.ts'
import {
  completeRecovery,
  helpRecover,
  proposeRecovery,
  recoveryStatus,
  vetoRecovery
} from '../../node/verbs/recovery.ts'
import { planRecovery } from '../../node/verbs/recovery-plan.ts'
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

describe('a lost account on a real chain', () => {
  it('passes to a successor after the delay, with its grants as they were', async () => {
    const { hospital } = net
    const [lost, found, ben, cleo] = await Promise.all(
      ['lost', 'found', 'ben', 'cleo'].map((name) => net.person(name))
    )
    if (lost == null || found == null || ben == null || cleo == null) throw new Error('nobody')
    for (const node of [lost, ben, cleo]) {
      const path = await net.file(`${node.identity.name}.txt`, `of ${node.identity.name}`)
      await publish(node, { path }, quiet())
    }
    const [record] = lost.ledger.records().flat()
    const id = toHex(record?.entry.recordId ?? new Uint8Array())
    const to = peerText(hospital.identity.peer)
    const given = { to, records: [id], purpose: 'TREAT', until: '30d' }
    const granted = await grant(lost, given, quiet())
    await active(hospital, granted.grant)

    const helpers = [contact(ben), contact(cleo)]
    const plan = await planRecovery(lost, { helpers, threshold: 2, delay: '1d' }, quiet())
    expect(plan.told).toHaveLength(2)
    const account_ = account(lost)
    const old = `${account_}@${peerText(net.clinics[0]?.identity.peer as never)}`
    const helped = async () => {
      const help: string[] = []
      for (const helper of [ben, cleo]) {
        await inbox(helper, quiet())
        const asked = { account: account_, successor: account(found) }
        help.push((await helpRecover(helper, asked, quiet())).help)
      }
      return help
    }

    // somebody proposes while she still has her phone
    const first = await helped()
    const alone = proposeRecovery(found, { account: old, help: first.slice(1) }, quiet())
    await expect(alone).rejects.toThrow('"help" expected 2 helpers')
    const proposed = await proposeRecovery(found, { account: old, help: first }, quiet())
    expect(proposed).toMatchObject({ state: 'pending', round: 1, candidate: account(found) })
    await until('she sees it', async () => {
      const seen = await recoveryStatus(lost, { account: account_ }, quiet())
      return seen.state === 'pending'
    })
    expect(await vetoRecovery(lost, quiet())).toMatchObject({ state: 'vetoed', round: 1 })

    // now it is gone
    await lost.stop()
    await until('helpers see the veto', async () => {
      const seen = await recoveryStatus(ben, { account: account_ }, quiet())
      return seen.state === 'vetoed'
    })
    await proposeRecovery(found, { account: old, help: await helped() }, quiet())
    await expect(completeRecovery(found, { account: old }, quiet())).rejects.toMatchObject({
      name: 'TransactionFailedError'
    })
    await net.travel(86_400)
    await until('everybody sees the next day', async () => {
      const seen = await Promise.all(net.clinics.map((clinic) => clinic.readiness()))
      return seen.every(({ ready }) => ready)
    })
    const done = await completeRecovery(found, { account: old }, quiet())
    expect(done).toMatchObject({ state: 'done', round: 2, successor: account(found) })

    // the old address's grant is proven and read as before
    const read = await retrieve(hospital, { recordId: id, out: net.at('after') }, quiet())
    expect(read.released.length).toBeGreaterThanOrEqual(2)
    // her devices' bindings are over
    const { directory } = net.chain.deployment
    const word = await wordOf(directory, accountSlot(lost.identity.account, p).slot)
    expect(decodeAccountWord(word)?.bindingEpoch).toBe(2)
    // and the successor speaks for it: everything is revoked, at once
    const revoked = await revoke(found, { all: true, for: old }, quiet())
    expect(revoked.noticed).toHaveLength(1)
    await expect(
      retrieve(hospital, { recordId: id, out: net.at('refused') }, quiet())
    ).rejects.toMatchObject({ name: 'AccessDeniedError' })
  })
})

const wordOf = async (contract: Uint8Array, slot: Uint8Array): Promise<bigint> =>
  BigInt(await net.rpc<string>('eth_getStorageAt', toHex0x(contract), toHex0x(slot), 'latest'))
