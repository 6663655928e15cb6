/**
 * Passing access on to a colleague, and handing it back.
 * @module
 */
import type { Command } from 'commander'
import type { DelegateResult, HandBackResult } from '../../verbs/passing-shapes.ts'
import { addVerb, type CommandContext, listed, numberFlag } from '../command.ts'
import { clean, facts } from '../table.ts'
import { localTime } from '../time.ts'
import { UNTIL, until, VERSIONS } from './grant.ts'

export function addPassingCommands(program: Command, context: CommandContext): void {
  addVerb<HandBackResult>(program, context, {
    usage: 'hand-back <id>',
    summary: 'give up access that one has: a grant, or all grants that open this record',
    example: 'hand-back 77ab…',
    verb: 'hand-back',
    args: ([id]) => ({ id }),
    text: endedText
  })
  const group = program
    .command('delegate')
    .summary('let a colleague read under one’s own grant, less and for less long')
  addVerb<DelegateResult>(group, context, {
    usage: 'give <grant>',
    isDefault: true,
    summary: 'sign a sub-grant for a colleague of one’s own organisation',
    example: 'delegate give 77ab… --to 12D3KooW… --record 3f2a… --until 2d',
    options: (command) =>
      command
        .requiredOption('--to <peer>', 'the colleague')
        .requiredOption('--until <when>', `no longer than the grant; ${UNTIL}`)
        .option('--record <id>', 'these records (repeat, or a,b; default: all)', listed)
        .option('--versions <range>', VERSIONS)
        .option('--purpose <code>', 'of the grant’s own (default: all of them)', listed)
        .option('--budget <n>', 'record versions that each custodian gives at most'),
    verb: 'delegate',
    args: ([grant], flags) => ({
      grant,
      to: flags['to'],
      records: flags['record'],
      until: until(flags['until']),
      versions: flags['versions'],
      purpose: flags['purpose'],
      budget: numberFlag(flags['budget'])
    }),
    text: (each) =>
      facts([
        ['delegation', each.delegation],
        ['of grant', each.grant],
        ['to', each.name === '' ? each.to : `${clean(each.name)} ${each.to}`],
        ['purpose', each.purpose],
        ['until', localTime(each.until)],
        ['budget', each.budget],
        ['records', each.records.join(' ')],
        ['told', each.delivered ? each.to : 'nobody took the letter: end it, and try again']
      ])
  })
  addVerb<HandBackResult>(group, context, {
    usage: 'end <delegation>',
    summary: 'end a sub-grant: one that was given, or one that was received',
    example: 'delegate end 5c01…',
    verb: 'delegate.end',
    args: ([delegation]) => ({ delegation }),
    text: endedText
  })
}

const endedText = ({ ended }: HandBackResult): string =>
  ended
    .map((each) =>
      facts([
        each.delegation == null ? ['handed back', each.grant] : ['ended', each.delegation],
        ['custodians told', each.noticed.join(', ')],
        ['not reached', each.missed.join(', ')],
        ['letters', each.told.join(', ')]
      ])
    )
    .join('\n')
