import { type BaseWallet, ZeroAddress, zeroPadValue } from 'ethers'
import { beforeAll, describe, expect, it } from 'vitest'
import { ALL, act, actFor, DAY, FAR, HASH, openWorld, SALT, send, wired, world } from './wards.ts'
import { addressKey, ascending, bits, bytes32, FOREVER, keyOf, outcome } from './world.ts'

beforeAll(openWorld)

interface Plan {
  readonly salt: string
  readonly threshold: number
  readonly helpers: readonly string[]
}

describe('a recovery', () => {
  /** A wired account with a plan: two of three helpers, a day. */
  async function planned(): Promise<{ owner: BaseWallet; helpers: BaseWallet[]; plan: Plan }> {
    const owner = await wired()
    await world.send(owner, world.directory, 'setBindingEpoch', [3])
    const helpers = ascending([await world.person(), await world.person(), await world.person()])
    const plan = { salt: SALT, threshold: 2, helpers: helpers.map(({ address }) => address) }
    const hash = await world.read(world.guardians, 'planHashOf', plan)
    await send(owner, 'setPlan', [hash, DAY, 1])
    return { owner, helpers, plan }
  }
  interface Asked {
    readonly successor: string
    readonly round: number
    readonly planVersion: number
    readonly signers: readonly (BaseWallet | undefined)[]
    readonly plan: Plan
  }
  async function propose(owner: BaseWallet, asked: Asked) {
    const { successor, round, planVersion, signers, plan } = asked
    const message = { account: owner.address, successor, planVersion, round }
    const signatures = await Promise.all(
      signers.map((signer) =>
        signer == null ? '0x' : world.sign(signer, world.guardians, 'Recovery', message)
      )
    )
    const args = [owner.address, successor, round, plan, signatures]
    return await send(world.relayer, 'propose', args)
  }
  const recoveryOf = (owner: BaseWallet): Promise<[bigint, string]> =>
    world.read(world.guardians, 'recoveryOf', owner.address)
  const complete = (owner: BaseWallet) => send(world.relayer, 'complete', [owner.address])
  const successorOf = (owner: BaseWallet): Promise<string> =>
    world.read(world.guardians, 'successorOf', owner.address)

  /** One whose successor was proposed by the first and the last helper. */
  async function pending() {
    const made = await planned()
    const successor = await world.person()
    const [one, , three] = made.helpers
    const asked = {
      successor: successor.address,
      round: 1,
      planVersion: 1,
      signers: [one, undefined, three],
      plan: made.plan
    }
    await propose(made.owner, asked)
    return { ...made, successor, asked }
  }

  it('waits, then gives the account to its successor and ends its devices', async () => {
    const { owner, successor } = await pending()
    await world.send(owner, world.grants, 'grant', [HASH, 1, 1, FOREVER])
    const grantWord = keyOf(['address', 'bytes32'], [owner.address, HASH])
    const before = await world.read(world.grants, 'grantWord', grantWord)
    const [word, candidate] = await recoveryOf(owner)
    expect([bits(word, 0, 7), bits(word, 8, 39)]).toEqual([1n, 1n])
    expect(candidate).toBe(successor.address)

    expect(await outcome(complete(owner))).toBe('GuardiansNotReady')
    await world.pass(DAY + 1)
    await complete(owner)

    expect(await successorOf(owner)).toBe(successor.address)
    const account: bigint = await world.read(world.directory, 'accountWord', owner.address)
    expect(bits(account, 8, 39)).toBe(4n)
    const own: bigint = await world.read(world.grants, 'ownerWord', owner.address)
    expect(bits(own, 8, 39)).toBe(1n)
    expect(await world.read(world.grants, 'grantWord', grantWord)).toBe(before)
    const [done] = await recoveryOf(owner)
    expect([bits(done, 0, 7), bits(done, 80, 111), done >> 152n]).toEqual([3n, 4n, 0n])
    expect(await outcome(complete(owner))).toBe('GuardiansNotPending')
  })

  it('lets the successor sign all that the old account could', async () => {
    const { owner, successor } = await pending()
    expect(await actFor(owner, successor, act('grant'), 0)).toBe('TypedMessagesBadSignature')
    await world.pass(DAY + 1)
    await complete(owner)

    for (const name of ['grant', 'optOut', 'wish', 'records', 'revokeAll']) {
      expect(await actFor(owner, successor, act(name), 0), name).toBe('accepted')
    }
    expect(await actFor(owner, await world.person(), act('grant'), 0)).toBe(
      'TypedMessagesBadSignature'
    )
  })

  it('takes the lost key’s word from this contract', async () => {
    const { owner, successor } = await pending()
    await world.pass(DAY + 1)
    await complete(owner)
    const terms = [successor.address, ALL, FAR, 1, 1]

    const own: [string, unknown[]][] = [
      ['appoint', terms],
      ['end', [owner.address, successor.address, 1]],
      ['setPlan', [bytes32(0), 0, 2]],
      ['veto', [1]]
    ]
    for (const [method, args] of own) {
      expect(await outcome(send(owner, method, args)), method).toBe('GuardiansSucceeded')
    }
    const message = { account: owner.address, planHash: SALT, delaySeconds: DAY, version: 2 }
    const args = [owner.address, SALT, DAY, 2]
    const old = await world.sign(owner, world.guardians, 'RecoveryPlan', message)
    expect(await outcome(send(owner, 'setPlanBySig', [...args, old]))).toBe(
      'TypedMessagesBadSignature'
    )
    const good = await world.sign(successor, world.guardians, 'RecoveryPlan', message)
    expect(await outcome(send(owner, 'setPlanBySig', [...args, good]))).toBe('accepted')
  })

  it('is vetoed in time by the owner, and its signatures are used up', async () => {
    const { owner, asked } = await pending()

    expect(await outcome(send(owner, 'veto', [2]))).toBe('GuardiansNotPending')
    await send(owner, 'veto', [1])

    await world.pass(DAY + 1)
    expect(await outcome(complete(owner))).toBe('GuardiansNotPending')
    expect(await outcome(propose(owner, asked))).toBe('GuardiansStaleVersion')
    expect(await outcome(propose(owner, { ...asked, round: 2 }))).toBe('accepted')
    expect(await successorOf(owner)).toBe(ZeroAddress)
  })

  it('ends when its owner sets another plan', async () => {
    const { owner, asked } = await pending()

    await send(owner, 'setPlan', [bytes32(0), 0, 2])

    expect(bits((await recoveryOf(owner))[0], 0, 7)).toBe(2n)
    expect(await outcome(propose(owner, { ...asked, round: 2 }))).toBe('GuardiansWrongPlan')
  })

  it('refuses what the helpers did not sign, or too few of them', async () => {
    const { owner, helpers, plan } = await planned()
    const [one, two, three] = helpers
    const eve = await world.person()
    const asked = {
      successor: eve.address,
      round: 1,
      planVersion: 1,
      signers: [one, two] as (BaseWallet | undefined)[],
      plan
    }
    const cases: [string, Partial<Asked>][] = [
      ['GuardiansTooFewHelpers', { signers: [one] }],
      ['GuardiansTooFewHelpers', { signers: [] }],
      ['GuardiansTooFewHelpers', { signers: [undefined, undefined, three] }],
      ['GuardiansBadHelper', { signers: [two, one] }],
      ['GuardiansBadHelper', { signers: [one, eve] }],
      ['GuardiansBadHelper', { signers: [one, undefined, undefined, three] }],
      ['GuardiansBadHelper', { planVersion: 2 }],
      ['GuardiansStaleVersion', { round: 0 }],
      ['GuardiansStaleVersion', { round: 2 }],
      ['GuardiansBadSuccessor', { successor: ZeroAddress }],
      ['GuardiansBadSuccessor', { successor: owner.address }],
      ['GuardiansWrongPlan', { plan: { ...plan, threshold: 1 } }],
      ['GuardiansWrongPlan', { plan: { ...plan, salt: bytes32(1) } }]
    ]

    for (const [expected, change] of cases) {
      const call = propose(owner, { ...asked, ...change })
      expect(await outcome(call), JSON.stringify(Object.keys(change))).toBe(expected)
    }
    expect(await outcome(propose(owner, asked))).toBe('accepted')
    expect(await outcome(propose(owner, { ...asked, round: 2 }))).toBe('GuardiansPending')
  })

  it('may happen again, to another successor', async () => {
    const { owner, asked } = await pending()
    await world.pass(DAY + 1)
    await complete(owner)
    const next = await world.person()

    expect(await outcome(propose(owner, { ...asked, round: 2 }))).toBe('GuardiansBadSuccessor')
    await propose(owner, { ...asked, round: 2, successor: next.address })
    await world.pass(DAY + 1)
    await complete(owner)

    expect(await successorOf(owner)).toBe(next.address)
  })

  it('never completes for an account whose code does not ask, and says so before', async () => {
    const owner = await world.person()
    const helper = await world.person()
    const plan = { salt: SALT, threshold: 1, helpers: [helper.address] }
    const hash = await world.read(world.guardians, 'planHashOf', plan)
    await send(owner, 'setPlan', [hash, DAY, 1])
    const successor = helper.address
    await propose(owner, { successor, round: 1, planVersion: 1, signers: [helper], plan })
    await world.pass(DAY + 1)

    expect(await outcome(complete(owner))).toBe('TypedMessagesBadSignature')
    expect(await successorOf(owner)).toBe(ZeroAddress)
    const isWired = (account: string): Promise<boolean> =>
      world.read(world.guardians, 'isWired', account)
    expect(await isWired(owner.address)).toBe(false)
    expect(await isWired(await world.grants.getAddress())).toBe(false)
    expect(await isWired((await wired()).address)).toBe(true)
  })

  it('has a plan that waits 1–90 days and can be met', async () => {
    const owner = await world.person()
    const [a, b] = ascending([await world.person(), await world.person()]).map((w) => w.address)
    const plans: [number, (string | undefined)[]][] = [
      [0, [a]],
      [2, [a]],
      [1, []],
      [1, [b, a]],
      [1, [a, a]],
      [1, [ZeroAddress]],
      [1, Array.from({ length: 9 }, (_, i) => zeroPadValue(`0x0${i + 1}`, 20))]
    ]

    for (const [threshold, helpers] of plans) {
      const call = world.read(world.guardians, 'planHashOf', { salt: SALT, threshold, helpers })
      expect(await outcome(call), `${threshold} of ${helpers}`).toBe('GuardiansBadPlan')
    }
    for (const args of [
      [SALT, DAY - 1, 1],
      [SALT, 90 * DAY + 1, 1],
      [SALT, 0, 1],
      [bytes32(0), DAY, 1]
    ]) {
      expect(await outcome(send(owner, 'setPlan', args)), args.join()).toBe('GuardiansBadDelay')
    }
    expect(await outcome(send(owner, 'setPlan', [SALT, DAY, 0]))).toBe('GuardiansStaleVersion')
    const { logs } = await send(owner, 'setPlan', [SALT, 90 * DAY, 7])
    const [word, hash] = await world.read<[bigint, string]>(
      world.guardians,
      'planOf',
      owner.address
    )
    expect([bits(word, 0, 31), bits(word, 32, 63), hash]).toEqual([7n, BigInt(90 * DAY), SALT])
    expect([bits(word, 64, 103), word >> 104n]).toEqual([BigInt(await world.now()), 0n])
    expect(logs.map(({ topics, data }) => [topics[1], BigInt(data)])).toEqual([
      [addressKey(owner.address), word]
    ])
  })
})
