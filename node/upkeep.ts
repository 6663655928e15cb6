/**
 * What a running node does by itself: finishes records that are "stored, degraded", and tells the
 * DHT of replicas that it could tell nobody about before. One round at a time, failures wait for
 * the next.
 * @module
 */
import type { Logger } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { toHex } from '../core/bytes.ts'
import { UPKEEP_MS } from '../core/limits.ts'
import { decodeManifest } from '../core/manifest.ts'
import type { OwnVersion } from './ledger/ledger.ts'
import type { Node } from './node.ts'
import { isAcknowledged } from './verbs/deal.ts'
import { ownRecord } from './verbs/own.ts'
import { finish, isBeingFinished } from './verbs/publish.ts'

export interface UpkeepInit {
  readonly node: Node
  readonly provide: (cid: CID, options: { readonly signal: AbortSignal }) => Promise<unknown>
  readonly log: Logger
}

export class Upkeep {
  readonly #init: UpkeepInit
  readonly #untold = new Map<string, CID>()
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined

  constructor(init: UpkeepInit) {
    this.#init = init
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#begin(), UPKEEP_MS).unref()
  }

  /** Tells the DHT now, or in one of the next rounds. */
  provide(cid: CID): void {
    this.#untold.set(cid.toString(), cid)
    this.#begin()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort()
    await this.#round
  }

  #begin(): void {
    this.#round ??= this.#run().finally(() => {
      this.#round = undefined
    })
  }

  async #run(): Promise<void> {
    const { node, provide, log } = this.#init
    const { signal } = this.#stopping
    for (const [key, cid] of this.#untold) {
      if (signal.aborted) return
      try {
        await provide(cid, { signal })
        this.#untold.delete(key)
      } catch (err) {
        log('nobody was told of %c yet: %s', cid, (err as Error).name)
      }
    }
    for (const versions of node.ledger.records()) {
      for (const version of versions) {
        if (signal.aborted) return
        try {
          await this.#finish(version)
        } catch (err) {
          log('a record is still degraded: %s', (err as Error).name)
        }
      }
    }
  }

  async #finish(version: OwnVersion): Promise<void> {
    const { node } = this.#init
    const manifest = decodeManifest(version.entry.manifest, node.primitives)
    if (version.anchored != null && isAcknowledged(version, manifest)) return
    if (isBeingFinished(version)) return // its owner is at it
    const own = ownRecord(node, toHex(version.entry.recordId), version.entry.ver)
    await finish(node, own, { signal: this.#stopping.signal, progress: () => {} })
  }
}
