/**
 * The whole tier's chain: a memory chain with real headers, tries and proofs on which everything is
 * repeated that happens on the true one of a history, and windows with the endpoints' manners. What
 * an endpoint shows that hangs, or lies, is a fork of that moment.
 * @module
 */
import { equalBytes, fromHex, toHex } from '../../core/bytes.ts'
import { recordTag } from '../../core/grant.ts'
import { type Address, type Hash, hash } from '../../core/ids.ts'
import { type SignedMessage, signTyped } from '../../core/typed-data.ts'
import { Role } from '../../core/words.ts'
import type { BlockRef, ClaimedHeader, Endpoint } from '../../node/adapters.ts'
import type { ContractCall } from '../../node/chain/contract-calls.ts'
import { MemoryChain } from '../../node/chain/memory-chain.ts'
import {
  type EndpointFaults,
  flipBit,
  type MemoryEndpoint,
  otherStateRoot
} from '../../node/chain/memory-endpoint.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { CUSTODIAN_ORG } from '../fixtures/gate.ts'
import { ORG, START } from './cast.ts'
import { ancestor, type Block, type Tx } from './chain.ts'
import type { Manner } from './history.ts'
import { CLINICIANS, CUSTODIAN, dealtVersions, OWNER, wholeCast } from './whole-cast.ts'
import type { Change, World } from './world.ts'

const NONE: Hash = hash(new Uint8Array(32))
const NO_END = START + 10_000_000
/** Of the clinicians' organisation; it only ever acts itself. */
const ADMIN = CLINICIANS.admin

/** An endpoint that can be pointed elsewhere while it is in use. */
class Window implements Endpoint {
  readonly name: string
  at: Endpoint
  constructor(name: string, at: Endpoint) {
    this.name = name
    this.at = at
  }
  headNumber: Endpoint['headNumber'] = (...args) => this.at.headNumber(...args)
  finalizedNumber: Endpoint['finalizedNumber'] = (...args) => this.at.finalizedNumber(...args)
  header: Endpoint['header'] = (...args) => this.at.header(...args)
  proof: Endpoint['proof'] = (...args) => this.at.proof(...args)
  call: Endpoint['call'] = (...args) => this.at.call(...args)
}

export class WholeChain {
  readonly chain: MemoryChain
  readonly windows: readonly Window[]
  readonly #world: World
  readonly #refs = new Map<Block, BlockRef>()
  readonly #blocks = new Map<string, Block>()
  /** Times of the blocks to be mined next. */
  readonly #times: number[] = []
  readonly #liars = new Map<number, MemoryChain>()
  /** What those show that no longer follow. */
  readonly #frozen = new Map<number, Endpoint>()

