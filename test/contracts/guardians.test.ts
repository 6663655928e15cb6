import { ZeroAddress } from 'ethers'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  ALL,
  abi,
  act,
  actFor,
  acts,
  FAR,
  GRANT,
  guarded,
  guardianshipWord,
  HASH,
  openWorld,
  proofBy,
  REVOKE,
  send,
  WISH,
  wired,
  world
} from './wards.ts'
import { bits, FOREVER, keyOf, nth, outcome } from './world.ts'

beforeAll(openWorld)

describe('a guardian', () => {
  const table = Object.keys(acts).flatMap((name) =>
    [0, GRANT, REVOKE, WISH, GRANT | REVOKE, ALL].map((rights) => ({ name, rights }))
  )
  it.each(table)('with rights $rights and the act "$name"', async ({ name, rights }) => {
    const { needs } = act(name)
    const allowed = needs !== 0 && (rights & needs) === needs
    const [ward, guardian] =
      rights === 0 ? [await wired(), await world.person()] : await guarded(rights)

    expect(await actFor(ward, guardian, act(name))).toBe(
      allowed ? 'accepted' : 'TypedMessagesBadSignature'
    )
  })

  it('writes a word that is a grant like any other', async () => {
    const [ward, guardian] = await guarded(GRANT)

    await actFor(ward, guardian, act('grant'))

    const [stands] = await world.read<[boolean]>(world.grants, 'standing', ward.address, HASH)
    expect(stands).toBe(true)
    expect(await world.read(world.grants, 'ownerWord', guardian.address)).toBe(0n)
  })

  it('signs nothing under the name of another kind', async () => {
    const [ward, guardian] = await guarded(ALL)

    for (const [name, each] of Object.entries(acts)) {
      for (const kind of [0, 1, 2, 3, 4, 5, 6, 255].filter((k) => k !== each.kind)) {
        expect(await actFor(ward, guardian, each, kind), `${name} as ${kind}`).toBe(
          'TypedMessagesBadSignature'
        )
      }
    }
  })

  it('acts for no other ward, and nobody acts in its name', async () => {
    const [ward, guardian] = await guarded(ALL)
    const other = await wired()
    const eve = await world.person()

    expect(await actFor(other, guardian, act('grant'))).toBe('TypedMessagesBadSignature')
    expect(await actFor(ward, eve, act('grant'))).toBe('TypedMessagesBadSignature')
    const { message } = act('grant')
    const byEve = await proofBy(eve, 1, world.grants, 'Grants', { owner: ward.address, ...message })
    const [, kind, fields, signature] = abi.decode(['address', 'uint8', 'bytes', 'bytes'], byEve)
    const proof = abi.encode(
      ['address', 'uint8', 'bytes', 'bytes'],
      [guardian.address, kind, fields, signature]
    )
    const args = [ward.address, ...act('grant').args, proof]
    expect(await outcome(world.send(eve, world.grants, 'grantBySig', args))).toBe(
      'TypedMessagesBadSignature'
    )
  })

  it('is nothing to an account whose code does not ask', async () => {
    const [ward, guardian] = [await world.person(), await world.person()]
    await send(ward, 'appoint', [guardian.address, ALL, FAR, 1, 1])

    expect(await actFor(ward, guardian, act('grant'))).toBe('TypedMessagesBadSignature')
  })

  it('stands until its end: a minor comes of age', async () => {
    const end = (await world.now()) + 1_000
    const [ward, guardian] = await guarded(ALL, end)
    const holds = (): Promise<boolean> =>
      world.read(world.guardians, 'holds', ward.address, guardian.address, ALL)

    expect(await holds()).toBe(true)
    await world.pass(end - (await world.now()))
    expect(await holds()).toBe(false)
    expect(await actFor(ward, guardian, act('grant'))).toBe('TypedMessagesBadSignature')
  })

  it('ends with the epoch in which it was given', async () => {
    const [ward, guardian] = await guarded(ALL)
    await world.send(ward, world.grants, 'revokeAll', [2])
    const late = { ...act('grant'), args: [HASH, 1, 2, FOREVER] }
    const message = { ...late.message, epoch: 2 }

    expect(await actFor(ward, guardian, { ...late, message })).toBe('TypedMessagesBadSignature')
    const again = (epoch: number) => send(ward, 'appoint', [guardian.address, ALL, FAR, epoch, 2])
    expect(await outcome(again(1))).toBe('GuardiansWrongEpoch')
    await again(2)
    expect(await actFor(ward, guardian, { ...late, message })).toBe('accepted')
  })

  it('leaves the ward’s own key as it was', async () => {
    const [ward] = await guarded(ALL)

    expect(await outcome(world.send(ward, world.grants, 'grant', [HASH, 1, 1, FOREVER]))).toBe(
      'accepted'
    )
    const wish = { owner: ward.address, wish: 3, version: 1 }
    const signature = await world.sign(ward, world.emergency, 'Wish', wish)
    const args = [ward.address, 3, 1, signature]
    expect(await outcome(world.send(world.relayer, world.emergency, 'setWishBySig', args))).toBe(
      'accepted'
    )
  })

  it('leaves the ward’s account able to take coins', async () => {
    const ward = await wired()

    const sent = await world.relayer.sendTransaction({ to: ward.address, value: 1n })

    expect((await sent.wait())?.status).toBe(1)
  })
})

