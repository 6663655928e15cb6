/**
 * One wrong thing a case: the rows of SECURITY.md §9.2 that come about in an emergency, each met by
 * the gate itself, with real signatures, words and proofs.
 * @module
 */
import { scopeHash } from '../../../core/grant.ts'
import { type Hash, hash } from '../../../core/ids.ts'
import { Purpose, purposeMask } from '../../../core/purposes.ts'
import type { AccessRequest } from '../../../core/request.ts'
import { EmergencyWish, Role } from '../../../core/words.ts'
import { CUSTODIAN_ORG, deal, named, p, SERVING } from '../../fixtures/gate.ts'
import { type GlassInit, type GlassWorld, HOUR, markedDeal } from '../../fixtures/glass.ts'

type Changes = Partial<AccessRequest>

export interface GlassRefusal {
  readonly id: string
  readonly code: number
  readonly world?: () => Promise<GlassInit> | GlassInit
  /** What is wrong with the world. */
  readonly arrange?: (of: GlassWorld) => unknown
  /** The request. @default without fault */
  readonly ask?: (of: GlassWorld) => Changes
  /** It is refused for a pack, too. @default false */
  readonly forPack?: boolean
}

const NOT_MINE = named('not mine')
const NOTHING = hash(new Uint8Array(32))
const narrow = (tags: readonly Hash[]) => ({
  opening: { scope: scopeHash(tags, [], p) }
})
const notice = ({ world }: GlassWorld, message: ReturnType<GlassWorld['wish']>) =>
  world.clinic.custodian.notice(message, world.owner.peer, SERVING)
const revokeAll = ({ world }: GlassWorld, epoch: number) =>
  world.signed('RevokeAll', { owner: world.owner.account, epoch })

/** 19–28 */
const opening: GlassRefusal[] = [
  { id: '19: a record that is not kept', code: 401, ask: (of) => ({ ...of.glass(), ver: 7 }) },
  {
    id: '20: an erased record',
    code: 402,
    arrange: (of) => notice(of, of.world.erasure())
  },
  {
    id: '22: tags beside scope 0',
    code: 404,
    ask: (of) => ({ ...of.glass(), tags: of.world.tags })
  },
  {
    id: '22: exceptions beside scope 0',
    code: 404,
    ask: (of) => ({ ...of.glass(), except: of.world.tags })
  },
  {
    id: '22: other tags than the scope of a narrower glass',
    code: 404,
    ask: (of) => ({ ...of.glass(narrow([NOT_MINE])), tags: of.world.tags })
  },
  {
    id: '23: a record that is not marked',
    code: 405,
    world: async () => ({ deals: [await deal()] })
  },
  {
    id: '23: a marked record outside of a narrower glass',
    code: 405,
    ask: (of) => ({ ...of.glass(narrow([NOT_MINE])), tags: [NOT_MINE] })
  },
  { id: '24: another version', code: 406, ask: (of) => of.glass({ opening: { verFrom: 2 } }) },
  {
    id: '25: an ordinary purpose',
    code: 407,
    forPack: true,
    ask: (of) => ({
      ...of.glass({ opening: { purposes: purposeMask(Purpose.TREAT) } }),
      purpose: Purpose.TREAT,
      hl7: 'TREAT'
    })
  },
  {
    id: '25: a second purpose beside it',
    code: 407,
    forPack: true,
    ask: (of) => of.glass({ opening: { purposes: purposeMask(Purpose.BTG, Purpose.TREAT) } })
  },
  {
    id: '25: the other emergency purpose',
    code: 407,
    forPack: true,
    ask: (of) => ({ ...of.glass(), purpose: Purpose.ETREAT, hl7: 'ETREAT' })
  },
  {
    id: '25: a glass that nobody signed for',
    code: 407,
    ask: (of) => ({
      ...of.glass({ opening: { scope: scopeHash(of.world.tags, [], p) } }),
      tags: of.world.tags,
      emergency: undefined
    })
  },
  {
    id: '26: a glass within the guard of its start',
    code: 408,
    forPack: true,
    ask: (of) => of.glass({ opening: span(of, -119, HOUR) })
  },
  {
    id: '27: a glass within the guard of its end',
    code: 409,
    forPack: true,
    ask: (of) => of.glass({ opening: span(of, 120 - HOUR, HOUR) })
  },
  {
    id: '28: a glass of another account',
    code: 410,
    forPack: true,
    ask: (of) => of.glass({ opening: { grantee: NOT_MINE } })
  },
  { id: '29: a budget of nothing', code: 411, ask: (of) => of.glass({ opening: { budget: 0 } }) }
]

const span = ({ world }: GlassWorld, from: number, seconds: number) => {
  const notBefore = world.clock.seconds() + from
  return { notBefore, notAfter: notBefore + seconds }
}

