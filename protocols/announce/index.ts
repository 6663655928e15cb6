/**
 * keyward/announce/1: hints that something changed on chain, spread by gossipsub. They wake
 * followers early and have no authority: whoever hears one looks at the chain itself. SPEC.md.
 * @module
 */
import type { PeerId, Startable } from '@libp2p/interface'
import type { Hash } from '../../core/ids.ts'
import type { Clock } from '../framing.ts'
import { AnnounceService } from './announce.ts'
import type { HINT_TYPES } from './constants.ts'

export type HintType = (typeof HINT_TYPES)[number]

export interface Hint {
  /** The contract whose words changed. */
  readonly type: HintType
  readonly block: { readonly number: number; readonly hash: Hash }
}

export interface AnnounceInit {
  /** Called for hints of others; must not throw, and must bound what it starts. */
  readonly onHint: (hint: Hint) => void
  readonly clock: Clock
  /** Of one peer that passes hints to us. @default REQUESTS_PER_SECOND, REQUESTS_BURST */
  readonly hintsPerSecond?: number
  readonly hintsBurst?: number
}

/** `accept`, `ignore` or `reject`; `any` since gossipsub's own type for them is an enum. */
// biome-ignore lint/suspicious/noExplicitAny: see above
type Verdict = any

/** The part of @libp2p/gossipsub that is used. */
export interface PubSub {
  readonly topicValidators: {
    set(
      topic: string,
      validate: (peer: PeerId, message: { readonly data: Uint8Array }) => Verdict
    ): unknown
    delete(topic: string): unknown
  }
  subscribe(topic: string): void
  unsubscribe(topic: string): void
  publish(topic: string, data: Uint8Array): Promise<{ readonly recipients: readonly PeerId[] }>
}

export interface AnnounceComponents {
  readonly pubsub: PubSub
}

export interface Announce extends Startable {
  /** Tells whoever listens, once; returns to how many peers it was handed, 0 if it is old news. */
  publish(hint: Hint): Promise<number>
}

export const announce =
  (init: AnnounceInit) =>
  (components: AnnounceComponents): Announce =>
    new AnnounceService(components, init)