describe('a guardianship', () => {
  it('is one word, and its event shows neither of the two', async () => {
    const [ward, guardian] = [await world.person(), await world.person()]

    const args = [guardian.address, 3, FAR, 1, 9]
    const { logs } = await send(ward, 'appoint', args)

    const word = await guardianshipWord(ward, guardian)
    expect([bits(word, 0, 7), bits(word, 8, 23), bits(word, 24, 55)]).toEqual([1n, 3n, 1n])
    expect([bits(word, 56, 87), bits(word, 88, 127)]).toEqual([9n, BigInt(FAR)])
    expect(bits(word, 128, 167)).toBe(BigInt(await world.now()))
    expect(word >> 168n).toBe(0n)
    const key = keyOf(['address', 'address'], [ward.address, guardian.address])
    expect(logs.map(({ topics, data }) => [topics[1], BigInt(data)])).toEqual([[key, word]])
  })

  it('refuses bad terms and old versions', async () => {
    const [ward, guardian] = [await world.person(), await world.person()]
    const now = await world.now()
    const appoint = (change: Record<number, unknown>) =>
      outcome(
        send(
          ward,
          'appoint',
          [guardian.address, 3, FAR, 1, 5].map((value, i) => change[i] ?? value)
        )
      )

    for (const bad of [
      { 0: ZeroAddress },
      { 0: ward.address },
      { 1: 0 },
      { 1: 8 },
      { 1: 65_535 },
      { 2: 0 },
      { 2: now },
      { 2: 2 ** 40 }
    ]) {
      expect(await appoint(bad), JSON.stringify(bad)).toBe('GuardiansBadTerms')
    }
    expect(await appoint({ 3: 2 })).toBe('GuardiansWrongEpoch')
    expect(await appoint({ 4: 0 })).toBe('GuardiansStaleVersion')
    expect(await appoint({})).toBe('accepted')
    expect(await appoint({})).toBe('GuardiansStaleVersion')
    expect(await appoint({ 4: 4 })).toBe('GuardiansStaleVersion')
  })

  it.each(['ward', 'guardian'])('is ended by the %s, by transaction or signature', async (who) => {
    const [ward, guardian] = await guarded(ALL)
    const party = who === 'ward' ? ward : guardian
    const both = { ward: ward.address, guardian: guardian.address }

    await send(party, 'end', [...Object.values(both), 2])
    expect(await world.read(world.guardians, 'holds', ...Object.values(both), GRANT)).toBe(false)
    expect(bits(await guardianshipWord(ward, guardian), 0, 7)).toBe(2n)
    expect(await actFor(ward, guardian, act('grant'))).toBe('TypedMessagesBadSignature')

    await send(ward, 'appoint', [guardian.address, ALL, FAR, 1, 3])
    const message = { ...both, version: 4 }
    const signature = await world.sign(party, world.guardians, 'GuardianshipEnd', message)
    const args = [party.address, ...Object.values(both), 4, signature]
    await send(world.relayer, 'endBySig', args)
    expect(bits(await guardianshipWord(ward, guardian), 0, 7)).toBe(2n)
  })

  it('is ended by nobody else, and once', async () => {
    const [ward, guardian] = await guarded(ALL)
    const eve = await world.person()
    const both = [ward.address, guardian.address]
    const signature = await world.sign(eve, world.guardians, 'GuardianshipEnd', {
      ward: ward.address,
      guardian: guardian.address,
      version: 2
    })

    expect(await outcome(send(eve, 'end', [...both, 2]))).toBe('GuardiansNotParty')
    const bySig = send(eve, 'endBySig', [eve.address, ...both, 2, signature])
    expect(await outcome(bySig)).toBe('GuardiansNotParty')
    await send(ward, 'end', [...both, 2])
    expect(await outcome(send(ward, 'end', [...both, 2]))).toBe('GuardiansStaleVersion')
  })

  it('that was signed and not sent never begins once it is ended', async () => {
    const [ward, guardian] = [await world.person(), await world.person()]
    const terms = { guardian: guardian.address, rights: 3, until: FAR, epoch: 1, version: 1 }
    const message = { ward: ward.address, ...terms }
    const held = await world.sign(ward, world.guardians, 'Guardianship', message)

    await send(ward, 'end', [ward.address, guardian.address, 1])

    const args = [ward.address, ...Object.values(terms), held]
    expect(await outcome(send(world.relayer, 'appointBySig', args))).toBe('GuardiansStaleVersion')
  })

  it('holds no rights that were not asked for', async () => {
    const [ward, guardian] = await guarded(GRANT)
    const holds = (rights: number): Promise<boolean> =>
      world.read(world.guardians, 'holds', ward.address, guardian.address, rights)

    expect([await holds(0), await holds(1), await holds(2), await holds(3)]).toEqual([
      false,
      true,
      false,
      false
    ])
  })
})

describe('vouching', () => {
  it('takes no proof that is none', async () => {
    const ward = await wired()
    const vouches = (proof: string) =>
      world.read(world.guardians, 'vouches', ward.address, HASH, proof)

    for (const kind of [0, 1, 2, 3, 4, 5, 6]) {
      const proof = abi.encode(
        ['address', 'uint8', 'bytes', 'bytes'],
        [ZeroAddress, kind, '0x', `0x${'00'.repeat(65)}`]
      )
      expect(await vouches(proof), `${kind}`).toBe(false)
    }
    await expect(vouches('0x')).rejects.toThrow()
  })

  it('is asked by the account’s code, and by it alone', async () => {
    expect(await world.read(world.wardCode, 'guardians')).toBe(await world.guardians.getAddress())
    const [directory, grants, emergency] = await Promise.all(
      [world.directory, world.grants, world.emergency].map((each) => each.getAddress())
    )
    const lists = [
      [ZeroAddress, grants, emergency],
      [directory, ZeroAddress, emergency],
      [directory, grants, ZeroAddress]
    ]
    for (const args of lists) {
      expect(await outcome(world.ethers.deployContract('Guardians', args))).toBe(
        'GuardiansZeroContract'
      )
    }
    expect(nth(lists, 0)).toHaveLength(3)
  })
})
