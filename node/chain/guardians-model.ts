/**
 * What Guardians and WardAccount do, in TypeScript: guardianships, recoveries, and whose signature
 * an account with code takes for its own (IGuardians.sol). Part of contract-model.ts, and held to
 * the Solidity by the same compliance suite. Checks stand in the contract's order.
 * @module
 */
import { equalBytes, isZero, toBigInt, toHex } from '../../core/bytes.ts'
import type { Deployment } from '../../core/deployment.ts'
import { digestFor, leftPad, typeHash } from '../../core/eip712.ts'
import { type Address, type Hash, hash } from '../../core/ids.ts'
import {
  RECOVERY_DELAY_MAX_SECONDS,
  RECOVERY_DELAY_MIN_SECONDS,
  SIGNATURE_MAX_BYTES
} from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import { planFault, planHash } from '../../core/recovery.ts'
import { type Delegation, type Messages, type Propose, typedDigest } from '../../core/typed-data.ts'
import { readProof } from '../../core/vouch.ts'
import {
  accountSlot,
  candidateSlot,
  decodeAccountWord,
  decodeAddressWord,
  decodeGuardianshipWord,
  decodeOwnerWord,
  decodePlanWord,
  decodeRecoveryWord,
  encodeGuardianshipWord,
  encodePlanWord,
  encodeRecoveryWord,
  GUARDIAN_RIGHTS_ALL,
  GuardianRight,
  GuardianshipStatus,
  guardianshipSlot,
  ownerSlot,
  planHashSlot,
  planSlot,
  RecoveryStatus,
  recoverySlot,
  successorSlot
} from '../../core/words.ts'
import type { DirectoryModel } from './directory-model.ts'
import { demand, type ModelBlock, type ModelState } from './model-state.ts'

const UNTIL_MAX = 2 ** 40 - 1
/** As IGuardians.vouches numbers what can be signed; 5 needs no signature. */
const RECOVERED = 5
const SUCCESSOR = 0
const KINDS = {
  1: ['Grants', GuardianRight.GRANT],
  2: ['Revocations', GuardianRight.REVOKE],
  3: ['OptOut', GuardianRight.GRANT | GuardianRight.REVOKE],
  4: ['Wish', GuardianRight.WISH]
} as const

/** An account as a proof shows it, beside its storage. */
export interface AccountCode {
  readonly nonce: number
  readonly code: Address | undefined
}

export class GuardiansModel {
  readonly #state: ModelState
  readonly #directory: DirectoryModel
  readonly #deployment: Deployment
  readonly #p: Primitives

  constructor(state: ModelState, directory: DirectoryModel, deployment: Deployment, p: Primitives) {
    this.#state = state
    this.#directory = directory
    this.#deployment = deployment
    this.#p = p
  }

  // ---- delegation (EIP-7702): the chain's own rule, not the contract's

