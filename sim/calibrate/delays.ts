/**
 * The round trips that both sides of a calibration see: one for each pair of nodes, the same each
 * time, spread from a fifth of the mean to nine fifths. The spread is far above what an answer
 * takes to be worked off, so that answers come one by one as they do between hospitals.
 * @module
 */
import { Rng } from '../random.ts'

const LEAST = 0.2
const RANGE = 1.6

/** Round trip in ms of a request from one node to another. */
export function pairDelays(seed: number, meanMs: number): (from: number, to: number) => number {
  const known = new Map<string, number>()
  return (from, to) => {
    const pair = from < to ? `${from}-${to}` : `${to}-${from}`
    let value = known.get(pair)
    if (value == null) {
      value = meanMs * (LEAST + RANGE * new Rng(seed, `pair/${pair}`).unit())
      known.set(pair, value)
    }
    return value
  }
}
