/**
 * The model and the contracts are one: a random history of calls runs on both, and after each call
 * either both refused with the same error, or all words that changed are equal, and in the end all
 * words are proven equal. A failure prints seed and step; KEYWARD_SEED repeats it.
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareBytes, toHex0x, utf8 } from '../../core/bytes.ts'
import type { Proposal } from '../../core/directory-words.ts'
import { type GrantOpening, grantId, openingHash } from '../../core/grant.ts'
import { type Address, address, type Hash, hash } from '../../core/ids.ts'
import { PROOF_SLOTS_MAX } from '../../core/limits.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import {
  breakGlassDigest,
  type Membership,
  type MessageType,
  type OnChainType,
  signTyped
} from '../../core/typed-data.ts'
import { decodeOwnerWord, ownerSlot } from '../../core/words.ts'
import type { ChainWriter, VerifiedHeader, WordRef } from '../../node/adapters.ts'
import { type Anvil, startAnvil } from '../../node/chain/anvil.ts'
import type { ContractCall } from '../../node/chain/contract-calls.ts'
import { ContractModel } from '../../node/chain/contract-model.ts'
import { deploy } from '../../node/chain/deploy.ts'
import { JsonRpc, rpcEndpoint } from '../../node/chain/endpoint-rpc.ts'
import { ethersWriter } from '../../node/chain/ethers-chain.ts'
import { quorumHeads } from '../../node/chain/heads.ts'
import { chainParameters } from '../../node/chain/parameters.ts'
import { provenWords } from '../../node/chain/proofs.ts'
import { WardsScript } from './wards-script.ts'

const SEED = Number(process.env['KEYWARD_SEED'] ?? Date.now() % 1_000_000)
const STEPS = Number(process.env['KEYWARD_STEPS'] ?? 320)

/** Mulberry32: small, seeded, good enough to choose calls. */
function randomOf(seed: number) {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number): number => Math.floor(next() * n)
  return {
    below,
    often: (chance: number): boolean => next() < chance,
    pick: <T>(from: readonly T[]): T => from[below(from.length)] as T
  }
}
type Random = ReturnType<typeof randomOf>

const keyOf = (name: string): Uint8Array => p.keccak256(utf8(`compliance ${name}`))
const accountOf = (name: string): Address => address(p.secp256k1Address(keyOf(name)))
const hashOf = (text: string): Hash => hash(p.keccak256(utf8(text)))
const ZERO_HASH = hash(new Uint8Array(32))
const ZERO_ADDRESS = address(new Uint8Array(20))

const OWNERS = ['owner 1', 'owner 2']
const ADMINS = ['admin 1', 'admin 2', 'admin 3']
const STAFF = ['doctor 1', 'doctor 2']
/** Clinicians from the first steps on, whom nobody dismisses. */
const NURSES = ['nurse 1', 'nurse 2']
const ALL = [...OWNERS, ...ADMINS, ...STAFF, ...NURSES]
const FOUNDERS = ADMINS.map((name, i) => ({ org: i + 1, admin: accountOf(name) }))
/** The field that names whose act a message is, unless it is the owner. */
const SUBJECT: Partial<Record<OnChainType, string>> = {
  BindingEpoch: 'account',
  Membership: 'account',
  Anchors: 'writer'
}
const LATE = 1_000
/** So often a day passes: a recovery waits for one, and a guardianship ends after two. */
const STEPS_A_DAY = 15
const DAY = 86_400
const FAR = 4_000_000_000

const opening = (n: number): GrantOpening => ({
  granteeKind: 1,
  grantee: hashOf('grantee'),
  scope: hashOf('scope'),
  verFrom: 1,
  verTo: 2,
  purposes: 1,
  notBefore: 1,
  notAfter: FAR,
  budget: 1,
  window: 1,
  salt: hashOf(`salt ${n}`)
})

interface Step {
  readonly call: ContractCall
  readonly from: string
}

const unsigned = (call: object, from: string): Step => ({
  call: { ...call, sig: new Uint8Array() } as unknown as ContractCall,
  from
})

