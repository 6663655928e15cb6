import { describe, expect, it } from 'vitest'
import { Chain, type Tx } from '../../../sim/model/chain.ts'
import { defaultCosts } from '../../../sim/model/costs.ts'
import { Processes, ticks } from '../../../sim/model/process.ts'
import { Wheel } from '../../../sim/model/wheel.ts'
import { Rng } from '../../../sim/random.ts'
import type { ScenarioFile } from '../../../sim/scenario/shape.ts'
import { more, ofKind, rowsOf, run, scenario } from './fixtures.ts'

const chainOf = (chain: ScenarioFile['chain'], adversaries: ScenarioFile['adversaries'] = []) => {
  const wheel = new Wheel()
  const processes = new Processes(wheel, 0)
  return {
    wheel,
    processes,
    chain: new Chain({
      scenario: scenario({ chain, adversaries }),
      nodes: 10,
      processes,
      costs: defaultCosts,
      rng: new Rng(1),
      startTick: 0,
      untilTick: ticks(10_000_000)
    })
  }
}

const view = (it: ReturnType<typeof chainOf>, node = 0, since = 0) => {
  let seen: unknown
  it.processes.start(it.chain.view(node, since), (got) => {
    seen = got
  })
  it.wheel.run(it.wheel.now + ticks(4_000))
  return seen
}

describe('chain of the model', () => {
  it('takes a transaction into the next block', () => {
    const { chain, wheel } = chainOf({ blockSeconds: 5 })
    const { tx } = chain.submit(56_396)

    wheel.run(ticks(4_999))
    expect(tx.block).toBe(-1)
    wheel.run(ticks(5_000))
    expect(tx.block).toBe(chain.firstBlock + 1)
    expect(chain.gasUsed).toBe(56_396)
  })

  it('lets those wait that a block has no gas for, in their order', () => {
    // 300,000 gas, of which others use two thirds: one of 56,396 and no second
    const { chain, wheel } = chainOf({
      blockSeconds: 5,
      gasPerBlock: 300_000,
      otherGasShare: 0.7
    })
    const txs = Array.from({ length: 5 }, () => chain.submit(56_396).tx)

    wheel.run(ticks(25_000))

    const first = chain.firstBlock
    expect(txs.map(({ block }) => block - first)).toEqual([1, 2, 3, 4, 5])
    expect(chain.poolMax).toBe(5)
  })

  it('takes none while others fill it, and all after', () => {
    const { chain, wheel } = chainOf({
      blockSeconds: 5,
      congestion: [{ atSeconds: 0, untilSeconds: 60, otherGasShare: 1 }]
    })
    const { tx } = chain.submit(56_396)

    wheel.run(ticks(59_999))
    expect(tx.block).toBe(-1)
    wheel.run(ticks(60_000))
    expect(tx.block).toBe(chain.firstBlock + 12)
  })

  it('takes back what its last blocks held, and takes it in again', () => {
    const { chain, wheel } = chainOf({ blockSeconds: 5, reorgsPerHour: 60, reorgDepth: 2 })
    const txs: Tx[] = []
    for (let i = 0; i < 300; i++) {
      wheel.run(ticks(i * 5_000))
      txs.push(chain.submit(56_396).tx)
    }
    wheel.run(ticks(1_600_000))

    expect(chain.reorgs).toBeGreaterThan(10)
    expect(txs.some(({ reorged }) => reorged > 0)).toBe(true)
    expect(txs.every(({ block }) => block > 0)).toBe(true)
    expect(chain.gasUsed).toBe(300 * 56_396)
  })

  it('shows a head that q of m agree on, a block behind at most', () => {
    const it = chainOf({ blockSeconds: 5, confirmBlocks: 3 })
    it.wheel.run(ticks(100_000))

    const { ok, head, conf } = view(it) as { ok: boolean; head: number; conf: number }
    expect(ok).toBe(true)
    expect(it.chain.head - head).toBeLessThanOrEqual(1)
    expect(conf).toBe(head - 3)
  })

  const cases = [
    ['down', 1, true],
    ['down', 2, 301],
    ['slow', 2, 301],
    ['fork', 1, true],
    ['stale', 1, true],
    ['stale', 2, 'old']
  ] as const
  it.each(cases)('with %s endpoints, %i of 3: %s', (lie, endpoints, expected) => {
    const it = chainOf({ blockSeconds: 5, headMaxAgeSeconds: 60, endpoints: 3, quorum: 2 }, [
      { kind: 'lying-endpoint', endpoints, lie }
    ])
    it.wheel.run(ticks(200_000))

    const seen = view(it) as { ok: boolean; code?: number; headTick: number }
    if (typeof expected === 'number') expect(seen.code).toBe(expected)
    else {
      expect(seen.ok).toBe(true)
      const ageMs = (it.wheel.now - seen.headTick) / 16
      // 4 s of waiting in the test itself
      if (expected === 'old') expect(ageMs).toBeGreaterThan(50_000)
      else expect(ageMs).toBeLessThan(15_000)
    }
  })
})

describe('a run on a chain', () => {
  const network = { clinics: 20, patients: 40, requesters: 3 }

  it('makes grants wait while it is full', async () => {
    const workload = { arrival: 'regular', requestsPerHour: 120 } as const
    const calm = await run({ network, workload })
    const full = await run({
      network,
      workload,
      chain: { congestion: [{ atSeconds: 100, untilSeconds: 160, otherGasShare: 1 }] }
    })
    const longest = (result: typeof calm) =>
      Math.max(...ofKind(result, 'grant').map(({ latencyMs }) => Number(latencyMs)))

    expect(longest(calm)).toBeLessThan(12_000)
    expect(longest(full)).toBeGreaterThan(30_000)
  })

  it('refuses every share while too few endpoints answer', async () => {
    const result = await run({
      network,
      workload: { requestsPerHour: 60 },
      adversaries: [{ kind: 'lying-endpoint', endpoints: 2, lie: 'down' }]
    })

    // she cannot even look at her own word: no grant is sent, and so no share leaves
    expect(ofKind(result, 'grant').every(({ reason }) => reason === 'ChainUnavailableError')).toBe(
      true
    )
    expect(rowsOf(result.nodes).every(({ releases }) => releases === 0)).toBe(true)
  })

  it('keeps its laws through reorganisations', async () => {
    const result = await run({
      network,
      workload: { requestsPerHour: 400, revocationsPerHour: 200 },
      chain: { reorgsPerHour: 120, reorgDepth: 2, confirmBlocks: 3 }
    })

    expect(Number(result.facts['chainReorgs'])).toBeGreaterThan(5)
    expect(result.checks.every(({ violations }) => violations === 0)).toBe(true)
    expect(more(result, 'revocations')?.rows).toBeGreaterThan(5)
  })
})
