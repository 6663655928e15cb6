/**
 * `revoke`: the signed revocation goes straight to every custodian, which refuses from that moment,
 * and to the chain through whichever of them is first (SECURITY.md §10).
 * @module
 */
import { equalBytes, fromHex, toHex } from '../../core/bytes.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import { openingHash } from '../../core/grant.ts'
import { type Address, grantId, type PeerIdBytes } from '../../core/ids.ts'
import type { SignedMessage } from '../../core/typed-data.ts'
import { decodeOwnerWord, ownerSlot } from '../../core/words.ts'
import { peerText } from '../keys/peer-text.ts'
import type { GivenGrant } from '../ledger/ledger.ts'
import type { Node } from '../node.ts'
import { namedAccount } from './accounts.ts'
import { isMeant } from './consent.ts'
import { distinct, ownSource } from './grant-source.ts'
import type { RevokeResult } from './results.ts'
import type { RevokeArgs } from './shapes.ts'
import { lastReleaseBefore, tellAll } from './tell.ts'
import type { VerbOptions } from './verb.ts'
import { ownVoice, type Voice } from './voice.ts'
import { keepersOfWard, successorsVoice, voiceFor } from './wards.ts'
import { headWords } from './words.ts'

export async function revoke(
  node: Node,
  args: RevokeArgs,
  { signal, progress }: VerbOptions
): Promise<RevokeResult> {
  const ward = args.for == null ? undefined : namedAccount(args.for, 'for')
  const owner = ward?.account ?? node.identity.account
  const grants = args.all === true ? live(node, owner) : [named(node, owner, args.grant ?? '')]
  const message =
    args.all === true
      ? await revokeAll(node, owner, signal)
      : revocations(node, await voiceOf(node, owner, signal), grants)
  progress({ step: 'notice' })
  // an epoch ends for grants too that another device gave
  const concerned = args.all === true ? [] : grants
  const custodians =
    ward == null
      ? custodiansOf(node, concerned)
      : distinct([...ward.keepers, ...keepersOfWard(node, owner)])
  const { noticed, sent } = await tellAll(node, message, custodians, signal)
  const at = Math.floor(node.clock.nowMs() / 1_000)
  await node.ledger.record(
    ...grants.map(({ entry }) => ({
      t: 'revoked' as const,
      grantId: entry.grantId,
      version: entry.version + 1,
      block: sent.block.number,
      at
    })),
    // how old one's own head may be follows from one's own epoch alone
    ...(message.type === 'RevokeAll' && ward == null
      ? [
          {
            t: 'revokedAll' as const,
            epoch: message.message.epoch,
            block: sent.block.number,
            at
          }
        ]
      : [])
  )
  return {
    revoked: grants.map(({ entry }) => toHex(entry.grantId)),
    block: sent.block.number,
    blockHash: toHex(sent.block.hash),
    lastReleaseBefore: await lastReleaseBefore(node, signal),
    noticed: noticed.map(peerText),
    gas: sent.gasUsed
  }
}

/** @throws RecordNotFoundError, InvalidParametersError if it was revoked before */
function named(node: Node, owner: Address, id: string): GivenGrant {
  const grant = node.ledger.grant(grantId(fromHex(id, 'grant')))
  if (grant == null || !isOf(node, grant, owner)) {
    throw new RecordNotFoundError(`no such grant: ${id}`)
  }
  if (grant.revoked != null) {
    throw new InvalidParametersError(`"grant" was revoked at block ${grant.revoked.block}`)
  }
  return grant
}

const live = (node: Node, owner: Address): readonly GivenGrant[] =>
  node.ledger.grants().filter((grant) => grant.revoked == null && isOf(node, grant, owner))

/** One's own, unless its terms say whose. */
const isOf = ({ identity }: Node, { terms }: GivenGrant, owner: Address): boolean =>
  equalBytes(terms?.owner ?? identity.account, owner)

const voiceOf = async (node: Node, owner: Address, signal: AbortSignal): Promise<Voice> =>
  equalBytes(owner, node.identity.account)
    ? ownVoice(node)
    : voiceFor(node, owner, ['revoke'], signal)

function revocations(
  node: Node,
  { owner, sign }: Voice,
  grants: readonly GivenGrant[]
): SignedMessage {
  const message = {
    owner,
    items: grants.map(({ entry }) => ({
      openingHash: openingHash(entry.opening, node.primitives),
      version: entry.version + 1
    }))
  }
  return { type: 'Revocations', message, sig: sign('Revocations', message) }
}

/** No guardian's right: the ward's own word, or her successor's. */
async function revokeAll(node: Node, owner: Address, signal: AbortSignal): Promise<SignedMessage> {
  const own = equalBytes(owner, node.identity.account)
  const { sign } = own ? ownVoice(node) : await successorsVoice(node, owner, signal)
  const [word] = await headWords(node, [ownerSlot(owner, node.primitives)], signal)
  const epoch = (decodeOwnerWord(word ?? 0n)?.epoch || 1) + 1
  const message = { owner, epoch }
  return { type: 'RevokeAll', message, sig: sign('RevokeAll', message) }
}

/** Custodians of all that these grants cover now; of every own record, if none is given. */
function custodiansOf(node: Node, grants: readonly GivenGrant[]): readonly PeerIdBytes[] {
  const versions = ownSource(node).versions()
  const covered = versions.filter((version) =>
    grants.some(({ entry }) => isMeant(entry.opening, entry, version))
  )
  const concerned = covered.length > 0 ? covered : versions
  return distinct(
    concerned.flatMap(({ manifest }) => manifest.custody.shares.map(({ peer }) => peer))
  )
}
