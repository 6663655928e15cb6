import { createMerkleProof, MerklePatriciaTrie } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, u32be } from '../../../core/bytes.ts'
import { leftPad } from '../../../core/eip712.ts'
import { type Hash, hash } from '../../../core/ids.ts'
import { PROOF_NODE_BYTES, PROOF_NODES_MAX } from '../../../core/limits.ts'
import { shortNodes } from '../../../node/chain/memory-endpoint.ts'
import { proveAccount, proveSlots } from '../../../node/chain/state-proof.ts'
import { accountOf, hashOf, p } from './world.ts'

const invalid = { name: 'InvalidProofError' }
const keyNo = (n: number): Hash => hash(leftPad(u32be(n)))
const ZERO = new Uint8Array()

async function trieOf(entries: [Uint8Array, Uint8Array][]): Promise<MerklePatriciaTrie> {
  const trie = new MerklePatriciaTrie({ useKeyHashing: true })
  for (const [key, value] of entries) await trie.put(key, value)
  return trie
}

/** Slots 0..199 hold 1..200. */
const trie = await trieOf(
  Array.from({ length: 200 }, (_, n) => [keyNo(n), RLP.encode(n + 1)] as [Uint8Array, Uint8Array])
)
const root = hash(trie.root())
const nodesOf = (key: Hash): Promise<Uint8Array[]> => createMerkleProof(trie, key)
const prove = (key: Hash, nodes: readonly Uint8Array[], at = root): Promise<bigint[]> =>
  proveSlots(at, [{ key, nodes }], p)

describe('a storage proof', () => {
  it('gives the word, or 0 where there is none', async () => {
    const keys = [0, 77, 199, 200, 12_345].map(keyNo)
    const slots = await Promise.all(keys.map(async (key) => ({ key, nodes: await nodesOf(key) })))

    expect(await proveSlots(root, slots, p)).toEqual([1n, 78n, 200n, 0n, 0n])
  })

  it('gives 0 for every slot of an empty storage, whatever is shown', async () => {
    const empty = hash(new MerklePatriciaTrie().EMPTY_TRIE_ROOT)

    expect(await prove(keyNo(1), [], empty)).toEqual([0n])
    expect(await prove(keyNo(1), [Uint8Array.of(0x80)], empty)).toEqual([0n])
  })

  it('gives 0 in a storage of one other slot', async () => {
    const single = await trieOf([[keyNo(1), RLP.encode(5)]])
    const nodes = await createMerkleProof(single, keyNo(2))

    expect(await prove(keyNo(2), nodes, hash(single.root()))).toEqual([0n])
  })

  it('is refused when it is CHAIN.md §3’s: three short nodes under a root of nobody', async () => {
    const forged = shortNodes({ account: [], storage: [{ key: keyNo(1), nodes: [] }] })
    const nodes = forged.storage[0]?.nodes ?? []

    await expect(prove(keyNo(1), nodes, hashOf('any root'))).rejects.toMatchObject(invalid)
    await expect(prove(keyNo(1), nodes)).rejects.toMatchObject(invalid)
    expect(nodes.map((node) => node.length)).toEqual([16, 16, 12])
  })

  it.each<[string, (nodes: Uint8Array[]) => Uint8Array[]]>([
    ['no nodes', () => []],
    ['the root alone', (nodes) => nodes.slice(0, 1)],
    ['no leaf', (nodes) => nodes.slice(0, -1)],
    ['no root', (nodes) => nodes.slice(1)],
    ['a node twice', (nodes) => [...nodes, nodes[0] as Uint8Array]],
    ['another order', (nodes) => nodes.toReversed()],
    ['a node of nobody', (nodes) => [...nodes, RLP.encode(['a', 'b'])]],
    ['an empty node', (nodes) => [...nodes, ZERO]],
    ['an endless list of nodes', (nodes) => Array(PROOF_NODES_MAX + 1).fill(nodes[0])],
    ['an endless node', (nodes) => [...nodes, new Uint8Array(PROOF_NODE_BYTES + 1)]]
  ])('is refused with %s', async (_, change) => {
    const nodes = await nodesOf(keyNo(7))

    await expect(prove(keyNo(7), change(nodes))).rejects.toMatchObject(invalid)
  })

  it('is refused for another slot', async () => {
    await expect(prove(keyNo(8), await nodesOf(keyNo(7)))).rejects.toMatchObject(invalid)
    await expect(prove(keyNo(999), await nodesOf(keyNo(7)))).rejects.toMatchObject(invalid)
  })

  it('gives 0 for a slot that was cleared but left in the trie, as anvil does', async () => {
    const cleared = await trieOf([[keyNo(1), RLP.encode(ZERO)]])
    const nodes = await createMerkleProof(cleared, keyNo(1))

    expect(await prove(keyNo(1), nodes, hash(cleared.root()))).toEqual([0n])
  })

  it.each([
    ['a zero byte', Uint8Array.of(0)],
    ['leading zeros', Uint8Array.of(0, 5)],
    ['33 bytes', new Uint8Array(33).fill(1)]
  ])('is refused when the slot holds %s, which no chain stores', async (_, word) => {
    const odd = await trieOf([[keyNo(1), RLP.encode(word)]])
    const nodes = await createMerkleProof(odd, keyNo(1))

    await expect(prove(keyNo(1), nodes, hash(odd.root()))).rejects.toMatchObject(invalid)
  })

  it.each([
    ['a list', RLP.encode(['x'])],
    ['a long form of a short word', Uint8Array.of(0x81, 0x05)],
    ['no RLP', Uint8Array.of(0xb8)]
  ])('is refused when the slot holds %s', async (_, value) => {
    const odd = await trieOf([[keyNo(1), value]])
    const nodes = await createMerkleProof(odd, keyNo(1))

    await expect(prove(keyNo(1), nodes, hash(odd.root()))).rejects.toMatchObject(invalid)
  })

  // F7 in small: the word, or nothing. fast-check prints its seed on failure.
  it('never gives a wrong word, however it is damaged', { timeout: 60_000 }, async () => {
    const damage = fc.record({
      slot: fc.nat(210),
      asked: fc.option(fc.nat(210), { freq: 4 }),
      kind: fc.constantFrom('flip', 'set', 'cut', 'grow', 'drop', 'swap', 'graft', 'splice'),
      at: fc.nat(),
      byte: fc.nat(255),
      other: fc.nat(210)
    })
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(damage, async ({ slot, asked, kind, at, byte, other }) => {
        const nodes = await nodesOf(keyNo(slot))
        const grafts = await nodesOf(keyNo(other))
        const index = at % nodes.length
        const node = nodes[index] as Uint8Array
        const place = byte % node.length
        const changed = node.slice()
        if (kind === 'flip') changed[place] = (changed[place] as number) ^ (1 << (at % 8))
        if (kind === 'set') changed[place] = byte
        const damaged = {
          flip: () => nodes.with(index, changed),
          set: () => nodes.with(index, changed),
          cut: () => nodes.with(index, node.subarray(0, place)),
          grow: () => nodes.with(index, concat(node, Uint8Array.of(byte))),
          drop: () => nodes.toSpliced(index, 1),
          swap: () => nodes.toSpliced(index, 1, ...nodes.slice(0, 1)),
          graft: () => nodes.with(index, grafts[at % grafts.length] as Uint8Array),
          splice: () => [...nodes.slice(0, index), ...grafts.slice(index)]
        }[kind]()
        const key = asked ?? slot
        const truth = key < 200 ? BigInt(key + 1) : 0n
        try {
          const [word] = await prove(keyNo(key), damaged)
          accepted++
          expect(word).toBe(truth)
        } catch (err) {
          expect(err).toMatchObject(invalid)
        }
      }),
      { numRuns: 4_000 }
    )
    expect(accepted).toBeLessThan(2_000) // some damage undoes itself; most must be refused
  })
})

