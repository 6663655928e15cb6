/**
 * Takes a deal in (hop 5 of 12): everything about the package is checked, the share is on disk,
 * and only then the acknowledgement is signed. The first `content` of a version and the first
 * `custody` of an epoch that were acknowledged stay; an owner who signs two harms only herself.
 * Source: SECURITY.md §5, "deal".
 * @module
 */
import { equalBytes, isZero, toHex, wipe, wordBytes } from '../../core/bytes.ts'
import { decode } from '../../core/codec.ts'
import type { Deployment } from '../../core/deployment.ts'
import { custodyInfo, importCustodyKey } from '../../core/envelope.ts'
import { recordKey, recordTag } from '../../core/grant.ts'
import { type CustodyKey, custodyKey, type Hash, hash } from '../../core/ids.ts'
import { CODE_ASKS_BURST, CODE_ASKS_PER_SECOND } from '../../core/limits.ts'
import {
  anchor,
  decodeManifest,
  type Manifest,
  type Package,
  packageShape
} from '../../core/manifest.ts'
import type { Primitives } from '../../core/primitives.ts'
import { openShare, shareCommitment, shareSalt } from '../../core/shares.ts'
import { accountSlot, anchorSlot, decodeAccountWord } from '../../core/words.ts'
import { CustodyCode } from '../../protocols/custody/constants.ts'
import type { ReceiptAnswer } from '../../protocols/custody/index.ts'
import { RateLimiter } from '../../protocols/framing.ts'
import type { Clock, HeadSource, Random, WordSource } from '../adapters.ts'
import type { NodeIdentity } from '../keys/identity.ts'
import { type ContractSignature, verifyOwnersManifest } from '../manifests.ts'
import type { Receipt, ReceiptLog } from '../receipts/receipt-log.ts'
import { Turns } from '../turns.ts'
import type { CustodyStore, Held, RecordRef } from './custody-store.ts'

export interface IntakeInit {
  readonly deployment: Deployment
  readonly primitives: Primitives
  readonly random: Random
  readonly identity: NodeIdentity
  readonly store: CustodyStore
  readonly receipts: ReceiptLog
  readonly heads: HeadSource
  readonly words: WordSource
  readonly clock: Clock
  readonly contractSignature: ContractSignature | undefined
}

type Refusal = { readonly ok: false; readonly code: CustodyCode; readonly retryMs: number }
const refuse = (code: CustodyCode, retryMs = 0): Refusal => ({ ok: false, code, retryMs })
const RETRY_MS = 1_000

export class Intake {
  readonly #init: IntakeInit
  /** Deals of one version follow one another: two at once could both be the first. */
  readonly #turns = new Turns<string>()
  readonly #asks: RateLimiter

  constructor(init: IntakeInit) {
    this.#init = init
    this.#asks = new RateLimiter(CODE_ASKS_PER_SECOND, CODE_ASKS_BURST, init.clock)
  }

