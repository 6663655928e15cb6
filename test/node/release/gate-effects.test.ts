import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { StoreFullError } from '../../../core/errors.ts'
import { REQUESTS_QUEUED } from '../../../core/limits.ts'
import { verifyChain } from '../../../core/receipt.ts'
import { memoryJournal } from '../../../node/storage/memory-journal.ts'
import { faultyJournal } from '../../fixtures/faulty-journal.ts'
import { deal, defaultDeal, type GateWorld, gateWorld, p, SERVING } from '../../fixtures/gate.ts'
import { settle, until } from '../../fixtures/waiting.ts'

const codes = async (world: GateWorld) =>
  (await world.receipts()).flatMap((each) =>
    each.kind === 'release' || each.kind === 'refuse' ? [each.code] : []
  )

async function faultsOf(world: GateWorld): Promise<readonly unknown[]> {
  const entries = []
  for await (const entry of world.clinic.receipts.entries()) entries.push(entry)
  return verifyChain(entries, world.custodian.peer, 120, p).faults
}

const twoVersions = async () => [await defaultDeal(), await deal({ ver: 2 })]

describe('order of effects', () => {
  it('sends no share before its receipt is on disk', async () => {
    const receipts = faultyJournal()
    const world = await gateWorld({ stores: { receipts } })
    const appends = receipts.appends
    const written = Promise.withResolvers<void>()
    receipts.hold = written.promise
    let answered = false

    const asked = world.ask().then((heard) => {
      answered = true
      return heard
    })
    await until(() => receipts.appends > appends)
    await settle()

    expect([world.seals, answered]).toEqual([1, false])
    written.resolve()
    expect((await asked).answer.ok).toBe(true)
  })

  it('writes no receipt before its evidence', async () => {
    const receipts = faultyJournal()
    const evidence = faultyJournal()
    const world = await gateWorld({ stores: { receipts, evidence } })
    const appends = receipts.appends
    const written = Promise.withResolvers<void>()
    evidence.hold = written.promise

    const asked = world.ask()
    await until(() => evidence.appends > 0)
    await settle()

    expect(receipts.appends).toBe(appends)
    written.resolve()
    expect((await asked).answer.ok).toBe(true)
    expect(receipts.appends).toBe(appends + 1)
  })

  it.each(['receipts', 'evidence'] as const)(
    'sends nothing when %s cannot be written',
    async (name) => {
      const journal = faultyJournal()
      const world = await gateWorld({ stores: { [name]: journal } })
      journal.fail = new StoreFullError('no room')

      const refused = await world.ask()
      journal.fail = undefined
      const served = await world.ask()

      expect(refused.answer).toMatchObject({ ok: false, code: 400, ct: undefined, link: undefined })
      expect(refused.receipts).toEqual([])
      expect(refused.afterMs).toBe(300)
      expect(served.answer.code).toBe(0)
      expect(await codes(world)).toEqual([0])
      expect(await faultsOf(world)).toEqual([])
    }
  )

  it('leaves no gap when one of several writes fails', async () => {
    const receipts = faultyJournal()
    const world = await gateWorld({ stores: { receipts } })
    const opening = world.openingOf({ verFrom: 9, verTo: 9 })
    receipts.fail = new StoreFullError('no room')
    const first = world.ask({ opening })
    const second = world.ask()
    await until(() => receipts.appends > 1)
    receipts.fail = undefined

    await Promise.all([first, second, world.ask(), world.ask()])
    await world.ask()

    expect(world.clinic.receipts.isWhole).toBe(true)
    expect(await faultsOf(world)).toEqual([])
    await world.open()
    expect(world.clinic.receipts.isWhole).toBe(true)
  })
})

