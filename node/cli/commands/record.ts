/**
 * `keyward record …`: what one holds, adds, opens and checks.
 * @module
 */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { Exit } from '../../api/error.ts'
import type { AttestedListResult, AttestedShowResult } from '../../verbs/attest-shapes.ts'
import type {
  CustodianResult,
  RecordAddResult,
  RecordGetResult,
  RecordVerifyResult
} from '../../verbs/results.ts'
import { addGroup, addVerb, type CommandContext, listed, numberFlag } from '../command.ts'
import { facts, size, table } from '../table.ts'
import { localTime } from '../time.ts'
import { attestedText } from './attest.ts'
import { wishLine } from './emergency.ts'

export function addRecordCommands(program: Command, context: CommandContext): void {
  const record = addGroup(program, 'record', 'records: add, list, open, update, verify')
  addAdd(record, context)
  addLook(record, context)
  addGet(record, context)
  addUpdate(record, context)
  addVerify(record, context)
}

function addAdd(record: Command, context: CommandContext): void {
  addVerb<RecordAddResult>(record, context, {
    usage: 'add <file>',
    summary: 'seal a file, spread it, give its key in pieces to custodians',
    example: 'record add bundle.json --class Observation --level N',
    options: (command) =>
      command
        .option('--name <name>', 'name of the record (default: the file’s)')
        .option('--mime <type>', 'media type (default: recognised by content)')
        .option('--fhir', 'refuse anything but valid FHIR R4')
        .option('--custodian <peer>', 'who keeps the pieces (default: custody.custodians)', listed)
        .option('--threshold <t>', 'pieces that open it')
        .option('--replicas <n>', 'copies of the ciphertext at others')
        .option('--class <class>', 'FHIR type or category, for grants by class')
        .option('--level <level>', 'confidentiality: U L M N R V')
        .option('--label <label>', 'sensitivities such as HIV or PSY', listed)
        .option('--month <YYYY-MM>', 'when it was, for grants by period')
        .option('--emergency', 'clinicians find it in an emergency (default: if not sensitive)')
        .option('--no-emergency', 'they do not')
        .option('--quorum <k>', 'organisations that must confirm it (default: records.quorum)')
        .option('--bar-own-organisation', 'no attester of one’s own organisation counts')
        .option('--bar-organisation <org>', 'no attester of this organisation counts'),
    verb: 'record.add',
    args: ([path], flags, shell) => {
      const tags = given({
        class: flags['class'],
        level: flags['level'],
        labels: flags['label'],
        month: flags['month']
      })
      return {
        path: resolve(shell.cwd, String(path)),
        name: flags['name'],
        mime: flags['mime'],
        fhir: flags['fhir'],
        custodians: flags['custodian'],
        threshold: numberFlag(flags['threshold']),
        replicas: numberFlag(flags['replicas']),
        emergency: flags['emergency'],
        quorum: numberFlag(flags['quorum']),
        bar: flags['barOwnOrganisation'] === true ? 'own' : numberFlag(flags['barOrganisation']),
        tags
      }
    },
    text: addedText
  })
}

function addLook(record: Command, context: CommandContext): void {
  addVerb<AttestedListResult>(record, context, {
    usage: 'ls',
    summary: 'list the records that this node owns',
    example: 'record ls --json',
    verb: 'record.ls',
    args: () => ({}),
    text: ({ records }) =>
      table(
        ['RECORD', 'VER', 'SIZE', 'STATE', 'ATTESTED', 'CREATED', 'TYPE', 'NAME'],
        records.map((each) => [
          each.recordId,
          each.ver,
          size(each.bytes),
          each.state,
          each.attested?.state,
          localTime(each.created),
          each.fhir ?? each.mime,
          each.name
        ]),
        'no records yet: keyward record add FILE'
      )
  })
  addVerb<AttestedShowResult>(record, context, {
    usage: 'show <recordId>',
    summary: 'show one record: versions, custodians, state',
    example: 'record show 3f2a…',
    verb: 'record.show',
    args: ([recordId]) => ({ recordId }),
    text: (each) =>
      facts([
        ['record', each.recordId],
        ['name', each.name],
        ['type', each.fhir == null ? each.mime : `${each.mime} (FHIR ${each.fhir})`],
        ['size', size(each.bytes)],
        ['state', each.state],
        ['on chain', attestedText(each.attested)],
        ['cid', each.cid],
        ['opens with', `${each.threshold.t} of ${each.threshold.n} pieces`]
      ]) +
      custodiansText(each.custodians) +
      table(
        ['VER', 'CREATED', 'STATE', 'SIZE'],
        each.versions.map((v) => [v.ver, localTime(v.created), v.state, size(v.bytes)]),
        'no versions'
      )
  })
}

