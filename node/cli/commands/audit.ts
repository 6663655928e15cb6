/**
 * Who saw what: the patient's history, the chain of receipts for third parties, and its anchor.
 * @module
 */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { Exit } from '../../api/error.ts'
import type { AuditAnchorResult, AuditStatusResult } from '../../verbs/audit-shapes.ts'
import type { AuditExportResult, AuditVerifyResult, HistoryResult } from '../../verbs/results.ts'
import {
  addCommand,
  addGroup,
  addVerb,
  type CommandContext,
  type Flags,
  listed
} from '../command.ts'
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
          each.passedOnBy == null ? each.who : `${each.who} for ${each.passedOnBy}`,
          each.purpose,
          each.code,
          each.custodian,
          each.recordId,
          each.ver
        ]),
        'no receipts yet'
      ) + faults.map(({ custodian, reason }) => `${custodian} LIES: ${clean(reason)}\n`).join('')
  })
  const audit = addGroup(program, 'audit', 'receipts: export, verify, anchor, status')
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
  addAnchor(audit, context)
  addVerify(audit, context)
}

function addAnchor(audit: Command, context: CommandContext): void {
  addVerb<AuditAnchorResult>(audit, context, {
    usage: 'anchor',
    summary: 'write the root over this node’s receipts to the chain now',
    example: 'audit anchor',
    verb: 'audit.anchor',
    args: () => ({}),
    text: (each) =>
      facts([
        ['anchored', each.anchored ? 'now' : 'already'],
        ['receipts', each.toSeq],
        ['root', each.root],
        ['block', each.block],
        ['gas', each.gas]
      ])
  })
  addVerb<AuditStatusResult>(audit, context, {
    usage: 'status',
    summary: 'whether the receipts are whole and begin with what is anchored; exit code 7 if not',
    example: 'audit status',
    verb: 'audit.status',
    args: () => ({}),
    text: (each) =>
      facts([
        ['receipts', each.entries],
        ['chain', each.whole ? 'whole' : 'BROKEN'],
        ['anchor', each.state === 'behind' ? `BEHIND: ${each.reason}` : each.reason],
        ['anchored at', each.at == null ? undefined : localTime(each.at)],
        ['root', each.root],
        ['peer', each.peer],
        ['writer', each.writer],
        ['salt', each.salt]
      ]),
    exit: ({ whole, state }) => (whole && state !== 'behind' ? Exit.Done : Exit.NotVerified)
  })
}

/** The chain to ask, if one is given; which part of it is missing is for the schema to say. */
function anchorOf(flags: Flags, cwd: string): Record<string, unknown> | undefined {
  const { rpc, chain, deployment, writer, salt } = flags
  if (rpc == null) return undefined
  const file = typeof deployment === 'string' ? { deployment: resolve(cwd, deployment) } : {}
  return { rpc, kind: chain, ...file, writer, salt }
}

function addVerify(audit: Command, context: CommandContext): void {
  addCommand(audit, context, {
    usage: 'verify <file>',
    summary: 'check a chain of receipts, without network, node or folder; exit code 7 if it fails',
    example: 'audit verify receipts.cbor',
    node: false,
    options: (command) =>
      command
        .option('--rpc <urls>', 'ask this chain, too, what of it is anchored there', listed)
        .option('--chain <kind>', 'l1, l2, consortium or dev', 'dev')
        .option('--deployment <file>', 'addresses and code hashes of the contracts')
        .option('--writer <account>', 'the custodian’s account, as its audit status tells it')
        .option('--salt <hex>', 'of its log, likewise'),
    async run(run, [file], flags) {
      const { auditVerify } = await import('../../verbs/audit-verify.ts')
      const path = resolve(run.shell.cwd, String(file))
      const anchor = anchorOf(flags, run.shell.cwd)
      const args = anchor == null ? { file: path } : { file: path, anchor }
      const result: AuditVerifyResult = await runOffline(run, auditVerify, args)
      run.out.data(
        result,
        (each) =>
          facts([
            ['chain', each.valid ? 'whole' : 'BROKEN'],
            ['peer', each.peer],
            ['receipts', each.entries],
            ['anchored', each.anchor == null ? undefined : `up to ${each.anchor.toSeq}`],
            ['anchored at', each.anchor == null ? undefined : localTime(each.anchor.at)]
          ]) + each.faults.map((fault) => `  ${clean(fault)}\n`).join('')
      )
      return result.valid ? Exit.Done : Exit.NotVerified
    }
  })
}
