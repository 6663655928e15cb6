/**
 * What each kind of chain demands before a share leaves: SECURITY.md §9.1 as a table. `l1` follows
 * Ethereum's published slot and finality times; the others are our own settings.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import { InvalidConfigError } from '../../core/errors.ts'
import type { Address } from '../../core/ids.ts'
import { type SealKind, sealersNeeded } from './seals.ts'

export type ChainKind = 'l1' | 'l2' | 'consortium' | 'dev' | 'memory'

/** The endpoints' `finalized` tag, a number of blocks below the head, or so many by other sealers. */
export type ConfirmedRule =
  | { readonly by: 'finalized' }
  | { readonly by: 'depth'; readonly blocks: number }
  | ({ readonly by: 'seals'; readonly blocks: number } & SealRule)

export interface SealRule {
  readonly seal: SealKind
  readonly sealers: readonly Address[]
}

export interface ChainParameters {
  readonly kind: ChainKind
  readonly blockSeconds: number
  readonly confirmed: ConfirmedRule
  /** S: a head older than this, by its own timestamp, serves nobody. */
  readonly headMaxAgeSeconds: number
  /** q: endpoints that must agree; more than half of them, or two answers could both win. */
  readonly quorum: number
  /** m: endpoints that a configuration is expected to name. */
  readonly endpoints: number
  /** G: guard between chain time and the local clock around a grant's period. */
  readonly clockGuardSeconds: number
  /** W: blocks that a request's confirmed block may lag behind ours. */
  readonly confirmedLagBlocks: number
}

/** Sealers of a consortium chain when nobody says otherwise; their majority is the depth. */
const SEALERS = 5

const TABLE = {
  l1: {
    kind: 'l1',
    blockSeconds: 12,
    confirmed: { by: 'finalized' },
    headMaxAgeSeconds: 36,
    quorum: 2,
    endpoints: 3,
    clockGuardSeconds: 120,
    confirmedLagBlocks: 32
  },
  l2: {
    kind: 'l2',
    blockSeconds: 2,
    confirmed: { by: 'finalized' },
    headMaxAgeSeconds: 20,
    quorum: 2,
    endpoints: 3,
    clockGuardSeconds: 120,
    confirmedLagBlocks: 450
  },
  // Without the sealers' names their number alone: what models of such a chain run on. A node asks
  // for the names (`consortiumParameters`).
  consortium: {
    kind: 'consortium',
    blockSeconds: 5,
    confirmed: { by: 'depth', blocks: sealersNeeded(SEALERS) },
    headMaxAgeSeconds: 15,
    quorum: 2,
    endpoints: 3,
    clockGuardSeconds: 120,
    confirmedLagBlocks: 16
  },
  // Depth, not tags: local chains call anything finalized (CHAIN.md §2).
  dev: {
    kind: 'dev',
    blockSeconds: 1,
    confirmed: { by: 'depth', blocks: 2 },
    headMaxAgeSeconds: 10,
    quorum: 1,
    endpoints: 1,
    clockGuardSeconds: 2,
    confirmedLagBlocks: 16
  },
  memory: {
    kind: 'memory',
    blockSeconds: 12,
    confirmed: { by: 'depth', blocks: 8 },
    headMaxAgeSeconds: 36,
    quorum: 2,
    endpoints: 3,
    clockGuardSeconds: 120,
    confirmedLagBlocks: 16
  }
} as const satisfies Record<ChainKind, ChainParameters>

/**
 * The parameters of a kind, with what a configuration changes of them.
 * @throws InvalidConfigError when the quorum is no majority, or a number makes no sense
 */
export function chainParameters(
  kind: ChainKind,
  changes: Partial<Omit<ChainParameters, 'kind'>> = {}
): ChainParameters {
  const merged: ChainParameters = { ...TABLE[kind], ...changes }
  const { quorum, endpoints, confirmed } = merged
  if (!(quorum >= 1 && quorum <= endpoints && 2 * quorum > endpoints)) {
    throw new InvalidConfigError(
      `"quorum" expected more than half of ${endpoints} endpoints, got ${quorum}`
    )
  }
  const depth = confirmed.by === 'finalized' ? 0 : confirmed.blocks
  const { blockSeconds, headMaxAgeSeconds, clockGuardSeconds, confirmedLagBlocks } = merged
  const numbers = { blockSeconds, headMaxAgeSeconds, clockGuardSeconds, confirmedLagBlocks, depth }
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new InvalidConfigError(`"${name}" expected a whole number, got ${value}`)
    }
  }
  return merged
}

/**
 * Rules of a consortium chain whose sealers are known: ⌊N/2⌋+1 of them on top, and a head no older
 * than max(15 s, 3 blocks), so that an empty block comes three times before it is too old.
 * @throws InvalidConfigError for no sealers, or one of them twice
 */
export function consortiumParameters(
  { seal, sealers }: SealRule,
  blockSeconds: number,
  changes: Partial<Omit<ChainParameters, 'kind'>> = {}
): ChainParameters {
  if (sealers.length === 0) {
    throw new InvalidConfigError(
      '"chain.sealers" expected the accounts that seal the blocks of a consortium chain, got none'
    )
  }
  if (new Set(sealers.map(toHex)).size !== sealers.length) {
    throw new InvalidConfigError('"chain.sealers" expected each account once')
  }
  return chainParameters('consortium', {
    blockSeconds,
    confirmed: { by: 'seals', blocks: sealersNeeded(sealers.length), seal, sealers },
    headMaxAgeSeconds: Math.max(15, 3 * blockSeconds),
    ...changes
  })
}

/** What a person says of a chain: `chain.*` of the settings, flags of `contracts status`. */
export interface ChainChoice {
  readonly kind: ChainKind
  readonly endpoints: number
  readonly quorum: number
  /** Of a consortium chain alone. */
  readonly seal?: SealKind | undefined
  readonly sealers?: readonly Address[] | undefined
  readonly blockSeconds?: number | undefined
}

/** @throws InvalidConfigError */
export function chosenParameters(choice: ChainChoice): ChainParameters {
  const { kind, quorum, endpoints, seal = 'qbft', sealers = [], blockSeconds } = choice
  if (kind !== 'consortium') return chainParameters(kind, { quorum, endpoints })
  const seconds = blockSeconds ?? TABLE.consortium.blockSeconds
  return consortiumParameters({ seal, sealers }, seconds, { quorum, endpoints })
}
