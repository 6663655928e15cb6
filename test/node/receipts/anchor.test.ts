import { describe, expect, it } from 'vitest'
import { concat, toHex } from '../../../core/bytes.ts'
import { Code } from '../../../core/codes.ts'
import { type Hash, hash } from '../../../core/ids.ts'
import { logSlot, rootSlot } from '../../../core/words.ts'
import type { Move } from '../../../node/chain/follow.ts'
import type { ClinicInit } from '../../../node/clinic.ts'
import { logTag } from '../../../node/receipts/anchor.ts'
import { ReceiptIndex } from '../../../node/receipts/receipt-index.ts'
import { memoryJournal } from '../../../node/storage/memory-journal.ts'
import { type GateWorld, gateWorld, named, p } from '../../fixtures/gate.ts'

const DAY = 86_400

/** A custodian that may send to the chain itself, with some receipts in its log. */
async function anchoring(links = 4): Promise<GateWorld> {
  const world = await gateWorld()
  await world.open({ writer: world.chain.writer(world.custodian.account) })
  while (world.clinic.receipts.lastSeq < links) await world.ask()
  return world
}

const writing = (world: GateWorld): Partial<ClinicInit> => ({
  writer: world.chain.writer(world.custodian.account)
})

/** The log as an older copy holds it, opened again, on an index that remembers nothing. */
async function putBack(
  world: GateWorld,
  change: (entries: Uint8Array[]) => Uint8Array[]
): Promise<void> {
  const entries: Uint8Array[] = []
  for await (const entry of world.stores.receipts.entries()) entries.push(entry)
  const receipts = memoryJournal()
  await receipts.append(...change(entries))
  Object.assign(world.stores, { receipts, index: new ReceiptIndex(':memory:') })
  await world.open(writing(world))
}

/** Another log of as many links, whole in itself, by the same custodian. */
async function rewritten(world: GateWorld, links: number): Promise<void> {
  const other = await gateWorld()
  other.clock.pass(5_000) // other times, so other links
  while (other.clinic.receipts.lastSeq < links + 1) await other.ask()
  const entries: Uint8Array[] = []
  for await (const entry of other.stores.receipts.entries()) entries.push(entry)
  await putBack(world, () => entries)
}

describe('an anchor', () => {
  it('is the root over all links, under a tag that tells nothing', async () => {
    const world = await anchoring()
    const { anchor, receipts } = world.clinic

    const sent = await anchor.anchor()

    const { account, peer } = world.custodian
    const root = world.chain.word(rootSlot(account, anchor.tag, p))
    expect(root.toString(16).padStart(64, '0')).toBe(toHex(receipts.top.root))
    expect(world.chain.word(logSlot(account, anchor.tag, p)) & 0xffff_ffffn).toBe(4n)
    expect(sent?.words).toEqual({ toSeq: 4, root: receipts.top.root })
    expect(anchor.tag).toEqual(hash(p.keccak256(concat(p.sha256(peer), anchor.salt))))
    expect(logTag(peer, named('another salt'), p)).not.toEqual(anchor.tag)
  })

  it('is not written twice over the same links', async () => {
    const world = await anchoring()

    await world.clinic.anchor.anchor()

    expect(await world.clinic.anchor.anchor()).toBeUndefined()
  })

  it('is due a day after the one before, or after the first link, if there are new links', async () => {
    const world = await anchoring()
    const { anchor } = world.clinic
    const due = (afterSeconds: number) => anchor.isDue(DAY, world.clock.seconds() + afterSeconds)

    expect([due(0), due(DAY - 1), due(DAY)]).toEqual([false, false, true])

    world.clock.pass(3_000)
    await anchor.anchor()
    await anchor.check()
    expect(due(10 * DAY)).toBe(false) // nothing is new

    await world.chain.mine()
    await world.ask()
    expect([due(DAY - 1), due(DAY)]).toEqual([false, true])
  })

  it('is never due where nobody pays, or without the contract', async () => {
    const world = await gateWorld()
    const late = world.clock.seconds() + 10 * DAY

    expect(world.clinic.anchor.isDue(DAY, late)).toBe(false)
    await expect(world.clinic.anchor.anchor()).rejects.toMatchObject({
      name: 'ChainUnavailableError'
    })

    const { audit: _, ...deployment } = world.chain.deployment
    await world.open({ ...writing(world), deployment })
    expect(world.clinic.anchor.state).toEqual({ kind: 'none' })
    expect(world.clinic.anchor.isDue(DAY, late)).toBe(false)
  })

  it('holds a log that goes on after it', async () => {
    const world = await anchoring()
    await world.clinic.anchor.anchor()
    await world.chain.mine()
    await world.ask()

    await world.open()

    expect(world.clinic.anchor.state).toMatchObject({ kind: 'held', toSeq: 4 })
    expect((await world.ask()).answer.code).toBe(Code.RELEASED)
  })
})

