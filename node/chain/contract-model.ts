/**
 * What the contracts do with a message, in TypeScript: the rules of SECURITY.md
 * §7 without an EVM, so that histories run by the thousand. test/compliance/chain.test.ts sends the
 * same calls to the Solidity contracts and demands equal words and equal refusals. Checks stand in
 * the contracts' order.
 * @module
 */
import { equalBytes, isZero, toBigInt } from '../../core/bytes.ts'
import type { Deployment } from '../../core/deployment.ts'
import { grantId, openingHash, recordKey } from '../../core/grant.ts'
import type { Address, Hash } from '../../core/ids.ts'
import { ITEMS_PER_SIGNATURE } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import { Purpose } from '../../core/purposes.ts'
import { signerOf } from '../../core/signers.ts'
import type { Grants, Records, Revocations, SignedMessage } from '../../core/typed-data.ts'
import { typedDigest } from '../../core/typed-data.ts'
import {
  anchorSlot,
  decodeGrantWord,
  decodeOwnerWord,
  decodeRecordWord,
  decodeVerdictWord,
  encodeGrantWord,
  encodeOwnerWord,
  encodeRecordWord,
  GrantStatus,
  grantSlot,
  OwnerStatus,
  ownerSlot,
  RecordStatus,
  type RecordWord,
  Role,
  recordSlot,
  Verdict,
  verdictSlot
} from '../../core/words.ts'
import { AuditModel } from './audit-model.ts'
import type { ContractCall, RecordCall } from './contract-calls.ts'
import { DirectoryModel } from './directory-model.ts'
import { EmergencyModel } from './emergency-model.ts'
import { GuardiansModel } from './guardians-model.ts'
import { demand, type ModelBlock, ModelState } from './model-state.ts'

const PURPOSE_BITS = Object.values(Purpose).reduce<number>((bits, bit) => bits | (1 << bit), 0)

type GuardiansCall = SignedMessage & {
  readonly type:
    | 'Delegation'
    | 'Guardianship'
    | 'GuardianshipEnd'
    | 'RecoveryPlan'
    | 'Veto'
    | 'Propose'
    | 'Complete'
}

export class ContractModel {
  readonly state = new ModelState()
  readonly directory: DirectoryModel
  readonly guardians: GuardiansModel
  readonly #emergency: EmergencyModel
  readonly #audit: AuditModel
  readonly #deployment: Deployment
  readonly #p: Primitives

  constructor(deployment: Deployment, p: Primitives) {
    this.#deployment = deployment
    this.#p = p
    this.directory = new DirectoryModel(this.state, deployment, p)
    this.#emergency = new EmergencyModel(this.state, this.directory, deployment, p)
    this.guardians = new GuardiansModel(this.state, this.directory, deployment, p)
    this.#audit = new AuditModel(this.state, p)
  }

  /** Carries a call out, or undoes all of it. @throws ModelRevert with the contract's error name */
  run(call: ContractCall, from: Address, block: ModelBlock): void {
    const mark = this.state.mark()
    try {
      this.#run(call, from, block)
    } catch (err) {
      this.state.rollback(mark)
      throw err
    }
  }

