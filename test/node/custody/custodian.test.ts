import { describe, expect, it } from 'vitest'
import { StoreFullError, TransactionFailedError } from '../../../core/errors.ts'
import { grantId, openingHash, recordTag } from '../../../core/grant.ts'
import { type Hash, hash, type PeerIdBytes, peerIdOf } from '../../../core/ids.ts'
import { decodeBody } from '../../../core/receipt.ts'
import type { SignedMessage } from '../../../core/typed-data.ts'
import { RecordStatus } from '../../../core/words.ts'
import type { ChainWriter } from '../../../node/adapters.ts'
import type { ContractCall } from '../../../node/chain/contract-calls.ts'
import { Notices } from '../../../node/custody/notices.ts'
import { ownCard } from '../../../node/own-card.ts'
import { CustodyCode } from '../../../protocols/custody/constants.ts'
import {
  deal,
  type GateWorld,
  type GateWorldInit,
  gateWorld,
  named,
  p,
  SERVING
} from '../../fixtures/gate.ts'

const STRANGER = peerIdOf(named('stranger'))

const cardOf = (world: GateWorld, who: 'owner' | 'hospital') =>
  ownCard({
    identity: world[who],
    deployment: world.chain.deployment,
    primitives: p,
    clock: world.clock,
    bindingEpoch: () => 1,
    addresses: () => []
  })()

interface Pulled {
  readonly from: PeerIdBytes
  readonly cid: Uint8Array
}

/** A custodian with a share, whose owner has registered; `pulled` is what it replicated. */
async function pinning(replicate: () => unknown = () => {}, init: GateWorldInit = {}) {
  const pulled: Pulled[] = []
  const world = await gateWorld({
    ...init,
    clinic: {
      replicate: async (cid, from) => {
        pulled.push({ cid, from })
        await replicate()
      },
      ...init.clinic
    }
  })
  await world.clinic.keeper.register(cardOf(world, 'owner'), world.owner.peer)
  return { world, pulled }
}

const countEntries = async (world: GateWorld): Promise<number> => {
  let count = 0
  for await (const _ of world.stores.custody.entries()) count++
  return count
}

describe('pin', () => {
  it("fetches the ciphertext from its owner's device and says so", async () => {
    const { world, pulled } = await pinning()
    const { content } = world.dealt

    const answer = await world.clinic.custodian.pin(content, world.owner.peer, SERVING)

    expect(pulled).toEqual([{ cid: content.cid, from: world.owner.peer }])
    if (!answer.ok) throw new Error(`refused with ${answer.code}`)
    expect(decodeBody(answer.receipt.body)).toMatchObject({ kind: 'ack', pinned: true, idx: 1 })
    await world.open()
    expect(world.clinic.custody.find(content)?.epochs.get(1)?.pinned).toBe(true)
  })

  it('fetches once, and says so again', async () => {
    const { world, pulled } = await pinning()
    const { content } = world.dealt
    await world.clinic.custodian.pin(content, world.owner.peer, SERVING)

    const again = await world.clinic.custodian.pin(content, world.owner.peer, SERVING)

    expect(again.ok).toBe(true)
    expect(pulled).toHaveLength(1)
  })

  it('fetches from another keeper of the record', async () => {
    const { world, pulled } = await pinning()
    const keeper = world.dealt.custody.shares[1]?.peer as PeerIdBytes

    const answer = await world.clinic.custodian.pin(world.dealt.content, keeper, SERVING)

    expect(answer.ok).toBe(true)
    expect(pulled.map(({ from }) => from)).toEqual([keeper])
  })

  it.each([
    { id: 'a stranger', peer: () => STRANGER },
    { id: 'a grantee', peer: (world: GateWorld) => world.hospital.peer }
  ])('fetches nothing for $id', async ({ peer }) => {
    const { world, pulled } = await pinning()
    const before = (await world.receipts()).length

    const answer = await world.clinic.custodian.pin(world.dealt.content, peer(world), SERVING)

    expect(answer).toMatchObject({ ok: false, code: CustodyCode.DENIED })
    expect(pulled).toEqual([])
    expect(await world.receipts()).toHaveLength(before)
  })

  it('fetches nothing that was not dealt here', async () => {
    const { world, pulled } = await pinning()
    const { content } = await deal({ ver: 2 })

    const answer = await world.clinic.custodian.pin(content, world.owner.peer, SERVING)

    expect(answer).toMatchObject({ ok: false, code: CustodyCode.DENIED })
    expect(pulled).toEqual([])
  })

  it.each([
    [new StoreFullError('no room'), CustodyCode.FULL, 0],
    [new Error('the stream ended'), CustodyCode.NO_BLOCKS, 2_000]
  ])('does not acknowledge what it could not fetch (%s)', async (error, code, retryMs) => {
    const { world } = await pinning(() => {
      throw error
    })
    const before = (await world.receipts()).length

    const answer = await world.clinic.custodian.pin(world.dealt.content, world.owner.peer, SERVING)

    expect(answer).toEqual({ ok: false, code, retryMs })
    expect(await world.receipts()).toHaveLength(before)
    expect(world.clinic.custody.find(world.dealt.content)?.epochs.get(1)?.pinned).toBe(false)
  })
})

