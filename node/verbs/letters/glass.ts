/**
 * Letters of emergencies: a colleague asks for a signature, gives hers, or has broken the glass of
 * this patient.
 * @module
 */
import { equalBytes, isZero } from '../../../core/bytes.ts'
import { InvalidMessageError, InvalidSignatureError } from '../../../core/errors.ts'
import {
  assertAskedBy,
  type Glass,
  type GlassSigners,
  noticeOf,
  openLetter,
  signerOf
} from '../../../core/glass.ts'
import { type Address, hash } from '../../../core/ids.ts'
import type { Node } from '../../node.ts'
import { type ReadLetter, readerOf } from './letter.ts'

export const readGlass: ReadLetter = (node, plain) => {
  const { content: glass, card } = openLetter('glass', plain, readerOf(node), node.primitives)
  assertAskedBy(glass, card.binding.account)
  const notice = hash(noticeOf(glass, node.primitives))
  return [
    { t: 'glassReceived', notice, glass, card },
    { t: 'card', peer: card.binding.peerId, card }
  ]
}

/** Counts only for a glass of one's own asking, and only if it signs that very glass. */
export const readCosign: ReadLetter = (node, plain) => {
  const { content, card } = openLetter('cosign', plain, readerOf(node), node.primitives)
  const { notice, sig, at } = content
  const asked = node.ledger.glasses.askedBy(notice)
  if (asked == null) throw new InvalidMessageError('"cosign.notice" expected one that was asked')
  const { account } = card.binding
  if (equalBytes(account, node.identity.account)) {
    throw new InvalidMessageError('"cosign" expected another account')
  }
  assertSigned(node, asked.entry.glass, account, sig)
  return [
    { t: 'cosigned', notice, account, sig, at },
    { t: 'card', peer: card.binding.peerId, card }
  ]
}

export const readBroken: ReadLetter = (node, plain) => {
  const { content, card } = openLetter('broken', plain, readerOf(node), node.primitives)
  const { glass, signers } = content
  if (!equalBytes(glass.owner, node.identity.account)) {
    throw new InvalidMessageError('"glass.owner" expected this account')
  }
  assertAskedBy(glass, card.binding.account)
  assertAllSigned(node, glass, signers)
  const notice = hash(noticeOf(glass, node.primitives))
  return [
    { t: 'glassHeard', notice, glass, signers, card },
    { t: 'card', peer: card.binding.peerId, card }
  ]
}

function assertAllSigned(node: Node, glass: Glass, signers: GlassSigners): void {
  for (const { account, sig } of signers) assertSigned(node, glass, account, sig)
  const asks = signers.some(({ account }) => endsWith(glass.opening.grantee, account))
  if (!asks) throw new InvalidMessageError('"signers" expected the account that asks among them')
}

function assertSigned(node: Node, glass: Glass, account: Address, sig: Uint8Array): void {
  const by = signerOf(glass, sig, node.deployment, node.primitives)
  if (by == null || !equalBytes(by, account)) {
    throw new InvalidSignatureError('"sig" expected the account\'s signature of this glass')
  }
}

/** A grantee of kind 1 is the account, left-padded. */
const endsWith = (grantee: Uint8Array, account: Uint8Array): boolean =>
  isZero(grantee.subarray(0, 12)) && equalBytes(grantee.subarray(12), account)
