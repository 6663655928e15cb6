/**
 * What a running node does by itself: finishes records that are "stored, degraded", gives readers of
 * standing grants what they still lack, tells the DHT of replicas that it could tell nobody about
 * before, also before a crash, and anchors its receipts on chain when that is due. One round at a time, the first at the start; failures wait for the next.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@libp2p/interface'
import { type Datastore, Key } from 'interface-datastore'
import { CID } from 'multiformats/cid'
import { toHex } from '../core/bytes.ts'
import { UPKEEP_MS, UPKEEP_RETRY_MS, UPKEEP_STOP_MS } from '../core/limits.ts'
import { decodeManifest } from '../core/manifest.ts'
import type { OwnVersion } from './ledger/ledger.ts'
import type { Node } from './node.ts'
import { isAcknowledged } from './verbs/deal.ts'
import { giveOwedNotices } from './verbs/emergency-notice.ts'
import { tellOwedHandBacks } from './verbs/owed-hand-backs.ts'
import { ownRecord } from './verbs/own.ts'
import { finish, isBeingFinished } from './verbs/publish.ts'
import { deliverOwed } from './verbs/standing.ts'
import { writeFirstWish } from './verbs/wish.ts'

export interface UpkeepInit {
  readonly node: Node
  readonly provide: (cid: CID, options: { readonly signal: AbortSignal }) => Promise<unknown>
  /** Remembers over restarts what the DHT was told. */
  readonly datastore: Pick<Datastore, 'has' | 'put'>
  /** How old an anchor of the receipts may become. @default none is written by itself */
  readonly anchorSeconds?: number | undefined
  readonly log: Logger
}

const toldKey = (cid: CID): Key => new Key(`/keyward/told/${cid}`)
const TOLD = new Uint8Array([1])

export class Upkeep {
  readonly #init: UpkeepInit
  readonly #untold = new Map<string, CID>()
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined
  #retryMs = UPKEEP_RETRY_MS

  constructor(init: UpkeepInit) {
    this.#init = init
  }

  start(): void {
    this.#begin(() => this.#recall())
  }

  /** Tells the DHT now, or in one of the next rounds. */
  provide(cid: CID): void {
    this.#untold.set(cid.toString(), cid)
    this.#begin()
  }

  /** A command lives for seconds: what it is about to finish for an earlier one, it may. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    const patience = new AbortController()
    const late = delay(UPKEEP_STOP_MS, undefined, { signal: patience.signal }).catch(() => {})
    await Promise.race([this.#round, late])
    patience.abort()
    this.#stopping.abort()
    await this.#round
  }

  #begin(before?: () => Promise<void>): void {
    const { signal } = this.#stopping
    if (this.#round != null || signal.aborted) return
    clearTimeout(this.#timer)
    this.#round = (async () => {
      await before?.()
      return await this.#run()
    })()
      .catch((err: unknown) => {
        this.#init.log('upkeep broke off: %e', err)
        return false
      })
      .then((whole) => {
        this.#round = undefined
        if (!signal.aborted) this.#schedule(whole && this.#untold.size === 0)
      })
  }

  /** What fails may work in a second, or in a week. */
  #schedule(whole: boolean): void {
    const waitMs = whole ? UPKEEP_MS : this.#retryMs
    this.#retryMs = whole ? UPKEEP_RETRY_MS : Math.min(2 * waitMs, UPKEEP_MS)
    this.#timer = setTimeout(() => this.#begin(), waitMs).unref()
  }

  /** Replicas of which a crash left unknown whether anybody was told. */
  async #recall(): Promise<void> {
    const { node, datastore } = this.#init
    for (const { epochs } of node.clinic?.custody.entries() ?? []) {
      for (const { pinned, manifest } of epochs.values()) {
        const cid = CID.decode(manifest.content.cid)
        if (pinned && !(await datastore.has(toldKey(cid)))) this.#untold.set(cid.toString(), cid)
      }
    }
  }

  /** Whether all own records are whole now. */
  async #run(): Promise<boolean> {
    const { node, provide, datastore, log } = this.#init
    const { signal } = this.#stopping
    for (const [key, cid] of this.#untold) {
      if (signal.aborted) return false
      try {
        await provide(cid, { signal })
        this.#untold.delete(key)
        await datastore.put(toldKey(cid), TOLD)
      } catch (err) {
        log('nobody was told of %c yet: %e', cid, err)
      }
    }
    let whole = await this.#anchor()
    for (const versions of node.ledger.records()) {
      for (const version of versions) {
        if (signal.aborted) return false
        try {
          if (!(await this.#finish(version))) whole = false
        } catch (err) {
          whole = false
          log('a record is still degraded: %e', err)
        }
      }
    }
    const delivered = await this.#deliver()
    const handedBack = await tellOwedHandBacks(node, signal)
    return (await this.#emergencies()) && handedBack && delivered && whole
  }

  /** False: a notice of a broken glass is owed, or the patient's first wish. */
  async #emergencies(): Promise<boolean> {
    const { node, log } = this.#init
    const { signal } = this.#stopping
    const given = await giveOwedNotices(node, signal, (err) =>
      log('a notice of an emergency is still owed: %e', err)
    )
    return (await writeFirstWish(node, { signal, progress: () => {} })) && given
  }

  /** False: readers of standing grants wait for a capsule. */
  async #deliver(): Promise<boolean> {
    const { node, log } = this.#init
    const { told, waiting } = await deliverOwed(node, this.#stopping.signal)
    if (waiting > 0) log('%d readers were told, %d wait for a capsule', told, waiting)
    return waiting === 0
  }

  /** False: the receipts are due to be anchored, and are not. */
  async #anchor(): Promise<boolean> {
    const { node, anchorSeconds, log } = this.#init
    const { signal } = this.#stopping
    const anchor = node.clinic?.anchor
    if (anchor == null) return true
    try {
      if (anchor.state.kind === 'unknown') await anchor.check({ signal })
      const nowSeconds = node.clock.nowMs() / 1_000
      if (anchorSeconds == null || !anchor.isDue(anchorSeconds, nowSeconds)) return true
      const sent = await anchor.anchor({ signal })
      if (sent != null) log('anchored %d receipts', sent.words.toSeq)
      return true
    } catch (err) {
      log('the receipts are not anchored yet: %e', err)
      return false
    }
  }

  async #finish(version: OwnVersion): Promise<boolean> {
    const { node } = this.#init
    const manifest = decodeManifest(version.entry.manifest, node.primitives)
    if (version.anchored != null && isAcknowledged(version, manifest)) return true
    if (isBeingFinished(version)) return true // its owner is at it
    const own = ownRecord(node, toHex(version.entry.recordId), version.entry.ver)
    const options = { signal: this.#stopping.signal, progress: () => {} }
    return (await finish(node, own, options)).state === 'acknowledged'
  }
}