describe('notice', () => {
  const forged = (world: GateWorld): SignedMessage =>
    world.signed('RevokeAll', { owner: world.owner.account, epoch: 2 }, world.hospital)
  const stranger = (world: GateWorld): SignedMessage =>
    world.signed('RevokeAll', { owner: world.hospital.account, epoch: 2 }, world.hospital)

  it.each([
    { id: 'that somebody else signed', notice: forged, code: CustodyCode.BAD_SIGNATURE },
    {
      id: 'that nobody signed',
      notice: (world: GateWorld) => ({ ...world.revocation(), sig: new Uint8Array(0) }),
      code: CustodyCode.BAD_SIGNATURE
    },
    {
      id: 'that was signed for another version',
      notice: (world: GateWorld) => {
        const { sig } = world.revocation(2)
        return { ...world.revocation(3), sig }
      },
      code: CustodyCode.BAD_SIGNATURE
    },
    { id: 'of an owner who is not known here', notice: stranger, code: CustodyCode.DENIED },
    {
      id: 'of a binding that no Directory holds',
      notice: (world: GateWorld) =>
        world.signed(
          'BindingEpoch',
          { account: world.owner.account, bindingEpoch: 2 },
          world.owner
        ),
      code: CustodyCode.DENIED,
      init: { deals: [] }
    }
  ])('is not kept $id', async ({ notice, code, init }) => {
    const world = await gateWorld(init)
    const before = await countEntries(world)

    const answer = await world.clinic.custodian.notice(notice(world), STRANGER, SERVING)

    expect(answer).toMatchObject({ ok: false, code })
    expect(await countEntries(world)).toBe(before)
  })

  it('is kept once, whoever brings it and however often', async () => {
    const world = await gateWorld()
    const before = await countEntries(world)
    const done: number[] = []
    const options = { ...SERVING, progress: (n: number) => done.push(n) }

    for (const peer of [STRANGER, world.owner.peer, STRANGER]) {
      const answer = await world.clinic.custodian.notice(world.revocation(), peer, options)
      expect(answer).toMatchObject({ ok: true, code: CustodyCode.NOT_SENT })
    }
    await world.clinic.custodian.notice(world.revocation(1), STRANGER, options)

    expect(await countEntries(world)).toBe(before + 1)
    expect(done).toEqual([1, 1, 1, 1])
  })

  it('is on disk before it is confirmed', async () => {
    const world = await gateWorld()
    let held: number | undefined
    const progress = () => {
      held = world.clinic.custody.notices.revokedVersion(world.grantId())
    }

    await world.clinic.custodian.notice(world.revocation(), STRANGER, { ...SERVING, progress })

    expect(held).toBe(2)
    await world.open()
    expect(world.clinic.custody.notices.revokedVersion(world.grantId())).toBe(2)
  })

  const writer = (world: GateWorld, submit: ChainWriter['submit']) => ({
    writer: { account: world.custodian.account, submit }
  })
  const MINED = {
    txHash: named('tx'),
    block: { number: 7, hash: named('block') },
    gasUsed: 21_000
  }

  it("is brought to the chain for a registered owner's own device", async () => {
    const { world } = await pinning()
    const sent: ContractCall[] = []
    await world.open(
      writer(world, async (message) => {
        sent.push(message)
        return MINED
      })
    )
    const notice = world.revocation()

    const answer = await world.clinic.custodian.notice(notice, world.owner.peer, SERVING)

    const { block, gasUsed } = MINED
    expect(answer).toEqual({ ok: true, tx: { hash: MINED.txHash, block, gasUsed } })
    expect(sent).toEqual([notice])
  })

  it('costs no gas when anybody else brings it', async () => {
    const { world } = await pinning()
    let sent = 0
    await world.open(
      writer(world, async () => {
        sent++
        return MINED
      })
    )

    const answer = await world.clinic.custodian.notice(world.revocation(), STRANGER, SERVING)

    expect(answer).toMatchObject({ ok: true, code: CustodyCode.NOT_SENT })
    expect(sent).toBe(0)
    expect(world.clinic.custody.notices.revokedVersion(world.grantId())).toBe(2)
  })

  it('is obeyed though the chain did not take it', async () => {
    const { world } = await pinning()
    await world.open(
      writer(world, async () => {
        throw new TransactionFailedError('stale')
      })
    )

    const answer = await world.clinic.custodian.notice(
      world.revocation(),
      world.owner.peer,
      SERVING
    )

    expect(answer).toMatchObject({ ok: true, code: CustodyCode.NOT_SENT })
    expect((await world.ask()).answer.code).toBe(400)
  })
})

