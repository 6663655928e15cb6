/**
 * What each kind of chain demands before a share leaves: SECURITY.md §9.1 as a table. `l1` follows
 * Ethereum's published slot and finality times; the others are our own settings.
 * @module
 */
import { InvalidConfigError } from '../../core/errors.ts'

export type ChainKind = 'l1' | 'l2' | 'consortium' | 'dev' | 'memory'

/** The endpoints' `finalized` tag, or a number of blocks below the head. */
export type ConfirmedRule =
  | { readonly by: 'finalized' }
  | { readonly by: 'depth'; readonly blocks: number }

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
  // Sealed depth, simplified: the depth alone is counted. That ⌊N/2⌋+1 *distinct* sealers stand on
  // top is not checked here, so the chain's own rule against two blocks in a row by one sealer
  // must hold; and the block hash must be keccak256 of the header as JSON-RPC tells it, which
  // Clique chains do and chains that hash without their seals do not (those refuse with 303).
  consortium: {
    kind: 'consortium',
    blockSeconds: 5,
    confirmed: { by: 'depth', blocks: Math.floor(SEALERS / 2) + 1 },
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
  const depth = confirmed.by === 'depth' ? confirmed.blocks : 0
  const { blockSeconds, headMaxAgeSeconds, clockGuardSeconds, confirmedLagBlocks } = merged
  const numbers = { blockSeconds, headMaxAgeSeconds, clockGuardSeconds, confirmedLagBlocks, depth }
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new InvalidConfigError(`"${name}" expected a whole number, got ${value}`)
    }
  }
  return merged
}

/** Sealed depth of a consortium of `sealers` and its head age: ⌊N/2⌋+1 blocks, max(15 s, 3 blocks). */
export const consortiumParameters = (
  sealers: number,
  blockSeconds: number,
  changes: Partial<Omit<ChainParameters, 'kind'>> = {}
): ChainParameters =>
  chainParameters('consortium', {
    blockSeconds,
    confirmed: { by: 'depth', blocks: Math.floor(sealers / 2) + 1 },
    headMaxAgeSeconds: Math.max(15, 3 * blockSeconds),
    ...changes
  })
