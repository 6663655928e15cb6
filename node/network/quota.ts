/**
 * What one peer may store in our part of the DHT. kad-dht checks that a provider record names its
 * sender and nothing else: one peer stored 48,000 records in 8 s (SECURITY.md §12). The datastore
 * beneath it counts them by the provider's PeerId, which is the last part of each key, and refuses:
 * kad-dht then resets the stream. Streams are counted too, in messages and in bytes a message.
 * @module
 */
import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import type { Datastore, Key } from 'interface-datastore'
import { InvalidMessageError, RateLimitedError, StoreFullError } from '../../core/errors.ts'
import {
  DHT_MESSAGES_PER_STREAM,
  FRAME_MAX_BYTES,
  PROVIDER_BYTES_MAX,
  PROVIDER_KEYS_MAX,
  PROVIDERS_BURST,
  PROVIDERS_PER_SECOND
} from '../../core/limits.ts'
import { type Clock, RateLimiter } from '../../protocols/framing.ts'

export interface QuotaInit {
  /** Whose records are not counted: our own PeerId. */
  readonly self: string
  readonly clock: Clock
  /** Records one peer may have here. @default PROVIDER_KEYS_MAX */
  readonly keysPerPeer?: number
  /** Keys and values of all peers' records. @default PROVIDER_BYTES_MAX */
  readonly maxBytes?: number
  /** Records one peer may send. @default PROVIDERS_PER_SECOND */
  readonly perSecond?: number
  /** @default PROVIDERS_BURST */
  readonly burst?: number
}

const PROVIDERS = '/dht/provider'

/** The datastore for kad-dht: provider records within a quota, everything else as it is. */
export function providerQuota(datastore: Datastore, init: QuotaInit): Datastore {
  const quota = new ProviderQuota(datastore, init)
  const guarded: Partial<Datastore> = {
    put: (key, value, options) =>
      isProvider(key) ? quota.put(key, value, options) : datastore.put(key, value, options),
    delete: (key, options) =>
      isProvider(key) ? quota.delete(key, options) : datastore.delete(key, options)
  }
  return new Proxy(datastore, {
    get(target, name) {
      const own = guarded[name as keyof Datastore]
      const value = own ?? Reflect.get(target, name, target)
      return typeof value === 'function' && own == null ? value.bind(target) : value
    }
  })
}

const isProvider = (key: Key): boolean => key.toString().startsWith(`${PROVIDERS}/`)

class ProviderQuota {
  readonly #datastore: Datastore
  readonly #init: Required<QuotaInit>
  readonly #rates: RateLimiter
  readonly #keys = new Map<string, number>()
  #bytes = 0
  #counted: Promise<void> | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(datastore: Datastore, init: QuotaInit) {
    this.#datastore = datastore
    this.#init = { ...defaultQuotaInit, ...init }
    this.#rates = new RateLimiter(this.#init.perSecond, this.#init.burst, this.#init.clock)
  }

  async put(...[key, value, options]: Parameters<Datastore['put']>): Promise<Key> {
    const peer = providerOf(key)
    if (peer === this.#init.self) return await this.#datastore.put(key, value, options)
    const retryMs = this.#rates.take(peer)
    if (retryMs > 0) throw new RateLimitedError(retryMs)
    return await this.#alone(async () => {
      if (!(await this.#datastore.has(key, options))) {
        const keys = (this.#keys.get(peer) ?? 0) + 1
        const bytes = this.#bytes + sizeOf(key)
        if (keys > this.#init.keysPerPeer || bytes > this.#init.maxBytes) {
          throw new StoreFullError(
            `provider records expected <= ${this.#init.keysPerPeer} of a peer and ` +
              `<= ${this.#init.maxBytes} bytes, got ${keys} and ${bytes}`
          )
        }
        this.#keys.set(peer, keys)
        this.#bytes = bytes
      }
      return await this.#datastore.put(key, value, options)
    })
  }

  async delete(...[key, options]: Parameters<Datastore['delete']>): Promise<void> {
    await this.#alone(async () => {
      if (!(await this.#datastore.has(key, options))) return
      await this.#datastore.delete(key, options)
      this.#count(key, -1)
    })
  }

  /** One change at a time, after what an earlier run left has been counted. */
  async #alone<T>(change: () => Promise<T>): Promise<T> {
    this.#counted ??= this.#countAll()
    const turn = this.#turn.then(() => this.#counted).then(change)
    this.#turn = turn.catch(() => {})
    return await turn
  }

  async #countAll(): Promise<void> {
    for await (const key of this.#datastore.queryKeys({ prefix: PROVIDERS })) this.#count(key, 1)
  }

  #count(key: Key, step: 1 | -1): void {
    const peer = providerOf(key)
    if (peer === this.#init.self) return
    const keys = (this.#keys.get(peer) ?? 0) + step
    if (keys > 0) this.#keys.set(peer, keys)
    else this.#keys.delete(peer)
    this.#bytes += step * sizeOf(key)
  }
}

export const defaultQuotaInit = {
  keysPerPeer: PROVIDER_KEYS_MAX,
  maxBytes: PROVIDER_BYTES_MAX,
  perSecond: PROVIDERS_PER_SECOND,
  burst: PROVIDERS_BURST
} as const satisfies Partial<QuotaInit>

/** `/dht/provider/<multihash>/<PeerId>` */
const providerOf = (key: Key): string => key.baseNamespace()

/** The value is a time of at most 8 bytes. */
const sizeOf = (key: Key): number => key.uint8Array().byteLength + 8

/**
 * Resets a DHT stream that brings more messages, or a longer one, than an honest peer sends: its
 * messages are length-prefixed, and only the prefixes are looked at.
 */
export function limitMessages(stream: Stream, max: number = DHT_MESSAGES_PER_STREAM): void {
  let messages = 0
  let rest = 0
  let prefix = 0
  let shift = 0
  const refuse = (event: StreamMessageEvent, why: string) => {
    event.stopImmediatePropagation()
    stream.removeEventListener('message', look)
    stream.abort(new InvalidMessageError(why))
  }
  const look = (event: StreamMessageEvent): void => {
    const bytes = event.data instanceof Uint8Array ? event.data : event.data.subarray()
    for (let at = 0; at < bytes.byteLength; ) {
      if (rest > 0) {
        const skip = Math.min(rest, bytes.byteLength - at)
        rest -= skip
        at += skip
        continue
      }
      const byte = bytes[at++] as number
      prefix += (byte & 0x7f) * 2 ** shift
      shift += 7
      if (prefix > FRAME_MAX_BYTES || shift > 28) {
        refuse(event, `DHT message expected <= ${FRAME_MAX_BYTES} bytes`)
        return
      }
      if (byte >= 0x80) continue
      messages++
      if (messages > max) {
        refuse(event, `DHT stream expected <= ${max} messages`)
        return
      }
      rest = prefix
      prefix = 0
      shift = 0
    }
  }
  stream.addEventListener('message', look)
}