describe('notices', () => {
  const opening = async (world: GateWorld) =>
    grantId(world.owner.account, openingHash(world.opening, p), p)
  const erasure = (world: GateWorld, status: number) =>
    world.signed('Records', {
      owner: world.owner.account,
      items: [
        {
          recordTag: recordTag(world.dealt.content.recordId, 1, p),
          status,
          shareEpoch: 1,
          quorum: 0,
          barredOrg: 0,
          anchor: hash(new Uint8Array(32))
        }
      ],
      deadline: 0
    })

  it('keep the highest number of each kind, in any order', async () => {
    const world = await gateWorld()
    const { account } = world.owner
    const notices = new Notices(p)
    for (const n of [2, 5, 3]) {
      notices.add(world.revocation(n))
      notices.add(world.signed('RevokeAll', { owner: account, epoch: n }))
      notices.add(world.signed('BindingEpoch', { account, bindingEpoch: n }))
      notices.add(world.signed('OptOut', { owner: account, purposes: n, version: n }))
    }

    expect(notices.revokedVersion(await opening(world))).toBe(5)
    expect(notices.ownerEpoch(account)).toBe(5)
    expect(notices.bindingEpoch(account)).toBe(5)
    expect(notices.optOut(account)).toMatchObject({ purposes: 5, version: 5 })
    expect(notices.isNew(world.revocation(5))).toBe(false)
    expect(notices.isNew(world.revocation(6))).toBe(true)
  })

  it('say nothing of others', async () => {
    const world = await gateWorld()
    const { account } = world.hospital
    const notices = new Notices(p)
    notices.add(world.revocation(2))
    notices.add(world.signed('RevokeAll', { owner: world.owner.account, epoch: 2 }))

    const other = grantId(account, openingHash(world.opening, p), p)
    expect(notices.revokedVersion(other)).toBeUndefined()
    expect([notices.ownerEpoch(account), notices.optOut(account)]).toEqual([undefined, undefined])
  })

  it('erase for good, and only by an erasure', async () => {
    const world = await gateWorld()
    const tag = recordTag(world.dealt.content.recordId, 1, p)
    const erased = (notices: Notices, of: Hash) => notices.isErased(world.owner.account, of)
    const notices = new Notices(p)

    notices.add(erasure(world, RecordStatus.SUPERSEDED))
    expect(erased(notices, tag)).toBe(false)
    notices.add(erasure(world, RecordStatus.ERASED))
    notices.add(erasure(world, RecordStatus.STORED))
    expect(erased(notices, tag)).toBe(true)
    expect(erased(notices, recordTag(world.dealt.content.recordId, 2, p))).toBe(false)
  })

  it('take no grant for a notice', async () => {
    const world = await gateWorld()
    const grant = world.signed('Grants', {
      owner: world.owner.account,
      items: [{ opening: world.opening, version: 9 }],
      epoch: 1,
      deadline: 0
    })

    expect(new Notices(p).isNew(grant)).toBe(false)
  })
})
