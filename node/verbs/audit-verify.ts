/**
 * `audit verify`: checks a chain of receipts in a file, with nothing else at hand: no network, no
 * node, no folder (PEERS.md N17). Its author is who signed the first link.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { InvalidMessageError, InvalidParametersError } from '../../core/errors.ts'
import { decodeExport, decodeLink, verifyChain } from '../../core/receipt.ts'
import { chainParameters } from '../chain/parameters.ts'
import { nativePrimitives } from '../crypto/native.ts'
import { peerText } from '../keys/peer-text.ts'
import type { AuditVerifyResult } from './results.ts'
import { type AuditVerifyArgs, auditVerifyArgs } from './shapes.ts'
import type { OfflineVerb } from './verb.ts'

/** The widest clock guard of any chain: a file does not say which it was written beside. */
const GUARD_SECONDS = chainParameters('l1').clockGuardSeconds

export const auditVerify: OfflineVerb<AuditVerifyArgs, AuditVerifyResult> = {
  name: 'audit.verify',
  args: auditVerifyArgs,
  async run({ file }) {
    const bytes = await readFile(file).catch((cause: unknown) => {
      throw new InvalidParametersError(`"file" expected one that can be read: ${file}`, { cause })
    })
    const entries = decodeExport(bytes)
    const [first] = entries
    if (first == null) throw new InvalidMessageError('"file" expected at least one receipt')
    const { by } = decodeLink(first.link.b)
    const { faults } = verifyChain(entries, by, GUARD_SECONDS, nativePrimitives)
    return {
      valid: faults.length === 0,
      peer: peerText(by),
      entries: entries.length,
      faults: faults.map(({ index, fault }) => `receipt ${index + 1}: ${fault}`)
    }
  }
}
