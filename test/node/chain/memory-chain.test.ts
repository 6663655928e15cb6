import { describe, expect, it } from 'vitest'
import { toHex0x } from '../../../core/bytes.ts'
import { signTyped } from '../../../core/typed-data.ts'
import { accountSlot, decodeAccountWord, grantSlot, ownerSlot } from '../../../core/words.ts'
import { accountOf, grantNo, hashOf, keyOf, p, take, World } from './world.ts'

const wordsAt = async (world: World, numbers: readonly number[]): Promise<bigint[]> => {
  const ends = [world.chain.endpoint('a')]
  const { head } = take(await world.heads(ends).current())
  const refs = numbers.map((n) => grantSlot(grantNo(world.owner, n), p))
  return [...take(await world.words(ends).prove(head, refs)).words]
}

describe('a memory chain', () => {
  it('gives each transaction a block, with its time from the clock', async () => {
    const world = new World()
    world.clock.pass(100)

    const receipt = await world.chain.send(world.grants(1), accountOf('relayer'))

    const header = await world.chain.endpoint('a').header(1, {})
    expect(receipt.block.number).toBe(1)
    expect(header?.['hash']).toBe(toHex0x(receipt.block.hash))
    expect(Number(header?.['timestamp'])).toBe(world.clock.seconds())
  })

  it('lets transactions wait until somebody mines', async () => {
    const world = new World({ autoMine: false })
    const sent = [world.send(world.grants(1)), world.send(world.grants(2))]
    await world.chain.mine()

    await Promise.all(sent)
    const [one, two, three] = await wordsAt(world, [1, 2, 3])
    expect([one !== 0n, two !== 0n, three]).toEqual([true, true, 0n])
  })

  it('never lets its time go back with the clock', async () => {
    const world = new World()
    await world.chain.mine()
    world.clock.pass(-50)
    await world.chain.mine()

    const header = await world.chain.endpoint('a').header(2, {})
    expect(Number(header?.['timestamp'])).toBe(world.clock.seconds() + 50)
  })

  it('reports what a contract refuses by the name of its error', async () => {
    const world = new World()

    const sent = world.chain.writer(accountOf('relayer')).submit(world.grants(1, 1, 2))

    await expect(sent).rejects.toMatchObject({
      name: 'TransactionFailedError',
      message: 'GrantRegistryStaleVersion'
    })
    expect(await wordsAt(world, [1])).toEqual([0n])
  })

  it('undoes all of a list that has one bad item', async () => {
    const world = new World()
    await world.send(world.grants(3))

    await expect(world.send(world.grants(1, 5))).rejects.toBeDefined()

    expect((await wordsAt(world, [1, 2, 4, 5])).every((word) => word === 0n)).toBe(true)
  })

  it('forgets in a reorg what it held, and can be told again', async () => {
    const world = new World()
    await world.send(world.grants(1))
    await world.send(world.grants(2))

    await world.chain.reorg(1)

    const [one, two] = await wordsAt(world, [1, 2])
    expect([one !== 0n, two]).toEqual([true, 0n])
    await world.send(world.grants(2))
    expect((await wordsAt(world, [2]))[0]).not.toBe(0n)
  })

  it('can keep the transactions of a reorg, in other blocks', async () => {
    const world = new World()
    const first = await world.chain.send(world.grants(1), world.owner)
    await world.chain.mine(3)

    await world.chain.reorg(4, { keep: true })

    const header = await world.chain.endpoint('a').header(1, {})
    expect(header?.['hash']).not.toBe(toHex0x(first.block.hash))
    expect((await wordsAt(world, [1]))[0]).not.toBe(0n)
  })

  it('reorgs down to the genesis block, and no further', async () => {
    const world = new World()
    await world.send(world.grants(1))

    const head = await world.chain.reorg(99, { blocks: 3 })

    expect(head.number).toBe(3)
    expect(await wordsAt(world, [1])).toEqual([0n])
  })

  it('forks: the same past, futures that do not touch', async () => {
    const world = new World()
    await world.chain.enrol({ account: accountOf('clinic'), org: 7, roles: 3 })
    await world.send(world.grants(1))
    const liar = await world.chain.fork()
    await liar.send(world.grants(2), world.owner)
    await world.chain.mine()

    const [past, future] = await Promise.all(
      [2, 3].map(async (number) =>
        Promise.all([world.chain, liar].map((chain) => chain.endpoint('a').header(number, {})))
      )
    )

    expect(past?.[0]).toEqual(past?.[1])
    expect(future?.[0]?.['hash']).not.toBe(future?.[1]?.['hash'])
    expect(world.chain.word(grantSlot(grantNo(world.owner, 2), p))).toBe(0n)
    expect(liar.word(grantSlot(grantNo(world.owner, 2), p))).not.toBe(0n)
  })

  it('seats accounts without votes, and its founders from the start', async () => {
    const founders = [{ org: 3, admin: accountOf('admin') }]
    const world = new World({ founders })
    await world.chain.enrol({ account: accountOf('clinic'), org: 7, roles: 11, bindingEpoch: 4 })

    const seat = (name: string) =>
      decodeAccountWord(world.chain.word(accountSlot(accountOf(name), p)))
    expect(seat('clinic')).toMatchObject({ status: 1, org: 7, roles: 11, bindingEpoch: 4 })
    expect(seat('admin')).toMatchObject({ status: 1, org: 3, roles: 16, bindingEpoch: 1 })
  })

  it('takes an owner’s own acts without a signature, and nobody else’s', async () => {
    const world = new World()
    const message = { owner: world.owner, epoch: 2 }
    const act = { type: 'RevokeAll', message, sig: new Uint8Array() } as const

    await world.chain.send(act, world.owner)

    expect(world.chain.word(ownerSlot(world.owner, p)) & 0xff00n).toBe(0x200n)
    await expect(
      world.chain.send({ ...act, message: { ...message, epoch: 3 } }, accountOf('eve'))
    ).rejects.toMatchObject({ message: 'TypedMessagesBadSignature' })
  })

  it.each([
    ['another owner', keyOf('eve')],
    ['another chain', keyOf('owner')]
  ])('refuses a signature of %s', async (which, key) => {
    const world = new World()
    const message = { owner: world.owner, epoch: 2 }
    const deployment = { ...world.chain.deployment }
    if (which === 'another chain') deployment.chainId++
    const sig = signTyped(deployment, 'RevokeAll', message, key, p)

    const sent = world.chain.send({ type: 'RevokeAll', message, sig }, accountOf('relayer'))

    await expect(sent).rejects.toMatchObject({ message: 'TypedMessagesBadSignature' })
  })

  it('keeps proofs of old blocks', async () => {
    const world = new World()
    await world.send(world.grants(1))
    const ends = [world.chain.endpoint('a')]
    const { head } = take(await world.heads(ends).current())
    await world.send(world.revocation(1, 2))

    const { words } = take(
      await world.words(ends).prove(head, [grantSlot(grantNo(world.owner, 1), p)])
    )

    expect((words[0] as bigint) & 0xffn).toBe(1n)
  })

  it('does not know blocks of a branch that is gone', async () => {
    const world = new World()
    await world.send(world.grants(1))
    const ends = [world.chain.endpoint('a')]
    const { head } = take(await world.heads(ends).current())
    await world.chain.reorg(1)

    expect(await world.words(ends).prove(head, [grantSlot(hashOf('x') as never, p)])).toEqual({
      ok: false,
      code: 501
    })
  })
})