  #run(call: ContractCall, from: Address, block: ModelBlock): void {
    switch (call.type) {
      case 'Grants':
        this.#grants(call.message, call, from, block)
        break
      case 'Revocations':
        this.#revocations(call.message, call, from, block)
        break
      case 'RevokeAll':
        this.#checkSigner(call, call.message.owner, from, block)
        this.#setEpoch(call.message.owner, call.message.epoch, block)
        break
      case 'OptOut':
        this.#checkSigner(call, call.message.owner, from, block)
        this.#setOptOut(call.message, block)
        break
      case 'Records':
        this.#records(call.message, call, from, block)
        break
      case 'BindingEpoch':
        this.#checkSigner(call, call.message.account, from, block)
        this.directory.bind(call.message.account, call.message.bindingEpoch, block)
        break
      case 'Membership':
        this.#checkSigner(call, call.message.account, from, block)
        this.directory.consent(call.message, block)
        break
      case 'Wish':
        this.#checkSigner(call, call.message.owner, from, block)
        this.#emergency.wish(call.message, block)
        break
      case 'Review':
        this.#checkSigner(call, call.message.owner, from, block)
        this.#emergency.reviewOwn(call.message, block)
        break
      case 'Anchors':
        if (call.sig.byteLength > 0) checkLength(call.message.items.length)
        this.#checkSigner(call, call.message.writer, from, block)
        checkLength(call.message.items.length)
        this.#audit.anchor(call.message, block)
        break
      case 'Delegation':
      case 'Guardianship':
      case 'GuardianshipEnd':
      case 'RecoveryPlan':
      case 'Veto':
      case 'Propose':
      case 'Complete':
        this.#guard(call, from, block)
        break
      case 'BreakGlass':
        this.#emergency.breakGlass(call, block)
        break
      case 'ReviewNotice':
        this.#emergency.review(call, from, block)
        break
      case 'Attest':
        this.#attest(call, from, block)
        break
      case 'Lapse':
        this.#lapse(call, block)
        break
      default:
        this.directory.run(call, from, block)
        break
    }
  }

  #guard(call: GuardiansCall, from: Address, block: ModelBlock): void {
    switch (call.type) {
      case 'Delegation': {
        const signer = signerOf(this.#deployment, call, this.#p)
        const own = signer != null && equalBytes(signer, call.message.account)
        this.guardians.delegate(call.message, own, from)
        break
      }
      case 'Guardianship':
        this.#checkSuccession(call, call.message.ward, from, block)
        this.guardians.appoint(call.message, block)
        break
      case 'GuardianshipEnd': {
        const { ward, guardian } = call.message
        const by = call.sig.byteLength > 0 ? signerOf(this.#deployment, call, this.#p) : from
        const guards = by != null && equalBytes(by, guardian)
        const party = call.sig.byteLength > 0 || guards || equalBytes(from, ward)
        demand(party, 'GuardiansNotParty')
        this.#checkSuccession(call, guards ? guardian : ward, from, block)
        this.guardians.end(call.message, block)
        break
      }
      case 'RecoveryPlan':
        this.#checkSuccession(call, call.message.account, from, block)
        this.guardians.setPlan(call.message, block)
        break
      case 'Veto':
        this.#checkSuccession(call, call.message.account, from, block)
        this.guardians.veto(call.message, block)
        break
      case 'Propose':
        this.guardians.propose(call.message, block)
        break
      case 'Complete':
        this.guardians.complete(call.message.account, block)
        break
    }
  }

  /** Without a signature the sender speaks for itself. */
  #checkSigner(call: SignedMessage, owner: Address, from: Address, block: ModelBlock): void {
    if (call.sig.byteLength === 0 && equalBytes(owner, from)) return
    demand(!isZero(owner), 'TypedMessagesZeroSigner')
    const signer = signerOf(this.#deployment, call, this.#p)
    if (signer != null && equalBytes(signer, owner)) return
    // The union is of (type, message) pairs that belong together; TypeScript cannot see it here.
    const { type, message, sig } = call as SignedMessage & { readonly type: 'RevokeAll' }
    const digest = typedDigest(this.#deployment, type, message, this.#p)
    const vouched = this.guardians.isValidSignature(owner, digest, sig, block)
    demand(vouched, 'TypedMessagesBadSignature')
  }

  /** Guardians takes nobody's word but the successor's, once there is one. */
  #checkSuccession(call: SignedMessage, account: Address, from: Address, block: ModelBlock): void {
    const successor = this.guardians.successorOf(account)
    if (call.sig.byteLength > 0) {
      this.#checkSigner(call, successor ?? account, from, block)
      return
    }
    demand(equalBytes(account, from), 'TypedMessagesBadSignature')
    demand(successor == null, 'GuardiansSucceeded')
  }

  // ---- GrantRegistry

  #grants(message: Grants, call: SignedMessage, from: Address, block: ModelBlock): void {
    const { owner, items, epoch, deadline } = message
    const late = block.timeSeconds > deadline
    // One item goes through grantBySig, which looks at the deadline first, as do unsigned forms.
    if (items.length === 1 || call.sig.byteLength === 0) demand(!late, 'TypedMessagesExpired')
    checkLength(items.length)
    this.#checkSigner(call, owner, from, block)
    demand(!late, 'TypedMessagesExpired')
    const stored = this.#owner(owner)
    demand(epoch === stored.epoch, 'GrantRegistryWrongEpoch')
    if (stored.status === 0) this.#setOwner(owner, { ...stored, epoch }, block)
    for (const { opening, version } of items) {
      const id = grantId(owner, openingHash(opening, this.#p), this.#p)
      const before = this.#grantVersion(id)
      demand(version === before + 1, 'GrantRegistryStaleVersion')
      this.#setGrant(id, GrantStatus.ACTIVE, epoch, version, block)
    }
  }

  #revocations(message: Revocations, call: SignedMessage, from: Address, block: ModelBlock): void {
    const { owner, items } = message
    checkLength(items.length)
    this.#checkSigner(call, owner, from, block)
    const { epoch } = this.#owner(owner)
    for (const { openingHash: opening, version } of items) {
      demand(!isZero(opening), 'GrantRegistryZeroOpening')
      const id = grantId(owner, opening, this.#p)
      demand(version > this.#grantVersion(id), 'GrantRegistryStaleVersion')
      this.#setGrant(id, GrantStatus.REVOKED, epoch, version, block)
    }
  }

  #setEpoch(owner: Address, epoch: number, block: ModelBlock): void {
    const stored = this.#owner(owner)
    demand(epoch > stored.epoch, 'GrantRegistryStaleEpoch')
    this.#setOwner(owner, { ...stored, epoch }, block)
  }

  #setOptOut(
    message: { readonly owner: Address; readonly purposes: number; readonly version: number },
    block: ModelBlock
  ): void {
    demand((message.purposes & ~PURPOSE_BITS) === 0, 'GrantRegistryUnknownPurposes')
    const stored = this.#owner(message.owner)
    demand(message.version > stored.optOutVersion, 'GrantRegistryStaleOptOut')
    const { purposes: optOut, version: optOutVersion } = message
    this.#setOwner(message.owner, { ...stored, optOut, optOutVersion }, block)
  }

  /** An owner who never acted counts as epoch 1. */
  #owner(owner: Address) {
    const word = this.state.word(ownerSlot(owner, this.#p))
    const decoded = decodeOwnerWord(word) as NonNullable<ReturnType<typeof decodeOwnerWord>>
    return word === 0n ? { ...decoded, epoch: 1 } : decoded
  }

  #setOwner(
    owner: Address,
    word: { readonly epoch: number; readonly optOut: number; readonly optOutVersion: number },
    block: ModelBlock
  ): void {
    const { epoch, optOut, optOutVersion } = word
    const status = OwnerStatus.OPEN
    const changedAt = block.timeSeconds
    this.state.setWord(
      ownerSlot(owner, this.#p),
      encodeOwnerWord({ status, epoch, changedAt, optOut, optOutVersion })
    )
  }

  #grantVersion(id: ReturnType<typeof grantId>): number {
    return decodeGrantWord(this.state.word(grantSlot(id, this.#p)))?.version ?? 0
  }

  #setGrant(
    id: ReturnType<typeof grantId>,
    status: number,
    epoch: number,
    version: number,
    block: ModelBlock
  ): void {
    const { timeSeconds: changedAt, number: changedBlock } = block
    this.state.setWord(
      grantSlot(id, this.#p),
      encodeGrantWord({ status, epoch, version, changedAt, changedBlock })
    )
  }

  // ---- RecordRegistry

  #records(message: Records, call: SignedMessage, from: Address, block: ModelBlock): void {
    const { owner, items, deadline } = message
    if (call.sig.byteLength > 0) checkLength(items.length)
    this.#checkSigner(call, owner, from, block)
    demand(block.timeSeconds <= deadline, 'TypedMessagesExpired')
    checkLength(items.length)
    for (const item of items) {
      demand(!isZero(item.recordTag), 'RecordRegistryZeroTag')
      const key = recordKey(owner, item.recordTag, this.#p)
      const stored = this.#record(key)
      if (stored.status === 0) this.#register(key, item, block)
      else this.#change(key, stored, item, block)
    }
  }

  #register(key: Hash, item: Records['items'][number], block: ModelBlock): void {
    const { status, shareEpoch, quorum, barredOrg, anchor } = item
    demand(
      status === RecordStatus.STORED && shareEpoch === 1 && quorum > 0 && !isZero(anchor),
      'RecordRegistryBadRegistration'
    )
    this.state.setWord(anchorSlot(key, this.#p), toBigInt(anchor))
    const word = { status, shareEpoch, changedAt: 0, confirmed: 0, rejected: 0, quorum, barredOrg }
    this.#setRecord(key, word, block)
  }

  #change(key: Hash, stored: RecordWord, item: Records['items'][number], block: ModelBlock): void {
    const { status, shareEpoch, quorum, barredOrg, anchor } = item
    demand(stored.status !== RecordStatus.ERASED, 'RecordRegistryErased')
    const keeps = quorum === 0 && barredOrg === 0 && isZero(anchor)
    demand(keeps, 'RecordRegistryAlreadyRegistered')
    if (status === 0 && shareEpoch > stored.shareEpoch) {
      this.#setRecord(key, { ...stored, shareEpoch }, block)
      return
    }
    const ends = status === RecordStatus.SUPERSEDED || status === RecordStatus.ERASED
    const fits = ends && shareEpoch === stored.shareEpoch && status > stored.status
    demand(fits, 'RecordRegistryBadChange')
    this.#setRecord(key, { ...stored, status }, block)
  }

  #attest(call: RecordCall & { type: 'Attest' }, from: Address, block: ModelBlock): void {
    const { owner, recordTag, verdict, anchor } = call
    const org = this.directory.activeMember(from, Role.ATTESTER)
    demand(org != null, 'RecordRegistryNotAttester')
    demand(!equalBytes(from, owner), 'RecordRegistryOwnRecord')
    const key = recordKey(owner, recordTag, this.#p)
    const stored = this.#standingRecord(key)
    demand(org !== stored.barredOrg, 'RecordRegistryBarredOrganisation')
    const registered = this.state.word(anchorSlot(key, this.#p))
    demand(registered === toBigInt(anchor), 'RecordRegistryWrongAnchor')
    const before = this.#verdict(key, org).verdict
    const gives = verdict === Verdict.CONFIRMED || verdict === Verdict.REJECTED
    const takes = verdict === Verdict.WITHDRAWN && stands(before)
    demand(verdict !== before && (gives || takes), 'RecordRegistryBadVerdict')
    this.#setVerdict(key, org, verdict, from, block)
    this.#recount(key, stored, before, verdict, block)
  }

  #lapse(call: RecordCall & { type: 'Lapse' }, block: ModelBlock): void {
    const key = recordKey(call.owner, call.recordTag, this.#p)
    const stored = this.#standingRecord(key)
    const { verdict, attester } = this.#verdict(key, call.org)
    demand(stands(verdict), 'RecordRegistryBadVerdict')
    const holds = this.directory.isActive(call.org) && !this.directory.isSuspended(attester)
    demand(!holds, 'RecordRegistryNotLapsed')
    this.#setVerdict(key, call.org, Verdict.WITHDRAWN, attester, block)
    this.#recount(key, stored, verdict, Verdict.WITHDRAWN, block)
  }

  #recount(key: Hash, stored: RecordWord, from: number, to: number, block: ModelBlock): void {
    const moved = (verdict: number): number => Number(to === verdict) - Number(from === verdict)
    const confirmed = stored.confirmed + moved(Verdict.CONFIRMED)
    const rejected = stored.rejected + moved(Verdict.REJECTED)
    const attested = confirmed >= stored.quorum ? RecordStatus.ATTESTED : RecordStatus.STORED
    const derived = rejected > 0 ? RecordStatus.REJECTED : attested
    const status = stored.status === RecordStatus.SUPERSEDED ? stored.status : derived
    this.#setRecord(key, { ...stored, confirmed, rejected, status }, block)
  }

  #record(key: Hash): RecordWord {
    return decodeRecordWord(this.state.word(recordSlot(key, this.#p))) as RecordWord
  }

  #standingRecord(key: Hash): RecordWord {
    const stored = this.#record(key)
    demand(stored.status !== 0, 'RecordRegistryNotRegistered')
    demand(stored.status !== RecordStatus.ERASED, 'RecordRegistryErased')
    return stored
  }

  #setRecord(key: Hash, word: RecordWord, block: ModelBlock): void {
    const changed = { ...word, changedAt: block.timeSeconds }
    this.state.setWord(recordSlot(key, this.#p), encodeRecordWord(changed))
  }

  #verdict(key: Hash, org: number) {
    const word = this.state.word(verdictSlot(key, org, this.#p))
    return decodeVerdictWord(word) as NonNullable<ReturnType<typeof decodeVerdictWord>>
  }

  #setVerdict(key: Hash, org: number, verdict: number, attester: Address, block: ModelBlock): void {
    const word = BigInt(verdict) | (BigInt(block.timeSeconds) << 40n) | (toBigInt(attester) << 80n)
    this.state.setWord(verdictSlot(key, org, this.#p), word)
  }
}

const stands = (verdict: number): boolean =>
  verdict === Verdict.CONFIRMED || verdict === Verdict.REJECTED

const checkLength = (length: number): void =>
  demand(length >= 1 && length <= ITEMS_PER_SIGNATURE, 'TypedMessagesListLength')
