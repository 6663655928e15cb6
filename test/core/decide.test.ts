/**
 * For each check of SECURITY.md §9.2 a scene in which that thing alone is wrong, and the limits
 * that still pass. tools/mutants.ts takes the checks out one by one: a case here has to notice.
 */
import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { contextOf } from '../../core/checks/context.ts'
import { codeName, type RefuseCode, wireCode } from '../../core/codes.ts'
import { CHECKS, decide, nameWords, wordsNeeded } from '../../core/decide.ts'
import type { HeldEpoch } from '../../core/decision.ts'
import { grantId, openingHash, organisationGrantee, scopeHash } from '../../core/grant.ts'
import { hash } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { encodeTree, treeHash } from '../../core/tree.ts'
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
  peer,
  record,
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

const ZERO = hash(new Uint8Array(32))
const emergency = (init: SceneInit = {}): Scene =>
  scene({
    hl7: 'BTG',
    signers: ['requester', 'colleague'],
    tags: [],
    ...init,
    opening: { scope: ZERO, ...init.opening }
  })
const pack = (init: SceneInit = {}): Scene => emergency({ want: 'pack', ...init })
const anyOf = (roles: number, org = 0): SceneInit => ({
  opening: { granteeKind: 2, grantee: organisationGrantee(org, roles) }
})
const inGroup: SceneInit = { opening: { granteeKind: 3, grantee: named('group') } }
const treeBytes = encodeTree({
  k: 2,
  of: [
    { org: 0, roles: 0, group: named('group') },
    { org: CLINIC_ORG, roles: 2, group: undefined }
  ]
})
const byTree: SceneInit = {
  tree: treeBytes,
  opening: { granteeKind: 4, grantee: treeHash(treeBytes, p) }
}
function roleTree(): SceneInit {
  const tree = encodeTree({
    k: 1,
    of: [
      { org: 0, roles: 2, group: undefined },
      { org: 0, roles: 16, group: undefined }
    ]
  })
  return { tree, opening: { granteeKind: 4, grantee: treeHash(tree, p) } }
}
/** On this chain the clock guard is 0, so that chain time can differ from the clock's. */
const unguarded = (of: Scene): Scene => withInput(of, { policy: { clockGuardSeconds: 0 } })
const headAt = (of: Scene, timeSeconds: number): Scene =>
  withLater(of, { heads: { value: { head: { timeSeconds } } } })
const failed = (of: Scene, code: RefuseCode): Scene => ({
  ...of,
  later: { ...of.later, heads: { ok: false, code } }
})
const requestedFailed = (code: RefuseCode): Scene => {
  const of = scene()
  if (!of.later.heads?.ok) throw new Error('a scene expected heads')
  const value = { ...of.later.heads.value, requested: { ok: false, code } as const }
  return { ...of, later: { ...of.later, heads: { ok: true, value } } }
}
const proofsFailed = (code: RefuseCode): Scene =>
  withInput(scene(), { heads: scene().later.heads, words: { ok: false, code } })
const unsortedTags = [
  ...sorted(hash(record('record')), named('level N'), named('month *'))
].reverse()
const unsortedExcept = [...sorted(named('a'), named('b'))].reverse()
const manyTags = sorted(
  hash(record('record')),
  named('level N'),
  named('month *'),
  ...Array.from({ length: 126 }, (_, i) => named(`tag ${i}`))
)
const UNUSED = 1n << 255n
const memberOfGroup = `member:${toHex(named('group'))}`
const colleague = `signer:${toHex(account('colleague'))}`
const withEpoch = (of: Scene, changes: Partial<HeldEpoch>): Scene => {
  const epochs = (of.input.entry?.epochs ?? []).map((epoch) => ({ ...epoch, ...changes }))
  return withInput(of, { entry: { epochs } })
}

/** The name of the check, what is wrong, the scene, the code. */
type Case = readonly [check: string, wrong: string, scene: () => Scene, code: RefuseCode]

