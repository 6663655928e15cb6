/**
 * The whole tier: the same histories and the same judge, but the custodian is the program's own:
 * openClinic with its gate, budget, notices and receipts on journals that outlive its crashes,
 * node/chain/heads.ts and proofs.ts over the windows of a memory chain, every message signed. What
 * it released is read from its signed answers. A thousand times slower than the fast tier.
 * @module
 */
import { decode, encode } from '../../core/codec.ts'
import type { Hash, PeerIdBytes } from '../../core/ids.ts'
import { Purpose } from '../../core/purposes.ts'
import { decodeBody } from '../../core/receipt.ts'
import { decodeAnswer, encodeRequest, signedAnswerShape } from '../../core/request.ts'
import { sign } from '../../core/signed.ts'
import { type NodeBinding, signTyped } from '../../core/typed-data.ts'
import type { BlockRef, WordSource } from '../../node/adapters.ts'
import { quorumHeads } from '../../node/chain/heads.ts'
import { chainParameters } from '../../node/chain/parameters.ts'
import { provenWords } from '../../node/chain/proofs.ts'
import { type Clinic, openClinic } from '../../node/clinic.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { ownCard } from '../../node/own-card.ts'
import { ReceiptIndex } from '../../node/receipts/receipt-index.ts'
import { memoryJournal } from '../../node/storage/memory-journal.ts'
import type { StreamState } from '../../protocols/access/index.ts'
import { countingRandom, named, SERVING } from '../fixtures/gate.ts'
import { OTHERS } from './cast.ts'
import type { Tx } from './chain.ts'
import { contents, Disk } from './disk.ts'
import { historyOf } from './draw.ts'
import type { Ask, History, Step } from './history.ts'
import type { Release } from './judge.ts'
import { judged, lineOf, nothingPlayed, type Played } from './play.ts'
import { tell } from './tell.ts'
import type { Asked } from './terms.ts'
import {
  CLINICIANS,
  CUSTODIAN,
  DEPLOYMENT,
  dealtVersions,
  handBackOf,
  OWNER,
  wholeCast,
  wholePapers
} from './whole-cast.ts'
import { messageOf, WholeChain } from './whole-chain.ts'
import { WHOLE, type WholeWeakness } from './whole-mutants.ts'
import { type Change, World } from './world.ts'

const bindings = new Map<
  string,
  { readonly binding: NodeBinding; readonly bindingSig: Uint8Array }
>()
let dealt: Promise<{ custody: Uint8Array[]; receipts: Uint8Array[] }> | undefined

/** All histories begin with the disks of one calm one, in which the versions were dealt. */
function dealOnce(): Promise<{ custody: Uint8Array[]; receipts: Uint8Array[] }> {
  return new WholePlay({ ...historyOf(0, 0, true), otherCode: false }, WHOLE).deal()
}

// ---- one history

class WholePlay {
  readonly world: World
  readonly chain: WholeChain
  readonly #weak: WholeWeakness
  readonly #changes: Change[] = []
  #custody = new Disk()
  #receipts = new Disk()
  #clinic!: Clinic
  #checkpoint: BlockRef | undefined
  #before: readonly Step[] = []
  #during: readonly Step[] = []

  constructor(history: History, weak: WholeWeakness) {
    this.#weak = weak
    this.world = new World(history, (change) => this.#changes.push(change))
    this.chain = new WholeChain(this.world)
  }

  async begin(): Promise<void> {
    await this.chain.begin()
    dealt ??= dealOnce()
    await this.#fresh(await dealt)
    await this.open()
  }

  async #fresh(from: { custody: Uint8Array[]; receipts: Uint8Array[] }): Promise<void> {
    this.#custody = new Disk(from.custody)
    this.#receipts = new Disk(from.receipts)
  }

