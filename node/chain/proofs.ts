/**
 * Words of the contracts, each proven against the state root of a verified header (checks 31–33).
 * One eth_getProof a contract and block serves whoever asks meanwhile: while one is under way the
 * others' slots gather for the next, so load adds slots to a question, not questions. Endpoints are
 * tried until one proves what it says; which one it was does not matter.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import { equalBytes, toHex } from '../../core/bytes.ts'
import { Code, type RefuseCode } from '../../core/codes.ts'
import type { Deployment } from '../../core/deployment.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import type { Address, Hash } from '../../core/ids.ts'
import {
  PROOF_HEDGE_MS,
  PROOF_SLOTS_MAX,
  PROVEN_BLOCKS,
  PROVEN_CACHE_ITEMS,
  RPC_MAX_MS
} from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import type {
  ClaimedProof,
  ContractName,
  Endpoint,
  Outcome,
  ProvenWords,
  VerifiedHeader,
  WordRef,
  WordSource
} from '../adapters.ts'
import { CONTRACTS, type ContractEvidence, encodeEvidence } from './evidence.ts'
import { firstGood, waitFor } from './quorum.ts'
import { type ProvenAccount, proveAccount, proveSlots } from './state-proof.ts'

export interface ProvenWordsInit {
  readonly endpoints: readonly Endpoint[]
  readonly deployment: Deployment
  readonly primitives: Pick<Primitives, 'keccak256'>
  /** @default PROOF_HEDGE_MS */
  readonly hedgeMs?: number
  /** @default RPC_MAX_MS */
  readonly timeoutMs?: number
}

interface ProvenSlot {
  readonly word: bigint
  readonly nodes: readonly Uint8Array[]
}

/** An account whose code is the pinned one. */
interface OwnAccount extends ProvenAccount {
  readonly nodes: readonly Uint8Array[]
}

/** Thrown within this file to carry a code out of a batch. */
class Refusal extends Error {
  readonly code: RefuseCode
  constructor(code: RefuseCode) {
    super(`refused with ${code}`)
    this.code = code
  }
}

export function provenWords(init: ProvenWordsInit): WordSource {
  return new ProofSource(init)
}

interface SourceInit extends ProvenWordsInit {
  /** Index of the endpoint that answered well last: it is asked first. */
  readonly preferred: { index: number }
}

class ProofSource implements WordSource {
  readonly #init: SourceInit
  /** Oldest first; a block goes when newer ones are asked for, and its words with it. */
  readonly #blocks = new Map<string, AtBlock>()

  constructor(init: ProvenWordsInit) {
    this.#init = { ...init, preferred: { index: 0 } }
  }

  async prove(
    block: VerifiedHeader,
    refs: readonly WordRef[],
    options: AbortOptions = {}
  ): Promise<Outcome<ProvenWords>> {
    if (refs.length > PROOF_SLOTS_MAX) {
      throw new InvalidParametersError(`"refs" expected 0..${PROOF_SLOTS_MAX}, got ${refs.length}`)
    }
    const { contracts, answers } = this.#at(block)
    const question = refs.map(({ contract, slot }) => contract + latin1(slot)).join()
    const known = answers.get(question)
    if (known != null) return { ok: true, value: known }
    const asked = CONTRACTS.filter((name) => refs.some(({ contract }) => contract === name))
    const settled = await waitFor(
      Promise.allSettled(
        asked.map(async (name) => {
          const slots = refs.filter(({ contract }) => contract === name).map(({ slot }) => slot)
          return [name, await contracts[name].prove(slots)] as const
        })
      ),
      options.signal
    )
    const failed = settled.filter((each) => each.status === 'rejected').map(({ reason }) => reason)
    const stranger = failed.find((reason) => !(reason instanceof Refusal))
    if (stranger != null) throw stranger
    const codes = failed.map((reason: Refusal) => reason.code).sort((a, b) => a - b)
    if (codes[0] != null) return { ok: false, code: codes[0] }
    const proven = new Map(
      settled.filter((each) => each.status === 'fulfilled').map(({ value }) => value)
    )
    const value = this.#gather(block, refs, proven)
    if (answers.size < PROVEN_CACHE_ITEMS / PROVEN_BLOCKS) answers.set(question, value)
    return { ok: true, value }
  }

