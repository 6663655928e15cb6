import { describe, expect, it } from 'vitest'
import * as shapes from '../../../node/verbs/guardian-shapes.ts'
import { noArgs } from '../../../node/verbs/shapes.ts'
import { initialised, keyward, noting } from './harness.ts'

const A = `0x${'a1'.repeat(20)}`
const B = `0x${'b2'.repeat(20)}`
const PEER = `12D3KooW${'A'.repeat(44)}`
const TEXT = 'a9616101'

const guardianship = { ward: A, guardian: B, block: 9, gas: 50_000 }
const recovery = {
  account: A,
  state: 'pending',
  round: 2,
  candidate: B,
  readyAt: 1_800_000_000,
  planVersion: 1,
  delaySeconds: 86_400,
  wired: true,
  block: 9,
  gas: 1
}
const table = {
  'guardian.appoint': [
    shapes.appointArgs,
    { ...guardianship, rights: ['grant'], until: 1_800_000_000, delegated: true }
  ],
  'guardian.end': [shapes.endArgs, guardianship],
  'guardian.ls': [
    shapes.guardiansArgs,
    {
      guardianships: [
        { ...guardianship, direction: 'mine', rights: ['wish'], until: 0, state: 'ended' }
      ]
    }
  ],
  'guardian.setup': [noArgs, { account: A, already: true }],
  'recovery.plan': [
    shapes.planArgs,
    {
      account: A,
      helpers: [B],
      threshold: 1,
      delaySeconds: 86_400,
      version: 1,
      block: 9,
      gas: 1,
      plan: TEXT,
      told: [],
      untold: [B]
    }
  ],
  'recovery.help': [shapes.helpArgs, { account: A, successor: B, helper: B, round: 1, help: TEXT }],
  'recovery.propose': [shapes.proposeArgs, recovery],
  'recovery.veto': [noArgs, { ...recovery, state: 'vetoed' }],
  'recovery.complete': [shapes.recoveryArgs, { ...recovery, state: 'done', successor: B }],
  'recovery.status': [shapes.recoveryArgs, { ...recovery, state: 'none', round: 0, wired: false }]
} as const

async function run(...argv: readonly string[]) {
  await using made = await initialised()
  const asked: string[] = []
  const ran = await keyward([...argv, '--repo', made.home, '--quiet'], {
    node: noting(table, asked)
  })
  return { ...ran, asked: asked[0] }
}

describe('commands for guardians and recovery', () => {
  it.each<[string[], string, RegExp]>([
    [
      ['guardian', 'appoint', B, '--rights', 'grant,revoke', '--until', '10d'],
      `guardian.appoint {"guardian":"${B}","rights":["grant","revoke"],"until":"10d"}`,
      /account code +set for this/
    ],
    [['guardian', 'end', B], `guardian.end {"guardian":"${B}"}`, /ended at block +9/],
    [['guardian', 'end', '--ward', A], `guardian.end {"ward":"${A}"}`, /ward/],
    [['guardian', 'ls'], 'guardian.ls {}', /for you +ended/],
    [['guardian', 'setup'], 'guardian.setup {}', /was there/],
    [
      [
        ...['recovery', 'plan', '--helper', `${A}@${PEER},${PEER}`, '--helper', `${A},${B}`],
        ...['--threshold', '2', '--delay', '7d']
      ],
      `recovery.plan {"helpers":["${A}@${PEER},${PEER}","${A}","${B}"],"threshold":2,"delay":"7d"}`,
      new RegExp(`give them this +${TEXT}`)
    ],
    [['recovery', 'plan', '--none'], 'recovery.plan {"helpers":[],"none":true}', /helpers/],
    [
      ['recovery', 'help', A, B, '--plan', TEXT],
      `recovery.help {"account":"${A}","successor":"${B}","plan":"${TEXT}"}`,
      new RegExp(`help +${TEXT}`)
    ],
    [
      ['recovery', 'propose', `${A}@${PEER}`, '--help-text', TEXT, '--help-text', TEXT],
      `recovery.propose {"account":"${A}@${PEER}","help":["${TEXT}","${TEXT}"]}`,
      /pending, round 2/
    ],
    [['recovery', 'veto'], 'recovery.veto {}', /vetoed/],
    [['recovery', 'complete', A], `recovery.complete {"account":"${A}"}`, /successor/],
    [['recovery', 'status', A], `recovery.status {"account":"${A}"}`, /no recovery can reach it/]
  ])('ask %j', async (argv, expected, told) => {
    const { exit, err, out, asked } = await run(...argv)

    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    expect(asked).toBe(expected)
    expect(out).toMatch(told)
  })

  it.each([
    [['guardian', 'appoint', 'mother', '--rights', 'grant', '--until', '1d'], 'guardian'],
    [['guardian', 'appoint', B, '--rights', 'sell', '--until', '1d'], 'rights'],
    [['guardian', 'appoint', B, '--rights', 'grant', '--until', 'then'], 'until'],
    [['guardian', 'end'], 'either guardian or ward'],
    [['recovery', 'plan'], 'helpers, or none'],
    [['recovery', 'plan', '--helper', B, '--delay', '5m'], 'delay'],
    [['recovery', 'propose', A, '--help-text', 'nothing'], 'help']
  ])('refuse %j, naming what is wrong', async (argv, named) => {
    const { exit, err, asked } = await run(...argv)

    expect(exit).not.toBe(0)
    expect(err).toContain(named)
    expect(asked).toBeUndefined()
  })
})