const requestCases: readonly Case[] = [
  ['isSupported', 'version 2', () => withInput(scene(), { request: { v: 2 } }), 102],
  ['isSupported', 'an unknown want', () => scene({ want: 'key' }), 102],
  ['isForThisChain', 'another chain', () => withInput(scene(), { request: { chain: 1 } }), 103],
  [
    'isForThisRegistry',
    'another registry',
    () => withInput(scene(), { request: { grants: account('other') } }),
    103
  ],
  [
    'isForThisCustodian',
    'another custodian',
    () => withInput(scene(), { request: { custodian: peer('other') } }),
    103
  ],
  ['hasRoom', 'a draining node', () => withInput(scene(), { load: { draining: true } }), 104],
  ['hasRoom', 'a full queue', () => withInput(scene(), { load: { queueFull: true } }), 104],
  ['hasRoom', 'a peer in a hurry', () => withInput(scene(), { load: { peerOverRate: true } }), 104],
  [
    'isOfThisStream',
    'the challenge of another stream',
    () => withInput(scene(), { request: { challenge: named('other') } }),
    105
  ],
  ['isNextInStream', 'a repeated seq', () => withInput(scene(), { request: { seq: 4 } }), 105],
  ['isNextInStream', 'a skipped seq', () => withInput(scene(), { request: { seq: 6 } }), 105],
  [
    'isBeforeDeadline',
    'a deadline 1 ms ago',
    () => withInput(scene(), { nowMs: (NOW + 30) * 1_000 + 1 }),
    106
  ],
  [
    'hasNearDeadline',
    'a deadline 61 s ahead',
    () => withInput(scene(), { request: { deadline: NOW + 61 } }),
    106
  ],
  [
    'isFromBoundPeer',
    'another peer on the line',
    () => withInput(scene(), { stream: { remotePeer: peer('other') } }),
    201
  ],
  [
    'isSignedByPeer',
    'a bad request signature',
    () => withInput(scene(), { verdicts: { request: 'bad' } }),
    202
  ],
  [
    'bindingIsInTime',
    'a binding from 121 s on',
    () => withInput(scene(), { request: { binding: { validFrom: NOW + 121 } } }),
    203
  ],
  [
    'bindingIsInTime',
    'a binding that ends now',
    () => withInput(scene(), { request: { binding: { validUntil: NOW } } }),
    203
  ],
  [
    'bindingIsInTime',
    'a binding of more than 30 days',
    () =>
      withInput(scene(), {
        request: { binding: { validFrom: NOW - 10, validUntil: NOW - 9 + 30 * 86_400 } }
      }),
    203
  ],
  [
    'bindingMayBeSigned',
    'a binding that nobody signed',
    () => withInput(scene(), { verdicts: { binding: 'bad' } }),
    204
  ],
  ['auditIsWhole', 'a broken log', () => withInput(scene(), { audit: { whole: false } }), 601],
  [
    'auditIsWhole',
    'a log behind its anchor',
    () => withInput(scene(), { audit: { behindAnchor: true } }),
    601
  ]
]

const chainCases: readonly Case[] = [
  ['headsFailure', 'no endpoints', () => failed(scene(), 301), 301],
  ['headsFailure', 'endpoints that disagree', () => failed(scene(), 302), 302],
  ['headsFailure', 'a header that does not hash', () => failed(scene(), 303), 303],
  ['headsFailure', 'a confirmed block off its line', () => failed(scene(), 306), 306],
  ['headIsYoung', 'a head 37 s old', () => headAt(scene(), NOW - 37), 304],
  ['clockIsNotBehind', 'a head 37 s ahead', () => headAt(scene(), NOW + 37), 305],
  ['requestedFailure', 'a requested block off the line', () => requestedFailed(307), 307],
  ['requestedFailure', 'a requested block that no endpoint gives', () => requestedFailed(301), 301],
  [
    'requestedIsConfirmed',
    'another number',
    () => withInput(scene(), { request: { conf: { n: 991 } } }),
    307
  ],
  [
    'requestedIsConfirmed',
    'another hash',
    () => withInput(scene(), { request: { conf: { h: named('other') } } }),
    307
  ],
  [
    'requestedIsConfirmed',
    'a lag of 17 blocks',
    () => withLater(scene(), { heads: { value: { conf: { number: 1_007 } } } }),
    307
  ],
  [
    'requestedIsConfirmed',
    'a block above the confirmed one',
    () => withLater(scene(), { heads: { value: { conf: { number: 989 } } } }),
    307
  ],
  [
    'bindingIsSigned',
    'a contract account that denies',
    () =>
      withLater(withInput(scene(), { verdicts: { binding: 'unresolved' } }), { erc1271: 'bad' }),
    205
  ]
]

