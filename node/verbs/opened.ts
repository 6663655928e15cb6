/**
 * What was opened here of other people's records: an attester vouches only for content that it has
 * read, whole, and whose anchor was checked against the chain when it was.
 * @module
 */
import { equalBytes } from '../../core/bytes.ts'
import { grantId, openingHash } from '../../core/grant.ts'
import type { Capsule, Manifest } from '../../core/manifest.ts'
import type { EntryOf } from '../ledger/entries.ts'
import type { Node } from '../node.ts'

/** Once for each version and grant. */
export async function noteOpened(node: Node, capsule: Capsule, manifest: Manifest): Promise<void> {
  const { clock, ledger, primitives: p } = node
  const { recordId, ver } = manifest.content
  const id = grantId(capsule.owner, openingHash(capsule.opening, p), p)
  const known = openedOf(node, recordId, ver).some((each) => equalBytes(each.grantId, id))
  if (known) return
  const at = Math.floor(clock.nowMs() / 1_000)
  const { contentHash } = manifest
  await ledger.record({ t: 'opened', recordId, ver, grantId: id, contentHash, at })
}

/** Under which grants this version was opened, the last first. */
export const openedOf = (
  node: Node,
  recordId: Uint8Array,
  ver: number
): readonly EntryOf<'opened'>[] =>
  node.ledger
    .opened()
    .filter((each) => equalBytes(each.recordId, recordId) && each.ver === ver)
    .reverse()
