import { defaultLogger } from '@libp2p/logger'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareBytes, fromHex, toHex, wordBytes } from '../../core/bytes.ts'
import { grantId, openingHash, recordKey, recordTag } from '../../core/grant.ts'
import { hash, recordId } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { breakGlassDigest } from '../../core/typed-data.ts'
import { anchorSlot, Role } from '../../core/words.ts'
import { type Change, Follower } from '../../node/chain/follow.ts'
import type { MemoryEndpoint } from '../../node/chain/memory-endpoint.ts'
import type { RunningNode } from '../../node/index.ts'
import { history } from '../../node/verbs/history.ts'
import { publish } from '../../node/verbs/publish.ts'
import { Watch } from '../../node/watch.ts'
import { createNetwork, type Network, quiet } from '../fixtures/network.ts'
import { until } from '../fixtures/waiting.ts'
import { hashOf, openingNo } from './chain/world.ts'

let net: Network
let record: string
let watch: Watch
let end: MemoryEndpoint

const clinic = (place: number): RunningNode => net.clinics[place] as RunningNode
/** Of one record, or of what is no record's. */
const kinds = async (of = ''): Promise<readonly string[]> =>
  (await history(net.patient, {}, quiet())).entries
    .filter(({ custodian, recordId }) => custodian === '' && recordId === of)
    .map(({ kind }) => kind)
const seen = () => net.patient.ledger.seen().length
/** The follower looked first: she knows the record as it is. */
const begun = () => until(() => seen() > 0)

beforeAll(async () => {
  net = await createNetwork()
  for (const place of [0, 1]) {
    const { account } = clinic(place).identity
    const roles = Role.CUSTODIAN | Role.CLINICIAN | Role.RELAYER | Role.ATTESTER
    await net.chain.enrol({ account, org: place + 1, roles })
  }
  const path = await net.file('note.txt', 'a note')
  record = (await publish(net.patient, { path }, quiet())).recordId
  end = net.chain.endpoint('followed')
  const { deployment } = net.chain
  const follower = new Follower({ endpoints: [end], deployment, blockSeconds: 0 })
  watch = new Watch({ ...net.patient, follower, log: defaultLogger().forComponent('test') })
  watch.start()
  watch.wake()
})
afterAll(async () => {
  await watch?.stop()
  await net?.[Symbol.asyncDispose]()
})

async function attest(place: number, verdict: number, of = record): Promise<void> {
  const { account: owner } = net.patient.identity
  const tag = recordTag(recordId(fromHex(of)), 1, p)
  const anchor = net.chain.word(anchorSlot(recordKey(owner, tag, p), p))
  const call = { type: 'Attest', owner, recordTag: tag, verdict } as const
  const { account } = clinic(place).identity
  await net.chain.send({ ...call, anchor: hash(wordBytes(anchor)) }, account)
}

describe('a patient whom nobody told', () => {
  it('sees a verdict on her record in her history, and one that a reorg undid', async () => {
    await begun()
    expect(await kinds(record)).toEqual([]) // that it was stored is no news
    const before = seen()
    await attest(0, 1)
    await until(() => seen() > before)

    expect(await kinds(record)).toEqual(['record attested (1 of 1 confirmed, 0 rejected)'])
    const { entries } = await history(net.patient, { record }, quiet())
    expect(entries.at(-1)).toMatchObject({ recordId: record, ver: 1, custodian: '' })

    const attested = seen()
    await net.chain.reorg(1)
    await until(() => seen() > attested)
    expect((await kinds(record)).at(-1)).toBe('record stored (0 of 1 confirmed, 0 rejected)')

    await attest(1, 2)
    await until(() => seen() > attested + 1)
    expect((await kinds(record)).at(-1)).toBe('record rejected (0 of 1 confirmed, 1 rejected)')
  })

  it('sees the notice of an emergency that she heard of, and its review', async () => {
    await begun()
    const { identity, ledger } = net.patient
    const owner = identity.account
    const opening = openingNo(1)
    const glass = {
      owner,
      openingHash: openingHash(opening, p),
      reasonHash: hashOf('reason'),
      epoch: 1
    }
    const notice = grantId(owner, glass.openingHash, p)
    await net.chain.send(
      { type: 'Wish', message: { owner, wish: 1, version: 1 }, sig: new Uint8Array() },
      owner
    )
    const message = { owner, items: [{ opening: openingNo(2), version: 1 }], epoch: 1 }
    const deadline = Math.floor(Date.now() / 1_000) + 3_600
    const sig = new Uint8Array()
    await net.chain.send({ type: 'Grants', message: { ...message, deadline }, sig }, owner)
    await ledger.record({
      t: 'glassHeard',
      notice,
      glass: { v: 1, owner, opening, epoch: 1, reason: 'why', salt: hashOf('salt'), at: 1 },
      signers: [{ account: clinic(0).identity.account, sig: new Uint8Array(65) }],
      card: clinic(0).card()
    } as never)
    const digest = breakGlassDigest(net.chain.deployment, glass, p)
    const signatures = [clinic(0), clinic(1)]
      .map((node) => node.identity)
      .sort((a, b) => compareBytes(a.account, b.account))
      .map(({ accountKey }) => p.secp256k1Sign(accountKey, digest))

    const before = seen()
    const sender = clinic(0).identity.account
    await net.chain.send({ type: 'BreakGlass', ...glass, signatures }, sender)
    await until(() => seen() >= before + 2)

    expect((await kinds()).slice(-2).toSorted()).toEqual([
      'emergency notice',
      'emergency review due'
    ])
  })

  it('is told nothing that is not so by an endpoint that invents events', async () => {
    await begun()
    const before = seen()
    const told: Change[] = []
    const follower = new Follower({
      endpoints: [end],
      deployment: net.chain.deployment,
      blockSeconds: 0
    })
    follower.onChanged(({ added }) => told.push(...added))
    await follower.step()
    const { account: owner } = net.patient.identity
    const key = recordKey(owner, recordTag(recordId(fromHex(record)), 1, p), p)
    const block = await net.chain.mine()
    end.faults.forgeLogs = () => [
      { contract: net.chain.deployment.records, key, word: 5n, block } // ERASED
    ]

    await follower.step()
    await watch.look()
    end.faults.forgeLogs = undefined as never

    expect(told.map((change) => toHex(change.key))).toEqual([toHex(key)]) // it was believed so far
    expect(seen()).toBe(before)
  })

  it('loses nothing by an endpoint that tells no events: whoever asks looks', async () => {
    await begun()
    const path = await net.file('another.txt', 'another note')
    const { recordId: another } = await publish(net.patient, { path }, quiet())
    end.faults.forgeLogs = () => []
    await attest(1, 1, another)

    await net.confirm()

    expect(await kinds(another)).toEqual(['record attested (1 of 1 confirmed, 0 rejected)'])
    end.faults.forgeLogs = undefined as never
  })
})

describe('a clinic', () => {
  it('that follows the chain has no kept head once it moved', async () => {
    const { deployment } = net.chain
    const follower = new Follower({ endpoints: [end], deployment, blockSeconds: 0 })
    const own = new Watch({
      ...clinic(2),
      follower,
      log: defaultLogger().forComponent('test')
    })
    own.start()
    await follower.step()
    const number = async () => {
      const current = await clinic(2).heads.current()
      return current.ok ? current.value.head.number : -1
    }
    await number()

    const { number: mined } = await net.chain.mine()
    await follower.step()

    expect(await number()).toBe(mined) // within the second for which an answer is kept
    await own.stop()
  })
})
