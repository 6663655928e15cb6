/**
 * The requester's side of the access protocol (hops 9 and 11a of 12): one signed request a
 * custodian, the answer checked to the last field, the share held against its commitment. A wrong
 * share is not an exception but evidence against its custodian.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { equalBytes, toHex, wipe } from '../../core/bytes.ts'
import { decode, encode } from '../../core/codec.ts'
import { Code } from '../../core/codes.ts'
import { open, shareInfo } from '../../core/envelope.ts'
import { grantId, openingHash } from '../../core/grant.ts'
import { share as asShare, type KemSeed, type PeerIdBytes, type Share } from '../../core/ids.ts'
import { REQUEST_DEADLINE_SECONDS } from '../../core/limits.ts'
import type { Capsule, Manifest } from '../../core/manifest.ts'
import { type BodyOf, bodyHash, decodeBody, decodeLink } from '../../core/receipt.ts'
import {
  type AccessRequest,
  type Answer,
  decodeAnswer,
  encodeRequest,
  requestHash,
  signedAnswerShape,
  type Want
} from '../../core/request.ts'
import { shareCommitment } from '../../core/shares.ts'
import { sign, verify } from '../../core/signed.ts'
import type { BlockRef } from '../adapters.ts'
import type { Node } from '../node.ts'

/** One read: what is asked for, and the key made for it alone. */
export interface Read {
  readonly capsule: Capsule
  readonly manifest: Manifest
  readonly hl7: string
  readonly purpose: number
  /** One confirmed block for all custodians. */
  readonly conf: BlockRef
  readonly kem: { readonly seed: KemSeed; readonly publicKey: AccessRequest['kem'] }
  /** Who signed for it, where no grant does. */
  readonly emergency?: AccessRequest['emergency']
  /** What a colleague signed, where the grant is hers. */
  readonly sub?: AccessRequest['sub']
}

/** As much of a manifest as a request names. */
type Named = {
  readonly content: Pick<Manifest['content'], 'owner' | 'recordId' | 'ver'>
  readonly custody: Pick<Manifest['custody'], 'shareEpoch'>
}

export type Asked =
  | { readonly kind: 'released'; readonly receipt: BodyOf<'release'>; readonly share?: Share }
  | { readonly kind: 'refused'; readonly code: number }
  /** It answered, and wrongly. */
  | { readonly kind: 'blamed'; readonly reason: string }
  /** `broke`: it was reached, and the stream ended before its answer. */
  | { readonly kind: 'unreached'; readonly reason: string; readonly broke?: true }

/** Refusals that pass: busy, or its view of the chain and ours differ for a moment. */
const PASSING = new Set<number>([
  Code.BUSY,
  Code.RPC_UNAVAILABLE,
  Code.RPC_DISAGREE,
  Code.HEAD_STALE,
  Code.CONF_MISMATCH
])
const TRIES = 3
const RETRY_MS = 700

/** Asks one custodian or replica, with patience. Throws by `signal` only. */
export const ask = (
  node: Node,
  read: Read,
  want: Want,
  peer: PeerIdBytes,
  addrs: readonly Uint8Array[],
  signal: AbortSignal
): Promise<Asked> =>
  patiently(
    node,
    read,
    (each) =>
      exchange<Asked>(node, each, want, peer, addrs, signal, (sent, bytes, frame) =>
        check(node, each, want, peer, sent, bytes, frame)
      ),
    signal
  )

/** What may come of an exchange beside what it is for. */
type Failed = Exclude<Asked, { readonly kind: 'released' }>

/**
 * Asks again after a refusal for a passing reason, and once more if the stream broke, as one that
 * was kept does when its connection was replaced.
 */
export async function patiently<R extends Pick<Read, 'conf'>, A extends { readonly kind: string }>(
  node: Node,
  read: R,
  once: (read: R) => Promise<A | Failed>,
  signal: AbortSignal
): Promise<A | Failed> {
  for (let tried = 1; ; tried++) {
    const asked: A | Failed = await once(read)
    if (asked.kind === 'unreached' && 'broke' in asked && tried === 1) continue
    const passing = asked.kind === 'refused' && 'code' in asked && PASSING.has(asked.code)
    if (!passing || tried === TRIES) return asked
    await delay(RETRY_MS, undefined, { signal })
    const heads = await node.heads.current({ signal })
    if (heads.ok) read = { ...read, conf: heads.value.conf }
  }
}

/** One request and what `take` makes of the answer; what it throws is the custodian's fault. */
export async function exchange<A>(
  node: Node,
  read: Omit<Read, 'manifest'> & { readonly manifest: Named },
  want: Want,
  peer: PeerIdBytes,
  addrs: readonly Uint8Array[],
  signal: AbortSignal,
  take: (
    sent: AccessRequest,
    bytes: Uint8Array,
    frame: Uint8Array
  ) => A | Failed | Promise<A | Failed>
): Promise<A | Failed> {
  let sent: AccessRequest | undefined
  let bytes: Uint8Array | undefined
  let frame: Uint8Array
  let reached = false
  try {
    const id = await node.reach.peer(peer, addrs, { signal })
    reached = true
    frame = await node.access.request(
      id,
      ({ challenge, seq }) => {
        sent = requestOf(node, read, want, peer, challenge, seq)
        bytes = encodeRequest(sent)
        return encode(sign('request', bytes, node.identity.peerSeed, node.primitives))
      },
      { signal }
    )
  } catch (err) {
    signal.throwIfAborted()
    const reason = (err as Error).message
    return { kind: 'unreached', reason, ...(reached && { broke: true as const }) }
  }
  if (sent == null || bytes == null) return { kind: 'unreached', reason: 'nothing was sent' }
  try {
    return await take(sent, bytes, frame)
  } catch (err) {
    return { kind: 'blamed', reason: (err as Error).message }
  }
}

