/**
 * The table of INTEROP.md §5, row by row: what a patient was promised, as decide() keeps it.
 */
import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { organisationGrantee } from '../../core/grant.ts'
import { hash } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { Purpose, type PurposeCode, purposeMask } from '../../core/purposes.ts'
import { encodeTree, treeHash } from '../../core/tree.ts'
import {
  account,
  accountWord,
  grantWord,
  NOW,
  named,
  ownerWord,
  record,
  recordWord,
  run,
  type Scene,
  type SceneInit,
  scene,
  setWord,
  sorted,
  tagsOf,
  withInput
} from '../fixtures/scene.ts'

const ZERO = hash(new Uint8Array(32))
const purposes = (...codes: readonly PurposeCode[]) => ({
  purposes: purposeMask(...codes.map((code) => Purpose[code]))
})
/** A grant for `granted`, a request for `asked`. */
const asks = (granted: readonly PurposeCode[], asked: string, init: SceneInit = {}): Scene =>
  scene({
    hl7: asked,
    ...(asked in Purpose ? {} : { purpose: 0 }),
    ...init,
    opening: { ...purposes(...granted), ...init.opening }
  })
const both = ['requester', 'colleague']
const breaksGlass = (init: SceneInit = {}): Scene =>
  scene({
    hl7: 'BTG',
    signers: both,
    tags: [],
    ...init,
    opening: { scope: ZERO, ...init.opening }
  })
const observations = sorted(named('class Observation'), named('level N'), named('month *'))
const withHiv = sorted(...observations, named('level R'), named('label HIV'))
const recordX = (init: SceneInit = {}): Scene => scene({ ...init, opening: { verTo: 2 } })
const tree = encodeTree({
  k: 2,
  of: [
    { org: 0, roles: 0, group: named('G') },
    { org: 7, roles: 2, group: undefined }
  ]
})
const byTree = (): Scene => scene({ tree, opening: { granteeKind: 4, grantee: treeHash(tree, p) } })
const used = (count: number, again: boolean): Scene =>
  withInput(scene(), { used: { count, again } })
/** Another than the scene's record: its id and its entry. */
const anotherRecord = (of: Scene): Scene =>
  withInput(of, {
    request: { recordId: record('Y') },
    entry: { recordId: record('Y') }
  })

type Row = readonly [row: string, scene: () => Scene, outcome: 'release' | number]

