/**
 * A libp2p stream whose bytes somebody else carries: two ends of one process, each message handed
 * over to be delivered later, or never. Reading, writing and closing are libp2p's own.
 * @module
 */
import type { Logger } from '@libp2p/interface'
import { AbstractStream, type SendResult } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'

/** Takes a message on its way; `deliver` is called when it arrives. Keeps the order of one stream. */
export type Post = (bytes: number, deliver: () => void) => void

export interface CarriedStreamInit {
  readonly id: string
  readonly protocol: string
  readonly direction: 'inbound' | 'outbound'
  readonly log: Logger
  /** To the other end. */
  readonly post: Post
}

export class CarriedStream extends AbstractStream {
  readonly #post: Post
  /** Set before anything is sent. */
  #other!: CarriedStream
  /** What came while the reader paused. */
  #held: Uint8Array[] = []

  constructor({ post, ...init }: CarriedStreamInit) {
    super(init)
    this.#post = post
  }

  /** Names the end that what is sent arrives at. */
  meets(other: CarriedStream): void {
    this.#other = other
  }

  override sendData(data: Uint8ArrayList): SendResult {
    const bytes = data.slice()
    this.#post(bytes.byteLength, () => this.#other.#arrive(bytes))
    return { sentBytes: bytes.byteLength, canSendMore: true }
  }

  override sendReset(): void {
    this.#post(0, () => this.#other.#onReset())
  }

  override async sendCloseWrite(): Promise<void> {
    this.#post(0, () => this.#other.onRemoteCloseWrite())
  }

  override async sendCloseRead(): Promise<void> {
    this.#post(0, () => this.#other.onRemoteCloseRead())
  }

  override sendPause(): void {}

  override sendResume(): void {
    for (const bytes of this.#held.splice(0)) this.#arrive(bytes)
  }

  #arrive(bytes: Uint8Array): void {
    if (this.readStatus === 'paused') this.#held.push(bytes)
    else this.onData(bytes)
  }

  #onReset(): void {
    if (this.status === 'open' || this.status === 'closing') this.onRemoteReset()
  }
}
