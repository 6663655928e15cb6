/**
 * How long a message is on its way between two nodes, for both engines alike: each node has a place,
 * each two places a delay, each two nodes a factor of their own around it. Nothing is drawn while a
 * simulation runs, so the order of questions does not matter, and a million nodes cost a byte or two
 * each.
 * @module
 */
import { isAbsolute, join } from 'node:path'
import type { Rng } from '../random.ts'
import { InvalidScenarioError } from '../scenario/faults.ts'
import type { LatencyModel } from '../scenario/shape.ts'
import { readCrawl } from './crawl.ts'
import { readKing } from './king.ts'
import type { DelayMatrix } from './matrix.ts'
import { openedFrom } from './opened.ts'
import { builtInRegions, readRegions } from './regions.ts'

export interface Latency {
  /** Of the base delays; "" where nodes have none. */
  readonly places: readonly string[]
  /** Index into `places`. */
  placeOf(node: number): number
  /** The same both ways, always; 0 to oneself. */
  oneWayMs(a: number, b: number): number
}

/** Factors that a pair of nodes may have; a power of two. */
const FACTORS = 1_024

/**
 * @param nodes how many there are, from 0
 * @param baseFolder that files are named from: the scenario's
 * @throws InvalidScenarioError naming the file, its line and what was expected
 */
export function latencyOf(model: LatencyModel, nodes: number, rng: Rng, baseFolder = '.'): Latency {
  const path = (file: string) => (isAbsolute(file) ? file : join(baseFolder, file))
  switch (model.model) {
    case 'constant':
      return {
        places: [''],
        placeOf: () => 0,
        oneWayMs: (a, b) => (a === b ? 0 : model.oneWayMs)
      }
    case 'regions': {
      const matrix =
        model.file == null
          ? builtInRegions()
          : openedFrom('network.latency.file', model.file, () =>
              readRegions(path(model.file as string), model.file)
            )
      const places = byWeight(matrix, model.weights, nodes, rng.derive('regions'))
      return between(matrix, places, model.jitter, rng)
    }
    case 'king': {
      const matrix = openedFrom('network.latency.file', model.file, () =>
        readKing(path(model.file), model.unit, model.file)
      )
      const places = new Uint16Array(nodes)
      const sites = rng.derive('sites')
      for (let i = 0; i < nodes; i++) places[i] = sites.below(matrix.names.length)
      return between(matrix, places, model.jitter, rng)
    }
    case 'crawl': {
      const { rttMs } = openedFrom('network.latency.file', model.file, () =>
        readCrawl(path(model.file), model.connectRoundTrips, model.file)
      )
      const halfRtt = new Float32Array(nodes)
      const pick = rng.derive('peers')
      for (let i = 0; i < nodes; i++) halfRtt[i] = (rttMs[pick.below(rttMs.length)] as number) / 2
      return {
        places: [''],
        placeOf: () => 0,
        oneWayMs: (a, b) => (a === b ? 0 : (halfRtt[a] as number) + (halfRtt[b] as number))
      }
    }
  }
}

/** Regions in proportion to their weights; without any, all alike. */
function byWeight(
  { names }: DelayMatrix,
  weights: Readonly<Record<string, number>> | undefined,
  nodes: number,
  rng: Rng
): Uint8Array {
  const unknown = Object.keys(weights ?? {}).filter((name) => !names.includes(name))
  const sums: number[] = []
  let total = 0
  for (const name of names) {
    total += weights == null ? 1 : (weights[name] ?? 0)
    sums.push(total)
  }
  const faults = unknown.map(
    (name) => `network.latency.weights.${name}  expected one of ${names.join(', ')}`
  )
  if (!(total > 0)) faults.push('network.latency.weights  expected one above 0')
  if (faults.length > 0) throw new InvalidScenarioError('regions do not fit their matrix', faults)
  const places = new Uint8Array(nodes)
  for (let i = 0; i < nodes; i++) {
    const at = rng.unit() * total
    places[i] = sums.findIndex((sum) => at < sum)
  }
  return places
}

function between(
  { names, oneWayMs }: DelayMatrix,
  places: Uint8Array | Uint16Array,
  jitter: number,
  rng: Rng
): Latency {
  const size = names.length
  const factors = factorsOf(jitter, rng.derive('jitter'))
  const key = rng.derive('pairs').u32()
  return {
    places: names,
    placeOf: (node) => places[node] as number,
    oneWayMs(a, b) {
      if (a === b) return 0
      const base = oneWayMs[(places[a] as number) * size + (places[b] as number)] as number
      return base * (factors[pairHash(a, b, key) & (FACTORS - 1)] as number)
    }
  }
}

/** Draws of a lognormal with median 1, each with its inverse, so that the median stays. */
function factorsOf(jitter: number, rng: Rng): Float64Array {
  const factors = new Float64Array(FACTORS)
  for (let i = 0; i < FACTORS; i += 2) {
    const factor = rng.lognormal(1, jitter)
    factors[i] = factor
    factors[i + 1] = 1 / factor
  }
  return factors
}

/** 32 mixed bits of an unordered pair (the finaliser of MurmurHash3, once for each). */
function pairHash(a: number, b: number, key: number): number {
  const low = a < b ? a : b
  const high = a < b ? b : a
  return mix(mix(low ^ key) ^ high)
}

function mix(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
