import { id } from 'ethers'
import { describe, expect, it } from 'vitest'
import { toHex, toHex0x } from '../../../core/bytes.ts'
import { ChainUnavailableError } from '../../../core/errors.ts'
import { FOLLOW_WALK_BLOCKS, FOLLOWED_BLOCKS } from '../../../core/limits.ts'
import { grantSlot, ownerSlot } from '../../../core/words.ts'
import type { ClaimedLog, LogEndpoint } from '../../../node/adapters.ts'
import { rpcEndpoint } from '../../../node/chain/endpoint-rpc.ts'
import { Follower, type FollowerInit, type Move } from '../../../node/chain/follow.ts'
import type { MemoryEndpoint } from '../../../node/chain/memory-endpoint.ts'
import { until } from '../../fixtures/waiting.ts'
import { accountOf, grantNo, hashOf, p, World } from './world.ts'

/** A follower over some endpoints, and all that it told. */
function following(
  world: World,
  endpoints: readonly LogEndpoint[],
  init: Partial<FollowerInit> = {}
): { readonly follower: Follower; readonly moves: Move[]; take(): Move[] } {
  const { deployment } = world.chain
  const follower = new Follower({ endpoints, deployment, blockSeconds: 1, ...init })
  const moves: Move[] = []
  follower.onChanged((move) => moves.push(move))
  return { follower, moves, take: () => moves.splice(0) }
}

async function started(endpoints = 1) {
  const world = new World()
  await world.chain.mine(3)
  const ends = Array.from({ length: endpoints }, (_, i) => world.chain.endpoint(`${i}`))
  const all = { world, ends, end: ends[0] as MemoryEndpoint, ...following(world, ends) }
  await all.follower.step()
  all.take()
  return all
}

const grantKey = (world: World, n: number): string => toHex(grantNo(world.owner, n))
const keysOf = (changes: Move['added']): string[] => changes.map(({ key }) => toHex(key))
const ownerKey = (world: World): string => toHex(ownerSlot(world.owner, p).key as Uint8Array)

describe('a follower', () => {
  it('tells what changed in new blocks, oldest first, with the word and its block', async () => {
    const { world, follower, take } = await started()
    await world.send(world.grants(1))
    await world.send(world.revocation(1, 2))

    expect(await follower.step()).toBe(true)

    const [move] = take()
    expect(keysOf(move?.added ?? [])).toEqual([
      ownerKey(world),
      grantKey(world, 1),
      grantKey(world, 1)
    ])
    const last = move?.added.at(-1)
    expect(last).toMatchObject({ contract: 'grants', block: move?.head })
    expect(last?.word).toBe(world.chain.word(grantSlot(grantNo(world.owner, 1), p)))
    expect(move).toMatchObject({ undone: [], lost: false })
  })

  it('tells of a head that moved although nothing changed, and of nothing else', async () => {
    const { world, follower, moves } = await started()

    expect(await follower.step()).toBe(false)
    await world.chain.mine()
    expect(await follower.step()).toBe(true)

    expect(moves).toMatchObject([{ added: [], undone: [], lost: false }])
  })

  it('begins at the head: what was before is for whoever proves words', async () => {
    const world = new World()
    await world.send(world.grants(1))
    const { follower, moves } = following(world, [world.chain.endpoint('a')])

    await follower.step()

    expect(moves).toMatchObject([{ added: [], undone: [], lost: true }])
  })

  it('asks nothing but the head while that stands still', async () => {
    const { follower, end } = await started()
    const before = { ...end.calls }

    await follower.step()

    expect(end.calls).toEqual({
      ...before,
      headNumber: before.headNumber + 1,
      header: before.header + 1
    })
  })
})