  /** Deals the versions to it, on empty disks. */
  async deal(): Promise<{ custody: Uint8Array[]; receipts: Uint8Array[] }> {
    await this.chain.begin()
    await this.open()
    for (const each of await dealtVersions()) {
      const answer = await this.#clinic.custodian.deal(each.package(), OWNER.peer, SERVING)
      if (!answer.ok) throw new Error(`the deal was refused: ${answer.code}`)
    }
    return { custody: await contents(this.#custody), receipts: await contents(this.#receipts) }
  }

  async open(): Promise<void> {
    const { setting, cacheMs, otherCode } = this.world.history
    const weak = this.#weak
    const endpoints = weak.alone ? this.chain.windows.slice(0, 1) : this.chain.windows
    const parameters = chainParameters('memory', {
      blockSeconds: setting.blockSeconds,
      confirmed: { by: 'depth', blocks: weak.depth ?? setting.depth },
      headMaxAgeSeconds: weak.headMaxAgeSeconds ?? setting.headMaxAgeSeconds,
      clockGuardSeconds: weak.clockGuardSeconds ?? setting.clockGuardSeconds,
      confirmedLagBlocks: setting.confirmedLagBlocks,
      quorum: weak.alone ? 1 : setting.quorum,
      endpoints: endpoints.length
    })
    const clock = { nowMs: () => this.world.localMs }
    const checkpoint = {
      get: async () => this.#checkpoint,
      put: async (ref: BlockRef) => {
        this.#checkpoint = ref
      }
    }
    // real time is no part of a history: nothing may time out because the machine is busy
    const patience = { timeoutMs: 120_000, hedgeMs: 120_000 }
    const heads = quorumHeads({
      endpoints,
      parameters,
      clock,
      primitives: p,
      cacheMs,
      checkpoint,
      timeoutMs: patience.timeoutMs
    })
    const pinned =
      otherCode && weak.anyCode !== true
        ? { ...DEPLOYMENT, codeHashes: { ...DEPLOYMENT.codeHashes, grants: named('other code') } }
        : DEPLOYMENT
    const words = provenWords({ endpoints, deployment: pinned, primitives: p, ...patience })
    const proving: WordSource = {
      prove: async (...args) => {
        await this.#pass('before')
        return words.prove(...args)
      }
    }
    const cardless = { identity: CUSTODIAN, deployment: DEPLOYMENT, primitives: p, clock }
    this.#clinic = await openClinic({
      ...cardless,
      parameters,
      primitives: {
        ...p,
        hpkeSeal: async (...args) => {
          await this.#pass('during')
          return p.hpkeSeal(...args)
        }
      },
      random: countingRandom(),
      heads: weak.heads?.(heads) ?? heads,
      words: weak.words?.(proving) ?? proving,
      writer: undefined,
      contractSignature: undefined,
      ownCard: ownCard({ ...cardless, bindingEpoch: () => 1, addresses: () => [] }),
      replicate: async () => {},
      sleep: async () => {},
      stores: {
        custody: this.#custody,
        receipts: this.#receipts,
        mailbox: memoryJournal(),
        evidence: memoryJournal(),
        index: new ReceiptIndex(':memory:')
      }
    })
    if (weak.refusesAll) await this.#clinic.gate.stop()
  }

  /** From what was on disk when it died. */
  async crash(): Promise<void> {
    const { forgets } = this.#weak
    const kept = await dealt
    const custody = forgets === 'notices' ? (kept?.custody ?? []) : await contents(this.#custody)
    const receipts =
      forgets === 'receipts' ? (kept?.receipts ?? []) : await contents(this.#receipts)
    await this.#fresh({ custody, receipts })
    await this.open()
  }

  async take(step: Step): Promise<void> {
    this.world.take(step)
    for (const change of this.#changes.splice(0)) {
      await this.chain.repeat(change)
      if (change.is === 'noticed') await this.#notice(change.tx)
    }
  }

  async #notice(tx: Tx): Promise<void> {
    const message = tx.is === 'handBack' ? handBackOf(tx) : messageOf(tx, this.chain.chain)
    if (message != null) await this.#clinic.custody.notice(message)
  }

  async #pass(when: 'before' | 'during'): Promise<void> {
    const steps = when === 'before' ? this.#before : this.#during
    if (when === 'before') this.#before = []
    else this.#during = []
    for (const step of steps) await this.take(step)
  }

  // ---- asking

  /** The blocks of a release, a code, or nothing if it died. */
  async ask(
    asked: Asked,
    ask: Ask
  ): Promise<Pick<Release, 'conf' | 'head'> | { readonly code: number } | undefined> {
    await this.chain.freshen()
    this.#before = ask.before ?? []
    this.#during = ask.during ?? []
    if (ask.dies != null) this.#receipts.left = ask.dies === 'after receipt' ? 1 : 0
    const frame = await this.#frame(asked)
    const answered = await this.#clinic.gate.handle(frame, this.#stream(asked))
    if (ask.dies != null) {
      await this.crash()
      return undefined
    }
    const answer = decodeAnswer(decode(signedAnswerShape, answered, 'answer').b)
    if (!answer.ok) return { code: answer.code }
    const body = decodeBody(answer.body as Uint8Array)
    if (body.kind !== 'release') throw new Error('a release without its receipt')
    return { conf: this.chain.blockOf(body.conf), head: this.chain.blockOf(body.head) }
  }