describe('a log that was put back', () => {
  it.each([0, 1, 2, 3])(
    'to its first %i of 4 anchored links releases nothing: 601',
    async (kept) => {
      const world = await anchoring()
      await world.clinic.anchor.anchor()

      await putBack(world, (entries) => entries.slice(0, kept))

      expect(world.clinic.receipts.isWhole).toBe(true) // by itself it seems well
      expect(world.clinic.anchor.state).toMatchObject({ kind: 'behind', why: 'shorter' })
      const { answer, receipts } = await world.ask()
      expect(answer.code).toBe(Code.AUDIT_BROKEN)
      expect(receipts).toEqual([])
      expect(world.clinic.receipts.lastSeq).toBe(kept)
    }
  )

  it('and written on differently releases nothing: 601', async () => {
    const world = await anchoring()
    await world.clinic.anchor.anchor()

    await rewritten(world, 4)

    expect(world.clinic.receipts.isWhole).toBe(true)
    expect(world.clinic.receipts.lastSeq).toBeGreaterThan(4)
    expect(world.clinic.anchor.state).toMatchObject({ kind: 'behind', why: 'root', toSeq: 4 })
    expect((await world.ask()).answer.code).toBe(Code.AUDIT_BROKEN)
  })

  it('is not vouched for by another anchor', async () => {
    const world = await anchoring()
    await world.clinic.anchor.anchor()
    await putBack(world, (entries) => entries.slice(0, 2))

    await expect(world.clinic.anchor.anchor()).rejects.toMatchObject({
      name: 'StoreCorruptError',
      message: expect.stringContaining('restore the newest copy of receipts/')
    })
    expect(world.clinic.anchor.isDue(DAY, world.clock.seconds() + 10 * DAY)).toBe(false)
  })

  it('serves again once the newer copy is back', async () => {
    const world = await anchoring()
    const { receipts } = world.stores
    await world.clinic.anchor.anchor()
    await putBack(world, (entries) => entries.slice(0, 2))

    Object.assign(world.stores, { receipts, index: new ReceiptIndex(':memory:') })
    await world.open()

    expect((await world.ask()).answer.code).toBe(Code.RELEASED)
  })

  it('does not pass because another account anchored something under its tag', async () => {
    const world = await anchoring()
    const { anchor } = world.clinic
    const items = [{ logTag: anchor.tag, root: named('a root of theirs'), toSeq: 2 }]
    const writer = world.hospital.account
    const sig = new Uint8Array()
    await world.chain.send({ type: 'Anchors', message: { writer, items }, sig }, writer)
    await anchor.anchor()

    await putBack(world, (entries) => entries.slice(0, 3))

    expect((await world.ask()).answer.code).toBe(Code.AUDIT_BROKEN)
  })
})

