/**
 * Holds a receipt log to what its custodian anchored on chain (SECURITY.md §11, check 11): at start
 * the node proves its own two words of AuditAnchor, and a log that is shorter than they say, or has
 * another root there, was put back (T16): nothing is released until the newer copy is. What the
 * chain did not say yet counts as behind. Also writes those words: a root and a length, nothing else.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import { equalBytes, wordBytes } from '../../core/bytes.ts'
import { Code, type RefuseCode } from '../../core/codes.ts'
import type { Deployment } from '../../core/deployment.ts'
import { ChainUnavailableError, StoreCorruptError } from '../../core/errors.ts'
import { type Address, type Hash, hash, type PeerIdBytes } from '../../core/ids.ts'
import { logSalt } from '../../core/keys.ts'
import type { Primitives } from '../../core/primitives.ts'
import { decodeLogWord, logSlot, rootSlot } from '../../core/words.ts'
import type { ChainWriter, Clock, HeadSource, Outcome, TxReceipt, WordSource } from '../adapters.ts'
import type { Change } from '../chain/follow.ts'
import { outageText } from '../chain/outage.ts'
import { waitFor } from '../chain/quorum.ts'
import type { NodeIdentity } from '../keys/identity.ts'
import type { ReceiptLog } from './receipt-log.ts'

export interface LogAnchorInit {
  readonly identity: Pick<NodeIdentity, 'root' | 'peer' | 'account'>
  readonly deployment: Deployment
  readonly primitives: Primitives
  readonly clock: Clock
  readonly heads: HeadSource
  readonly words: WordSource
  readonly writer: ChainWriter | undefined
  /** S: an older head might not show the newest anchor. */
  readonly headMaxAgeSeconds: number
  readonly receipts: Pick<ReceiptLog, 'isWhole' | 'lastSeq' | 'firstAtSeconds' | 'top' | 'rootAt'>
}

/** What the words of AuditAnchor say of a log. */
export interface AnchorWords {
  readonly toSeq: number
  readonly root: Hash
  /** When they were written, by chain time. */
  readonly atSeconds: number
}

export type AnchorState =
  /** The chain did not say. */
  | { readonly kind: 'unknown'; readonly code: RefuseCode | undefined }
  /** Never anchored, or the deployment has no AuditAnchor. */
  | { readonly kind: 'none' }
  /** The log begins with what was anchored. */
  | ({ readonly kind: 'held' } & AnchorWords)
  /** It does not: it was put back, or another process writes under this node's keys. */
  | ({ readonly kind: 'behind'; readonly why: 'shorter' | 'root' } & AnchorWords)

/** keccak256(abi(H(PeerId), salt)): names a log on chain to whoever knows the salt. */
export const logTag = (peer: PeerIdBytes, salt: Hash, p: Primitives): Hash =>
  hash(p.keccak256(p.sha256(peer), salt))

export class LogAnchor {
  readonly salt: Hash
  readonly tag: Hash
  readonly #init: LogAnchorInit
  /** What AuditAnchor's event names the log by. */
  readonly #event: Hash
  #state: AnchorState = { kind: 'unknown', code: undefined }
  #flight: Promise<AnchorState> | undefined
  #doubts = 0

  constructor(init: LogAnchorInit) {
    const { identity, primitives: p } = init
    this.#init = init
    this.salt = logSalt(identity.root, p)
    this.tag = logTag(identity.peer, this.salt, p)
    this.#event = logSlot(identity.account, this.tag, p).key as Hash
  }

  /** As it was found last. */
  get state(): AnchorState {
    return this.#state
  }

  /** For check 11: not known is behind. */
  get isBehind(): boolean {
    return this.#state.kind === 'unknown' || this.#state.kind === 'behind'
  }

  /** Whether one of these events is of this log's words, and not the anchor that is known. */
  isNamedIn(changes: readonly Pick<Change, 'contract' | 'key' | 'word'>[]): boolean {
    const known = this.#state.kind === 'held' ? this.#state.toSeq : undefined
    return changes.some(
      ({ contract, key, word }) =>
        contract === 'audit' &&
        equalBytes(key, this.#event) &&
        (known == null || decodeLogWord(word)?.toSeq !== known)
    )
  }

  /** The words may have changed without us: they are proven again before anything is released. */
  doubt(): void {
    this.#doubts++
    this.#state = { kind: 'unknown', code: undefined }
  }

  /** Proves the words at the head and compares; never throws but by `options.signal`. */
  check(options: AbortOptions = {}): Promise<AnchorState> {
    this.#flight ??= this.#look().finally(() => {
      this.#flight = undefined
    })
    return waitFor(this.#flight, options.signal)
  }

  async #look(): Promise<AnchorState> {
    const doubts = this.#doubts
    let found: AnchorState
    try {
      found = await this.#compare()
    } catch {
      found = { kind: 'unknown', code: Code.STORE_FAILED } // the log cannot be read
    }
    // an answer that was on its way when somebody wrote is of before
    if (doubts === this.#doubts) this.#state = found
    return this.#state
  }

