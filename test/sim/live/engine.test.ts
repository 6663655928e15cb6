import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import type { CheckViolatedError } from '../../../sim/checks/violated.ts'
import type { RunOptions } from '../../../sim/engine.ts'
import { runLive } from '../../../sim/live/engine.ts'
import { type ScenarioFile, scenarioShape } from '../../../sim/scenario/shape.ts'
import type { Table } from '../../../sim/table.ts'
import type { Planned } from '../../../sim/workload.ts'
import { nearWorld } from './near-world.ts'

const scenarioOf = (changes: Partial<ScenarioFile> = {}) =>
  scenarioShape.parse({
    name: 'thin',
    question: 'Does a record go through all of its hops?',
    durationSeconds: 4,
    intervalSeconds: 1,
    network: {
      clinics: 5,
      patients: 3,
      requesters: 2,
      bootstrap: 1,
      latency: { model: 'constant', oneWayMs: 0 }
    },
    records: { sizes: { model: 'fixed', bytes: 5_000 } },
    workload: { bursts: [{ kind: 'request', atSeconds: 0, overSeconds: 1, count: 3 }] },
    chain: { kind: 'consortium', blockSeconds: 0.2, confirmBlocks: 1 },
    ...changes
  })

const options = (changes: Partial<RunOptions> = {}): RunOptions => ({
  seed: 7,
  repeat: 0,
  signal: AbortSignal.timeout(60_000),
  progress: () => {},
  ...changes
})

const column = (table: Table, name: string): readonly (number | string)[] => [
  ...((table.columns.find((each) => each.name === name)?.values ?? []) as ArrayLike<
    number | string
  > &
    Iterable<number | string>)
]

const act = (changes: Partial<Planned> & Pick<Planned, 'kind' | 'atMs'>): Planned => ({
  actor: 4,
  record: 0,
  requester: 4,
  owner: 5,
  wish: -1,
  approved: true,
  ...changes
})

describe('a live run', () => {
  it('takes a record through its life', async () => {
    const acts = [
      act({ kind: 'wish', atMs: 0, wish: 0 }),
      act({ kind: 'wish', atMs: 0, wish: 1, actor: 3, requester: 3, approved: false }),
      act({ kind: 'lookup', atMs: 100, actor: 2 }),
      act({ kind: 'publish', atMs: 100, actor: 6, owner: 6, record: 3 }),
      act({ kind: 'revoke', atMs: 3_000, actor: 5, wish: 0 }),
      act({ kind: 'update', atMs: 3_500, actor: 5 }),
      act({ kind: 'emergency', atMs: 3_600 })
    ]

    const result = await runLive(scenarioOf(), options({ trace: 1 }), { make: nearWorld, acts })

    expect(failures(result.operations)).toEqual([])
    expect(column(result.operations, 'kind').toSorted()).toEqual(
      ['grant', 'lookup', 'publish', 'retrieve', 'revoke', 'update', 'wish', 'wish'].toSorted()
    )
    const retrieved = column(result.operations, 'kind').indexOf('retrieve')
    expect(column(result.operations, 'shares')[retrieved]).toBeGreaterThanOrEqual(3)
    expect(column(result.operations, 'keyMs')[retrieved]).toBeGreaterThan(0)
    expect(result.checks.map(({ name, violations }) => [name, violations])).toEqual([
      ['no-share-without-grant', 0],
      ['revoked-is-denied', 0],
      ['every-release-has-a-receipt', 0],
      ['acknowledged-stays-openable', 0],
      ['no-plaintext-outside', 0]
    ])
    expect(result.checks.every(({ checked }) => checked > 0)).toBe(true)
    expect(column(result.more[0] as Table, 'noticedShare')).toEqual([1])
    expect(result.facts).toMatchObject({
      deniedCount: 1,
      notBuiltEmergencyCount: 1,
      unfinishedCount: 0
    })
    expect(result.nodes.rows).toBe(8)
    expect(result.trace.map(({ step }) => step)).toEqual(
      expect.arrayContaining(['release', 'prove blocks', 'fetch and open'])
    )
    expect(result.trace.every(({ operation }) => operation === retrieved)).toBe(true)
  }, 60_000)

  it('ends by a check that does not hold, naming it and the seed', async () => {
    const planting: typeof nearWorld = async (init) => {
      const world = await nearWorld(init)
      const { run: look } = world
      const run: typeof world.run = async (node, name, args, others) =>
        name === 'search'
          ? [{ place: `node ${node}`, bytes: 24, found: 1 }]
          : await look(node, name, args, others)
      return Object.assign(world, { run })
    }
    const scenario = scenarioOf({
      durationSeconds: 0.1,
      network: { clinics: 3, patients: 1, latency: { model: 'constant', oneWayMs: 0 } },
      records: { custodians: 3, threshold: 2, sizes: { model: 'fixed', bytes: 2_000 } }
    })

    const failed = await runLive(scenario, options(), { make: planting, acts: [] }).catch(
      (err: unknown) => err
    )

    expect(failed).toMatchObject({
      name: 'CheckViolatedError',
      check: 'no-plaintext-outside',
      seed: 7,
      message: expect.stringContaining('seed 7')
    })
    expect((failed as CheckViolatedError).result?.checks).toHaveLength(5)
  }, 60_000)

  it('ends when it is told to, and leaves nothing behind', async () => {
    const before = await leftovers()
    const stopping = new AbortController()
    const running = runLive(
      scenarioOf(),
      options({
        signal: stopping.signal,
        progress: ({ step }) => {
          if (step === 'publishing') stopping.abort(new Error('enough'))
        }
      }),
      { make: nearWorld, acts: [] }
    )

    await expect(running).rejects.toThrow('enough')
    expect(await leftovers()).toEqual(before)
  }, 60_000)
})

/** Folders of runs among the system's temporaries. */
const leftovers = async (): Promise<readonly string[]> =>
  (await readdir(tmpdir())).filter((name) => /^keyward-(sim|near)-/.test(name))

/** Of operations that went wrong: kind and reason. */
const failures = (operations: Table): readonly string[] =>
  column(operations, 'ok').flatMap((ok, i) =>
    ok === 1 ? [] : [`${column(operations, 'kind')[i]}: ${column(operations, 'reason')[i]}`]
  )
