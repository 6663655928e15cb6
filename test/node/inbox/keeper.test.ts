import { describe, expect, it } from 'vitest'
import type { Card } from '../../../core/binding.ts'
import { inboxInfo, kemKeyHash, open } from '../../../core/envelope.ts'
import { type PeerIdBytes, peerIdOf } from '../../../core/ids.ts'
import { MAILBOX_ITEMS, RECEIPTS_PER_PAGE } from '../../../core/limits.ts'
import { decodeBody, decodeExport, verifyChain } from '../../../core/receipt.ts'
import type { NodeIdentity } from '../../../node/keys/identity.ts'
import { ownCard } from '../../../node/own-card.ts'
import { InboxCode } from '../../../protocols/inbox/constants.ts'
import { type GateWorld, gateWorld, named, p } from '../../fixtures/gate.ts'
import { hashOf, release } from '../../fixtures/messages.ts'

const STRANGER = peerIdOf(named('stranger'))
const MAIL = named('some mail')
const DENIED = { ok: false, code: InboxCode.DENIED }

const cardOf = (world: GateWorld, identity: NodeIdentity, epoch = 1): Card =>
  ownCard({
    identity,
    deployment: world.chain.deployment,
    primitives: p,
    clock: world.clock,
    bindingEpoch: () => epoch,
    addresses: () => []
  })()

/** A keeper with whom the owner has registered. */
async function kept() {
  const world = await gateWorld()
  const { keeper } = world.clinic
  const card = cardOf(world, world.owner)
  expect(await keeper.register(card, world.owner.peer)).toEqual({ ok: true })
  return { world, keeper, card }
}

describe('registering', () => {
  const faults: readonly [string, (world: GateWorld, card: Card) => [Card, PeerIdBytes]][] = [
    ['comes from another peer', (_, card) => [card, STRANGER]],
    [
      'binds another peer',
      (world, card) => [
        { ...card, binding: { ...card.binding, peerId: world.hospital.peer } },
        world.hospital.peer
      ]
    ],
    [
      "is signed for somebody else's account",
      (world, card) => [
        { ...card, binding: { ...card.binding, account: world.hospital.account } },
        world.owner.peer
      ]
    ],
    ['has another key', (world, card) => [{ ...card, kem: world.kem.publicKey }, world.owner.peer]],
    [
      'has run out',
      (world, card) => {
        world.clock.pass(31 * 86_400_000)
        return [card, world.owner.peer]
      }
    ]
  ]

  it.each(faults)('refuses a card that %s', async (_, change) => {
    const world = await gateWorld()
    const [card, peer] = change(world, cardOf(world, world.owner))

    const answer = await world.clinic.keeper.register(card, peer)

    expect(answer).toMatchObject({ ok: false, code: InboxCode.BAD_SIGNATURE })
    expect(await world.clinic.keeper.card(card.binding.account)).toMatchObject(DENIED)
  })

  it('shows the card to whoever has the address, and is renewed', async () => {
    const { world, keeper, card } = await kept()
    expect(await keeper.card(world.owner.account)).toEqual({ ok: true, card })

    world.clock.pass(86_400_000)
    const renewed = cardOf(world, world.owner)
    await keeper.register(renewed, world.owner.peer)

    expect(await keeper.card(world.owner.account)).toEqual({ ok: true, card: renewed })
  })

  it('does not go back to a binding that was ended', async () => {
    const { world, keeper, card } = await kept()
    const next = cardOf(world, world.owner, 2)
    await keeper.register(next, world.owner.peer)

    const answer = await keeper.register(card, world.owner.peer)

    expect(answer).toMatchObject({ ok: false, code: InboxCode.BAD_SIGNATURE })
    expect(await keeper.card(world.owner.account)).toEqual({ ok: true, card: next })
  })

  it("shows the keeper's own card to all, and no other", async () => {
    const world = await gateWorld()
    const own = await world.clinic.keeper.card(undefined)

    expect(own).toMatchObject({ ok: true, card: { name: 'clinic' } })
    expect(await world.clinic.keeper.card(world.custodian.account)).toEqual(own)
    expect(await world.clinic.keeper.card(world.hospital.account)).toMatchObject(DENIED)
  })
})

