/**
 * What Emergency does, in TypeScript: wishes, broken glasses and their reviews (IEmergency.sol).
 * Part of contract-model.ts, and held to the Solidity by the same compliance suite. Checks stand in
 * the contract's order.
 * @module
 */
import { compareBytes, isZero, toBigInt } from '../../core/bytes.ts'
import { defaultGatePolicy } from '../../core/decision.ts'
import type { Deployment } from '../../core/deployment.ts'
import { grantId } from '../../core/grant.ts'
import { type Address, address } from '../../core/ids.ts'
import { NOTICE_SIGNERS_MAX, REVIEW_SECONDS } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import { breakGlassDigest, type Review, type Wish } from '../../core/typed-data.ts'
import {
  decodeOwnerWord,
  decodeReviewWord,
  decodeWishWord,
  EmergencyWish,
  encodeNoticeWord,
  encodeReviewWord,
  encodeWishWord,
  NOTICE_FLAG,
  NoticeStatus,
  noticeSlot,
  outcomeSlot,
  ownerSlot,
  ReviewStatus,
  type ReviewWord,
  Role,
  reviewSlot,
  wishSlot
} from '../../core/words.ts'
import type { EmergencyCall } from './contract-calls.ts'
import type { DirectoryModel } from './directory-model.ts'
import { demand, type ModelBlock, type ModelState } from './model-state.ts'

type Glass = EmergencyCall & { readonly type: 'BreakGlass' }

export class EmergencyModel {
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

  wish({ owner, wish, version }: Wish, block: ModelBlock): void {
    demand(Object.values<number>(EmergencyWish).includes(wish), 'EmergencyUnknownWish')
    const at = wishSlot(owner, this.#p)
    const stored = decodeWishWord(this.#state.word(at))?.version ?? 0
    demand(version > stored, 'EmergencyStaleWish')
    this.#state.setWord(at, encodeWishWord({ wish, version, changedAt: block.timeSeconds }))
  }

  breakGlass(glass: Glass, block: ModelBlock): void {
    const { owner, openingHash, reasonHash, epoch } = glass
    const notice = grantId(owner, openingHash, this.#p)
    const at = noticeSlot(notice, this.#p)
    demand(this.#state.word(at) === 0n, 'EmergencyAlreadyNoticed')
    demand(!isZero(openingHash) && !isZero(reasonHash), 'EmergencyZeroHash')
    const wished = decodeWishWord(this.#state.word(wishSlot(owner, this.#p)))?.wish ?? 0
    demand(wished !== 0 && wished !== EmergencyWish.NEVER, 'EmergencyUnwished')
    const word = this.#state.word(ownerSlot(owner, this.#p))
    const stands = word !== 0n && decodeOwnerWord(word)?.epoch === epoch
    demand(stands, 'EmergencyWrongEpoch')
    const orgs = this.#orgsOf(this.#signersOf(glass))
    const { timeSeconds: changedAt, number: changedBlock } = block
    const status = NoticeStatus.GIVEN
    const given = { status, epoch, version: 1, changedAt, flags: NOTICE_FLAG, changedBlock }
    this.#state.setWord(at, encodeNoticeWord(given))
    const [org1 = 0, org2 = 0, org3 = 0, org4 = 0, org5 = 0] = orgs
    const dueAt = changedAt + REVIEW_SECONDS
    this.#setReview(notice, {
      status: ReviewStatus.OPEN,
      changedAt,
      dueAt,
      org1,
      org2,
      org3,
      org4,
      org5
    })
  }

  review(
    call: EmergencyCall & { readonly type: 'ReviewNotice' },
    from: Address,
    block: ModelBlock
  ): void {
    const org = this.#directory.activeMember(from, Role.ADMIN)
    const { org1, org2, org3, org4, org5 } = this.#review(call.notice)
    const signed = org != null && [org1, org2, org3, org4, org5].includes(org)
    demand(org != null && !signed, 'EmergencyNotReviewer')
    this.#close(call.notice, call.outcomeHash, block)
  }

  reviewOwn({ owner, openingHash, outcomeHash }: Review, block: ModelBlock): void {
    this.#close(grantId(owner, openingHash, this.#p), outcomeHash, block)
  }

  #close(notice: Uint8Array, outcomeHash: Uint8Array, block: ModelBlock): void {
    demand(!isZero(outcomeHash), 'EmergencyZeroHash')
    const stored = this.#review(notice)
    demand(stored.status === ReviewStatus.OPEN, 'EmergencyNotOpen')
    this.#state.setWord(outcomeSlot(notice, this.#p), toBigInt(outcomeHash))
    const changedAt = block.timeSeconds
    this.#setReview(notice, { ...stored, status: ReviewStatus.DONE, changedAt })
  }

  #signersOf(glass: Glass): readonly Address[] {
    const { signatures } = glass
    const quorum = defaultGatePolicy.emergencySigners
    const fits = signatures.length >= quorum && signatures.length <= NOTICE_SIGNERS_MAX
    demand(fits, 'EmergencySignerCount')
    const digest = breakGlassDigest(this.#deployment, glass, this.#p)
    const signers: Address[] = []
    for (const signature of signatures) {
      const signer = this.#p.secp256k1Recover(digest, signature)
      demand(signer != null, 'EmergencyBadSignature')
      const last = signers.at(-1)
      demand(last == null || compareBytes(signer, last) > 0, 'EmergencySignerOrder')
      signers.push(address(signer))
    }
    return signers
  }

  #orgsOf(signers: readonly Address[]): readonly number[] {
    return signers.map((signer) => {
      const org = this.#directory.activeMember(signer, Role.CLINICIAN)
      demand(org != null, 'EmergencyNotClinician')
      return org
    })
  }

  #review(notice: Uint8Array): ReviewWord {
    return decodeReviewWord(this.#state.word(reviewSlot(notice, this.#p))) as ReviewWord
  }

  #setReview(notice: Uint8Array, word: ReviewWord): void {
    this.#state.setWord(reviewSlot(notice, this.#p), encodeReviewWord(word))
  }
}
