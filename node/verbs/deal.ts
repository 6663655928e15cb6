/**
 * Deals a record version to its custodians and has its blocks replicated (hop 5 of 12), as often as
 * it takes: what was acknowledged is not asked for again, so a crash or a clinic that is down costs
 * a retry and nothing else. Acknowledged means n ACKs and r replicas (SECURITY.md §5).
 * @module
 */
import { equalBytes, toHex } from '../../core/bytes.ts'
import { encode } from '../../core/codec.ts'
import { codeName } from '../../core/codes.ts'
import { custodyInfo, exportCustodyKey } from '../../core/envelope.ts'
import { InvalidMessageError } from '../../core/errors.ts'
import { type CustodyKey, custodyKey, type PeerIdBytes } from '../../core/ids.ts'
import { decodeManifest, type Manifest } from '../../core/manifest.ts'
import { bodyHash, decodeBody, decodeLink } from '../../core/receipt.ts'
import { verify } from '../../core/signed.ts'
import { CustodyCode } from '../../protocols/custody/constants.ts'
import type { Receipt, ReceiptAnswer } from '../../protocols/custody/index.ts'
import { peerText } from '../keys/peer-text.ts'
import type { EntryOf } from '../ledger/entries.ts'
import type { Ledger, OwnVersion } from '../ledger/ledger.ts'
import type { Node } from '../node.ts'
import { Turns } from '../turns.ts'
import type { CustodianResult } from './results.ts'
import type { VerbOptions } from './verb.ts'

type KemKey = Parameters<typeof exportCustodyKey>[0]
interface OwnKey {
  readonly entry: EntryOf<'custodyKey'>
  readonly ck: CustodyKey
}

/** The key that a custodian's envelopes of this owner are under; made on first use. */
export const keyFor = (node: Node, peer: PeerIdBytes, kem: KemKey): Promise<OwnKey> =>
  keys.run(node.ledger, () => makeKey(node, peer, kem))

/** Two first records at once would each make a key, and one of them could never be dealt. */
const keys = new Turns<Ledger>()

async function makeKey(node: Node, peer: PeerIdBytes, kem: KemKey): Promise<OwnKey> {
  const known = node.ledger.custodyKey(peer)
  if (known != null) return { entry: known, ck: custodyKey(known.ck) }
  const { deployment, identity, primitives } = node
  const info = custodyInfo({ deployment, owner: identity.account, custodian: peer, ckEpoch: 1 })
  const { enc, ck } = await exportCustodyKey(kem, info, primitives)
  const entry = { t: 'custodyKey', peer, ckEpoch: 1, ck, enc } as const
  await node.ledger.record(entry)
  return { entry, ck }
}

/** Asks every custodian that has not done its part yet; failures are results, not exceptions. */
export async function settle(
  node: Node,
  version: OwnVersion,
  options: VerbOptions
): Promise<readonly CustodianResult[]> {
  const manifest = decodeManifest(version.entry.manifest, node.primitives)
  const { shares } = manifest.custody
  let done = 0
  return Promise.all(
    shares.map(async ({ peer, idx }) => {
      const reason = await settleOne(node, version, manifest, idx, options).then(
        () => undefined,
        (err: unknown) => {
          options.signal.throwIfAborted()
          return (err as Error).message
        }
      )
      options.progress({ step: 'deal', done: ++done, total: shares.length })
      const ack = version.acks.get(toHex(peer))
      return {
        peer: peerText(peer),
        acked: ack != null,
        pinned: ack?.pinned === true,
        ...(reason == null ? {} : { reason })
      }
    })
  )
}