describe('a reorg', () => {
  it('of the same numbers undoes what only the other hashes held, newest first', async () => {
    const { world, follower, take } = await started()
    await world.send(world.grants(1))
    await world.send(world.grants(2))
    await follower.step()
    const [before] = take()

    const head = await world.chain.reorg(2)
    await follower.step()

    const [move] = take()
    expect(head.number).toBe(before?.head.number)
    expect(move?.head).toEqual(head)
    expect(move?.undone).toEqual(before?.added.toReversed())
    expect(move).toMatchObject({ added: [], lost: false })
  })

  it('that keeps the transactions tells them again, in their new blocks', async () => {
    const { world, follower, take } = await started()
    await world.send(world.grants(1))
    await follower.step()
    const [before] = take()

    await world.chain.reorg(1, { keep: true })
    await follower.step()

    const [move] = take()
    expect(keysOf(move?.undone ?? []).toSorted()).toEqual(keysOf(move?.added ?? []).toSorted())
    expect(move?.added[0]?.block.hash).not.toEqual(before?.added[0]?.block.hash)
  })

  it('to a shorter branch is seen, too', async () => {
    const { world, follower, take } = await started()
    await world.send(world.grants(1))
    await world.chain.mine(3)
    await follower.step()
    take()

    await world.chain.reorg(4, { blocks: 2 })
    await follower.step()

    expect(keysOf(take()[0]?.undone ?? [])).toContain(grantKey(world, 1))
  })

  it('back to a block that was followed undoes the blocks above it, and tells none anew', async () => {
    const { world, follower, take } = await started()
    await world.chain.mine(2)
    await follower.step()
    await world.send(world.grants(1))
    await follower.step()
    take()

    await world.chain.reorg(1, { blocks: 0 })
    await follower.step()

    expect(take()).toMatchObject([{ added: [], lost: false }])
    expect(follower.blocks.at(-1)?.changes).toEqual([])
  })

  it('below all that is remembered undoes all of it and says that more may have changed', async () => {
    const { world, follower, take } = await started()
    const depth = follower.blocks.length + 4
    await world.chain.mine(2)
    await world.send(world.grants(1))
    await follower.step()
    take()

    await world.chain.reorg(depth + 3)
    await follower.step()

    const [move] = take()
    expect(keysOf(move?.undone ?? [])).toContain(grantKey(world, 1))
    expect(move?.lost).toBe(true)
    await world.send(world.grants(7))
    await follower.step()
    expect(take()).toMatchObject([{ lost: false, undone: [] }])
  })
})

describe('a follower that is kept', () => {
  it('from looking for longer than it walks begins anew, and says so', async () => {
    const { world, follower, take, end } = await started()
    await world.send(world.grants(1))
    await world.chain.mine(FOLLOW_WALK_BLOCKS + 5)
    const before = end.calls.header

    await follower.step()

    expect(end.calls.header - before).toBe(FOLLOW_WALK_BLOCKS)
    expect(take()).toMatchObject([{ lost: true }])
    expect(follower.blocks).toHaveLength(FOLLOW_WALK_BLOCKS)
  })

  it('in bounds remembers so many blocks and no more', async () => {
    const { world, follower } = await started()

    for (let i = 0; i < 3; i++) {
      await world.chain.mine(FOLLOW_WALK_BLOCKS - 1)
      await follower.step()
    }

    expect(follower.blocks).toHaveLength(FOLLOWED_BLOCKS)
  })

  it('from a step in the middle of its walk loses nothing by it', async () => {
    const { world, follower, take, end } = await started()
    await world.send(world.grants(1))
    await world.chain.mine(20)
    const killed = new AbortController()
    const header = end.header.bind(end)
    let asked = 0
    Object.assign(end, {
      header: (...args: Parameters<typeof header>) => {
        if (++asked === 8) killed.abort(new Error('killed'))
        return header(...args)
      }
    })

    await expect(follower.step({ signal: killed.signal })).rejects.toThrow('killed')
    expect(take()).toEqual([])
    await follower.step()

    expect(keysOf(take()[0]?.added ?? [])).toContain(grantKey(world, 1))
  })

  it('for another to go on from tells that one what a reorg undid meanwhile', async () => {
    const { world, follower, end } = await started()
    await world.send(world.grants(1))
    await follower.step()
    await world.chain.reorg(1)
    await world.send(world.grants(2))

    const next = following(world, [end], { from: follower.blocks })
    await next.follower.step()

    const [move] = next.moves
    expect(keysOf(move?.undone ?? [])).toContain(grantKey(world, 1))
    expect(keysOf(move?.added ?? [])).toContain(grantKey(world, 2))
    expect(move?.lost).toBe(false)
  })
})

