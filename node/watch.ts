/**
 * What a node does when the chain moves: the kept head goes, a clinic's caches with it, and words
 * that concern this person are proven anew and noted, so that a verdict on her record or a notice of
 * an emergency shows in her history though nobody told her. A follower only wakes it: what is noted
 * was proven at an agreed head, and without a follower whoever asks makes it look.
 * @module
 */
import type { AbortOptions, Logger } from '@libp2p/interface'
import { equalBytes, wordBytes } from '../core/bytes.ts'
import { recordKey, recordTag } from '../core/grant.ts'
import { hash, type RecordId } from '../core/ids.ts'
import { PROOF_SLOTS_MAX } from '../core/limits.ts'
import { decodeManifest } from '../core/manifest.ts'
import { noticeSlot, recordSlot, recoverySlot, reviewSlot } from '../core/words.ts'
import type { WordRef } from './adapters.ts'
import { changeKey, type Follower, type Move } from './chain/follow.ts'
import { waitFor } from './chain/quorum.ts'
import type { EntryOf } from './ledger/entries.ts'
import type { SeenEntry } from './ledger/seen-entries.ts'
import type { Node } from './node.ts'

export interface WatchInit
  extends Pick<
    Node,
    'ledger' | 'heads' | 'words' | 'primitives' | 'identity' | 'deployment' | 'clinic'
  > {
  /** Wakes it. @default nobody: it looks when it is asked to */
  readonly follower?: Follower | undefined
  readonly log: Logger
}

/** A word that concerns this person. */
interface Interest {
  readonly what: SeenEntry['what']
  readonly ref: WordRef
  readonly recordId?: RecordId
  readonly ver?: number
}

export class Watch {
  readonly #init: WatchInit
  /** Where the words of own records are: it takes a manifest to know. */
  readonly #places = new WeakMap<EntryOf<'version'>, WordRef>()
  #looking: Promise<readonly SeenEntry[]> | undefined
  #forget: (() => void) | undefined

  constructor(init: WatchInit) {
    this.#init = init
  }

  start(): void {
    const { follower } = this.#init
    this.#forget ??= follower?.onChanged((move) => this.#moved(move))
    follower?.start()
  }

  /** May be called twice. */
  async stop(): Promise<void> {
    this.#forget?.()
    this.#forget = undefined
    await this.#init.follower?.stop()
    await this.#looking?.catch(() => {})
  }

  /** Somebody says that there is something to see. */
  wake(): void {
    this.#init.follower?.wake()
  }

  /** Proves the words that concern this person, and notes what changed since; gives what is new. */
  look(options: AbortOptions = {}): Promise<readonly SeenEntry[]> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return waitFor(this.#looking, options.signal)
  }

  #moved(move: Move): void {
    const { heads, clinic, log } = this.#init
    heads.expire?.()
    clinic?.moved(move)
    const changed = new Set([...move.added, ...move.undone].map(changeKey))
    const concerns =
      changed.size > 0 && this.#interests().some(({ ref }) => changed.has(nameOf(ref)))
    if (!move.lost && !concerns) return
    void this.look().catch((err: unknown) => log('the chain moved, and was not seen: %e', err))
  }

  async #look(): Promise<readonly SeenEntry[]> {
    const { heads, words, ledger } = this.#init
    const interests = this.#interests()
    if (interests.length === 0) return []
    const current = await heads.current()
    if (!current.ok) return []
    const { head } = current.value
    const seen: SeenEntry[] = []
    for (let i = 0; i < interests.length; i += PROOF_SLOTS_MAX) {
      const some = interests.slice(i, i + PROOF_SLOTS_MAX)
      const proven = await words.prove(
        head,
        some.map(({ ref }) => ref)
      )
      if (!proven.ok) return []
      for (const [j, { what, ref, recordId, ver = 0 }] of some.entries()) {
        const word = hash(wordBytes(proven.value.words[j] as bigint))
        const before = ledger.seenAt(ref.slot)
        if (equalBytes(word, before?.word ?? NOTHING)) continue
        const { number: block, timeSeconds: at } = head
        seen.push({ t: 'seen', what, slot: ref.slot, word, block, at, recordId, ver })
      }
    }
    if (seen.length > 0) await ledger.record(...seen)
    return seen
  }

  /** Own records, emergencies of which she heard, and whoever wants to recover her account. */
  #interests(): readonly Interest[] {
    const { ledger, identity, deployment, primitives: p } = this.#init
    const records = ledger.records().flatMap((versions) =>
      versions.map(({ entry }): Interest => {
        const { recordId, ver } = entry
        return { what: 'record', ref: this.#placeOf(entry), recordId, ver }
      })
    )
    const heard = deployment.emergency == null ? [] : ledger.glasses.heard()
    const glasses = heard.flatMap(({ notice }): Interest[] => [
      { what: 'notice', ref: noticeSlot(notice, p) },
      { what: 'review', ref: reviewSlot(notice, p) }
    ])
    const recoverable = deployment.guardians != null && identity.profile === 'patient'
    const recovery: Interest[] = recoverable
      ? [{ what: 'recovery', ref: recoverySlot(identity.account, p) }]
      : []
    return [...records, ...glasses, ...recovery]
  }

  #placeOf(entry: EntryOf<'version'>): WordRef {
    const { primitives: p } = this.#init
    const known = this.#places.get(entry)
    if (known != null) return known
    const { owner } = decodeManifest(entry.manifest, p).content
    const ref = recordSlot(recordKey(owner, recordTag(entry.recordId, entry.ver, p), p), p)
    this.#places.set(entry, ref)
    return ref
  }
}

const NOTHING = new Uint8Array(32)

const nameOf = ({ contract, key }: WordRef): string =>
  key == null ? '' : changeKey({ contract, key })
