/**
 * Acting for others: `guardian …` says who may and until when, `recovery …` gets an account back
 * whose key is lost.
 * @module
 */
import type { Command } from 'commander'
import type {
  AppointResult,
  EndResult,
  GuardiansResult,
  HelpResult,
  PlanResult,
  RecoveryResult,
  SetupResult
} from '../../verbs/guardian-shapes.ts'
import { addGroup, addVerb, type CommandContext, listed, numberFlag, people } from '../command.ts'
import { facts, table } from '../table.ts'
import { localTime } from '../time.ts'
import { UNTIL, until } from './grant.ts'

export function addGuardianCommands(program: Command, context: CommandContext): void {
  const guardian = addGroup(
    program,
    'guardian',
    'let somebody act for you, and see for whom you may'
  )
  addAppoint(guardian, context)
  addEnd(guardian, context)
  addList(guardian, context)
  const recovery = addGroup(program, 'recovery', 'get an account back whose key is lost')
  addPlan(recovery, context)
  addHelp(recovery, context)
  addRecovering(recovery, context)
}

function addAppoint(guardian: Command, context: CommandContext): void {
  addVerb<AppointResult>(guardian, context, {
    usage: 'appoint <guardian>',
    summary: 'let an account grant, revoke or say the wish for you, until a date',
    example: 'guardian appoint 0x5aae… --rights grant,revoke,wish --until 2038-06-30',
    options: (command) =>
      command
        .requiredOption('--rights <right>', 'grant, revoke, wish (repeat, or a,b)', listed)
        .requiredOption('--until <when>', `a child’s coming of age; ${UNTIL}`),
    verb: 'guardian.appoint',
    args: ([guardianText], flags) => ({
      guardian: guardianText,
      rights: flags['rights'],
      until: until(flags['until'])
    }),
    text: (each) =>
      facts([
        ['guardian', each.guardian],
        ['may', each.rights.join(', ')],
        ['until', localTime(each.until)],
        ['block', each.block],
        ['gas', each.gas],
        ['account code', each.delegated ? 'set for this' : 'was there']
      ])
  })
  addVerb<SetupResult>(guardian, context, {
    usage: 'setup',
    summary: 'give your account the code that guardians and helpers need (appointing does it)',
    example: 'guardian setup',
    verb: 'guardian.setup',
    args: () => ({}),
    text: (each) =>
      facts([
        ['account', each.account],
        ['account code', each.already ? 'was there' : 'set'],
        ['block', each.block],
        ['gas', each.gas]
      ])
  })
}

function addEnd(guardian: Command, context: CommandContext): void {
  addVerb<EndResult>(guardian, context, {
    usage: 'end [guardian]',
    summary: 'end a guardianship: of your guardian, or yours of a ward',
    example: 'guardian end 0x5aae…',
    options: (command) => command.option('--ward <account>', 'whose guardian you are'),
    verb: 'guardian.end',
    args: ([guardianText], flags) => ({ guardian: guardianText, ward: flags['ward'] }),
    text: (each) =>
      facts([
        ['ward', each.ward],
        ['guardian', each.guardian],
        ['ended at block', each.block],
        ['gas', each.gas]
      ])
  })
}

function addList(guardian: Command, context: CommandContext): void {
  addVerb<GuardiansResult>(guardian, context, {
    usage: 'ls',
    summary: 'your guardians and your wards, as the chain has them',
    example: 'guardian ls',
    options: (command) => command.option('--ward <account>', 'are you this one’s guardian?'),
    verb: 'guardian.ls',
    args: (_named, flags) => ({ ward: flags['ward'] }),
    text: ({ guardianships }) =>
      table(
        ['', 'STATE', 'WARD', 'GUARDIAN', 'MAY', 'UNTIL'],
        guardianships.map((each) => [
          DIRECTIONS[each.direction],
          each.state,
          each.ward,
          each.guardian,
          each.rights.join(','),
          each.until === 0 ? '' : localTime(each.until)
        ]),
        'nobody acts for you, and you for nobody'
      )
  })
}

const DIRECTIONS = { mine: 'for you', ward: 'by you', other: '' } as const