function addGet(record: Command, context: CommandContext): void {
  addVerb<RecordGetResult>(record, context, {
    usage: 'get <recordId>',
    summary: 'open a record: one’s own, or one that was granted',
    example: 'record get 3f2a… --out bundle.json',
    options: (command) =>
      command
        .option('--out <file>', 'file to write (default: its own name in downloads/)')
        .option('--ver <n>', 'version (default: the newest)')
        .option('--from <byte>', 'first byte of a range')
        .option('--to <byte>', 'end of a range, exclusive')
        .option('--via <way>', 'find blocks by "manifest" addresses or by the "dht" alone')
        .option('--purpose <code>', 'what for, where a grant permits several'),
    verb: 'record.get',
    args: ([recordId], flags, shell) => ({
      recordId,
      ver: numberFlag(flags['ver']),
      out: flags['out'] == null ? undefined : resolve(shell.cwd, String(flags['out'])),
      from: numberFlag(flags['from']),
      to: numberFlag(flags['to']),
      via: flags['via'],
      purpose: flags['purpose']
    }),
    text: (each) =>
      facts([
        ['written', each.path],
        ['record', each.recordId],
        ['version', each.ver],
        ['size', size(each.bytes)],
        ['sha256', each.sha256]
      ]) +
      each.released
        .map((r) => `released by ${r.custodian} at block ${r.blockNumber} ${r.blockHash}\n`)
        .join('') +
      each.blamed.map((b) => `bad piece from ${b.custodian}: ${b.reason}\n`).join('')
  })
}

function addUpdate(record: Command, context: CommandContext): void {
  addVerb<RecordAddResult>(record, context, {
    usage: 'update <recordId> <file>',
    summary: 'add a new version of a record; old versions stay as they are',
    example: 'record update 3f2a… bundle-2.json --reason "lab results came in"',
    options: (command) => command.option('--reason <text>', 'why, kept with the version'),
    verb: 'record.update',
    args: ([recordId, path], flags, shell) => ({
      recordId,
      path: resolve(shell.cwd, String(path)),
      reason: flags['reason']
    }),
    text: addedText
  })
}

function addVerify(record: Command, context: CommandContext): void {
  addVerb<RecordVerifyResult>(record, context, {
    usage: 'verify <recordId>',
    summary: 'check a record against its manifest and the chain; exit code 7 if it fails',
    example: 'record verify 3f2a… --ver 2',
    options: (command) => command.option('--ver <n>', 'version (default: the newest)'),
    verb: 'record.verify',
    args: ([recordId], flags) => ({ recordId, ver: numberFlag(flags['ver']) }),
    text: (each) =>
      table(
        ['CHECK', 'RESULT', 'DETAIL'],
        each.checks.map((check) => [check.what, check.ok ? 'ok' : 'FAILED', check.detail]),
        'nothing was checked'
      ),
    exit: (each) => (each.valid ? Exit.Done : Exit.NotVerified)
  })
}

function given(fields: Record<string, unknown>): Record<string, unknown> | undefined {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined)
  return present.length === 0 ? undefined : Object.fromEntries(present)
}

const custodiansText = (custodians: readonly CustodianResult[]): string =>
  table(
    ['CUSTODIAN', 'PIECE', 'BLOCKS', 'REASON'],
    custodians.map((each) => [
      each.peer,
      each.acked ? 'kept' : 'missing',
      each.pinned ? 'kept' : 'missing',
      each.reason
    ]),
    'no custodians'
  )

function addedText(each: RecordAddResult): string {
  const degraded = 'stored, degraded: custodians or copies are missing; the node keeps trying'
  return (
    facts([
      ['record', each.recordId],
      ['version', each.ver],
      ['size', size(each.bytes)],
      ['sha256', each.sha256],
      ['cid', each.cid],
      ['opens with', `${each.threshold.t} of ${each.threshold.n} pieces`],
      ['state', each.state === 'acknowledged' ? 'acknowledged' : degraded],
      [
        'emergency',
        each.emergency ? wishLine(each.wish) : 'not to be found (--no-emergency, or sensitive)'
      ],
      ['gas', each.gas]
    ]) + custodiansText(each.custodians)
  )
}
