/**
 * Measures the gas of what people do, on an in-process chain with exact, repeatable counts, and
 * keeps it in contracts/gas.json. `npm run gas` prints the table and writes the file; with `--json`
 * the last line is one object, and nothing is written.
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  AbiCoder,
  type BaseWallet,
  type Contract,
  keccak256,
  TypedDataEncoder,
  type TypedDataField,
  toBeHex,
  Wallet
} from 'ethers'
import { network } from 'hardhat'
import * as contracts from '../node/chain/abi.ts'
import { buildContracts } from './contracts.ts'
import { ROOT } from './files.ts'

/** Where the snapshot is. */
export const GAS_FILE = 'contracts/gas.json'

const BATCH = 64
const DEADLINE = 4_000_000_000 // later than any run
const ZERO = toBeHex(0, 32)

/** What each operation may cost; those without a number are measured all the same. */
export const GAS_GOALS: Readonly<Record<string, number>> = {
  grantBySig: 66_000,
  grantBatchEach: 27_000,
  renew: 36_000,
  revoke: 34_000,
  revokeBySig: 46_000,
  revokeAll: 30_000,
  register: 88_000,
  addVersion: 88_000,
  attest: 66_000,
  attestChanged: 49_000
}

const fields = (text: string): TypedDataField[] =>
  text.split(',').map((field) => {
    const [type = '', name = ''] = field.split(' ')
    return { type, name }
  })

const GrantOpening = fields(
  'uint8 granteeKind,bytes32 grantee,bytes32 scope,uint32 verFrom,uint32 verTo,' +
    'uint32 purposes,uint64 notBefore,uint64 notAfter,uint32 budget,uint32 window,bytes32 salt'
)
const GRANTS = {
  Grants: fields('address owner,GrantItem[] items,uint32 epoch,uint64 deadline'),
  GrantItem: fields('GrantOpening opening,uint64 version'),
  GrantOpening
}
const REVOCATIONS = {
  Revocations: fields('address owner,Revocation[] items'),
  Revocation: fields('bytes32 openingHash,uint64 version')
}
const REVOKE_ALL = { RevokeAll: fields('address owner,uint32 epoch') }
const RECORDS = {
  Records: fields('address owner,RecordItem[] items,uint64 deadline'),
  RecordItem: fields(
    'bytes32 recordTag,uint8 status,uint32 shareEpoch,uint8 quorum,uint32 barredOrg,bytes32 anchor'
  )
}

const WISH = { Wish: fields('address owner,uint8 wish,uint64 version') }
const BREAK_GLASS = {
  BreakGlass: fields('address owner,GrantOpening opening,bytes32 reasonHash,uint32 epoch'),
  GrantOpening
}
const REVIEW = { Review: fields('address owner,bytes32 openingHash,bytes32 outcomeHash') }
const ANCHORS = {
  Anchors: fields('address writer,AnchorItem[] items'),
  AnchorItem: fields('bytes32 logTag,bytes32 root,uint64 toSeq')
}

const GUARDIANSHIP = {
  Guardianship: fields(
    'address ward,address guardian,uint16 rights,uint64 until,uint32 epoch,uint32 version'
  )
}
const RECOVERY = {
  Recovery: fields('address account,address successor,uint32 planVersion,uint32 round')
}
const GRANT_ITEM = { GrantItem: fields('GrantOpening opening,uint64 version'), GrantOpening }

type Types = Record<string, TypedDataField[]>
type Message = Record<string, unknown>

/** A value that looks random and is the same in every run. */
const noise = (n: number): string => keccak256(toBeHex(n, 32))

/** An opening whose every bit counts; the chain sees only its hash. */
const opening = (n: number) => ({
  granteeKind: 1,
  grantee: noise(n),
  scope: noise(n + 1_000),
  verFrom: 1,
  verTo: 4_294_967_295,
  purposes: 3,
  notBefore: 1_800_000_000,
  notAfter: 1_802_592_000,
  budget: 10,
  window: 86_400,
  salt: noise(n + 2_000)
})