  /** Checks, stores, acknowledges. Dealing the same again gives a new receipt of the same. */
  async deal(bytes: Uint8Array, signal: AbortSignal): Promise<ReceiptAnswer> {
    const { primitives: p } = this.#init
    let pack: Package
    let manifest: Manifest
    try {
      pack = decode(packageShape, bytes, 'package')
      manifest = decodeManifest(pack.manifest, p)
    } catch {
      return refuse(CustodyCode.MALFORMED)
    }
    try {
      await this.#verify(manifest, signal)
    } catch (err) {
      const forged = (err as Error).name === 'InvalidSignatureError'
      return refuse(forged ? CustodyCode.BAD_SIGNATURE : CustodyCode.MALFORMED)
    }
    const { owner, recordId, ver } = manifest.content
    return this.#turns.run(`${toHex(owner)} ${toHex(recordId)} ${ver}`, () =>
      this.#take(pack, manifest, signal)
    )
  }

  /** Code is asked as often as for notices: of an owner who is known here, or of all the others. */
  async #verify(manifest: Manifest, signal: AbortSignal): Promise<void> {
    const { store, contractSignature } = this.#init
    const { owner } = manifest.custody
    const bucket = store.knows(owner) ? toHex(owner) : ''
    const ask: typeof contractSignature = async (...question) =>
      this.#asks.take(bucket) > 0
        ? 'unresolved'
        : ((await contractSignature?.(...question)) ?? 'unresolved')
    await verifyOwnersManifest({ ...this.#init, contractSignature: ask }, manifest, { signal })
  }

  async #take(pack: Package, manifest: Manifest, signal: AbortSignal): Promise<ReceiptAnswer> {
    const { store } = this.#init
    const misplaced = this.#misplaced(pack, manifest) ?? this.#contradicts(manifest)
    if (misplaced != null) return refuse(misplaced)

    const key = await this.#keyOf(pack, manifest)
    if (key == null) return refuse(CustodyCode.KEY_NEEDED)
    if (!this.#fits(pack, manifest, key.ck)) return refuse(CustodyCode.BAD_SHARE)
    const proven = await this.#proven(pack, manifest, signal)
    if (proven !== true) return proven

    const { content, custody } = manifest
    const held = store.find(content)?.epochs.get(custody.shareEpoch)
    try {
      if (held?.acknowledged !== true) {
        const { anchorSalt, idx, ckEpoch, env } = pack
        await store.keep(
          { manifest: pack.manifest, anchorSalt, idx, ckEpoch, env },
          key.fresh ? { owner: content.owner, ckEpoch, ck: key.ck } : undefined
        )
      }
      const pinned = held?.acknowledged === true && held.pinned
      return { ok: true, receipt: await this.acknowledge(content, custody.shareEpoch, pinned) }
    } catch (err) {
      const full = (err as Error).name === 'StoreFullError'
      return refuse(full ? CustodyCode.FULL : CustodyCode.STORE_FAILED)
    }
  }

  /**
   * Marks a share that is held as acknowledged, then signs the receipt: whatever crashes, no other
   * custody of this epoch is ever acknowledged. @throws as the log does
   */
  async acknowledge(ref: RecordRef, shareEpoch: number, pinned: boolean): Promise<Receipt> {
    const { store, receipts, deployment, primitives: p, random } = this.#init
    const held = store.find(ref)?.epochs.get(shareEpoch) as Held
    const { content, custody, contentHash, custodyHash } = held.manifest
    await store.acknowledge(content, shareEpoch, pinned)
    return receipts.append({
      v: 1,
      kind: 'ack',
      salt: hash(random(32)),
      chain: deployment.chainId,
      owner: content.owner,
      recordId: content.recordId,
      ver: content.ver,
      shareEpoch,
      idx: held.idx,
      contentHash,
      custodyHash,
      com: custody.shares[held.idx - 1]?.com as Hash,
      anchor: anchor(held.anchorSalt, contentHash, p),
      pinned
    })
  }

  /** The place is ours. */
  #misplaced(pack: Package, { custody }: Manifest): CustodyCode | undefined {
    const place = custody.shares[pack.idx - 1]
    const mine = place != null && equalBytes(place.peer, this.#init.identity.peer)
    return mine ? undefined : CustodyCode.MISDIRECTED
  }

  /** What was acknowledged first stays. */
  #contradicts(manifest: Manifest): CustodyCode | undefined {
    const known = [...(this.#init.store.find(manifest.content)?.epochs.values() ?? [])]
    const acknowledged = known.filter((held) => held.acknowledged).map((held) => held.manifest)
    const [first] = acknowledged
    if (first != null && !equalBytes(first.contentHash, manifest.contentHash)) {
      return CustodyCode.OTHER_CONTENT
    }
    const { shareEpoch } = manifest.custody
    const same = acknowledged.find(({ custody }) => custody.shareEpoch === shareEpoch)
    return same == null || equalBytes(same.custodyHash, manifest.custodyHash)
      ? undefined
      : CustodyCode.OTHER_CUSTODY
  }

  async #keyOf(
    pack: Package,
    { content: { owner } }: Manifest
  ): Promise<{ readonly ck: CustodyKey; readonly fresh: boolean } | undefined> {
    const { store, deployment, identity, primitives } = this.#init
    const known = store.custodyKey(owner, pack.ckEpoch)
    if (known != null) return { ck: custodyKey(known), fresh: false }
    if (pack.ck == null) return undefined
    const info = custodyInfo({
      deployment,
      owner,
      custodian: identity.peer,
      ckEpoch: pack.ckEpoch
    })
    try {
      const ck = await importCustodyKey(identity.kem.seed, info, pack.ck.enc, primitives)
      return { ck, fresh: true }
    } catch {
      return undefined
    }
  }

  /** The share opens and matches the commitment that the owner signed. */
  #fits(pack: Package, { custody }: Manifest, ck: CustodyKey): boolean {
    const { primitives: p } = this.#init
    const place = custody.shares[pack.idx - 1]
    const ids = {
      recordId: custody.recordId,
      ver: custody.ver,
      shareEpoch: custody.shareEpoch,
      idx: pack.idx
    }
    try {
      const { saltSeed, share } = openShare(ck, ids, pack.env, p)
      try {
        const salt = shareSalt(saltSeed, pack.idx, p)
        const found = shareCommitment({ ...ids, salt, share }, p)
        return place != null && place.x === share[32] && equalBytes(found, place.com)
      } finally {
        wipe(saltSeed, share)
      }
    } catch {
      return false
    }
  }

  /** The chain holds no anchor for this version yet, or the same one; the operator is ours. */
  async #proven(pack: Package, manifest: Manifest, signal: AbortSignal): Promise<true | Refusal> {
    const { heads, words, primitives: p, identity } = this.#init
    const { content, custody, contentHash } = manifest
    const current = await heads.current({ signal })
    if (!current.ok) return refuse(CustodyCode.ANCHOR, RETRY_MS)
    const key = recordKey(content.owner, recordTag(content.recordId, content.ver, p), p)
    const slots = [anchorSlot(key, p), accountSlot(identity.account, p)]
    const proven = await words.prove(current.value.head, slots, { signal })
    if (!proven.ok) return refuse(CustodyCode.ANCHOR, RETRY_MS)
    const [anchored = 0n, account = 0n] = proven.value.words
    const op = custody.shares[pack.idx - 1]?.op
    if (op !== 0 && decodeAccountWord(account)?.org !== op) return refuse(CustodyCode.MISDIRECTED)
    const mine = anchor(pack.anchorSalt, contentHash, p)
    const stored = wordBytes(anchored)
    return isZero(stored) || equalBytes(stored, mine) ? true : refuse(CustodyCode.ANCHOR)
  }
}