  constructor(world: World) {
    this.#world = world
    const genesis = ancestor(world.chain.tip, 0) as Block
    this.chain = new MemoryChain({
      primitives: p,
      clock: {
        nowMs: () => (this.#times.shift() ?? Math.floor(this.#world.nowMs / 1_000)) * 1_000
      },
      autoMine: false,
      founders: [{ org: ORG, admin: ADMIN }],
      strangers: 2,
      genesisSeconds: genesis.timeSeconds
    })
    this.windows = world.endpoints.manners.map(
      (_, i) => new Window(`endpoint ${i}`, this.chain.endpoint(`endpoint ${i}`))
    )
  }

  /** Repeats what the world began with: clinicians in their places, the record's versions. */
  async begin(): Promise<void> {
    for (const { account } of CLINICIANS.people) {
      void this.chain.enrol({ account, org: ORG, roles: 2 })
    }
    const { account: custodian } = CUSTODIAN
    void this.chain.enrol({ account: custodian, org: CUSTODIAN_ORG, roles: Role.CUSTODIAN })
    void this.chain.send(await registration(this.chain), ADMIN)
    const { tip } = this.#world.chain
    for (let n = 0; n <= tip.number; n++) {
      const block = ancestor(tip, n) as Block
      if (n > 0) await this.#mine(block)
      else this.#remember(block, await headerOf(this.chain, 0))
    }
  }

  async repeat(change: Change): Promise<void> {
    switch (change.is) {
      case 'sent':
        for (const { call, from } of callsOf(change.tx, this.chain)) {
          // what the contracts refuse, the true chain refuses too
          this.chain.send(call, from).catch(() => {})
        }
        break
      case 'mined':
        await this.#mine(change.block)
        break
      case 'reorg': {
        const { depth, blocks, keep } = change
        this.#times.push(...blocks.map(({ timeSeconds }) => timeSeconds))
        await this.chain.reorg(depth, { blocks: blocks.length, keep })
        for (const block of blocks) this.#remember(block, await headerOf(this.chain, block.number))
        break
      }
      case 'endpoint':
        await this.#behave(change.at)
        break
      case 'noticed':
        break
    }
  }

  /** Its number and hash here; a made-up block is some liar's of about that height. */
  async refOf(block: Block): Promise<BlockRef> {
    const known = this.#refs.get(block)
    if (known != null) return known
    const [liar] = this.#liars.values()
    if (liar == null) return { number: block.number, hash: block.hash }
    const head = await liar.endpoint('own').headNumber({})
    const { depth } = this.#world.history.setting
    return await headerOf(liar, Math.max(0, Math.min(block.number, head - depth)))
  }

  /** The true block of that hash. */
  blockOf(ref: { readonly h: Hash } | undefined): Block | undefined {
    return ref == null ? undefined : this.#blocks.get(toHex(ref.h))
  }

  /** Liars' heads are of this minute whenever somebody looks. */
  async freshen(): Promise<void> {
    for (const liar of this.#liars.values()) await liar.mine()
  }

  async #mine(block: Block): Promise<void> {
    this.#times.push(block.timeSeconds)
    this.#remember(block, await this.chain.mine())
  }

  #remember(block: Block, ref: BlockRef): void {
    if (block.number !== ref.number) throw new Error('the two chains went apart')
    this.#refs.set(block, ref)
    this.#blocks.set(toHex(ref.hash), block)
  }

  /** All windows again, since one may echo another. */
  async #behave(changed: number): Promise<void> {
    const { manners } = this.#world.endpoints
    const manner = manners[changed] as Manner
    const rests = manner.is === 'stuck' || manner.is === 'down'
    if (!rests) this.#frozen.delete(changed)
    else if (!this.#frozen.has(changed)) {
      this.#frozen.set(changed, (await this.chain.fork()).endpoint(`hanging ${changed}`))
    }
    if (manner.is !== 'fork') this.#liars.delete(changed)
    else this.#liars.set(changed, await this.#liar())
    for (const [i, window] of this.windows.entries()) window.at = this.#endpoint(i)
  }

  #endpoint(i: number): Endpoint {
    const manner = this.#world.endpoints.manners[i] as Manner
    const frozen = this.#frozen.get(i)
    if (manner.is === 'stuck' && frozen != null) return frozen
    const faults: EndpointFaults = {}
    switch (manner.is) {
      case 'down':
        faults.down = true
        break
      case 'lag':
        faults.lagBlocks = manner.blocks
        break
      case 'boast':
        faults.boastBlocks = manner.blocks
        break
      case 'lieHash':
        faults.forgeHeader = otherHash
        break
      case 'lieState':
        faults.forgeHeader = otherStateRoot
        break
      case 'lieProof':
        faults.forgeProof = flipBit(7)
        break
      case 'echo': {
        const of = this.#world.endpoints.manners[manner.of]?.is
        if (of === 'echo') faults.down = true
        else faults.echo = this.windows[manner.of] as Endpoint
        break
      }
    }
    const chain = this.#liars.get(i) ?? this.chain
    return chain.endpoint(`endpoint ${i}`, faults) satisfies MemoryEndpoint
  }

  /** Its own last blocks, without revocations; whatever was asked for is granted there. */
  async #liar(): Promise<MemoryChain> {
    const liar = await this.chain.fork()
    await liar.reorg(12, { blocks: 6 })
    const { grants, owner } = this.#world.chain.tip.state
    for (const { opening } of grants) {
      for (const version of [1, 2, 3, 4]) {
        const tx = { is: 'grant', opening, version, epoch: owner.epoch } as const
        for (const { call, from } of callsOf(tx, liar)) liar.send(call, from).catch(() => {})
      }
    }
    await liar.mine(10)
    return liar
  }
}