const rows: readonly Row[] = [
  ['1 no word', () => setWord(scene(), 'grant', 0n), 505],
  [
    "1 A's opening sent by B",
    () => withInput(scene(), { request: { binding: { account: account('B') } } }),
    410
  ],
  ['2 TREAT asked for TREAT', () => asks(['TREAT'], 'TREAT'), 'release'],
  ['2 TREAT asked for COC', () => asks(['TREAT'], 'COC'), 407],
  ['2 TREAT asked for CAREMGT', () => asks(['TREAT'], 'CAREMGT'), 407],
  ['2 TREAT asked for ETREAT', () => asks(['TREAT'], 'ETREAT'), 407],
  ['2 TREAT asked for HOPERAT', () => asks(['TREAT'], 'HOPERAT'), 407],
  ['3 TREAT + BTG asked for BTG', () => asks(['TREAT', 'BTG'], 'BTG'), 407],
  [
    '3 TREAT + BTG asked for BTG by two clinicians',
    () => asks(['TREAT', 'BTG'], 'BTG', { signers: both }),
    407
  ],
  ['3 ETREAT asked for BTG', () => asks(['ETREAT'], 'BTG'), 407],
  [
    '3 ETREAT asked for BTG by two clinicians',
    () => asks(['ETREAT'], 'BTG', { signers: both }),
    407
  ],
  ['4 BTG alone, an ordinary grant', () => asks(['BTG'], 'BTG'), 407],
  ["4 BTG alone, one clinician's signature", () => breaksGlass({ signers: ['requester'] }), 412],
  ['5 k signatures, wish 1', () => breaksGlass(), 'release'],
  ['5 k signatures, wish 2', () => setWord(breaksGlass(), 'wish', 2n | (1n << 8n)), 'release'],
  [
    '5 k signatures, asked for TREAT',
    () => breaksGlass({ hl7: 'TREAT', opening: { purposes: 16 } }),
    407
  ],
  ['6 k signatures, no wish', () => setWord(breaksGlass(), 'wish', 0n), 514],
  ['6 k signatures, wish 3', () => setWord(breaksGlass(), 'wish', 3n), 514],
  [
    '6 k signatures, a sealed record',
    () => withInput(breaksGlass(), { entry: { sealed: true } }),
    412
  ],
  ['6 k signatures, 25 h', () => breaksGlass({ opening: { notAfter: NOW - 600 + 90_000 } }), 412],
  ['7 HRESCH asked for TREAT', () => asks(['HRESCH'], 'TREAT'), 407],
  ['7 HOPERAT asked for HTEST', () => asks(['HOPERAT'], 'HTEST', { purpose: 6 }), 407],
  ['7 PATRQT asked for FAMRQT', () => asks(['PATRQT'], 'FAMRQT'), 407],
  ['8 class Observation, level N, any date', () => scene({ tags: observations }), 'release'],
  [
    '8 such a record with HIV',
    () => scene({ tags: observations, recordTags: tagsOf('Observation', 'N', ['HIV']) }),
    405
  ],
  [
    '8 a DiagnosticReport',
    () => scene({ tags: observations, recordTags: tagsOf('DiagnosticReport', 'N') }),
    405
  ],
  [
    '9 also level R, label HIV: with HIV',
    () => scene({ tags: withHiv, recordTags: tagsOf('Observation', 'R', ['HIV']) }),
    'release'
  ],
  [
    '9 with HIV and PSY',
    () => scene({ tags: withHiv, recordTags: tagsOf('Observation', 'R', ['HIV', 'PSY']) }),
    405
  ],
  ['10 record X, versions 1-2: X v2', () => recordX({ ver: 2 }), 'release'],
  ['10 X v3', () => recordX({ ver: 3 }), 406],
  ['10 Y', () => anotherRecord(recordX()), 405],
  ['11 begins in 1 h', () => scene({ opening: { notBefore: NOW + 3_600 } }), 408],
  ['11 began 60 s ago', () => scene({ opening: { notBefore: NOW - 60 } }), 408],
  ['11 ends in 60 s', () => scene({ opening: { notAfter: NOW + 60 } }), 409],
  ['11 ended', () => scene({ opening: { notAfter: NOW - 1 } }), 409],
  [
    '12 revoked at head only',
    () => setWord(scene(), 'grant', grantWord({ status: 2 }), ['head']),
    506
  ],
  ['12 at head, not confirmed', () => setWord(scene(), 'grant', 0n, ['conf']), 505],
  ['13 budget 10, 10 used: the 11th record', () => used(10, false), 411],
  ['13 a re-read', () => used(10, true), 'release'],
  ['13 next day', () => used(0, false), 'release'],
  ['14 owner revoked all', () => setWord(scene(), 'owner', ownerWord({ epoch: 4 }), ['head']), 509],
  [
    '14 role lost',
    () =>
      setWord(
        scene({ opening: { granteeKind: 2, grantee: organisationGrantee(7, 2) } }),
        'account',
        accountWord({ roles: 0 }),
        ['head']
      ),
    511
  ],
  ['14 record erased, as told', () => withInput(scene(), { notices: { erased: true } }), 402],
  [
    '14 record erased, as proven',
    () => setWord(scene(), 'record', recordWord({ status: 5 }), ['head']),
    512
  ],
  ['15 HRESCH', () => asks(['HRESCH'], 'HRESCH'), 'release'],
  ['15 HRESCH by a clinical trial', () => asks(['HRESCH'], 'CLINTRCH', { purpose: 10 }), 'release'],
  [
    '15 HRESCH, then the research opt-out',
    () => setWord(asks(['HRESCH'], 'HRESCH'), 'owner', ownerWord({ optOut: 1 << 10 }), ['head']),
    515
  ],
  ['16 one who is member and clinician', () => byTree(), 'release'],
  ['16 only a member', () => setWord(byTree(), 'account', accountWord({ roles: 1 })), 511],
  ['16 only a clinician', () => setWord(byTree(), `member:${toHex(named('G'))}`, 0n), 511],
  [
    '16 another tree',
    () =>
      withInput(byTree(), {
        request: { tree: encodeTree({ org: 7, roles: 2, group: undefined }) }
      }),
    410
  ]
]

describe('the consent table', () => {
  it.each(rows)('row %s', (_row, make, outcome) => {
    const { decision } = run(make())

    if (outcome === 'release') expect(decision).toMatchObject({ kind: 'release' })
    else expect(decision).toMatchObject({ kind: 'refuse', code: outcome })
  })
})
