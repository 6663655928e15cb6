/**
 * For each check of SECURITY.md §9.2 a scene in which that thing alone is wrong, and the limits
 * that still pass. tools/mutants.ts takes the checks out one by one: a case here has to notice.
 */
import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import * as chain from '../../core/checks/chain.ts'
import { contextOf } from '../../core/checks/context.ts'
import * as grant from '../../core/checks/grant.ts'
import * as sub from '../../core/checks/sub.ts'
import * as words from '../../core/checks/words.ts'
import { codeName, type RefuseCode } from '../../core/codes.ts'
import { decide, nameWords, wordsNeeded } from '../../core/decide.ts'
import type { HeldEpoch } from '../../core/decision.ts'
import { accountGrantee, grantId, openingHash } from '../../core/grant.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { DELEGABLE } from '../../core/purposes.ts'
import { type ShownSub, subGrantHash } from '../../core/subgrant.ts'
import { DECIDE_CASES } from '../fixtures/decide-cases.ts'
import {
  account,
  accountWord,
  CLINIC_ORG,
  gathered,
  grantWord,
  NOW,
  named,
  organisationWord,
  ownerWord,
  recordWord,
  run,
  type Scene,
  type SceneInit,
  scene,
  setWord,
  sorted,
  tagsOf,
  wishWord,
  withInput,
  withLater
} from '../fixtures/scene.ts'
import {
  anyOf,
  byTree,
  colleague,
  emergency,
  headAt,
  inGroup,
  manyTags,
  narrow,
  pack,
  passedOn,
  revokedDirectly,
  roleTree,
  unguarded,
  unwished,
  withEpoch,
  withoutEmergencies
} from '../fixtures/scenes.ts'

describe('decide, one thing wrong', () => {
  it.each(DECIDE_CASES)('%s refuses %s', (_check, _wrong, make, code) => {
    const { decision } = run(make())

    // What goes out as it is tells nothing of a record; the rest sounds alike.
    const wire = code < 400 || code === 601 ? code : 400
    expect(decision, codeName(code)).toEqual({ kind: 'refuse', code, wire })
  })
})

describe('decide, what it asks for', () => {
  it('asks for heads, then proofs', () => {
    const { decision, asked } = run(scene())

    expect(decision.kind).toBe('release')
    expect(asked).toEqual(['heads', 'proofs'])
  })

  it('asks a contract account only when nobody else signed the binding', () => {
    const { decision, asked } = run(withInput(scene(), { verdicts: { binding: 'unresolved' } }))

    expect(decision.kind).toBe('release')
    expect(asked).toEqual(['heads', 'erc1271', 'proofs'])
  })

  it.each([
    ['any organisation', anyOf(2)],
    ['a tree with a role alone', roleTree()]
  ])('proves twice for %s, as the account word names it', (_name, init) => {
    const { decision, asked } = run(scene(init))

    expect(decision.kind).toBe('release')
    expect(asked).toEqual(['heads', 'proofs', 'proofs'])
  })

  it.each([
    ['one account', {}],
    ['one organisation', anyOf(2, CLINIC_ORG)],
    ['a group', inGroup],
    ['a tree that names its organisations', byTree]
  ])('proves once for %s', (_name, init) => {
    expect(run(scene(init)).asked).toEqual(['heads', 'proofs'])
  })

  it.each(['conf', 'head'] as const)('asks again while a word is missing at %s', (block) => {
    const input = gathered(scene())
    if (input.words?.ok !== true) throw new Error('a scene expected words')
    const { grant: _, ...rest } = input.words.value[block]
    const words = { ok: true, value: { ...input.words.value, [block]: rest } } as const

    expect(decide({ ...input, words }, p)).toEqual({ kind: 'need', what: 'proofs' })
  })

  it('asks again for words that came back short', () => {
    const of = withInput(scene(anyOf(2)), { heads: scene().later.heads })
    const needed = wordsNeeded(of.input, p)
    const words = { conf: nameWords(needed, []), head: nameWords(needed, [ownerWord()]) }

    expect(decide({ ...of.input, words: { ok: true, value: words } }, p)).toEqual({
      kind: 'need',
      what: 'proofs'
    })
  })

  it.each([
    chain.headIsYoung,
    chain.clockIsNotBehind,
    chain.requestedIsConfirmed,
    grant.recordIsKnown,
    grant.isKept,
    grant.shareIsHeld,
    grant.isCovered,
    words.wordsAreGathered,
    words.wordsAreWellFormed,
    words.grantIsThere,
    words.grantIsActive,
    words.ownerStands,
    words.requesterStands,
    words.requesterIsMember,
    words.recordIsLive,
    words.epochIsOnChain,
    words.ownerDidNotOptOut,
    words.hasBegunOnChain,
    words.hasNotEndedOnChain
  ])('lets nothing that was not gathered pass: $name', (holds) => {
    const of = withInput(scene(inGroup), { entry: undefined })

    expect(holds(contextOf(of.input, p))).toBe(false)
  })

  it.each(Object.values(sub).filter(({ name }) => !/^(by|forShare)/.test(name)))(
    'lets nothing of a sub-grant pass that is not shown: %o',
    (holds) => {
      const of = withInput(scene({ opening: { granteeKind: 2 } }), { entry: undefined })

      expect(holds(contextOf(of.input, p))).toBe(false)
    }
  )

  it.each([
    grant.isMarkedForEmergency,
    grant.containerIsOpen,
    words.wishPermits,
    words.signersAreClinicians
  ])('lets nothing of an emergency pass that was not gathered: $name', (holds) => {
    const of = withInput(emergency(), { entry: undefined })

    expect(holds(contextOf(of.input, p))).toBe(false)
  })

  it('does no I/O for what it can refuse without', () => {
    expect(run(withInput(scene(), { verdicts: { request: 'bad' } })).asked).toEqual([])
    expect(run(withInput(scene(), { entry: undefined })).asked).toEqual(['heads'])
  })
})