describe('mail', () => {
  it('is taken for people who are kept for, and for the keeper, from anybody', async () => {
    const { world, keeper } = await kept()

    expect(await keeper.put(world.owner.account, MAIL)).toEqual({ ok: true })
    expect(await keeper.put(world.custodian.account, MAIL)).toEqual({ ok: true })
    expect(await keeper.put(world.hospital.account, MAIL)).toMatchObject(DENIED)
  })

  it('is given to its owner alone, and removed by her alone', async () => {
    const { world, keeper } = await kept()
    const { account, peer } = world.owner
    await keeper.put(account, MAIL)

    for (const other of [STRANGER, world.hospital.peer, world.custodian.peer]) {
      expect(await keeper.list(account, 0, other)).toMatchObject(DENIED)
      expect(await keeper.remove(account, 1, other)).toMatchObject(DENIED)
    }
    expect(await keeper.list(account, 0, peer)).toEqual({
      ok: true,
      items: [{ seq: 1, mail: MAIL }],
      more: false
    })
    expect(await keeper.remove(account, 1, peer)).toEqual({ ok: true })
    expect(await keeper.list(account, 0, peer)).toMatchObject({ items: [] })
  })

  it('of one who moved goes to the new device alone', async () => {
    const { world, keeper } = await kept()
    await keeper.put(world.owner.account, MAIL)
    const phone = { ...world.owner, peer: world.hospital.peer }
    await keeper.register(cardOf(world, phone), phone.peer)

    expect(await keeper.list(world.owner.account, 0, world.owner.peer)).toMatchObject(DENIED)
    expect(await keeper.list(world.owner.account, 0, phone.peer)).toMatchObject({ ok: true })
  })

  it('of the keeper is not given to others', async () => {
    const { world, keeper } = await kept()
    const { account, peer } = world.custodian
    await keeper.put(account, MAIL)

    expect(await keeper.list(account, 0, STRANGER)).toMatchObject(DENIED)
    expect(await keeper.list(account, 0, peer)).toMatchObject({ ok: true })
  })

  it('is refused when the box is full', async () => {
    const { world, keeper } = await kept()
    for (let i = 0; i < MAILBOX_ITEMS; i++) await keeper.put(world.owner.account, MAIL)

    expect(await keeper.put(world.owner.account, MAIL)).toMatchObject({
      ok: false,
      code: InboxCode.FULL
    })
  })

  it('tells nobody whether an account exists', async () => {
    const { world, keeper } = await kept()
    const nobody = world.hospital.account

    for (const account of [nobody, world.owner.account]) {
      expect(await keeper.list(account, 0, STRANGER)).toEqual({ ...DENIED, retryMs: 0 })
      expect(await keeper.receipts(account, 0, STRANGER)).toEqual({ ...DENIED, retryMs: 0 })
      expect(await keeper.remove(account, 1, STRANGER)).toEqual({ ...DENIED, retryMs: 0 })
    }
  })
})

describe('receipts', () => {
  const opened = async (world: GateWorld, answer: Awaited<ReturnType<typeof read>>) => {
    if (!answer.ok || answer.page == null) throw new Error('expected a page')
    const info = inboxInfo({
      deployment: world.chain.deployment,
      owner: world.owner.account,
      kemKeyHash: kemKeyHash(world.owner.kem.publicKey, p)
    })
    const none = new Uint8Array(0)
    return decodeExport(await open('inbox', info, world.owner.kem.seed, answer.page, none, p))
  }
  const read = (world: GateWorld, after: number) =>
    world.clinic.keeper.receipts(world.owner.account, after, world.owner.peer)

  it('come sealed, with all links and only the own bodies', async () => {
    const { world } = await kept()
    await world.ask()
    await world.clinic.receipts.append(release({ owner: world.hospital.account }))
    await world.ask({ owner: world.hospital.account })

    const entries = await opened(world, await read(world, 0))

    expect(verifyChain(entries, world.custodian.peer, 120, p)).toMatchObject({
      count: 4,
      faults: []
    })
    const kinds = entries.map(({ body }) => (body == null ? null : decodeBody(body).kind))
    expect(kinds).toEqual(['ack', 'release', null, null])
  })

  it('come page after page', async () => {
    const { world } = await kept()
    await Promise.all(
      Array.from({ length: RECEIPTS_PER_PAGE }, (_, i) =>
        world.clinic.receipts.append(release({ salt: hashOf(i % 256) }))
      )
    )

    const first = await read(world, 0)
    const second = await read(world, RECEIPTS_PER_PAGE)
    const none = await read(world, RECEIPTS_PER_PAGE + 1)

    expect([first, second, none].map((answer) => answer.ok && answer.more)).toEqual([
      true,
      false,
      false
    ])
    const entries = [...(await opened(world, first)), ...(await opened(world, second))]
    expect(verifyChain(entries, world.custodian.peer, 120, p)).toMatchObject({
      count: RECEIPTS_PER_PAGE + 1,
      faults: []
    })
    expect(none).toEqual({ ok: true, more: false })
  })

  it('are for those who are kept for', async () => {
    const world = await gateWorld()
    const { account, peer } = world.custodian

    expect(await read(world, 0)).toMatchObject(DENIED)
    expect(await world.clinic.keeper.receipts(account, 0, peer)).toMatchObject(DENIED)
  })
})
