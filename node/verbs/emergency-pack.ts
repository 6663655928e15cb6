/**
 * Asks a patient's custodians which records she marked for emergencies (`want: "pack"`), page by
 * page, and believes of it what the owner signed.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { equalBytes, toHex } from '../../core/bytes.ts'
import { decode } from '../../core/codec.ts'
import { type Code, codeName } from '../../core/codes.ts'
import { InvalidMessageError } from '../../core/errors.ts'
import { hash, type PeerIdBytes, type RecordId, recordId } from '../../core/ids.ts'
import { PACK_PAGES_MAX } from '../../core/limits.ts'
import { decodeManifest, type Manifest } from '../../core/manifest.ts'
import { decodePackAnswer, decodePage, type PackPage } from '../../core/pack.ts'
import { requestHash, signedAnswerShape } from '../../core/request.ts'
import { verify } from '../../core/signed.ts'
import { peerText } from '../keys/peer-text.ts'
import { verifyOwnersManifest } from '../manifests.ts'
import type { Node } from '../node.ts'
import { exchange, patiently, type Read, receiptOf } from './ask.ts'

/** What is read, whichever records it turns out to be. */
export type PackRead = Omit<Read, 'manifest'>

/** A record that a custodian says is in the subset, as its owner signed it. */
export interface Packed {
  readonly manifest: Manifest
  readonly anchorSalt: ReturnType<typeof hash>
}

export interface Packs {
  /** Newest versions, each once. */
  readonly records: readonly Packed[]
  readonly addrs: PackPage['addrs']
  readonly refused: readonly number[]
  readonly failed: readonly { readonly custodian: string; readonly reason: string }[]
}

/** Once one has answered, the others have this long to add what it does not keep. */
const OTHERS_MS = 1_000
const BEFORE_THE_FIRST = recordId(new Uint8Array(32))

/** All custodians at once; the first that answers does not wait for one that is away. */
export async function collectPacks(
  node: Node,
  read: PackRead,
  custodians: readonly PeerIdBytes[],
  signal: AbortSignal
): Promise<Packs> {
  const records = new Map<string, Packed>()
  const addrs: PackPage['addrs'][number][] = []
  const refused: number[] = []
  const failed: { custodian: string; reason: string }[] = []
  const first = Promise.withResolvers<void>()
  const enough = new AbortController()
  const asking = AbortSignal.any([signal, enough.signal])
  const take = async (page: PackPage): Promise<RecordId | undefined> => {
    addrs.push(...page.addrs)
    let last: RecordId | undefined
    for (const each of page.records) {
      const packed = await checked(node, read, each, asking)
      const { recordId: id } = packed.manifest.content
      const known = records.get(toHex(id))
      if (known == null || isNewer(packed, known)) records.set(toHex(id), packed)
      last = id
    }
    return page.more ? last : undefined
  }
  const asked = custodians.map(async (peer) => {
    let after: RecordId | undefined = BEFORE_THE_FIRST
    for (let page = 0; after != null && page < PACK_PAGES_MAX; page++) {
      const answer = await askPage(node, read, peer, after, asking)
      if (answer.kind === 'refused') {
        refused.push(answer.code)
        failed.push({ custodian: peerText(peer), reason: codeName(answer.code as Code) })
        return
      }
      if (answer.kind !== 'page') {
        failed.push({ custodian: peerText(peer), reason: answer.reason })
        return
      }
      try {
        const next = await take(answer.page)
        if (next != null && toHex(next) <= toHex(after)) {
          throw new InvalidMessageError('"pack" expected records after those of the page before')
        }
        after = next
      } catch (err) {
        failed.push({ custodian: peerText(peer), reason: (err as Error).message })
        return
      }
    }
    first.resolve()
  })
  const all = Promise.all(asked.map((each) => each.catch(() => {})))
  await Promise.race([all, first.promise])
  await Promise.race([all, delay(OTHERS_MS, undefined, { ref: false })])
  signal.throwIfAborted()
  enough.abort()
  return { records: [...records.values()], addrs, refused, failed }
}

const isNewer = ({ manifest: a }: Packed, { manifest: b }: Packed): boolean =>
  a.content.ver > b.content.ver ||
  (a.content.ver === b.content.ver && a.custody.shareEpoch > b.custody.shareEpoch)

/** @throws InvalidMessageError, InvalidSignatureError */
async function checked(
  node: Node,
  { capsule }: PackRead,
  { manifest, anchorSalt }: PackPage['records'][number],
  signal: AbortSignal
): Promise<Packed> {
  const decoded = decodeManifest(manifest, node.primitives)
  await verifyOwnersManifest(node, decoded, { signal })
  const { content, custody } = decoded
  if (!equalBytes(content.owner, capsule.owner) || !custody.emergency) {
    throw new InvalidMessageError('"pack" expected what its owner marked for emergencies')
  }
  return { manifest: decoded, anchorSalt: hash(anchorSalt) }
}

type Page = { readonly kind: 'page'; readonly page: PackPage }

function askPage(
  node: Node,
  read: PackRead,
  peer: PeerIdBytes,
  after: RecordId,
  signal: AbortSignal
) {
  const { owner } = read.capsule
  const manifest = {
    content: { owner, recordId: after, ver: 1 },
    custody: { shareEpoch: 1 }
  } as const
  return patiently<PackRead, Page>(
    node,
    read,
    (each) =>
      exchange<Page>(node, { ...each, manifest }, 'pack', peer, [], signal, (_, bytes, frame) =>
        pageOf(node, peer, bytes, frame)
      ),
    signal
  )
}

/** @throws InvalidMessageError if it is not this custodian's, of this request, with its receipt */
function pageOf(
  node: Node,
  peer: PeerIdBytes,
  bytes: Uint8Array,
  frame: Uint8Array
): Page | { readonly kind: 'refused'; readonly code: number } {
  const { primitives: p } = node
  const signed = decode(signedAnswerShape, frame, 'answer')
  const req = requestHash(bytes, p)
  if (!verify('answer', signed, peer, p)) {
    throw new InvalidMessageError('"answer" expected its signature')
  }
  const answer = decodePackAnswer(signed.b)
  if (!equalBytes(answer.req, req)) {
    throw new InvalidMessageError('"answer" expected the request that was sent')
  }
  if (!('pack' in answer)) return { kind: 'refused', code: answer.code }
  if (receiptOf(node, answer, peer, req) == null) {
    throw new InvalidMessageError('"answer" expected the receipt of this pack')
  }
  return { kind: 'page', page: decodePage(answer.pack) }
}
