import { describe, expect, it } from 'vitest'
import { wordBytes } from '../../../core/bytes.ts'
import { custodyInfo, exportCustodyKey } from '../../../core/envelope.ts'
import { StoreFullError } from '../../../core/errors.ts'
import { recordKey, recordTag } from '../../../core/grant.ts'
import { peerIdOf } from '../../../core/ids.ts'
import { encodeManifest, signManifest } from '../../../core/manifest.ts'
import { decodeBody, decodeLink, type ReceiptBody } from '../../../core/receipt.ts'
import { signTyped } from '../../../core/typed-data.ts'
import { anchorSlot } from '../../../core/words.ts'
import { ShareReader } from '../../../node/custody/share-reader.ts'
import { CustodyCode } from '../../../protocols/custody/constants.ts'
import type { ReceiptAnswer } from '../../../protocols/custody/index.ts'
import { faultyJournal } from '../../fixtures/faulty-journal.ts'
import {
  type DealInit,
  type Dealt,
  deal,
  defaultDeal,
  type GateWorld,
  gateWorld,
  named,
  p,
  SERVING
} from '../../fixtures/gate.ts'

const emptyWorld = (init: Parameters<typeof gateWorld>[0] = {}): Promise<GateWorld> =>
  gateWorld({ deals: [], opening: false, ...init })

const dealTo = (world: GateWorld, pack: Uint8Array): Promise<ReceiptAnswer> =>
  world.clinic.custodian.deal(pack, world.owner.peer, SERVING)

function ackOf(answer: ReceiptAnswer): Extract<ReceiptBody, { kind: 'ack' }> {
  if (!answer.ok) throw new Error(`expected an acknowledgement, got ${answer.code}`)
  const body = decodeBody(answer.receipt.body)
  if (body.kind !== 'ack') throw new Error(`expected an ack, got ${body.kind}`)
  return body
}

const share = (world: GateWorld, of: Dealt) => {
  const entry = world.clinic.custody.find(of.content)
  if (entry == null) throw new Error('nothing is held')
  return new ShareReader(world.clinic.custody, p).read(entry, of.custody.shareEpoch)
}

/** The package of a manifest that its owner did not sign like this. */
async function resigned(
  change: (of: Dealt, world: GateWorld) => { manifest: Uint8Array },
  world: GateWorld,
  init: DealInit = {}
): Promise<Uint8Array> {
  const dealt = await deal(init)
  return dealt.package(change(dealt, world))
}

interface Case {
  readonly id: string
  readonly code: number
  readonly pack: (world: GateWorld) => Promise<Uint8Array> | Uint8Array
  readonly arrange?: (world: GateWorld) => unknown
}

const OTHERS = ['one', 'two', 'three'].map((name) => peerIdOf(named(name)))
const changed = (changes: object) => async () => (await defaultDeal()).package(changes)
const dealt = (init: DealInit) => async () => (await deal(init)).package()
const down = ({ endpoints }: GateWorld) => {
  for (const { faults } of endpoints) faults.down = true
}