  async #compare(): Promise<AnchorState> {
    const { deployment, identity, receipts, clock, headMaxAgeSeconds } = this.#init
    if (deployment.audit == null) return { kind: 'none' }
    const said = await anchorWords(this.#init, identity.account, this.tag)
    if (!said.ok) return { kind: 'unknown', code: said.code }
    const { words, headSeconds } = said.value
    if (clock.nowMs() / 1_000 - headSeconds > headMaxAgeSeconds) {
      return { kind: 'unknown', code: Code.HEAD_STALE }
    }
    if (words == null) return { kind: 'none' }
    if (words.toSeq > receipts.lastSeq) return { kind: 'behind', why: 'shorter', ...words }
    const root = await receipts.rootAt(words.toSeq)
    const same = root != null && equalBytes(root, words.root)
    return same ? { kind: 'held', ...words } : { kind: 'behind', why: 'root', ...words }
  }

  /** Whether there are links that no anchor of the last `periodSeconds` covers. */
  isDue(periodSeconds: number, nowSeconds: number): boolean {
    const { deployment, writer, receipts } = this.#init
    if (deployment.audit == null || writer == null || !receipts.isWhole) return false
    const state = this.#state
    if (this.isBehind) return false
    const since = state.kind === 'held' ? state.atSeconds : receipts.firstAtSeconds
    const toSeq = state.kind === 'held' ? state.toSeq : 0
    return since != null && receipts.lastSeq > toSeq && nowSeconds - since >= periodSeconds
  }

  /**
   * Writes root and length of the log as it is now; undefined if the chain has them already.
   * @throws StoreCorruptError if the log is not whole or behind: what was put back is not vouched for
   * @throws ChainUnavailableError, TransactionFailedError
   */
  async anchor(
    options: AbortOptions = {}
  ): Promise<
    { readonly words: Omit<AnchorWords, 'atSeconds'>; readonly tx: TxReceipt } | undefined
  > {
    const { writer, identity, receipts, clock, heads } = this.#init
    if (writer == null) throw new ChainUnavailableError('this node sends nothing to the chain')
    if (!receipts.isWhole) throw new StoreCorruptError('the receipt log is not whole')
    const state = await this.check(options)
    if (state.kind === 'unknown') throw new ChainUnavailableError(stateText(state))
    if (state.kind === 'behind') throw new StoreCorruptError(stateText(state))
    const top = receipts.top
    if (top.toSeq <= (state.kind === 'held' ? state.toSeq : 0)) return undefined
    const message = { writer: identity.account, items: [{ logTag: this.tag, ...top }] }
    const call = { type: 'Anchors', message, sig: new Uint8Array() } as const
    const tx = await writer.submit(call, options)
    heads.expire?.()
    // what was just sent needs no proof to be ours; the next check has one
    const atSeconds = Math.floor(clock.nowMs() / 1_000)
    if (!this.isBehind) this.#state = { kind: 'held', ...top, atSeconds }
    return { words: top, tx }
  }
}

/** What is anchored, and the time of the head that shows it. */
export interface ProvenAnchor {
  readonly words: AnchorWords | undefined
  readonly headSeconds: number
}

/**
 * What is anchored under a writer's tag, proven at the head.
 * Fails with the codes of heads and proofs, or 504 when the words make no sense.
 */
export async function anchorWords(
  { heads, words, primitives: p }: Pick<LogAnchorInit, 'heads' | 'words' | 'primitives'>,
  writer: Address,
  tag: Hash,
  options: AbortOptions = {}
): Promise<Outcome<ProvenAnchor>> {
  const current = await heads.current(options)
  if (!current.ok) return current
  const slots = [logSlot(writer, tag, p), rootSlot(writer, tag, p)]
  const proven = await words.prove(current.value.head, slots, options)
  if (!proven.ok) return proven
  const [log, root] = proven.value.words as [bigint, bigint]
  const decoded = decodeLogWord(log)
  if (decoded == null || (decoded.toSeq === 0) !== (root === 0n)) {
    return { ok: false, code: Code.WORD_INVALID }
  }
  const { toSeq, changedAt } = decoded
  const anchored = { toSeq, root: hash(wordBytes(root)), atSeconds: changedAt }
  const headSeconds = current.value.head.timeSeconds
  return { ok: true, value: { words: toSeq === 0 ? undefined : anchored, headSeconds } }
}

/** For operators: what is wrong, and what helps. */
export function stateText(state: AnchorState): string {
  switch (state.kind) {
    case 'unknown':
      return `how far the receipt log is anchored is not known yet${
        state.code == null ? '' : `: ${outageText(state.code)}`
      }`
    case 'behind':
      return state.why === 'shorter'
        ? `the receipt log is shorter than the ${state.toSeq} links that are anchored: an older copy was put back; stop the node and restore the newest copy of receipts/`
        : `the first ${state.toSeq} links of the receipt log are not those that are anchored: it was rewritten; stop the node and restore the newest copy of receipts/`
    case 'held':
      return `anchored up to link ${state.toSeq}`
    case 'none':
      return 'never anchored'
  }
}
