/**
 * `keyward wish` and `keyward emergency …`: what a patient wishes, and what clinicians do by it.
 * @module
 */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type {
  EmergencyAskResult,
  EmergencyLsResult,
  EmergencyOpenResult,
  EmergencyRequestsResult,
  EmergencyReviewResult,
  EmergencySignResult,
  GlassRequest,
  WishResult,
  WishText
} from '../../verbs/emergency-shapes.ts'
import { addGroup, addVerb, type CommandContext, listed, numberFlag } from '../command.ts'
import { clean, facts, table } from '../table.ts'
import { localTime } from '../time.ts'
import { FOR } from './for.ts'

const WISH_LINES: Readonly<Record<WishText | 'none', string>> = {
  yes: 'two clinicians may open what is marked for it',
  emergency: 'two clinicians may open what is marked for it, in an emergency only',
  never: 'nobody may open anything',
  none: 'nobody may open anything, since you never chose: keyward wish yes|emergency|never'
}

export const wishLine = (wish: WishText | 'none' | undefined): string | undefined =>
  wish && WISH_LINES[wish]

export function addEmergencyCommands(program: Command, context: CommandContext): void {
  addWish(program, context)
  const emergency = addGroup(
    program,
    'emergency',
    'emergencies: ask a colleague, sign, open, list, review'
  )
  addAsk(emergency, context)
  addSign(emergency, context)
  addOpen(emergency, context)
  addReview(emergency, context)
}

function addWish(program: Command, context: CommandContext): void {
  addVerb<WishResult>(program, context, {
    usage: 'wish [choice]',
    summary: 'may clinicians break the glass: show, or choose yes, emergency or never',
    example: 'wish emergency',
    options: (command) => command.option('--for <ward>', FOR),
    verb: 'wish',
    args: ([wish], flags) => ({ wish, for: flags['for'] }),
    text: (each) =>
      facts([
        ['in emergencies', wishLine(each.wish)],
        ['version', each.version],
        ['custodians told', each.noticed?.join(', ')],
        ['block', each.block],
        ['gas', each.gas]
      ])
  })
}

function addAsk(emergency: Command, context: CommandContext): void {
  addVerb<EmergencyAskResult>(emergency, context, {
    usage: 'ask <patient>',
    summary: 'sign for a patient’s records and ask colleagues to sign, too',
    example: 'emergency ask 0x5aae…@12D3KooW… --reason "unconscious" --cosigner 12D3KooW…',
    options: (command) =>
      command
        .requiredOption('--reason <text>', 'why, in words that colleagues and patient read')
        .requiredOption('--cosigner <peer>', 'a clinician to ask (repeat, or a,b)', listed)
        .option('--hours <n>', 'how long it opens: 1 to 24 (default: 4)')
        .option('--purpose <code>', 'BTG or ETREAT (default: BTG)'),
    verb: 'emergency.ask',
    args: ([patient], flags) => ({
      patient,
      reason: flags['reason'],
      cosigners: flags['cosigner'],
      hours: numberFlag(flags['hours']),
      purpose: flags['purpose']
    }),
    text: (each) =>
      facts([
        ['emergency', each.notice],
        ['patient', each.patient],
        ['purpose', each.purpose],
        ['until', localTime(each.until)],
        ['asked', each.delivered.join(', ')]
      ]) + each.failed.map((f) => `not asked: ${f.peer}: ${clean(f.reason)}\n`).join('')
  })
}

function addSign(emergency: Command, context: CommandContext): void {
  addVerb<EmergencyRequestsResult>(emergency, context, {
    usage: 'requests',
    summary: 'what colleagues ask this clinician to sign',
    example: 'emergency requests',
    verb: 'emergency.requests',
    args: () => ({}),
    text: ({ requests }) => requestsText(requests) || 'nobody asks for a signature\n'
  })
  addVerb<EmergencySignResult>(emergency, context, {
    usage: 'sign <id>',
    summary: 'sign for a colleague’s emergency',
    example: 'emergency sign 9c1e…',
    verb: 'emergency.sign',
    args: ([notice]) => ({ notice }),
    text: (each) =>
      facts([
        ['signed', each.notice],
        ['patient', each.patient]
      ])
  })
}

/** Empty if there are none. */
export const requestsText = (requests: readonly GlassRequest[]): string =>
  requests.length === 0
    ? ''
    : table(
        ['EMERGENCY', 'STATE', 'FROM', 'PATIENT', 'PURPOSE', 'UNTIL', 'REASON'],
        requests.map((each) => [
          each.notice,
          each.state,
          each.from,
          each.patient,
          each.purpose,
          localTime(each.until),
          each.reason
        ]),
        ''
      )

function addOpen(emergency: Command, context: CommandContext): void {
  addVerb<EmergencyOpenResult>(emergency, context, {
    usage: 'open <id>',
    summary: 'open what the patient marked, once colleagues have signed',
    example: 'emergency open 9c1e… --out /tmp/patient',
    options: (command) => command.option('--out <folder>', 'where the files go'),
    verb: 'emergency.open',
    args: ([notice], flags, shell) => ({
      notice,
      out: flags['out'] == null ? undefined : resolve(shell.cwd, String(flags['out']))
    }),
    text: (each) =>
      table(
        ['RECORD', 'VER', 'BYTES', 'FILE'],
        each.records.map(({ recordId, ver, bytes, path }) => [recordId, ver, bytes, path]),
        'nothing could be opened'
      ) +
      each.failed
        .map((f) => `not opened: ${f.recordId} version ${f.ver}: ${clean(f.reason)}\n`)
        .join('') +
      each.packless.map((c) => `no list from ${c.custodian}: ${clean(c.reason)}\n`).join('') +
      facts([
        ['signed by', each.signers.join(', ')],
        ['notice', each.noticeBlock == null ? 'on its way' : `block ${each.noticeBlock}`],
        ['patient told', each.patientTold ? 'yes' : 'on its way']
      ])
  })
  addVerb<EmergencyLsResult>(emergency, context, {
    usage: 'ls [id]',
    summary: 'emergencies that this node took part in, with what the chain proves of them',
    example: 'emergency ls',
    verb: 'emergency.ls',
    args: ([notice]) => ({ notice }),
    text: ({ emergencies }) =>
      table(
        ['EMERGENCY', 'AS', 'STATE', 'NOTICE', 'REVIEW', 'DUE', 'PATIENT', 'PURPOSE', 'REASON'],
        emergencies.map((each) => [
          each.notice,
          each.role,
          each.owed == null ? each.state : `${each.state}, owed: ${each.owed.join(' and ')}`,
          each.noticeBlock,
          each.review,
          each.dueAt == null ? undefined : localTime(each.dueAt),
          each.patient,
          each.purpose,
          each.reason
        ]),
        'no emergencies'
      )
  })
}

function addReview(emergency: Command, context: CommandContext): void {
  addVerb<EmergencyReviewResult>(emergency, context, {
    usage: 'review <id>',
    summary: 'close the review: as the patient, or as admin of an uninvolved organisation',
    example: 'emergency review 9c1e… --outcome "it was right"',
    options: (command) =>
      command.requiredOption('--outcome <text>', 'what came of it; the chain sees a hash'),
    verb: 'emergency.review',
    args: ([notice], flags) => ({ notice, outcome: flags['outcome'] }),
    text: (each) =>
      facts([
        ['reviewed', each.notice],
        ['block', each.block],
        ['gas', each.gas]
      ])
  })
}
