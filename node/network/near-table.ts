/**
 * A routing table that goes as deep as it must near the node itself: js-libp2p #2747, "grow trie
 * towards own kad-id", until kad-dht does it. kad-dht tells peers apart by the first bits of their
 * id alone (6), so no more than 64 × k fit, none of them nearer than chance to the node; a full
 * bucket takes nobody new while its old ones live, and whoever joins a network larger than that
 * soon stands in no table and is never found (docs/research/scaling.md).
 *
 * Here the own bucket is cut finer, k for each further bit that a peer shares with the node: every
 * node knows its neighbourhood to the last, for some 20 × log2(N) − 6 entries more. Nothing else
 * changes. It hangs on to `verify`, which kad-dht asks before it takes a contact, and to the ping by
 * which it throws dead ones out; the versions are pinned (docs/decisions/0020-near-table.md).
 * @module
 */
import type { AbortOptions, PeerId } from '@libp2p/interface'
import type { Clock } from '../../protocols/framing.ts'

interface Contact {
  readonly kadId: Uint8Array
  readonly peerId: PeerId
}

/** What this needs of kad-dht's KBucket; all of it is public there. */
export interface Trie {
  readonly localPeer?: { readonly kadId: Uint8Array }
  verify(contact: Contact, options?: AbortOptions): Promise<boolean>
  /** Gives those of the contacts that are gone. */
  readonly ping: (contacts: Contact[], options?: AbortOptions) => AsyncIterable<Contact>
  remove(kadId: Uint8Array, options?: AbortOptions): Promise<void>
  toIterable(): Iterable<Contact>
}

export interface NearTableInit {
  readonly clock: Clock
  /** Size of a bucket. @default kad-dht's, 20 */
  readonly k?: number
  /** Bits that tell buckets apart away from the node. @default kad-dht's, 6 */
  readonly prefixLength?: number
}

/** The trie may split this often: it has to hold whoever is let in. Ids have 256 bits. */
export const TRIE_DEPTH = 64

const defaultNearTableInit = { k: 20, prefixLength: 6 } as const satisfies Partial<NearTableInit>

/** kad-dht's own: how many old contacts are pinged for a new one, and how long a ping counts. */
const PINGED = 3
const PING_COUNTS_MS = 600_000

/** Lets `trie`, made with a prefix length of `TRIE_DEPTH`, take contacts by the rule above. */
export function nearTable(trie: Trie, init: NearTableInit): void {
  const { clock, k, prefixLength } = { ...defaultNearTableInit, ...init }
  const verify = trie.verify.bind(trie)
  /** When each contact last answered us, by our clock; kad-dht's own field has the system's. */
  const heardMs = new WeakMap<Contact, number>()
  /** Let in, if they answer. */
  const asked = new Set<Contact>()
  const bucketOf = (contact: Contact): Contact[] => {
    const own = trie.localPeer?.kadId
    if (own == null) return []
    const shared = (a: Uint8Array, b: Uint8Array): number => sharedBits(a, b, TRIE_DEPTH)
    const near = shared(contact.kadId, own)
    const all = [...trie.toIterable(), ...asked]
    if (near >= prefixLength) return all.filter(({ kadId }) => shared(kadId, own) === near)
    return all.filter(({ kadId }) => shared(kadId, contact.kadId) >= prefixLength)
  }

  trie.verify = async (contact, options) => {
    const bucket = bucketOf(contact)
    if (bucket.length >= k && !(await makeRoom(bucket, options))) return false
    asked.add(contact)
    try {
      const answered = await verify(contact, options)
      heardMs.set(contact, clock.nowMs())
      return answered
    } finally {
      asked.delete(contact)
    }
  }

  /** As kad-dht does in a full bucket: those longest not heard of leave if they are gone. */
  async function makeRoom(bucket: readonly Contact[], options?: AbortOptions): Promise<boolean> {
    const now = clock.nowMs()
    const silentMs = (contact: Contact): number => now - (heardMs.get(contact) ?? 0)
    const old = bucket
      .filter((contact) => !asked.has(contact) && silentMs(contact) >= PING_COUNTS_MS)
      .sort((a, b) => silentMs(b) - silentMs(a))
      .slice(0, PINGED)
    if (old.length === 0) return false
    // whoever answers is left in peace for a while; kad-dht would ask the same three each time
    for (const contact of old) heardMs.set(contact, now)
    let made = false
    for await (const gone of trie.ping(old, options)) {
      made = true
      await trie.remove(gone.kadId, options)
    }
    return made
  }
}

/**
 * kad-dht ends its lookup of the own id after 20 of its events, three for each peer that answers
 * (query-self.ts, `take` over what getClosestPeers yields): of 20 neighbours it may learn 6. Here it
 * runs to its end, for by it a node and its neighbours come to know each other.
 */
export function wholeSelfQuery(dht: { readonly querySelf: { count: number } }): void {
  dht.querySelf.count = Number.POSITIVE_INFINITY
}

/** How many leading bits two ids share, up to `most`. */
export function sharedBits(a: Uint8Array, b: Uint8Array, most: number): number {
  for (let i = 0; 8 * i < most; i++) {
    const differ = (a[i] as number) ^ (b[i] as number)
    if (differ !== 0) return Math.min(most, 8 * i + Math.clz32(differ) - 24)
  }
  return most
}