describe('a chain that does not say', () => {
  const away = (world: GateWorld, down: boolean) => {
    for (const { faults } of world.endpoints) faults.down = down
  }

  it('at the start keeps the node from serving, until it does: 601', async () => {
    const world = await anchoring()
    away(world, true)
    await world.open()

    expect(world.clinic.anchor.state).toEqual({ kind: 'unknown', code: Code.RPC_UNAVAILABLE })
    expect((await world.ask()).answer.code).toBe(Code.AUDIT_BROKEN)

    away(world, false)
    expect((await world.ask()).answer.code).toBe(Code.RELEASED)
    expect(world.clinic.anchor.state).toEqual({ kind: 'none' })
  })

  it('in time lets a log that was put back serve nobody afterwards either', async () => {
    const world = await anchoring()
    await world.clinic.anchor.anchor()
    away(world, true)
    await putBack(world, (entries) => entries.slice(0, 2))

    away(world, false)

    expect((await world.ask()).answer.code).toBe(Code.AUDIT_BROKEN)
    expect(world.clinic.anchor.state.kind).toBe('behind')
  })

  it('what is new, since its head is old, is not believed to say that nothing is', async () => {
    const world = await anchoring()
    world.clock.pass(100_000)
    await world.open()

    expect(world.clinic.anchor.state).toEqual({ kind: 'unknown', code: Code.HEAD_STALE })
  })

  it('is asked again after a doubt, and an answer from before the doubt does not count', async () => {
    const world = await anchoring()
    const { anchor } = world.clinic

    const before = anchor.check()
    anchor.doubt()

    expect((await before).kind).toBe('unknown')
    expect(anchor.isBehind).toBe(true)
    expect((await world.ask()).answer.code).toBe(Code.RELEASED)
    expect(anchor.isBehind).toBe(false)
  })

  it('costs nobody a question whose request is refused anyway', async () => {
    const world = await anchoring()
    away(world, true)
    await world.open()
    const asked = () => world.endpoints.map(({ calls }) => calls.headNumber)
    const before = asked()

    const { answer } = await world.ask({ deadline: 1 })

    expect(answer.code).toBe(Code.DEADLINE)
    expect(asked()).toEqual(before)
  })
})

describe('a clinic that hears of its own log on chain', () => {
  const moveOf = (changes: Move['added'], lost = false): Move => ({
    head: { number: 9, hash: named('a head') },
    added: changes,
    undone: [],
    lost
  })

  it('looks again before it serves, and serves no more if another wrote under its keys', async () => {
    const world = await anchoring()
    const { anchor, moved } = world.clinic
    await anchor.anchor()
    await anchor.check()
    const { account } = world.custodian
    const items = [{ logTag: anchor.tag, root: named('of a clone of this node'), toSeq: 90 }]
    const sig = new Uint8Array()
    await world.chain.send({ type: 'Anchors', message: { writer: account, items }, sig }, account)
    const at = logSlot(account, anchor.tag, p)
    const change = { contract: 'audit', key: at.key as Hash, word: world.chain.word(at) } as const

    moved(moveOf([{ ...change, block: { number: 9, hash: named('a head') } }]))

    expect(anchor.isBehind).toBe(true)
    expect((await world.ask()).answer.code).toBe(Code.AUDIT_BROKEN)
    expect(anchor.state).toMatchObject({ kind: 'behind', why: 'shorter', toSeq: 90 })
  })

  it('does not mind its own anchor, nor those of others', async () => {
    const world = await anchoring()
    const { anchor, moved } = world.clinic
    await anchor.anchor()
    await anchor.check()
    const at = logSlot(world.custodian.account, anchor.tag, p)
    const block = { number: 9, hash: named('a head') }
    const own = {
      contract: 'audit',
      key: at.key as Hash,
      word: world.chain.word(at),
      block
    } as const

    moved(moveOf([own, { ...own, key: named('of others'), word: 99n }]))
    moved(moveOf([{ ...own, contract: 'grants', word: 99n }]))

    expect(anchor.isBehind).toBe(false)
  })

  it('looks again when it lost sight of the chain', async () => {
    const world = await anchoring()
    const { anchor, moved } = world.clinic

    moved(moveOf([], true))

    expect(anchor.isBehind).toBe(true)
    expect((await world.ask()).answer.code).toBe(Code.RELEASED)
  })
})

describe('words of AuditAnchor that make no sense', () => {
  const tampered = (world: GateWorld, change: (words: bigint[]) => bigint[]) =>
    world.open({
      words: {
        prove: async () => ({ ok: true, value: { words: change([0n, 0n]) } as never })
      }
    })

  it.each<[string, bigint[]]>([
    ['a length without a root', [4n, 0n]],
    ['a root without a length', [0n, 4n]],
    ['bits that nobody sets', [1n << 200n, 1n]]
  ])('such as %s are no proof that nothing is anchored', async (_, words) => {
    const world = await anchoring()

    await tampered(world, () => words)

    expect(world.clinic.anchor.state).toEqual({ kind: 'unknown', code: Code.WORD_INVALID })
  })
})