/** What the measurements work with. */
async function createBench() {
  const { ethers, provider } = await network.create()
  const { chainId } = await ethers.provider.getNetwork()

  const person = async (n: number): Promise<BaseWallet> => {
    const made = new Wallet(noise(n), ethers.provider)
    const params = [made.address, '0x56bc75e2d63100000']
    await provider.request({ method: 'hardhat_setBalance', params })
    return made
  }
  const deploy = async (name: string, args: unknown[] = []): Promise<Contract> =>
    (await ethers.deployContract(name, args)) as unknown as Contract
  /** Sends a transaction and returns what it used. */
  const send = async (
    from: BaseWallet,
    contract: Contract,
    method: string,
    args: unknown[]
  ): Promise<number> => {
    const connected = contract.connect(from) as Contract
    const receipt = await (await connected.getFunction(method).send(...args)).wait()
    return Number(receipt?.gasUsed)
  }

  const owner = await person(1)
  const clinic = await person(2)
  const admin = await person(3)
  const founders = [admin.address, (await person(4)).address, (await person(5)).address]
  const directory = await deploy('Directory', [[1, 2, 3], founders, 2])
  const grants = await deploy('GrantRegistry')
  const records = await deploy('RecordRegistry', [await directory.getAddress()])
  const both = [await directory.getAddress(), await grants.getAddress()]
  const emergency = await deploy('Emergency', [...both, 2, 604_800])
  const audit = await deploy('AuditAnchor')
  /** Signs a typed message, as the owner unless told otherwise. */
  const sign = async (
    contract: Contract,
    types: Types,
    message: Message,
    signer = owner
  ): Promise<string> =>
    await signer.signTypedData(
      { name: 'Keyward', version: '1', chainId, verifyingContract: await contract.getAddress() },
      types,
      message
    )
  const pass = async (seconds: number): Promise<void> => {
    await provider.request({ method: 'evm_increaseTime', params: [seconds] })
    await provider.request({ method: 'evm_mine', params: [] })
  }
  return {
    pass,
    deploy,
    person,
    send,
    sign,
    owner,
    clinic,
    admin,
    directory,
    grants,
    records,
    emergency,
    audit
  }
}

type Bench = Awaited<ReturnType<typeof createBench>>
type Gas = Record<string, number>

/** Granting and revoking; but for `open`, the owner's word is open already, as in everyday use. */
async function measureConsent({ send, sign, owner, clinic, grants }: Bench): Promise<Gas> {
  const gas: Gas = {}
  const hashOf = async (value: object): Promise<string> =>
    await grants.getFunction('hashOpening').staticCall(value)
  const signGrants = async (items: object[]): Promise<string> =>
    await sign(grants, GRANTS, { owner: owner.address, items, epoch: 1, deadline: DEADLINE })

  const first = await hashOf(opening(1))
  gas['open'] = await send(owner, grants, 'grant', [first, 1, 1, DEADLINE])
  gas['renew'] = await send(owner, grants, 'grant', [first, 2, 1, DEADLINE])
  gas['grant'] = await send(owner, grants, 'grant', [await hashOf(opening(2)), 1, 1, DEADLINE])

  const one = [owner.address, await hashOf(opening(3)), 1, 1, DEADLINE]
  const oneSig = await signGrants([{ opening: opening(3), version: 1 }])
  gas['grantBySig'] = await send(clinic, grants, 'grantBySig', [...one, oneSig])

  const openings = Array.from({ length: BATCH }, (_, i) => opening(i + 100))
  const hashes = await Promise.all(openings.map(hashOf))
  const batchSig = await signGrants(openings.map((o) => ({ opening: o, version: 1 })))
  const items = hashes.map((openingHash) => ({ openingHash, version: 1 }))
  const batch = [owner.address, items, 1, DEADLINE, batchSig]
  gas['grantBatchEach'] = Math.ceil((await send(clinic, grants, 'grantBatchBySig', batch)) / BATCH)

  gas['revoke'] = await send(owner, grants, 'revoke', [first, 3])
  const revoked = [{ openingHash: hashes[0], version: 2 }]
  const revokedSig = await sign(grants, REVOCATIONS, { owner: owner.address, items: revoked })
  const revocation = [owner.address, revoked, revokedSig]
  gas['revokeBySig'] = await send(clinic, grants, 'revokeBySig', revocation)

  gas['revokeAll'] = await send(owner, grants, 'revokeAll', [2])
  const allSig = await sign(grants, REVOKE_ALL, { owner: owner.address, epoch: 3 })
  gas['revokeAllBySig'] = await send(clinic, grants, 'revokeAllBySig', [owner.address, 3, allSig])
  gas['optOut'] = await send(owner, grants, 'optOut', [1024, 1])
  return gas
}

