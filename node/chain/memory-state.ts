/**
 * State of a memory chain as Ethereum keeps it: an account trie over the contracts, a storage trie
 * below each, both real, so that the proofs verify by the same code as any chain's. Old roots stay
 * readable, since nothing is pruned: fit for tests and simulations, not for years. A memory chain
 * has every contract.
 * @module
 */
import { createMerkleProof, MerklePatriciaTrie } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { MapDB, ValueEncoding } from '@ethereumjs/util'
import { equalBytes, utf8, wordBytes } from '../../core/bytes.ts'
import { delegatedCodeHash } from '../../core/delegation.ts'
import type { Deployment } from '../../core/deployment.ts'
import { type Address, type Hash, hash } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { ClaimedProof, ContractName, WordRef } from '../adapters.ts'
import { CONTRACTS } from './evidence.ts'
import type { AccountCode } from './guardians-model.ts'

/** The roots of one block's tries. */
export interface Roots {
  readonly state: Hash
  readonly storage: Readonly<Record<ContractName, Hash>>
}

export class MemoryState {
  readonly #deployment: Deployment
  readonly #p: Primitives
  readonly #db = new MapDB<string, string | Uint8Array>()

  constructor(deployment: Deployment, p: Primitives) {
    this.#deployment = deployment
    this.#p = p
  }

  /** `strangers` other accounts make the proofs as deep as on a chain that others use too. */
  async genesis(strangers: number): Promise<Roots> {
    const empty = this.#empty
    const storage = Object.fromEntries(CONTRACTS.map((name) => [name, empty])) as Roots['storage']
    let state = empty
    for (let i = 0; i < strangers; i++) {
      const address = this.#p.keccak256(utf8(`stranger ${i}`)).subarray(12)
      state = await this.#put(state, address, account(empty, hash(this.#p.keccak256())))
    }
    for (const name of CONTRACTS) state = await this.#putContract(state, name, empty)
    return { state, storage }
  }

  /** The roots after some words changed. */
  async apply(
    roots: Roots,
    changes: readonly { readonly ref: WordRef; readonly word: bigint }[],
    accounts: readonly (AccountCode & { readonly account: Address })[] = []
  ): Promise<Roots> {
    const storage = { ...roots.storage }
    for (const { ref, word } of changes) {
      storage[ref.contract] = await this.#put(storage[ref.contract], ref.slot, wordRlp(word))
    }
    let { state } = roots
    for (const name of new Set(changes.map(({ ref }) => ref.contract))) {
      state = await this.#putContract(state, name, storage[name])
    }
    for (const { account: at, nonce, code } of accounts) {
      const codeHash = code == null ? this.#p.keccak256() : delegatedCodeHash(code, this.#p)
      state = await this.#put(state, at, account(this.#empty, hash(codeHash), nonce))
    }
    return { state, storage }
  }

  async proof(roots: Roots, address: Address, keys: readonly Hash[]): Promise<ClaimedProof> {
    const name = CONTRACTS.find((each) => equalBytes(this.#deployment[each] as Address, address))
    const storageTrie = this.#trie(name == null ? undefined : roots.storage[name])
    const storage = []
    for (const key of keys) storage.push({ key, nodes: await createMerkleProof(storageTrie, key) })
    return { account: await createMerkleProof(this.#trie(roots.state), address), storage }
  }

  get #empty(): Hash {
    return hash(this.#trie().EMPTY_TRIE_ROOT)
  }

  async #putContract(state: Hash, name: ContractName, storageRoot: Hash): Promise<Hash> {
    const { [name]: address, codeHashes } = this.#deployment
    const value = account(storageRoot, codeHashes[name] as Hash)
    return await this.#put(state, address as Address, value)
  }

  async #put(root: Hash, key: Uint8Array, value: Uint8Array): Promise<Hash> {
    const trie = this.#trie(root)
    await trie.put(key, value)
    return hash(trie.root())
  }

  #trie(root?: Hash): MerklePatriciaTrie {
    return new MerklePatriciaTrie({
      db: this.#db,
      valueEncoding: ValueEncoding.Bytes,
      useKeyHashing: true,
      useKeyHashingFunction: (bytes) => this.#p.keccak256(bytes),
      ...(root == null ? {} : { root })
    })
  }
}

/** nonce, balance 0, storage root, code hash. */
const account = (storageRoot: Hash, codeHash: Hash, nonce = 1): Uint8Array =>
  RLP.encode([nonce, new Uint8Array(), storageRoot, codeHash])

/** Zero deletes. */
function wordRlp(word: bigint): Uint8Array {
  if (word === 0n) return new Uint8Array()
  const bytes = wordBytes(word)
  return RLP.encode(bytes.subarray(bytes.findIndex((byte) => byte !== 0)))
}
