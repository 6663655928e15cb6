/**
 * `history` and `audit export`: the receipts that custodians keep about this person's records,
 * fetched page by page, each chain checked link by link before it is believed (hop 12 of 12), and
 * what the chain itself says of her.
 * @module
 */
import { writeFile } from 'node:fs/promises'
import { fromHex, toHex } from '../../core/bytes.ts'
import { codeName } from '../../core/codes.ts'
import { inboxInfo, kemKeyHash, open } from '../../core/envelope.ts'
import { InvalidMessageError, InvalidParametersError } from '../../core/errors.ts'
import { grantId, hash, type PeerIdBytes, peerIdBytes } from '../../core/ids.ts'
import { EXPORT_LINKS_MAX, RECEIPTS_PER_PAGE } from '../../core/limits.ts'
import {
  type BodyOf,
  CHAIN_START,
  type ChainEnd,
  type ChainEntry,
  checkEntry,
  decodeBody,
  decodeExport,
  decodeLink,
  encodeExport,
  linkHash
} from '../../core/receipt.ts'
import { peerFromText, peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import { nameOf } from './custodians.ts'
import { keepersOf } from './mail.ts'
import type { AuditExportResult, HistoryResult } from './results.ts'
import { seenRows } from './seen.ts'
import type { AuditExportArgs, HistoryArgs } from './shapes.ts'
import type { VerbOptions } from './verb.ts'

export async function history(
  node: Node,
  args: HistoryArgs,
  { signal, progress }: VerbOptions
): Promise<HistoryResult> {
  const keepers = keepersOf(node)
  const faults: { custodian: string; reason: string }[] = []
  let done = 0
  // a chain that is away hides nothing of what custodians tell
  const looked = node.watch?.look({ signal }).catch(() => signal.throwIfAborted())
  await Promise.all(
    keepers.map(async (keeper) => {
      // one that is away is asked next time; one that lies is named and hides nothing of the others
      await fetchReceipts(node, keeper, signal).catch((err: unknown) => {
        signal.throwIfAborted()
        const { name, message } = err as Error
        if (!LIES.has(name)) return
        faults.push({ custodian: peerText(keeper), reason: message })
      })
      progress({ step: 'receipts', done: ++done, total: keepers.length })
    })
  )
  await looked
  const receipts = node.ledger
    .receiptPeers()
    .map((peer) => peerIdBytes(fromHex(peer)))
    .flatMap((peer) => node.ledger.receipts(peer).flatMap((entry) => rowOf(node, peer, entry)))
  const entries = [...receipts, ...seenRows(node)]
    .filter(({ recordId }) => args.record == null || recordId === bare(args.record))
    .sort((a, b) => a.at - b.at)
  return faults.length === 0 ? { entries } : { entries, faults }
}

/** What an answer that is no answer comes to. */
const LIES = new Set(['InvalidMessageError', 'DecryptionFailedError'])
/** Pages in one go: a custodian that never ends must not fill her disk. */
const PAGES_MAX = Math.ceil(EXPORT_LINKS_MAX / RECEIPTS_PER_PAGE)

/** @throws InvalidMessageError, DecryptionFailedError if its answer or its chain does not hold */
async function fetchReceipts(node: Node, keeper: PeerIdBytes, signal: AbortSignal): Promise<void> {
  const { deployment, identity, inbox, primitives: p, ledger, parameters } = node
  const peer = await node.reach.peer(keeper, [], { signal })
  const info = inboxInfo({
    deployment,
    owner: identity.account,
    kemKeyHash: kemKeyHash(identity.kem.publicKey, p)
  })
  let end = endOf(node, ledger.receipts(keeper))
  for (let page = 0; page < PAGES_MAX; page++) {
    const answer = await inbox.receipts(peer, identity.account, end.seq, { signal })
    if (!answer.ok || answer.page == null) return
    const plain = await open('inbox', info, identity.kem.seed, answer.page, NO_AAD, p)
    const entries = decodeExport(plain)
    for (const entry of entries) {
      const reader = { peer: keeper, guardSeconds: parameters.clockGuardSeconds }
      const step = checkEntry(end, entry, reader, p)
      if (step.faults.length > 0) {
        throw new InvalidMessageError(
          `its receipts do not hold at ${end.seq + 1}: ${step.faults.join(', ')}`
        )
      }
      end = step.end
    }
    await ledger.record({ t: 'receipts', peer: keeper, entries })
    if (!answer.more) return
  }
}

const NO_AAD = new Uint8Array(0)

/** Where a chain that was checked before ends. */
function endOf(node: Node, entries: readonly ChainEntry[]): ChainEnd {
  const last = entries.at(-1)
  if (last == null) return CHAIN_START
  const { seq, at } = decodeLink(last.link.b)
  return { seq, hash: hash(linkHash(last.link, node.primitives)), atSeconds: at }
}

function rowOf(
  node: Node,
  custodian: PeerIdBytes,
  { link, body }: ChainEntry
): HistoryResult['entries'] {
  if (body == null) return []
  const receipt = decodeBody(body)
  const { at } = decodeLink(link.b)
  const asked = receipt.kind === 'release' || receipt.kind === 'refuse'
  const isPack = asked && receipt.want === 'pack'
  const code = receipt.kind === 'refuse' ? `${receipt.code} ${codeName(receipt.code)}` : undefined
  return [
    {
      at,
      kind: asked && receipt.want !== 'share' ? `${receipt.kind} ${receipt.want}` : receipt.kind,
      custodian: peerText(custodian),
      ...(asked ? { who: nameOf(node, receipt.peer) ?? peerText(receipt.peer) } : {}),
      ...(asked ? passedOn(node, receipt) : {}),
      // of a pack it says where its page began
      recordId: receipt.recordId == null || isPack ? '' : toHex(receipt.recordId),
      ver: receipt.ver ?? 0,
      ...(asked ? { purpose: receipt.hl7 } : {}),
      ...(asked && receipt.emergency ? { emergency: true as const } : {}),
      ...(code == null ? {} : { code })
    }
  ]
}

/** Under a sub-grant: which, and whose grant it is of. */
function passedOn(
  { ledger }: Node,
  { sub, grantId: grant }: Pick<BodyOf<'release' | 'refuse'>, 'sub' | 'grantId'>
): Pick<HistoryResult['entries'][number], 'delegation' | 'passedOnBy'> {
  if (sub == null) return {}
  const entry = grant && ledger.grant(grantId(grant))?.entry
  return {
    delegation: toHex(sub),
    ...(entry && { passedOnBy: entry.name || peerText(entry.grantee) })
  }
}

/** `audit export`: this node's own log, or the chain that a custodian gave us. */
export async function exportAudit(node: Node, args: AuditExportArgs): Promise<AuditExportResult> {
  const peer = args.peer == null ? node.identity.peer : peerFromText(args.peer)
  const entries = args.peer == null ? await ownLog(node) : node.ledger.receipts(peer)
  const last = entries.at(-1)
  if (last == null) {
    throw new InvalidParametersError(
      `"peer" expected one whose receipts are here, got ${args.peer}`
    )
  }
  await writeFile(args.out, encodeExport(entries), { mode: 0o600 })
  return {
    out: args.out,
    entries: entries.length,
    peer: peerText(peer),
    head: toHex(linkHash(last.link, node.primitives))
  }
}

async function ownLog(node: Node): Promise<readonly ChainEntry[]> {
  const { clinic } = node
  if (clinic == null) {
    throw new InvalidParametersError('"peer" expected: a light node keeps no log of its own')
  }
  const entries: ChainEntry[] = []
  for await (const entry of clinic.receipts.entries()) entries.push(entry)
  return entries
}

const bare = (id: string): string => id.toLowerCase().replace(/^0x/, '')