async function headerOf(chain: MemoryChain, number: number): Promise<BlockRef> {
  const claim = await chain.endpoint('own').header(number, {})
  return { number, hash: hash(fromHex(String(claim?.['hash']).slice(2))) }
}

const otherHash = (claim: ClaimedHeader): ClaimedHeader => ({
  ...claim,
  hash: `0x${'77'.repeat(32)}`
})

interface Call {
  readonly call: ContractCall
  readonly from: Address
}

const signed = new Map<string, SignedMessage>()

/** Signed once a process: the same few messages come in all histories. */
function sign(
  chain: MemoryChain,
  type: SignedMessage['type'],
  message: SignedMessage['message'],
  key: Uint8Array,
  name: string
): SignedMessage {
  let made = signed.get(name)
  if (made == null) {
    const sig = signTyped(chain.deployment, type as 'RevokeAll', message as never, key, p)
    made = { type, message, sig } as unknown as SignedMessage
    signed.set(name, made)
  }
  return made
}

async function registration(chain: MemoryChain): Promise<SignedMessage> {
  const items = (await dealtVersions()).map(({ content, anchor }) => ({
    recordTag: recordTag(content.recordId, content.ver, p),
    status: 1,
    shareEpoch: 1,
    quorum: 1,
    barredOrg: 0,
    anchor
  }))
  const message = { owner: OWNER.account, items, deadline: NO_END }
  return sign(chain, 'Records', message, OWNER.accountKey, 'registration')
}

/** The message that a direct notice and the relayed transaction share. */
export function messageOf(tx: Tx, chain: MemoryChain): SignedMessage | undefined {
  const owner = OWNER.account
  const name = JSON.stringify(tx)
  const byOwner = (type: SignedMessage['type'], message: object): SignedMessage =>
    sign(chain, type, message as never, OWNER.accountKey, name)
  switch (tx.is) {
    case 'grant': {
      const opening = wholeCast.openings[tx.opening]
      const items = [{ opening, version: tx.version }]
      return byOwner('Grants', { owner, items, epoch: tx.epoch, deadline: NO_END })
    }
    case 'revoke': {
      const items = [{ openingHash: wholeCast.openingHashes[tx.opening], version: tx.version }]
      return byOwner('Revocations', { owner, items })
    }
    case 'revokeAll':
      return byOwner('RevokeAll', { owner, epoch: tx.epoch })
    case 'optOut':
      return byOwner('OptOut', { owner, purposes: tx.purposes, version: tx.version })
    case 'bind': {
      const { account, accountKey } = CLINICIANS.people[
        tx.account
      ] as (typeof CLINICIANS.people)[number]
      return sign(
        chain,
        'BindingEpoch',
        { account, bindingEpoch: tx.bindingEpoch },
        accountKey,
        name
      )
    }
    case 'erase': {
      const item = {
        recordTag: recordTag(wholeCast.people.record, tx.ver, p),
        status: 5,
        shareEpoch: tx.shareEpoch,
        quorum: 0,
        barredOrg: 0,
        anchor: NONE
      }
      return byOwner('Records', { owner, items: [item], deadline: NO_END })
    }
    default:
      return undefined
  }
}

function callsOf(tx: Tx, chain: MemoryChain): readonly Call[] {
  const message = messageOf(tx, chain)
  if (message != null) return [{ call: message, from: ADMIN }]
  if (tx.is !== 'account') throw new Error(`the whole tier's chain cannot ${tx.is}`)
  const { account } = CLINICIANS.people[tx.account] as (typeof CLINICIANS.people)[number]
  if (equalBytes(account, ADMIN)) throw new Error('the admin cannot suspend itself')
  return [{ call: { type: tx.status === 2 ? 'Suspend' : 'Reinstate', account }, from: ADMIN }]
}
