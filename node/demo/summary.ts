/**
 * The end of the demo in words that a newcomer understands, with what to try next.
 * @module
 */
import { codeName } from '../../core/codes.ts'
import type { LeakReport } from './leaks.ts'
import type { DemoResult } from './result.ts'

const MIB = 2 ** 20

export function summary(result: DemoResult, leaks: LeakReport, kept: string | undefined): string {
  const { records, threshold, released, blamed, afterRevoke, receipts, gas } = result
  const lines = [
    '',
    result.ok ? 'Everything went as promised.' : 'Something was NOT as promised: see below.',
    '',
    `${result.nodes} nodes, ${(result.elapsedMs / 1_000).toFixed(1)} s, no server in the middle.`,
    ''
  ]
  for (const { name, bytes, sha256, openedSha256, versions } of records) {
    const same = sha256 === openedSha256 ? 'opened, identical' : 'DIFFERENT after opening'
    const count = versions > 1 ? `, ${versions} versions` : ''
    lines.push(`  ${name}: ${bytes} bytes, ${same}${count}`)
  }
  lines.push(
    '',
    `Each record needs ${threshold.t} of ${threshold.n} clinics. ${released.length} gave their share, after each`,
    'had proven the patient’s grant on chain by itself.'
  )
  for (const { custodian, reason } of blamed) lines.push(`  Caught: ${custodian}: ${reason}`)
  lines.push('After the revocation every clinic that was asked refused:')
  for (const { custodian, code } of afterRevoke) {
    lines.push(`  ${custodian}: ${code} ${codeName(code)}`)
  }
  lines.push(
    '',
    `${receipts.count} signed receipts, ${receipts.verified ? 'all verified offline' : 'NOT all verified'}.`,
    `Gas, paid by clinics: grant ${gas.grant}, revoke ${gas.revoke}, register ${gas.register}. The patient paid nothing.`,
    `Plaintext found in ${(leaks.bytes / MIB).toFixed(0)} MiB of wire, disks, chain and logs: ${
      leaks.places.length === 0 ? 'none' : leaks.places.join(', ')
    }.`,
    '',
    'Try next:',
    '  npm run demo -- --record FILE --kill 1 --lie 1    your own file, a dead clinic, a lying one',
    '  npm run demo -- --keep DIR                        look at what each node keeps',
    '  README.md                                         the same by hand, in seven terminals',
    ''
  )
  if (kept != null) lines.push(`The network’s folders are in ${kept}.`, '')
  return lines.join('\n')
}
