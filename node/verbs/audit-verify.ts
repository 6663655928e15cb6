/**
 * `audit verify`: checks a chain of receipts in a file, with nothing else at hand: no network, no
 * node, no folder (PEERS.md N17). Its author is who signed the first link. Given a chain and the
 * names that the author anchors under, it asks there whether the file begins with what was anchored.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { InvalidParametersError } from '../../core/errors.ts'
import type { PeerIdBytes } from '../../core/ids.ts'
import { type ChainEntry, decodeExport, decodeLink, verifyChain } from '../../core/receipt.ts'
import { chainParameters } from '../chain/parameters.ts'
import { nativePrimitives } from '../crypto/native.ts'
import { peerText } from '../keys/peer-text.ts'
import { checkAnchored } from './audit-anchored.ts'
import type { AnchoredResult } from './audit-shapes.ts'
import type { AuditVerifyResult } from './results.ts'
import { type AuditVerifyArgs, auditVerifyArgs } from './shapes.ts'
import type { OfflineVerb } from './verb.ts'

/** The widest clock guard of any chain: a file does not say which it was written beside. */
const GUARD_SECONDS = chainParameters('l1').clockGuardSeconds

export const auditVerify: OfflineVerb<AuditVerifyArgs, AuditVerifyResult> = {
  name: 'audit.verify',
  args: auditVerifyArgs,
  async run({ file, anchor }, { signal }) {
    const bytes = await readFile(file).catch((cause: unknown) => {
      throw new InvalidParametersError(`"file" expected one that can be read: ${file}`, { cause })
    })
    const read = readChain(bytes)
    if (read == null)
      return { valid: false, peer: '', entries: 0, faults: ['no chain of receipts'] }
    const { entries, by } = read
    const chain = verifyChain(entries, by, GUARD_SECONDS, nativePrimitives)
    const faults = chain.faults.map(({ index, fault }) => `receipt ${index + 1}: ${fault}`)
    const own = { valid: faults.length === 0, peer: peerText(by), entries: entries.length, faults }
    if (anchor == null) return own
    const anchored = await checkAnchored(entries, by, anchor, nativePrimitives, signal)
    const all = [...faults, ...anchored.faults]
    return { ...own, valid: all.length === 0, faults: all, ...withAnchor(anchored.anchor) }
  }
}

const withAnchor = (anchor: AnchoredResult | undefined) => (anchor == null ? {} : { anchor })

/** Undefined for a file of something else: what does not verify is an answer, not an error. */
function readChain(
  bytes: Uint8Array
): { readonly entries: readonly ChainEntry[]; readonly by: PeerIdBytes } | undefined {
  try {
    const entries = decodeExport(bytes)
    const [first] = entries
    return first == null ? undefined : { entries, by: decodeLink(first.link.b).by }
  } catch (err) {
    if ((err as Error).name === 'InvalidMessageError') return undefined
    throw err
  }
}
