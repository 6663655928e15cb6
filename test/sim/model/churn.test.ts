/**
 * Sessions, who is online, what tables keep of those away, and what keeping tables costs.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { deadByPlace, keepSecondsFor } from '../../../sim/model/bucket-wear.ts'
import { Churn } from '../../../sim/model/churn.ts'
import { randomIds } from '../../../sim/model/ids.ts'
import { Maintenance } from '../../../sim/model/maintenance.ts'
import { pairTicks } from '../../../sim/model/reach.ts'
import { buildTables } from '../../../sim/model/tables.ts'
import { TICKS_PER_MS, Wheel } from '../../../sim/model/wheel.ts'
import { Rng } from '../../../sim/random.ts'
import { type Sessions, sessionsOf } from '../../../sim/sessions.ts'

const SECOND = 1_000 * TICKS_PER_MS
const HOUR = 3_600
const policy = { table: 'js', k: 20, prefixLength: 6 } as const
const weibull = (meanSessionSeconds: number, meanAwaySeconds: number, shape = 0.5): Sessions =>
  sessionsOf({ model: 'weibull', meanSessionSeconds, meanAwaySeconds, shape }) as Sessions

const mean = (count: number, draw: () => number): number => {
  let sum = 0
  for (let i = 0; i < count; i++) sum += draw()
  return sum / count
}

describe('sessions', () => {
  it.each([
    // what is left of a session is, on average, E[x^2] / 2 E[x]
    { id: 'exponential', sessions: weibull(1_000, 500, 1), rest: 1_000 },
    { id: 'shape 2', sessions: weibull(1_000, 500, 2), rest: 500 * (4 / Math.PI) },
    {
      id: 'measured',
      sessions: sessionsOf({ model: 'measured', meanAwaySeconds: 500 }, [500, 1_500]) as Sessions,
      rest: 625
    }
  ])('$id: last as long as they say, and what is left of them too', ({ sessions, rest }) => {
    const rng = new Rng(1)

    expect(sessions.availability).toBeCloseTo(2 / 3, 10)
    expect(mean(40_000, () => sessions.draw(rng)) / 1_000).toBeCloseTo(1, 1)
    expect(mean(40_000, () => sessions.drawRest(rng)) / rest).toBeCloseTo(1, 1)
  })

  it('measured without a file: are IPFS’s of 2021', () => {
    const sessions = sessionsOf({ model: 'measured', meanAwaySeconds: HOUR }) as Sessions
    const rng = new Rng(1)
    const lengths = Array.from({ length: 20_000 }, () => sessions.draw(rng))
    const below = (hours: number): number =>
      lengths.filter((length) => length < hours * HOUR).length / lengths.length

    expect(below(8)).toBeCloseTo(0.876, 1)
    expect(1 - below(24)).toBeCloseTo(0.025, 2)
  })

  it('none: never end', () => {
    expect(sessionsOf({ model: 'none' })).toBeUndefined()
  })
})

describe('churn', () => {
  const make = (nodes: number, sessions: Sessions | undefined) => {
    const wheel = new Wheel()
    const changes: number[] = []
    const churn = new Churn({
      nodes,
      wheel,
      rng: new Rng(2),
      kinds: 0,
      sessionsOf: () => sessions,
      tables: { policy, sessions, refreshSeconds: 300 },
      onChange: (node) => changes.push(node)
    })
    return { wheel, churn, changes }
  }

  it('keeps as many online as the sessions say, from the first moment on', () => {
    const { wheel, churn } = make(20_000, weibull(2 * HOUR, HOUR))
    const shares = [0, 1, 4, 24].map((hours) => {
      wheel.run(hours * HOUR * SECOND)
      expect(churn.onlineCount).toBe(churn.online.reduce((a, b) => a + b, 0))
      return churn.onlineCount / 20_000
    })

    for (const share of shares) expect(Math.abs(share - 2 / 3)).toBeLessThan(0.015)
  })

  it('changes as often as the sessions say', () => {
    const { wheel, changes } = make(5_000, weibull(2 * HOUR, HOUR))
    wheel.run(30 * HOUR * SECOND)

    // each node comes and goes once in three hours
    expect(changes.length / 5_000 / 20).toBeCloseTo(1, 1)
  })

  it('leaves alone those who stay', () => {
    const { wheel, churn } = make(100, undefined)
    wheel.run(30 * HOUR * SECOND)

    expect(churn.onlineCount).toBe(100)
    expect(wheel.pending).toBe(0)
  })

  it('is the same for the same seed', () => {
    const log = (): string => {
      const { wheel, changes } = make(500, weibull(HOUR, HOUR))
      wheel.run(10 * HOUR * SECOND)
      return changes.join()
    }

    expect(log()).toBe(log())
  })
})

describe('a bucket’s wear', () => {
  const sessions = weibull(4 * HOUR, 2 * HOUR, 1)
  const dead = deadByPlace({ sessions, k: 20, offerSeconds: 15, rng: new Rng(3) })

  it('spares the three oldest, which are asked, and the youngest, and takes the rest', () => {
    const front = (dead[0] as number) + (dead[1] as number) + (dead[2] as number)

    expect(front / 3).toBeLessThan(0.05)
    expect(dead[10]).toBeGreaterThan(0.2)
    expect(dead[10]).toBeLessThan(1 - sessions.availability + 0.05)
    expect(dead[19]).toBeLessThan(dead[10] as number)
  })

  it('is what drawn tables show', () => {
    const nodes = 20_000
    const ids = randomIds(nodes, new Rng(5))
    const wheel = new Wheel()
    const churn = new Churn({
      nodes,
      wheel,
      rng: new Rng(3),
      kinds: 0,
      sessionsOf: () => sessions,
      tables: { policy, sessions, refreshSeconds: 300 }
    })
    const tables = buildTables(ids, policy, new Rng(1), { stale: churn.stale })
    wheel.run(20 * HOUR * SECOND)
    let away = 0
    let all = 0
    const rng = new Rng(8)
    for (let i = 0; i < 2_000; i++) {
      const count = tables.closest(rng.below(nodes), rng.u32(), rng.u32(), 20, -1)
      for (const peer of tables.found.subarray(0, count)) away += 1 - (churn.online[peer] as number)
      all += count
    }
    const expected = dead.reduce((a, b) => a + b, 0) / dead.length

    expect(Math.abs(away / all - expected)).toBeLessThan(0.02)
  })

  it('turns a dead share into a time that gives it back', () => {
    const [never, some, all] = keepSecondsFor(new Float64Array([0, 0.2, 0.9]), sessions)

    expect(never).toBeCloseTo(0, 10)
    // 2/3 online; of the third away those gone for less than it, so that a fifth of the kept is away
    const kept = (1 / 3) * (1 - Math.exp(-(some as number) / (2 * HOUR)))
    expect(kept / (2 / 3 + kept)).toBeCloseTo(0.2, 10)
    expect(all).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('maintenance', () => {
  const run = (lookupsPerSecondMax: number, seconds = 1_200) => {
    const nodes = 1_500
    const ids = randomIds(nodes, new Rng(5))
    const wheel = new Wheel()
    const maintenance = new Maintenance({
      ids,
      tables: buildTables(ids, policy, new Rng(1)),
      online: new Uint8Array(nodes).fill(1),
      policy: { k: 20, alpha: 3, paths: 1, timeoutTicks: 80_000 },
      wheel,
      oneWayTicks: pairTicks,
      rng: new Rng(6),
      kinds: 0,
      refreshSeconds: 300,
      selfQuerySeconds: 300,
      lookupsPerSecondMax
    })
    wheel.run(seconds * SECOND)
    return maintenance
  }

  it('looks up the own id and each tracked prefix length once in its time', () => {
    const all = run(1_000, 600)

    expect(all.followed).toBe(1_500)
    expect(all.weight).toBe(1)
    // own id, lengths 0 and 1 of whole bytes, in two rounds of 300 s
    expect(all.lookups / 1_500 / 2).toBeCloseTo(3, 1)
  })

  it('follows fewer nodes within its budget, and tells the same of all', () => {
    const few = run(2)
    const all = run(1_000, 300)

    expect(few.followed).toBe(200)
    expect(few.weight).toBe(7.5)
    expect(few.requestsPerNodeSecond(1_200) / all.requestsPerNodeSecond(300)).toBeCloseTo(1, 1)
  })
})