function addPlan(recovery: Command, context: CommandContext): void {
  addVerb<PlanResult>(recovery, context, {
    usage: 'plan',
    summary: 'say who may get this account back together, and how long you can veto it',
    example: 'recovery plan --helper 0x5aae…@12D3KooW… --helper 0x77f1… --threshold 2 --delay 7d',
    options: (command) =>
      command
        .option('--helper <who>', 'an account or contact, 1 to 8 of them', people)
        .option('--threshold <k>', 'so many together (default: more than half)')
        .option('--delay <span>', 'from 1d to 90d (default: 7d)')
        .option('--none', 'nobody any more'),
    verb: 'recovery.plan',
    args: (_named, flags) => ({
      helpers: flags['helper'] ?? [],
      threshold: numberFlag(flags['threshold']),
      delay: flags['delay'],
      none: flags['none']
    }),
    text: (each) =>
      facts([
        ['account', each.account],
        ['helpers', each.helpers.join(' ') || 'none'],
        ['threshold', each.threshold],
        ['delay', `${each.delaySeconds} s`],
        ['block', each.block],
        ['gas', each.gas],
        ['told by mail', each.told.join(' ')],
        ['give them this', each.untold.length === 0 ? undefined : each.plan],
        ['for', each.untold.join(' ')]
      ])
  })
}

function addHelp(recovery: Command, context: CommandContext): void {
  addVerb<HelpResult>(recovery, context, {
    usage: 'help <account> <successor>',
    summary:
      'as a helper: sign that a new account succeeds a lost one; gives text for who proposes',
    example: 'recovery help 0x5aae… 0x90c4…',
    options: (command) => command.option('--plan <hex>', 'her plan, if it did not come by mail'),
    verb: 'recovery.help',
    args: ([account, successor], flags) => ({ account, successor, plan: flags['plan'] }),
    text: (each) =>
      facts([
        ['account', each.account],
        ['successor', each.successor],
        ['helper', each.helper],
        ['round', each.round],
        ['help', each.help]
      ])
  })
}

function addRecovering(recovery: Command, context: CommandContext): void {
  const act = (
    name: 'veto' | 'complete' | 'status',
    usage: string,
    summary: string,
    example: string
  ): void =>
    addVerb<RecoveryResult>(recovery, context, {
      usage,
      summary,
      example,
      verb: `recovery.${name}`,
      args: ([account]) => ({ account }),
      text: recoveryText
    })
  addVerb<RecoveryResult>(recovery, context, {
    usage: 'propose <account>',
    summary: 'bring helpers’ signatures to the chain; then the owner may veto for a while',
    example: 'recovery propose 0x5aae…@12D3KooW… --help-text a96161… --help-text a96161…',
    options: (command) =>
      command.requiredOption('--help-text <hex>', 'what a helper gave (repeat, or a,b)', listed),
    verb: 'recovery.propose',
    args: ([account], flags) => ({ account, help: flags['helpText'] }),
    text: recoveryText
  })
  act('veto', 'veto', 'end a recovery of your account: you are there', 'recovery veto')
  act(
    'complete',
    'complete <account>',
    'after the delay: let the successor speak for the account',
    'recovery complete 0x5aae…@12D3KooW…'
  )
  act(
    'status',
    'status <account>',
    'how far a recovery is, as the chain has it',
    'recovery status 0x5aae…'
  )
}

const recoveryText = (each: RecoveryResult): string =>
  facts([
    ['account', each.account],
    ['recovery', each.round === 0 ? each.state : `${each.state}, round ${each.round}`],
    ['candidate', each.candidate],
    ['from', each.readyAt == null ? undefined : localTime(each.readyAt)],
    ['successor', each.successor],
    ['plan', each.planVersion === 0 ? 'none' : `version ${each.planVersion}`],
    ['veto within', each.delaySeconds === 0 ? undefined : `${each.delaySeconds} s`],
    ['account code', each.wired ? 'asks for guardians' : 'none: no recovery can reach it'],
    ['block', each.block],
    ['gas', each.gas]
  ])
