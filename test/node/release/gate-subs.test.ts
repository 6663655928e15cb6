/**
 * A whole gate under sub-grants and hand-backs (decision 0026). What each term means is tested where
 * it is decided (test/core/decide.test.ts); here is what the gate tells decide(), and what it keeps.
 */
import { describe, expect, it } from 'vitest'
import { Code } from '../../../core/codes.ts'
import { accountGrantee, openingHash } from '../../../core/grant.ts'
import type { AccessRequest } from '../../../core/request.ts'
import type { StreamState } from '../../../protocols/access/index.ts'
import { type Colleague, colleagueWorld, hashOfSub } from '../../fixtures/colleague.ts'
import { deal, defaultDeal, named, p, SERVING } from '../../fixtures/gate.ts'

const version = async (of: Colleague, ver: number, sub = of.sub()): Promise<number> => {
  const dealt = await deal({ ver })
  const { recordId } = dealt.content
  const { receipts } = await of.ask({ recordId, ver, sub })
  return codeOf(receipts)
}
const codeOf = (receipts: Awaited<ReturnType<Colleague['ask']>>['receipts']): number => {
  const last = receipts.at(-1)
  return last?.kind === 'release' || last?.kind === 'refuse' ? last.code : -1
}
const threeVersions = async () => [
  await defaultDeal(),
  await deal({ ver: 2 }),
  await deal({ ver: 3 })
]

describe('a sub-grant at the gate', () => {
  it.each(['share', 'blocks'] as const)(
    'gives a colleague %s, and the receipt says by whom',
    async (want) => {
      const of = await colleagueWorld()
      const sub = of.sub()

      const { answer, receipts } = await of.ask({ want, sub })

      expect(answer.ok).toBe(true)
      expect(receipts).toMatchObject([
        {
          kind: 'release',
          account: of.identity.account,
          grantId: of.world.grantId(),
          sub: hashOfSub(sub)
        }
      ])
    }
  )

  const refused: readonly (readonly [
    name: string,
    code: number,
    changes: (of: Colleague) => Partial<AccessRequest>
  ])[] = [
    ['without one', Code.GRANTEE, () => ({ sub: undefined })],
    ['under one that she signed herself', Code.GRANTEE, (of) => ({ sub: of.sub({}, of.identity) })],
    [
      'under one that she signed in another name',
      Code.SUB_GRANT,
      (of) => ({ sub: { ...of.sub({}, of.identity), delegator: of.world.hospital.account } })
    ],
    [
      'under one that was changed',
      Code.SUB_GRANT,
      (of) => ({ sub: { ...of.sub(), grant: { ...of.sub().grant, budget: 4 } } })
    ],
    [
      'under one for another',
      Code.SUB_GRANT,
      (of) => ({ sub: of.sub({ delegate: of.world.owner.account }) })
    ],
    ['under a wider one', Code.SUB_GRANT, (of) => ({ sub: of.sub({ budget: 11 }) })],
    ['under one of a later grant', Code.SUB_GRANT, (of) => ({ sub: of.sub({ version: 2 }) })]
  ]

  it.each(refused)('refuses a colleague %s', async (_name, code, changes) => {
    const of = await colleagueWorld()

    const { answer, receipts } = await of.ask(changes(of))

    expect(answer).toMatchObject({ ok: false, code: 400 })
    expect(codeOf(receipts)).toBe(code)
  })

  it('remembers a verdict for that delegator and signature alone', async () => {
    const of = await colleagueWorld()
    const good = of.sub()
    const { sig } = of.sub({ budget: 2 })
    const opening = of.world.openingOf({
      ...of.world.opening,
      grantee: accountGrantee(of.world.custodian.account)
    })
    const forged = of.sub({ openingHash: openingHash(opening, p) })
    const asked = []
    for (const sub of [good, { ...good, sig }, good]) {
      asked.push(codeOf((await of.ask({ sub })).receipts))
    }
    for (const delegator of [of.world.hospital.account, of.world.custodian.account]) {
      asked.push(codeOf((await of.ask({ opening, sub: { ...forged, delegator } })).receipts))
    }

    expect(asked).toEqual([0, Code.SUB_GRANT, 0, Code.GRANTEE, Code.SUB_GRANT])
  })

  it('names the sub-grant in a refusal too', async () => {
    const of = await colleagueWorld()
    const sub = of.sub({ budget: 0 })

    const { receipts } = await of.ask({ sub })

    expect(receipts).toMatchObject([{ kind: 'refuse', code: Code.BUDGET, sub: hashOfSub(sub) }])
  })

  it('ends with the grant, and does not come back with another of the same opening', async () => {
    const of = await colleagueWorld()
    const { world } = of
    await world.send(world.revocation())
    await world.confirm()
    const revoked = codeOf((await of.ask()).receipts)
    await world.grant(world.opening, 3)
    await world.confirm()

    const old = codeOf((await of.ask()).receipts)
    const anew = codeOf((await of.ask({ sub: of.sub({ version: 3 }) })).receipts)

    expect([revoked, old, anew]).toEqual([Code.REVOKED, Code.SUB_GRANT, 0])
  })

  it('ends when the delegator is no colleague any more', async () => {
    const of = await colleagueWorld()
    const { world } = of
    await world.chain.enrol({ account: world.hospital.account, org: 1, roles: 2 })

    expect(codeOf((await of.ask()).receipts)).toBe(Code.MEMBERSHIP)
  })
})