/** Records, verdicts on them, and what an attester needs in the Directory. */
async function measureRecords(bench: Bench): Promise<Gas> {
  const { person, send, sign, owner, clinic, admin, directory, records } = bench
  const gas: Gas = {}
  const tag = (ver: number): string =>
    keccak256(AbiCoder.defaultAbiCoder().encode(['bytes32', 'uint32'], [noise(9), ver]))
  const item = (ver: number, status: number, shareEpoch: number) =>
    status === 1
      ? { recordTag: tag(ver), status, shareEpoch, quorum: 1, barredOrg: 0, anchor: noise(ver) }
      : { recordTag: tag(ver), status, shareEpoch, quorum: 0, barredOrg: 0, anchor: ZERO }
  const recordsBySig = async (...items: object[]): Promise<number> => {
    const sig = await sign(records, RECORDS, { owner: owner.address, items, deadline: DEADLINE })
    return await send(clinic, records, 'recordsBySig', [owner.address, items, DEADLINE, sig])
  }

  gas['register'] = await recordsBySig(item(1, 1, 1))
  gas['addVersion'] = await recordsBySig(item(2, 1, 1))
  gas['refresh'] = await recordsBySig(item(1, 0, 2))

  const attester = await person(6)
  gas['openAccount'] = await send(attester, directory, 'setBindingEpoch', [1])
  gas['consent'] = await send(attester, directory, 'consent', [1, 4, 1, DEADLINE])
  gas['enrol'] = await send(admin, directory, 'enrol', [attester.address, 4])
  const record = [owner.address, tag(1)]
  gas['attest'] = await send(attester, records, 'attest', [...record, 1, noise(1)])
  gas['attestChanged'] = await send(attester, records, 'attest', [...record, 2, noise(1)])
  gas['supersede'] = await recordsBySig(item(1, 4, 2))
  const member = [noise(7), attester.address, true]
  gas['setGroupMember'] = await send(admin, directory, 'setGroupMember', member)
  return gas
}

/** A wish, a glass broken by two clinicians, its review. */
async function measureEmergency(bench: Bench): Promise<Gas> {
  const { person, send, sign, owner, clinic, admin, directory, grants, emergency } = bench
  const gas: Gas = {}
  const wish = { owner: owner.address, wish: 2, version: 1 }
  const wishSig = await sign(emergency, WISH, wish)
  gas['wishBySig'] = await send(clinic, emergency, 'setWishBySig', [owner.address, 2, 1, wishSig])
  gas['wishChanged'] = await send(owner, emergency, 'setWish', [1, 2])

  const signers = [await person(7), await person(8)]
  for (const signer of signers) {
    await send(signer, directory, 'setBindingEpoch', [1])
    await send(signer, directory, 'consent', [1, 2, 1, DEADLINE])
    await send(admin, directory, 'enrol', [signer.address, 2])
  }
  signers.sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))
  const openings = [opening(4), opening(5)]
  const hashes: string[] = []
  for (const each of openings) {
    const hash: string = await grants.getFunction('hashOpening').staticCall(each)
    const reason = { opening: each, reasonHash: noise(11), epoch: 3 }
    const message = { owner: owner.address, ...reason }
    const signatures = await Promise.all(
      signers.map((signer) => sign(emergency, BREAK_GLASS, message, signer))
    )
    const args = [owner.address, hash, noise(11), 3, signatures]
    gas['breakGlass'] = await send(clinic, emergency, 'breakGlass', args)
    hashes.push(hash)
  }
  const [first, second] = hashes
  const notice = await emergency.getFunction('noticeIdOf').staticCall(owner.address, first)
  const reviewer = await person(4) // of organisation 2
  gas['review'] = await send(reviewer, emergency, 'review', [notice, noise(12)])
  const own = { owner: owner.address, openingHash: second, outcomeHash: noise(13) }
  const ownSig = await sign(emergency, REVIEW, own)
  const review = [owner.address, second, noise(13), ownSig]
  gas['reviewOwnBySig'] = await send(clinic, emergency, 'reviewOwnBySig', review)
  return gas
}

/** A log's first anchor, the next ones, and many at once. */
async function measureAnchors({ send, sign, owner, clinic, audit }: Bench): Promise<Gas> {
  const gas: Gas = {}
  const item = (n: number, toSeq: number) => ({ logTag: noise(n), root: noise(toSeq), toSeq })
  gas['anchor'] = await send(clinic, audit, 'anchor', [[item(1, 100)]])
  gas['anchorNext'] = await send(clinic, audit, 'anchor', [[item(1, 200)]])
  const items = Array.from({ length: BATCH }, (_, i) => item(i + 100, 300))
  await send(owner, audit, 'anchor', [items])
  const next = items.map(({ logTag }) => ({ logTag, root: noise(400), toSeq: 400 }))
  const sig = await sign(audit, ANCHORS, { writer: owner.address, items: next })
  const batch = await send(clinic, audit, 'anchorBySig', [owner.address, next, sig])
  gas['anchorBatchEach'] = Math.ceil(batch / BATCH)
  return gas
}

