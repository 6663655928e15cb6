/**
 * People's acts: ask, answer, grant, revoke, opt out.
 * @module
 */
import type { Command } from 'commander'
import type {
  DenyResult,
  GrantResult,
  InboxResult,
  OptOutResult,
  RequestResult,
  RevokeResult
} from '../../verbs/results.ts'
import { addVerb, type CommandContext, type Flags, listed } from '../command.ts'
import { clean, facts, table } from '../table.ts'
import { localTime } from '../time.ts'
import { requestsText } from './emergency.ts'
import { FOR } from './for.ts'
import {
  addGrant,
  addGrants,
  grantText,
  narrowingArgs,
  narrowingFlags,
  UNTIL,
  until,
  VERSIONS
} from './grant.ts'

export function addConsentCommands(program: Command, context: CommandContext): void {
  addAsk(program, context)
  addAnswer(program, context)
  addGrant(program, context)
  addGrants(program, context)
  addRevoke(program, context)
  addOptOut(program, context)
}

function addAsk(program: Command, context: CommandContext): void {
  addVerb<RequestResult>(program, context, {
    usage: 'request <patient>',
    summary: 'ask a patient (OWNER@PEER[,PEER…]) for access; the wish waits in her mail',
    example: 'request 0x5aae…@12D3KooW… --purpose TREAT --until 30d --reason "referral"',
    options: (command) =>
      command
        .requiredOption('--purpose <code>', 'HL7 purpose of use, such as TREAT')
        .requiredOption('--until <when>', UNTIL)
        .requiredOption('--reason <text>', 'why, in words that she will read')
        .option('--record <id>', 'these records (repeat, or a,b)', listed)
        .option('--class <class>', 'records of these classes', listed)
        .option('--versions <range>', VERSIONS),
    verb: 'request',
    args: ([patient], flags) => ({
      patient,
      purpose: flags['purpose'],
      until: until(flags['until']),
      reason: flags['reason'],
      records: flags['record'],
      classes: flags['class'],
      versions: flags['versions']
    }),
    text: (each) =>
      facts([
        ['wish', each.wish],
        ['waits at', each.delivered.join(', ')]
      ]) + each.failed.map((f) => `not delivered to ${f.peer}: ${clean(f.reason)}\n`).join('')
  })
  addVerb<InboxResult>(program, context, {
    usage: 'inbox',
    summary: 'show what others ask for, and the answers to one’s own wishes',
    example: 'inbox',
    verb: 'inbox',
    args: () => ({}),
    text: inboxText
  })
}

function inboxText({ wishes, replies, emergencies }: InboxResult): string {
  const glasses = requestsText(emergencies)
  return `${glasses}${glasses === '' ? '' : '\n'}${lettersText({ wishes, replies })}`
}

function lettersText({ wishes, replies }: Pick<InboxResult, 'wishes' | 'replies'>): string {
  const asked = table(
    ['WISH', 'STATE', 'FROM', 'PURPOSE', 'UNTIL', 'FOR', 'REASON'],
    wishes.map((each) => [
      each.wish,
      each.state,
      each.from,
      each.purpose,
      localTime(each.until),
      [...each.classes, ...each.records].join(' '),
      each.reason
    ]),
    'nobody asks for anything'
  )
  if (replies.length === 0) return asked
  const answered = table(
    ['ANSWER TO', 'VERDICT', 'FROM', 'AT', 'RECORDS', 'REASON'],
    replies.map((each) => [
      each.wish,
      each.verdict,
      each.from,
      localTime(each.at),
      each.records.join(' '),
      each.reason
    ]),
    ''
  )
  return `${asked}\n${answered}`
}

function addAnswer(program: Command, context: CommandContext): void {
  addVerb<GrantResult>(program, context, {
    usage: 'approve <wish>',
    summary: 'grant a wish, as asked or narrower',
    example: 'approve 9c1e… --until 7d --record 3f2a…',
    options: (command) => {
      command
        .option('--record <id>', 'only these records', listed)
        .option('--later', 'all that was asked, records added later too')
        .option('--until <when>', `no longer than asked; ${UNTIL}`)
        .option('--note <text>', 'a word to who asked')
      narrowingFlags(command)
    },
    verb: 'approve',
    args: ([wish], flags) => ({
      wish,
      records: flags['record'],
      later: flags['later'],
      until: until(flags['until']),
      ...narrowingArgs(flags),
      note: flags['note']
    }),
    text: grantText
  })
  addVerb<DenyResult>(program, context, {
    usage: 'deny <wish>',
    summary: 'turn a wish down',
    example: 'deny 9c1e… --reason "not now"',
    options: (command) => command.option('--reason <text>', 'a word to who asked'),
    verb: 'deny',
    args: ([wish], flags) => ({ wish, reason: flags['reason'] }),
    text: (each) =>
      `denied ${each.wish}${each.delivered ? '' : '; the answer waits for a custodian'}\n`
  })
}

function addRevoke(program: Command, context: CommandContext): void {
  addVerb<RevokeResult>(program, context, {
    usage: 'revoke [grant]',
    summary: 'end a grant, or all of them; says since when nobody releases under it',
    example: 'revoke 77ab…',
    options: (command) =>
      command.option('--all', 'every grant ever given').option('--for <ward>', FOR),
    verb: 'revoke',
    args: ([grant], flags) => ({ grant, all: flags['all'], for: flags['for'] }),
    text: (each) =>
      facts([
        ['revoked', each.revoked.join(' ')],
        ['in force at block', `${each.block} ${each.blockHash}`],
        ['last possible release', localTime(each.lastReleaseBefore)],
        ['custodians told', each.noticed.join(', ')],
        ['gas', each.gas]
      ])
  })
}

function addOptOut(program: Command, context: CommandContext): void {
  const text = (each: OptOutResult): string =>
    facts([
      ['opted out of', each.purposes.join(', ') || 'nothing'],
      ['in force at block', `${each.block} ${each.blockHash}`],
      ['last possible release', localTime(each.lastReleaseBefore)],
      ['custodians told', each.noticed.join(', ')],
      ['gas', each.gas]
    ])
  const options = (command: Command) => command.option('--for <ward>', FOR)
  const args = ([purposes]: readonly (string | string[] | undefined)[], flags: Flags) => ({
    purposes: [purposes ?? []].flat().flatMap((each) => each.split(',')),
    for: flags['for']
  })
  addVerb<OptOutResult>(program, context, {
    usage: 'opt-out <purpose...>',
    summary: 'allow nobody a purpose any more, whatever grants say',
    example: 'opt-out HRESCH HMARKT',
    options,
    verb: 'opt-out',
    args,
    text
  })
  addVerb<OptOutResult>(program, context, {
    usage: 'opt-in <purpose...>',
    summary: 'let grants for a purpose count again',
    example: 'opt-in HRESCH',
    options,
    verb: 'opt-in',
    args,
    text
  })
}
