/**
 * `keyward wish` and `emergency`: what a line becomes as arguments of a verb, and how the answers
 * read.
 */
import { describe, expect, it } from 'vitest'
import type { ZodType } from 'zod'
import * as shapes from '../../../node/verbs/emergency-shapes.ts'
import { noArgs } from '../../../node/verbs/shapes.ts'
import { initialised, keyward, noting } from './harness.ts'

const ID = 'ab'.repeat(32)
const PATIENT = `${'1'.repeat(40)}@P1`
const request = {
  notice: ID,
  from: 'B',
  peer: 'P',
  patient: '0x11',
  purpose: 'BTG',
  until: 0,
  reason: 'unconscious',
  at: 0,
  state: 'waiting'
}
const record = {
  recordId: 'r',
  ver: 2,
  bytes: 9,
  sha256: 'ab',
  path: '/x',
  released: [],
  blamed: []
}

const SHAPES: Readonly<Record<string, readonly [ZodType, unknown]>> = {
  wish: [shapes.wishArgs, { wish: 'none', version: 0 }],
  'emergency.ask': [
    shapes.emergencyAskArgs,
    { ...request, delivered: ['P2'], failed: [{ peer: 'P3', reason: 'is away' }] }
  ],
  'emergency.requests': [noArgs, { requests: [request] }],
  'emergency.sign': [shapes.noticeArgs, { notice: ID, patient: '0x11', delivered: true }],
  'emergency.open': [
    shapes.emergencyOpenArgs,
    {
      notice: ID,
      signers: ['0x22', '0x33'],
      records: [record],
      failed: [{ recordId: 's', ver: 1, reason: 'shares expected 2, got 1' }],
      packless: [{ custodian: 'P4', reason: 'DENIED' }],
      patientTold: true
    }
  ],
  'emergency.ls': [
    shapes.emergencyLsArgs,
    {
      emergencies: [
        {
          ...request,
          role: 'requester',
          signers: [],
          state: 'opened',
          owed: ['notice'],
          review: 'none'
        },
        {
          ...request,
          role: 'patient',
          signers: [],
          state: 'noticed',
          noticeBlock: 9,
          review: 'overdue',
          dueAt: 0
        }
      ]
    }
  ],
  'emergency.review': [shapes.emergencyReviewArgs, { notice: ID, block: 9, gas: 43_000 }]
}

const cases: readonly [line: string, asked: string, says: RegExp][] = [
  ['wish', 'wish {}', /since you never chose/],
  ['wish never', 'wish {"wish":"never"}', /^version +0$/m],
  [
    `emergency ask ${PATIENT} --reason unconscious --cosigner P2,P3 --hours 2 --purpose ETREAT`,
    `emergency.ask {"patient":"${PATIENT}","reason":"unconscious","hours":2,"purpose":"ETREAT","cosigners":["P2","P3"]}`,
    /^asked +P2\nnot asked: P3: is away$/m
  ],
  ['emergency requests', 'emergency.requests {}', /waiting +B +0x11 +BTG .*unconscious/],
  [`emergency sign ${ID}`, `emergency.sign {"notice":"${ID}"}`, /^patient +0x11$/m],
  [
    `emergency open ${ID} --out /folder`,
    `emergency.open {"notice":"${ID}","out":"/folder"}`,
    /^r +2 +9 +\/x\nnot opened: s version 1: .*\nno list from P4: DENIED\nsigned by +0x22, 0x33\nnotice +on its way$/m
  ],
  ['emergency ls', 'emergency.ls {}', /opened, owed: notice[\s\S]*noticed +9 +overdue/],
  [
    `emergency review ${ID} --outcome justified`,
    `emergency.review {"notice":"${ID}","outcome":"justified"}`,
    /^block +9$/m
  ]
]

describe('the commands of emergencies', () => {
  it('become verbs, and read as facts', async () => {
    await using made = await initialised()
    const asked: string[] = []
    const node = noting(SHAPES, asked)
    for (const [line, , says] of cases) {
      const { exit, out, err } = await keyward([...line.split(' '), '--repo', made.home], { node })
      expect({ exit, err }, line).toEqual({ exit: 0, err: '' })
      expect(out, line).toMatch(says)
    }
    expect(asked).toEqual(cases.map(([, verb]) => verb))
  })

  it.each([
    ['a wish that is none', ['wish', 'maybe'], '"wish"'],
    ['a contact without a peer', askOf(ID, '2'), '"patient"'],
    ['more than a day', askOf(PATIENT, '25'), '"hours"'],
    ['less than an hour', askOf(PATIENT, '0'), '"hours"'],
    ['another purpose', [...askOf(PATIENT, '1'), '--purpose', 'TREAT'], '"purpose"'],
    ['five colleagues', [...askOf(PATIENT, '1'), '--cosigner', 'a,b,c,d,e'], '"cosigners"'],
    ['an id that is none', ['emergency', 'sign', '12'], '"notice"']
  ])('refuse %s by its name, and ask nothing', async (_what, argv, names) => {
    await using made = await initialised()
    const asked: string[] = []
    const { exit, out, err } = await keyward([...argv, '--repo', made.home], {
      node: noting(SHAPES, asked)
    })
    expect({ exit, out, asked }).toEqual({ exit: 2, out: '', asked: [] })
    expect(err).toContain(names)
  })
})

function askOf(patient: string, hours: string): string[] {
  return ['emergency', 'ask', patient, '--reason', 'r', '--cosigner', 'P2', '--hours', hours]
}
