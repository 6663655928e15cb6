/**
 * Consent in full on a real chain: real transactions on anvil, whole custodians that prove every
 * word. Where each item of the consent issue is tested with real transactions:
 *
 * | item | here | elsewhere |
 * |---|---|---|
 * | grants of all kinds, scope, period, budget, policy, handing back | "a grant" | random calls: test/compliance/chain.test.ts |
 * | without coins: relayed, in batches, replay, revoke all | "a patient" | chain.test.ts; contract wallets and delegated accounts: `npm run test:anvil` |
 * | attestation, k of n, lapse | | attest.test.ts |
 * | emergencies: wish, glass, review | | stories.test.ts (`demo --emergency`), chain-story.ts |
 * | guardians, recovery with its delay | | guardian.test.ts |
 * | directory: votes, groups, stolen devices | "a reader" | attest.test.ts |
 * | proofs, agreement, age, reorgs, code | | chain-reorg.test.ts, chain.test.ts, follow.test.ts |
 * | kinds of chains, lagging finality | | test/node/chain/kinds.test.ts |
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex, toHex0x } from '../../core/bytes.ts'
import { Code } from '../../core/codes.ts'
import { grantId } from '../../core/ids.ts'
import { grantSlot, Role } from '../../core/words.ts'
import { enrol } from '../../node/chain/dev-chain.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { peerText } from '../../node/keys/peer-text.ts'
import { inbox } from '../../node/verbs/answer.ts'
import { bindDevice } from '../../node/verbs/device.ts'
import { groupMember, newGroup } from '../../node/verbs/directory-group.ts'
import { grant } from '../../node/verbs/grant.ts'
import type { GrantArgs, GrantResult } from '../../node/verbs/grant-shapes.ts'
import { handBack } from '../../node/verbs/hand-back.ts'
import { optIn, optOut } from '../../node/verbs/opt-out.ts'
import { revoke } from '../../node/verbs/revoke.ts'
import { until } from '../fixtures/daemons.ts'
import { type ChainNetwork, createChainNetwork, quiet } from './chain-network.ts'
import { blocks, confirmed, consent, newRecord, read, readable, saidOf } from './chain-reading.ts'

let net: ChainNetwork
/** A group of the hospital's organisation, in which it is. */
let group: string

beforeAll(async () => {
  net = await createChainNetwork()
  const { url, deployment } = net.chain
  const { accountKey } = net.hospital.identity
  const roles = Role.CUSTODIAN | Role.CLINICIAN | Role.RELAYER | Role.ADMIN
  await enrol({ url, deployment, primitives: p, accountKey, org: 4, roles })
  await blocks(net, 3)
  const made = await newGroup(net.hospital, { name: 'cardiology' }, quiet())
  group = made.group
  const account = toHex(net.hospital.identity.account)
  await groupMember(true)(net.hospital, { group, account }, quiet())
})
afterAll(() => net?.[Symbol.asyncDispose]())

const opens = async (id: string): Promise<void> => {
  expect((await read(net, id)).released.length).toBeGreaterThanOrEqual(2)
}

interface Granted {
  readonly id: string
  readonly given: GrantResult
}

/** Records and what was granted over each, once all of it is confirmed. */
async function granted(...terms: readonly Partial<GrantArgs>[]): Promise<readonly Granted[]> {
  const made: Granted[] = []
  for (const each of terms) {
    const id = await newRecord(net)
    made.push({ id, given: await consent(net, id, each) })
  }
  for (const { given } of made) await confirmed(net, given)
  return made
}

const one = async (terms: Partial<GrantArgs> = {}): Promise<Granted> =>
  (await granted(terms))[0] as Granted

/** Nobody gives a share, and for one of the grants that were shown it is for this reason. */
async function refusedFor(id: string, code: Code): Promise<void> {
  const before = await saidOf(net, id)
  await expect(read(net, id)).rejects.toMatchObject({ name: 'AccessDeniedError' })
  const fresh = [...(await saidOf(net, id))]
  for (const said of before) fresh.splice(fresh.indexOf(said), 1)
  expect(fresh).toContain(String(code))
  expect(fresh).not.toContain('release')
}