const recordCases: readonly Case[] = [
  ['recordIsKnown', 'no entry', () => withInput(scene(), { entry: undefined }), 401],
  [
    'recordIsKnown',
    "another owner's entry",
    () => withInput(scene(), { entry: { owner: account('other') } }),
    401
  ],
  [
    'recordIsKnown',
    "another record's entry",
    () => withInput(scene(), { entry: { recordId: record('other') } }),
    401
  ],
  [
    'recordIsKnown',
    "another version's entry",
    () => withInput(scene(), { entry: { ver: 2 } }),
    401
  ],
  ['subsetIsKnown', 'no emergency subset', () => withInput(pack(), { subset: undefined }), 401],
  [
    'subsetIsKnown',
    "another owner's subset",
    () => withInput(pack(), { subset: { owner: account('other') } }),
    401
  ],
  ['isKept', 'destroyed shares', () => withInput(scene(), { entry: { destroyed: true } }), 402],
  ['isKept', 'an erasure notice', () => withInput(scene(), { notices: { erased: true } }), 402],
  [
    'shareIsHeld',
    'an epoch that is not held',
    () => withEpoch(scene({ shareEpoch: 2 }), { shareEpoch: 1 }),
    403
  ],
  ['shareIsHeld', 'a share without ACK', () => withEpoch(scene(), { acknowledged: false }), 403],
  [
    'scopeIsShown',
    'lists of another scope',
    () => withInput(scene(), { request: { except: [named('other')] } }),
    404
  ],
  ['scopeIsShown', 'descending tags', () => scene({ tags: unsortedTags }), 404],
  ['scopeIsShown', 'descending exceptions', () => scene({ except: unsortedExcept }), 404],
  ['scopeIsShown', 'no tags', () => scene({ tags: [] }), 404],
  ['scopeIsShown', '129 tags', () => scene({ tags: manyTags }), 404],
  [
    'scopeIsShown',
    '65 exceptions',
    () => scene({ except: sorted(...Array.from({ length: 65 }, (_, i) => named(`e ${i}`))) }),
    404
  ],
  [
    'scopeIsShown',
    'scope 0 without an emergency',
    () => scene({ tags: [], opening: { scope: ZERO } }),
    404
  ],
  ['scopeIsShown', 'scope 0 with tags', () => emergency({ tags: [named('level N')] }), 404],
  ['scopeIsShown', 'scope 0 with exceptions', () => emergency({ except: [named('a')] }), 404],
  [
    'isMarkedForEmergency',
    'a record outside the subset',
    () => withEpoch(emergency(), { emergency: false }),
    405
  ],
  ['isCovered', 'a higher level', () => scene({ recordTags: tagsOf('Observation', 'R') }), 405],
  [
    'isCovered',
    'an emergency with a narrower scope',
    () => {
      const tags = sorted(named('class Condition'), named('level N'), named('month *'))
      return emergency({ tags, opening: { scope: scopeHash(tags, [], p) } })
    },
    405
  ],
  ['isVersionMeant', 'a version too low', () => scene({ opening: { verFrom: 2 } }), 406],
  ['isVersionMeant', 'a version too high', () => scene({ ver: 3, opening: { verTo: 2 } }), 406]
]

