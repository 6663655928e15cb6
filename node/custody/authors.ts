/**
 * Whether a notice is its author's word: by her own key, or because her account's code says so at a
 * verified head (ERC-1271), which is how guardians and successors speak (docs/decisions/0024). Code
 * is asked only for authors whose custodian we are, and of each peer only so often; what q endpoints
 * do not settle is refused. A proposed recovery counts if the plan on chain names its helpers.
 * @module
 */
import { equalBytes, toHex, wordBytes } from '../../core/bytes.ts'
import type { Deployment } from '../../core/deployment.ts'
import type { Hash, PeerIdBytes } from '../../core/ids.ts'
import { CODE_ASKS_BURST, CODE_ASKS_PER_SECOND } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import { planFault, planHash } from '../../core/recovery.ts'
import { authorOf, isSignedByAuthor, signerOf } from '../../core/signers.ts'
import {
  type OnChainType,
  type Propose,
  recoverTyped,
  type SignedMessage,
  typedDigest
} from '../../core/typed-data.ts'
import { successorProof } from '../../core/vouch.ts'
import {
  decodeGuardianshipWord,
  decodePlanWord,
  decodeRecoveryWord,
  GuardianshipStatus,
  guardianshipSlot,
  planHashSlot,
  planSlot,
  RecoveryStatus,
  recoverySlot
} from '../../core/words.ts'
import { RateLimiter } from '../../protocols/framing.ts'
import type { Clock, HeadSource, VerifiedHeader, WordRef, WordSource } from '../adapters.ts'
import type { GateInit } from '../release/gate.ts'

export interface AuthorsInit {
  readonly deployment: Deployment
  readonly primitives: Primitives
  readonly clock: Clock
  readonly heads: HeadSource
  readonly words: WordSource
  readonly contractSignature: GateInit['contractSignature']
}

type OnChain = SignedMessage & { readonly type: OnChainType }

/** Messages that Guardians takes from a successor as they are; all others go through the code. */
const TO_GUARDIANS = new Set<string>(['Guardianship', 'GuardianshipEnd', 'RecoveryPlan', 'Veto'])

export class Authors {
  readonly #init: AuthorsInit
  /** A question costs every endpoint a call. */
  readonly #asks: RateLimiter

  constructor(init: AuthorsInit) {
    this.#init = init
    this.#asks = new RateLimiter(CODE_ASKS_PER_SECOND, CODE_ASKS_BURST, init.clock)
  }

  /** By the author's own key; costs no question. */
  isOwn(notice: SignedMessage): boolean {
    const { deployment, primitives } = this.#init
    return isSignedByAuthor(deployment, notice, primitives)
  }

  /** By whomever the chain lets speak for the author. Never throws but for `signal`. */
  async isVouched(notice: SignedMessage, peer: PeerIdBytes, signal: AbortSignal): Promise<boolean> {
    if (notice.type === 'Delegation' || this.#asks.take(toHex(peer)) > 0) return false
    const current = await this.#init.heads.current({ signal })
    if (!current.ok) return false
    const { head } = current.value
    if (notice.type === 'Propose') return await this.#isPlanned(notice.message, head, signal)
    if (notice.type === 'Complete') return await this.#isDue(notice.message.account, head, signal)
    if (notice.type === 'GuardianshipEnd' && (await this.#isParty(notice, head, signal)))
      return true
    return await this.#isTaken(notice as OnChain, head, signal)
  }

  async #isTaken(notice: OnChain, head: VerifiedHeader, signal: AbortSignal): Promise<boolean> {
    const { deployment, primitives: p, contractSignature } = this.#init
    if (contractSignature == null) return false
    let digest: Hash
    try {
      // The union is of (type, message) pairs that belong together; TypeScript cannot see it here.
      digest = typedDigest(deployment, notice.type, notice.message as never, p)
    } catch {
      return false // a contract that this deployment has not
    }
    const signer = TO_GUARDIANS.has(notice.type) ? signerOf(deployment, notice, p) : undefined
    const proof = signer == null ? notice.sig : successorProof(signer, notice.sig)
    return (await contractSignature(authorOf(notice), digest, proof, head, { signal })) === 'ok'
  }

  /** A guardian may end her guardianship, if she has one: the contract takes more than that. */
  async #isParty(
    notice: SignedMessage & { readonly type: 'GuardianshipEnd' },
    head: VerifiedHeader,
    signal: AbortSignal
  ): Promise<boolean> {
    const { deployment, primitives: p } = this.#init
    const { ward, guardian } = notice.message
    const signer = signerOf(deployment, notice, p)
    if (signer == null || !equalBytes(signer, guardian)) return false
    const [word = 0n] = await this.#words(head, [guardianshipSlot(ward, guardian, p)], signal)
    return decodeGuardianshipWord(word)?.status === GuardianshipStatus.STANDING
  }

  /** Enough helpers of the plan that the account has now signed for this successor. */
  async #isPlanned(call: Propose, head: VerifiedHeader, signal: AbortSignal): Promise<boolean> {
    const { deployment, primitives: p } = this.#init
    const { account, successor, planVersion, round, plan, signatures } = call
    if (planFault(plan) != null) return false
    const refs = [planSlot(account, p), planHashSlot(account, p)]
    const [word = 0n, hashed = 0n] = await this.#words(head, refs, signal)
    const known = equalBytes(wordBytes(hashed), planHash(plan, p))
    if (!known || decodePlanWord(word)?.version !== planVersion) return false
    const message = { account, successor, planVersion, round }
    const helped = plan.helpers.filter((helper, i) => {
      const sig = signatures[i] ?? new Uint8Array()
      const by = recoverTyped(deployment, 'Recovery', message, sig, p)
      return by != null && equalBytes(by, helper)
    })
    return helped.length >= plan.threshold
  }

  async #isDue(
    account: Parameters<typeof recoverySlot>[0],
    head: VerifiedHeader,
    signal: AbortSignal
  ): Promise<boolean> {
    const { primitives: p } = this.#init
    const [word = 0n] = await this.#words(head, [recoverySlot(account, p)], signal)
    const recovery = decodeRecoveryWord(word)
    return recovery?.status === RecoveryStatus.PENDING && recovery.readyAt <= head.timeSeconds
  }

  async #words(
    head: VerifiedHeader,
    refs: readonly WordRef[],
    signal: AbortSignal
  ): Promise<readonly bigint[]> {
    const proven = await this.#init.words.prove(head, refs, { signal })
    return proven.ok ? proven.value.words : []
  }
}
