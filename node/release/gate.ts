/**
 * The only place where a share leaves (hop 10 of 12), in this order: verify → prove → decide →
 * seal in memory → receipt, durably → check again → send. No receipt, no share; any exception is a
 * refusal. The policy itself is `decide()`; here is what it is asked with, and what follows.
 * Source: SECURITY.md §9.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { AbortOptions } from '@libp2p/interface'
import { concat, wipe } from '../../core/bytes.ts'
import { decode, encode } from '../../core/codec.ts'
import { Code, type RefuseCode, type WireCode, wireCode } from '../../core/codes.ts'
import { decide } from '../../core/decide.ts'
import type { DecideInput, GatePolicy, ReleaseDecision } from '../../core/decision.ts'
import type { Deployment } from '../../core/deployment.ts'
import { type Sealed, seal, shareInfo } from '../../core/envelope.ts'
import { type Address, type Hash, hash, type PeerIdBytes } from '../../core/ids.ts'
import { BUSY_RETRY_MS, EXCHANGE_MAX_MS, REQUESTS_QUEUED } from '../../core/limits.ts'
import { encodePackAnswer } from '../../core/pack.ts'
import type { Primitives } from '../../core/primitives.ts'
import {
  type AccessRequest,
  decodeRequest,
  encodeAnswer,
  requestHash,
  signedRequestShape
} from '../../core/request.ts'
import { type Signed, sign, verify } from '../../core/signed.ts'
import { typedDigest } from '../../core/typed-data.ts'
import type { AccessHandler, StreamState } from '../../protocols/access/index.ts'
import type { Clock, HeadSource, Random, VerifiedHeader, WordRef, WordSource } from '../adapters.ts'
import type { CustodyEntry, CustodyStore } from '../custody/custody-store.ts'
import type { ShareReader } from '../custody/share-reader.ts'
import type { NodeIdentity } from '../keys/identity.ts'
import type { LogAnchor } from '../receipts/anchor.ts'
import type { Evidence, EvidenceStore } from '../receipts/evidence-store.ts'
import type { Receipt, ReceiptLog } from '../receipts/receipt-log.ts'
import { RefusalTally } from '../receipts/refusal-tally.ts'
import { BindingVerdicts } from './bindings.ts'
import type { BlockRights } from './block-rights.ts'
import { type BodyContext, policyHash, refusalBody, releaseBody, tallyBody } from './bodies.ts'
import type { Budget } from './budget.ts'
import { deniedAtMs, waitUntil } from './denied.ts'
import { budgetUse, entryForGate, gateNotices, sameNotices, subUse } from './facts.ts'
import { gatherHeads, gatherWords } from './gather.ts'
import { GlassVerdicts } from './glass.ts'
import { rememberingHashes } from './hashes.ts'
import { hasSubset, packPage } from './pack.ts'
import { SubVerdicts } from './subs.ts'

export interface GateInit {
  readonly deployment: Deployment
  readonly policy: GatePolicy
  readonly identity: NodeIdentity
  readonly primitives: Primitives
  readonly clock: Clock
  readonly random: Random
  readonly heads: HeadSource
  readonly words: WordSource
  readonly custody: CustodyStore
  readonly shares: ShareReader
  readonly receipts: ReceiptLog
  readonly anchor: Pick<LogAnchor, 'state' | 'isBehind' | 'check'>
  readonly evidence: EvidenceStore
  readonly budget: Budget
  /** Of sub-grants, apart: whoever signs many must not push out what was counted of grants. */
  readonly subBudget: Budget
  /** Asks an account's code about a signature (ERC-1271), at a verified head. */
  readonly contractSignature:
    | ((
        account: Address,
        digest: Hash,
        signature: Uint8Array,
        head: VerifiedHeader,
        options: AbortOptions
      ) => Promise<'ok' | 'bad' | 'unresolved'>)
    | undefined
  /** Who may fetch which blocks, as releases with `want: "blocks"` said. */
  readonly rights: BlockRights
  /** Where a peer was last seen: a pack tells it of custodians. @default nowhere */
  readonly addrsOf?: ((peer: PeerIdBytes) => readonly Uint8Array[]) | undefined
  /** Until a denial may leave. @default a timer */
  readonly sleep?: ((ms: number) => Promise<unknown>) | undefined
}

