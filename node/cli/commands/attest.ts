/**
 * `keyward attest …`: an organisation's verdict on a record that it was given to check, and what
 * such verdicts add up to.
 * @module
 */
import type { Command } from 'commander'
import type {
  Attested,
  AttestLapseResult,
  AttestResult,
  AttestStatusResult
} from '../../verbs/attest-shapes.ts'
import { addGroup, addVerb, type CommandContext, listed, numberFlag } from '../command.ts'
import { facts, table } from '../table.ts'
import { localTime } from '../time.ts'

const VERDICTS = ['confirm', 'reject', 'withdraw'] as const

export function addAttestCommands(program: Command, context: CommandContext): void {
  const group = addGroup(
    program,
    'attest',
    'confirm or reject a record that one was given to check'
  )
  addVerb<AttestResult>(group, context, {
    usage: 'give <recordId>',
    isDefault: true,
    summary: 'give the own organisation’s verdict on a version that was opened here',
    example: 'attest give 3f2a… --confirm',
    options: (command) =>
      command
        .option('--confirm', 'it is what it claims to be')
        .option('--reject', 'it is not; it counts as rejected until this is withdrawn')
        .option('--withdraw', 'take the own verdict back')
        .option('--ver <n>', 'version (default: the newest that a grant names)'),
    verb: 'attest',
    args: ([recordId], flags) => {
      const given = VERDICTS.filter((name) => flags[name] === true)
      // two of them are for the schema to refuse, as none is
      return { recordId, ver: numberFlag(flags['ver']), verdict: given.join(' and ') }
    },
    text: (each) =>
      facts([
        ['record', each.recordId],
        ['version', each.ver],
        ['verdict', each.verdict],
        ['organisation', each.org],
        ['state', each.state],
        ['block', each.block],
        ['gas', each.gas]
      ])
  })
  const orgs = (command: Command) =>
    command
      .option('--ver <n>', 'version (default: the newest known here)')
      .option('--org <n>', 'look at these organisations too', listed)
  const args = ([recordId]: readonly unknown[], flags: Readonly<Record<string, unknown>>) => ({
    recordId,
    ver: numberFlag(flags['ver']),
    orgs: (flags['org'] as string[] | undefined)?.map(numberFlag)
  })
  addVerb<AttestStatusResult>(group, context, {
    usage: 'status <recordId>',
    summary: 'who says what of a record, proven, and whether it still holds',
    example: 'attest status 3f2a…',
    options: orgs,
    verb: 'attest.status',
    args,
    text: statusText
  })
  addVerb<AttestLapseResult>(group, context, {
    usage: 'lapse <recordId>',
    summary: 'take verdicts of suspended attesters and inactive organisations off the chain',
    example: 'attest lapse 3f2a…',
    options: orgs,
    verb: 'attest.lapse',
    args,
    text: (each) =>
      facts([
        ['record', each.recordId],
        ['version', each.ver],
        ['lapsed', each.lapsed.join(', ')],
        ['state', each.state]
      ])
  })
}

/** "ATTESTED (2 of 2)"; a rejection shows how many. */
export const attestedText = (attested: Attested | undefined): string | undefined => {
  if (attested == null) return undefined
  const { state, confirmed, rejected, quorum } = attested
  const against = rejected === 0 ? '' : `, ${rejected} against`
  return `${state} (${confirmed} of ${quorum}${against})`
}

function statusText(each: AttestStatusResult): string {
  const unseen = `${each.unseen} more of organisations that were not looked at: name them by --org`
  return (
    facts([
      ['record', each.recordId],
      ['version', each.ver],
      ['state', attestedText(each)],
      ['holds', each.holds === each.state ? undefined : `${each.holds}: verdicts have lapsed`],
      ['barred', each.barredOrg == null ? undefined : `organisation ${each.barredOrg}`]
    ]) +
    table(
      ['ORG', 'VERDICT', 'AT', 'HOLDS', 'ATTESTER'],
      each.verdicts.map((row) => [
        row.org,
        row.verdict,
        localTime(row.at),
        row.verdict === 'withdrawn' ? 'no' : (row.lapsed ?? 'yes'),
        row.attester
      ]),
      'no verdicts'
    ) +
    (each.unseen > 0 ? `${unseen}\n` : '')
  )
}
