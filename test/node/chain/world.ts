/**
 * A memory chain with people on it, for the tests of this folder: a clock that only they turn, an
 * owner who can sign, grants by number, and the two sources over any endpoints.
 * @module
 */
import { utf8 } from '../../../core/bytes.ts'
import { type GrantOpening, grantId, openingHash } from '../../../core/grant.ts'
import { type Address, address, type GrantId, type Hash, hash } from '../../../core/ids.ts'
import { noblePrimitives as p } from '../../../core/noble.ts'
import { type SignedMessage, signTyped } from '../../../core/typed-data.ts'
import type { BlockRef, Endpoint, HeadSource, WordSource } from '../../../node/adapters.ts'
import { type Checkpoint, quorumHeads } from '../../../node/chain/heads.ts'
import { MemoryChain, type MemoryChainInit } from '../../../node/chain/memory-chain.ts'
import { type ChainParameters, chainParameters } from '../../../node/chain/parameters.ts'
import { provenWords } from '../../../node/chain/proofs.ts'

export { p }

export class TestClock {
  ms = 1_800_000_000_000
  nowMs(): number {
    return this.ms
  }
  seconds(): number {
    return Math.floor(this.ms / 1_000)
  }
  pass(seconds: number): void {
    this.ms += seconds * 1_000
  }
}

export const hashOf = (text: string): Hash => hash(p.keccak256(utf8(text)))
export const keyOf = (name: string): Uint8Array => p.keccak256(utf8(`key of ${name}`))
export const accountOf = (name: string): Address => address(p.secp256k1Address(keyOf(name)))

export const openingNo = (n: number): GrantOpening => ({
  granteeKind: 1,
  grantee: hashOf('grantee'),
  scope: hashOf('scope'),
  verFrom: 1,
  verTo: 1,
  purposes: 1,
  notBefore: 1_800_000_000,
  notAfter: 1_900_000_000,
  budget: 10,
  window: 86_400,
  salt: hashOf(`salt ${n}`)
})

export const grantNo = (owner: Address, n: number): GrantId =>
  grantId(owner, openingHash(openingNo(n), p), p)

/** Keeps the last confirmed block in memory. */
export class TestCheckpoint implements Checkpoint {
  ref: BlockRef | undefined
  puts = 0
  async get(): Promise<BlockRef | undefined> {
    return this.ref
  }
  async put(ref: BlockRef): Promise<void> {
    this.puts++
    this.ref = ref
  }
}

export class World {
  readonly clock = new TestClock()
  readonly checkpoint = new TestCheckpoint()
  readonly chain: MemoryChain
  readonly owner = accountOf('owner')

  constructor(init: Partial<MemoryChainInit> = {}) {
    this.chain = new MemoryChain({ primitives: p, clock: this.clock, ...init })
  }

  /** Signed by the owner; grants openings number `from`..`to`. */
  grants(from: number, to = from, version = 1, epoch = 1): SignedMessage {
    const items = Array.from({ length: to - from + 1 }, (_, i) => ({
      opening: openingNo(from + i),
      version
    }))
    const message = { owner: this.owner, items, epoch, deadline: this.clock.seconds() + 3_600 }
    const sig = signTyped(this.chain.deployment, 'Grants', message, keyOf('owner'), p)
    return { type: 'Grants', message, sig }
  }

  revocation(n: number, version: number): SignedMessage {
    const items = [{ openingHash: openingHash(openingNo(n), p), version }]
    const message = { owner: this.owner, items }
    const sig = signTyped(this.chain.deployment, 'Revocations', message, keyOf('owner'), p)
    return { type: 'Revocations', message, sig }
  }

  async send(message: SignedMessage): Promise<void> {
    await this.chain.send(message, accountOf('relayer'))
  }

  heads(endpoints: readonly Endpoint[], changes: Partial<ChainParameters> = {}): HeadSource {
    const parameters = chainParameters('memory', {
      endpoints: endpoints.length,
      quorum: Math.floor(endpoints.length / 2) + 1,
      ...changes
    })
    const { clock, checkpoint } = this
    const common = { endpoints, parameters, clock, checkpoint, primitives: p }
    return quorumHeads({ ...common, cacheMs: 0, timeoutMs: 400 })
  }

  words(endpoints: readonly Endpoint[], hedgeMs = 20): WordSource {
    const { deployment } = this.chain
    return provenWords({ endpoints, deployment, primitives: p, hedgeMs, timeoutMs: 400 })
  }
}

/** The value, or an error that tells the code. */
export function take<T>(outcome: { ok: true; value: T } | { ok: false; code: number }): T {
  if (outcome.ok) return outcome.value
  throw new Error(`expected a value, got code ${outcome.code}`)
}