describe('decide, what it gives', () => {
  it('names share, epoch, grant and the words that were proven', () => {
    const of = scene({ shareEpoch: 3 })

    expect(run(of).decision).toEqual({
      kind: 'release',
      idx: 2,
      shareEpoch: 3,
      grantId: grantId(of.input.request.owner, openingHash(of.input.request.opening, p), p),
      words: { conf: grantWord(), head: grantWord() }
    })
  })

  it('names the sub-grant, beside the grant that it is of', () => {
    const of = passedOn()
    const { request } = of.input
    const shown = request.sub as ShownSub

    expect(run(of).decision).toMatchObject({
      kind: 'release',
      grantId: grantId(request.owner, openingHash(request.opening, p), p),
      sub: subGrantHash(shown.grant, p)
    })
  })

  it('proves the delegator, and twice since the account words name the organisation', () => {
    const { asked } = run(passedOn())
    const roles = wordsNeeded(gathered(passedOn()), p).map(({ role }) => role)

    expect(asked).toEqual(['heads', 'proofs', 'proofs'])
    expect(roles).toEqual(['grant', 'owner', 'account', 'delegator', 'record', 'org:7'])
  })

  it('gives the share of the epoch that was asked for', () => {
    const of = scene({ shareEpoch: 2 })
    const [second] = of.input.entry?.epochs ?? []
    const epochs = [{ ...second, shareEpoch: 1, idx: 5 }, second] as readonly HeldEpoch[]

    expect(run(withInput(of, { entry: { epochs } })).decision).toMatchObject({
      kind: 'release',
      idx: 2,
      shareEpoch: 2
    })
  })

  it('takes no organisation for one, whatever words are at hand', () => {
    const input = gathered(setWord(scene(anyOf(2)), 'account', accountWord({ org: 0 })))
    if (input.words?.ok !== true) throw new Error('a scene expected words')
    const { conf, head } = input.words.value
    const active = { 'org:0': organisationWord(1) }
    const value = { conf: { ...conf, ...active }, head: { ...head, ...active } }

    expect(decide({ ...input, words: { ok: true, value } }, p)).toMatchObject({ code: 511 })
  })

  it('takes no organisation for one of colleagues, whatever words are at hand', () => {
    const nowhere = accountWord({ org: 0 })
    const input = gathered(setWord(setWord(passedOn(), 'account', nowhere), 'delegator', nowhere))
    if (input.words?.ok !== true) throw new Error('a scene expected words')
    const { conf, head } = input.words.value
    const active = { 'org:0': organisationWord(1) }
    const value = { conf: { ...conf, ...active }, head: { ...head, ...active } }

    expect(decide({ ...input, words: { ok: true, value } }, p)).toMatchObject({ code: 511 })
  })

  it('gives no words in an emergency, and no share number with a pack', () => {
    expect(run(emergency()).decision).toMatchObject({ kind: 'release', idx: 2, words: undefined })
    expect(run(pack()).decision).toMatchObject({ kind: 'release', idx: 0, shareEpoch: 0 })
  })
})

const delegable: SceneInit = { opening: { purposes: DELEGABLE + 1 } }
const asWide: SceneInit['sub'] = {
  verTo: 0xffff_ffff,
  notBefore: NOW - 600,
  notAfter: NOW - 600 + 86_400,
  budget: 10
}
const requester = account('requester')
const toOneself: SceneInit['sub'] = { delegator: requester }
const toOneselfInit: SceneInit = { opening: { grantee: accountGrantee(requester) } }

