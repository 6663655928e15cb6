/**
 * Consortium chains, by the seals in their headers: made here by keys of our own, after EIP-225 and
 * Besu's QBFT.
 * @module
 */
import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, toHex0x } from '../../../core/bytes.ts'
import { Code } from '../../../core/codes.ts'
import type { ClaimedHeader, Endpoint } from '../../../node/adapters.ts'
import { encodeHeader } from '../../../node/chain/header.ts'
import type { MemoryChainInit } from '../../../node/chain/memory-chain.ts'
import { consortiumParameters } from '../../../node/chain/parameters.ts'
import { cliqueSealHash, type SealKind, sealersNeeded } from '../../../node/chain/seals.ts'
import { accountOf, keyOf, p, take, World } from './world.ts'

const NAMES = ['a', 'b', 'c', 'd', 'e'] as const
const SEALERS = NAMES.map(accountOf)

const seal = (name: string, digest: Uint8Array): Uint8Array => {
  const signature = p.secp256k1Sign(keyOf(name), digest)
  return concat(signature.subarray(0, 64), Uint8Array.of((signature[64] as number) - 27))
}
const vanity = (text: Uint8Array): Uint8Array => concat(text, new Uint8Array(32 - text.byteLength))

/** A Clique chain; `by` says who seals which block. */
const cliqueWorld = (by: (number: number) => string): World =>
  worldOf((text, number, hashed) =>
    number === 0 ? text : concat(vanity(text), seal(by(number), hashed(vanity(text))))
  )

/** A QBFT chain; its seals are added by the endpoints, since no hash covers them. */
const qbftWorld = (): World =>
  worldOf((text, number) =>
    number === 0 ? text : RLP.encode([vanity(text), SEALERS, [], new Uint8Array(), []])
  )

const worldOf = (extraData: NonNullable<MemoryChainInit['extraData']>): World =>
  new World({ extraData })

/** An endpoint that tells other headers than its own. */
const telling = (inner: Endpoint, header: Endpoint['header']): Endpoint => ({
  name: inner.name,
  headNumber: (options) => inner.headNumber(options),
  finalizedNumber: (options) => inner.finalizedNumber(options),
  proof: (...args) => inner.proof(...args),
  call: (...args) => inner.call(...args),
  header
})

/** An endpoint of a QBFT chain whose blocks these have sealed in this round. */
const sealedBy = (inner: Endpoint, names: readonly string[], round = 0): Endpoint =>
  telling(inner, async (number, options) => {
    const claim = await inner.header(number, options)
    return claim == null || number === 0 ? claim : sealedClaim(claim, names, round)
  })

function sealedClaim(claim: ClaimedHeader, names: readonly string[], round: number): ClaimedHeader {
  const [text, validators, vote] = RLP.decode(fromHex(claim['extraData'] as string)) as Uint8Array[]
  const withExtra = (...tail: unknown[]): ClaimedHeader => ({
    ...claim,
    extraData: toHex0x(RLP.encode([text, validators, vote, ...tail] as Uint8Array[]))
  })
  const said = round === 0 ? new Uint8Array() : Uint8Array.of(round)
  const digest = p.keccak256(encodeHeader(withExtra(said, [])))
  const seals = names.map((name) => seal(name, digest))
  return withExtra(said, seals)
}

const endpoints = (world: World): readonly Endpoint[] =>
  ['x', 'y', 'z'].map((name) => world.chain.endpoint(name))

const headsOf = (world: World, kind: SealKind, ends = endpoints(world), sealers = SEALERS) => {
  const { confirmed } = consortiumParameters({ seal: kind, sealers }, 5)
  return world.heads(ends, { confirmed })
}

const outcomeOf = async (heads: ReturnType<typeof headsOf>) => {
  const found = await heads.current()
  return found.ok ? [found.value.head.number, found.value.conf.number] : found.code
}

const inTurn = (number: number): string => NAMES[number % NAMES.length] as string

describe('the hash that a Clique sealer signs', () => {
  it('is geth’s, of a header of zeros', () => {
    const none = new Uint8Array()
    const zeros = (length: number) => new Uint8Array(length)
    const roots = [zeros(32), zeros(32), zeros(20), zeros(32), zeros(32), zeros(32), zeros(256)]
    const tail = [zeros(32 + 65), zeros(32), zeros(8), none]
    const rlp = RLP.encode([...roots, none, none, none, none, none, ...tail])

    expect(toHex(cliqueSealHash({ rlp }, p))).toBe(
      'bd3d1fa43fbc4c5bfcc91b179ec92e2861df3654de60468beb908ff805359e8f'
    )
  })
})

