/**
 * `keyward attest`, `directory` and `device`: what a line becomes as arguments of a verb, and how
 * the answers read.
 */

import { describe, expect, it } from 'vitest'
import type { ZodType } from 'zod'
import * as attest from '../../../node/verbs/attest-shapes.ts'
import * as directory from '../../../node/verbs/directory-shapes.ts'
import { noArgs } from '../../../node/verbs/shapes.ts'
import { initialised, keyward, noting } from './harness.ts'

const R = 'ab'.repeat(32)
const A = `0x${'1'.repeat(40)}`
const CONSENT = 'keyward-consent:a363'
const LINE = 'admit 9 0x11 quorum 3 voters 1 until 1790000000'

const account = { account: A, status: 'open', bindingEpoch: 2, org: 3, roles: ['attester'] }
const mined = { block: 9, gas: 43_000 }
const proposal = { proposal: LINE, id: R, votes: 1, quorum: 3, state: 'open', voted: [1] }
const verdict = { org: 2, verdict: 'confirmed', attester: A, at: 0 }
const status = { recordId: R, ver: 1, state: 'ATTESTED', confirmed: 2, rejected: 0, quorum: 2 }

const SHAPES: Readonly<Record<string, readonly [ZodType, unknown]>> = {
  attest: [attest.attestArgs, { recordId: R, ver: 1, verdict: 'confirm', org: 3, state: 'STORED' }],
  'attest.status': [
    attest.attestStatusArgs,
    {
      ...status,
      holds: 'STORED',
      verdicts: [verdict, { ...verdict, org: 4, lapsed: 'attester suspended' }],
      unseen: 1
    }
  ],
  'attest.lapse': [attest.attestStatusArgs, { recordId: R, ver: 1, lapsed: [4], state: 'STORED' }],
  'directory.show': [
    directory.directoryShowArgs,
    { account, organisation: { org: 3, status: 'active' }, consent: { org: 4, roles: ['admin'] } }
  ],
  'directory.voters': [
    directory.directoryVotersArgs,
    { voterSet: 1, voters: 4, quorum: 3, organisations: [{ org: 4, status: 'suspended' }] }
  ],
  'directory.join': [directory.directoryJoinArgs, { ...account, until: 0, consent: CONSENT }],
  'directory.leave': [noArgs, { ...account, ...mined, org: 0 }],
  'directory.consents': [
    noArgs,
    { consents: [{ ...account, state: 'waiting', until: 0, name: 'B' }] }
  ],
  'directory.enrol': [directory.directoryEnrolArgs, { ...account, ...mined }],
  'directory.restrict': [directory.directoryRestrictArgs, { ...account, ...mined }],
  'directory.suspend': [directory.directoryAccountArgs, { ...account, ...mined }],
  'directory.group.new': [directory.groupNewArgs, { name: 'c', group: R, salt: R, org: 3 }],
  'directory.group.add': [
    directory.groupMemberArgs,
    { group: R, account: A, member: true, ...mined }
  ],
  'directory.group.ls': [
    directory.groupListArgs,
    { groups: [{ name: 'c', group: R, salt: R, org: 3, members: [A] }] }
  ],
  'directory.vote': [directory.voteProposeArgs, { ...proposal, ...mined }],
  'directory.vote.for': [directory.voteForArgs, { ...proposal, ...mined }],
  'directory.vote.status': [directory.voteStatusArgs, { proposals: [proposal] }],
  'device.ls': [
    noArgs,
    {
      account: A,
      bindingEpoch: 2,
      devices: [{ peer: 'P', name: 'N', bindingEpoch: 1, until: 0, state: 'ended', own: true }]
    }
  ],
  'device.revoke': [noArgs, { bindingEpoch: 2, noticed: ['P1', 'P2'], ...mined }],
  'device.bind': [noArgs, { bindingEpoch: 2 }]
}

