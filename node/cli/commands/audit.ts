/**
 * Who saw what: the patient's history, and the chain of receipts for third parties.
 * @module
 */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { Exit } from '../../api/error.ts'
import type { AuditExportResult, AuditVerifyResult, HistoryResult } from '../../verbs/results.ts'
import { addCommand, addGroup, addVerb, type CommandContext } from '../command.ts'
import { runOffline } from '../run-verb.ts'
import { clean, facts, table } from '../table.ts'
import { localTime } from '../time.ts'

export function addAuditCommands(program: Command, context: CommandContext): void {
  addVerb<HistoryResult>(program, context, {
    usage: 'history [recordId]',
    summary: 'who looked, who was refused, which custodian answered',
    example: 'history 3f2a…',
    verb: 'history',
    args: ([record]) => ({ record }),
    text: ({ entries, faults = [] }) =>
      table(
        ['AT', 'WHAT', 'WHO', 'PURPOSE', 'CODE', 'CUSTODIAN', 'RECORD', 'VER'],
        entries.map((each) => [
          localTime(each.at),
          each.kind,
          each.who,
          each.purpose,
          each.code,
          each.custodian,
          each.recordId,
          each.ver
        ]),
        'no receipts yet'
      ) + faults.map(({ custodian, reason }) => `${custodian} LIES: ${clean(reason)}\n`).join('')
  })
  const audit = addGroup(program, 'audit', 'receipts: export, verify')
  addVerb<AuditExportResult>(audit, context, {
    usage: 'export <file>',
    summary: 'write this node’s chain of receipts, or the one a custodian gave us',
    example: 'audit export receipts.cbor',
    options: (command) => command.option('--peer <peer>', 'receipts that this custodian gave us'),
    verb: 'audit.export',
    args: ([out], flags, shell) => ({ out: resolve(shell.cwd, String(out)), peer: flags['peer'] }),
    text: (each) =>
      facts([
        ['written', each.out],
        ['peer', each.peer],
        ['receipts', each.entries],
        ['head', each.head]
      ])
  })
  addVerify(audit, context)
}

function addVerify(audit: Command, context: CommandContext): void {
  addCommand(audit, context, {
    usage: 'verify <file>',
    summary: 'check a chain of receipts, without network, node or folder; exit code 7 if it fails',
    example: 'audit verify receipts.cbor',
    node: false,
    async run(run, [file]) {
      const { auditVerify } = await import('../../verbs/audit-verify.ts')
      const path = resolve(run.shell.cwd, String(file))
      const result: AuditVerifyResult = await runOffline(run, auditVerify, { file: path })
      run.out.data(
        result,
        (each) =>
          facts([
            ['chain', each.valid ? 'whole' : 'BROKEN'],
            ['peer', each.peer],
            ['receipts', each.entries]
          ]) + each.faults.map((fault) => `  ${clean(fault)}\n`).join('')
      )
      return result.valid ? Exit.Done : Exit.NotVerified
    }
  })
}
