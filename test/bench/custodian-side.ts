/**
 * A custodian in a process of its own: the real gate behind protocols/access on loopback TCP, its
 * stores on disk, its words proven against a memory chain's real headers and tries. Beside it two
 * gates with one part taken out, an echo on an open stream, and the bare cryptography of a release.
 * A child of
 * release.bench.ts and check.bench.ts.
 * @module
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createLibp2p } from 'libp2p'
import type { Card } from '../../core/binding.ts'
import { decode } from '../../core/codec.ts'
import { Code } from '../../core/codes.ts'
import { decide } from '../../core/decide.ts'
import type { DecideInput } from '../../core/decision.ts'
import type { Deployment } from '../../core/deployment.ts'
import { seal, shareInfo } from '../../core/envelope.ts'
import type { Hash, PeerIdBytes } from '../../core/ids.ts'
import {
  HEAD_CACHE_MS,
  JOURNAL_ENTRY_BYTES,
  RECEIPT_MAX_BYTES,
  REQUESTS_PIPELINED
} from '../../core/limits.ts'
import {
  type AccessRequest,
  decodeRequest,
  requestHash,
  signedRequestShape
} from '../../core/request.ts'
import { sign, verify } from '../../core/signed.ts'
import type {
  BlockRef,
  CurrentHeads,
  HeadSource,
  Outcome,
  ProvenWords,
  WordSource
} from '../../node/adapters.ts'
import { quorumHeads } from '../../node/chain/heads.ts'
import { provenWords } from '../../node/chain/proofs.ts'
import { type Clinic, type ClinicStores, gatePolicy, openClinic } from '../../node/clinic.ts'
import type { NodeIdentity } from '../../node/keys/identity.ts'
import { libp2pOptions } from '../../node/network/libp2p.ts'
import { ReceiptIndex } from '../../node/receipts/receipt-index.ts'
import { entryForGate, gateNotices } from '../../node/release/facts.ts'
import { gatherHeads, gatherWords } from '../../node/release/gather.ts'
import { rememberingHashes } from '../../node/release/hashes.ts'
import {
  encryptedJournal,
  SEALED_ENTRY_OVERHEAD_BYTES
} from '../../node/storage/encrypted-journal.ts'
import { openJournal } from '../../node/storage/journal.ts'
import { memoryJournal } from '../../node/storage/memory-journal.ts'
import { systemRandom } from '../../node/system.ts'
import { access } from '../../protocols/access/index.ts'
import { FrameServer, type ProtocolComponents } from '../../protocols/framing.ts'
import { type GateWorld, gateWorld, p, parameters, SERVING } from '../fixtures/gate.ts'
import { ECHO_PROTOCOL, unhurried } from './echo.ts'
import { type Cost, costOf } from './measure.ts'

/** `shipped`: everything. `unchained`: no chain is asked. `unsynced`: receipts stay in memory. */
export type Variant = 'shipped' | 'unchained' | 'unsynced'

export interface CustodianSideInit {
  readonly folder: string
}

/** What a requester must know; plain data. */
export interface Introduction {
  readonly addrs: readonly string[]
  readonly hospital: NodeIdentity
  readonly card: Card
  readonly custodian: PeerIdBytes
  readonly deployment: Deployment
  readonly manifest: Uint8Array
  readonly opening: GateWorld['opening']
  readonly tags: readonly Hash[]
  /** The custodian's clock, which is not this machine's. */
  readonly nowMs: number
}

export type CustodianSide = {
  introduce(): Promise<Introduction>
  use(variant: Variant): Promise<void>
  /** Mines a block; gives the one that a request should name. */
  mine(): Promise<BlockRef>
  /** Revokes the grant; gives the number of the block that says so. */
  revoke(): Promise<number>
  /** So many bare releases: verify, seal, sign; receipts' bytes are written and synced or not. */
  floor(count: number, synced: boolean): Promise<Cost>
  /** So many times what the shipped gate spends on chain and rule for the last request it heard. */
  check(count: number): Promise<Cost>
}

