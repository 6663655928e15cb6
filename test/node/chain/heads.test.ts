import { describe, expect, it } from 'vitest'
import { fromHex, toHex0x } from '../../../core/bytes.ts'
import { Code } from '../../../core/codes.ts'
import { hash } from '../../../core/ids.ts'
import type { ClaimedHeader, Endpoint, HeadSource } from '../../../node/adapters.ts'
import { quorumHeads } from '../../../node/chain/heads.ts'
import type { MemoryEndpoint } from '../../../node/chain/memory-endpoint.ts'
import { otherStateRoot } from '../../../node/chain/memory-endpoint.ts'
import { chainParameters } from '../../../node/chain/parameters.ts'
import { hashOf, p, TestCheckpoint, take, World } from './world.ts'

type Three = [MemoryEndpoint, MemoryEndpoint, MemoryEndpoint]

async function worldAt(blocks: number): Promise<{ world: World; ends: Three }> {
  const world = new World()
  await world.chain.mine(blocks)
  const ends = ['a', 'b', 'c'].map((name) => world.chain.endpoint(name)) as Three
  return { world, ends }
}

const numbers = async (heads: HeadSource): Promise<number[]> => {
  const { head, conf } = take(await heads.current())
  return [head.number, conf.number]
}

describe('the head', () => {
  it('is the block that all endpoints agree on, the confirmed one eight below', async () => {
    const { world, ends } = await worldAt(20)

    expect(await numbers(world.heads(ends))).toEqual([20, 12])
  })

  it('is the second highest, so that one boaster cannot raise it', async () => {
    const { world, ends } = await worldAt(20)
    ends[0].faults.boastBlocks = 1_000

    expect(await numbers(world.heads(ends))).toEqual([20, 12])
  })

  it('is the second highest, so that one laggard cannot lower it', async () => {
    const { world, ends } = await worldAt(20)
    ends[1].faults.lagBlocks = 5

    expect(await numbers(world.heads(ends))).toEqual([20, 12])
  })

  it('falls back when two are behind, which its age then shows', async () => {
    const { world, ends } = await worldAt(20)
    ends[1].faults.lagBlocks = 5
    ends[2].faults.lagBlocks = 3

    expect(await numbers(world.heads(ends))).toEqual([17, 9])
  })

  it('carries its time, state root and parent as hashed', async () => {
    const { world, ends } = await worldAt(3)
    const { head } = take(await world.heads(ends).current())
    const below = await ends[0].header(2, {})

    expect(head.timeSeconds).toBe(world.clock.seconds())
    expect(toHex0x(head.parentHash)).toBe(below?.['hash'])
  })

  it('does not wait for a third that never answers', async () => {
    const { world, ends } = await worldAt(20)
    ends[2].faults.slowMs = Number.POSITIVE_INFINITY
    const before = performance.now()

    expect(await numbers(world.heads(ends))).toEqual([20, 12])
    expect(performance.now() - before).toBeLessThan(2_000)
  })

  it('stands on a young chain too', async () => {
    const { world, ends } = await worldAt(3)

    expect(await numbers(world.heads(ends))).toEqual([3, 0])
  })

  it('takes the finalized tag where the kind says so', async () => {
    const { world, ends } = await worldAt(20)
    const heads = world.heads(ends, { confirmed: { by: 'finalized' } })
    ends[0].faults.boastBlocks = 50

    expect(await numbers(heads)).toEqual([20, 12])
  })
})

