/**
 * What befalls a town in a virtual run: messages get lost, clinics go down, the network splits, the
 * chain reorganises and clocks go wrong, each at its own seeded times.
 * @module
 */
import type { Rng } from '../random.ts'
import type { VirtualTime } from './time.ts'
import { CONFIRMED_BLOCKS, type Town } from './town.ts'

export interface Faults {
  /** Mean time between two of each kind, ms; 0: never. */
  readonly outageMs: number
  readonly splitMs: number
  readonly reorgMs: number
  readonly skewMs: number
  readonly lossShare: number
}

export const FAULTS: Faults = {
  outageMs: 40_000,
  splitMs: 60_000,
  reorgMs: 50_000,
  skewMs: 90_000,
  lossShare: 0.05
}

/** Within what the guard allows: such a clock is wrong and nobody notices. */
const SKEW_MAX_MS = 1_000

export interface Befalling {
  tell(line: string): void
  /** Acts again and again, until the story ends. */
  again(name: string, pauseMs: () => number, act: () => Promise<void>): void
}

export function befall(
  town: Town,
  time: VirtualTime,
  rng: Rng,
  faults: Faults,
  { tell, again }: Befalling
): void {
  const { post, chain, residents } = town
  post.faults.lossShare = faults.lossShare
  const each = (name: string, meanMs: number, act: (rng: Rng) => Promise<void>): void => {
    if (meanMs === 0) return
    const own = rng.derive(name)
    again(
      name,
      () => own.exponential(meanMs),
      () => act(own)
    )
  }
  each('outage', faults.outageMs, async (rng) => {
    const { index } = rng.pick(residents.filter((one) => town.isClinic(one.index)))
    tell(`${index} down`)
    await town.stop(index)
    await time.wait(rng.exponential(8_000))
    if (residents[index]?.node == null) await town.start(index)
    tell(`${index} up`)
  })
  each('split', faults.splitMs, async (rng) => {
    const side = residents.filter(() => rng.chance(0.35)).map(({ index }) => index)
    const text = (index: number): string =>
      residents[index]?.node?.addrs[0]?.split('/p2p/')[1] ?? ''
    post.apart = new Set(side.map(text))
    tell(`apart ${side.join(' ')}`)
    await time.wait(rng.exponential(10_000))
    post.apart = new Set()
    tell('together')
  })
  each('reorg', faults.reorgMs, async (rng) => {
    const depth = 1 + rng.below(CONFIRMED_BLOCKS)
    await chain.reorg(depth, { keep: true, blocks: depth + 1 })
    tell(`reorg ${depth}`)
  })
  each('skew', faults.skewMs, async (rng) => {
    const one = rng.pick(residents)
    one.skewMs = Math.round((2 * rng.unit() - 1) * SKEW_MAX_MS)
    tell(`${one.index} skew ${one.skewMs}`)
  })
}