const REFUSED: readonly Case[] = [
  { id: 'bytes that are no package', code: CustodyCode.MALFORMED, pack: () => Uint8Array.of(9) },
  {
    id: 'an oversized manifest',
    code: CustodyCode.MALFORMED,
    pack: changed({ manifest: new Uint8Array(12 * 1_024 + 1) })
  },
  {
    id: 'a share envelope of another size',
    code: CustodyCode.MALFORMED,
    pack: changed({ env: new Uint8Array(104) })
  },
  {
    id: 'fewer shares than n',
    code: CustodyCode.MALFORMED,
    pack: dealt({ custody: { n: 4 } })
  },
  {
    id: 'custody of another content',
    code: CustodyCode.MALFORMED,
    pack: dealt({ custody: { contentHash: named('another') } })
  },
  {
    id: 'items that are of another record',
    code: CustodyCode.MALFORMED,
    pack: (world) =>
      resigned(({ content, custody, owner }) => {
        const items = [
          { recordTag: named('another'), shareEpoch: 1, custodyHash: named('another') }
        ]
        const message = { owner: owner.account, items }
        const { deployment } = world.chain
        const sig = signTyped(deployment, 'Custody', message, owner.accountKey, p)
        return { manifest: encodeManifest(content, custody, items, sig) }
      }, world)
  },
  {
    id: "somebody else's signature",
    code: CustodyCode.BAD_SIGNATURE,
    pack: (world) =>
      resigned(({ content, custody }) => {
        const key = world.hospital.accountKey
        return { manifest: signManifest(content, custody, world.chain.deployment, key, p) }
      }, world)
  },
  {
    id: 'a signature for another chain',
    code: CustodyCode.BAD_SIGNATURE,
    pack: (world) =>
      resigned(({ content, custody, owner }) => {
        const deployment = { ...world.chain.deployment, chainId: 1 }
        return { manifest: signManifest(content, custody, deployment, owner.accountKey, p) }
      }, world)
  },
  {
    id: 'a deal among others',
    code: CustodyCode.MISDIRECTED,
    pack: dealt({ peers: OTHERS })
  },
  { id: "another custodian's place", code: CustodyCode.MISDIRECTED, pack: changed({ idx: 2 }) },
  { id: 'a place beyond n', code: CustodyCode.MISDIRECTED, pack: changed({ idx: 4 }) },
  {
    id: 'a place for another organisation',
    code: CustodyCode.MISDIRECTED,
    pack: async () => {
      const { custody } = await defaultDeal()
      const shares = custody.shares.map((each, i) => (i === 0 ? { ...each, op: 99 } : each))
      const of = await deal({ custody: { shares } })
      return of.package({ env: (await defaultDeal()).env })
    }
  },
  { id: 'a key that is not known', code: CustodyCode.KEY_NEEDED, pack: changed({ ck: null }) },
  {
    id: 'a key of another epoch',
    code: CustodyCode.KEY_NEEDED,
    arrange: async (world) => dealTo(world, (await defaultDeal()).package()),
    pack: changed({ ck: null, ckEpoch: 2 })
  },
  {
    id: 'a key that cannot be one',
    code: CustodyCode.KEY_NEEDED,
    pack: changed({ ck: { suite: 1, enc: new Uint8Array(1_120) } })
  },
  {
    id: 'a key that opens something else',
    code: CustodyCode.BAD_SHARE,
    pack: async ({ custodian, owner, chain: { deployment } }) => {
      const info = custodyInfo({
        deployment,
        owner: owner.account,
        custodian: custodian.peer,
        ckEpoch: 1
      })
      const { enc } = await exportCustodyKey(custodian.kem.publicKey, info, p)
      return (await defaultDeal()).package({ ck: { suite: 1, enc } })
    }
  },
  {
    id: 'a share that does not open',
    code: CustodyCode.BAD_SHARE,
    pack: changed({ env: new Uint8Array(105) })
  },
  {
    id: 'a share that was not committed to',
    code: CustodyCode.BAD_SHARE,
    pack: async () => {
      const { custody } = await defaultDeal()
      const shares = custody.shares.map((each, i) =>
        i === 0 ? { ...each, com: named('another') } : each
      )
      const of = await deal({ custody: { shares } })
      return of.package({ env: (await defaultDeal()).env })
    }
  },
  {
    id: 'a share of another x',
    code: CustodyCode.BAD_SHARE,
    pack: async () => {
      const { custody, env } = await defaultDeal()
      const free = [1, 2, 3, 4].find((x) => custody.shares.every((each) => each.x !== x)) as number
      const shares = custody.shares.map((each, i) => (i === 0 ? { ...each, x: free } : each))
      return (await deal({ custody: { shares } })).package({ env })
    }
  },
  {
    id: 'another content of a version',
    code: CustodyCode.OTHER_CONTENT,
    arrange: async (world) => dealTo(world, (await defaultDeal()).package()),
    pack: dealt({ content: { size: 2_064 } })
  },
  {
    id: 'another content in a later epoch',
    code: CustodyCode.OTHER_CONTENT,
    arrange: async (world) => dealTo(world, (await defaultDeal()).package()),
    pack: dealt({ content: { size: 2_064 }, shareEpoch: 2 })
  },
  {
    id: 'another custody of an epoch',
    code: CustodyCode.OTHER_CUSTODY,
    arrange: async (world) => dealTo(world, (await defaultDeal()).package()),
    pack: dealt({ custody: { emergency: true } })
  },
  {
    id: 'an anchor that is not the one on chain',
    code: CustodyCode.ANCHOR,
    arrange: async (world) => world.register(await defaultDeal(), { anchor: named('another') }),
    pack: changed({})
  },
  {
    id: 'a salt that does not give the anchor',
    code: CustodyCode.ANCHOR,
    arrange: async (world) => world.register(await defaultDeal()),
    pack: changed({ anchorSalt: named('another') })
  },
  {
    id: 'a chain that proves nothing',
    code: CustodyCode.ANCHOR,
    arrange: ({ endpoints }) => {
      for (const { faults } of endpoints) {
        faults.forgeProof = () => {
          throw new Error('no proof')
        }
      }
    },
    pack: changed({})
  },
  { id: 'a chain that is down', code: CustodyCode.ANCHOR, arrange: down, pack: changed({}) }
]