const termCases: readonly Case[] = [
  ['codeIsOfPurpose', 'a code without a bit', () => scene({ hl7: 'HTEST', purpose: 0 }), 407],
  ['codeIsOfPurpose', "another bit's code", () => scene({ hl7: 'COC', purpose: 0 }), 407],
  [
    'purposeIsGranted',
    'a bit not granted',
    () => scene({ hl7: 'COC', opening: { purposes: 1 } }),
    407
  ],
  [
    'purposeIsGranted',
    'an unknown bit beside it',
    () => scene({ opening: { purposes: 1 | (1 << 13) } }),
    407
  ],
  ['purposeIsOfItsKind', 'break-glass by an ordinary grant', () => scene({ hl7: 'BTG' }), 407],
  ['purposeIsOfItsKind', 'ETREAT by an ordinary grant', () => scene({ hl7: 'ETREAT' }), 407],
  [
    'purposeIsOfItsKind',
    'treatment by emergency',
    () => emergency({ hl7: 'TREAT', opening: { purposes: 1 | 8 } }),
    407
  ],
  [
    'purposeStandsAlone',
    'break-glass beside treatment',
    () => emergency({ opening: { purposes: 1 | 16 } }),
    407
  ],
  ['hasBegun', 'a grant 119 s old', () => scene({ opening: { notBefore: NOW - 119 } }), 408],
  [
    'hasNotEnded',
    'a grant that ends in 120 s',
    () => scene({ opening: { notAfter: NOW + 120 } }),
    409
  ],
  ['granteeIsMeant', 'kind 0', () => scene({ opening: { granteeKind: 0 } }), 410],
  ['granteeIsMeant', 'kind 5', () => scene({ opening: { granteeKind: 5 } }), 410],
  [
    'granteeIsMeant',
    'an account that is not the requester',
    () => scene({ opening: { grantee: named('other') } }),
    410
  ],
  [
    'granteeIsMeant',
    'neither organisation nor role',
    () => scene({ opening: { granteeKind: 2, grantee: ZERO } }),
    410
  ],
  [
    'granteeIsMeant',
    'bits beyond the roles',
    () => {
      const grantee = Uint8Array.from(organisationGrantee(CLINIC_ORG, 2))
      grantee[25] = 1
      return scene({ opening: { granteeKind: 2, grantee: hash(grantee) } })
    },
    410
  ],
  ['granteeIsMeant', 'group 0', () => scene({ opening: { granteeKind: 3, grantee: ZERO } }), 410],
  [
    'granteeIsMeant',
    'a tree of another hash',
    () => scene({ tree: treeBytes, opening: { granteeKind: 4, grantee: named('other') } }),
    410
  ],
  [
    'granteeIsMeant',
    'no tree',
    () => withInput(scene(byTree), { request: { tree: undefined } }),
    410
  ],
  [
    'granteeIsMeant',
    'a tree that does not decode',
    () => {
      const broken = treeBytes.subarray(1)
      const of = scene({ opening: { granteeKind: 4, grantee: treeHash(broken, p) } })
      return withInput(of, { request: { tree: broken } })
    },
    410
  ],
  [
    'granteeIsMeant',
    'a tree that no kind asks for',
    () => withInput(scene(), { request: { tree: treeBytes } }),
    410
  ],
  ['isWithinBudget', 'a budget used up', () => withInput(scene(), { used: { count: 10 } }), 411],
  [
    'isWithinBudget',
    'a budget of 0, even to read again',
    () => withInput(scene({ opening: { budget: 0 } }), { used: { again: true } }),
    411
  ]
]

const emergencyCases: readonly Case[] = [
  ['inEmergency', 'a pack without an emergency', () => scene({ want: 'pack' }), 412],
  [
    'emergenciesAreServed',
    'a chain without Emergency',
    () => withInput(emergency(), { self: { deployment: { emergency: undefined } } }),
    412
  ],
  [
    'isForOneAccount',
    'an emergency for an organisation',
    () => emergency({ opening: { ...anyOf(2).opening, scope: ZERO } }),
    412
  ],
  ['spanIsShort', '25 h', () => emergency({ opening: { notAfter: NOW - 600 + 90_000 } }), 412],
  [
    'spanIsShort',
    'a second less than 1 h',
    () => emergency({ opening: { notAfter: NOW + 2_999 } }),
    412
  ],
  [
    'reasonIsGiven',
    'no reason',
    () => withInput(emergency(), { request: { emergency: { reasonHash: ZERO } } }),
    412
  ],
  [
    'signersAreValid',
    'one bad signature',
    () => withInput(emergency(), { verdicts: { signers: ['ok', 'bad'] } }),
    412
  ],
  [
    'signersAreValid',
    'a verdict that is missing',
    () => withInput(emergency(), { verdicts: { signers: ['ok'] } }),
    412
  ],
  [
    'signersAreDistinct',
    'one clinician twice',
    () => emergency({ signers: ['requester', 'requester'] }),
    412
  ],
  ['signersAreEnough', 'one clinician', () => emergency({ signers: ['requester'] }), 412],
  [
    'requesterSigned',
    'others than the requester',
    () => emergency({ signers: ['colleague', 'third'] }),
    412
  ],
  [
    'containerIsOpen',
    'a sealed record',
    () => withInput(emergency(), { entry: { sealed: true } }),
    412
  ]
]

