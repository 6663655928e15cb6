import { describe, expect, it } from 'vitest'
import * as shapes from '../../../node/verbs/passing-shapes.ts'
import { noArgs } from '../../../node/verbs/shapes.ts'
import { initialised, keyward, noting } from './harness.ts'

const GRANT = 'a1'.repeat(32)
const SUB = 'b2'.repeat(32)
const RECORD = 'c3'.repeat(32)
const PEER = `12D3KooW${'A'.repeat(44)}`

const delegation = {
  delegation: SUB,
  grant: GRANT,
  name: 'Dr. B',
  records: [RECORD],
  purpose: 'TREAT',
  until: 1_800_000_000,
  budget: 3
}
const ended = { grant: GRANT, noticed: [PEER], missed: ['away'], told: ['keeper'] }
const table = {
  delegate: [shapes.delegateArgs, { ...delegation, to: PEER, delivered: false }],
  'delegate.end': [shapes.endDelegationArgs, { ended: [{ ...ended, delegation: SUB }] }],
  'hand-back': [shapes.handBackArgs, { ended: [ended] }],
  grants: [
    noArgs,
    {
      grants: [],
      delegations: [
        { ...delegation, direction: 'given', peer: PEER, from: 0, state: 'ended' },
        { ...delegation, direction: 'received', peer: PEER, name: '', from: 0, state: 'active' }
      ],
      optedOut: []
    }
  ]
} as const

async function run(...argv: readonly string[]) {
  await using made = await initialised()
  const asked: string[] = []
  const node = noting(table, asked)
  const ran = await keyward([...argv, '--repo', made.home, '--quiet'], { node })
  return { ...ran, asked: asked[0] }
}

describe('commands for passing on and handing back', () => {
  it.each<[string[], string, RegExp]>([
    [
      [
        ...['delegate', GRANT, '--to', PEER, '--record', RECORD, '--until', '2d'],
        ...['--versions', '1-2', '--purpose', 'TREAT,COC', '--budget', '3']
      ],
      `delegate {"grant":"${GRANT}","to":"${PEER}","records":["${RECORD}"],"until":"2d","versions":"1-2","purpose":["TREAT","COC"],"budget":3}`,
      /nobody took the letter/
    ],
    [
      ['delegate', 'give', GRANT, '--to', PEER, '--until', '2d'],
      `delegate {"grant":"${GRANT}","to":"${PEER}","until":"2d"}`,
      /Dr\. B 12D3KooW/
    ],
    [['delegate', 'end', SUB], `delegate.end {"delegation":"${SUB}"}`, /ended +b2b2/],
    [['hand-back', RECORD], `hand-back {"id":"${RECORD}"}`, /not reached +away/],
    [['grants'], 'grants {}', /given +ended +Dr\. B[\s\S]+received +active +12D3KooW/]
  ])('ask %j', async (argv, expected, told) => {
    const { exit, err, out, asked } = await run(...argv)

    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    expect(asked).toBe(expected)
    expect(out).toMatch(told)
  })

  it.each([
    [['delegate', 'give', 'x', '--to', PEER, '--until', '2d'], 'grant'],
    [['delegate', 'give', GRANT, '--to', 'Dr. B', '--until', '2d'], 'to'],
    [['delegate', 'give', GRANT, '--to', PEER], '--until'],
    [['delegate', 'end', 'x'], 'delegation'],
    [['hand-back', 'x'], 'id']
  ])('refuse %j, naming what is wrong', async (argv, named) => {
    const { exit, err, asked } = await run(...argv)

    expect(exit).not.toBe(0)
    expect(err).toContain(named)
    expect(asked).toBeUndefined()
  })
})
