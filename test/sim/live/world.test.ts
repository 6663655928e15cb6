import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { create as digestOf } from 'multiformats/hashes/digest'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { nativePrimitives as p } from '../../../node/crypto/native.ts'
import { foundShare, kadIdHex, kadIdOf, trueClosest } from '../../../sim/live/closest.ts'
import { createWorld, type World, type WorldInit } from '../../../sim/live/world.ts'

const COUNT = 8
const KAD = '/keyward/kad/1.0.0'
/** Processes that start and nodes that join, on a machine that does other things too. */
const WORLD_MAX_MS = 150_000

const within = (ms: number) => ({ signal: AbortSignal.timeout(ms) })
const clinics = (count: number): WorldInit['nodes'] =>
  Array.from({ length: count }, () => ({ role: 'clinic' }))
const keyOf = (text: string): Uint8Array => p.sha256(new TextEncoder().encode(text))

const init = (changes: Partial<WorldInit> = {}): WorldInit => ({
  seed: 7,
  kind: 'dht',
  transport: 'tcp',
  workers: 2,
  nodes: clinics(COUNT),
  // peers that do not answer are given up early: a partition is part of the story
  dht: { k: 8, alpha: 3, answerMinMs: 1_000 },
  signal: AbortSignal.timeout(WORLD_MAX_MS),
  ...changes
})

describe('a world of two workers', { timeout: WORLD_MAX_MS }, () => {
  let world: World

  beforeAll(async () => {
    world = await createWorld(init({ faults: { cutResetMs: 300 } }))
  }, WORLD_MAX_MS)
  afterAll(() => world?.[Symbol.asyncDispose]())
  afterEach(() => world?.faults({ oneWayMs: 0, groups: undefined }))

  const found = async (from: number, key: Uint8Array): Promise<number> => {
    const servers = world.nodes.map(({ peer }) => ({ peer, kadId: kadIdOf(peer) }))
    const truth = trueClosest(servers, key, COUNT, servers[from]?.peer ?? '')
    return foundShare(truth, (await world.lookup(from, key, within(30_000))).closest)
  }

  it('joins by itself and says so from a sample', async () => {
    expect(world.join).toMatchObject({ by: 'themselves', joined: COUNT, sampled: COUNT })
    expect(world.join.foundShare).toBeGreaterThanOrEqual(0.99)
    expect(new Set(world.nodes.map(({ worker }) => worker))).toEqual(new Set([0, 1]))
  })

  it('finds every closest peer of a key, with what the lookup cost', async () => {
    const key = keyOf('a key')

    const { requests, failed, hops, latencyMs } = await world.lookup(3, key, within(30_000))

    expect(await found(3, key)).toBe(1)
    expect(requests).toBeGreaterThanOrEqual(COUNT - 1)
    expect(failed).toBe(0)
    expect(hops).toBeGreaterThanOrEqual(1)
    expect(latencyMs).toBeGreaterThan(0)
  })

  it('tells every real routing table', async () => {
    const tables = await world.tables()

    expect(tables.map(({ node }) => node)).toEqual([...world.nodes.keys()])
    for (const { node, peer, kadId, entries } of tables) {
      expect(peer).toBe(world.nodes[node]?.peer)
      expect(kadId).toBe(kadIdHex(peer))
      expect(entries.length, `of node ${node}`).toBeGreaterThan(0)
      expect(entries, `of node ${node}`).not.toContain(peer)
    }
  })

  it('counts messages and bytes by protocol, and requests by type', async () => {
    const before = (await world.counters())[5]

    const { requests } = await world.lookup(5, keyOf('counted'), within(30_000))

    const all = await world.counters()
    const after = all[5]
    const asked = (after?.asked['FIND_NODE'] ?? 0) - (before?.asked['FIND_NODE'] ?? 0)
    const kad = after?.protocols[KAD]
    expect(asked).toBeGreaterThanOrEqual(requests)
    expect(
      all.reduce((sum, { answered }) => sum + (answered['FIND_NODE'] ?? 0), 0)
    ).toBeGreaterThan(0)
    expect(kad?.sentBytes).toBeGreaterThan(before?.protocols[KAD]?.sentBytes ?? 0)
    expect(kad?.receivedMessages).toBeGreaterThan(0)
    expect(after?.sentBytes).toBeGreaterThan(kad?.sentBytes ?? 0) // encryption, other protocols
    expect(after?.connections).toBeGreaterThan(0)
  })

  it('says what its workers use, and that they left no rejection unhandled', async () => {
    const workers = await world.workers()

    expect(workers.map(({ nodes }) => nodes).reduce((a, b) => a + b)).toBe(COUNT)
    for (const { rssBytes, cpuSeconds, unhandledRejections, firstRejection } of workers) {
      expect(unhandledRejections, firstRejection).toBe(0)
      expect(rssBytes).toBeGreaterThan(0)
      expect(cpuSeconds).toBeGreaterThan(0)
    }
  })

  it('finds who provides a record', async () => {
    const cid = CID.createV1(0x55, digestOf(0x12, keyOf('a record'))).bytes

    const { told } = await world.provide(2, cid, within(30_000))
    const { providers, firstMs } = await world.findProviders(6, cid, within(30_000))

    expect(told).toBeGreaterThan(0)
    expect(providers).toContain(world.nodes[2]?.peer)
    expect(firstMs).toBeGreaterThan(0)
  })

  it('makes messages wait for the delay that was set while it ran', async () => {
    const ONE_WAY_MS = 150
    await world.faults({ oneWayMs: ONE_WAY_MS })

    const { latencyMs } = await world.lookup(1, keyOf('far'), within(30_000))

    // the question and its answer, each once at least
    expect(latencyMs).toBeGreaterThanOrEqual(2 * ONE_WAY_MS)
  })

  it('cuts a partition off and heals it', async () => {
    const key = keyOf('cut')
    await world.faults({ groups: Uint8Array.from(world.nodes, ({ index }) => index % 2) })

    const { closest } = await world.lookup(0, key, within(30_000))

    const mine = world.nodes.filter(({ index }) => index % 2 === 0).map(({ peer }) => peer)
    expect(mine).toEqual(expect.arrayContaining([...closest]))

    await world.faults({ groups: undefined })
    await expect.poll(() => found(0, key), { timeout: 30_000 }).toBe(1)
  })

  it('starts a stopped node again at its address, on what it kept', async () => {
    const [, , , , before] = world.nodes
    await world.stopNode(4)
    expect((await world.counters())[4]).toMatchObject({ running: false, connections: 0 })
    await expect(world.lookup(4, keyOf('gone'), within(5_000))).rejects.toMatchObject({
      name: 'InvalidParametersError'
    })

    await world.startNode(4)

    expect(world.nodes[4]).toMatchObject({ peer: before?.peer, addrs: before?.addrs })
    await expect.poll(() => found(4, keyOf('back')), { timeout: 30_000 }).toBe(1)
  })
})

