/**
 * Giving access and looking at it: `grant`, `grants`, and the flags that `approve` shares.
 * @module
 */
import type { Command } from 'commander'
import type { GrantResult, GrantsResult, TellResult } from '../../verbs/grant-shapes.ts'
import { addVerb, type CommandContext, type Flags, listed, numberFlag, people } from '../command.ts'
import { facts, table } from '../table.ts'
import { localTime, untilText } from '../time.ts'
import { delegationsText } from './delegations.ts'
import { FOR } from './for.ts'

export const UNTIL = 'how long: 30d, 2027-01-31 (all of that day), or an instant with its zone'
export const VERSIONS = 'versions such as 2, 1-3 or 2- (default: all)'
const FROM = 'not before: 2d from now, or an instant with its zone (default: now)'

export const until = (flag: unknown): string | undefined =>
  flag === undefined ? undefined : untilText(String(flag))

/** Flags that only ever make a grant narrower. */
export const narrowingFlags = (command: Command): Command =>
  command
    .option('--up-to <level>', 'confidentiality up to U, L, M, N, R or V (broad grants: N)')
    .option('--label <label>', 'sensitive records with this label too', listed)
    .option('--month <yyyy-mm>', 'only records of these months', listed)
    .option('--except <id or class>', 'but not these records or classes', listed)
    .option('--versions <range>', VERSIONS)
    .option('--from <when>', FROM)
    .option('--budget <n>', 'record versions that each custodian gives at most')
    .option('--window <span>', 'the budget holds for each such span, such as 1d (default: in all)')

export const narrowingArgs = (flags: Flags): Record<string, unknown> => ({
  upTo: flags['upTo'],
  labels: flags['label'],
  months: flags['month'],
  except: flags['except'],
  versions: flags['versions'],
  from: flags['from'],
  budget: numberFlag(flags['budget']),
  window: flags['window']
})

export function addGrant(program: Command, context: CommandContext): void {
  addVerb<GrantResult>(program, context, {
    usage: 'grant [peerOrRecord...]',
    summary: 'let a person, an organisation, a group or whoever a policy names open records',
    example: [
      'grant 12D3KooW… 3f2a… --purpose TREAT --until 30d',
      'grant --org 3 --role clinician --to 12D3KooW… --chart --purpose TREAT --until 30d',
      'grant --policy "org:1+clinician or org:2+clinician" --to 12D3KooW… --class Observation --purpose TREAT --until 30d'
    ].join('\n  $ keyward '),
    options: (command) => {
      command
        .requiredOption(
          '--purpose <code>',
          'HL7 purpose of use, such as TREAT (repeat, or a,b)',
          listed
        )
        .requiredOption('--until <when>', UNTIL)
        .option(
          '--to <who>',
          'a peer, or OWNER@PEER: each its own grant; of a group, who of it is told',
          people
        )
        .option('--org <n>', 'members of this organisation')
        .option('--role <role>', 'with these roles, such as clinician', listed)
        .option('--group <id>', 'members of this group')
        .option('--policy <text>', 'whoever it holds for: "2 of (org:1, clinician, group:HEX)"')
        .option('--record <id>', 'these records (repeat, or a,b)', listed)
        .option('--class <class>', 'records of these classes, later ones too', listed)
        .option('--chart', 'all records, later ones too')
        .option('--for <ward>', FOR)
        .option('--share-on', 'a colleague may be given a narrower part of it')
      narrowingFlags(command)
    },
    verb: 'grant',
    args: ([named], flags) => {
      const given = ([named ?? []].flat() as string[]).flatMap((each) => people(each))
      const ids = given.filter((each) => RECORD_ID.test(each))
      const records = [...ids, ...((flags['record'] as string[] | undefined) ?? [])]
      const to = [
        ...given.filter((each) => !RECORD_ID.test(each)),
        ...((flags['to'] as string[] | undefined) ?? [])
      ]
      return {
        to,
        org: numberFlag(flags['org']),
        role: flags['role'],
        group: flags['group'],
        policy: flags['policy'],
        records: records.length > 0 ? records : undefined,
        classes: flags['class'],
        chart: flags['chart'],
        purpose: flags['purpose'],
        until: until(flags['until']),
        shareOn: flags['shareOn'],
        for: flags['for'],
        ...narrowingArgs(flags)
      }
    },
    text: grantText
  })
}

/** What is done with grants that stand. */
export function addGrants(program: Command, context: CommandContext): void {
  addVerb<TellResult>(program, context, {
    usage: 'tell <grant> <peer...>',
    summary: 'give what a grant to a group opens to further members of it',
    example: 'tell 77ab… 12D3KooW…',
    verb: 'grant.tell',
    args: ([grant, to]) => ({ grant, to: [to ?? []].flat() }),
    text: ({ grant, readers }) =>
      facts([
        ['grant', grant],
        ['told', toldText(readers)]
      ])
  })
  addVerb<GrantResult>(program, context, {
    usage: 'renew <grant>',
    summary: 'the same grant with a later end; the old one runs out by itself',
    example: 'renew 77ab… --until 90d',
    options: (command) => command.requiredOption('--until <when>', UNTIL),
    verb: 'renew',
    args: ([grant], flags) => ({ grant, until: until(flags['until']) }),
    text: grantText
  })
  addVerb<GrantsResult>(program, context, {
    usage: 'grants',
    summary: 'who may open what, now: given and received; and purposes opted out of',
    example: 'grants --json',
    verb: 'grants',
    args: () => ({}),
    text: grantsText
  })
}

const RECORD_ID = /^(0x)?[0-9a-f]{64}$/i

export const grantText = (each: GrantResult): string =>
  facts([
    ...each.grants.flatMap(({ grant, who, readers }): [string, string][] => [
      ['grant', grant],
      ['to', who],
      ['told', toldText(readers)]
    ]),
    ['purpose', each.purpose],
    ['until', localTime(each.until)],
    ['records', each.records.join(' ')],
    ['block', each.block],
    ['gas', each.gas]
  ])

const toldText = (readers: GrantResult['grants'][number]['readers']): string => {
  const waiting = readers.filter(({ delivered }) => !delivered).map(({ peer }) => peer)
  if (waiting.length === 0) return readers.map(({ peer }) => peer).join(', ')
  return `${readers.length - waiting.length} of ${readers.length}; waits for a custodian: ${waiting.join(', ')}`
}

function grantsText({ grants, delegations, optedOut }: GrantsResult): string {
  const own = table(
    ['GRANT', 'DIRECTION', 'STATE', 'WHO', 'PURPOSE', 'FROM', 'UNTIL', 'BUDGET', 'SCOPE'],
    grants.map((each) => [
      each.grant,
      each.direction,
      each.state,
      whoText(each),
      each.purpose + (each.shareOn ? ' +share-on' : ''),
      localTime(each.from),
      localTime(each.until),
      each.window === 0 ? String(each.budget) : `${each.budget}/${each.window}s`,
      [each.scope ?? '', each.records.join(' ')].filter((text) => text !== '').join(': ')
    ]),
    'no grants'
  )
  const rows = own + delegationsText(delegations)
  return optedOut.length === 0 ? rows : `${rows}\nopted out of: ${optedOut.join(', ')}\n`
}

/** Of a received one, whose records; beside a name, nothing more; else what members must be. */
function whoText(each: GrantsResult['grants'][number]): string {
  const { direction, kind, who, peer } = each
  if (direction === 'given') return each.for == null ? who : `${who}, records of ${each.for}`
  return kind === 'account' ? peer : `${peer} for ${who}`
}