/** Calls that fit what was done before rather often, and miss by a little otherwise. */
class Script {
  readonly #random: Random
  readonly #deployment: Parameters<typeof signTyped>[0]
  readonly #model: ContractModel
  readonly #counts = new Map<string, number>()
  #steps = 0
  readonly #openings: Step[] = NURSES.flatMap((from, i) => [
    unsigned(
      { type: 'BindingEpoch', message: { account: accountOf(from), bindingEpoch: 1 } },
      from
    ),
    { call: { type: 'Consent', org: 1 + i, roles: 2, version: 1, deadline: FAR }, from },
    {
      call: { type: 'Enrol', account: accountOf(from), roles: 2 },
      from: ADMINS[i] as string
    }
  ])
  #proposal: Proposal | undefined
  readonly #wards: WardsScript

  constructor(random: Random, deployment: Parameters<typeof signTyped>[0], model: ContractModel) {
    this.#random = random
    this.#deployment = deployment
    this.#model = model
    this.#wards = new WardsScript({
      random,
      deployment,
      model,
      keyOf,
      accountOf,
      opening,
      payers: ADMINS
    })
  }

  /** One more than last time, mostly. */
  #next(what: string, first = 1): number {
    const { often, below } = this.#random
    const last = this.#counts.get(what) ?? first - 1
    if (often(0.2)) return Math.max(0, last + below(4) - 2)
    this.#counts.set(what, last + 1)
    return last + 1
  }

  /** Old records and grants reach their ends: move on to new ones. */
  #era(): number {
    return Math.floor(this.#steps / 40)
  }

  #deadline(): number {
    return this.#random.often(0.06) ? LATE : FAR
  }

  step(): Step {
    const { below, pick, often } = this.#random
    this.#steps++
    const owner = pick(OWNERS)
    const first = this.#openings.shift()
    if (first != null) return first
    if (this.#steps > 30 && often(0.45)) return this.#wards.step()
    const choice = below(27)
    if (choice >= 20) return choice < 25 ? this.#emergency(owner) : this.#anchors()
    if (choice < 4) return this.#grants(owner)
    if (choice < 6) return this.#revocations(owner)
    if (choice === 6) return this.#message('RevokeAll', owner, { epoch: this.#epoch(owner) + 1 })
    if (choice === 7) {
      const purposes = pick([0, 1, 0x5fff, 0x2000, 1 << 15])
      return this.#message('OptOut', owner, { purposes, version: this.#next(`optOut ${owner}`) })
    }
    if (choice === 8) {
      const account = pick(ALL)
      const isOpen = ADMINS.includes(account) || NURSES.includes(account)
      const bindingEpoch = this.#next(`binding ${account}`, isOpen ? 2 : 1)
      return this.#message('BindingEpoch', account, { bindingEpoch })
    }
    if (choice < 12) return this.#records(owner)
    if (choice < 14) return this.#attest(owner)
    if (choice === 14) {
      const call = { owner: accountOf(owner), recordTag: this.#tag(), org: 1 + below(4) }
      return { call: { type: 'Lapse', ...call }, from: pick(ALL) }
    }
    return this.#directory()
  }

  #epoch(owner: string): number {
    if (this.#random.often(0.1)) return this.#random.below(5)
    const key = `epoch ${owner}`
    return this.#counts.get(key) ?? 1
  }

  #grants(owner: string): Step {
    const { below, often } = this.#random
    const first = below(4) + this.#era()
    const items = Array.from({ length: often(0.6) ? 1 : 1 + below(3) }, (_, i) => ({
      opening: opening(first + i),
      version: this.#next(`grant ${owner} ${first + i}`)
    }))
    return this.#message('Grants', owner, {
      items,
      epoch: this.#epoch(owner),
      deadline: this.#deadline()
    })
  }

  #revocations(owner: string): Step {
    const { below, often } = this.#random
    const items = Array.from({ length: 1 + below(2) }, () => {
      const n = below(5) + this.#era()
      const version = this.#next(`grant ${owner} ${n}`)
      return { openingHash: often(0.05) ? ZERO_HASH : openingHash(opening(n), p), version }
    })
    return this.#message('Revocations', owner, { items })
  }

  #tag(): Hash {
    return this.#random.often(0.03)
      ? ZERO_HASH
      : hashOf(`record ${this.#random.below(3) + this.#era()}`)
  }

  #records(owner: string): Step {
    const { below, often, pick } = this.#random
    const items = Array.from({ length: often(0.8) ? 1 : 2 }, () => {
      const recordTag = this.#tag()
      if (often(0.5)) {
        const first = { recordTag, status: 1, shareEpoch: 1, quorum: 1 + below(2) }
        return { ...first, barredOrg: below(3), anchor: hashOf('anchor') }
      }
      const status = pick([0, 0, 0, 4, 5, 2])
      const shareEpoch = status === 0 ? 1 + below(6) : 1 + below(3)
      const anchor = often(0.1) ? hashOf('anchor') : ZERO_HASH
      return { recordTag, status, shareEpoch, quorum: often(0.1) ? 1 : 0, barredOrg: 0, anchor }
    })
    return this.#message('Records', owner, { items, deadline: this.#deadline() })
  }

  #attest(owner: string): Step {
    const { often, pick, below } = this.#random
    const verdict = often(0.1) ? below(6) : pick([1, 1, 2, 3])
    const anchor = often(0.9) ? hashOf('anchor') : hashOf('other')
    const call = { owner: accountOf(owner), recordTag: this.#tag(), verdict, anchor }
    return { call: { type: 'Attest', ...call }, from: pick([...STAFF, ...STAFF, ...ADMINS, owner]) }
  }

  #emergency(owner: string): Step {
    const { below, often, pick } = this.#random
    const about = { owner: accountOf(owner), openingHash: openingHash(opening(this.#era()), p) }
    const outcomeHash = often(0.9) ? hashOf('outcome') : ZERO_HASH
    switch (below(6)) {
      case 0: {
        const wish = pick([1, 2, 2, 2, 3, 4])
        return this.#message('Wish', owner, { wish, version: this.#next(`wish ${owner}`) })
      }
      case 1:
        return this.#message('Review', owner, { openingHash: about.openingHash, outcomeHash })
      case 2: {
        const notice = hash(grantId(about.owner, about.openingHash, p))
        return {
          call: { type: 'ReviewNotice', notice, outcomeHash },
          from: pick([...ADMINS, owner])
        }
      }
      default:
        return this.#breakGlass(about)
    }
  }

  #breakGlass(about: { readonly owner: Address; readonly openingHash: Hash }): Step {
    const { often, pick } = this.#random
    const reasonHash = often(0.95) ? hashOf('reason') : ZERO_HASH
    const { epoch = 1 } = decodeOwnerWord(this.#model.state.word(ownerSlot(about.owner, p))) ?? {}
    const glass = { ...about, reasonHash, epoch: often(0.9) ? epoch : epoch + 1 }
    const digest = breakGlassDigest(this.#deployment, glass, p)
    const names = often(0.8) ? [...NURSES] : [...NURSES, pick(STAFF)]
    names.sort((a, b) => compareBytes(accountOf(a), accountOf(b)))
    if (often(0.05)) names.reverse()
    const signatures = names
      .slice(often(0.05) ? 1 : 0)
      .map((name) => (often(0.98) ? p.secp256k1Sign(keyOf(name), digest) : new Uint8Array(65)))
    return { call: { type: 'BreakGlass', ...glass, signatures }, from: pick(ALL) }
  }

  #anchors(): Step {
    const { below, often, pick } = this.#random
    const writer = pick(ADMINS)
    const items = Array.from({ length: 1 + below(2) }, () => {
      const log = below(2)
      return {
        logTag: often(0.95) ? hashOf(`log ${log}`) : ZERO_HASH,
        root: often(0.95) ? hashOf(`root ${this.#steps}`) : ZERO_HASH,
        toSeq: this.#next(`log ${writer} ${log}`)
      }
    })
    return this.#message('Anchors', writer, { items })
  }

  #directory(): Step {
    const { below, often, pick } = this.#random
    const account = often(0.93) ? pick(STAFF) : pick(ADMINS)
    const from = pick(ADMINS)
    const named = { account: accountOf(account) }
    const salt = often(0.1) ? ZERO_HASH : hashOf('group')
    const roles = pick([4, 6, 7, 7, 18, 20, 64])
    switch (below(11)) {
      case 0:
      case 1: {
        const version = this.#next(`consent ${account}`)
        const org = below(5)
        const call = { roles: org === 0 ? 0 : roles, version, deadline: this.#deadline() }
        if (often(0.4)) return this.#message('Membership', account, { organisation: org, ...call })
        return often(0.7)
          ? { call: { type: 'Consent', org, ...call }, from: account }
          : this.#enrolBySig(account, { organisation: org, ...call })
      }
      case 2:
        return this.#enrol(account)
      case 3:
        return { call: { type: 'Restrict', ...named, roles: pick([0, 4, 63]) }, from }
      case 4:
        return { call: { type: pick(['Dismiss', 'Reinstate', 'Reinstate']), ...named }, from }
      case 5:
        return { call: { type: often(0.3) ? 'Suspend' : 'Reinstate', ...named }, from }
      case 6:
        return { call: { type: 'SetGroupMember', salt, ...named, member: often(0.6) }, from }
      case 7:
        return { call: { type: 'ClearGroupMember', org: 1 + below(4), salt, ...named }, from }
      default:
        return this.#vote(from)
    }
  }

  /** With what the account consented to, if it did: else next to nobody would ever join. */
  #enrol(account: string): Step {
    const { org, roles: given } = this.#model.directory.consentOf(accountOf(account))
    const roles = this.#random.often(0.9) ? given : 1
    const from = ADMINS[org - 1] ?? this.#random.pick(ADMINS)
    return { call: { type: 'Enrol', account: accountOf(account), roles }, from }
  }

  #enrolBySig(account: string, terms: Omit<Membership, 'account'>): Step {
    const consent = { account: accountOf(account), ...terms }
    const signer = keyOf(this.#random.often(0.9) ? account : 'eve')
    const consentSig = signTyped(this.#deployment, 'Membership', consent, signer, p)
    const from = ADMINS[terms.organisation - 1] ?? this.#random.pick(ADMINS)
    return { call: { type: 'EnrolBySig', consent, consentSig }, from }
  }

  #vote(from: string): Step {
    const { below, often, pick } = this.#random
    const { number, voters, quorum } = this.#model.directory.voterSet()
    const kind = often(0.9) ? pick([1, 2, 3, 3, 3, 5, 6]) : pick([0, 4, 7])
    const named = kind === 1 || kind === 5 || kind === 6
    const after = voters + (kind === 1 || kind === 3 ? 1 : kind === 2 || kind === 4 ? -1 : 0)
    if (this.#proposal != null && often(0.6)) {
      return { call: { type: 'Vote', proposal: this.#proposal }, from }
    }
    this.#proposal = {
      voterSet: often(0.95) ? number : number + 1,
      kind,
      org: kind === 1 ? 4 : 1 + below(4),
      account: named === often(0.95) ? accountOf(pick(STAFF)) : ZERO_ADDRESS,
      quorum: often(0.9) ? Math.floor(after / 2) + 1 : quorum,
      deadline: this.#deadline()
    }
    return { call: { type: 'Vote', proposal: this.#proposal }, from }
  }

  /** Signed by the right key mostly, sent by anybody; or unsigned, sent by its owner. */
  #message(type: OnChainType, who: string, content: object): Step {
    const { often, pick } = this.#random
    const subject = SUBJECT[type] ?? 'owner'
    const message = { [subject]: accountOf(who), ...content }
    if (type === 'RevokeAll') {
      const { epoch } = content as { epoch: number }
      this.#counts.set(`epoch ${who}`, Math.max(this.#epoch(who), epoch))
    }
    const signer = keyOf(often(0.93) ? who : 'eve')
    const own = often(0.2)
    const sig = own
      ? new Uint8Array()
      : signTyped(this.#deployment, type as MessageType, message as never, signer, p)
    return { call: { type, message, sig } as unknown as ContractCall, from: own ? who : pick(ALL) }
  }
}

describe('the model and the contracts', () => {
  let anvil: Anvil

  beforeAll(async () => {
    anvil = await startAnvil()
  })

  afterAll(async () => {
    await anvil.stop()
  })

  it(`agree on every word and every refusal (seed ${SEED})`, { timeout: 120_000 }, async () => {
    const { url } = anvil
    const rpc = new JsonRpc(url)
    const wealth = `0x${(10n ** 20n).toString(16)}`
    for (const name of ALL) {
      await rpc.ask('anvil_setBalance', [toHex0x(accountOf(name)), wealth], () => {})
    }
    const deployment = await deploy({
      url,
      deployerKey: keyOf('owner 1'),
      primitives: p,
      founders: FOUNDERS
    })
    const timeOf = (block: number | 'latest'): Promise<number> =>
      rpc.ask(
        'eth_getBlockByNumber',
        [typeof block === 'number' ? `0x${block.toString(16)}` : block, false],
        (result) => Number((result as { timestamp: string }).timestamp)
      )
    // The founders' words carry the time of the deploying block.
    const model = new ContractModel(deployment, p)
    const [born] = await Promise.all([timeOf(1)])
    model.directory.found(FOUNDERS, 2, { number: 1, timeSeconds: born })
    model.state.takeChanged()
    const writers = new Map<string, ChainWriter>(
      ALL.map((name) => [
        name,
        ethersWriter({ url, accountKey: keyOf(name), deployment, primitives: p })
      ])
    )
    const script = new Script(randomOf(SEED), deployment, model)
    const outcomes = new Map<string, number>()

    let days = 0
    for (let i = 0; i < STEPS; i++) {
      if (i % STEPS_A_DAY === STEPS_A_DAY - 1) {
        await rpc.ask('evm_increaseTime', [DAY], () => {})
        await rpc.ask('evm_mine', [], () => {})
        days++
      }
      const { call, from } = script.step()
      const where = `seed ${SEED}, step ${i}: ${call.type} from ${from}`
      const sent = await (writers.get(from) as ChainWriter).submit(call).then(
        ({ block }) => ({ block, error: 'none' }),
        (err: Error) => {
          if (err.name !== 'TransactionFailedError') throw err
          return { block: undefined, error: err.message }
        }
      )
      const number = sent.block?.number ?? 0
      const timeSeconds = await timeOf(sent.block?.number ?? 'latest')
      let modelled = 'none'
      try {
        model.run(call, accountOf(from), { number, timeSeconds })
      } catch (err) {
        modelled = (err as { error?: string }).error ?? String(err)
      }
      expect(modelled, where).toBe(sent.error)
      outcomes.set(modelled, (outcomes.get(modelled) ?? 0) + 1)
      for (const ref of modelled === 'none' ? model.state.takeChanged() : []) {
        const stored = await rpc.ask(
          'eth_getStorageAt',
          [toHex0x(deployment[ref.contract] as Address), toHex0x(ref.slot), 'latest'],
          (result) => BigInt(result as string)
        )
        expect(stored, `${where}, word of ${ref.contract}`).toBe(model.state.word(ref))
      }
      model.state.takeChanged()
    }

    const endpoint = rpcEndpoint(url)
    const heads = quorumHeads({
      endpoints: [endpoint],
      parameters: chainParameters('dev'),
      clock: { nowMs: () => Date.now() + days * DAY * 1_000 },
      checkpoint: { get: async () => undefined, put: async () => {} },
      primitives: p
    })
    const current = await heads.current()
    const head = (current.ok ? current.value.head : undefined) as VerifiedHeader
    const all: { ref: WordRef; word: bigint }[] = [...model.state.all()]
    const source = provenWords({ endpoints: [endpoint], deployment, primitives: p })
    for (let from = 0; from < all.length; from += PROOF_SLOTS_MAX) {
      const some = all.slice(from, from + PROOF_SLOTS_MAX)
      const proven = await source.prove(
        head,
        some.map(({ ref }) => ref)
      )
      expect(proven).toMatchObject({ ok: true, value: { words: some.map(({ word }) => word) } })
    }
    // A history in which nearly all calls are refused would prove little.
    expect(outcomes.get('none') ?? 0).toBeGreaterThan(STEPS / 5)
    expect(outcomes.size).toBeGreaterThan(10)
    if (process.env['KEYWARD_STEPS'] != null)
      process.stdout.write(`${JSON.stringify([...outcomes])}\n`)
  })
})