  #stream(asked: Asked): StreamState {
    const replays = this.#weak.replays === true
    return {
      remotePeer: asked.boundPeer ? this.#peer(asked) : OTHERS.peer,
      challenge: challengeOf(replays ? asked.challengeOf : asked.stream),
      lastSeq: replays ? asked.seq - 1 : asked.lastSeq,
      arrivedAtMs: asked.arrivedLocalMs,
      retryMs: 0,
      signal: new AbortController().signal
    }
  }

  #peer({ account }: Asked): PeerIdBytes {
    return wholeCast.people.peers[account] as PeerIdBytes
  }

  async #frame(asked: Asked): Promise<Uint8Array> {
    const { opening, ver, account, purpose, paper } = asked
    const { binding, bindingSig } = bindingOf(asked)
    const conf = await this.chain.refOf(asked.conf)
    const request = {
      ...wholeCast.template(opening, ver, account, paper && wholePapers.of(opening, paper)),
      chain: asked.chain,
      grants: asked.ourRegistry ? DEPLOYMENT.grants : OTHERS.registry,
      custodian: asked.ourself ? CUSTODIAN.peer : OTHERS.custodian,
      challenge: challengeOf(asked.challengeOf),
      seq: asked.seq,
      deadline: asked.deadline,
      binding,
      bindingSig,
      shareEpoch: asked.shareEpoch,
      purpose: Purpose[purpose],
      hl7: purpose,
      kem: OWNER.kem.publicKey,
      conf: { n: conf.number, h: conf.hash }
    }
    const seed = asked.signed ? CLINICIANS.people[account]?.peerSeed : OWNER.peerSeed
    return encode(sign('request', encodeRequest(request), seed as Uint8Array, p))
  }
}

const challengeOf = (stream: number): Hash => named(`challenge ${stream}`)

function bindingOf(asked: Asked): {
  readonly binding: NodeBinding
  readonly bindingSig: Uint8Array
} {
  const { account, bindingEpoch, boundFrom, boundUntil, bound } = asked
  const name = JSON.stringify([account, bindingEpoch, boundFrom, boundUntil, bound])
  let made = bindings.get(name)
  if (made == null) {
    const who = CLINICIANS.people[account] as (typeof CLINICIANS.people)[number]
    const binding: NodeBinding = {
      account: who.account,
      peerId: who.peer,
      kemKeyHash: named('kem'),
      validFrom: boundFrom,
      validUntil: boundUntil,
      bindingEpoch
    }
    const key = bound ? who.accountKey : OWNER.accountKey
    made = { binding, bindingSig: signTyped(DEPLOYMENT, 'NodeBinding', binding, key, p) }
    bindings.set(name, made)
  }
  return made
}

/** Plays one history against a whole gate, judged as it goes. */
export async function playWhole(
  history: History,
  weak: WholeWeakness = WHOLE,
  story?: string[]
): Promise<Played> {
  const played = nothingPlayed()
  const whole = new WholePlay(history, weak)
  const { world } = whole
  await whole.begin()
  for (const [i, step] of history.steps.entries()) {
    let said: string | undefined
    if (step.do === 'crash') await whole.crash()
    else if (step.do !== 'ask') await whole.take(step)
    else {
      const asked = world.asked(step)
      const allowed = world.judge.allowed(asked, world.nowMs, world.localMs)
      const replayed = world.judge.heard(asked)
      const outcome = await whole.ask(asked, step)
      const released = outcome != null && 'head' in outcome
      const why = released
        ? world.judge.unsafe(
            { asked, atMs: world.nowMs, localMs: world.localMs, ...outcome },
            replayed
          )
        : undefined
      const code = outcome != null && 'code' in outcome ? outcome.code : undefined
      said = judged(played, { released, code, allowed: allowed && !replayed }, why)
    }
    story?.push(lineOf(i, world, tell(step), said))
  }
  return played
}
