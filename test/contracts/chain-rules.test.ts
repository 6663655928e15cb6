import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AbiCoder, type BaseWallet, type Contract, Interface, TypedDataEncoder } from 'ethers'
import { beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../../tools/files.ts'
import { messageTypes } from './typed-data.ts'
import {
  bits,
  bytes32,
  createWorld,
  everyContract,
  FOREVER,
  keyOf,
  laterItem,
  nth,
  opening,
  openingHash,
  outcome,
  Role,
  recordItem,
  type World
} from './world.ts'

// CHAIN.md §8: mistakes of the prototype, each as a rule. Rule 15 is in grant-registry.test.ts;
// rules 5 and 6 in guardians.test.ts, rule 7 in emergency.test.ts; rules 10, 18–20 are about parts
// that are not these.

const HASH = openingHash(opening())
const TAG = keyOf(['bytes32', 'uint32'], [bytes32(0x33), 1])
const ANCHOR = bytes32(0xa1)
const ZERO = bytes32(0)

let world: World

beforeAll(async () => {
  world = await createWorld()
})

const grantWord = (owner: BaseWallet): Promise<bigint> =>
  world.read(world.grants, 'grantWord', keyOf(['address', 'bytes32'], [owner.address, HASH]))
const recordWord = (owner: BaseWallet): Promise<bigint> =>
  world.read(world.records, 'recordWord', keyOf(['address', 'bytes32'], [owner.address, TAG]))

/** A signed grant that its relayer holds back. */
async function heldBack(owner: BaseWallet, version = 1): Promise<() => Promise<string>> {
  const message = {
    owner: owner.address,
    items: [{ opening: opening(), version }],
    epoch: 1,
    deadline: FOREVER
  }
  const signature = await world.sign(owner, world.grants, 'Grants', message)
  const args = [owner.address, HASH, version, 1, FOREVER, signature]
  return () => outcome(world.send(world.relayer, world.grants, 'grantBySig', args))
}

describe('rule 1: no first-come ids', () => {
  it('lets the owner act after Eve sent the owner’s very bytes first', async () => {
    const [owner, eve] = [await world.person(), await world.person()]
    const steps: [Contract, string, unknown[]][] = [
      [world.grants, 'grant', [HASH, 1, 1, FOREVER]],
      [world.grants, 'grantBatch', [[{ openingHash: HASH, version: 2 }], 1, FOREVER]],
      [world.grants, 'revoke', [HASH, 3]],
      [world.grants, 'revokeBatch', [[{ openingHash: HASH, version: 4 }]]],
      [world.grants, 'revokeAll', [2]],
      [world.grants, 'optOut', [1, 1]],
      [world.records, 'records', [[recordItem(TAG)], FOREVER]],
      [world.directory, 'setBindingEpoch', [1]],
      [world.directory, 'consent', [1, 2, 1, FOREVER]],
      [world.emergency, 'setWish', [2, 1]],
      [world.audit, 'anchor', [[{ logTag: TAG, root: ANCHOR, toSeq: 1 }]]]
    ]

    for (const [contract, method, args] of steps) {
      expect(await outcome(world.send(eve, contract, method, args)), `Eve: ${method}`).toBe(
        'accepted'
      )
      expect(await outcome(world.send(owner, contract, method, args)), `owner: ${method}`).toBe(
        'accepted'
      )
    }
  })

  it('lets an organisation have a group that another named first', async () => {
    const [one, two] = [nth(world.admins, 0), nth(world.admins, 1)]
    const args = [bytes32(0x99), (await world.person()).address, true]

    await world.send(two, world.directory, 'setGroupMember', args)

    expect(await outcome(world.send(one, world.directory, 'setGroupMember', args))).toBe('accepted')
  })
})

describe('rule 2: zero is no id', () => {
  it('at every entry point', async () => {
    const person = await world.person()
    const admin = nth(world.admins, 0)
    const zeroItem = [{ openingHash: ZERO, version: 1 }]
    const zeroAccount = `0x${'00'.repeat(20)}`
    const steps: [BaseWallet, Contract, string, unknown[]][] = [
      [person, world.grants, 'grant', [ZERO, 1, 1, FOREVER]],
      [person, world.grants, 'grantBatch', [zeroItem, 1, FOREVER]],
      [person, world.grants, 'revoke', [ZERO, 1]],
      [person, world.grants, 'revokeBatch', [zeroItem]],
      [person, world.grants, 'revokeAll', [0]],
      [person, world.grants, 'optOut', [1, 0]],
      [person, world.records, 'records', [[recordItem(ZERO)], FOREVER]],
      [person, world.records, 'records', [[recordItem(TAG, { anchor: ZERO })], FOREVER]],
      [person, world.directory, 'setBindingEpoch', [0]],
      [admin, world.directory, 'enrol', [zeroAccount, 2]],
      [admin, world.directory, 'suspend', [zeroAccount]],
      [admin, world.directory, 'setGroupMember', [ZERO, person.address, true]],
      [admin, world.directory, 'setGroupMember', [TAG, zeroAccount, true]],
      [admin, world.records, 'attest', [zeroAccount, TAG, 1, ZERO]],
      [admin, world.records, 'lapse', [person.address, ZERO, 0]],
      [person, world.emergency, 'setWish', [0, 1]],
      [person, world.emergency, 'setWish', [1, 0]],
      [person, world.emergency, 'breakGlass', [person.address, ZERO, ANCHOR, 1, []]],
      [person, world.emergency, 'breakGlass', [person.address, HASH, ZERO, 1, []]],
      [person, world.emergency, 'reviewOwn', [ZERO, ANCHOR]],
      [admin, world.emergency, 'review', [ZERO, ANCHOR]],
      [person, world.audit, 'anchor', [[{ logTag: ZERO, root: ANCHOR, toSeq: 1 }]]],
      [person, world.audit, 'anchor', [[{ logTag: TAG, root: ZERO, toSeq: 1 }]]],
      [person, world.audit, 'anchor', [[{ logTag: TAG, root: ANCHOR, toSeq: 0 }]]]
    ]

    for (const [from, contract, method, args] of steps) {
      const what = `${method}(${args.join()})`
      expect(await outcome(world.send(from, contract, method, args)), what).not.toBe('accepted')
    }
    expect(await world.read(world.directory, 'organisationWord', 0)).toBe(0n)
    expect(await world.read(world.directory, 'accountWord', zeroAccount)).toBe(0n)
  })

  it('so a version of an unregistered record has no verdict', async () => {
    const owner = await world.person()
    const doctor = await world.enrol(world.directory, nth(world.admins, 0), 1, Role.Attester)

    const call = world.send(doctor, world.records, 'attest', [owner.address, ZERO, 1, ZERO])

    expect(await outcome(call)).toBe('RecordRegistryNotRegistered')
  })
})

describe('rule 3: "revoke all" reaches unsent signatures', () => {
  it.each([true, false])('of an owner who acted before: %s', async (acted) => {
    const owner = await world.person()
    if (acted) await world.send(owner, world.grants, 'optOut', [1, 1])
    const relay = await heldBack(owner)

    await world.send(owner, world.grants, 'revokeAll', [2])

    expect(await relay()).toBe('GrantRegistryWrongEpoch')
    expect(await grantWord(owner)).toBe(0n)
  })

  it('and a transaction of her own that was still under way', async () => {
    const owner = await world.person()
    await world.send(owner, world.grants, 'revokeAll', [2])

    const late = world.send(owner, world.grants, 'grant', [HASH, 1, 1, FOREVER])

    expect(await outcome(late)).toBe('GrantRegistryWrongEpoch')
  })
})

describe('rule 4: a signature can be withdrawn unsent', () => {
  it('by revoking the empty slot', async () => {
    const owner = await world.person()
    const relay = await heldBack(owner)

    await world.send(owner, world.grants, 'revoke', [HASH, 1])

    expect(await relay()).toBe('GrantRegistryStaleVersion')
    expect(bits(await grantWord(owner), 0, 7)).toBe(2n)
  })
})

describe('rule 8: every field has a writer', () => {
  it('and public calls set each to something else than its default', async () => {
    const owner = await world.person()
    const { grants, records, directory, admins } = world
    await world.send(owner, grants, 'revokeAll', [9])
    await world.send(owner, grants, 'optOut', [0x400, 6])
    await world.send(owner, grants, 'grant', [HASH, 1, 9, FOREVER])
    await world.send(owner, grants, 'revoke', [HASH, 8])
    await world.send(owner, records, 'records', [
      [recordItem(TAG, { quorum: 7, barredOrg: 3 })],
      FOREVER
    ])
    const yes = await world.enrol(directory, nth(admins, 0), 1, Role.Attester)
    const no = await world.enrol(directory, nth(admins, 1), 2, Role.Attester | Role.Clinician)
    await world.send(yes, records, 'attest', [owner.address, TAG, 1, ANCHOR])
    await world.send(no, records, 'attest', [owner.address, TAG, 2, ANCHOR])
    await world.send(owner, records, 'records', [[laterItem(TAG, 0, 5)], FOREVER])
    await world.send(no, directory, 'setBindingEpoch', [3])

    const grant = await grantWord(owner)
    const own: bigint = await world.read(grants, 'ownerWord', owner.address)
    const record = await recordWord(owner)
    const account: bigint = await world.read(directory, 'accountWord', no.address)
    expect([bits(grant, 0, 7), bits(grant, 8, 39), bits(grant, 40, 103)]).toEqual([2n, 9n, 8n])
    expect([bits(own, 8, 39), bits(own, 80, 111), bits(own, 112, 143)]).toEqual([9n, 0x400n, 6n])
    expect([bits(record, 0, 7), bits(record, 8, 39)]).toEqual([3n, 5n])
    expect([bits(record, 80, 95), bits(record, 96, 111)]).toEqual([1n, 1n])
    expect([bits(record, 112, 119), bits(record, 120, 151)]).toEqual([7n, 3n])
    expect([bits(account, 8, 39), bits(account, 40, 71), bits(account, 72, 87)]).toEqual([
      3n,
      2n,
      6n
    ])
  })
})

describe('rule 9: kinds are domain-separated', () => {
  it.each([0n, 2n ** 256n - 1n])(
    'equal payloads %i of different kinds are other grants',
    async (n) => {
      const grantee = `0x${n.toString(16).padStart(64, '0')}`
      const hashes = await Promise.all(
        [0, 1, 2, 3, 4, 255].map((granteeKind) =>
          world.read<string>(world.grants, 'hashOpening', opening({ granteeKind, grantee }))
        )
      )

      expect(new Set(hashes).size).toBe(6)
    }
  )

  it('every field of an opening makes another grant', async () => {
    const changes = [
      { granteeKind: 2 },
      { grantee: bytes32(9) },
      { scope: bytes32(9) },
      { verFrom: 2 },
      { verTo: 2 },
      { purposes: 4 },
      { notBefore: 2 },
      { notAfter: 2 },
      { budget: 2 },
      { window: 2 },
      { salt: bytes32(9) }
    ]
    const hashes = await Promise.all(
      [{}, ...changes].map((change) =>
        world.read<string>(world.grants, 'hashOpening', opening(change))
      )
    )

    expect(new Set(hashes).size).toBe(Object.keys(opening()).length + 1)
  })

  it('a message of one kind is none of another, even with equal fields', async () => {
    const owner = await world.person()
    const items = [{ openingHash: HASH, version: 1 }]
    const revocation = await world.sign(owner, world.grants, 'Revocations', {
      owner: owner.address,
      items
    })
    const all = await world.sign(owner, world.grants, 'RevokeAll', {
      owner: owner.address,
      epoch: 2
    })
    const send = (method: string, args: unknown[]) =>
      outcome(world.send(world.relayer, world.grants, method, [owner.address, ...args]))

    expect(await send('grantBatchBySig', [items, 1, FOREVER, revocation])).toBe(
      'TypedMessagesBadSignature'
    )
    expect(await send('optOutBySig', [2, 1, all])).toBe('TypedMessagesBadSignature')
  })
})

describe('rule 11: no organisation overwrites another’s verdict', () => {
  it.each([
    [1, 2],
    [2, 1]
  ])('in the order %i, %i', async (first, second) => {
    const owner = await world.person()
    const { records, directory, admins } = world
    await world.send(owner, records, 'records', [[recordItem(TAG)], FOREVER])
    const doctors = await Promise.all(
      [1, 2].map((org) => world.enrol(directory, nth(admins, org - 1), org, Role.Attester))
    )
    const say = (org: number, verdict: number) =>
      world.send(nth(doctors, org - 1), records, 'attest', [owner.address, TAG, verdict, ANCHOR])
    const key = keyOf(['address', 'bytes32'], [owner.address, TAG])
    const verdictOf = (org: number): Promise<bigint> => world.read(records, 'verdictWord', key, org)

    await say(first, 1)
    const word = await verdictOf(first)
    await say(second, 2)

    expect(await verdictOf(first)).toBe(word)
    expect(bits(await verdictOf(second), 0, 7)).toBe(2n)
    expect(bits(await recordWord(owner), 0, 7)).toBe(3n)
    await say(second, 3)
    expect(bits(await recordWord(owner), 0, 7)).toBe(2n)
    for (const verdict of [0, 4, 250, 255]) {
      expect(await outcome(say(second, verdict)), `${verdict}`).toBe('RecordRegistryBadVerdict')
    }
  })

  it('and the largest id is cut nowhere', async () => {
    const largest = 4_294_967_295
    const { directory, admins } = await world.deployDirectory([1, largest])
    const records = (await world.ethers.deployContract('RecordRegistry', [
      await directory.getAddress()
    ])) as unknown as Contract
    const owner = await world.person()
    await world.send(owner, records, 'records', [
      [recordItem(TAG, { barredOrg: largest })],
      FOREVER
    ])
    const doctor = await world.enrol(directory, nth(admins, 1), largest, Role.Attester)

    const call = world.send(doctor, records, 'attest', [owner.address, TAG, 1, ANCHOR])

    expect(await outcome(call)).toBe('RecordRegistryBarredOrganisation')
    expect(bits(await world.read(directory, 'accountWord', doctor.address), 40, 71)).toBe(
      BigInt(largest)
    )
  })
})

describe('rule 12: nobody is enlisted unasked', () => {
  it('without the account’s signature an organisation’s act reverts', async () => {
    const account = await world.person()
    const admin = nth(world.admins, 0)
    await world.send(account, world.directory, 'setBindingEpoch', [1])
    const message = { account: account.address, organisation: 1, roles: 2, version: 1 }
    const byAdmin = await world.sign(admin, world.directory, 'Membership', {
      ...message,
      deadline: FOREVER
    })

    const enrol = world.send(admin, world.directory, 'enrol', [account.address, 2])
    expect(await outcome(enrol)).toBe('DirectoryNoConsent')
    const args = [account.address, 2, 1, FOREVER, byAdmin]
    const bySig = world.send(admin, world.directory, 'enrolBySig', args)
    expect(await outcome(bySig)).toBe('TypedMessagesBadSignature')
  })

  it('nor does an account enlist itself', async () => {
    const account = await world.person()
    await world.send(account, world.directory, 'setBindingEpoch', [1])
    await world.send(account, world.directory, 'consent', [1, 16, 1, FOREVER])

    const enrol = world.send(account, world.directory, 'enrol', [account.address, 16])

    expect(await outcome(enrol)).toBe('DirectoryNotAdmin')
  })
})

describe('rule 13: nobody reports for others', () => {
  it('another’s binding epoch, consent, grant, record or verdict is out of reach', async () => {
    const [owner, eve] = [await world.person(), await world.person()]
    const { grants, records, directory } = world
    const calls: [
      Contract,
      'Grants' | 'Records' | 'BindingEpoch' | 'Membership',
      object,
      string,
      unknown[]
    ][] = [
      [
        grants,
        'Grants',
        { items: [{ opening: opening(), version: 1 }], epoch: 1, deadline: FOREVER },
        'grantBySig',
        [HASH, 1, 1, FOREVER]
      ],
      [
        records,
        'Records',
        { items: [recordItem(TAG)], deadline: FOREVER },
        'recordsBySig',
        [[recordItem(TAG)], FOREVER]
      ],
      [directory, 'BindingEpoch', { bindingEpoch: 1 }, 'setBindingEpochBySig', [1]],
      [
        directory,
        'Membership',
        { organisation: 1, roles: 2, version: 1, deadline: FOREVER },
        'consentBySig',
        [1, 2, 1, FOREVER]
      ]
    ]

    for (const [contract, name, terms, method, args] of calls) {
      const named = { owner: owner.address, account: owner.address, ...terms }
      const byEve = await world.sign(eve, contract, name, named)
      const call = world.send(eve, contract, method, [owner.address, ...args, byEve])
      expect(await outcome(call), method).toBe('TypedMessagesBadSignature')
    }
    const verdict = world.send(eve, records, 'attest', [owner.address, TAG, 1, ANCHOR])
    expect(await outcome(verdict)).toBe('RecordRegistryNotAttester')
  })
})

describe('rule 14: code at an address does not cancel its key', () => {
  it('EOA, delegated EOA and contract wallet may sign; a wrong key and a high s may not', async () => {
    // All functions and all forgeries: signatures.test.ts. Here the one that failed.
    const owner = await world.person()
    const wallet = await world.ethers.deployContract('ContractWallet', [owner.address])
    await world.delegate(owner, await wallet.getAddress())

    const relay = await heldBack(owner)

    expect(await relay()).toBe('accepted')
  })

  it('and a delegated account still acts by its own transactions', async () => {
    const owner = await world.person()
    const wallet = await world.ethers.deployContract('ContractWallet', [owner.address])
    await world.delegate(owner, await wallet.getAddress())

    const call = world.send(owner, world.grants, 'grant', [HASH, 1, 1, FOREVER])

    expect(await outcome(call)).toBe('accepted')
  })
})

describe('rule 16: what is signed can be read', () => {
  it('the wallet gets every field of every item, and the contract hashes the same', async () => {
    const owner = await world.person()
    const message = {
      owner: owner.address,
      items: [
        { opening: opening({ purposes: 1 }), version: 1 },
        { opening: opening({ purposes: 1024 }), version: 1 }
      ],
      epoch: 1,
      deadline: FOREVER
    }
    const domain = { name: 'Keyward', version: '1', chainId: world.chainId }

    const shown = TypedDataEncoder.getPayload(domain, messageTypes('Grants'), message) as {
      message: { items: { opening: Record<string, unknown>; version: string }[] }
    }

    expect(shown.message.items.map(({ version }) => version)).toEqual(['1', '1'])
    for (const item of shown.message.items) {
      expect(Object.keys(item.opening)).toEqual(Object.keys(opening()))
    }
    expect(shown.message.items.map(({ opening: o }) => o['purposes'])).toEqual(['1', '1024'])
    const signature = await world.sign(owner, world.grants, 'Grants', message)
    const items = message.items.map((item) => ({
      openingHash: openingHash(item.opening),
      version: 1
    }))
    const args = [owner.address, items, 1, FOREVER, signature]
    const relayed = outcome(world.send(world.relayer, world.grants, 'grantBatchBySig', args))
    expect(await relayed).toBe('accepted')
  })

  it('a record shows its tag, status, epoch, quorum, bar and anchor', async () => {
    const owner = await world.person()
    const message = { owner: owner.address, items: [recordItem(TAG)], deadline: FOREVER }

    const shown = TypedDataEncoder.getPayload({}, messageTypes('Records'), message) as {
      message: { items: Record<string, unknown>[] }
    }

    expect(Object.keys(nth(shown.message.items, 0))).toEqual(Object.keys(recordItem(TAG)))
    const signature = await world.sign(owner, world.records, 'Records', message)
    const args = [owner.address, message.items, FOREVER, signature]
    const relayed = outcome(world.send(world.relayer, world.records, 'recordsBySig', args))
    expect(await relayed).toBe('accepted')
  })
})

describe('rule 17: the sender is msg.sender or a signature', () => {
  it('no source knows ERC-2771', () => {
    const sources = readdirSync(join(ROOT, 'contracts'), { recursive: true, encoding: 'utf8' })

    for (const file of sources.filter((name) => name.endsWith('.sol'))) {
      const text = readFileSync(join(ROOT, 'contracts', file), 'utf8')
      expect(text, file).not.toMatch(/ERC2771|_msgSender|trustedForwarder|tx\.origin/)
    }
  })

  it('bytes appended to a call change nothing', async () => {
    const [victim, eve] = [await world.person(), await world.person()]
    const call = world.grants.interface.encodeFunctionData('grant', [HASH, 1, 1, FOREVER])

    const sent = await eve.sendTransaction({
      to: await world.grants.getAddress(),
      data: call + victim.address.slice(2)
    })
    await sent.wait()

    expect(await grantWord(victim)).toBe(0n)
    expect(bits(await grantWord(eve), 0, 7)).toBe(1n)
  })
})

describe('rule 21: events link nobody', () => {
  it('calldata and logs of granting hold no grantee, scope, salt, period or CID', async () => {
    const owner = await world.person()
    const secret = opening({
      grantee: `0x${'00'.repeat(12)}${'d0'.repeat(20)}`,
      scope: bytes32(0xd1),
      salt: bytes32(0xd2),
      notBefore: 0xd3d3d3d3,
      notAfter: 0xd4d4d4d4,
      window: 0xd5d5d5d5
    })
    const message = {
      owner: owner.address,
      items: [{ opening: secret, version: 1 }],
      epoch: 1,
      deadline: FOREVER
    }
    const signature = await world.sign(owner, world.grants, 'Grants', message)
    const args = [owner.address, openingHash(secret), 1, 1, FOREVER, signature]
    const receipt = await world.send(world.relayer, world.grants, 'grantBySig', args)
    const sent = await world.ethers.provider.getTransaction(receipt.hash)

    const seen = [sent?.data ?? '', ...receipt.logs.flatMap((l) => [...l.topics, l.data])].join()
    for (const byte of ['d0', 'd1', 'd2', 'd3', 'd4', 'd5']) {
      expect(seen, byte).not.toContain(byte.repeat(4))
    }
  })

  it('an event carries a key and a word, and the key is a hash or the actor herself', async () => {
    const owner = await world.person()
    const { logs } = await world.send(owner, world.grants, 'grant', [HASH, 1, 1, FOREVER])
    const grantKey = keyOf(['address', 'bytes32'], [owner.address, HASH])

    expect(logs.map(({ topics }) => topics.length)).toEqual([2, 2])
    expect(nth(logs, 1).topics[1]).toBe(grantKey)
    expect(logs.map(({ data }) => data.length)).toEqual([66, 66])
  })

  it('a record’s event does not show its anchor', async () => {
    const owner = await world.person()
    const args = [[recordItem(TAG)], FOREVER]

    const { logs } = await world.send(owner, world.records, 'records', args)

    expect(JSON.stringify(logs)).not.toContain(ANCHOR.slice(2))
  })
})

describe('the ways into these contracts', () => {
  it('are all of them: receive nothing, fall back to nothing', async () => {
    const eve = await world.person()
    const unknown = AbiCoder.defaultAbiCoder().encode(['bytes32'], [HASH])

    for (const contract of everyContract(world)) {
      const to = await contract.getAddress()
      await expect(eve.sendTransaction({ to, value: 1n })).rejects.toThrow()
      await expect(eve.sendTransaction({ to, data: unknown })).rejects.toThrow()
      const payable: string[] = []
      new Interface(contract.interface.format()).forEachFunction((f) => {
        if (f.payable) payable.push(f.name)
      })
      expect(payable).toEqual([])
    }
  })
})