export async function serve({ folder }: CustodianSideInit): Promise<CustodianSide> {
  const world = await gateWorld()
  run(world)
  const chain = realChain(world)
  const standing = new StandingChain(world)
  await standing.renew()
  const gates: Readonly<Record<Variant, Clinic>> = {
    shipped: await openGate(world, await diskStores(join(folder, 'shipped'), world), chain),
    unchained: await openGate(world, await diskStores(join(folder, 'unchained'), world), standing),
    unsynced: await openGate(world, memoryStores())
  }
  let variant: Variant = 'shipped'
  let heard: Uint8Array | undefined
  const libp2p = await createLibp2p(
    await libp2pOptions({
      seed: world.custodian.peerSeed,
      profile: 'clinic',
      clock: world.clock,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      topics: [],
      monitor: false,
      inboundPerSecond: 1_000,
      services: {
        access: access({
          ...unhurried,
          clock: world.clock,
          random: systemRandom,
          sha256: p.sha256,
          handler(frame, stream) {
            heard = frame
            return gates[variant].gate.handle(frame, stream)
          }
        }),
        echo: echo(world)
      }
    })
  )
  const floorLog = await openJournal(join(folder, 'floor'), { maxEntryBytes: RECEIPT_MAX_BYTES })
  return {
    introduce: async () => ({
      addrs: libp2p.getMultiaddrs().map(String),
      hospital: world.hospital,
      card: world.card,
      custodian: world.custodian.peer,
      deployment: world.chain.deployment,
      manifest: world.dealt.manifest,
      opening: world.opening,
      tags: world.tags,
      nowMs: world.clock.nowMs()
    }),
    async use(other) {
      variant = other
    },
    async mine() {
      await world.chain.mine(1)
      await standing.renew()
      const { n, h } = await world.confirmed()
      return { number: n, hash: h }
    },
    async revoke() {
      await world.send(world.revocation())
      return (await world.endpoints[0]?.headNumber({})) as number
    },
    async floor(count, synced) {
      if (heard == null) throw new Error('the floor repeats a request, and none was heard')
      const frame = heard
      const one = floorOf(world)
      return await costOf(async () => {
        for (let done = 0; done < count; done += REQUESTS_PIPELINED) {
          const group = Array.from({ length: REQUESTS_PIPELINED }, () => one(frame))
          const written = await Promise.all(group)
          if (synced) await floorLog.append(...written)
        }
      })
    },
    async check(count) {
      if (heard == null) throw new Error('the check repeats a request, and none was heard')
      const { b } = decode(signedRequestShape, heard, 'request')
      // each decoded anew, as the gate has them: what hashes it remembers by request start afresh
      const requests = Array.from({ length: count }, () => decodeRequest(b))
      const entry = gates.shipped.custody.find(decodeRequest(b))
      const one = checkOf(world, gates.shipped, chain, entry && entryForGate(entry))
      return await costOf(async () => {
        for (const request of requests) await one(request)
      })
    }
  }
}

/**
 * What a release asks of the chain and of `decide()`, as node/release/gate.ts does; the custody entry
 * is at hand, since finding it is the store's cost.
 */
function checkOf(
  { clock, custodian, chain: { deployment } }: GateWorld,
  { custody }: Clinic,
  { heads, words }: ReturnType<typeof realChain>,
  entry: DecideInput['entry']
): (request: AccessRequest) => Promise<void> {
  const remembering = rememberingHashes(p)
  const policy = gatePolicy(parameters)
  const { signal } = new AbortController()
  return async (request) => {
    const { binding, challenge, seq } = request
    const known: DecideInput = {
      nowMs: clock.nowMs(),
      policy,
      self: { peer: custodian.peer, deployment },
      stream: { remotePeer: binding.peerId, challenge, lastSeq: seq - 1 },
      load: { draining: false, queueFull: false, peerOverRate: false },
      audit: { whole: true, behindAnchor: false },
      request,
      verdicts: { request: 'ok', binding: 'ok', signers: [] },
      entry,
      subset: undefined,
      notices: gateNotices(custody.notices, request, remembering),
      used: { count: 0, again: false }
    }
    decide(known, remembering)
    const gathered = await gatherHeads(heads, request, signal)
    const withHeads = { ...known, heads: gathered.heads }
    decide(withHeads, remembering)
    const proven = await gatherWords(words, withHeads, gathered, remembering, signal)
    const { kind } = decide({ ...withHeads, words: proven.words }, remembering)
    if (kind !== 'release') throw new Error(`the check ended in "${kind}"`)
  }
}

/** From here on the world's clock goes. */
function run({ clock }: GateWorld): void {
  const base = clock.nowMs() - performance.now()
  Object.defineProperty(clock, 'ms', {
    get: () => Math.floor(base + performance.now()),
    set() {}
  })
}

async function openGate(
  world: GateWorld,
  stores: ClinicStores,
  chain: Pick<Parameters<typeof openClinic>[0], 'heads' | 'words'> = realChain(world)
): Promise<Clinic> {
  const clinic = await openClinic({
    identity: world.custodian,
    deployment: world.chain.deployment,
    parameters,
    primitives: p,
    clock: world.clock,
    random: systemRandom,
    ...chain,
    writer: undefined,
    contractSignature: undefined,
    ownCard: () => world.card, // never asked for here
    replicate: async () => {},
    stores
  })
  // over the real chain, whatever the gate will ask
  const pack = world.dealt.package()
  const dealt = await clinic.custodian.deal(pack, world.owner.peer, SERVING)
  if (!dealt.ok) throw new Error(`the deal was refused: ${dealt.code}`)
  return clinic
}