describe('decide, limits that still pass', () => {
  const passing: readonly (readonly [name: string, scene: () => Scene])[] = [
    ['a deadline now', () => withInput(scene(), { nowMs: (NOW + 30) * 1_000 })],
    ['a deadline in 60 s', () => withInput(scene(), { request: { deadline: NOW + 60 } })],
    [
      'a binding from 120 s on, for 30 days',
      () =>
        withInput(scene(), {
          request: { binding: { validFrom: NOW + 120, validUntil: NOW + 120 + 30 * 86_400 } }
        })
    ],
    [
      'a binding with one second left',
      () => withInput(scene(), { request: { binding: { validUntil: NOW + 1 } } })
    ],
    ['a head 36 s old', () => headAt(scene(), NOW - 36)],
    ['a head 36 s ahead', () => headAt(scene(), NOW + 36)],
    [
      'a lag of 16 blocks',
      () => withLater(scene(), { heads: { value: { conf: { number: 1_006 } } } })
    ],
    [
      'the confirmed block itself',
      () => withLater(scene(), { heads: { value: { conf: { number: 990 } } } })
    ],
    [
      '128 tags',
      () => scene({ tags: manyTags.filter((tag) => toHex(tag) !== toHex(named('tag 0'))) })
    ],
    [
      '64 exceptions',
      () => scene({ except: sorted(...Array.from({ length: 64 }, (_, i) => named(`e ${i}`))) })
    ],
    ['the first and last version', () => scene({ ver: 2, opening: { verFrom: 2, verTo: 2 } })],
    ['a grant 120 s old', () => scene({ opening: { notBefore: NOW - 120 } })],
    ['a grant that ends in 121 s', () => scene({ opening: { notAfter: NOW + 121 } })],
    ['the last of a budget', () => withInput(scene(), { used: { count: 9 } })],
    ['a version read again', () => withInput(scene(), { used: { count: 10, again: true } })],
    ['exactly 24 h of emergency', () => emergency()],
    ['exactly 1 h of emergency', () => emergency({ opening: { notAfter: NOW + 3_000 } })],
    ['ETREAT by emergency', () => emergency({ hl7: 'ETREAT' })],
    ['three clinicians', () => emergency({ signers: ['colleague', 'requester', 'third'] })],
    [
      'an emergency with a narrower scope',
      () => scene({ hl7: 'BTG', signers: ['requester', 'colleague'] })
    ],
    ['only in an emergency', () => setWord(emergency(), 'wish', wishWord(2))],
    [
      'a direct wish that permits',
      () => withInput(emergency(), { notices: { wish: { wish: 2, version: 9 } } })
    ],
    [
      'a direct wish that the chain overtook',
      () => withInput(emergency(), { notices: { wish: { wish: 3, version: 1 } } })
    ],
    [
      'a direct revocation that the chain overtook',
      () => withInput(scene(), { notices: { revokedVersion: 5 } })
    ],
    ['a direct epoch that the chain has', () => withInput(scene(), { notices: { ownerEpoch: 3 } })],
    [
      'a direct binding epoch that the binding has',
      () => withInput(scene(), { notices: { bindingEpoch: 2 } })
    ],
    [
      'a direct opt-out that the chain overtook',
      () => withInput(scene(), { notices: { optOut: { purposes: 1, version: 4 } } })
    ],
    [
      'a direct opt-out of another purpose',
      () => withInput(scene(), { notices: { optOut: { purposes: 2, version: 9 } } })
    ],
    ['an opt-out of another purpose', () => setWord(scene(), 'owner', ownerWord({ optOut: 2 }))],
    ['an attested record', () => setWord(scene(), 'record', recordWord({ status: 2 }))],
    ['a rejected record', () => setWord(scene(), 'record', recordWord({ status: 3 }))],
    ['a superseded record', () => setWord(scene(), 'record', recordWord({ status: 4 }))],
    [
      'an epoch of the confirmed block only',
      () => setWord(scene(), 'record', recordWord({ shareEpoch: 2 }), ['head'])
    ],
    [
      'an epoch of the head only',
      () => setWord(scene(), 'record', recordWord({ shareEpoch: 2 }), ['conf'])
    ],
    [
      'a grant that begins with the head',
      () => unguarded(scene({ opening: { notBefore: NOW - 4 } }))
    ],
    ['a member of a group', () => scene(inGroup)],
    [
      'all roles of one organisation',
      () => setWord(scene(anyOf(6, CLINIC_ORG)), 'account', accountWord({ roles: 7 }))
    ],
    ['an organisation without a role', () => scene(anyOf(0, CLINIC_ORG))],
    ['both halves of a tree', () => scene(byTree)],
    ['a chain without emergencies', () => withoutEmergencies(scene())],
    ['a record outside the emergency subset', () => withEpoch(scene(), { emergency: false })],
    ['treatment of somebody who wants no emergency', () => unwished(scene())],
    ['an ordinary read of a grant that may be passed on', () => scene(delegable)],
    ['a sub-grant', () => passedOn()],
    ['a sub-grant of all that the grant gives', () => passedOn(asWide)],
    ['a sub-grant 120 s old', () => passedOn({ notBefore: NOW - 120 })],
    ['a sub-grant that ends in 121 s', () => passedOn({ notAfter: NOW + 121 })],
    ['the last of its budget', () => withInput(passedOn(), { usedBySub: { count: 2 } })],
    [
      'a version read again under it',
      () => withInput(passedOn(), { usedBySub: { count: 3, again: true } })
    ],
    ['a delegate without a role', () => setWord(passedOn(), 'account', accountWord({ roles: 0 }))],
    [
      'a delegator with roles besides',
      () => setWord(passedOn(), 'delegator', accountWord({ roles: 6 }))
    ],
    [
      'colleagues who both moved on, and that is confirmed',
      () => {
        const of = setWord(passedOn(), 'account', accountWord({ org: 8 }))
        setWord(of, 'delegator', accountWord({ org: 8 }))
        return setWord(of, 'org:8', organisationWord(1))
      }
    ],
    ['a sub-grant that begins with the head', () => unguarded(passedOn({ notBefore: NOW - 4 }))],
    ['a sub-grant to oneself', () => passedOn(toOneself, toOneselfInit)],
    ['an emergency whose opening was revoked', () => revokedDirectly(emergency())]
  ]

  it.each(passing)('releases with %s', (_name, make) => {
    expect(run(make()).decision).toMatchObject({ kind: 'release' })
  })
})