  #gather(
    block: VerifiedHeader,
    refs: readonly WordRef[],
    proven: ReadonlyMap<ContractName, ProvenContract>
  ): ProvenWords {
    const words = refs.map(
      ({ contract, slot }) => proven.get(contract)?.slots.get(toHex(slot))?.word as bigint
    )
    const contracts: ContractEvidence[] = [...proven].map(([name, { account, slots }]) => ({
      address: this.#init.deployment[name] as Address, // or it would not be proven
      account: account.nodes,
      storage: [...slots.values()].map(({ key, nodes }) => ({ key, proof: nodes }))
    }))
    const evidence = encodeEvidence(block, contracts)
    const ref = { number: block.number, hash: block.hash }
    return { block: ref, words, evidence } as unknown as ProvenWords
  }

  #at(block: VerifiedHeader): AtBlock {
    const key = toHex(block.hash)
    const at = this.#blocks.get(key) ?? {
      contracts: {
        grants: new ContractAtBlock(this.#init, 'grants', block),
        records: new ContractAtBlock(this.#init, 'records', block),
        directory: new ContractAtBlock(this.#init, 'directory', block),
        emergency: new ContractAtBlock(this.#init, 'emergency', block),
        audit: new ContractAtBlock(this.#init, 'audit', block),
        guardians: new ContractAtBlock(this.#init, 'guardians', block)
      },
      answers: new Map()
    }
    this.#blocks.delete(key)
    this.#blocks.set(key, at)
    const [oldest] = this.#blocks.keys()
    if (this.#blocks.size > PROVEN_BLOCKS && oldest != null) this.#blocks.delete(oldest)
    return at
  }
}

/** A key of 32 characters: hex takes five times as long. */
const latin1 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('latin1')

interface AtBlock {
  readonly contracts: Record<ContractName, ContractAtBlock>
  /** Whole answers with their evidence, by what was asked: the same grant is read many times. */
  readonly answers: Map<string, ProvenWords>
}

interface ProvenContract {
  readonly account: OwnAccount
  readonly slots: ReadonlyMap<string, ProvenSlot & { readonly key: Hash }>
}

interface Waiting {
  readonly key: Hash
  readonly found: PromiseWithResolvers<ProvenSlot>
}

/** What is proven of one contract at one block, and what is still being asked. */
class ContractAtBlock {
  readonly #init: SourceInit
  readonly #contract: ContractName
  readonly #block: VerifiedHeader
  readonly #slots = new Map<string, ProvenSlot>()
  readonly #waiting = new Map<string, Waiting>()
  readonly #asked = new Map<string, Waiting>()
  #account: OwnAccount | undefined
  #asking = false

  constructor(init: SourceInit, contract: ContractName, block: VerifiedHeader) {
    this.#init = init
    this.#contract = contract
    this.#block = block
  }

  /** @throws Refusal */
  async prove(keys: readonly Hash[]): Promise<ProvenContract> {
    const found = await Promise.all(
      keys.map(async (key) => [toHex(key), { key, ...(await this.#slot(key)) }] as const)
    )
    return { account: this.#account as OwnAccount, slots: new Map(found) }
  }

  #slot(key: Hash): Promise<ProvenSlot> | ProvenSlot {
    const name = toHex(key)
    const known = this.#slots.get(name)
    if (known != null) return known
    const pending = this.#asked.get(name) ?? this.#waiting.get(name)
    if (pending != null) return pending.found.promise
    const found = Promise.withResolvers<ProvenSlot>()
    found.promise.catch(() => {}) // heard by whoever asked; nobody may be left to hear it
    this.#waiting.set(name, { key, found })
    if (!this.#asking) {
      this.#asking = true
      // what is asked in this turn of the event loop goes out together: requests come in bursts
      setImmediate(() => void this.#askAll())
    }
    return found.promise
  }

  /** Asks for what is waiting until nothing is. */
  async #askAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      for (const [name, waiting] of [...this.#waiting].slice(0, PROOF_SLOTS_MAX)) {
        this.#waiting.delete(name)
        this.#asked.set(name, waiting)
      }
      const batch = [...this.#asked.values()]
      try {
        const proven = await this.#ask(batch.map(({ key }) => key))
        for (const [i, { key, found }] of batch.entries()) {
          const slot = proven[i] as ProvenSlot
          if (this.#slots.size < PROVEN_CACHE_ITEMS / PROVEN_BLOCKS)
            this.#slots.set(toHex(key), slot)
          found.resolve(slot)
        }
      } catch (err) {
        for (const { found } of batch) found.reject(err)
      }
      this.#asked.clear()
    }
    this.#asking = false
  }

  /** Words of a contract that is not deployed cannot be proven. */
  async #ask(keys: readonly Hash[]): Promise<ProvenSlot[]> {
    if (this.#init.deployment[this.#contract] == null) throw new Refusal(Code.PROOF_UNAVAILABLE)
    const { endpoints, preferred, hedgeMs = PROOF_HEDGE_MS, timeoutMs = RPC_MAX_MS } = this.#init
    const first = preferred.index
    let wrongProof = false
    const askers = endpoints.map((_, i) => async (signal: AbortSignal) => {
      const index = (first + i) % endpoints.length
      const claim = await this.#claim(endpoints[index] as Endpoint, keys, signal)
      try {
        const proven = await this.#verify(claim, keys)
        preferred.index = index
        return proven
      } catch (err) {
        wrongProof = true
        throw err
      }
    })
    try {
      const proven = await firstGood(askers, hedgeMs, AbortSignal.timeout(timeoutMs))
      if (proven === 'other code') throw new Refusal(Code.CODE_HASH)
      return proven
    } catch (err) {
      if (err instanceof Refusal) throw err
      throw new Refusal(wrongProof ? Code.PROOF_INVALID : Code.PROOF_UNAVAILABLE)
    }
  }

  #claim(endpoint: Endpoint, keys: readonly Hash[], signal: AbortSignal): Promise<ClaimedProof> {
    const account = this.#init.deployment[this.#contract] as Address
    return endpoint.proof(account, keys, this.#block, { signal })
  }

  async #verify(claim: ClaimedProof, keys: readonly Hash[]): Promise<ProvenSlot[] | 'other code'> {
    const { deployment, primitives } = this.#init
    const address = deployment[this.#contract] as Address
    const codeHash = deployment.codeHashes[this.#contract]
    if (this.#account == null) {
      const { stateRoot } = this.#block
      const proven = await proveAccount(stateRoot, address, claim.account, primitives)
      // Proven, whoever said it: asking others would not change it.
      if (proven == null || codeHash == null || !equalBytes(proven.codeHash, codeHash)) {
        return 'other code'
      }
      this.#account = { ...proven, nodes: claim.account }
    }
    const slots = keys.map((key, i) => ({ key, nodes: claim.storage[i]?.nodes ?? [] }))
    const words = await proveSlots(this.#account.storageRoot, slots, primitives)
    return slots.map(({ nodes }, i) => ({ word: words[i] as bigint, nodes }))
  }
}