describe('a Clique chain', () => {
  it('confirms a block once more than half of the sealers stand on it', async () => {
    const world = cliqueWorld(inTurn)
    await world.chain.mine(20)

    expect(await outcomeOf(headsOf(world, 'clique'))).toEqual([20, 17])
  })

  it.each<[string, (number: number) => string]>([
    ['one sealer twice', (n) => (n === 20 ? inTurn(18) : inTurn(n))],
    ['one sealer alone', () => 'a'],
    ['a stranger on top', (n) => (n === 20 ? 'stranger' : inTurn(n))],
    ['a stranger between', (n) => (n === 19 ? 'stranger' : inTurn(n))]
  ])('refuses with %s', async (_what, by) => {
    const world = cliqueWorld(by)
    await world.chain.mine(20)

    expect(await outcomeOf(headsOf(world, 'clique'))).toBe(Code.HEADER_INVALID)
  })

  it('refuses without seals', async () => {
    const world = new World()
    await world.chain.mine(20)

    expect(await outcomeOf(headsOf(world, 'clique'))).toBe(Code.HEADER_INVALID)
  })

  it('refuses a confirmed block of another line than the head’s', async () => {
    const world = cliqueWorld(inTurn)
    await world.chain.mine(16)
    const other = await world.chain.fork()
    await Promise.all([world.chain.mine(4), other.mine(4)])
    const forked = other.endpoint('other')
    const torn = endpoints(world).map((each) =>
      telling(each, (number, options) => (number === 17 ? forked : each).header(number, options))
    )

    expect(await outcomeOf(headsOf(world, 'clique', torn))).toBe(Code.HEADER_INVALID)
  })

  it('refuses while it is too young for so many sealers', async () => {
    const world = cliqueWorld(inTurn)
    await world.chain.mine(2)

    expect(await outcomeOf(headsOf(world, 'clique'))).toBe(Code.HEADER_INVALID)
    await world.chain.mine(1)
    expect(await outcomeOf(headsOf(world, 'clique'))).toEqual([3, 0])
  })

  it('is told by distinct sealers, in whatever order they seal', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...NAMES, 'stranger'), { minLength: 6, maxLength: 12 }),
        async (order) => {
          const world = cliqueWorld((number) => order[number - 1] as string)
          await world.chain.mine(order.length)
          const above = order.slice(-sealersNeeded(NAMES.length))
          const holds = !above.includes('stranger') && new Set(above).size === above.length

          const seen = await outcomeOf(headsOf(world, 'clique'))

          expect(seen).toEqual(holds ? [order.length, order.length - 3] : Code.HEADER_INVALID)
        }
      ),
      { numRuns: 30 }
    )
  })

  it('asks for each header between once', async () => {
    const world = cliqueWorld(inTurn)
    await world.chain.mine(20)
    const asked: number[] = []
    const inner = world.chain.endpoint('x')
    const counted = telling(inner, (number, options) => {
      asked.push(number)
      return inner.header(number, options)
    })
    const heads = headsOf(world, 'clique', [counted])
    await heads.current()
    expect(asked.toSorted()).toEqual([17, 18, 19, 20])
    asked.length = 0

    await world.chain.mine(1)

    take(await heads.current())
    expect(asked.toSorted()).toEqual([18, 21])
  })

  it('goes on over a reorg that is sealed as well', async () => {
    const world = cliqueWorld(inTurn)
    await world.chain.mine(20)
    const heads = headsOf(world, 'clique')
    await heads.current()

    await world.chain.reorg(2, { blocks: 4 })

    expect(await outcomeOf(heads)).toEqual([22, 19])
  })
})

describe('a QBFT chain', () => {
  const chainOf = async (names: readonly string[], round = 0) => {
    const world = qbftWorld()
    await world.chain.mine(20)
    return headsOf(
      world,
      'qbft',
      endpoints(world).map((each) => sealedBy(each, names, round))
    )
  }

  it.each([0, 3])('takes blocks that more than two thirds sealed, in round %d', async (round) => {
    expect(await outcomeOf(await chainOf(['a', 'b', 'c', 'd'], round))).toEqual([20, 17])
  })

  it.each([
    ['two thirds or less', ['a', 'b', 'c']],
    ['one sealer many times', ['a', 'a', 'a', 'a', 'a']],
    ['strangers', ['a', 'b', 'c', 'mallory', 'oscar']],
    ['nobody', []]
  ])('refuses blocks that %s sealed, whatever all endpoints say', async (_what, names) => {
    expect(await outcomeOf(await chainOf(names))).toBe(Code.HEADER_INVALID)
  })

  it.each([
    [4, Code.HEADER_INVALID],
    [5, [20, 16]]
  ])('needs more than two thirds of six, and of %d makes %o', async (count, expected) => {
    const names = [...NAMES, 'f']
    const world = qbftWorld()
    await world.chain.mine(20)
    const ends = endpoints(world).map((each) => sealedBy(each, names.slice(0, count)))

    expect(await outcomeOf(headsOf(world, 'qbft', ends, names.map(accountOf)))).toEqual(expected)
  })

  it('refuses seals of another block', async () => {
    const world = qbftWorld()
    await world.chain.mine(20)
    const wrong = endpoints(world).map((each) => {
      const sealed = sealedBy(each, NAMES)
      return telling(each, async (number, options) => {
        const [own, other] = [await sealed.header(number, options), await sealed.header(5, options)]
        return own && other && { ...own, extraData: other['extraData'] as string }
      })
    })

    expect(await outcomeOf(headsOf(world, 'qbft', wrong))).toBe(Code.HEADER_INVALID)
  })

  it.each(['0x', '0x80', toHex0x(RLP.encode(['a', 'b'])), `0x${'ff'.repeat(40)}`])(
    'refuses extra data %s',
    async (extraData) => {
      const world = qbftWorld()
      await world.chain.mine(20)
      const odd = endpoints(world).map((each) =>
        telling(each, async (number, options) => {
          const claim = await each.header(number, options)
          return claim && { ...claim, extraData }
        })
      )

      expect(await outcomeOf(headsOf(world, 'qbft', odd))).toBe(Code.HEADER_INVALID)
    }
  )

  it('is none to the rules of another kind, whose hash is of the whole header', async () => {
    const world = qbftWorld()
    await world.chain.mine(20)
    const ends = endpoints(world).map((each) => sealedBy(each, NAMES))

    expect(await outcomeOf(world.heads(ends))).toBe(Code.HEADER_INVALID)
  })
})