const wordCases: readonly Case[] = [
  ['wordsFailure', 'no proofs in time', () => proofsFailed(501), 501],
  ['wordsFailure', 'proofs that do not fit', () => proofsFailed(502), 502],
  ['wordsFailure', 'other code', () => proofsFailed(503), 503],
  ...(['grant', 'owner', 'account', 'record'] as const).flatMap((role): readonly Case[] => [
    [
      'wordsAreWellFormed',
      `an unused bit of ${role}`,
      () => setWord(scene(), role, UNUSED | 1n),
      504
    ],
    ['wordsAreWellFormed', `an unknown status of ${role}`, () => setWord(scene(), role, 9n), 504],
    ['wordsAreWellFormed', `${role} at conf only`, () => setWord(scene(), role, 9n, ['conf']), 504],
    [
      'wordsAreWellFormed',
      `${role} at the head only`,
      () => setWord(scene(), role, 9n, ['head']),
      504
    ]
  ]),
  [
    'wordsAreWellFormed',
    'an unknown account of an unknown organisation',
    () => setWord(scene(anyOf(2)), 'account', 9n),
    504
  ],
  ['wordsAreWellFormed', 'an unknown wish', () => setWord(emergency(), 'wish', 4n), 504],
  [
    'wordsAreWellFormed',
    'an unknown membership',
    () => setWord(scene(inGroup), memberOfGroup, 2n),
    504
  ],
  [
    'wordsAreWellFormed',
    'an unknown organisation',
    () => setWord(scene(anyOf(2)), 'org:7', 3n),
    504
  ],
  ['grantIsThere', 'no grant', () => setWord(scene(), 'grant', 0n), 505],
  ['grantIsThere', 'no confirmed grant', () => setWord(scene(), 'grant', 0n, ['conf']), 505],
  ['grantIsThere', 'a grant reorged out', () => setWord(scene(), 'grant', 0n, ['head']), 505],
  [
    'grantIsActive',
    'revoked at both',
    () => setWord(scene(), 'grant', grantWord({ status: 2 })),
    506
  ],
  [
    'grantIsActive',
    'revoked at the head only',
    () => setWord(scene(), 'grant', grantWord({ status: 2 }), ['head']),
    506
  ],
  [
    'grantIsActive',
    'granted anew, not confirmed',
    () => setWord(scene(), 'grant', grantWord({ status: 2 }), ['conf']),
    506
  ],
  [
    'grantIsUnchanged',
    'revoked and granted anew in between',
    () => setWord(scene(), 'grant', grantWord({ version: 7 }), ['head']),
    507
  ],
  [
    'grantIsNotRevokedDirectly',
    'a direct revocation',
    () => withInput(scene(), { notices: { revokedVersion: 6 } }),
    508
  ],
  ['ownerStands', 'an owner who never opened', () => setWord(scene(), 'owner', 0n), 509],
  [
    'ownerStands',
    'another epoch at the head',
    () => setWord(scene(), 'owner', ownerWord({ epoch: 4 }), ['head']),
    509
  ],
  [
    'ownerStands',
    'another epoch at conf',
    () => setWord(scene(), 'owner', ownerWord({ epoch: 2 }), ['conf']),
    509
  ],
  [
    'ownerStands',
    'an emergency signed under another epoch',
    () => withInput(emergency(), { request: { emergency: { epoch: 2 } } }),
    509
  ],
  [
    'ownerDidNotRevokeAllDirectly',
    'a direct epoch',
    () => withInput(scene(), { notices: { ownerEpoch: 4 } }),
    509
  ],
  ['requesterStands', 'an account that never opened', () => setWord(scene(), 'account', 0n), 510],
  [
    'requesterStands',
    'a suspended account',
    () => setWord(scene(), 'account', accountWord({ status: 2 }), ['head']),
    510
  ],
  [
    'requesterStands',
    'another binding epoch at the head',
    () => setWord(scene(), 'account', accountWord({ bindingEpoch: 3 }), ['head']),
    510
  ],
  [
    'requesterStands',
    'another binding epoch at conf',
    () => setWord(scene(), 'account', accountWord({ bindingEpoch: 1 }), ['conf']),
    510
  ],
  [
    'bindingIsNotEndedDirectly',
    'a direct binding epoch',
    () => withInput(scene(), { notices: { bindingEpoch: 3 } }),
    510
  ],
  [
    'recordIsLive',
    'an erased record',
    () => setWord(scene(), 'record', recordWord({ status: 5 }), ['head']),
    512
  ],
  [
    'recordIsLive',
    'a record not yet confirmed',
    () => setWord(scene(), 'record', 0n, ['conf']),
    512
  ],
  [
    'epochIsOnChain',
    'an epoch of neither block',
    () => setWord(scene(), 'record', recordWord({ shareEpoch: 2 })),
    513
  ],
  ['wishPermits', 'no wish', () => setWord(emergency(), 'wish', 0n), 514],
  [
    'wishPermits',
    'never, at the head',
    () => setWord(emergency(), 'wish', wishWord(3), ['head']),
    514
  ],
  ['wishPermits', 'never, at conf', () => setWord(emergency(), 'wish', wishWord(3), ['conf']), 514],
  [
    'noDirectWishAgainst',
    'never, said directly',
    () => withInput(emergency(), { notices: { wish: { wish: 3, version: 2 } } }),
    514
  ],
  [
    'ownerDidNotOptOut',
    'an opt-out at the head',
    () => setWord(scene(), 'owner', ownerWord({ optOut: 1 }), ['head']),
    515
  ],
  [
    'ownerDidNotOptOut',
    'an opt-out lifted, not confirmed',
    () => setWord(scene(), 'owner', ownerWord({ optOut: 1 }), ['conf']),
    515
  ],
  [
    'noDirectOptOut',
    'a direct opt-out',
    () => withInput(scene(), { notices: { optOut: { purposes: 1, version: 5 } } }),
    515
  ],
  [
    'hasBegunOnChain',
    'a head before the grant',
    () => unguarded(scene({ opening: { notBefore: NOW - 2 } })),
    408
  ],
  [
    'hasNotEndedOnChain',
    'a head after the grant',
    () => headAt(unguarded(scene({ opening: { notAfter: NOW + 10 } })), NOW + 10),
    409
  ]
]

