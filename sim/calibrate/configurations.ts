/**
 * What calibrate grows and asks. Full-size buckets make a network of 60 a single hop; small ones
 * make lookups of several hops, and tables too small for the network, at sizes that one machine
 * can hold.
 * @module
 */
import type { Growth, Policy } from './observation.ts'

export interface Configuration {
  readonly name: string
  readonly growth: Growth
  /** Each is measured on every network; the first is the one it grew by. */
  readonly policies: readonly Policy[]
  readonly roundTripMs: number
  readonly networks: number
  /** Networks whose tables are filled by hand, to see the query policy alone. */
  readonly filled: number
  readonly lookups: number
}

/** Far above what an answer takes to be worked off, so that order and latency are the delays'. */
const ROUND_TRIP_MS = 100
const FAR_MS = 1_000
const NETWORKS = 5
const LOOKUPS = 400

const configuration = (
  nodes: number,
  [k, prefixLength]: readonly [number, number],
  ...policies: readonly (readonly [alpha: number, paths: number])[]
): Configuration => {
  const asked = policies.map(([alpha, paths]): Policy => ({ alpha, paths }))
  const { alpha, paths } = asked[0] as Policy
  return {
    name: `n${nodes}-k${k}-p${prefixLength}`,
    growth: { nodes, k, prefixLength, alpha, paths },
    policies: asked,
    roundTripMs: ROUND_TRIP_MS,
    networks: NETWORKS,
    filled: 0,
    lookups: LOOKUPS
  }
}

const near = (of: Configuration): Configuration => ({
  ...of,
  name: `${of.name}-near`,
  growth: { ...of.growth, table: 'near' }
})

/** Everybody is so far away that a busy machine's own delays are small against it. */
const far = (of: Configuration): Configuration => ({
  ...of,
  name: `${of.name}-far`,
  roundTripMs: FAR_MS
})

export const configurations: readonly Configuration[] = [
  // a table of 16 in a network of 64: lookups of 1 to 4 hops that miss some of their targets
  { ...configuration(64, [4, 2], [3, 1], [3, 3]), filled: 1 },
  // the same network with the table that our nodes have
  near(configuration(64, [4, 2], [3, 1])),
  // kad-dht's defaults: all of them know nearly all
  configuration(60, [20, 6], [10, 10]),
  // the first once more, for latency
  { ...far(configuration(64, [4, 2], [3, 1])), networks: 3 }
]

/** For continuous integration: the machinery, not a claim. */
export const quick: Configuration = {
  ...configuration(16, [3, 2], [3, 1]),
  roundTripMs: 10,
  networks: 1,
  filled: 1,
  lookups: 24
}
