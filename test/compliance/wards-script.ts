/**
 * Histories of guardians, helpers and successors for the compliance suite: calls that fit what the
 * model holds rather often, and miss by a little otherwise. Wards and heirs never pay, so that an
 * account's nonce is moved by its authorisations alone, as the model counts.
 * @module
 */
import { compareBytes } from '../../core/bytes.ts'
import { signDelegation } from '../../core/delegation.ts'
import type { Deployment } from '../../core/deployment.ts'
import { type GrantOpening, grantId, openingHash } from '../../core/grant.ts'
import { type Address, type Hash, hash } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { planHash } from '../../core/recovery.ts'
import {
  type Messages,
  type MessageType,
  type SignedMessage,
  signTyped
} from '../../core/typed-data.ts'
import { type GuardedType, signAsGuardian, signAsSuccessor } from '../../core/vouch.ts'
import {
  decodeGrantWord,
  decodeGuardianshipWord,
  decodeOwnerWord,
  decodePlanWord,
  decodeRecoveryWord,
  decodeWishWord,
  GuardianshipStatus,
  grantSlot,
  guardianshipSlot,
  ownerSlot,
  planSlot,
  RecoveryStatus,
  recoverySlot,
  wishSlot
} from '../../core/words.ts'
import type { ContractModel } from '../../node/chain/contract-model.ts'

export interface Chance {
  below(n: number): number
  often(chance: number): boolean
  pick<T>(from: readonly T[]): T
}

export interface WardsInit {
  readonly random: Chance
  readonly deployment: Deployment
  readonly model: ContractModel
  readonly keyOf: (name: string) => Uint8Array
  readonly accountOf: (name: string) => Address
  readonly opening: (n: number) => GrantOpening
  /** Who pays. */
  readonly payers: readonly string[]
}

interface Step {
  readonly call: SignedMessage
  readonly from: string
}

const WARDS = ['ward 1', 'ward 2']
/** They pay for themselves now and then. */
const GUARDIANS = ['doctor 1', 'doctor 2']
const HELPERS = ['helper 1', 'helper 2', 'helper 3']
const HEIRS = ['heir 1', 'heir 2']
const FAR = 4_000_000_000
const DAY = 86_400
const NO_SIG = new Uint8Array()

export class WardsScript {
  readonly #init: WardsInit
  /** Who took over, by account in model and chain: only names have keys. */
  readonly #names: ReadonlyMap<string, string>

  constructor(init: WardsInit) {
    this.#init = init
    this.#names = new Map([...WARDS, ...HEIRS].map((name) => [String(init.accountOf(name)), name]))
  }