describe('intake', () => {
  it('acknowledges a share that is on disk', async () => {
    const world = await emptyWorld()
    const of = await defaultDeal()

    const answer = await dealTo(world, of.package())

    expect(ackOf(answer)).toMatchObject({
      owner: of.owner.account,
      recordId: of.content.recordId,
      ver: 1,
      shareEpoch: 1,
      idx: 1,
      contentHash: of.custody.contentHash,
      com: of.custody.shares[0]?.com,
      anchor: of.anchor,
      pinned: false
    })
    await world.open() // from what was written
    expect(share(world, of)).toMatchObject({ idx: 1 })
    expect([...share(world, of).salt, ...share(world, of).share]).toEqual([...of.plain])
  })

  it.each(REFUSED)('refuses with $code: $id', async ({ code, pack, arrange }) => {
    const world = await emptyWorld()
    await arrange?.(world)
    const before = (await world.receipts()).length
    const kept: Uint8Array[] = []
    for await (const entry of world.stores.custody.entries()) kept.push(entry)

    const answer = await dealTo(world, await pack(world))

    expect(answer).toMatchObject({ ok: false, code })
    expect(await world.receipts()).toHaveLength(before)
    const now: Uint8Array[] = []
    for await (const entry of world.stores.custody.entries()) now.push(entry)
    expect(now).toEqual(kept)
  })

  it('says when to come back if the chain does not answer, and only then', async () => {
    const world = await emptyWorld()
    down(world)
    const away = await dealTo(world, (await defaultDeal()).package())
    for (const { faults } of world.endpoints) faults.down = false
    await world.register(await defaultDeal(), { anchor: named('another') })
    const other = await dealTo(world, (await defaultDeal()).package())

    expect(away).toMatchObject({ code: CustodyCode.ANCHOR, retryMs: 1_000 })
    expect(other).toMatchObject({ code: CustodyCode.ANCHOR, retryMs: 0 })
  })

  it('takes the same deal again, by a new receipt of the same', async () => {
    const world = await emptyWorld()
    const of = await defaultDeal()
    const first = await dealTo(world, of.package())
    await world.register(of)

    const again = await dealTo(world, of.package({ ck: null }))

    const { salt: _, ...told } = ackOf(first)
    expect(ackOf(again)).toMatchObject(told)
    expect(await world.receipts()).toHaveLength(2)
    const anchored = world.chain.word(
      anchorSlot(recordKey(of.content.owner, recordTag(of.content.recordId, 1, p), p), p)
    )
    expect(wordBytes(anchored)).toEqual(Uint8Array.from(of.anchor))
  })

  it('takes further epochs and versions without the key', async () => {
    const world = await emptyWorld()
    await dealTo(world, (await defaultDeal()).package())
    const second = await deal({ ver: 2 })
    const refreshed = await deal({ shareEpoch: 2 })
    const same = await deal({ shareEpoch: 2, content: (await defaultDeal()).content })

    expect((await dealTo(world, second.package({ ck: null }))).ok).toBe(true)
    expect((await dealTo(world, same.package({ ck: null }))).ok).toBe(true)
    expect(refreshed.content).toEqual(same.content)
    await world.open()
    expect(share(world, second).share).not.toEqual(share(world, same).share)
    expect(world.clinic.custody.find(same.content)?.epochs.size).toBe(2)
  })

  it.each([0, 1])('acknowledges the first of two that come at once (%i)', async (first) => {
    const world = await emptyWorld()
    const two = [await deal(), await deal({ content: { size: 2_064 } })]
    const order = first === 0 ? two : two.toReversed()

    const answers = await Promise.all(order.map((of) => dealTo(world, of.package())))

    expect(answers.map((answer) => (answer.ok ? 0 : answer.code))).toEqual([
      0,
      CustodyCode.OTHER_CONTENT
    ])
    const held = world.clinic.custody.find((order[0] as Dealt).content)
    expect(held?.epochs.get(1)?.manifest.content.size).toBe(order[0]?.content.size)
  })

  it('is asked again after a crash between keeping and acknowledging', async () => {
    const custody = faultyJournal()
    const world = await emptyWorld({ stores: { custody } })
    const of = await defaultDeal()
    const append = custody.append.bind(custody)
    let appends = 0
    custody.append = async (...entries) => {
      if (++appends === 2) throw new Error('power is gone')
      await append(...entries)
    }
    const cut = await dealTo(world, of.package())
    custody.append = append
    await world.open()

    expect(cut).toMatchObject({ ok: false, code: CustodyCode.STORE_FAILED })
    expect(world.clinic.custody.find(of.content)?.epochs.get(1)?.acknowledged).toBe(false)
    expect(ackOf(await dealTo(world, of.package())).com).toEqual(of.custody.shares[0]?.com)
    expect(world.clinic.custody.find(of.content)?.epochs.get(1)?.acknowledged).toBe(true)
  })

  it('takes another deal in the place of one that it did not acknowledge', async () => {
    const world = await emptyWorld()
    const { manifest, anchorSalt } = await defaultDeal()
    const env = new Uint8Array(105)
    await world.clinic.custody.keep({ manifest, anchorSalt, idx: 1, ckEpoch: 1, env })
    const other = await deal({ content: { size: 2_064 } })

    expect((await dealTo(world, other.package())).ok).toBe(true)
    expect(share(world, other).idx).toBe(1)
    expect(await dealTo(world, (await defaultDeal()).package())).toMatchObject({
      code: CustodyCode.OTHER_CONTENT
    })
  })

  it.each(['custody', 'receipts'] as const)('acknowledges nothing if %s is full', async (name) => {
    const journal = faultyJournal()
    const world = await emptyWorld({ stores: { [name]: journal } })
    journal.fail = new StoreFullError('no room')

    const answer = await dealTo(world, (await defaultDeal()).package())
    journal.fail = undefined

    expect(answer).toMatchObject({ ok: false, code: CustodyCode.FULL })
    expect(await world.receipts()).toEqual([])
    expect((await dealTo(world, (await defaultDeal()).package())).ok).toBe(true)
    expect((await world.receipts()).map(({ kind }) => kind)).toEqual(['ack'])
  })

  it('signs each acknowledgement into its own chain', async () => {
    const world = await emptyWorld()
    const answers = [
      await dealTo(world, (await defaultDeal()).package()),
      await dealTo(world, (await deal({ ver: 2 })).package())
    ]

    const links = answers.map((answer) => (answer.ok ? decodeLink(answer.receipt.link.b) : null))

    expect(links.map((link) => link?.seq)).toEqual([1, 2])
    expect(links.map((link) => link?.by)).toEqual([world.custodian.peer, world.custodian.peer])
  })

  it('refuses a package with any byte changed', async () => {
    const world = await emptyWorld()
    const { package: make, anchorSalt } = await defaultDeal()
    const pack = make()
    // what the chain does not hold yet, nobody can check the salt of
    const salt = Buffer.from(pack).indexOf(anchorSalt)
    for (let i = 0; i < pack.byteLength; i += 13) {
      if (i >= salt && i < salt + 32) continue
      const answer = await dealTo(world, pack.with(i, (pack[i] as number) ^ 1))
      expect(answer.ok, `byte ${i}`).toBe(false)
    }
  })
})
