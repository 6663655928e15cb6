/**
 * What the check costs: an account and a slot proven by the library, against the 0.40 ms that this
 * project allows it, and how much of a custodian's processor time of a warm release goes to chain and
 * rule, against a twentieth. A custodian in another process serves; it repeats its check by itself.
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMerkleProof, MerklePatriciaTrie } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { u32be, utf8 } from '../../core/bytes.ts'
import { leftPad } from '../../core/eip712.ts'
import { type Address, address, type Hash, hash } from '../../core/ids.ts'
import { proveAccount, proveSlots } from '../../node/chain/state-proof.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { costOfBoth, startChild } from './child.ts'
import type { CustodianSide, CustodianSideInit } from './custodian-side.ts'
import { type BenchOptions, costOf, inTurns, pairedRow, type Row, repeatsOf } from './measure.ts'
import { Requester } from './requester.ts'

export const name = 'check'

const SIDE = new URL('custodian-side.ts', import.meta.url)
/** What a proof may cost with the library (issue 4). */
const PROOF_MAX_MS = 0.4
/** As CHAIN.md §3 measured: a contract with so many grants. */
const GRANTS = 3_000
/** Other accounts: an account's proof of two nodes, as on the chain that it was measured on. */
const STRANGERS = 16
const WARM_UP = 1_500

export async function run(options: BenchOptions): Promise<readonly Row[]> {
  return [...(await proofs(options)), ...(await share(options))]
}

// ---- proofs

interface Proven {
  readonly stateRoot: Hash
  readonly contract: Address
  readonly account: readonly Uint8Array[]
  readonly slots: readonly { readonly key: Hash; readonly nodes: readonly Uint8Array[] }[]
}

async function trieOf(entries: readonly (readonly [Uint8Array, Uint8Array])[]) {
  const trie = new MerklePatriciaTrie({
    useKeyHashing: true,
    useKeyHashingFunction: (bytes) => p.keccak256(bytes)
  })
  for (const [key, value] of entries) await trie.put(key, value)
  return trie
}

/** A contract with many grants among other accounts, and a proof of each of `count` grants. */
async function provenOf(count: number): Promise<Proven> {
  const keys = Array.from({ length: GRANTS }, (_, i) => hash(leftPad(u32be(i))))
  const word = hash(p.keccak256(utf8('a grant')))
  const storage = await trieOf(keys.map((key) => [key, RLP.encode(word)]))
  const contract = address(p.keccak256(utf8('the contract')).slice(12))
  const fields = [1, 0, hash(storage.root()), hash(p.keccak256(utf8('code')))]
  const strangers = Array.from({ length: STRANGERS }, (_, i) => p.keccak256(u32be(i)).subarray(12))
  const accounts = [contract, ...strangers].map((each) => [each, RLP.encode(fields)] as const)
  const state = await trieOf(accounts)
  const slots = []
  for (const key of keys.slice(0, count)) {
    slots.push({ key, nodes: await createMerkleProof(storage, key) })
  }
  return {
    stateRoot: hash(state.root()),
    contract,
    account: await createMerkleProof(state, contract),
    slots
  }
}

async function proofs(options: BenchOptions): Promise<readonly Row[]> {
  const count = options.quick ? 100 : 1_000
  const { stateRoot, contract, account, slots } = await provenOf(count)
  const each = async (work: (slot: Proven['slots'][number]) => unknown): Promise<number> => {
    const { cpuSeconds } = await costOf(async () => {
      for (const slot of slots) await work(slot)
    })
    return (1_000 * cpuSeconds) / count
  }
  const times = await inTurns(repeatsOf(options), {
    both: () =>
      each(async (slot) => {
        const proven = await proveAccount(stateRoot, contract, account, p)
        await proveSlots(proven?.storageRoot as Hash, [slot], p)
      }),
    hashes: () =>
      each(({ nodes }) => {
        for (const node of [...account, ...nodes]) p.keccak256(node)
      })
  })
  const unit = 'cpu-ms'
  const allowed = times.both.map(() => PROOF_MAX_MS)
  return [
    pairedRow(
      { what: 'account and slot proven / allowed', unit, goal: { atMost: 1 } },
      times.both,
      allowed
    ),
    pairedRow(
      { what: 'account and slot proven / hashes of its nodes', unit },
      times.both,
      times.hashes
    )
  ]
}

// ---- the check's share of a release

async function share(options: BenchOptions): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'keyward-bench-'))
  const init: CustodianSideInit = { folder }
  try {
    await using server = await startChild<CustodianSide>(SIDE, init)
    await using requester = await Requester.start(server)
    const count = options.quick ? 20 : 300
    await requester.prepare('shipped')
    await requester.pipelined(options.quick ? 20 : WARM_UP)
    await server.calls.check(options.quick ? 20 : WARM_UP)
    const perRelease = (cpuSeconds: number): number => (1_000 * cpuSeconds) / count
    const times = await inTurns(repeatsOf(options), {
      check: async () => {
        await requester.prepare('shipped')
        return perRelease((await server.calls.check(count)).cpuSeconds)
      },
      release: async () => {
        await requester.prepare('shipped')
        const cost = await costOfBoth(server, () => costOf(() => requester.pipelined(count)))
        return perRelease(cost.otherCpuSeconds)
      }
    })
    const what = 'check of a warm release / the release'
    return [pairedRow({ what, unit: 'cpu-ms', goal: { atMost: 0.05 } }, times.check, times.release)]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