/** A request under way, with what was found out about it. */
interface Work {
  readonly stream: StreamState
  readonly request: AccessRequest
  readonly req: Hash
  readonly entry: CustodyEntry | undefined
  /** Arrival, or when the heads that it rests on were asked for, if that was before. */
  sinceMs: number
  input: DecideInput
  evidence: Evidence | undefined
  /** The words that the decision rests on. */
  read: readonly WordRef[]
}

/** Decisions end after five calls (core/decide.ts); one more is a fault of ours. */
const ROUNDS = 6

export class Gate {
  readonly #init: GateInit
  readonly #bindings: BindingVerdicts
  readonly #glasses: GlassVerdicts
  readonly #subs: SubVerdicts
  readonly #tally: RefusalTally
  readonly #policyHash: Hash
  #inWork = 0
  #draining = false

  constructor(init: GateInit) {
    const { deployment, policy, receipts } = init
    const primitives = rememberingHashes(init.primitives)
    this.#init = { ...init, primitives }
    this.#bindings = new BindingVerdicts(deployment, primitives)
    this.#glasses = new GlassVerdicts(deployment, primitives)
    this.#subs = new SubVerdicts(deployment, primitives)
    this.#policyHash = policyHash(policy, primitives)
    this.#tally = new RefusalTally(receipts, (counted) =>
      tallyBody(this.#bodyContext(counted.req), counted)
    )
  }

  start(): void {
    this.#draining = false
    this.#tally.start()
  }

  /** New requests hear BUSY; what was counted is written. */
  async stop(): Promise<void> {
    this.#draining = true
    await this.#tally.stop()
  }

  /** One request frame in, one signed answer out. Never throws. */
  readonly handle: AccessHandler = async (frame, stream) => {
    const { primitives: p } = this.#init
    let req = requestHash(frame, p)
    let signed: Signed
    let request: AccessRequest
    try {
      signed = decode(signedRequestShape, frame, 'request')
      req = requestHash(signed.b, p)
      request = decodeRequest(signed.b)
    } catch {
      return this.#refuseEarly(Code.MALFORMED, req, '', stream)
    }
    const full = this.#inWork >= REQUESTS_QUEUED
    this.#inWork++
    try {
      return await this.#serve(signed, request, req, stream, full)
    } catch {
      return await this.#denied({ req, stream }, undefined)
    } finally {
      this.#inWork--
    }
  }

