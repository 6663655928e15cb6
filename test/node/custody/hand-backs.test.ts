import { describe, expect, it } from 'vitest'
import type { SignedHandBack } from '../../../core/hand-back.ts'
import { HAND_BACKS_MAX } from '../../../core/limits.ts'
import { Notices } from '../../../node/custody/notices.ts'
import { CustodyCode } from '../../../protocols/custody/constants.ts'
import { type Colleague, colleagueWorld, hashOfSub } from '../../fixtures/colleague.ts'
import { named, p, SERVING } from '../../fixtures/gate.ts'

const entries = async ({ world }: Colleague): Promise<number> => {
  let count = 0
  for await (const _ of world.stores.custody.entries()) count++
  return count
}
const take = (of: Colleague, notice: SignedHandBack, peer = of.identity.peer) =>
  of.world.clinic.custodian.notice(notice, peer, SERVING)

describe('a hand-back', () => {
  it('is kept once, whoever brings it, and asks nothing of the chain', async () => {
    const of = await colleagueWorld()
    const before = await entries(of)
    const done: number[] = []
    const notice = of.handBack(of.world.hospital)

    for (const peer of [of.identity.peer, of.world.hospital.peer, of.identity.peer]) {
      const answer = await of.world.clinic.custodian.notice(notice, peer, {
        ...SERVING,
        progress: (n) => done.push(n)
      })
      expect(answer).toEqual({ ok: true, code: CustodyCode.NOT_SENT })
    }

    expect(await entries(of)).toBe(before + 1)
    expect(done).toEqual([1, 1, 1])
  })

  it('is on disk before it is confirmed', async () => {
    const of = await colleagueWorld()
    const { world } = of
    const { account } = world.hospital
    const isHeld = () =>
      world.clinic.custody.notices.isHandedBack(world.grantId(), named('sub'), account)
    let held: boolean | undefined

    await world.clinic.custodian.notice(
      of.handBack(world.hospital, named('sub')),
      of.identity.peer,
      {
        ...SERVING,
        progress: () => {
          held = isHeld()
        }
      }
    )

    expect(held).toBe(true)
    await world.open()
    expect(isHeld()).toBe(true)
  })

  const refused: readonly (readonly [
    name: string,
    code: number,
    notice: (of: Colleague) => SignedHandBack
  ])[] = [
    [
      'that somebody else signed',
      CustodyCode.BAD_SIGNATURE,
      (of) => {
        const { message } = of.handBack(of.world.hospital)
        return { ...of.handBack(of.identity), message }
      }
    ],
    [
      'that nobody signed',
      CustodyCode.BAD_SIGNATURE,
      (of) => ({ ...of.handBack(of.world.hospital), sig: new Uint8Array(0) })
    ],
    [
      'to an owner who is not known here',
      CustodyCode.DENIED,
      (of) => {
        const owner = of.identity.account
        return of.handBack(of.world.hospital, undefined, { owner })
      }
    ],
    [
      'of a grant that the chain has not',
      CustodyCode.DENIED,
      (of) => of.handBack(of.world.hospital, undefined, { openingHash: named('other') })
    ],
    [
      'by an account that no Directory holds',
      CustodyCode.DENIED,
      (of) => of.handBack(of.world.owner, hashOfSub(of.sub()))
    ]
  ]

  it.each(refused)('is not kept %s', async (_name, code, notice) => {
    const of = await colleagueWorld()
    const before = await entries(of)

    expect(await take(of, notice(of))).toMatchObject({ ok: false, code })
    expect(await entries(of)).toBe(before)
  })

  it('is not kept for an owner of whom nothing is here, though the chain has her grant', async () => {
    const of = await colleagueWorld()
    const { world } = of
    const owner = world.custodian.account
    const items = [{ opening: world.opening, version: 1 }]
    const message = { owner, items, epoch: 1, deadline: world.clock.seconds() + 3_600 }
    await world.send(world.signed('Grants', message, world.custodian))
    await world.confirm()

    const answer = await take(of, of.handBack(world.hospital, undefined, { owner }))

    expect(answer).toMatchObject({ ok: false, code: CustodyCode.DENIED })
  })

  it('is not kept while the chain cannot be asked', async () => {
    const of = await colleagueWorld()
    const ask = () => take(of, of.handBack(of.world.hospital))
    of.world.during.prove = () => {
      for (const { faults } of of.world.endpoints) faults.down = true
    }

    expect(await ask()).toMatchObject({ ok: false, code: CustodyCode.DENIED })
    expect(await ask()).toMatchObject({ ok: false, code: CustodyCode.DENIED })
  })

  it('makes a peer wait that brings many, and no other', async () => {
    const of = await colleagueWorld()
    const many = Array.from({ length: 40 }, (_, i) =>
      of.handBack(of.world.hospital, named(`sub ${i}`))
    )
    const codes = []
    for (const notice of many) codes.push((await take(of, notice)).code)

    expect(codes.filter((code) => code === CustodyCode.NOT_SENT)).toHaveLength(32)
    expect(codes.at(-1)).toBe(CustodyCode.BUSY)
    expect(await take(of, many.at(-1) as SignedHandBack, of.world.owner.peer)).toMatchObject({
      ok: true
    })
  })

  it(`is one of ${HAND_BACKS_MAX} that an account may leave; the others go on being taken`, async () => {
    const of = await colleagueWorld()
    const { notices } = of.world.clinic.custody
    const { message, sig } = of.handBack(of.world.hospital)
    for (let i = 0; i < HAND_BACKS_MAX; i++) {
      const subGrant = named(`sub ${i}`)
      notices.add({ type: 'HandBack', message: { ...message, subGrant }, sig })
    }

    expect(await take(of, of.handBack(of.world.hospital))).toMatchObject({
      ok: false,
      code: CustodyCode.FULL
    })
    expect(await take(of, of.handBack(of.world.hospital, named('sub 7')))).toMatchObject({
      ok: true
    })
    expect(await take(of, of.handBack(of.identity))).toMatchObject({ ok: true })
  })
})

describe('notices of hand-backs', () => {
  it('count each once', async () => {
    const of = await colleagueWorld()
    const notices = new Notices(p)
    const notice = of.handBack(of.world.hospital)
    const { account } = of.world.hospital

    notices.add(notice)
    notices.add(notice)

    expect([notices.isNew(notice), notices.handedBackBy(account)]).toEqual([false, 1])
    expect(notices.handedBackBy(of.identity.account)).toBe(0)
  })
})