describe('an endpoint that', () => {
  const failing = { name: 'ChainUnavailableError' }

  it('is away is left for the next one', async () => {
    const { world, follower, ends, take } = await started(2)
    const [first] = ends as [MemoryEndpoint]
    first.faults.down = true
    await world.send(world.grants(1))

    await expect(follower.step()).rejects.toMatchObject(failing)
    await follower.step()

    expect(keysOf(take()[0]?.added ?? [])).toContain(grantKey(world, 1))
  })

  it.each<[string, (logs: readonly ClaimedLog[]) => readonly ClaimedLog[]]>([
    [
      'tells events of blocks of its own',
      (logs) => logs.map((log) => ({ ...log, block: { ...log.block, hash: hashOf('another') } }))
    ],
    [
      'tells events of other blocks than asked',
      (logs) => logs.map((log) => ({ ...log, block: { ...log.block, number: 1 } }))
    ],
    [
      'tells events of other contracts',
      (logs) => logs.map((log) => ({ ...log, contract: accountOf('some contract') }))
    ]
  ])('%s is left for the next one, and nothing of it is told', async (_, forgeLogs) => {
    const { world, follower, ends, take } = await started(2)
    const [first] = ends as [MemoryEndpoint]
    first.faults.forgeLogs = forgeLogs
    await world.send(world.grants(1))

    await expect(follower.step()).rejects.toMatchObject(failing)
    expect(take()).toEqual([])

    await follower.step()
    expect(keysOf(take()[0]?.added ?? [])).toContain(grantKey(world, 1))
  })

  it('moves on while it is asked is asked again', async () => {
    const { world, follower, end, take } = await started()
    await world.send(world.grants(1))
    await world.chain.mine(4)
    const header = end.header.bind(end)
    let asked = 0
    Object.assign(end, {
      header: async (...args: Parameters<typeof header>) => {
        if (++asked === 3) await world.chain.reorg(4)
        return header(...args)
      }
    })

    await expect(follower.step()).rejects.toMatchObject(failing)
    await follower.step()

    expect(keysOf(take()[0]?.added ?? [])).toContain(grantKey(world, 1))
  })

  it('cannot tell so much at once is asked for less', async () => {
    const { world, follower, end, take } = await started()
    const logs = end.logs.bind(end)
    const spans: number[] = []
    Object.assign(end, {
      logs: async (...args: Parameters<typeof logs>) => {
        const [, from, to] = args
        spans.push(to - from + 1)
        const cause = new RangeError('the answer is longer than it may be')
        if (to - from >= 2) throw new ChainUnavailableError('no', { cause })
        return logs(...args)
      }
    })
    await world.send(world.grants(1))
    await world.chain.mine(6)
    await world.send(world.grants(2))

    await follower.step()

    const [move] = take()
    expect(keysOf(move?.added ?? [])).toEqual(
      expect.arrayContaining([grantKey(world, 1), grantKey(world, 2)])
    )
    expect([Math.max(...spans), Math.min(...spans)]).toEqual([8, 2])
    expect(move?.lost).toBe(false)
  })

  it('cannot even tell of one block leaves it at that: anything may have changed', async () => {
    const { world, follower, end, take } = await started()
    const cause = new RangeError('the answer is longer than it may be')
    Object.assign(end, {
      logs: () => Promise.reject(new ChainUnavailableError('no', { cause }))
    })
    await world.send(world.grants(1))

    await follower.step()

    expect(take()).toMatchObject([{ added: [], lost: true }])
  })
})