function realChain(
  { endpoints, clock, chain: { deployment } }: GateWorld,
  cacheMs = HEAD_CACHE_MS
): { readonly heads: HeadSource; readonly words: WordSource } {
  const checkpoint = { get: async () => undefined, put: async () => {} }
  return {
    heads: quorumHeads({ endpoints, parameters, clock, primitives: p, checkpoint, cacheMs }),
    words: provenWords({ endpoints, deployment, primitives: p })
  }
}

/** A chain that is asked only when told: what was found is given at once until then. */
class StandingChain {
  readonly #real: ReturnType<typeof realChain>
  readonly #clock: GateWorld['clock']
  #found: Outcome<CurrentHeads> | undefined
  readonly #proven = new Map<string, Outcome<ProvenWords>>()

  constructor(world: GateWorld) {
    this.#real = realChain(world, 0)
    this.#clock = world.clock
  }

  async renew(): Promise<void> {
    this.#found = await this.#real.heads.current()
    this.#proven.clear()
  }

  readonly heads: HeadSource = {
    current: async () => {
      const found = this.#found
      if (found?.ok !== true) return { ok: false, code: Code.RPC_UNAVAILABLE }
      const timeSeconds = this.#clock.seconds()
      const head = { ...found.value.head, timeSeconds }
      return { ok: true, value: { ...found.value, head, askedAtMs: this.#clock.nowMs() } }
    },
    onConfirmedLine: async () =>
      this.#found?.ok === true
        ? { ok: true, value: this.#found.value.conf }
        : { ok: false, code: Code.CONF_MISMATCH }
  }

  readonly words: WordSource = {
    prove: async (block, refs) => {
      const key = `${block.number} ${refs.length} ${refs[0]?.contract}`
      const known = this.#proven.get(key) ?? (await this.#real.words.prove(block, refs))
      this.#proven.set(key, known)
      return known
    }
  }
}

async function diskStores(folder: string, { custodian }: GateWorld): Promise<ClinicStores> {
  await mkdir(folder)
  const sealed = async (name: string) =>
    encryptedJournal(
      await openJournal(join(folder, name), {
        maxEntryBytes: JOURNAL_ENTRY_BYTES + SEALED_ENTRY_OVERHEAD_BYTES
      }),
      custodian.storeKey,
      p,
      systemRandom
    )
  return {
    custody: await sealed('custody'),
    mailbox: await sealed('mailbox'),
    receipts: await openJournal(join(folder, 'receipts'), { maxEntryBytes: 2 * RECEIPT_MAX_BYTES }),
    evidence: await openJournal(join(folder, 'evidence'), { maxEntryBytes: JOURNAL_ENTRY_BYTES }),
    index: new ReceiptIndex(join(folder, 'index'))
  }
}

const memoryStores = (): ClinicStores => ({
  custody: memoryJournal(),
  mailbox: memoryJournal(),
  receipts: memoryJournal(),
  evidence: memoryJournal(),
  index: new ReceiptIndex(':memory:')
})

const echo = (world: GateWorld) => (components: ProtocolComponents) =>
  new FrameServer(
    components,
    {
      protocol: ECHO_PROTOCOL,
      limits: unhurried,
      clock: world.clock,
      accept:
        (channel) =>
        ({ frame }) =>
          channel.send(frame)
    },
    components.logger.forComponent('keyward:echo')
  )

/** One release stripped to its cryptography; gives bytes of a receipt's size. */
function floorOf(world: GateWorld): (frame: Uint8Array) => Promise<Uint8Array> {
  const { dealt, custodian, hospital, chain } = world
  const { owner, recordId, ver } = dealt.content
  const info = shareInfo({
    deployment: chain.deployment,
    owner,
    ids: { recordId, ver, shareEpoch: dealt.custody.shareEpoch, idx: 1 },
    grantId: world.grantId(),
    custodian: custodian.peer,
    requester: hospital.peer,
    challenge: new Uint8Array(32),
    seq: 1
  })
  const answer = new Uint8Array(2_600)
  const receipt = new Uint8Array(1_200)
  const kem = world.kem.publicKey
  return async (frame) => {
    const signed = decode(signedRequestShape, frame, 'request')
    if (!verify('request', signed, hospital.peer, p)) throw new Error('the request was heard well')
    await seal('share', info, kem, dealt.plain, requestHash(signed.b, p), p)
    sign('answer', answer, custodian.peerSeed, p)
    return receipt
  }
}
