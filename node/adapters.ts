/**
 * The seams of a node. The daemon, the page, the tests and the simulator differ only in what they
 * pass here (ARCHITECTURE.md §3): chain, head source, share store, receipt log, clock, randomness.
 * Cryptographic primitives are core/primitives.ts; transports and stores are libp2p's and Helia's.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import type { RefuseCode } from '../core/codes.ts'
import type { Address, Hash } from '../core/ids.ts'
import type { ContractCall } from './chain/contract-calls.ts'

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number
}

/** Fresh random bytes. */
export type Random = (length: number) => Uint8Array<ArrayBuffer>

/** What a check could not do, as the code that the gate will refuse with. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: RefuseCode }

// ---- chain: claims of endpoints, and what was proven of them

export interface BlockRef {
  readonly number: number
  readonly hash: Hash
}

/** A header as an endpoint tells it: JSON-RPC field names, hex values. A claim, until hashed. */
export type ClaimedHeader = Readonly<Record<string, string | undefined>>

/** Merkle-Patricia nodes from the root down, as eth_getProof gives them. A claim. */
export interface ClaimedProof {
  readonly account: readonly Uint8Array[]
  readonly storage: readonly { readonly key: Hash; readonly nodes: readonly Uint8Array[] }[]
}

/** One RPC endpoint, or a memory chain's window. Nothing it says is believed unproven. */
export interface Endpoint {
  readonly name: string
  headNumber(options: AbortOptions): Promise<number>
  /** Number of the block that it calls finalized. */
  finalizedNumber(options: AbortOptions): Promise<number>
  /** Undefined when the endpoint has no such block. */
  header(number: number, options: AbortOptions): Promise<ClaimedHeader | undefined>
  proof(
    account: Address,
    keys: readonly Hash[],
    block: BlockRef,
    options: AbortOptions
  ): Promise<ClaimedProof>
  /** eth_call at a block, for ERC-1271 only. */
  call(to: Address, data: Uint8Array, block: BlockRef, options: AbortOptions): Promise<Uint8Array>
}

/** An event `Changed(key, word)` of one of our contracts, as an endpoint tells it. Only ever a hint. */
export interface ClaimedLog {
  readonly contract: Address
  readonly key: Hash
  readonly word: bigint
  readonly block: BlockRef
}

/** An endpoint that tells of events, too. */
export interface LogEndpoint extends Endpoint {
  /** `Changed` of these contracts in the blocks `from` to `to`, both included, oldest first. */
  logs(
    contracts: readonly Address[],
    from: number,
    to: number,
    options: AbortOptions
  ): Promise<readonly ClaimedLog[]>
}

declare const verified: unique symbol

/** A header whose RLP hashes to the hash that q endpoints agreed on. Only heads.ts makes one. */
export interface VerifiedHeader extends BlockRef {
  readonly [verified]: true
  readonly parentHash: Hash
  readonly stateRoot: Hash
  readonly timeSeconds: number
  readonly rlp: Uint8Array
}

export interface CurrentHeads {
  readonly head: VerifiedHeader
  readonly conf: VerifiedHeader
  /** When the endpoints were asked; what they then said may be as old as this. */
  readonly askedAtMs: number
}

/** Head and confirmed block by the rule of the chain's kind (SECURITY.md §9.1). */
export interface HeadSource {
  /**
   * Both, agreed by q of m. Fails with 301, 302, 303 or 306 (the confirmed block left its line).
   * An answer asked for at most HEAD_CACHE_MS ago may be given again.
   */
  current(options?: AbortOptions): Promise<Outcome<CurrentHeads>>
  /** The header of a block that is the confirmed one, or ≤ W behind on its line; else 307. */
  onConfirmedLine(ref: BlockRef, options?: AbortOptions): Promise<Outcome<VerifiedHeader>>
  /** The chain has moved, somebody says: whoever asks next gets no kept answer. */
  expire?(): void
}

export type ContractName = 'grants' | 'records' | 'directory' | 'emergency' | 'audit' | 'guardians'

/** One storage word: `slot` is the full 32-byte storage key (core/words.ts makes them). */
export interface WordRef {
  readonly contract: ContractName
  readonly slot: Hash
  /** What the contract's event names the word by, for whoever follows it. */
  readonly key?: Hash
}

/** Words that Merkle proofs showed to be in storage at `block`, in the order asked; 0 = absent. */
export interface ProvenWords {
  readonly [verified]: true
  readonly block: BlockRef
  readonly words: readonly bigint[]
  /** Canonical bytes of the proofs (SECURITY.md §15 Evidence), for the receipt's `ev`. */
  readonly evidence: Uint8Array
}

export interface WordSource {
  /** Proves words at a verified block. Fails with 501, 502 or 503. */
  prove(
    block: VerifiedHeader,
    refs: readonly WordRef[],
    options?: AbortOptions
  ): Promise<Outcome<ProvenWords>>
}

/** What a proof shows of an account beside its storage. */
export interface ProvenCode {
  readonly nonce: number
  readonly codeHash: Hash
}

export interface AccountSource {
  /** An account that does not exist has nonce 0 and no code. Fails with 501. */
  prove(
    block: VerifiedHeader,
    account: Address,
    options?: AbortOptions
  ): Promise<Outcome<ProvenCode>>
}

/** What became of a transaction that we sent. */
export interface TxReceipt {
  readonly txHash: Hash
  readonly block: BlockRef
  readonly gasUsed: number
}

/** Sends an account's own acts, and anybody's signed messages, to the contracts and pays for them. */
export interface ChainWriter {
  readonly account: Address
  /** Resolves once mined. @throws TransactionFailedError, ChainUnavailableError */
  submit(call: ContractCall, options?: AbortOptions): Promise<TxReceipt>
}

// ---- durable stores

/** An append-only file of entries; `append` resolves once they are on disk (fsync). */
export interface Journal {
  /** All entries in order, from the start; bounded memory. */
  entries(): AsyncIterable<Uint8Array>
  /** @throws StoreFullError; nothing is acknowledged that is not durable */
  append(...entries: readonly Uint8Array[]): Promise<void>
  close(): Promise<void>
}
