/**
 * One record's blocks from several providers, one after the other: a single ordered stream is open,
 * a few blocks are kept ahead of the reader, and when a provider fails the next goes on at the same
 * block. The blocks come checked against their CIDs (protocols/blocks does it as they arrive).
 * @module
 */
import { AbortError, type AbortOptions, type PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import { ContentNotFoundError } from '../../core/errors.ts'
import { BLOCKS_AHEAD, DAG_NODES_KEPT } from '../../core/limits.ts'
import { DAG_PB } from './dag.ts'

export interface Provider {
  readonly peer: PeerId
  /** Where it was last known to be: a manifest's addresses. */
  readonly addrs: readonly Multiaddr[]
}

export interface StreamedBlock {
  readonly index: number
  readonly cid: CID
  readonly bytes: Uint8Array
}

export interface FetchOptions extends AbortOptions {
  readonly from?: number
  /** Nodes before `from`, which give the order of the rest. */
  readonly known?: (cid: CID) => Promise<Uint8Array>
}

/** A provider that did not do what it was asked for, and where it stopped. */
export interface ProviderFailure {
  readonly peer: PeerId
  readonly index: number
  readonly error: Error
}

export interface SessionInit extends AbortOptions {
  readonly root: CID
  readonly providers: readonly Provider[]
  /** `fetch` of protocols/blocks: verified blocks in depth-first order. */
  readonly fetch: (peer: PeerId, root: CID, options: FetchOptions) => AsyncGenerator<StreamedBlock>
  /** Brings a connection about before the first stream. @default none: fetch dials the PeerId */
  readonly connect?: (provider: Provider, options: AbortOptions) => Promise<void>
  /** Nodes that are here already, for a start in the middle. */
  readonly known?: (cid: CID) => Promise<Uint8Array>
  readonly onFailure?: (failure: ProviderFailure) => void
}

interface Waiter {
  readonly cid: CID
  readonly resolve: (block: Uint8Array) => void
  readonly reject: (err: Error) => void
}

export class BlockSession {
  readonly #init: SessionInit
  readonly #providers: Provider[]
  readonly #closing = new AbortController()
  readonly #signal: AbortSignal
  readonly #ahead = new Map<string, Uint8Array>()
  /** Nodes that went by: what a start in the middle, at another provider, needs to know. */
  readonly #nodes = new Map<string, Uint8Array>()
  readonly #failures: ProviderFailure[] = []
  #waiters: Waiter[] = []
  #stream: AsyncGenerator<StreamedBlock> | undefined
  #next = 0
  #seekTo: number | undefined
  #lacksNode = false
  #rewound = false
  #pumping = false

  constructor(init: SessionInit) {
    this.#init = init
    this.#providers = [...init.providers]
    const { signal } = this.#closing
    this.#signal = init.signal == null ? signal : AbortSignal.any([signal, init.signal])
  }

  /** Who failed so far, and why. */
  get failures(): readonly ProviderFailure[] {
    return this.#failures
  }

  addProvider(provider: Provider): void {
    this.#providers.push(provider)
  }

  /**
   * One block of the record. `index`, its place in depth-first order, lets the session jump; without
   * it the stream is read on until the block comes.
   * @throws ContentNotFoundError when every provider failed; `cause` is what the last one did
   */
  async retrieve(cid: CID, options: AbortOptions & { index?: number } = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted()
    this.#signal.throwIfAborted()
    const key = keyOf(cid)
    const ready = this.#ahead.get(key)
    if (ready != null) {
      this.#ahead.delete(key)
      this.#pump()
      return ready
    }
    if (options.index != null && this.#mustSeek(options.index)) this.#seekTo = options.index
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    const waiter = { cid, resolve, reject }
    this.#waiters.push(waiter)
    const abort = () => {
      this.#waiters = this.#waiters.filter((other) => other !== waiter)
      reject(new AbortError())
    }
    options.signal?.addEventListener('abort', abort)
    this.#pump()
    try {
      return await promise
    } finally {
      options.signal?.removeEventListener('abort', abort)
    }
  }

  close(): void {
    this.#closing.abort()
    this.#ahead.clear()
    this.#nodes.clear()
    this.#leave()
    this.#refuse(new AbortError())
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Is the block out of the open stream's way? Where others wait, they come first. */
  #mustSeek(index: number): boolean {
    if (this.#waiters.length > 0) return false
    if (this.#stream == null) return index !== this.#next
    return index < this.#next || index > this.#next + BLOCKS_AHEAD
  }

  /** Reads on while somebody waits or there is room ahead. */
  #pump(): void {
    if (this.#pumping || this.#signal.aborted) return
    this.#pumping = true
    this.#run()
      .catch((err: Error) => this.#refuse(err))
      .finally(() => {
        this.#pumping = false
        // Somebody may have come while the last step ended.
        if (this.#waiters.length > 0) this.#pump()
      })
  }

  async #run(): Promise<void> {
    while (this.#waiters.length > 0 || (this.#stream != null && this.#ahead.size < BLOCKS_AHEAD)) {
      if (this.#seekTo != null) {
        this.#leave()
        this.#next = this.#seekTo
        this.#seekTo = undefined
      }
      const provider = this.#providers[0]
      if (provider == null) return this.#refuse(this.#nobodyLeft())
      try {
        this.#stream ??= await this.#open(provider)
        const { value, done } = await this.#stream.next()
        if (this.#seekTo != null) continue
        if (done === true) return this.#ended()
        this.#take(value)
      } catch (err) {
        this.#signal.throwIfAborted()
        this.#leave()
        if (this.#lacksNode) this.#startOver()
        else this.#failed(provider, err as Error)
      }
    }
  }

  async #open(provider: Provider): Promise<AsyncGenerator<StreamedBlock>> {
    const signal = this.#signal
    await this.#init.connect?.(provider, { signal })
    return this.#init.fetch(provider.peer, this.#init.root, {
      signal,
      from: this.#next,
      known: (cid) => this.#known(cid)
    })
  }

  async #known(cid: CID): Promise<Uint8Array> {
    const kept = this.#nodes.get(keyOf(cid))
    if (kept != null) return kept
    try {
      if (this.#init.known == null) throw new ContentNotFoundError(`node ${cid} is not known`)
      return await this.#init.known(cid)
    } catch (err) {
      this.#lacksNode = true
      throw err
    }
  }

  #take({ cid, bytes, index }: StreamedBlock): void {
    this.#next = index + 1
    const key = keyOf(cid)
    if (cid.code === DAG_PB && this.#nodes.size < DAG_NODES_KEPT) this.#nodes.set(key, bytes)
    const wanting = this.#waiters.filter((waiter) => keyOf(waiter.cid) === key)
    if (wanting.length > 0) {
      this.#waiters = this.#waiters.filter((waiter) => !wanting.includes(waiter))
      for (const { resolve } of wanting) resolve(bytes)
      return
    }
    this.#ahead.set(key, bytes)
    if (this.#ahead.size <= BLOCKS_AHEAD) return
    const [oldest] = this.#ahead.keys() // nobody asked for it, and others are waiting
    if (oldest != null) this.#ahead.delete(oldest)
  }

  /** The record ended. Who still waits asked for a block of another, or for one that went by. */
  #ended(): void {
    this.#leave()
    const [waiter] = this.#waiters
    if (waiter == null) return
    if (this.#rewound) {
      this.#refuse(new ContentNotFoundError(`block ${waiter.cid} is not part of the record`))
    } else {
      this.#rewound = true
      this.#next = 0
    }
  }

  #failed(provider: Provider, error: Error): void {
    const failure = { peer: provider.peer, index: this.#next, error }
    this.#failures.push(failure)
    this.#providers.shift()
    this.#init.onFailure?.(failure)
  }

  /** A jump over nodes that nobody here knows is no fault of the provider: read from the start. */
  #startOver(): void {
    this.#lacksNode = false
    this.#next = 0
  }

  #refuse(err: Error): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const { reject } of waiters) reject(err)
  }

  #nobodyLeft(): Error {
    const last = this.#failures.at(-1)
    return last == null
      ? new ContentNotFoundError(`nobody is known to have ${this.#init.root}`)
      : new ContentNotFoundError(`no provider gave all of ${this.#init.root}`, {
          cause: last.error
        })
  }

  /** Closes the stream without waiting for the other end. */
  #leave(): void {
    const stream = this.#stream
    this.#stream = undefined
    stream?.return(undefined).catch(() => {})
  }
}

const keyOf = (cid: CID): string => cid.toString()
