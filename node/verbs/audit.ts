/**
 * `audit anchor` and `audit status`: writes the root over this custodian's receipts to the chain,
 * and tells whether the log still begins with what was anchored before (SECURITY.md §11).
 * @module
 */
import { toHex, toHex0x } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import type { Clinic } from '../clinic.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import { stateText } from '../receipts/anchor.ts'
import type { AuditAnchorResult, AuditStatusResult } from './audit-shapes.ts'
import type { VerbOptions } from './verb.ts'

/** @throws InvalidParametersError on a light node, which keeps no log */
function servingSide({ clinic }: Node): Clinic {
  if (clinic != null) return clinic
  throw new InvalidParametersError(
    '"profile" expected clinic: a light node keeps no log of its own'
  )
}

/** @throws StoreCorruptError, ChainUnavailableError, TransactionFailedError */
export async function anchorAudit(
  node: Node,
  { signal, progress }: Pick<VerbOptions, 'signal' | 'progress'>
): Promise<AuditAnchorResult> {
  const { anchor, receipts } = servingSide(node)
  progress({ step: 'anchor' })
  const sent = await anchor.anchor({ signal })
  if (sent == null) {
    const { toSeq, root } = receipts.top
    return { anchored: false, toSeq, root: toHex(root) }
  }
  const { words, tx } = sent
  return {
    anchored: true,
    toSeq: words.toSeq,
    root: toHex(words.root),
    tx: toHex(tx.txHash),
    block: tx.block.number,
    gas: tx.gasUsed
  }
}

/** Asks the chain anew. */
export async function auditStatus(
  node: Node,
  { signal }: Pick<VerbOptions, 'signal'>
): Promise<AuditStatusResult> {
  const { anchor, receipts } = servingSide(node)
  const state = await anchor.check({ signal })
  const { identity } = node
  return {
    peer: peerText(identity.peer),
    entries: receipts.lastSeq,
    whole: receipts.isWhole,
    state: state.kind,
    reason: stateText(state),
    ...('toSeq' in state
      ? { toSeq: state.toSeq, root: toHex(state.root), at: state.atSeconds }
      : {}),
    writer: toHex0x(identity.account),
    salt: toHex(anchor.salt)
  }
}