describe('what changes between decision and answer', () => {
  const late = [
    {
      id: 'the head grows old',
      code: 304,
      happen: (world: GateWorld) => world.clock.pass(36_001)
    },
    {
      id: 'the exchange takes too long',
      code: 605,
      happen: (world: GateWorld) => world.clock.pass(5_001)
    },
    {
      id: 'a revocation arrives',
      code: 508,
      happen: (world: GateWorld) =>
        world.clinic.custodian.notice(world.revocation(), world.owner.peer, SERVING)
    },
    {
      id: 'the owner ends her epoch',
      code: 509,
      happen: (world: GateWorld) =>
        world.clinic.custodian.notice(
          world.signed('RevokeAll', { owner: world.owner.account, epoch: 2 }),
          world.owner.peer,
          SERVING
        )
    },
    {
      id: "the reader's binding ends",
      code: 510,
      happen: (world: GateWorld) =>
        world.clinic.custodian.notice(
          world.signed(
            'BindingEpoch',
            { account: world.hospital.account, bindingEpoch: 2 },
            world.hospital
          ),
          world.hospital.peer,
          SERVING
        )
    },
    {
      id: 'the owner opts out',
      code: 515,
      happen: (world: GateWorld) =>
        world.clinic.custodian.notice(
          world.signed('OptOut', { owner: world.owner.account, purposes: 1, version: 1 }),
          world.owner.peer,
          SERVING
        )
    },
    {
      id: 'the record is erased',
      code: 402,
      happen: (world: GateWorld) =>
        world.clinic.custodian.notice(world.erasure(), world.owner.peer, SERVING)
    }
  ]

  it.each(late)('is a refusal after the release when $id', async ({ code, happen }) => {
    const world = await gateWorld()
    world.during.seal = () => happen(world)

    const { answer, receipts, req } = await world.ask()

    expect(answer).toMatchObject({ ok: false, code: 400, ct: undefined, body: undefined })
    expect(receipts).toMatchObject([
      { kind: 'release', code: 0, req },
      { kind: 'refuse', code, req, count: 1 }
    ])
    expect(answer.link).toBeDefined()
    expect(await world.tallied()).toEqual([])
  })

  it.each(late)('takes back the right to blocks when $id', async ({ code, happen }) => {
    const receipts = faultyJournal()
    const world = await gateWorld({ stores: { receipts } })
    const append = receipts.append.bind(receipts)
    let appends = 0
    receipts.append = async (...entries) => {
      await append(...entries)
      if (appends++ === 0) await happen(world)
    }

    const heard = await world.ask({ want: 'blocks' })

    expect(heard.answer.code).toBe(400)
    expect(heard.receipts).toMatchObject([{ kind: 'release' }, { kind: 'refuse', code }])
    const root = CID.decode(world.dealt.content.cid)
    expect(world.clinic.mayFetch(world.hospital.peer, root)).toBe(false)
  })

  it('counts the time from when the heads were asked for, if that was before', async () => {
    const world = await gateWorld({ headCacheMs: 1_000 })
    await world.ask() // its heads are kept for the next
    world.clock.pass(600)
    world.during.seal = () => world.clock.pass(4_500)

    const { receipts } = await world.ask()

    expect(receipts).toMatchObject([{ kind: 'release' }, { kind: 'refuse', code: 605 }])
  })

  it('is a refusal alone while proofs are still gathered', async () => {
    const world = await gateWorld()
    world.during.prove = () =>
      world.clinic.custodian.notice(world.revocation(), world.owner.peer, SERVING)

    const { receipts } = await world.ask()

    expect(receipts).toMatchObject([{ kind: 'refuse', code: 508 }])
    expect(world.seals).toBe(0)
  })

  it('still serves at the last moment', async () => {
    const world = await gateWorld()
    world.during.seal = () => world.clock.pass(5_000)
    expect((await world.ask()).answer.code).toBe(0)

    const idle = await gateWorld()
    idle.during.seal = () => idle.clock.pass(4_000)
    idle.clock.pass(32_000)
    expect((await idle.ask()).answer.code).toBe(0)
  })

  it('is nothing when the notice concerns somebody else', async () => {
    const world = await gateWorld()
    const other = world.openingOf({ verFrom: 7 })
    world.during.seal = () =>
      world.clinic.custodian.notice(world.revocation(2, other), world.owner.peer, SERVING)

    expect((await world.ask()).answer.code).toBe(0)
  })
})

describe('read budget', () => {
  it('gives its number of versions, and each of them again', async () => {
    const world = await gateWorld({ deals: await twoVersions(), opening: { budget: 1 } })

    const asked = [await world.ask(), await world.ask({ ver: 2 }), await world.ask()]

    expect(asked.map(({ answer }) => answer.code)).toEqual([0, 400, 0])
    expect(await codes(world)).toEqual([0, 411, 0])
  })

  it('gives its last place once to two who ask at once', async () => {
    const world = await gateWorld({ deals: await twoVersions(), opening: { budget: 1 } })

    await Promise.all([world.ask(), world.ask({ ver: 2 })])

    expect((await codes(world)).toSorted()).toEqual([0, 411])
  })

  it('is not given anew by a restart', async () => {
    const world = await gateWorld({ deals: await twoVersions(), opening: { budget: 1 } })
    await world.ask()
    await world.open()

    await world.ask({ ver: 2 })
    await world.ask()

    expect(await codes(world)).toEqual([0, 411, 0])
  })

  it('comes back when its window has passed, after a restart too', async () => {
    const world = await gateWorld({
      deals: await twoVersions(),
      opening: { budget: 1, window: 3_600 }
    })
    await world.ask()
    const later = async (ms: number) => {
      world.clock.pass(ms)
      await world.chain.mine(3)
      await world.open()
      return (await world.ask({ ver: 2 })).answer.code
    }

    expect([await later(3_600_000), await later(1_000)]).toEqual([400, 0])
  })

  it('counts a version again that was given before the window', async () => {
    const world = await gateWorld({
      deals: await twoVersions(),
      opening: { budget: 1, window: 3_600 }
    })
    const codes: number[] = []
    for (const [ver, laterMs] of [
      [1, 3_601_000],
      [2, 1_000],
      [1, 0]
    ] as const) {
      codes.push((await world.ask({ ver })).answer.code)
      world.clock.pass(laterMs)
      await world.chain.mine(3)
    }

    expect(codes).toEqual([0, 0, 400])
  })

  it('is not used by blocks, nor by what was refused', async () => {
    const world = await gateWorld({ deals: await twoVersions(), opening: { budget: 1 } })
    await world.ask({ want: 'blocks' })
    await world.ask({ tags: [] })
    expect((await world.ask({ ver: 2 })).answer.code).toBe(0)

    const restarted = await gateWorld({ deals: await twoVersions(), opening: { budget: 1 } })
    await restarted.ask({ want: 'blocks' })
    await restarted.open()
    expect((await restarted.ask({ ver: 2 })).answer.code).toBe(0)
  })

  it('is counted for each grant alone', async () => {
    const world = await gateWorld({ deals: await twoVersions(), opening: { budget: 1 } })
    const opening = world.openingOf({ budget: 1, verFrom: 2 })
    await world.grant(opening)
    await world.confirm()
    await world.ask()

    expect((await world.ask({ ver: 2, opening })).answer.code).toBe(0)
  })
})