const memberCases: readonly Case[] = [
  [
    'requesterIsMember',
    'a role lost at the head',
    () => setWord(scene(anyOf(2)), 'account', accountWord({ roles: 1 }), ['head']),
    511
  ],
  [
    'requesterIsMember',
    'a role not confirmed',
    () => setWord(scene(anyOf(2)), 'account', accountWord({ roles: 1 }), ['conf']),
    511
  ],
  ['requesterIsMember', 'one of two roles', () => scene(anyOf(6)), 511],
  [
    'requesterIsMember',
    'no organisation',
    () => setWord(scene(anyOf(2)), 'account', accountWord({ org: 0 })),
    511
  ],
  ['requesterIsMember', 'another organisation', () => scene(anyOf(0, 8)), 511],
  [
    'requesterIsMember',
    'a suspended organisation',
    () => setWord(scene(anyOf(2)), 'org:7', organisationWord(2), ['head']),
    511
  ],
  [
    'requesterIsMember',
    'an organisation that never was',
    () => setWord(scene(anyOf(0, CLINIC_ORG)), 'org:7', 0n),
    511
  ],
  [
    'requesterIsMember',
    'no member',
    () => setWord(scene(inGroup), memberOfGroup, 0n, ['head']),
    511
  ],
  [
    'requesterIsMember',
    'a member not confirmed',
    () => setWord(scene(inGroup), memberOfGroup, 0n, ['conf']),
    511
  ],
  [
    'requesterIsMember',
    'half of a tree',
    () => setWord(scene(byTree), 'account', accountWord({ roles: 4 })),
    511
  ],
  [
    'requesterIsMember',
    'the other half of a tree',
    () => setWord(scene(byTree), memberOfGroup, 0n),
    511
  ],
  [
    'signersAreClinicians',
    'a signer who is no clinician',
    () => setWord(emergency(), colleague, accountWord({ roles: 1 }), ['head']),
    511
  ],
  [
    'signersAreClinicians',
    'a signer not yet confirmed',
    () => setWord(emergency(), colleague, 0n, ['conf']),
    511
  ],
  [
    'signersAreClinicians',
    'a suspended signer',
    () => setWord(emergency(), colleague, accountWord({ status: 2 })),
    511
  ],
  [
    'signersAreClinicians',
    'a requester who is no clinician',
    () => setWord(emergency(), 'account', accountWord({ roles: 1 })),
    511
  ],
  [
    'signersAreClinicians',
    'a suspended organisation',
    () => setWord(emergency(), 'org:7', organisationWord(2)),
    511
  ]
]

