import { describe, expect, it } from 'vitest'
import { toHex } from '../../../core/bytes.ts'
import { pairDelays } from '../../../sim/calibrate/delays.ts'
import { placeOf, randomKey, trueNearest, wordsOf } from '../../../sim/calibrate/key.ts'
import { modelLookups } from '../../../sim/calibrate/model-side.ts'
import type { Observation, RealNetworkData } from '../../../sim/calibrate/observation.ts'
import { plainLookup } from '../../../sim/calibrate/plain-lookup.ts'
import { Rng } from '../../../sim/random.ts'
import { ksDistance } from '../../../sim/statistics/ks.ts'

const NODES = 80
const LOOKUPS = 300

/** Tables of any shape: between 6 and 24 entries, a few known to all. */
function network(k: number, alpha: number, paths: number, rng: Rng): RealNetworkData {
  const kadIds = Array.from({ length: NODES }, () => toHex(rng.bytes(32)))
  const tables = kadIds.map((_, node) => {
    const size = 6 + rng.below(19)
    const some = Array.from({ length: size }, () => rng.below(rng.chance(0.3) ? 10 : NODES))
    return [...new Set(some)].filter((other) => other !== node)
  })
  const lookups = Array.from(
    { length: LOOKUPS },
    (): Observation => ({
      source: rng.below(NODES),
      key: toHex(randomKey(rng)),
      requests: 0,
      failed: 0,
      hops: 0,
      found: 0,
      latencyMs: 0,
      bytes: 0,
      asked: []
    })
  )
  return {
    name: 'twin',
    growth: { nodes: NODES, k, prefixLength: 20, alpha, paths },
    from: 'filling',
    seed: 5,
    kadIds,
    tables,
    untold: tables.map(() => []),
    connections: [],
    doubled: 0,
    measured: [{ policy: { alpha, paths }, roundTripMs: 100, lookups, movedShare: 0, seconds: 0 }],
    versions: {},
    growSeconds: 0
  }
}

describe('the model’s lookup and its plain twin', () => {
  it.each([
    { k: 5, alpha: 3, paths: 1 },
    { k: 4, alpha: 3, paths: 3 },
    { k: 8, alpha: 10, paths: 10 },
    { k: 5, alpha: 1, paths: 1 },
    { k: 1, alpha: 1, paths: 1 }
  ])('agree for k $k, $paths paths, α $alpha', ({ k, alpha, paths }) => {
    const rng = new Rng(7, `twin/${k}/${alpha}/${paths}`)
    const real = network(k, alpha, paths, rng)
    const [measured] = real.measured
    if (measured == null) throw new Error('nothing to ask')
    const places = real.kadIds.map(wordsOf)
    const delayMs = pairDelays(real.seed, measured.roundTripMs)
    const init = { places, tables: real.tables, k, alpha, paths, rng, delayMs }

    const fast = modelLookups({ network: real, measured, tables: 'verbatim', repeats: 2, rng })
    const plain = measured.lookups.map(({ source, key }) => {
      const to = wordsOf(placeOf(Uint8Array.from(Buffer.from(key, 'hex'))))
      return { ...plainLookup(init, source, to), best: trueNearest(places, to, k, source) }
    })

    const ofFast = (figure: (one: Observation) => number) => fast.flat().map(figure)
    const requests = ksDistance(
      ofFast((one) => one.requests),
      plain.map((one) => one.asked.length)
    )
    const found = ksDistance(
      ofFast((one) => one.found),
      plain.map((one) => one.closest.filter((peer) => one.best.includes(peer)).length)
    )
    const latency = ksDistance(
      ofFast((one) => Math.round(one.latencyMs)),
      plain.map((one) => Math.round(one.latencyMs))
    )
    const hops = ksDistance(
      ofFast((one) => one.hops),
      plain.map((one) => one.hops)
    )
    // twice the distance that chance leaves at 300 against 600
    expect(Math.max(requests, found, hops)).toBeLessThan(0.1)
    expect(latency).toBeLessThan(0.15)
  })
})
