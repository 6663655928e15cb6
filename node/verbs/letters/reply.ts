/**
 * The owner's answer to a wish, or a grant that came unasked: with a grant, its capsule, opened and
 * checked (hop 8 of 12).
 * @module
 */
import { equalBytes } from '../../../core/bytes.ts'
import { decode } from '../../../core/codec.ts'
import { capsuleInfo, kemKeyHash, open } from '../../../core/envelope.ts'
import { InvalidMessageError } from '../../../core/errors.ts'
import { grantId, openingHash } from '../../../core/grant.ts'
import type { GrantId } from '../../../core/ids.ts'
import { RPC_MAX_MS } from '../../../core/limits.ts'
import { type Capsule, capsuleShape, decodeManifest } from '../../../core/manifest.ts'
import { openReply, replyMailShape, wishReplyShape } from '../../../core/wish.ts'
import { decodeGrantWord, GrantStatus, grantSlot } from '../../../core/words.ts'
import type { Entry } from '../../ledger/entries.ts'
import { verifyOwnersManifest } from '../../manifests.ts'
import type { Node } from '../../node.ts'
import { type ReadLetter, readerOf } from './letter.ts'
import { provenWord } from './proven.ts'

const NO_AAD = new Uint8Array(0)

export const readReply: ReadLetter = async (node, plain) => {
  const mail = decode(replyMailShape, plain, 'mail')
  const named = decode(wishReplyShape, mail.reply.b, 'reply')
  const asked = node.ledger.asked().find(({ id }) => equalBytes(id, named.wish))
  // the owner, or who speaks for her: a guardian, or the account that succeeded hers
  const from = mail.card.binding.account
  const { reply, card } = openReply(plain, from, readerOf(node), node.primitives)
  const owner = asked?.wish.owner ?? from
  if (reply.capsule == null && !equalBytes(owner, from)) {
    throw new InvalidMessageError('"reply" expected the owner, who alone denies')
  }
  const entries: Entry[] = [
    {
      t: 'reply',
      wish: reply.wish,
      verdict: reply.verdict,
      reason: reply.reason,
      grantId: reply.grantId,
      at: reply.at
    },
    { t: 'card', peer: card.binding.peerId, card }
  ]
  if (reply.capsule != null && reply.grantId != null) {
    const info = capsuleInfo({
      deployment: node.deployment,
      owner: from,
      grantId: reply.grantId,
      kemKeyHash: kemKeyHash(node.identity.kem.publicKey, node.primitives)
    })
    const { seed } = node.identity.kem
    const opened = await open('capsule', info, seed, reply.capsule, NO_AAD, node.primitives)
    const capsule = decode(capsuleShape, opened, 'capsule')
    await assertCapsule(node, capsule, reply.grantId)
    if (asked != null && !equalBytes(capsule.owner, owner)) {
      throw new InvalidMessageError('"capsule" expected the owner who was asked')
    }
    // a letter of somebody else proves nothing: her word on the chain does
    if (!equalBytes(capsule.owner, from)) await assertGranted(node, reply.grantId)
    entries.push({
      t: 'capsule',
      grantId: reply.grantId,
      wish: asked == null ? undefined : reply.wish,
      capsule,
      hl7: asked?.wish.hl7 ?? ''
    })
  }
  return entries
}

/** @throws InvalidMessageError, ChainUnavailableError: the letter is read again then */
async function assertGranted(node: Node, id: GrantId): Promise<void> {
  const stands = (word: bigint) => decodeGrantWord(word)?.status === GrantStatus.ACTIVE
  if ((await provenWord(node, grantSlot(id, node.primitives), stands)) == null) {
    throw new InvalidMessageError('"capsule" expected a grant that stands under its owner')
  }
}

/** The opening hashes to the grant's id, and every manifest in it is the owner's. */
export async function assertCapsule(node: Node, capsule: Capsule, id: Uint8Array): Promise<void> {
  const { primitives: p } = node
  const signal = AbortSignal.timeout(RPC_MAX_MS * 2)
  const { owner } = capsule
  const found = grantId(owner, openingHash(capsule.opening, p), p)
  if (!equalBytes(found, id)) {
    throw new InvalidMessageError('"capsule" expected the opening of its grant')
  }
  for (const { manifest, recordId, ver } of capsule.records) {
    const decoded = decodeManifest(manifest, p)
    await verifyOwnersManifest(node, decoded, { signal })
    const { content } = decoded
    if (!equalBytes(content.owner, owner)) {
      throw new InvalidMessageError('"capsule" expected manifests of its owner')
    }
    if (!equalBytes(content.recordId, recordId) || content.ver !== ver) {
      throw new InvalidMessageError('"capsule" expected the manifests of its records')
    }
  }
}