describe('refusals', () => {
  it.each<[string, (end: MemoryEndpoint, index: number) => void, number]>([
    [
      'two are down',
      ({ faults }, i) => {
        faults.down = i < 2
      },
      301
    ],
    [
      'two never answer',
      ({ faults }, i) => {
        faults.slowMs = i < 2 ? Infinity : 0
      },
      301
    ],
    [
      'one is down and one names another hash',
      ({ faults }, i) => {
        faults.down = i === 0
        if (i === 1) faults.forgeHeader = (claim) => ({ ...claim, hash: `0x${'77'.repeat(32)}` })
      },
      302
    ],
    [
      'all give fields that do not hash',
      ({ faults }) => {
        faults.forgeHeader = otherStateRoot
      },
      303
    ],
    [
      'a fork added a field',
      ({ faults }) => {
        faults.forgeHeader = (claim) => ({ ...claim, blockAccessListHash: '0x00' })
      },
      303
    ]
  ])('refuses when %s', async (_, spoil, code) => {
    const { world, ends } = await worldAt(20)
    for (const [i, each] of ends.entries()) spoil(each, i)

    const answer = await world.heads(ends).current()

    expect(answer).toEqual({ ok: false, code })
  })

  it('refuses with 302 when a liar and a laggard on another branch leave no majority', async () => {
    const { world, ends } = await worldAt(20)
    const fork = await world.chain.fork()
    await fork.mine(2)
    await world.chain.mine(2)
    ends[1].faults.down = true

    const answer = await world.heads([ends[0], ends[1], fork.endpoint('liar')]).current()

    expect(answer).toEqual({ ok: false, code: Code.RPC_DISAGREE })
  })

  it('takes the honest majority against a liar with a chain of its own', async () => {
    const { world, ends } = await worldAt(20)
    const fork = await world.chain.fork()
    await fork.send(world.grants(1), world.owner)
    await fork.mine(30)
    await world.chain.mine(2)

    const heads = world.heads([ends[0], ends[1], fork.endpoint('liar')])
    const { head } = take(await heads.current())

    const honest = await ends[0].header(22, {})
    expect(toHex0x(head.hash)).toBe(honest?.['hash'])
  })

  it('is not misled by a liar that echoes a laggard: the head is old, and shows it', async () => {
    const { world, ends } = await worldAt(20)
    world.clock.pass(60)
    await world.chain.mine(5)
    ends[1].faults.lagBlocks = 5
    ends[2].faults.echo = ends[1] as Endpoint

    const { head } = take(await world.heads(ends).current())

    expect(head.number).toBe(20)
    expect(world.clock.seconds() - head.timeSeconds).toBe(60)
  })

  it('needs a majority of endpoints as quorum', () => {
    const init = {
      endpoints: [],
      parameters: chainParameters('dev'),
      clock: { nowMs: () => 0 },
      checkpoint: new TestCheckpoint(),
      primitives: p
    }

    expect(() => quorumHeads(init)).toThrow(expect.objectContaining({ name: 'InvalidConfigError' }))
  })
})

describe('the confirmed line', () => {
  it('is written down before it is used, once a block', async () => {
    const { world, ends } = await worldAt(20)
    const heads = world.heads(ends)

    await heads.current()
    await heads.current()

    expect(world.checkpoint.ref?.number).toBe(12)
    expect(world.checkpoint.puts).toBe(1)
  })

  it('goes on from the last block, over a restart and many blocks', async () => {
    const { world, ends } = await worldAt(20)
    await world.heads(ends).current()
    await world.chain.mine(100)

    expect(await numbers(world.heads(ends))).toEqual([120, 112])
  })

  it('bridges a gap too long to walk by q equal answers', async () => {
    const { world, ends } = await worldAt(20)
    await world.heads(ends).current()
    await world.chain.mine(1_000)

    expect(await numbers(world.heads(ends))).toEqual([1_020, 1_012])
  })

  it('survives reorgs above it', async () => {
    const { world, ends } = await worldAt(20)
    const heads = world.heads(ends)
    await heads.current()

    await world.chain.reorg(7, { blocks: 9 })

    expect(await numbers(heads)).toEqual([22, 14])
  })

  it('stays where it was when the head falls back', async () => {
    const { world, ends } = await worldAt(20)
    const heads = world.heads(ends)
    await heads.current()

    await world.chain.reorg(7, { blocks: 3 })

    expect(await numbers(heads)).toEqual([16, 12])
  })

  it.each([
    ['a reorg below it', 12, 12],
    ['a reorg below it to a longer chain', 12, 30],
    ['a lost state', 12, 1],
    ['a reorg far below it, of which only a gap remains', 19, 900]
  ])('refuses with 306 after %s, for good', async (_, depth, blocks) => {
    const { world, ends } = await worldAt(20)
    const heads = world.heads(ends)
    await heads.current()

    await world.chain.reorg(depth, { blocks })

    const refusal = { ok: false, code: Code.CONF_REGRESSION }
    expect(await heads.current()).toEqual(refusal)
    await world.chain.mine(40)
    expect(await heads.current()).toEqual(refusal)
    expect(await world.heads(ends).current()).toEqual(refusal)
  })

  it('refuses with 301 when nobody has the headers between', async () => {
    const { world, ends } = await worldAt(20)
    await world.heads(ends).current()
    await world.chain.mine(20)
    const hide = (claim: ClaimedHeader): ClaimedHeader =>
      claim['number'] === '0x14' ? { ...claim, gasUsed: '0x1' } : claim
    for (const each of ends) each.faults.forgeHeader = hide

    expect(await world.heads(ends).current()).toEqual({ ok: false, code: Code.RPC_UNAVAILABLE })
  })

  it('walks with an endpoint that is honest when the first lies', async () => {
    const { world, ends } = await worldAt(20)
    await world.heads(ends).current()
    await world.chain.mine(20)
    ends[0].faults.forgeHeader = (claim) =>
      claim['number'] === '0x14' ? { ...claim, gasUsed: '0x1' } : claim

    expect(await numbers(world.heads(ends))).toEqual([40, 32])
  })
})