describe('a grant', () => {
  it('opens to an account, an organisation, a role, a group or a policy, whose words are proven', async () => {
    const made = await granted(
      {},
      { org: 4 },
      { org: 4, role: ['clinician', 'relayer'] },
      { group },
      { policy: `2 of (org:4+clinician, group:${group}, org:1+attester)` }
    )

    for (const { id } of made) await opens(id)
  })

  it('is refused to whom no word of the chain makes a member: 511', async () => {
    const made = await granted(
      { org: 1 },
      { org: 4, role: 'researcher' },
      { group: '77'.repeat(32) },
      { policy: `all of (org:4+clinician, org:1+clinician)` }
    )

    for (const { id } of made) await refusedFor(id, Code.MEMBERSHIP)
  })

  it('waits until it begins: 408', async () => {
    const { id } = await one({ from: '2h', until: '1d' })

    await refusedFor(id, Code.NOT_YET)
  })

  it('ends for the grantee who hands it back, whatever the chain says', async () => {
    const { id, given } = await one()
    await opens(id)

    await handBack(net.hospital, { id: given.grant }, quiet())

    // the word on the chain stands still: what ends it are the custodians' notices
    const { slot } = grantSlot(grantId(fromHex(given.grant)), p)
    const at = toHex0x(net.chain.deployment.grants)
    const word = await net.rpc<string>('eth_getStorageAt', at, toHex0x(slot), 'latest')
    expect(Number(BigInt(word) & 0xffn)).toBe(1)
    await expect(read(net, id)).rejects.toMatchObject({ name: 'RecordNotFoundError' })
  })
})

describe('a patient', () => {
  it('signs one message for several readers at once, and pays for nothing', async () => {
    const id = await newRecord(net)
    const readers = [net.hospital, ...net.clinics.slice(0, 2)]
    const to = readers.map(({ identity }) => peerText(identity.peer))

    const given = await grant(
      net.patient,
      { to, records: [id], purpose: 'TREAT', until: '1h' },
      quiet()
    )

    expect(given.grants).toHaveLength(3)
    const words = given.grants.map((each) =>
      net.rpc<string>(
        'eth_getStorageAt',
        toHex0x(net.chain.deployment.grants),
        toHex0x(grantSlot(grantId(fromHex(each.grant)), p).slot),
        'latest'
      )
    )
    // one transaction: the same block and the same second in each word
    const stamps = (await Promise.all(words)).map((word) => BigInt(word) >> 104n)
    expect(new Set(stamps).size).toBe(1)
    const account = toHex0x(net.patient.identity.account)
    expect(Number(await net.rpc('eth_getBalance', account, 'latest'))).toBe(0)
    expect(Number(await net.rpc('eth_getTransactionCount', account, 'latest'))).toBe(0)
    await confirmed(net, given)
    await opens(id)
  })

  it('opts out of a purpose, whatever she granted, and in again: 515', async () => {
    const { id } = await one()

    await optOut(net.patient, { purposes: ['TREAT'] }, quiet())
    await refusedFor(id, Code.OPTED_OUT)

    await optIn(net.patient, { purposes: ['TREAT'] }, quiet())
    await until('it opens again', () =>
      read(net, id).then(
        () => true,
        () => false
      )
    )
  })

  it('ends everything with one transaction, and what she grants then is new: 509', async () => {
    const made = await granted({}, { org: 4 })

    await revoke(net.patient, { all: true }, quiet())

    for (const { id } of made) await refusedFor(id, Code.OWNER_EPOCH)
    await opens(await readable(net))
  })
})

describe('a reader', () => {
  it('whose device is bound under an older epoch is refused, by the chain alone: 510', async () => {
    const { id } = await one()
    const { writer, identity } = net.hospital
    const message = { account: identity.account, bindingEpoch: net.hospital.epoch.current + 1 }

    await writer?.submit({ type: 'BindingEpoch', message, sig: new Uint8Array() }, quiet())
    await until('it is refused', () =>
      read(net, id).then(
        () => false,
        () => true
      )
    )

    expect(await saidOf(net, id)).toContain(String(Code.BINDING_EPOCH))
    await bindDevice(net.hospital, quiet())
    await until('it reads again', () =>
      read(net, id).then(
        () => true,
        () => false
      )
    )
  })
})

describe('a grant over a chart', () => {
  it('covers what comes later, and nothing sensitive; its budget holds', async () => {
    const given = await consent(net, undefined, { chart: true, budget: 2 })
    const first = await newRecord(net)
    const second = await newRecord(net)
    const third = await newRecord(net)
    const sensitive = await newRecord(net, { tags: { labels: ['HIV'], level: 'R' } })
    await confirmed(net, given)
    await inbox(net.hospital, quiet())

    await opens(first)
    await opens(second)
    await refusedFor(third, Code.BUDGET)
    // of what the grant does not cover nobody told it
    await expect(read(net, sensitive)).rejects.toMatchObject({ name: 'RecordNotFoundError' })
  })
})
