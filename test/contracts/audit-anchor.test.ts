import type { BaseWallet } from 'ethers'
import { beforeAll, describe, expect, it } from 'vitest'
import { bits, bytes32, createWorld, keyOf, nth, outcome, type World } from './world.ts'

const TAG = bytes32(0xa0)
const U64_MAX = 2n ** 64n - 1n

interface Item {
  readonly logTag: string
  readonly root: string
  readonly toSeq: bigint | number
}

let world: World

beforeAll(async () => {
  world = await createWorld()
})

const item = (change: Partial<Item> = {}): Item => ({
  logTag: TAG,
  root: bytes32(1),
  toSeq: 1,
  ...change
})
const keyFor = (writer: BaseWallet, tag = TAG): string =>
  keyOf(['address', 'bytes32'], [writer.address, tag])
const wordOf = (writer: BaseWallet, tag = TAG): Promise<bigint> =>
  world.read(world.audit, 'anchorWord', keyFor(writer, tag))
const rootOf = (writer: BaseWallet, tag = TAG): Promise<string> =>
  world.read(world.audit, 'rootOf', keyFor(writer, tag))

type Way = (writer: BaseWallet, items: Item[]) => ReturnType<World['send']>
const anchoring: Record<string, Way> = {
  anchor: (writer, items) => world.send(writer, world.audit, 'anchor', [items]),
  anchorBySig: async (writer, items) => {
    const message = { writer: writer.address, items }
    const signature = await world.sign(writer, world.audit, 'Anchors', message)
    const args = [writer.address, items, signature]
    return await world.send(world.relayer, world.audit, 'anchorBySig', args)
  }
}
const ways = Object.entries(anchoring)

describe.each(ways)('%s', (_name, way) => {
  it('writes root and word, and rewrites them as the log grows', async () => {
    const writer = await world.person()

    for (const [root, toSeq] of [
      [bytes32(1), 1n],
      [bytes32(2), 900n],
      [bytes32(3), U64_MAX]
    ] as const) {
      await way(writer, [item({ root, toSeq })])

      const word = await wordOf(writer)
      expect(bits(word, 0, 63)).toBe(toSeq)
      expect(bits(word, 64, 103)).toBe(BigInt(await world.now()))
      expect(word >> 104n).toBe(0n)
      expect(await rootOf(writer)).toBe(root)
    }
  })

  it('refuses a log that did not grow, whatever its root', async () => {
    const writer = await world.person()
    await way(writer, [item({ toSeq: 5 })])
    const before = await wordOf(writer)

    for (const toSeq of [0, 4, 5]) {
      expect(await outcome(way(writer, [item({ root: bytes32(9), toSeq })])), `${toSeq}`).toBe(
        'AuditAnchorStale'
      )
    }
    expect(await wordOf(writer)).toBe(before)
    expect(await rootOf(writer)).toBe(bytes32(1))
  })

  it('refuses a zero tag, a zero root, and lists out of bounds', async () => {
    const writer = await world.person()
    const many = Array.from({ length: 65 }, (_, i) => item({ logTag: bytes32(i + 1) }))

    expect(await outcome(way(writer, [item({ logTag: bytes32(0) })]))).toBe('AuditAnchorZeroId')
    expect(await outcome(way(writer, [item({ root: bytes32(0) })]))).toBe('AuditAnchorZeroId')
    expect(await outcome(way(writer, []))).toBe('TypedMessagesListLength')
    expect(await outcome(way(writer, many))).toBe('TypedMessagesListLength')
  })

  it('takes 64 logs at once, all or none', async () => {
    const writer = await world.person()
    const many = Array.from({ length: 64 }, (_, i) => item({ logTag: bytes32(i + 1) }))

    const spoilt = [...many.slice(1), item({ logTag: bytes32(64), toSeq: 1 })]
    expect(await outcome(way(writer, spoilt))).toBe('AuditAnchorStale')
    expect(await wordOf(writer, bytes32(2))).toBe(0n)
    expect(await outcome(way(writer, many))).toBe('accepted')
    expect(await rootOf(writer, bytes32(64))).toBe(bytes32(1))
  })

  it('tells of the word alone, never of the root', async () => {
    const writer = await world.person()

    const { logs } = await way(writer, [item({ root: bytes32(0xee) })])

    expect(logs.map(({ topics, data }) => [topics[1], BigInt(data)])).toEqual([
      [keyFor(writer), await wordOf(writer)]
    ])
    expect(JSON.stringify(logs)).not.toContain('eeeeeeee')
  })
})

describe('a log', () => {
  it('is its writer’s: another may use the same tag and touches nothing', async () => {
    const [writer, eve] = [await world.person(), await world.person()]
    const [, byTransaction] = nth(ways, 0)
    await byTransaction(eve, [item({ root: bytes32(6), toSeq: U64_MAX })])

    await byTransaction(writer, [item()])

    expect(await rootOf(writer)).toBe(bytes32(1))
    expect(await rootOf(eve)).toBe(bytes32(6))
    expect(await world.read(world.audit, 'logKeyOf', writer.address, TAG)).toBe(keyFor(writer))
  })
})
