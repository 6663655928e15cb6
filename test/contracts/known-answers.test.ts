import { AbiCoder, type Contract, concat, getAddress, keccak256, zeroPadValue } from 'ethers'
import { beforeAll, describe, expect, it } from 'vitest'
import { type MessageName, typeString } from './typed-data.ts'
import {
  bytes32,
  createWorld,
  everyContract,
  keyOf,
  opening,
  openingHash,
  type World
} from './world.ts'

// SECURITY.md §14, "Known answers": the same bytes in the contracts, in core and on the page.
const OWNER = getAddress(`0x${'11'.repeat(20)}`)
const ACCOUNT = `0x${'22'.repeat(20)}`
const RECORD_ID = bytes32(0x33)
const OPENING_HASH = '0xd3b77b6a3ecdc4d9e73eee48360d7a902a52d8205cc7f9c601779ceb985a102a'
const GRANT_ID = '0x33c0c0e69607c6a1e14dba5e6682302c0c5faec95ae66edbf743795353660aaf'
const SCOPE = '0xb627ce7aff1dda30ce1d86790a0cda46bcaced51e6f21039b5f6b3773736da48'
const STORAGE_KEY = '0x1dafcd43af9ba215d5595ae4d3bbc31969d12f0fea5633bb99c0a0132bf3bb61'
const RECORD_KEY = '0xa11917a957119721ce729af98cf1b3e32826a8c959450437de5d6bf8d601170d'

const known = opening({
  grantee: zeroPadValue(ACCOUNT, 32),
  scope: keyOf(['bytes32', 'bytes32'], [keccak256(RECORD_ID), keccak256('0x')])
})

let world: World
let book: Contract

beforeAll(async () => {
  world = await createWorld()
  book = (await world.ethers.deployContract('TypeHashBook')) as unknown as Contract
})

describe('known answers', () => {
  it.each<[MessageName, string, string]>([
    ['GrantOpening', 'ea4a4e76', 'e8fcbd'],
    ['Grants', '252f8e32', 'cd3125'],
    ['Revocations', '0aa5e195', 'a62f93'],
    ['Records', '8c287c56', '9e07bb'],
    ['Custody', '6291ea2a', '65e1f2'],
    ['NodeBinding', '5b32d3ac', 'ce28a1'],
    ['BreakGlass', 'bfb1cd2d', '76d8be']
  ])('the type hash of %s is that of the design', (name, start, end) => {
    const hash = keccak256(new TextEncoder().encode(typeString(name)))

    expect(hash.slice(2, 10)).toBe(start)
    expect(hash.slice(-6)).toBe(end)
  })

  it.each<[MessageName]>([
    ['AnchorItem'],
    ['Anchors'],
    ['BindingEpoch'],
    ['BreakGlass'],
    ['GrantItem'],
    ['GrantOpening'],
    ['Grants'],
    ['Membership'],
    ['Guardianship'],
    ['GuardianshipEnd'],
    ['OptOut'],
    ['RecordItem'],
    ['Records'],
    ['Recovery'],
    ['RecoveryPlan'],
    ['Review'],
    ['Revocation'],
    ['Revocations'],
    ['RevokeAll'],
    ['Veto'],
    ['Wish']
  ])('the contracts hash the type of %s as wallets do', async (name) => {
    const hash = await world.read<string>(book, name)

    expect(hash).toBe(keccak256(new TextEncoder().encode(typeString(name))))
  })

  it('the contract hashes an opening to the known hash', async () => {
    expect(known.scope).toBe(SCOPE)
    expect(openingHash(known)).toBe(OPENING_HASH)
    expect(await world.read<string>(world.grants, 'hashOpening', known)).toBe(OPENING_HASH)
  })

  it('the contract derives the known grantId from a preimage of 64 bytes', async () => {
    const preimage = AbiCoder.defaultAbiCoder().encode(
      ['address', 'bytes32'],
      [OWNER, OPENING_HASH]
    )

    expect(preimage.length).toBe(2 + 2 * 64)
    expect(keccak256(preimage)).toBe(GRANT_ID)
    expect(await world.read<string>(world.grants, 'grantIdOf', OWNER, OPENING_HASH)).toBe(GRANT_ID)
  })

  it('the contract derives the known recordKey', async () => {
    const tag = await world.read<string>(world.records, 'recordTagOf', RECORD_ID, 1)

    expect(tag).toBe(keyOf(['bytes32', 'uint32'], [RECORD_ID, 1]))
    expect(await world.read<string>(world.records, 'recordKeyOf', OWNER, tag)).toBe(RECORD_KEY)
  })

  it('the grant word lies under the known storage key', async () => {
    const { provider, grants, ethers } = world
    await provider.request({ method: 'hardhat_impersonateAccount', params: [OWNER] })
    await provider.request({
      method: 'hardhat_setBalance',
      params: [OWNER, '0x56bc75e2d63100000']
    })
    const owner = await ethers.getSigner(OWNER)
    const connected = grants.connect(owner) as Contract
    await (await connected.getFunction('grant').send(OPENING_HASH, 1, 1, 2n ** 40n)).wait()

    expect(keyOf(['bytes32', 'uint256'], [GRANT_ID, 0])).toBe(STORAGE_KEY)
    const stored = await ethers.provider.getStorage(grants, STORAGE_KEY)
    expect(BigInt(stored)).toBe(await world.read(grants, 'grantWord', GRANT_ID))
    expect(BigInt(stored)).not.toBe(0n)
  })

  it('the domain is Keyward, 1, this chain and this contract', async () => {
    for (const contract of everyContract(world)) {
      const type =
        'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'
      const hash = (text: string): string => keccak256(new TextEncoder().encode(text))
      const expected = keyOf(
        ['bytes32', 'bytes32', 'bytes32', 'uint256', 'address'],
        [hash(type), hash('Keyward'), hash('1'), world.chainId, await contract.getAddress()]
      )

      expect(await world.read<string>(contract, 'domainSeparator')).toBe(expected)
    }
  })

  it('scope hides its lists behind two hashes', () => {
    expect(keccak256(concat([keccak256(RECORD_ID), keccak256('0x')]))).toBe(SCOPE)
  })
})