  async #serve(
    signed: Signed,
    request: AccessRequest,
    req: Hash,
    stream: StreamState,
    full: boolean
  ): Promise<Uint8Array> {
    const work = this.#begin(signed, request, req, stream, full)
    let outcome: ReleaseDecision | { readonly code: RefuseCode }
    try {
      outcome = await this.#decide(work)
    } catch (err) {
      if ((err as Error).name !== 'TimeoutError') throw err
      outcome = { code: Code.TIMEOUT }
    }
    return 'code' in outcome ? this.#refuse(work, outcome.code) : this.#release(work, outcome)
  }

  /** All that is known without asking anybody; takes the request's number at once. */
  #begin(
    signed: Signed,
    request: AccessRequest,
    req: Hash,
    stream: StreamState,
    queueFull: boolean
  ): Work {
    const { custody, primitives: p, identity, deployment, policy, clock } = this.#init
    const { receipts, anchor } = this.#init
    const { binding, bindingSig } = request
    const lastSeq = stream.lastSeq
    if (request.seq === lastSeq + 1) stream.lastSeq = request.seq
    const verified = verify('request', signed, binding.peerId, p)
    const isPack = request.want === 'pack'
    const entry = isPack ? undefined : custody.find(request)
    const subset =
      isPack && verified && hasSubset(custody.ofOwner(request.owner))
        ? { owner: request.owner }
        : undefined
    const input: DecideInput = {
      nowMs: clock.nowMs(),
      policy,
      self: { peer: identity.peer, deployment },
      stream: { remotePeer: stream.remotePeer, challenge: hash(stream.challenge), lastSeq },
      load: {
        draining: this.#draining,
        queueFull,
        peerOverRate: stream.retryMs > 0
      },
      audit: { whole: receipts.isWhole, behindAnchor: anchor.isBehind },
      request,
      verdicts: {
        request: verified ? 'ok' : 'bad',
        // a stranger's signature costs 30 times as much to recover as to refuse here
        binding: verified ? this.#bindings.of(binding, bindingSig) : 'unresolved',
        // nor does anybody who only guesses at what is kept here
        signers: verified && (entry ?? subset) != null ? this.#glasses.of(request) : [],
        sub: verified && entry != null ? this.#subs.of(request) : undefined
      },
      entry: entry && entryForGate(entry),
      subset,
      notices: gateNotices(custody.notices, request, p),
      used: { count: 0, again: false }
    }
    const sinceMs = stream.arrivedAtMs
    return { stream, request, req, entry, sinceMs, input, evidence: undefined, read: [] }
  }

  /** Asks `decide()` until it needs nothing more; a release is claimed in the same turn. */
  async #decide(work: Work): Promise<ReleaseDecision | { readonly code: RefuseCode }> {
    const { heads, words, primitives: p, budget, subBudget, clock, custody, anchor } = this.#init
    const { request, stream } = work
    using limit = within(EXCHANGE_MAX_MS, stream.signal)
    const { signal } = limit
    const use = budgetUse(work.input, p)
    const bySub = subUse(work.input, p)
    let gathered: Awaited<ReturnType<typeof gatherHeads>> | undefined
    for (let round = 0; round < ROUNDS; round++) {
      const nowMs = clock.nowMs()
      work.input = {
        ...work.input,
        nowMs,
        notices: gateNotices(custody.notices, request, p),
        used: budget.used(use, request.opening.window, nowMs / 1_000),
        usedBySub: bySub && subBudget.used(bySub, 0, nowMs / 1_000)
      }
      const decision = decide(work.input, p)
      if (decision.kind === 'refuse') {
        if (decision.code !== Code.AUDIT_BROKEN || anchor.state.kind !== 'unknown') {
          return { code: decision.code }
        }
        // the chain may say by now what it did not at the start: how far the log is anchored
        await anchor.check({ signal })
        if (anchor.isBehind) return { code: decision.code }
        work.input = { ...work.input, audit: { ...work.input.audit, behindAnchor: false } }
        continue
      }
      if (decision.kind === 'release') {
        if (request.want === 'share') {
          budget.claim(use, nowMs / 1_000)
          if (bySub != null) subBudget.claim(bySub, nowMs / 1_000)
        }
        return decision
      }
      if (decision.what === 'heads') {
        gathered = await gatherHeads(heads, request, signal)
        work.input = { ...work.input, heads: gathered.heads }
        work.sinceMs = Math.min(work.sinceMs, gathered.askedAtMs ?? work.sinceMs)
      } else if (decision.what === 'proofs' && gathered != null) {
        const proven = await gatherWords(words, work.input, gathered, p, signal)
        work.evidence = proven.evidence
        work.read = proven.read
        work.input = { ...work.input, words: proven.words }
      } else {
        work.input = { ...work.input, erc1271: await this.#askContract(request, gathered, signal) }
      }
    }
    return { code: Code.INTERNAL }
  }

  /** An account that is a contract vouches by ERC-1271; anything unclear is a no. */
  async #askContract(
    { binding, bindingSig }: AccessRequest,
    gathered: Awaited<ReturnType<typeof gatherHeads>> | undefined,
    signal: AbortSignal
  ): Promise<'ok' | 'bad'> {
    const { contractSignature, deployment, primitives: p } = this.#init
    const head = gathered?.head
    if (contractSignature == null || head == null) return 'bad'
    const digest = typedDigest(deployment, 'NodeBinding', binding, p)
    const options = { signal }
    const said = await contractSignature(binding.account, digest, bindingSig, head, options)
    return said === 'ok' ? 'ok' : 'bad'
  }

  async #release(work: Work, decision: ReleaseDecision): Promise<Uint8Array> {
    const { receipts, primitives: p, rights, clock } = this.#init
    const { request, req, stream, entry } = work
    let sealed: Sealed | undefined
    if (request.want === 'share') {
      const made = await this.#sealShare(work, decision)
      if ('code' in made) return this.#refuse(work, made.code)
      sealed = made
    }
    const pack = request.want === 'pack' ? this.#packFor(work) : undefined
    let receipt: Receipt
    try {
      const ct = givenHash(sealed, pack, p)
      const body = releaseBody(this.#bodyContext(req), work.input, decision, {
        ct,
        ev: await this.#keepEvidence(work)
      })
      receipt = await receipts.append(body)
    } catch {
      return this.#denied(work, undefined)
    }
    const late = this.#changedMeanwhile(work)
    if (late != null) return this.#refuse(work, late, true)
    if (request.want === 'blocks' && entry != null) {
      rights.allow(stream.remotePeer, request, clock.nowMs(), work.read)
    }
    if (pack != null) {
      const { link, body } = receipt
      const answer = { v: 1, ok: true, req, code: 0, retryMs: 0, link, body, pack } as const
      return this.#sign(encodePackAnswer(answer))
    }
    return this.#answer({
      v: 1,
      ok: true,
      req,
      code: 0,
      retryMs: 0,
      idx: sealed && decision.idx,
      shareEpoch: sealed && decision.shareEpoch,
      suite: sealed && 1,
      enc: sealed?.enc,
      ct: sealed?.ct,
      link: receipt.link,
      body: receipt.body
    })
  }

  #packFor({ input, request }: Work): Uint8Array {
    const { custody, primitives: p, addrsOf = () => [] } = this.#init
    const entries = custody.ofOwner(request.owner)
    return packPage({ entries, notices: custody.notices, addrsOf }, input, p)
  }

  /** Check 46 and 47: open the share, seal it to the request's own key, wipe it. */
  async #sealShare(
    { request, req, entry, stream }: Work,
    decision: ReleaseDecision
  ): Promise<Sealed | { readonly code: RefuseCode }> {
    const { shares, deployment, identity, primitives: p } = this.#init
    const { owner, recordId, ver, kem, challenge, seq } = request
    const { shareEpoch, idx, grantId } = decision
    let opened: ReturnType<ShareReader['read']>
    try {
      opened = shares.read(entry as CustodyEntry, shareEpoch)
    } catch {
      return { code: Code.SHARE_CORRUPT }
    }
    const plain = concat(opened.salt, opened.share)
    try {
      const info = shareInfo({
        deployment,
        owner,
        ids: { recordId, ver, shareEpoch, idx },
        grantId,
        custodian: identity.peer,
        requester: stream.remotePeer,
        challenge,
        seq
      })
      return await seal('share', info, kem, plain, req, p)
    } catch {
      return { code: Code.SEAL_FAILED }
    } finally {
      wipe(opened.share, opened.salt, plain)
    }
  }

  /** Check 49: the head is still young, the exchange still short, and no notice has come. */
  #changedMeanwhile({ input, sinceMs, request }: Work): RefuseCode | undefined {
    const { clock, custody, policy, primitives: p } = this.#init
    const nowMs = clock.nowMs()
    const notices = gateNotices(custody.notices, request, p)
    if (!sameNotices(notices, input.notices)) {
      const again = decide({ ...input, nowMs, notices }, p)
      if (again.kind === 'refuse') return again.code
    }
    const heads = input.heads
    const headSeconds = heads?.ok === true ? heads.value.head.timeSeconds : 0
    if (nowMs / 1_000 - headSeconds > policy.headMaxAgeSeconds) return Code.HEAD_STALE
    // R counts five seconds from the last moment at which a head without the revocation was seen
    return nowMs - sinceMs > EXCHANGE_MAX_MS ? Code.TIMEOUT : undefined
  }

  /**
   * A refusal that was decided: counted if no record is proven to concern it, else with a receipt
   * of its own. `late`: a release receipt is on disk already, so this one must follow it.
   */
  async #refuse(work: Work, code: RefuseCode, late = false): Promise<Uint8Array> {
    const { receipts, primitives: p } = this.#init
    const { req, request, stream, input } = work
    const unproven = code < Code.DENIED || code === Code.AUDIT_BROKEN
    if (unproven && !late) return this.#refuseEarly(code, req, request.want, stream)
    try {
      const ev = await this.#keepEvidence(work)
      const body = refusalBody(this.#bodyContext(req), input, code, ev, p)
      return await this.#denied(work, await receipts.append(body))
    } catch {
      return this.#denied(work, undefined)
    }
  }

  /** Refusals 101–307 and 601: said as they are, counted, with no receipt of their own. */
  #refuseEarly(code: RefuseCode, req: Hash, want: string, stream: StreamState): Uint8Array {
    if (code < Code.DENIED) this.#tally.count(stream.remotePeer, code, req, want)
    const retryMs = code === Code.BUSY ? Math.max(stream.retryMs, BUSY_RETRY_MS) : 0
    return this.#answer(refusalAnswer(req, wireCode(code), retryMs, undefined))
  }

  /** From here on a stranger must learn nothing: one code, at one of few moments. */
  async #denied(
    { req, stream }: Pick<Work, 'req' | 'stream'>,
    receipt: Receipt | undefined
  ): Promise<Uint8Array> {
    const { clock, sleep = delay } = this.#init
    await waitUntil(deniedAtMs(stream.arrivedAtMs, clock.nowMs()), clock, sleep)
    return this.#answer(refusalAnswer(req, Code.DENIED, 0, receipt))
  }

  async #keepEvidence({ evidence }: Work): Promise<Hash | undefined> {
    return evidence && (await this.#init.evidence.keep(evidence))
  }

  #bodyContext(req: Hash): BodyContext {
    const { deployment, random } = this.#init
    return {
      chainId: deployment.chainId,
      policy: this.#policyHash,
      salt: hash(random(32)),
      req
    }
  }

  #answer(answer: Parameters<typeof encodeAnswer>[0]): Uint8Array {
    return this.#sign(encodeAnswer(answer))
  }

  #sign(answer: Uint8Array): Uint8Array {
    const { identity, primitives } = this.#init
    return encode(sign('answer', answer, identity.peerSeed, primitives))
  }
}