const cases: readonly [line: string, asked: string, says: RegExp][] = [
  [
    `attest ${R} --confirm`,
    `attest {"recordId":"${R}","verdict":"confirm"}`,
    /^verdict +confirm$/m
  ],
  [
    `attest ${R} --reject --ver 2`,
    `attest {"recordId":"${R}","ver":2,"verdict":"reject"}`,
    /^organisation +3$/m
  ],
  [
    `attest status ${R} --org 70,71`,
    `attest.status {"recordId":"${R}","orgs":[70,71]}`,
    /ATTESTED \(2 of 2\)[\s\S]*STORED: verdicts have lapsed[\s\S]*4 +confirmed .* attester suspended[\s\S]*1 more/
  ],
  [`attest lapse ${R}`, `attest.lapse {"recordId":"${R}"}`, /^lapsed +4$/m],
  ['directory show', 'directory.show {}', /^organisation +3 \(active\)\nconsents to +4 as admin$/m],
  ['directory show 3', 'directory.show {"who":3}', /^status +open$/m],
  [`directory show ${A}`, `directory.show {"who":"${A}"}`, /^binding epoch +2$/m],
  [
    'directory voters --org 99',
    'directory.voters {"orgs":[99]}',
    /^quorum +3$[\s\S]*4 +suspended/m
  ],
  [
    'directory join --org 3 --role attester,admin --until 2d --to P --send',
    'directory.join {"org":3,"roles":["attester","admin"],"until":"2d","to":"P","send":true}',
    new RegExp(`^${CONSENT}$`, 'm')
  ],
  ['directory leave', 'directory.leave {}', /^organisation +none$/m],
  ['directory consents', 'directory.consents {}', /waiting +3 +attester/],
  [
    `directory enrol ${CONSENT} --role attester`,
    `directory.enrol {"who":"${CONSENT}","roles":["attester"]}`,
    /^roles +attester$/m
  ],
  [`directory restrict ${A}`, `directory.restrict {"account":"${A}","roles":[]}`, /^gas +43000$/m],
  [`directory suspend ${A}`, `directory.suspend {"account":"${A}"}`, /^block +9$/m],
  ['directory group new c', 'directory.group.new {"name":"c"}', new RegExp(`^group +${R}$`, 'm')],
  [
    `directory group add c ${A}`,
    `directory.group.add {"group":"c","account":"${A}"}`,
    /^member +yes$/m
  ],
  ['directory group ls', 'directory.group.ls {}', new RegExp(`^c +${R} +3 +${A}$`, 'm')],
  [
    `directory vote admit 9 --account ${A} --quorum 3 --until 7d`,
    `directory.vote {"kind":"admit","org":9,"account":"${A}","quorum":3,"until":"7d"}`,
    /^votes +1 of 3$/m
  ],
  [
    'directory vote suspend 4',
    'directory.vote {"kind":"suspend","org":4}',
    new RegExp(`^proposal +${LINE}$`, 'm')
  ],
  ['directory vote status', 'directory.vote.status {}', /^state +open$/m],
  ['device ls', 'device.ls {}', /^P +ended, this one +1 /m],
  ['device revoke', 'device.revoke {}', /^custodians told +P1, P2$/m],
  ['device bind', 'device.bind {}', /^binding epoch +2$/m]
]

describe('the Directory’s commands', () => {
  it('become verbs, and read as facts', async () => {
    await using made = await initialised()
    const asked: string[] = []
    const node = noting(SHAPES, asked)

    for (const [line, , says] of cases) {
      const { exit, out, err } = await keyward([...line.split(' '), '--repo', made.home], { node })
      expect({ exit, err }, line).toEqual({ exit: 0, err: '' })
      expect(out, line).toMatch(says)
    }
    await keyward(['directory', 'vote', 'for', LINE, '--repo', made.home], { node })

    expect(asked).toEqual([
      ...cases.map(([, verb]) => verb),
      `directory.vote.for {"proposal":"${LINE}"}`
    ])
  })

  it.each([
    ['no verdict', ['attest', R], '"verdict"'],
    ['two verdicts', ['attest', R, '--confirm', '--reject'], '"verdict"'],
    ['a role that is none', ['directory', 'join', '--org', '1', '--role', 'doctor'], '"roles'],
    ['organisation 0', ['directory', 'join', '--org', '0', '--role', 'admin'], '"org"'],
    ['an account that is none', ['directory', 'suspend', '0x12'], '"account"'],
    ['a salt of another length', ['directory', 'group', 'new', 'c', '--salt', '00'], '"salt"'],
    ['a proposal without its account', ['directory', 'vote', 'admit', '9'], '--account']
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
