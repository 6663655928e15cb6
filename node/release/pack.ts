/**
 * The page of a pack that a request gets (docs/decisions/0023): of the owner's emergency subset
 * here, each record's newest version, if the gate would go on to ask the chain about it. So a pack
 * names nothing whose blocks this very request could not have asked for: what is sealed, erased,
 * not marked, or outside of a narrower scope is left out.
 * @module
 */
import { compareBytes, toHex } from '../../core/bytes.ts'
import { encode } from '../../core/codec.ts'
import { decide } from '../../core/decide.ts'
import type { DecideInput } from '../../core/decision.ts'
import type { PeerIdBytes } from '../../core/ids.ts'
import { PACK_ADDRS_MAX, PACK_PAGE_BYTES } from '../../core/limits.ts'
import { encodePage, type Packed, type PackPage } from '../../core/pack.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { CustodyEntry, Held } from '../custody/custody-store.ts'
import type { Notices } from '../custody/notices.ts'
import { entryForGate, gateNotices } from './facts.ts'

/** A list's head, the page's own keys, and room to spare. */
const PAGE_OVERHEAD_BYTES = 64

/** A record's newest version of which a share was acknowledged, by its newest such epoch. */
interface Newest {
  readonly entry: CustodyEntry
  readonly held: Held
}

/** By recordId, ascending. */
function newestOf(entries: readonly CustodyEntry[]): readonly Newest[] {
  const newest = new Map<string, Newest>()
  for (const entry of entries) {
    const held = newestHeld(entry)
    const key = toHex(entry.recordId)
    const known = newest.get(key)
    if (held == null || (known != null && known.entry.ver > entry.ver)) continue
    newest.set(key, { entry, held })
  }
  return [...newest.values()].sort((a, b) => compareBytes(a.entry.recordId, b.entry.recordId))
}

function newestHeld({ epochs }: CustodyEntry): Held | undefined {
  const served = [...epochs].filter(([, { acknowledged }]) => acknowledged)
  return served.sort(([a], [b]) => b - a)[0]?.[1]
}

/** Has this owner anything here that she marked for emergencies? */
export const hasSubset = (entries: readonly CustodyEntry[]): boolean =>
  newestOf(entries).some(({ held }) => held.manifest.custody.emergency)

export interface PackInit {
  readonly entries: readonly CustodyEntry[]
  readonly notices: Notices
  /** Where a peer was last seen. */
  readonly addrsOf: (peer: PeerIdBytes) => readonly Uint8Array[]
}

/** Encoded; for a request that was found in order. */
export function packPage(
  { entries, notices, addrsOf }: PackInit,
  input: DecideInput,
  p: Primitives
): Uint8Array<ArrayBuffer> {
  const records: Packed[] = []
  const peers = new Map<string, PeerIdBytes>()
  let room = PACK_PAGE_BYTES - PAGE_OVERHEAD_BYTES
  let more = false
  for (const { entry, held } of newestOf(entries)) {
    // the request names the last record of the page before
    if (compareBytes(entry.recordId, input.request.recordId) <= 0) continue
    if (!mayBeAskedFor(entry, input, notices, p)) continue
    const { manifest, anchorSalt } = held
    const packed = { manifest: manifest.bytes, anchorSalt }
    const size = encode(packed).byteLength
    if (size > room) {
      more = true
      break
    }
    room -= size
    records.push(packed)
    for (const { peer } of manifest.custody.shares) peers.set(toHex(peer), peer)
  }
  return encodePage({ v: 1, records, addrs: addrsWithin(room, [...peers.values()], addrsOf), more })
}

/** All but the words on chain, which a pack does not ask for (SECURITY.md §8). */
function mayBeAskedFor(
  entry: CustodyEntry,
  input: DecideInput,
  notices: Notices,
  p: Primitives
): boolean {
  const { recordId, ver } = entry
  const request = { ...input.request, want: 'blocks', recordId, ver }
  const asked: DecideInput = {
    ...input,
    request,
    entry: entryForGate(entry),
    notices: gateNotices(notices, request, p),
    words: undefined
  }
  const decision = decide(asked, p)
  return decision.kind === 'need' && decision.what === 'proofs'
}

function addrsWithin(
  room: number,
  peers: readonly PeerIdBytes[],
  addrsOf: PackInit['addrsOf']
): PackPage['addrs'] {
  const told: PackPage['addrs'][number][] = []
  for (const peer of peers) {
    const addrs = addrsOf(peer)
    const each = { peer, addrs }
    const size = encode(each).byteLength
    if (addrs.length === 0 || size > room || told.length === PACK_ADDRS_MAX) continue
    room -= size
    told.push(each)
  }
  return told
}