  step(): Step {
    const { below, often, pick } = this.#init.random
    const ward = pick(WARDS)
    const account = this.#init.accountOf(ward)
    if (this.#init.model.guardians.codeOf(account).code == null) return this.#delegate(ward)
    const state = this.#round(account)
    const pending = state.status === RecoveryStatus.PENDING
    if (pending && often(0.3)) return this.#complete(account)
    if (!pending && this.#planVersion(account) > 0 && often(0.2)) return this.#propose(ward)
    if (this.#guardians(account) === 0 && often(0.4)) return this.#appoint(ward)
    switch (below(24)) {
      case 0:
        return this.#delegate(ward)
      case 1:
      case 2:
        return this.#appoint(ward)
      case 3:
        return this.#end(ward)
      case 4:
      case 5:
        return this.#plan(ward)
      case 6:
        return this.#propose(ward)
      case 7:
        return this.#signed('Veto', ward, { account, round: state.round })
      case 8:
        return this.#complete(account)
      default:
        return this.#act(ward)
    }
  }

  #complete(account: Address): Step {
    return { call: { type: 'Complete', message: { account }, sig: NO_SIG }, from: this.#payer() }
  }

  /** Standing ones. */
  #guardians(account: Address): number {
    const all = GUARDIANS.map((name) => this.#guardianship(account, this.#init.accountOf(name)))
    return all.filter(({ status }) => status === GuardianshipStatus.STANDING).length
  }

  #delegate(ward: string): Step {
    const { random, deployment, model, keyOf, accountOf } = this.#init
    const { often } = random
    const account = accountOf(ward)
    const { nonce } = model.guardians.codeOf(account)
    const code = (often(0.9) ? deployment.wardAccount : deployment.grants) as Address
    const message = { account, code, nonce: often(0.8) ? nonce : nonce + 1 }
    const sig = signDelegation(deployment, message, keyOf(often(0.85) ? ward : 'eve'), p)
    return { call: { type: 'Delegation', message, sig }, from: this.#payer() }
  }

  #appoint(ward: string): Step {
    const { pick, often } = this.#init.random
    const account = this.#init.accountOf(ward)
    const guardian = this.#init.accountOf(often(0.95) ? pick(GUARDIANS) : ward)
    return this.#signed('Guardianship', ward, {
      ward: account,
      guardian,
      rights: pick([7, 7, 7, 3, 1, 4, 0, 8]),
      until: pick([FAR, FAR, FAR, this.#soon(), 1_000]),
      epoch: this.#epoch(account) + (often(0.9) ? 0 : 1),
      version: this.#guardianship(account, guardian).version + (often(0.9) ? 1 : 0)
    })
  }

  #end(ward: string): Step {
    const { pick, often } = this.#init.random
    const account = this.#init.accountOf(ward)
    const name = pick(GUARDIANS)
    const guardian = this.#init.accountOf(name)
    const version = this.#guardianship(account, guardian).version + (often(0.9) ? 1 : 0)
    const message = { ward: account, guardian, version }
    const call = { type: 'GuardianshipEnd', message, sig: NO_SIG } as const
    if (often(0.2)) return { call, from: often(0.8) ? name : pick(GUARDIANS) }
    return this.#signed('GuardianshipEnd', often(0.5) ? ward : name, message)
  }

  #plan(ward: string): Step {
    const { pick, often } = this.#init.random
    const account = this.#init.accountOf(ward)
    const none = often(0.1)
    return this.#signed('RecoveryPlan', ward, {
      account,
      planHash: none ? hash(new Uint8Array(32)) : planHash(this.#helpers(), p),
      delaySeconds: none === often(0.95) ? 0 : pick([DAY, DAY, DAY, 90 * DAY, 100]),
      version: this.#planVersion(account) + (often(0.9) ? 1 : 0)
    })
  }

  #helpers() {
    const helpers = HELPERS.map(this.#init.accountOf).sort(compareBytes)
    return { salt: hash(p.keccak256(Uint8Array.of(1))), threshold: 2, helpers }
  }

  #propose(ward: string): Step {
    const { random, deployment, accountOf, keyOf } = this.#init
    const { pick, often } = random
    const account = accountOf(ward)
    const plan = this.#helpers()
    const successor = accountOf(often(0.9) ? pick(HEIRS) : ward)
    const round = this.#round(account).round + (often(0.9) ? 1 : 0)
    const planVersion = this.#planVersion(account)
    const message = { account, successor, planVersion, round }
    const missing = often(0.9) ? -1 : 0
    const signatures = plan.helpers.map((helper, i) => {
      const name = HELPERS.find((each) => String(accountOf(each)) === String(helper)) as string
      if (i === missing || (i === 2 && often(0.7))) return NO_SIG
      const key = keyOf(often(0.97) ? name : 'eve')
      return signTyped(deployment, 'Recovery', message, key, p)
    })
    const salt = often(0.95) ? plan.salt : hash(p.keccak256(Uint8Array.of(2)))
    const call = { ...message, plan: { ...plan, salt }, signatures }
    return { call: { type: 'Propose', message: call, sig: NO_SIG }, from: this.#payer() }
  }

  /** What guardians may sign, and what they may not; or a successor, of anything. */
  #act(ward: string): Step {
    const { below, often, pick } = this.#init.random
    const owner = this.#init.accountOf(ward)
    const n = 100 + below(4)
    const version = this.#grantVersion(owner, n) + 1
    const word = decodeOwnerWord(this.#init.model.state.word(ownerSlot(owner, p)))
    switch (below(6)) {
      case 0:
      case 1: {
        const items = [{ opening: this.#init.opening(n), version }]
        const epoch = this.#epoch(owner)
        return this.#vouched('Grants', ward, { owner, items, epoch, deadline: FAR })
      }
      case 2: {
        const items = [{ openingHash: openingHash(this.#init.opening(n), p), version }]
        return this.#vouched('Revocations', ward, { owner, items })
      }
      case 3: {
        const next = (word?.optOutVersion ?? 0) + 1
        return this.#vouched('OptOut', ward, { owner, purposes: pick([0, 1]), version: next })
      }
      case 4: {
        const stored = decodeWishWord(this.#init.model.state.word(wishSlot(owner, p)))
        const wish = { owner, wish: pick([1, 2, 3]), version: (stored?.version ?? 0) + 1 }
        return this.#vouched('Wish', ward, wish)
      }
      default: {
        const message = { owner, epoch: this.#epoch(owner) + (often(0.3) ? 1 : 0) }
        return this.#bySuccessor('RevokeAll', message)
      }
    }
  }

  #vouched<T extends GuardedType>(type: T, ward: string, message: Messages[T]): Step {
    const { random, deployment, keyOf } = this.#init
    const { often, pick } = random
    if (often(0.15)) return this.#signed(type, ward, message)
    if (often(0.2)) return this.#bySuccessor(type, message)
    const key = keyOf(pick(GUARDIANS))
    const sig = signAsGuardian(deployment, type, message, key, p)
    if (often(0.05)) sig[sig.byteLength - 40] = (sig.at(-40) as number) ^ 1
    return this.#relayed({ type, message, sig })
  }

  #bySuccessor<T extends MessageType>(type: T, message: Messages[T]): Step {
    const { random, deployment, keyOf } = this.#init
    const sig = signAsSuccessor(deployment, type, message, keyOf(random.pick(HEIRS)), p)
    return this.#relayed({ type, message, sig })
  }

  /** By whoever speaks for the account, mostly. */
  #signed<T extends MessageType>(type: T, who: string, message: Messages[T]): Step {
    const { random, deployment, model, keyOf, accountOf } = this.#init
    const successor = model.guardians.successorOf(accountOf(who))
    const speaks = successor == null ? who : (this.#names.get(String(successor)) ?? who)
    const name = random.often(0.9) ? speaks : random.pick([who, 'eve'])
    return this.#relayed({
      type,
      message,
      sig: signTyped(deployment, type, message, keyOf(name), p)
    })
  }

  #relayed(call: { type: MessageType; message: object; sig: Uint8Array }): Step {
    return { call: call as unknown as SignedMessage, from: this.#payer() }
  }

  #payer(): string {
    return this.#init.random.pick(this.#init.payers)
  }

  /** A guardianship that ends while the history runs. */
  #soon(): number {
    return Math.floor(Date.now() / 1_000) + 2 * DAY
  }

  #epoch(owner: Address): number {
    return decodeOwnerWord(this.#init.model.state.word(ownerSlot(owner, p)))?.epoch || 1
  }

  #guardianship(ward: Address, guardian: Address) {
    const word = this.#init.model.state.word(guardianshipSlot(ward, guardian, p))
    return decodeGuardianshipWord(word) ?? { version: 0, status: GuardianshipStatus.ENDED }
  }

  #planVersion(account: Address): number {
    return decodePlanWord(this.#init.model.state.word(planSlot(account, p)))?.version ?? 0
  }

  #round(account: Address): { readonly status: number; readonly round: number } {
    const word = this.#init.model.state.word(recoverySlot(account, p))
    return decodeRecoveryWord(word) ?? { status: 0, round: 0 }
  }

  #grantVersion(owner: Address, n: number): number {
    const id = grantId(owner, openingHash(this.#init.opening(n), p) as Hash, p)
    return decodeGrantWord(this.#init.model.state.word(grantSlot(id, p)))?.version ?? 0
  }
}