const cases: readonly Case[] = [
  ...requestCases,
  ...chainCases,
  ...recordCases,
  ...termCases,
  ...emergencyCases,
  ...wordCases,
  ...memberCases
]

describe('decide, one thing wrong', () => {
  it.each(cases)('%s refuses %s', (_check, _wrong, make, code) => {
    const { decision } = run(make())

    expect(decision, codeName(code)).toEqual({ kind: 'refuse', code, wire: wireCode(code) })
  })

  it('has a case for every check', () => {
    const needs = ['headsAreGathered', 'bindingIsAsked', 'wordsAreGathered']

    expect([...new Set([...cases.map(([check]) => check), ...needs])].sort()).toEqual(
      [...new Set(CHECKS.map(({ name }) => name))].sort()
    )
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
    'headIsYoung',
    'clockIsNotBehind',
    'requestedIsConfirmed',
    'recordIsKnown',
    'isKept',
    'shareIsHeld',
    'isCovered',
    'wordsAreGathered',
    'wordsAreWellFormed',
    'grantIsThere',
    'grantIsActive',
    'ownerStands',
    'requesterStands',
    'requesterIsMember',
    'recordIsLive',
    'epochIsOnChain',
    'ownerDidNotOptOut',
    'hasBegunOnChain',
    'hasNotEndedOnChain'
  ])('passes nothing that was not gathered through %s', (name) => {
    const of = withInput(scene(inGroup), { entry: undefined })
    const check = CHECKS.find((each) => each.name === name)

    expect(check?.verdict(contextOf(of.input, p))).toBeDefined()
  })

  it.each(['isMarkedForEmergency', 'containerIsOpen', 'wishPermits', 'signersAreClinicians'])(
    'passes no emergency that was not gathered through %s',
    (name) => {
      const of = withInput(emergency(), { entry: undefined })
      const check = CHECKS.find((each) => each.name === name)

      expect(check?.verdict(contextOf(of.input, p))).toBeDefined()
    }
  )

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

  it('gives no words in an emergency, and no share number with a pack', () => {
    expect(run(emergency()).decision).toMatchObject({ kind: 'release', idx: 2, words: undefined })
    expect(run(pack()).decision).toMatchObject({ kind: 'release', idx: 0, shareEpoch: 0 })
  })
})

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
    ['both halves of a tree', () => scene(byTree)]
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
    ['a pack beyond the budget', () => withInput(pack(), { used: { count: 10 } })]
  ]

  it.each(released)('releases %s', (_name, make) => {
    expect(run(make()).decision).toMatchObject({ kind: 'release' })
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