/** A guardian's grant against the owner's own, and a lost account's way back. */
async function measureGuardians(bench: Bench): Promise<Gas> {
  const { person, send, sign, clinic, grants, directory, emergency, deploy } = bench
  const gas: Gas = {}
  const contracts = await Promise.all([directory, grants, emergency].map((c) => c.getAddress()))
  const guardians = await deploy('Guardians', contracts)
  const code = await deploy('WardAccount', [await guardians.getAddress()])
  const [ward, guardian, successor] = [await person(20), await person(21), await person(22)]
  const authorization = await ward.authorize({
    address: await code.getAddress(),
    nonce: await ward.getNonce()
  })
  const delegation = { to: clinic.address, type: 4, authorizationList: [authorization] }
  const delegated = await (await clinic.sendTransaction(delegation)).wait()
  gas['delegate'] = Number(delegated?.gasUsed)

  const terms = { guardian: guardian.address, rights: 7, until: DEADLINE, epoch: 1, version: 1 }
  const signature = await sign(guardians, GUARDIANSHIP, { ward: ward.address, ...terms }, ward)
  const appointment = [ward.address, ...Object.values(terms), signature]
  gas['appointBySig'] = await send(clinic, guardians, 'appointBySig', appointment)

  const hashOf = async (n: number): Promise<string> =>
    await grants.getFunction('hashOpening').staticCall(opening(n))
  await send(ward, grants, 'grant', [await hashOf(30), 1, 1, DEADLINE])
  const items = [{ opening: opening(31), version: 1 }]
  const grant = { owner: ward.address, items, epoch: 1, deadline: DEADLINE }
  const hash = await hashOf(31)
  const signed = await sign(grants, GRANTS, grant, guardian)
  const abi = AbiCoder.defaultAbiCoder()
  const item = TypedDataEncoder.hashStruct('GrantItem', GRANT_ITEM, items[0] ?? {})
  const fields = abi.encode(['bytes32', 'uint32', 'uint64'], [keccak256(item), 1, DEADLINE])
  const proof = abi.encode(
    ['address', 'uint8', 'bytes', 'bytes'],
    [guardian.address, 1, fields, signed]
  )
  const byGuardian = [ward.address, hash, 1, 1, DEADLINE, proof]
  gas['grantByGuardian'] = await send(clinic, grants, 'grantBySig', byGuardian)

  const plan = { salt: noise(30), threshold: 2, helpers: [guardian, clinic].map((w) => w.address) }
  plan.helpers.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
  const planHash = await guardians.getFunction('planHashOf').staticCall(plan)
  gas['setPlan'] = await send(ward, guardians, 'setPlan', [planHash, 86_400, 1])
  const named = { account: ward.address, successor: successor.address, round: 1 }
  const signatures = await Promise.all(
    plan.helpers.map((address) => {
      const helper = address === guardian.address ? guardian : clinic
      return sign(guardians, RECOVERY, { ...named, planVersion: 1 }, helper)
    })
  )
  const proposal = [...Object.values(named), plan, signatures]
  gas['propose'] = await send(clinic, guardians, 'propose', proposal)
  await bench.pass(86_401)
  gas['complete'] = await send(clinic, guardians, 'complete', [ward.address])
  return gas
}

/** Measures every operation, and the size of what a deployment sends. */
export async function measureGas(): Promise<Gas> {
  const bench = await createBench()
  const gas = {
    ...(await measureConsent(bench)),
    ...(await measureRecords(bench)),
    ...(await measureEmergency(bench)),
    ...(await measureAnchors(bench)),
    ...(await measureGuardians(bench))
  }
  for (const [name, { bytecode }] of Object.entries(contracts)) {
    gas[`codeBytes${name}`] = bytecode.length / 2 - 1
  }
  return gas
}

/** The counts that were last agreed on. */
export const agreedGas = (): Record<string, number> =>
  JSON.parse(readFileSync(join(ROOT, GAS_FILE), 'utf8')) as Record<string, number>

if (import.meta.main) {
  await buildContracts()
  const gas = await measureGas()
  for (const [name, used] of Object.entries(gas)) {
    const goal = GAS_GOALS[name]
    const verdict = goal == null ? '' : `${goal} ${used <= goal ? 'ok' : 'ABOVE'}`
    process.stdout.write(`${name.padEnd(24)} ${String(used).padStart(8)}  ${verdict}\n`)
  }
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(gas)}\n`)
  else writeFileSync(join(ROOT, GAS_FILE), `${JSON.stringify(gas, null, 2)}\n`)
}