  /** As delegate.ts has it. Nobody counts transactions here: only authorisations raise a nonce. */
  delegate({ account, code, nonce }: Delegation, own: boolean, from: Address): void {
    const key = toHex(account)
    demand(isWard(this.#deployment, code), 'DelegationOtherCode')
    demand(own, 'DelegationBadSignature')
    const next = this.#state.other(`nonce ${key}`) + (equalBytes(from, account) ? 1 : 0)
    demand(nonce === next, 'DelegationStaleNonce')
    demand(this.codeOf(account).code == null, 'DelegationStanding')
    this.#state.setOther(`nonce ${key}`, nonce + 1)
    this.#state.setOther(`code ${key}`, WARD)
    this.#state.touchAccount(account)
  }

  codeOf(account: Address): AccountCode {
    const key = toHex(account)
    const ward = this.#state.other(`code ${key}`) === WARD
    return {
      nonce: this.#state.other(`nonce ${key}`),
      code: ward ? this.#deployment.wardAccount : undefined
    }
  }

  // ---- guardianships

  appoint(message: Messages['Guardianship'], block: ModelBlock): void {
    const { ward, guardian, rights, until, epoch, version } = message
    const fits =
      !isZero(guardian) &&
      !equalBytes(guardian, ward) &&
      rights !== 0 &&
      (rights & ~GUARDIAN_RIGHTS_ALL) === 0 &&
      until > block.timeSeconds &&
      until <= UNTIL_MAX
    demand(fits, 'GuardiansBadTerms')
    demand(epoch === this.#epoch(ward), 'GuardiansWrongEpoch')
    this.#checkVersion(ward, guardian, version)
    const status = GuardianshipStatus.STANDING
    const changedAt = block.timeSeconds
    const word = { status, rights, epoch, version, until, changedAt }
    this.#state.setWord(guardianshipSlot(ward, guardian, this.#p), encodeGuardianshipWord(word))
  }

  end(message: Messages['GuardianshipEnd'], block: ModelBlock): void {
    const { ward, guardian, version } = message
    this.#checkVersion(ward, guardian, version)
    const status = GuardianshipStatus.ENDED
    const changedAt = block.timeSeconds
    const word = { status, rights: 0, epoch: 0, version, until: 0, changedAt }
    this.#state.setWord(guardianshipSlot(ward, guardian, this.#p), encodeGuardianshipWord(word))
  }

  // ---- recovery

  setPlan(message: Messages['RecoveryPlan'], block: ModelBlock): void {
    const { account, planHash: hashed, delaySeconds, version } = message
    const inRange =
      delaySeconds >= RECOVERY_DELAY_MIN_SECONDS && delaySeconds <= RECOVERY_DELAY_MAX_SECONDS
    demand(isZero(hashed) ? delaySeconds === 0 : inRange, 'GuardiansBadDelay')
    const at = planSlot(account, this.#p)
    const stored = decodePlanWord(this.#state.word(at))?.version ?? 0
    demand(version > stored, 'GuardiansStaleVersion')
    this.#state.setWord(planHashSlot(account, this.#p), toBigInt(hashed))
    const changedAt = block.timeSeconds
    this.#state.setWord(at, encodePlanWord({ version, delaySeconds, changedAt }))
    const { status, round } = this.#recovery(account)
    if (status === RecoveryStatus.PENDING) this.veto({ account, round }, block)
  }

  propose(call: Propose, block: ModelBlock): void {
    const { account, successor, round, plan } = call
    demand(planFault(plan) == null, 'GuardiansBadPlan')
    const hashed = toBigInt(planHash(plan, this.#p))
    const known = this.#state.word(planHashSlot(account, this.#p))
    demand(hashed === known, 'GuardiansWrongPlan')
    const before = this.successorOf(account)
    const fits =
      !isZero(successor) &&
      !equalBytes(successor, account) &&
      (before == null || !equalBytes(successor, before))
    demand(fits, 'GuardiansBadSuccessor')
    const stored = this.#recovery(account)
    demand(stored.status !== RecoveryStatus.PENDING, 'GuardiansPending')
    demand(round === stored.round + 1, 'GuardiansStaleVersion')
    const { version: planVersion = 0, delaySeconds = 0 } =
      decodePlanWord(this.#state.word(planSlot(account, this.#p))) ?? {}
    const message = { account, successor, planVersion, round }
    this.#checkHelpers(typedDigest(this.#deployment, 'Recovery', message, this.#p), call)
    this.#state.setWord(candidateSlot(account, this.#p), toBigInt(successor))
    const readyAt = block.timeSeconds + delaySeconds
    this.#setRecovery(account, { status: RecoveryStatus.PENDING, round, readyAt }, block)
  }

  veto({ account, round }: Messages['Veto'], block: ModelBlock): void {
    const stored = this.#recovery(account)
    const pending = stored.status === RecoveryStatus.PENDING && stored.round === round
    demand(pending, 'GuardiansNotPending')
    this.#setRecovery(account, { status: RecoveryStatus.VETOED, round, readyAt: 0 }, block)
  }

  complete(account: Address, block: ModelBlock): void {
    const { status, round, readyAt } = this.#recovery(account)
    demand(status === RecoveryStatus.PENDING, 'GuardiansNotPending')
    demand(block.timeSeconds >= readyAt, 'GuardiansNotReady')
    const bindingEpoch = this.#bindingEpoch(account) + 1
    const candidate = this.#state.word(candidateSlot(account, this.#p))
    this.#state.setWord(successorSlot(account, this.#p), candidate)
    const done = { status: RecoveryStatus.DONE, round, readyAt, bindingEpoch }
    this.#setRecovery(account, done, block)
    // the Directory asks the account's code, which only then knows of the recovery
    demand(this.codeOf(account).code != null, 'TypedMessagesBadSignature')
    this.#directory.bind(account, bindingEpoch, block)
  }

  successorOf(account: Address): Address | undefined {
    return decodeAddressWord(this.#state.word(successorSlot(account, this.#p)))
  }

  // ---- ERC-1271

  /** Whether the account's code takes this signature for its own; false without such code. */
  isValidSignature(account: Address, digest: Hash, proof: Uint8Array, block: ModelBlock): boolean {
    if (proof.byteLength > SIGNATURE_MAX_BYTES) return false
    return this.codeOf(account).code != null && this.vouches(account, digest, proof, block)
  }

  vouches(account: Address, digest: Hash, proof: Uint8Array, block: ModelBlock): boolean {
    const read = readProof(proof)
    if (read == null) return false
    const { signer, kind, fields, sig } = read
    if (kind === RECOVERED) return this.#isRecovered(account, digest)
    if (kind === SUCCESSOR) {
      const successor = this.successorOf(account)
      if (successor == null || !equalBytes(signer, successor)) return false
    } else {
      const known = KINDS[kind as keyof typeof KINDS] // undefined for others, whatever the type says
      if (known == null) return false
      const [type, right] = known
      const { grants, emergency } = this.#deployment
      const contract = type === 'Wish' ? emergency : grants
      const struct = hash(this.#p.keccak256(typeHash(type, this.#p), leftPad(account), fields))
      const made = contract && digestFor(this.#deployment, contract, struct, this.#p)
      if (made == null || !equalBytes(made, digest)) return false
      if (!this.holds(account, signer, right, block)) return false
    }
    const recovered = this.#p.secp256k1Recover(digest, sig)
    return recovered != null && equalBytes(recovered, signer)
  }

  holds(ward: Address, guardian: Address, rights: number, block: ModelBlock): boolean {
    const word = this.#state.word(guardianshipSlot(ward, guardian, this.#p))
    const given = decodeGuardianshipWord(word)
    return (
      given?.status === GuardianshipStatus.STANDING &&
      (given.rights & rights) === rights &&
      block.timeSeconds < given.until &&
      given.epoch === this.#epoch(ward)
    )
  }

  #isRecovered(account: Address, digest: Hash): boolean {
    const { status, bindingEpoch } = this.#recovery(account)
    if (status !== RecoveryStatus.DONE) return false
    const message = { account, bindingEpoch }
    return equalBytes(typedDigest(this.#deployment, 'BindingEpoch', message, this.#p), digest)
  }

  #checkHelpers(digest: Hash, { plan, signatures }: Propose): void {
    let count = 0
    for (const [i, signature] of signatures.entries()) {
      if (signature.byteLength === 0) continue
      const recovered = this.#p.secp256k1Recover(digest, signature)
      const helper = plan.helpers[i]
      const signed = recovered != null && helper != null && equalBytes(recovered, helper)
      demand(signed, 'GuardiansBadHelper')
      count++
    }
    demand(count >= plan.threshold, 'GuardiansTooFewHelpers')
  }

  #checkVersion(ward: Address, guardian: Address, version: number): void {
    const word = this.#state.word(guardianshipSlot(ward, guardian, this.#p))
    demand(version > (decodeGuardianshipWord(word)?.version ?? 0), 'GuardiansStaleVersion')
  }

  #epoch(ward: Address): number {
    return decodeOwnerWord(this.#state.word(ownerSlot(ward, this.#p)))?.epoch || 1
  }

  #bindingEpoch(account: Address): number {
    const word = this.#state.word(accountSlot(account, this.#p))
    return decodeAccountWord(word)?.bindingEpoch ?? 0
  }

  #recovery(account: Address) {
    const word = this.#state.word(recoverySlot(account, this.#p))
    return decodeRecoveryWord(word) as NonNullable<ReturnType<typeof decodeRecoveryWord>>
  }

  #setRecovery(
    account: Address,
    word: {
      readonly status: number
      readonly round: number
      readonly readyAt: number
      readonly bindingEpoch?: number
    },
    block: ModelBlock
  ): void {
    const changed = { bindingEpoch: 0, ...word, changedAt: block.timeSeconds }
    this.#state.setWord(recoverySlot(account, this.#p), encodeRecoveryWord(changed))
  }
}

const WARD = 1

const isWard = ({ wardAccount }: Deployment, code: Address): boolean =>
  wardAccount != null && equalBytes(code, wardAccount)
