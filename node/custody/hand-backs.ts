/**
 * Takes hand-backs (decision 0026): from the account concerned, for owners whose custodian this is,
 * of grants that the chain has. Whoever signs one only loses by it; the bounds are there because
 * keys cost nothing, and what strangers sign would fill the disk.
 * @module
 */
import { equalBytes, toHex } from '../../core/bytes.ts'
import type { Deployment } from '../../core/deployment.ts'
import {
  type HandBack,
  handBackSigner,
  handedGrant,
  type SignedHandBack
} from '../../core/hand-back.ts'
import type { PeerIdBytes } from '../../core/ids.ts'
import { CODE_ASKS_BURST, CODE_ASKS_PER_SECOND, HAND_BACKS_MAX } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import { accountSlot, grantSlot } from '../../core/words.ts'
import { CustodyCode } from '../../protocols/custody/constants.ts'
import type { NoticeAnswer, ServingOptions } from '../../protocols/custody/index.ts'
import { RateLimiter } from '../../protocols/framing.ts'
import type { Clock, HeadSource, WordSource } from '../adapters.ts'
import type { CustodyStore } from './custody-store.ts'

export interface HandBacksInit {
  readonly deployment: Deployment
  readonly primitives: Primitives
  readonly clock: Clock
  readonly heads: HeadSource
  readonly words: WordSource
}

const refuse = (code: CustodyCode, retryMs = 0) => ({ ok: false, code, retryMs }) as const
/** Kept and obeyed; nothing of it is for the chain. */
const KEPT = { ok: true, code: CustodyCode.NOT_SENT } as const

export class HandBacks {
  readonly #init: HandBacksInit
  readonly #store: CustodyStore
  /** A question costs every endpoint a call. */
  readonly #asks: RateLimiter

  constructor(init: HandBacksInit, store: CustodyStore) {
    this.#init = init
    this.#store = store
    this.#asks = new RateLimiter(CODE_ASKS_PER_SECOND, CODE_ASKS_BURST, init.clock)
  }

  async take(
    notice: SignedHandBack,
    peer: PeerIdBytes,
    { signal, progress }: ServingOptions
  ): Promise<NoticeAnswer> {
    const store = this.#store
    const { deployment, primitives: p } = this.#init
    const { account, owner } = notice.message
    const signer = handBackSigner(notice, deployment, p)
    if (signer == null || !equalBytes(signer, account)) return refuse(CustodyCode.BAD_SIGNATURE)
    if (!store.knows(owner)) return refuse(CustodyCode.DENIED)
    if (store.notices.isNew(notice)) {
      if (store.notices.handedBackBy(account) >= HAND_BACKS_MAX) return refuse(CustodyCode.FULL)
      const retryMs = this.#asks.take(toHex(peer))
      if (retryMs > 0) return refuse(CustodyCode.BUSY, retryMs)
      if (!(await this.#isKnown(notice.message, signal))) return refuse(CustodyCode.DENIED)
      await store.notice(notice)
    }
    progress(1)
    return KEPT
  }

  /** The account has a word in the Directory, and the grant one in GrantRegistry, at the head. */
  async #isKnown(message: HandBack, signal: AbortSignal): Promise<boolean> {
    const { heads, words, primitives: p } = this.#init
    const current = await heads.current({ signal })
    if (!current.ok) return false
    const slots = [accountSlot(message.account, p), grantSlot(handedGrant(message, p), p)]
    const proven = await words.prove(current.value.head, slots, { signal })
    return proven.ok && proven.value.words.every((word) => word !== 0n)
  }
}