describe('decide, blocks and packs', () => {
  const blocks = (init: SceneInit = {}): Scene => scene({ want: 'blocks', ...init })
  const released: readonly (readonly [name: string, scene: () => Scene])[] = [
    ['blocks without a share', () => withEpoch(blocks(), { acknowledged: false })],
    ['blocks beyond the budget', () => withInput(blocks(), { used: { count: 10 } })],
    [
      'blocks of an epoch that is gone',
      () => setWord(blocks(), 'record', recordWord({ shareEpoch: 9 }))
    ],
    ['a pack without an entry', () => withInput(pack(), { entry: undefined })],
    ['a pack after an erasure notice', () => withInput(pack(), { notices: { erased: true } })],
    ['a pack of any version', () => pack({ opening: { verTo: 0 } })],
    ['a pack of any scope', () => pack({ opening: { scope: named('scope') } })],
    ['a pack whose scope covers no tag', () => pack(narrow)],
    ['a pack beyond the budget', () => withInput(pack(), { used: { count: 10 } })]
  ]

  it.each(released)('releases %s', (_name, make) => {
    expect(run(make()).decision).toMatchObject({ kind: 'release' })
  })

  it('gives blocks under a sub-grant whose budget is used up, or was never counted', () => {
    const of = passedOn({}, { want: 'blocks' })

    for (const usedBySub of [{ count: 3, again: false }, undefined]) {
      expect(run(withInput(of, { usedBySub })).decision).toMatchObject({ kind: 'release' })
    }
  })

  const refused: readonly (readonly [name: string, scene: () => Scene, code: RefuseCode])[] = [
    [
      'blocks of a revoked grant',
      () => setWord(blocks(), 'grant', grantWord({ status: 2 }), ['head']),
      506
    ],
    [
      'blocks of an erased record',
      () => setWord(blocks(), 'record', recordWord({ status: 5 }), ['head']),
      512
    ],
    ['blocks out of scope', () => blocks({ recordTags: tagsOf('Observation', 'R') }), 405],
    [
      'blocks of a replica that holds no epoch',
      () => withInput(blocks(), { entry: { epochs: [] } }),
      405
    ],
    ['a pack against the wish', () => setWord(pack(), 'wish', wishWord(3), ['head']), 514],
    [
      'a pack for other than clinicians',
      () => setWord(pack(), colleague, accountWord({ roles: 1 })),
      511
    ]
  ]

  it.each(refused)('refuses %s', (_name, make, code) => {
    expect(run(make()).decision).toMatchObject({ kind: 'refuse', code })
  })

  it('matches blocks against the newest tags, whichever epoch is named', () => {
    const of = blocks()
    const [old] = of.input.entry?.epochs ?? []
    const newer = { ...(old as HeldEpoch), shareEpoch: 2, tags: tagsOf('Observation', 'R') }
    const epochs = [newer, old as HeldEpoch]

    expect(run(withInput(of, { entry: { epochs } })).decision).toMatchObject({ code: 405 })
  })

  it('needs no record word for a pack', () => {
    expect(wordsNeeded(pack().input, p).map(({ role }) => role)).not.toContain('record')
  })
})