describe('numbers of a stream', () => {
  it('go on after one that was out of turn, and after a refusal', async () => {
    const world = await gateWorld()
    const stream = world.stream()

    const codes = []
    for (const [seq, v] of [
      [1, 1],
      [5, 1],
      [2, 1],
      [3, 2],
      [4, 1]
    ] as const) {
      codes.push((await world.ask({ seq, v }, stream)).answer.code)
    }

    expect(codes).toEqual([0, 105, 0, 102, 0])
  })
})

describe('a custodian with too much to do', () => {
  it('says BUSY to the one that the queue cannot hold', async () => {
    const world = await gateWorld()
    const gone = Promise.withResolvers<void>()
    let proofs = 0
    world.during.prove = () => {
      proofs++
      return gone.promise
    }
    const queued = Array.from({ length: REQUESTS_QUEUED }, () => world.ask())
    await until(() => proofs === 2 * REQUESTS_QUEUED)

    const { answer, receipts } = await world.ask()
    gone.resolve()
    const answers = await Promise.all(queued)

    expect(answer).toMatchObject({ ok: false, code: 104, retryMs: 1_000 })
    expect(receipts).toEqual([])
    expect(new Set(answers.map((each) => each.answer.code))).toEqual(new Set([0]))
    world.during.prove = () => {}
    expect((await world.ask()).answer.code).toBe(0)
  })

  it('says BUSY once it stops, and finishes what it began', async () => {
    const world = await gateWorld()
    const gone = Promise.withResolvers<void>()
    const begins = Promise.withResolvers<void>()
    world.during.prove = () => {
      begins.resolve()
      return gone.promise
    }
    const begun = world.ask()
    await begins.promise

    await world.clinic.gate.stop()
    const refused = await world.ask()
    gone.resolve()

    expect(refused.answer).toMatchObject({ ok: false, code: 104 })
    expect((await begun).answer.code).toBe(0)
  })

  it('tells a peer that asks too often when to come back', async () => {
    const world = await gateWorld()

    const { answer } = await world.ask({}, world.stream({ retryMs: 2_500 }))

    expect(answer).toMatchObject({ code: 104, retryMs: 2_500 })
  })
})

describe('moment of a denial', () => {
  it.each([
    [0, 300],
    [1, 300],
    [299, 300],
    [300, 300],
    [301, 600],
    [899, 900],
    [4_000, 4_200]
  ])('is at a multiple of 300 ms when deciding took %i ms', async (tookMs, leavesMs) => {
    const world = await gateWorld({ opening: false })
    let waited = false
    world.during.prove = () => {
      if (!waited) world.clock.pass(tookMs)
      waited = true
    }

    const { answer, afterMs } = await world.ask()

    expect(answer.code).toBe(400)
    expect(afterMs).toBe(leavesMs)
    expect(world.slept.length).toBe(leavesMs === tookMs ? 0 : 1)
  })

  it('is not put off by a clock that is set back', async () => {
    const world = await gateWorld({ opening: false })
    let waited = false
    world.during.prove = () => {
      if (!waited) world.clock.pass(-3_000)
      waited = true
    }

    await world.ask()

    expect(world.slept).toEqual([300])
  })
})

describe('counted refusals', () => {
  it('are one receipt for each peer and code, with how many there were', async () => {
    const world = await gateWorld()
    const other = world.custodian.peer

    const { req } = await world.ask({ v: 2 })
    await world.ask({ v: 2 })
    await world.ask({ chain: 9 })
    await world.ask({ v: 2 }, world.stream({ remotePeer: other }))

    expect(await world.tallied()).toMatchObject([
      { code: 102, count: 2, req, peer: world.hospital.peer },
      { code: 103, count: 1, peer: world.hospital.peer },
      { code: 102, count: 1, peer: other }
    ])
    expect(await world.tallied()).toEqual([])
  })

  it('are counted on when they could not be written', async () => {
    const receipts = faultyJournal(memoryJournal())
    const world = await gateWorld({ stores: { receipts } })
    await world.ask({ v: 2 })
    receipts.fail = new StoreFullError('no room')
    expect(await world.tallied()).toEqual([])
    receipts.fail = undefined
    await world.ask({ v: 2 })

    expect(await world.tallied()).toMatchObject([{ code: 102, count: 2 }])
  })
})
