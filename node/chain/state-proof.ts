/**
 * Merkle-Patricia proofs against a state root (check 32). The verifier is @ethereumjs/mpt's, never
 * one of our own: CHAIN.md §3 tells how a quick one believed three invented nodes under any root.
 * Around it stand the checks that it leaves to us: bounds, that exactly the nodes of the path were
 * given, and that values are canonical.
 * @module
 */
import { MerklePatriciaTrie, updateMPTFromMerkleProof } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { type BatchDBOp, type DB, ValueEncoding } from '@ethereumjs/util'
import { equalBytes, toBigInt, toHex } from '../../core/bytes.ts'
import { InvalidProofError } from '../../core/errors.ts'
import { type Address, type Hash, hash } from '../../core/ids.ts'
import { PROOF_NODE_BYTES, PROOF_NODES_MAX } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'

type Keccak = Pick<Primitives, 'keccak256'>
type Nodes = readonly Uint8Array[]

/** What a proof says of a contract. */
export interface ProvenAccount {
  readonly nonce: number
  readonly storageRoot: Hash
  readonly codeHash: Hash
}

/** The nodes of some proofs by their hash; it notes which were read, in order. */
class NodeStore implements DB<string, string | Uint8Array> {
  readonly #nodes = new Map<string, Uint8Array>()
  #read: Uint8Array[] = []

  async get(key: string): Promise<Uint8Array | undefined> {
    const node = this.#nodes.get(key)
    if (node != null) this.#read.push(node)
    return node
  }

  async put(key: string, value: string | Uint8Array): Promise<void> {
    this.#nodes.set(key, value as Uint8Array)
  }

  async batch(ops: BatchDBOp<string, string | Uint8Array>[]): Promise<void> {
    for (const op of ops) if (op.type === 'put') await this.put(op.key, op.value)
  }

  async del(): Promise<void> {}
  async open(): Promise<void> {}
  shallowCopy(): this {
    return this
  }

  takeRead(): Uint8Array[] {
    const read = this.#read
    this.#read = []
    return read
  }
}

/** A trie of which only some nodes are known. */
class PartialTrie {
  readonly #store = new NodeStore()
  readonly #trie: MerklePatriciaTrie
  readonly #empty: boolean
  readonly #known = new Set<string>()

  constructor(root: Uint8Array, p: Keccak) {
    this.#trie = new MerklePatriciaTrie({
      root,
      db: this.#store,
      valueEncoding: ValueEncoding.Bytes,
      useKeyHashing: true,
      useKeyHashingFunction: (bytes) => p.keccak256(bytes)
    })
    this.#empty = equalBytes(root, this.#trie.EMPTY_TRIE_ROOT)
  }

  /** The value under `key`, or null where the nodes show that there is none. */
  async get(key: Uint8Array, nodes: Nodes, name: string): Promise<Uint8Array | null> {
    // A trie without entries has no node to show; clients give none, or the empty string's RLP.
    if (this.#empty) return null
    try {
      await this.#learn(nodes)
      const value = await this.#trie.get(key, true)
      const read = this.#store.takeRead()
      const same = read.length === nodes.length && read.every((node, i) => sameNode(node, nodes[i]))
      if (same) return value
    } catch (err) {
      this.#store.takeRead()
      throw new InvalidProofError(`the proof of ${name} does not fit its root`, { cause: err })
    }
    throw new InvalidProofError(`the proof of ${name} has nodes beside its path`)
  }

  /** The library files each node under the hash that it computes; upper nodes come many times. */
  async #learn(nodes: Nodes): Promise<void> {
    const fresh: Uint8Array[] = []
    for (const node of nodes) {
      const key = toHex(node)
      if (this.#known.has(key)) continue
      this.#known.add(key)
      fresh.push(node)
    }
    await updateMPTFromMerkleProof(this.#trie, fresh)
  }
}

const sameNode = (a: Uint8Array, b: Uint8Array | undefined): boolean =>
  b != null && equalBytes(a, b)

function checkBounds(nodes: Nodes, name: string): void {
  if (nodes.length > PROOF_NODES_MAX || nodes.some((n) => n.byteLength > PROOF_NODE_BYTES)) {
    throw new InvalidProofError(`the proof of ${name} is larger than any honest one`)
  }
}

/**
 * The account under a state root; undefined where the proof shows that it does not exist.
 * @throws InvalidProofError
 */
export async function proveAccount(
  stateRoot: Hash,
  account: Address,
  nodes: Nodes,
  p: Keccak
): Promise<ProvenAccount | undefined> {
  checkBounds(nodes, 'the account')
  const value = await new PartialTrie(stateRoot, p).get(account, nodes, 'the account')
  if (value == null) return undefined
  const fields = decodeRlp(value)
  if (Array.isArray(fields) && fields.length === 4) {
    const [nonce, , storageRoot, codeHash] = fields as unknown[]
    // EIP-2681: a nonce has 64 bits; one past 2^53 is of no account that anybody uses
    const counted = nonce instanceof Uint8Array && nonce.byteLength <= 6
    if (counted && isWord(storageRoot) && isWord(codeHash)) {
      return {
        nonce: Number(toBigInt(nonce)),
        storageRoot: hash(storageRoot),
        codeHash: hash(codeHash)
      }
    }
  }
  throw new InvalidProofError('the account expected four fields')
}

/**
 * The words in slots of a contract, in the order asked; 0n where a proof shows absence.
 * @throws InvalidProofError if any of them is not proven
 */
export async function proveSlots(
  storageRoot: Hash,
  slots: readonly { readonly key: Hash; readonly nodes: Nodes }[],
  p: Keccak
): Promise<bigint[]> {
  const trie = new PartialTrie(storageRoot, p)
  const words: bigint[] = []
  for (const { key, nodes } of slots) {
    checkBounds(nodes, 'a slot')
    const value = await trie.get(key, nodes, 'a slot')
    words.push(value == null ? 0n : readWord(value))
  }
  return words
}

/**
 * A storage value is the RLP of the word without leading zeros. Ethereum stores no zero, but anvil
 * leaves one where a slot was cleared; it is as good as absence, and refuses like it.
 */
function readWord(value: Uint8Array): bigint {
  const word = decodeRlp(value)
  if (!(word instanceof Uint8Array) || word.byteLength > 32 || word[0] === 0) {
    throw new InvalidProofError('a slot expected a word without leading zeros')
  }
  if (!equalBytes(RLP.encode(word), value)) {
    throw new InvalidProofError('a slot expected canonical RLP')
  }
  return toBigInt(word)
}

function decodeRlp(value: Uint8Array): unknown {
  try {
    return RLP.decode(value)
  } catch (err) {
    throw new InvalidProofError('a proven value expected RLP', { cause: err })
  }
}

const isWord = (value: unknown): value is Uint8Array =>
  value instanceof Uint8Array && value.byteLength === 32
