/**
 * The proofs of one block as canonical bytes, so that a receipt can name them by hash and a
 * stranger can check them again without any endpoint (SECURITY.md §11, §15). Written only by
 * proofs.ts, from what it has verified; read by whoever doubts a receipt.
 * @module
 */
import { compareBytes, equalBytes } from '../../core/bytes.ts'
import { bytes, bytesUpTo, decode, encode, list, map, type Of } from '../../core/codec.ts'
import type { Deployment } from '../../core/deployment.ts'
import { InvalidProofError } from '../../core/errors.ts'
import { address, type Hash, hash } from '../../core/ids.ts'
import {
  HEADER_MAX_BYTES,
  PROOF_NODE_BYTES,
  PROOF_NODES_MAX,
  PROOF_SLOTS_MAX
} from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { BlockRef, ContractName, VerifiedHeader, WordRef } from '../adapters.ts'
import { verifyHeaderRlp } from './header.ts'
import { proveAccount, proveSlots } from './state-proof.ts'

export const CONTRACTS: readonly ContractName[] = [
  'grants',
  'records',
  'directory',
  'emergency',
  'audit',
  'guardians'
]

const nodes = list(bytesUpTo(PROOF_NODE_BYTES, 1), PROOF_NODES_MAX)
const contractShape = map({
  address: bytes(20, address),
  account: nodes,
  storage: list(map({ key: bytes(32, (b) => hash(b)), proof: nodes }), PROOF_SLOTS_MAX, 1)
})
/** The contracts that were asked, in the order of CONTRACTS. */
const evidenceShape = map({
  header: bytesUpTo(HEADER_MAX_BYTES, 1),
  contracts: list(contractShape, CONTRACTS.length)
})

export type ContractEvidence = Of<typeof contractShape>

/** Canonical: slots ascending, each once. */
export function encodeEvidence(
  header: VerifiedHeader,
  contracts: readonly ContractEvidence[]
): Uint8Array {
  const sorted = contracts.map(({ storage, ...rest }) => ({
    ...rest,
    storage: storage.toSorted((a, b) => compareBytes(a.key, b.key))
  }))
  return encode({ header: header.rlp, contracts: sorted })
}

export interface CheckedEvidence {
  readonly header: VerifiedHeader
  /** The word in a slot, 0n if the proof shows absence; undefined if the evidence says nothing. */
  word(ref: WordRef): bigint | undefined
}

/**
 * Checks evidence again, as a stranger would: header against the block that the receipt names,
 * code hashes against the deployment, every node on the way to every word.
 * @throws InvalidMessageError, InvalidProofError
 */
export async function checkEvidence(
  evidence: Uint8Array,
  block: BlockRef,
  deployment: Deployment,
  p: Pick<Primitives, 'keccak256'>
): Promise<CheckedEvidence> {
  const { header: rlp, contracts } = decode(evidenceShape, evidence, 'evidence')
  const header = verifyHeaderRlp(rlp, block, p)
  const words: { ref: WordRef; word: bigint }[] = []
  for (const { address: at, account, storage } of contracts) {
    const contract = CONTRACTS.find((name) => isAt(deployment[name], at))
    if (contract == null) throw new InvalidProofError('evidence of a contract that is not ours')
    const proven = await proveAccount(header.stateRoot, at, account, p)
    if (proven == null || !isAt(deployment.codeHashes[contract], proven.codeHash)) {
      throw new InvalidProofError(`evidence of other code at ${contract}`)
    }
    const slots = storage.map(({ key, proof }) => ({ key, nodes: proof }))
    const found = await proveSlots(proven.storageRoot, slots, p)
    for (const [i, { key }] of slots.entries()) {
      words.push({ ref: { contract, slot: key }, word: found[i] as bigint })
    }
  }
  const isSame = (a: WordRef, contract: ContractName, slot: Hash): boolean =>
    a.contract === contract && equalBytes(a.slot, slot)
  return {
    header,
    word: ({ contract, slot }) => words.find(({ ref }) => isSame(ref, contract, slot))?.word
  }
}

/** Not every deployment has every contract. */
const isAt = (pinned: Uint8Array | undefined, found: Uint8Array): boolean =>
  pinned != null && equalBytes(pinned, found)