/** 30 */
const signing: GlassRefusal[] = [
  {
    id: '30: a grantee that is a group',
    code: 412,
    forPack: true,
    ask: (of) => of.glass({ opening: { granteeKind: 3 } })
  },
  {
    id: '30: less than an hour',
    code: 412,
    forPack: true,
    ask: (of) => of.glass({ opening: span(of, -300, HOUR - 1) })
  },
  {
    id: '30: more than a day',
    code: 412,
    forPack: true,
    ask: (of) => of.glass({ opening: span(of, -300, 24 * HOUR + 1) })
  },
  {
    id: '30: no reason',
    code: 412,
    forPack: true,
    ask: (of) => of.glass({ reasonHash: NOTHING })
  },
  {
    id: '30: one clinician alone',
    code: 412,
    forPack: true,
    ask: (of) => of.glass({ by: [of.world.hospital] })
  },
  {
    id: '30: one clinician twice',
    code: 412,
    forPack: true,
    ask: (of) => of.glass({ by: [of.world.hospital, of.world.hospital] })
  },
  {
    id: '30: two others than the requester',
    code: 412,
    forPack: true,
    arrange: ({ world }) =>
      world.chain
        .enrol({ account: world.custodian.account, org: CUSTODIAN_ORG, roles: Role.CLINICIAN })
        .then(() => world.confirm()),
    ask: (of) => of.glass({ by: [of.colleague, of.world.custodian] })
  },
  ...(
    [
      ['owner', { owner: named('another owner').slice(12) as AccessRequest['owner'] }],
      ['opening', { opening: { salt: NOT_MINE } }],
      ['reason', { reasonHash: NOT_MINE }],
      ['epoch', { epoch: 2 }]
    ] as const
  ).map(
    ([what, signed]): GlassRefusal => ({
      id: `30: signatures over another ${what}`,
      code: 412,
      forPack: true,
      ask: (of) => of.glass({ signed })
    })
  ),
  {
    id: "30: a colleague's name over one's own signature",
    code: 412,
    forPack: true,
    ask: (of) => {
      const { emergency, ...rest } = of.glass()
      const [first, second] = emergency.signers
      if (first == null || second == null) throw new Error('expected two signers')
      const signers = [first, { ...second, sig: first.sig }]
      return { ...rest, emergency: { ...emergency, signers } }
    }
  },
  {
    id: '30: a sealed record',
    code: 412,
    world: async () => ({ deals: [await deal({ sealed: true, custody: { emergency: true } })] })
  }
]

/** 39–45 */
const words: GlassRefusal[] = [
  {
    id: '39: an owner whom no block knows',
    code: 509,
    forPack: true,
    world: () => ({ opening: false })
  },
  {
    id: '39: an epoch that she ended',
    code: 509,
    forPack: true,
    arrange: (of) => of.world.send(revokeAll(of, 2))
  },
  {
    id: '39: an epoch that she has not begun',
    code: 509,
    forPack: true,
    ask: (of) => of.glass({ epoch: 2 })
  },
  {
    id: '39: an epoch that she ended here',
    code: 509,
    forPack: true,
    arrange: (of) => notice(of, revokeAll(of, 2))
  },
  {
    id: '40: a binding that was ended',
    code: 510,
    forPack: true,
    arrange: ({ world }) =>
      world.send(
        world.signed(
          'BindingEpoch',
          { account: world.hospital.account, bindingEpoch: 2 },
          world.hospital
        )
      )
  },
  {
    id: '41: a colleague who is no clinician',
    code: 511,
    forPack: true,
    ask: (of) => of.glass({ by: [of.world.hospital, of.clerk] })
  },
  {
    id: '41: a colleague who is none any more',
    code: 511,
    forPack: true,
    arrange: ({ world, colleague }) =>
      world.chain.enrol({ account: colleague.account, org: CUSTODIAN_ORG, roles: Role.RELAYER })
  },
  {
    id: '41: a colleague who is not one for long enough',
    code: 511,
    forPack: true,
    arrange: ({ world, clerk }) =>
      world.chain.enrol({ account: clerk.account, org: CUSTODIAN_ORG, roles: Role.CLINICIAN }),
    ask: (of) => of.glass({ by: [of.world.hospital, of.clerk] })
  },
  {
    id: '42: a record that no block knows',
    code: 512,
    world: async () => ({ registered: false, deals: [await markedDeal()] })
  },
  {
    id: '44: a wish that was never made',
    code: 514,
    forPack: true,
    world: () => ({ wish: undefined })
  },
  {
    id: '44: a wish against it',
    code: 514,
    forPack: true,
    world: () => ({ wish: EmergencyWish.NEVER })
  },
  {
    id: '44: a wish against it that is not confirmed',
    code: 514,
    forPack: true,
    arrange: (of) => of.world.send(of.wish(EmergencyWish.NEVER, 2))
  },
  {
    id: '44: a wish for it that is not confirmed',
    code: 514,
    forPack: true,
    world: () => ({ wish: EmergencyWish.NEVER }),
    arrange: (of) => of.world.send(of.wish(EmergencyWish.YES, 2))
  },
  {
    id: '44: a wish against it that she told here',
    code: 514,
    forPack: true,
    arrange: (of) => notice(of, of.wish(EmergencyWish.NEVER, 2))
  },
  {
    id: '45: an opt-out of it',
    code: 515,
    forPack: true,
    arrange: ({ world }) =>
      world.send(
        world.signed('OptOut', {
          owner: world.owner.account,
          purposes: purposeMask(Purpose.BTG),
          version: 1
        })
      )
  }
]

export const GLASS_REFUSALS: readonly GlassRefusal[] = [...opening, ...signing, ...words]
