/**
 * Numbers of the gossipsub topic keyward/announce/1; bounds are core/limits.ts's.
 * @module
 */
export const ANNOUNCE_TOPIC = 'keyward/announce/1'
export const ANNOUNCE_VERSION = 1
/** What changed; the contract's name tells enough, and no key says about whom. */
export const HINT_TYPES = ['grants', 'records', 'directory', 'emergency', 'audit'] as const