describe('a world', { timeout: WORLD_MAX_MS }, () => {
  let folder: string
  const { TMPDIR } = process.env

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyward-test-'))
    process.env['TMPDIR'] = folder
  })
  afterEach(async () => {
    if (TMPDIR == null) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = TMPDIR
    await rm(folder, { recursive: true, force: true })
  })

  it('names the worker that died, and leaves no process and no folder', async () => {
    const world = await createWorld(init({ nodes: clinics(4), joining: { by: 'nobody' } }))
    const [, second] = await world.workers()
    const pids = (await world.workers()).map(({ pid }) => pid)
    const asked = world.lookup(1, keyOf('never answered'), within(30_000))

    process.kill(second?.pid as number, 'SIGKILL')

    const died = { name: 'WorkerDiedError', worker: 1, by: 'SIGKILL' }
    await expect(asked).rejects.toMatchObject(died)
    await expect(world.tables()).rejects.toMatchObject(died)
    await world[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    expect(await readdir(folder)).toEqual([])
  })

  it('begins warm from tables that were exported, in one process over memory', async () => {
    const warm = { workers: 1, transport: 'memory' } as const
    await using first = await createWorld(init({ ...warm, joining: { by: 'warm-start' } }))
    const tables = await first.tables()
    expect(tables.every(({ entries }) => entries.length === COUNT - 1)).toBe(true)
    expect(first.join).toMatchObject({ by: 'warm-start', joined: COUNT })
    // a busy machine may answer one of the sample's questions too late
    expect(first.join.foundShare).toBeGreaterThan(0.9)
    await first[Symbol.asyncDispose]()
    const ring = tables.map((table, i) => ({
      ...table,
      entries: [1, 2, 3].map((step) => tables[(i + step) % COUNT]?.peer ?? '')
    }))

    await using second = await createWorld(
      init({ ...warm, joining: { by: 'warm-start', tables: ring } })
    )

    const learnt = await second.tables()
    for (const [i, { entries }] of ring.entries()) {
      expect(learnt[i]?.entries, `of node ${i}`).toEqual(expect.arrayContaining(entries))
    }
  })

  it('has the nodes that its seed says', async () => {
    const alone = { nodes: clinics(2), workers: 1, joining: { by: 'nobody' } } as const
    const whoIs = async (seed: number) => {
      await using world = await createWorld(init({ ...alone, seed }))
      return world.nodes.map(({ peer, account, worker }) => ({ peer, account, worker }))
    }

    const [once, again, other] = [await whoIs(1), await whoIs(1), await whoIs(2)]

    expect(again).toEqual(once)
    expect(other.map(({ peer }) => peer)).not.toEqual(once.map(({ peer }) => peer))
  })

  it.each<{ id: string; changes: Partial<WorldInit>; expected: string }>([
    { id: 'no nodes', changes: { nodes: [] }, expected: '"nodes" expected at least one' },
    {
      id: 'memory over two processes',
      changes: { transport: 'memory', workers: 2 },
      expected: '"workers" expected 1'
    },
    { id: 'full nodes without a chain', changes: { kind: 'full' }, expected: '"chain" expected' },
    {
      id: 'patients before clinics',
      changes: { nodes: [{ role: 'patient' }, { role: 'clinic' }] },
      expected: '"nodes" expected clinics before patients'
    }
  ])('is refused with $id', async ({ changes, expected }) => {
    await expect(createWorld(init(changes))).rejects.toMatchObject({
      name: 'InvalidParametersError',
      message: expect.stringContaining(expected)
    })
    expect(await readdir(folder)).toEqual([])
  })
})