describe('an account proof', () => {
  const storageRoot = hashOf('storage')
  const codeHash = hashOf('code')
  const value = RLP.encode([1, 0, storageRoot, codeHash])
  const others = ['a', 'b', 'c', 'd'].map((name) => [accountOf(name), value] as never)

  async function proofOf(stored: Uint8Array) {
    const state = await trieOf([...others, [accountOf('contract'), stored]])
    const nodes = await createMerkleProof(state, accountOf('contract'))
    return { stateRoot: hash(state.root()), nodes, state }
  }

  it('gives storage root and code hash', async () => {
    const { stateRoot, nodes } = await proofOf(value)

    const account = await proveAccount(stateRoot, accountOf('contract'), nodes, p)

    expect(account).toMatchObject({ storageRoot, codeHash })
  })

  it('gives nothing where there is no account', async () => {
    const { stateRoot, state } = await proofOf(value)
    const nodes = await createMerkleProof(state, accountOf('nobody'))

    expect(await proveAccount(stateRoot, accountOf('nobody'), nodes, p)).toBeUndefined()
  })

  it('is refused under another state root', async () => {
    const { nodes } = await proofOf(value)

    const proven = proveAccount(hashOf('root'), accountOf('contract'), nodes, p)

    await expect(proven).rejects.toMatchObject(invalid)
  })

  it.each([
    ['three fields', RLP.encode([1, 0, storageRoot])],
    ['a short root', RLP.encode([1, 0, storageRoot.subarray(1), codeHash])],
    ['a list for a hash', RLP.encode([1, 0, storageRoot, ['x']])],
    ['no list', RLP.encode(storageRoot)]
  ])('is refused when the account has %s', async (_, stored) => {
    const { stateRoot, nodes } = await proofOf(stored)

    const proven = proveAccount(stateRoot, accountOf('contract'), nodes, p)

    await expect(proven).rejects.toMatchObject(invalid)
  })
})