function requestOf(
  node: Node,
  read: Omit<Read, 'manifest'> & { readonly manifest: Named },
  want: Want,
  custodian: PeerIdBytes,
  challenge: Uint8Array,
  seq: number
): AccessRequest {
  const { capsule, manifest, hl7, purpose, conf, kem, emergency, sub } = read
  const { deployment, clock } = node
  const { binding, bindingSig } = node.card()
  const { content, custody } = manifest
  return {
    v: 1,
    want,
    chain: deployment.chainId,
    grants: deployment.grants,
    custodian,
    challenge: challenge as AccessRequest['challenge'],
    seq,
    deadline: Math.floor(clock.nowMs() / 1_000) + REQUEST_DEADLINE_SECONDS / 2,
    binding,
    bindingSig,
    owner: content.owner,
    recordId: content.recordId,
    ver: content.ver,
    shareEpoch: custody.shareEpoch,
    opening: capsule.opening,
    tags: capsule.tags,
    except: capsule.except,
    tree: capsule.tree,
    purpose,
    hl7,
    kem: kem.publicKey,
    conf: { n: conf.number, h: conf.hash },
    emergency,
    sub
  }
}

async function check(
  node: Node,
  read: Read,
  want: Want,
  peer: PeerIdBytes,
  sent: AccessRequest,
  bytes: Uint8Array,
  frame: Uint8Array
): Promise<Asked> {
  const { primitives: p } = node
  const signed = decode(signedAnswerShape, frame, 'answer')
  if (!verify('answer', signed, peer, p)) return blame('its answer is not signed by it')
  const answer = decodeAnswer(signed.b)
  const req = requestHash(bytes, p)
  if (!equalBytes(answer.req, req)) return blame('it answered another request')
  if (!answer.ok) return { kind: 'refused', code: answer.code }
  const receipt = receiptOf(node, answer, peer, req)
  if (receipt == null) return blame('its receipt is not of this release')
  if (want !== 'share') return { kind: 'released', receipt }
  const share = await openAnswer(node, read, peer, sent, req, answer)
  return share == null
    ? blame(`share ${answer.idx ?? ''} does not match its commitment`)
    : { kind: 'released', receipt, share }
}

const blame = (reason: string): Asked => ({ kind: 'blamed', reason })

/** What an answer, or that to a request for a pack, has of a release. */
type Given = Pick<Answer, 'link' | 'body'> &
  Partial<Pick<Answer, 'enc' | 'ct'>> & { readonly pack?: Uint8Array }

/** Signed by the custodian, over a body that names this request. */
export function receiptOf(
  node: Node,
  { link, body, enc, ct, pack }: Given,
  peer: PeerIdBytes,
  req: Uint8Array
): BodyOf<'release'> | undefined {
  if (link == null || body == null || !verify('link', link, peer, node.primitives)) return undefined
  const { by, body: hashed } = decodeLink(link.b)
  const receipt = decodeBody(body)
  const given = pack != null ? [pack] : enc != null && ct != null ? [enc, ct] : []
  const sealed = given.length === 0 ? undefined : node.primitives.sha256(...given)
  const fits =
    equalBytes(by, peer) &&
    equalBytes(hashed, bodyHash(body, node.primitives)) &&
    receipt.kind === 'release' &&
    equalBytes(receipt.req, req) &&
    // what it says it gave is what it gave
    toHex(receipt.ct ?? NOTHING) === toHex(sealed ?? NOTHING)
  return fits ? receipt : undefined
}

const NOTHING = new Uint8Array(0)

/** The share, if it opens and is the one that the owner committed to. */
async function openAnswer(
  node: Node,
  { manifest, kem }: Read,
  peer: PeerIdBytes,
  sent: AccessRequest,
  req: Uint8Array,
  { idx, shareEpoch, enc, ct }: Answer
): Promise<Share | undefined> {
  const { primitives: p, deployment, identity } = node
  const place = manifest.custody.shares.find((each) => each.idx === idx)
  if (place == null || enc == null || ct == null || shareEpoch !== sent.shareEpoch) return undefined
  const { recordId, ver } = sent
  const ids = { recordId, ver, shareEpoch, idx: place.idx }
  const info = shareInfo({
    deployment,
    owner: sent.owner,
    ids,
    grantId: grantId(sent.owner, openingHash(sent.opening, p), p),
    custodian: peer,
    requester: identity.peer,
    challenge: sent.challenge,
    seq: sent.seq
  })
  const sealed = { v: 1, suite: 1, enc, ct } as const
  const plain = await open('share', info, kem.seed, sealed, req, p).catch(() => undefined)
  if (plain == null) return undefined
  const salt = plain.slice(0, 32)
  const share = asShare(plain.slice(32))
  wipe(plain)
  if (equalBytes(shareCommitment({ ...ids, salt, share }, p), place.com)) return share
  wipe(share)
  return undefined
}

/** Where a custodian or replica was last known to be. */
export const addrsOf = (
  { addrs }: Capsule,
  { custody }: Manifest,
  peer: PeerIdBytes
): readonly Uint8Array[] =>
  [...custody.replicas, ...addrs].find((each) => equalBytes(each.peer, peer))?.addrs ?? []
