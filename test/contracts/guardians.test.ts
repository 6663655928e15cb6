import {
  AbiCoder,
  type BaseWallet,
  type Contract,
  concat,
  getAddress,
  keccak256,
  SigningKey,
  TypedDataEncoder,
  ZeroAddress,
  zeroPadValue
} from 'ethers'
import { beforeAll, describe, expect, it } from 'vitest'
import { hashMessage, type MessageName, messageTypes } from './typed-data.ts'
import {
  addressKey,
  ascending,
  bits,
  bytes32,
  createWorld,
  FOREVER,
  keyOf,
  nth,
  opening,
  openingHash,
  outcome,
  recordItem,
  type World
} from './world.ts'

const [GRANT, REVOKE, WISH, ALL] = [1, 2, 4, 7]
const HASH = openingHash(opening())
const DAY = 86_400
const FAR = 4_000_000_000
const SALT = bytes32(0x5a)
const abi = AbiCoder.defaultAbiCoder()

let world: World

beforeAll(async () => {
  world = await createWorld()
})

const send = (from: BaseWallet, method: string, args: unknown[]) =>
  world.send(from, world.guardians, method, args)

/** A person whose account asks Guardians beside her own key. */
async function wired(): Promise<BaseWallet> {
  const ward = await world.person()
  await world.delegate(ward, await world.wardCode.getAddress())
  return ward
}

/** The signature that an account with guardians or a successor gives (IGuardians.vouches). */
async function proofBy(
  signer: BaseWallet,
  kind: number,
  contract: Contract,
  name: MessageName,
  message: Record<string, unknown>
): Promise<string> {
  const domain = {
    name: 'Keyward',
    version: '1',
    chainId: world.chainId,
    verifyingContract: await contract.getAddress()
  }
  const digest = TypedDataEncoder.hash(domain, messageTypes(name), message)
  const { serialized } = new SigningKey((signer as { privateKey?: string }).privateKey ?? '').sign(
    digest
  )
  return abi.encode(
    ['address', 'uint8', 'bytes', 'bytes'],
    [signer.address, kind, fieldsOf(name, message), serialized]
  )
}

/** The words of a hashStruct after the type hash and the owner. */
function fieldsOf(name: MessageName, message: Record<string, unknown>): string {
  const hashes = (item: MessageName): string =>
    keccak256(concat((message['items'] as object[]).map((each) => hashMessage(item, { ...each }))))
  switch (name) {
    case 'Grants':
      return abi.encode(
        ['bytes32', 'uint32', 'uint64'],
        [hashes('GrantItem'), message['epoch'], message['deadline']]
      )
    case 'Revocations':
      return hashes('Revocation')
    case 'OptOut':
      return abi.encode(['uint32', 'uint32'], [message['purposes'], message['version']])
    case 'Wish':
      return abi.encode(['uint8', 'uint64'], [message['wish'], message['version']])
    default:
      return '0x'
  }
}

interface Act {
  readonly kind: number
  readonly needs: number
  readonly contract: (w: World) => Contract
  readonly name: MessageName
  readonly method: string
  readonly message: Record<string, unknown>
  readonly args: unknown[]
}

/** All that can be signed for an owner, and the rights that it takes; 0: no guardian's. */
const acts: Record<string, Act> = {
  grant: {
    kind: 1,
    needs: GRANT,
    contract: (w) => w.grants,
    name: 'Grants',
    method: 'grantBySig',
    message: { items: [{ opening: opening(), version: 1 }], epoch: 1, deadline: FOREVER },
    args: [HASH, 1, 1, FOREVER]
  },
  revoke: {
    kind: 2,
    needs: REVOKE,
    contract: (w) => w.grants,
    name: 'Revocations',
    method: 'revokeBySig',
    message: { items: [{ openingHash: HASH, version: 1 }] },
    args: [[{ openingHash: HASH, version: 1 }]]
  },
  optOut: {
    kind: 3,
    needs: GRANT | REVOKE,
    contract: (w) => w.grants,
    name: 'OptOut',
    method: 'optOutBySig',
    message: { purposes: 1024, version: 1 },
    args: [1024, 1]
  },
  wish: {
    kind: 4,
    needs: WISH,
    contract: (w) => w.emergency,
    name: 'Wish',
    method: 'setWishBySig',
    message: { wish: 2, version: 1 },
    args: [2, 1]
  },
  revokeAll: {
    kind: 2,
    needs: 0,
    contract: (w) => w.grants,
    name: 'RevokeAll',
    method: 'revokeAllBySig',
    message: { epoch: 2 },
    args: [2]
  },
  records: {
    kind: 1,
    needs: 0,
    contract: (w) => w.records,
    name: 'Records',
    method: 'recordsBySig',
    message: { items: [recordItem(HASH)], deadline: FOREVER },
    args: [[recordItem(HASH)], FOREVER]
  },
  appoint: {
    kind: 1,
    needs: 0,
    contract: (w) => w.guardians,
    name: 'Guardianship',
    method: 'appointBySig',
    message: {
      guardian: getAddress(`0x${'66'.repeat(20)}`),
      rights: 7,
      until: FAR,
      epoch: 1,
      version: 1
    },
    args: [getAddress(`0x${'66'.repeat(20)}`), 7, FAR, 1, 1]
  }
}

/** Sends an act for `ward`, signed by `signer` as `kind`. */
async function actFor(
  ward: BaseWallet,
  signer: BaseWallet,
  { contract, name, method, message, args, kind }: Act,
  as = kind
): Promise<string> {
  const named = name === 'Guardianship' ? { ward: ward.address } : { owner: ward.address }
  const proof = await proofBy(signer, as, contract(world), name, { ...named, ...message })
  const call = world.send(world.relayer, contract(world), method, [ward.address, ...args, proof])
  return await outcome(call)
}
const act = (name: string): Act => acts[name] as Act

/** A wired ward with a guardian who has these rights. */
async function guarded(rights: number, until: number = FAR): Promise<[BaseWallet, BaseWallet]> {
  const [ward, guardian] = [await wired(), await world.person()]
  await send(ward, 'appoint', [guardian.address, rights, until, 1, 1])
  return [ward, guardian]
}
const guardianshipWord = (ward: BaseWallet, guardian: BaseWallet): Promise<bigint> =>
  world.read(world.guardians, 'guardianshipWord', ward.address, guardian.address)

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
