/**
 * Capsules on their way to readers: what a grant opens, sealed to each reader's own key, as answers
 * to a wish. A grant to a class or a chart goes on: of each version published later its readers get
 * a capsule too, under the same opening; their ledgers add them up (hop 8 of 12).
 * @module
 */
import type { Card } from '../../core/binding.ts'
import { encode } from '../../core/codec.ts'
import { capsuleInfo, kemKeyHash, type Sealed, seal } from '../../core/envelope.ts'
import { hash } from '../../core/ids.ts'
import {
  CAPSULE_MAX_BYTES,
  CAPSULE_RECORDS_MAX,
  CUSTODIANS_MAX,
  REPLICAS_MAX
} from '../../core/limits.ts'
import type { Capsule } from '../../core/manifest.ts'
import { signReply, type WishReply } from '../../core/wish.ts'
import type { EntryOf } from '../ledger/entries.ts'
import type { Node } from '../node.ts'
import { distinct, type GivableVersion, type GrantSource } from './grant-source.ts'
import { leaveMail } from './mail.ts'
import type { Reader } from './reader.ts'

export interface DeliverableGrant {
  readonly entry: Pick<EntryOf<'granted'>, 'grantId' | 'opening' | 'tags' | 'except'>
  readonly terms: Pick<EntryOf<'terms'>, 'owner' | 'tree' | 'reply' | 'note'>
  readonly versions: readonly GivableVersion[]
}

/** At the reader's own box, else at the custodians, where it looks too. False: nobody took it. */
export async function deliver(
  node: Node,
  source: GrantSource,
  grant: DeliverableGrant,
  reader: Reader,
  versions: readonly GivableVersion[],
  signal: AbortSignal
): Promise<boolean> {
  const peer = reader.card.binding.peerId
  const { grantId } = grant.entry
  const fallback = source.relayers(versions).map((each) => ({ peer: each, addrs: [] }))
  for (const part of partsOf(versions)) {
    const capsule = await sealCapsule(node, grant, reader.card, part)
    const plain = signReply(
      replyOf(node, grant, capsule),
      node.card(),
      node.identity.peerSeed,
      node.primitives
    )
    try {
      await leaveMail(node, reader.card, plain, [...reader.at, ...fallback], signal)
    } catch (err) {
      signal.throwIfAborted()
      if ((err as Error).name !== 'PeerUnavailableError') throw err
      return false
    }
    const records = part.map(({ recordId, ver }) => ({ recordId, ver }))
    await node.ledger.record({ t: 'delivered', grantId, peer, records })
  }
  return true
}

/** As many a capsule as it holds by number and bytes; of no version, one empty capsule. */
function partsOf(versions: readonly GivableVersion[]): readonly (readonly GivableVersion[])[] {
  const parts: GivableVersion[][] = [[]]
  let bytes = 0
  for (const version of versions) {
    const more = version.manifest.bytes.byteLength + BYTES_BESIDE_MANIFEST
    const last = parts.at(-1) as GivableVersion[]
    if (last.length === CAPSULE_RECORDS_MAX || bytes + more > PART_BYTES) {
      parts.push([version])
      bytes = more
    } else {
      last.push(version)
      bytes += more
    }
  }
  return parts
}

/** Id, number, salt and keys of the map around a manifest. */
const BYTES_BESIDE_MANIFEST = 256
/** As core/manifest.ts has it. */
const CAPSULE_ADDRS_MAX = CUSTODIANS_MAX + REPLICAS_MAX
/** Leaves the rest to lists of tags and addresses. */
const PART_BYTES = CAPSULE_MAX_BYTES / 2

const replyOf = (node: Node, { entry, terms }: DeliverableGrant, capsule: Sealed): WishReply => ({
  v: 1,
  wish: hash(terms.reply),
  verdict: 'granted',
  reason: terms.note,
  capsule,
  grantId: entry.grantId,
  at: Math.floor(node.clock.nowMs() / 1_000)
})

/** Sealed to this reader's own key: nobody else of a group can open it. */
function sealCapsule(
  node: Node,
  { entry, terms }: DeliverableGrant,
  reader: Card,
  versions: readonly GivableVersion[]
): Promise<Sealed> {
  const { primitives: p, deployment, ledger } = node
  const custodians = distinct(
    versions.flatMap(({ manifest }) => manifest.custody.shares.map(({ peer }) => peer))
  )
  const capsule: Capsule = {
    v: 1,
    owner: terms.owner,
    opening: entry.opening,
    tags: entry.tags,
    except: entry.except,
    tree: terms.tree,
    records: versions.map(({ recordId, ver, manifest, anchorSalt, so }) => ({
      recordId,
      ver,
      manifest: manifest.bytes,
      anchorSalt,
      so
    })),
    addrs: custodians
      .slice(0, CAPSULE_ADDRS_MAX)
      .map((peer) => ({ peer, addrs: ledger.card(peer)?.addrs ?? [] }))
  }
  const info = capsuleInfo({
    deployment,
    owner: node.identity.account, // who writes the letter: for a ward her guardian
    grantId: entry.grantId,
    kemKeyHash: kemKeyHash(reader.kem, p)
  })
  return seal('capsule', info, reader.kem, encode(capsule), new Uint8Array(0), p)
}