describe('a confirmed block that a request names', () => {
  const refAt = async (end: Endpoint, number: number) => {
    const claimed = (await end.header(number, {}))?.['hash']
    return { number, hash: hash(fromHex(claimed ?? '')) }
  }

  it('is served up to W blocks behind, and no further', async () => {
    const { world, ends } = await worldAt(60)
    const heads = world.heads(ends)

    for (const [number, ok] of [
      [52, true],
      [51, true],
      [36, true],
      [35, false],
      [53, false]
    ]) {
      const ref = await refAt(ends[0], number as number)
      const answer = await heads.onConfirmedLine(ref)
      expect(answer.ok, `block ${number}`).toBe(ok)
    }
  })

  it('gives the header with its root', async () => {
    const { world, ends } = await worldAt(60)
    const ref = await refAt(ends[0], 40)

    const header = take(await world.heads(ends).onConfirmedLine(ref))

    expect(header).toMatchObject({ number: 40, hash: ref.hash })
    expect(header.stateRoot.byteLength).toBe(32)
  })

  it('is refused with 307 under another hash', async () => {
    const { world, ends } = await worldAt(60)
    const ref = { number: 50, hash: hashOf('another block') }

    const answer = await world.heads(ends).onConfirmedLine(ref)

    expect(answer).toEqual({ ok: false, code: Code.CONF_MISMATCH })
  })

  it('may be newer than an answer that was kept', async () => {
    const { world, ends } = await worldAt(60)
    const parameters = chainParameters('memory')
    const { clock, checkpoint } = world
    const heads = quorumHeads({ endpoints: ends, parameters, clock, checkpoint, primitives: p })
    await heads.current()
    await world.chain.mine(2)

    const answer = await heads.onConfirmedLine(await refAt(ends[0], 54))

    expect(answer.ok).toBe(true)
  })

  it('passes the refusal of the heads on', async () => {
    const { world, ends } = await worldAt(60)
    const ref = await refAt(ends[0], 50)
    for (const each of ends) each.faults.down = true

    const answer = await world.heads(ends).onConfirmedLine(ref)

    expect(answer).toEqual({ ok: false, code: Code.RPC_UNAVAILABLE })
  })
})

describe('asking', () => {
  it('happens once for many callers, and once a second', async () => {
    const { world, ends } = await worldAt(20)
    const parameters = chainParameters('memory')
    const { clock, checkpoint } = world
    const heads = quorumHeads({ endpoints: ends, parameters, clock, checkpoint, primitives: p })

    await Promise.all(Array.from({ length: 50 }, () => heads.current()))
    await heads.current()
    expect(ends[0].calls.headNumber).toBe(1)

    clock.pass(1)
    await heads.current()
    expect(ends[0].calls.headNumber).toBe(2)
  })

  it('happens again when the clock was set back', async () => {
    const { world, ends } = await worldAt(20)
    const parameters = chainParameters('memory')
    const { clock, checkpoint } = world
    const heads = quorumHeads({ endpoints: ends, parameters, clock, checkpoint, primitives: p })
    await heads.current()

    clock.pass(-3_600)
    await heads.current()

    expect(ends[0].calls.headNumber).toBe(2)
  })

  it('ends for one caller by its signal, and goes on for the others', async () => {
    const { world, ends } = await worldAt(20)
    for (const each of ends) each.faults.slowMs = 20
    const heads = world.heads(ends)

    const [impatient, patient] = await Promise.allSettled([
      heads.current({ signal: AbortSignal.timeout(1) }),
      heads.current()
    ])

    expect(impatient.status).toBe('rejected')
    expect(patient).toMatchObject({ status: 'fulfilled', value: { ok: true } })
  })
})
