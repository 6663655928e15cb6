/**
 * The scenario's network as faults of a world: delays, loss and bandwidth between real nodes, the
 * same delays for each pair as the model has, as long as a matrix of all pairs is small.
 * @module
 */
import type { Rng } from '../random.ts'
import type { Scenario } from '../scenario/shape.ts'
import { latencyOf } from '../topologies/latency.ts'
import type { FaultOptions, Places } from './faults.ts'

/** Nodes each of which gets a place of its own: 16 MiB of delays in each worker. */
const PLACES_MAX = 2_048
const BYTES_PER_MBIT = 125_000

/** Undefined: the scenario asks for none, and messages pass at no cost. */
export function conditionsOf(
  scenario: Scenario,
  rng: Rng,
  baseFolder: string
): Partial<FaultOptions> | undefined {
  const { latency, loss, partitions, upMbps, downMbps } = scenario.network
  const still = latency.model === 'constant' && latency.oneWayMs === 0
  if (still && loss === 0 && partitions.length === 0) return undefined
  return {
    lossShare: loss,
    upBytesPerSecond: upMbps * BYTES_PER_MBIT,
    downBytesPerSecond: downMbps * BYTES_PER_MBIT,
    ...(latency.model === 'constant'
      ? { oneWayMs: latency.oneWayMs }
      : { places: placesOf(scenario, rng, baseFolder) })
  }
}

function placesOf({ network }: Scenario, rng: Rng, baseFolder: string): Places {
  const nodes = network.clinics + network.patients
  const latency = latencyOf(network.latency, nodes, rng, baseFolder)
  const own = nodes <= PLACES_MAX
  const of = new Uint16Array(nodes)
  /** A node that stands for each place. */
  const standing: number[] = []
  const placeAt = new Map<number, number>()
  for (let node = 0; node < nodes; node++) {
    const place = own ? node : latency.placeOf(node)
    const known = placeAt.get(place)
    of[node] = known ?? standing.length
    if (known != null) continue
    placeAt.set(place, standing.length)
    standing.push(node)
  }
  const count = standing.length
  const oneWayMs = new Float32Array(count * count)
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < count; b++) {
      const from = standing[a] as number
      oneWayMs[a * count + b] = latency.oneWayMs(from, standing[b] as number)
    }
  }
  return { count, oneWayMs, of }
}

/** Group of each node while the network is in two: 1 is the smaller side. */
export function sidesOf(nodes: number, share: number, rng: Rng): Uint8Array {
  const groups = new Uint8Array(nodes)
  const order = rng.shuffle(Array.from({ length: nodes }, (_, i) => i))
  for (const node of order.slice(0, Math.round(nodes * share))) groups[node] = 1
  return groups
}