async function settleOne(
  node: Node,
  version: OwnVersion,
  manifest: Manifest,
  idx: number,
  { signal, progress }: VerbOptions
): Promise<void> {
  const { content, custody } = manifest
  const { peer } = custody.shares[idx - 1] as (typeof custody.shares)[number]
  const replica = custody.replicas.find((each) => equalBytes(each.peer, peer))
  const before = version.acks.get(toHex(peer))
  if (before?.pinned === true || (before != null && replica == null)) return

  const id = await node.reach.peer(peer, replica?.addrs ?? [], { signal })
  const registered = await node.inbox.register(id, node.card(), { signal })
  if (!registered.ok) throw new Error(`no mailbox there: ${codeName(registered.code)}`)
  if (before == null) {
    const answer = await dealTo(node, version, manifest, idx, id, signal)
    await keepAck(node, manifest, peer, answer)
  }
  if (replica != null) {
    const { owner, recordId, ver } = content
    const answer = await node.custody.pin(
      id,
      { owner, recordId, ver },
      { signal, onProgress: (blocks) => progress({ step: 'replicate', done: blocks }) }
    )
    await keepAck(node, manifest, peer, answer)
  }
}

async function dealTo(
  node: Node,
  { entry }: OwnVersion,
  { custody }: Manifest,
  idx: number,
  id: Parameters<Node['custody']['deal']>[0],
  signal: AbortSignal
): Promise<ReceiptAnswer> {
  const { peer } = custody.shares[idx - 1] as (typeof custody.shares)[number]
  const key = node.ledger.custodyKey(peer)
  const pack = (withKey: boolean) =>
    encode({
      v: 1,
      manifest: entry.manifest,
      anchorSalt: entry.anchorSalt,
      idx,
      ckEpoch: key?.ckEpoch ?? 1,
      ck: withKey ? { suite: 1, enc: key?.enc } : undefined,
      env: entry.envs[idx - 1]
    })
  // once it has acknowledged anything of ours it knows the key, unless its disk was lost
  const known = node.ledger
    .records()
    .flat()
    .some(({ acks }) => acks.has(toHex(peer)))
  const answer = await node.custody.deal(id, pack(!known), { signal })
  const lacksKey = !answer.ok && answer.code === CustodyCode.KEY_NEEDED
  return known && lacksKey ? node.custody.deal(id, pack(true), { signal }) : answer
}

/** Keeps an acknowledgement that says what it must and is signed by the custodian. */
async function keepAck(
  node: Node,
  manifest: Manifest,
  peer: PeerIdBytes,
  answer: ReceiptAnswer
): Promise<void> {
  if (!answer.ok) throw new Error(`refused: ${custodyCodeName(answer.code)}`)
  const { content, custody, contentHash, custodyHash } = manifest
  const body = checkAck(node, answer.receipt, peer)
  const place = custody.shares[body.idx - 1]
  const means =
    place != null &&
    equalBytes(place.peer, peer) &&
    equalBytes(body.com, place.com) &&
    equalBytes(body.contentHash, contentHash) &&
    equalBytes(body.custodyHash, custodyHash)
  if (!means) throw new InvalidMessageError('the acknowledgement is of something else')
  await node.ledger.record({
    t: 'ack',
    recordId: content.recordId,
    ver: content.ver,
    peer,
    shareEpoch: custody.shareEpoch,
    pinned: body.pinned,
    receipt: answer.receipt
  })
}

function checkAck(node: Node, receipt: Receipt, peer: PeerIdBytes) {
  const link = decodeLink(receipt.link.b)
  const body = decodeBody(receipt.body)
  const signed =
    equalBytes(link.by, peer) &&
    verify('link', receipt.link, peer, node.primitives) &&
    equalBytes(link.body, bodyHash(receipt.body, node.primitives))
  if (!signed || body.kind !== 'ack') {
    throw new InvalidMessageError('the acknowledgement is not signed by the custodian')
  }
  return body
}

const CODE_NAMES = new Map<number, string>(
  Object.entries(CustodyCode).map(([name, code]) => [code, name])
)
const custodyCodeName = (code: number): string => CODE_NAMES.get(code) ?? `CODE_${code}`

/** All shares and all replicas are where they belong. */
export function isAcknowledged(version: OwnVersion, manifest: Manifest): boolean {
  const { custody } = manifest
  const acked = custody.shares.every(({ peer }) => version.acks.has(toHex(peer)))
  const pinned = custody.replicas.every(({ peer }) => version.acks.get(toHex(peer))?.pinned)
  return acked && pinned
}