describe('a follower that runs', () => {
  it('looks by itself, and at once when it is woken, until it is stopped', async () => {
    const { world, follower, moves } = await started()
    follower.start()
    await until(() => moves.length === 0 && follower.blocks.length > 0)
    await world.send(world.grants(1))

    follower.wake()
    await until(() => moves.length === 1)
    await world.chain.mine()
    await until(() => moves.length === 2) // by its own timer

    await follower.stop()
    await follower.stop()
    follower.wake()
    await world.chain.mine()
    expect(moves).toHaveLength(2)
  })

  it('goes on after a failure, and after a listener’s', async () => {
    const errors: unknown[] = []
    const world = new World()
    const end = world.chain.endpoint('a')
    const { deployment } = world.chain
    const onError = (err: unknown) => errors.push(err)
    const follower = new Follower({ endpoints: [end], deployment, blockSeconds: 1, onError })
    const forget = follower.onChanged(() => {
      throw new Error('a listener')
    })
    const moves: Move[] = []
    follower.onChanged((move) => moves.push(move)) // told although the one before it failed
    end.faults.down = true

    follower.start()
    await until(() => errors.length > 0)
    end.faults.down = false
    await until(() => moves.length === 1)
    forget()
    await world.chain.mine()
    await until(() => moves.length === 2)
    await follower.stop()

    expect(errors.map((err) => (err as Error).message)).toContain('a listener')
  })
})

describe('events over JSON-RPC', () => {
  const at = hashOf('a block')
  const log = {
    address: toHex0x(accountOf('a contract')),
    topics: [id('Changed(bytes32,uint256)'), toHex0x(hashOf('a key'))],
    data: `0x${'00'.repeat(31)}07`,
    blockNumber: '0x5',
    blockHash: toHex0x(at),
    removed: false
  }
  const answering = (result: unknown) => {
    const asked: { method: string; params: unknown[] }[] = []
    const fetch = async (_url: unknown, init?: { body?: unknown }) => {
      const body = JSON.parse(String(init?.body))
      asked.push(body)
      return Response.json({ jsonrpc: '2.0', id: body.id, result })
    }
    const endpoint = rpcEndpoint('http://127.0.0.1:1', { fetch: fetch as never })
    return { asked, logs: () => endpoint.logs([accountOf('a contract')], 4, 6, {}) }
  }

  it('are asked for by contract and range, and read', async () => {
    const { asked, logs } = answering([log])

    expect(await logs()).toEqual([
      {
        contract: accountOf('a contract'),
        key: hashOf('a key'),
        word: 7n,
        block: { number: 5, hash: at }
      }
    ])
    const { method, params } = asked[0] as (typeof asked)[number]
    expect([method, params]).toEqual([
      'eth_getLogs',
      [{ fromBlock: '0x4', toBlock: '0x6', address: [log.address], topics: [log.topics[0]] }]
    ])
  })

  it.each([
    ['another event', { ...log, topics: [toHex0x(hashOf('another')), log.topics[1]] }],
    ['no key', { ...log, topics: [log.topics[0]] }],
    ['a removed event', { ...log, removed: true }],
    ['an event of no block yet', { ...log, blockHash: null }]
  ])('are left out when they are %s', async (_, odd) => {
    expect(await answering([odd]).logs()).toEqual([])
  })

  it.each([
    ['no list', { logs: [] }],
    ['an event without data', [{ ...log, data: '0x' }]],
    ['a number that is none', [{ ...log, blockNumber: '5' }]],
    ['a short address', [{ ...log, address: '0x11' }]]
  ])('are refused when they are %s', async (_, odd) => {
    await expect(answering(odd).logs()).rejects.toMatchObject({ name: 'ChainUnavailableError' })
  })
})
