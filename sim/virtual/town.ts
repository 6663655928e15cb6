/**
 * A small network in virtual time: clinics, requesting hospitals and patients, all of them whole
 * nodes of the program over a memory chain, with the post in libp2p's place. Keys, random bytes and
 * clocks come from the seed.
 * @module
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ComponentLogger, Logger } from '@libp2p/interface'
import { rootSecret } from '../../core/ids.ts'
import { Role } from '../../core/words.ts'
import type { Clock, RunningNode } from '../../node/index.ts'
import {
  chainParameters,
  deriveIdentity,
  MemoryChain,
  memoryNode,
  memoryStores,
  type NodeIdentity,
  nativePrimitives,
  Switchboard
} from '../../node/memory.ts'
import { Rng } from '../random.ts'
import { Post, type PostedMessage } from './post.ts'
import type { VirtualTime } from './time.ts'

export interface TownInit {
  readonly seed: number
  readonly clinics: number
  readonly patients: number
  /** The last of the clinics: they ask. */
  readonly requesters: number
  readonly threshold: number
  readonly blockSeconds: number
  readonly onSent: (message: PostedMessage, arrivesMs: number) => void
}

export interface Resident {
  readonly index: number
  readonly identity: NodeIdentity
  /** Undefined while it is down. */
  node: RunningNode | undefined
  /** Against the world's; changes take effect at once. */
  skewMs: number
}

/** Depth at which a block counts as confirmed: no reorg goes deeper. */
export const CONFIRMED_BLOCKS = 2
/** What custodians, relayers and hospitals may do. */
const CLINIC_ROLES = Role.CUSTODIAN | Role.CLINICIAN | Role.RELAYER

export class Town {
  readonly chain: MemoryChain
  readonly post: Post
  readonly residents: readonly Resident[]
  readonly folder: string
  readonly #time: VirtualTime
  readonly #init: TownInit
  readonly #board: Switchboard
  readonly #kept = new Map<number, ReturnType<typeof memoryStores>>()
  readonly #starts = new Map<number, number>()

  static async build(time: VirtualTime, init: TownInit): Promise<Town> {
    const people = Array.from({ length: init.clinics + init.patients }, (_, index) =>
      deriveIdentity(
        rootSecret(new Rng(init.seed, `root/${index}`).bytes(32)),
        index < init.clinics
          ? { profile: 'clinic', name: `clinic ${index}` }
          : { profile: 'patient', name: `patient ${index}` },
        nativePrimitives
      )
    )
    const folder = await mkdtemp(join(tmpdir(), 'keyward-virtual-'))
    const town = new Town(time, init, await Promise.all(people), folder)
    await town.#found()
    return town
  }

  private constructor(
    time: VirtualTime,
    init: TownInit,
    people: readonly NodeIdentity[],
    folder: string
  ) {
    this.#time = time
    this.#init = init
    this.folder = folder
    this.post = new Post(time, init.seed, init.onSent)
    this.#board = new Switchboard(this.post.carry)
    this.residents = people.map((identity, index) => ({
      index,
      identity,
      node: undefined,
      skewMs: 0
    }))
    this.chain = new MemoryChain({
      primitives: nativePrimitives,
      clock: { nowMs: () => time.nowMs },
      autoMine: false,
      founders: people
        .slice(0, init.clinics)
        .map(({ account }, index) => ({ org: index + 1, admin: account }))
    })
  }

  async #found(): Promise<void> {
    const { clinics } = this.#init
    const seats = this.residents
      .slice(0, clinics)
      .map(({ index, identity }) =>
        this.chain.enrol({ account: identity.account, org: index + 1, roles: CLINIC_ROLES })
      )
    await this.chain.mine()
    await Promise.all(seats)
    await this.chain.mine(2)
    for (const { index } of this.residents) await this.start(index)
  }

  isClinic(index: number): boolean {
    return index < this.#init.clinics
  }

  /** Starts a resident on what its last run left. */
  async start(index: number): Promise<RunningNode> {
    const resident = this.residents[index] as Resident
    const { identity } = resident
    const starts = (this.#starts.get(index) ?? 0) + 1
    this.#starts.set(index, starts)
    const rng = new Rng(this.#init.seed, `random/${index}/${starts}`)
    const clock: Clock = { nowMs: () => this.#time.nowMs + resident.skewMs }
    const stores = memoryStores(identity.profile, this.#kept.get(index))
    this.#kept.set(index, stores)
    resident.node = await memoryNode({
      identity,
      chain: this.chain,
      parameters: chainParameters('memory', {
        confirmed: { by: 'depth', blocks: CONFIRMED_BLOCKS },
        quorum: 1,
        endpoints: 1,
        blockSeconds: this.#init.blockSeconds
      }),
      primitives: nativePrimitives,
      clock,
      random: (length) => rng.bytes(length),
      logger: SILENT,
      name: `virtual-${index}`,
      choice: {
        custodians: this.isClinic(index) ? [] : this.#custodianPeers(),
        threshold: this.#init.threshold,
        replicas: 2
      },
      changes: { wire: this.#board.open, stores, downloads: this.folder }
    })
    return resident.node
  }

  #custodianPeers(): readonly string[] {
    return this.residents
      .slice(0, this.#init.clinics - this.#init.requesters)
      .flatMap(({ node }) => (node == null ? [] : [node.addrs[0] ?? '']))
  }

  async stop(index: number): Promise<void> {
    const resident = this.residents[index] as Resident
    const { node } = resident
    resident.node = undefined
    await node?.stop()
  }

  async file(name: string, content: Uint8Array): Promise<string> {
    const path = join(this.folder, name)
    await writeFile(path, content)
    return path
  }

  async close(): Promise<void> {
    for (const { index } of this.residents) await this.stop(index)
    await rm(this.folder, { recursive: true, force: true })
  }
}

const nothing = (): void => {}
const silentLog = Object.assign(nothing, {
  error: nothing,
  trace: nothing,
  enabled: false,
  newScope: (): Logger => silentLog
}) as unknown as Logger
const SILENT: ComponentLogger = { forComponent: () => silentLog }