describe('budgets under a sub-grant', () => {
  it('count for both, also after a restart', async () => {
    const of = await colleagueWorld({ deals: await threeVersions(), opening: { budget: 2 } })
    const sub = of.sub({ budget: 1 })
    const other = of.sub({ budget: 1, verFrom: 2 })

    expect(await version(of, 1, sub)).toBe(0)
    expect(await version(of, 2, sub)).toBe(Code.BUDGET)
    await of.world.open()
    expect(await version(of, 2, sub)).toBe(Code.BUDGET)
    expect(await version(of, 1, sub)).toBe(0)
    // counted by itself
    expect(await version(of, 2, other)).toBe(0)
    // two versions of the grant's two are out, whoever read them
    expect(await version(of, 3, other)).toBe(Code.BUDGET)
    expect(codeOf((await of.world.ask({ ver: 3 })).receipts)).toBe(Code.BUDGET)
  })

  it('are not taken by blocks, nor by what was refused', async () => {
    const of = await colleagueWorld({ deals: await threeVersions() })
    const sub = of.sub({ budget: 1 })

    await of.ask({ sub, want: 'blocks', ver: 2 })
    await of.ask({ sub, ver: 3, hl7: 'COC', purpose: 1 })

    expect(await version(of, 1, sub)).toBe(0)
  })

  it('give the last place to one of two who ask at once', async () => {
    const of = await colleagueWorld({ deals: await threeVersions() })
    const sub = of.sub({ budget: 1 })
    const streams: StreamState[] = [of.stream(), of.stream()]

    const heard = await Promise.all(streams.map((stream, i) => of.ask({ sub, ver: i + 1 }, stream)))

    expect(heard.filter(({ answer }) => answer.ok)).toHaveLength(1)
  })
})

describe('handing back at the gate', () => {
  const told = (of: Colleague, notice: ReturnType<Colleague['handBack']>) =>
    of.world.clinic.custodian.notice(notice, of.identity.peer, SERVING)

  it.each<[string, (of: Colleague) => ReturnType<Colleague['handBack']>, own: number, sub: number]>(
    [
      ['the whole grant by its grantee', (of) => of.handBack(of.world.hospital), 516, 516],
      [
        'the sub-grant by its delegator',
        (of) => of.handBack(of.world.hospital, hashOfSub(of.sub())),
        0,
        516
      ],
      [
        'the sub-grant by its delegate',
        (of) => of.handBack(of.identity, hashOfSub(of.sub())),
        0,
        516
      ],
      ['all of it by the delegate', (of) => of.handBack(of.identity), 0, 516],
      [
        'the sub-grant by a third',
        (of) => of.handBack(of.world.custodian, hashOfSub(of.sub())),
        0,
        0
      ],
      ['the grant by a third', (of) => of.handBack(of.world.custodian), 0, 0]
    ]
  )('%s ends what it is of, also after a restart', async (_name, notice, own, sub) => {
    const of = await colleagueWorld()
    expect((await told(of, notice(of))).ok).toBe(true)

    for (const _ of ['before', 'after']) {
      expect(codeOf((await of.world.ask()).receipts)).toBe(own)
      expect(codeOf((await of.ask()).receipts)).toBe(sub)
      await of.world.open()
    }
  })

  it('leaves another sub-grant of the same delegator, and another grant', async () => {
    const of = await colleagueWorld()
    await told(of, of.handBack(of.world.hospital, hashOfSub(of.sub())))
    const other = of.world.openingOf({ salt: named('another salt') })
    await of.world.grant(other)
    await of.world.confirm()
    const another = codeOf((await of.ask({ sub: of.sub({ budget: 2 }) })).receipts)
    await told(of, of.handBack(of.world.hospital))

    expect(another).toBe(0)
    expect(codeOf((await of.ask({ sub: of.sub({ budget: 2 }) })).receipts)).toBe(516)
    expect(codeOf((await of.world.ask({ opening: other })).receipts)).toBe(0)
  })

  it('stops an answer that was decided already', async () => {
    const of = await colleagueWorld()
    of.world.during.seal = () => told(of, of.handBack(of.world.hospital))

    const { answer, receipts } = await of.ask()

    expect(answer).toMatchObject({ ok: false, code: 400, ct: undefined })
    expect(receipts).toMatchObject([{ kind: 'release' }, { kind: 'refuse', code: 516 }])
  })
})