/** What the receipt says that went out; of blocks nothing does. */
const givenHash = (
  sealed: Sealed | undefined,
  pack: Uint8Array | undefined,
  p: Primitives
): Hash | undefined => {
  if (sealed != null) return hash(p.sha256(sealed.enc, sealed.ct))
  return pack && hash(p.sha256(pack))
}

/**
 * A signal that aborts with the stream, or when time is up. `AbortSignal.timeout` would go on after
 * the request and fire, at a cost of its own, for each that was served long ago.
 */
function within(ms: number, stream: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  const ends = new AbortController()
  const onGone = (): void => ends.abort(stream.reason)
  const timer = setTimeout(() => ends.abort(new DOMException('late', 'TimeoutError')), ms)
  stream.addEventListener('abort', onGone, { once: true })
  if (stream.aborted) onGone()
  return {
    signal: ends.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      stream.removeEventListener('abort', onGone)
    }
  }
}

const refusalAnswer = (
  req: Hash,
  code: WireCode,
  retryMs: number,
  receipt: Receipt | undefined
): Parameters<typeof encodeAnswer>[0] => ({
  v: 1,
  ok: false,
  req,
  code,
  retryMs,
  idx: undefined,
  shareEpoch: undefined,
  suite: undefined,
  enc: undefined,
  ct: undefined,
  link: receipt?.link,
  body: undefined
})
