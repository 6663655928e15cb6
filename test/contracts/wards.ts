/**
 * People whose accounts have guardians or helpers, and what those sign for them: shared by the tests
 * of guardianship and of recovery.
 * @module
 */
import {
  AbiCoder,
  type BaseWallet,
  type Contract,
  concat,
  getAddress,
  keccak256,
  SigningKey,
  TypedDataEncoder
} from 'ethers'
import { hashMessage, type MessageName, messageTypes } from './typed-data.ts'
import {
  bytes32,
  createWorld,
  FOREVER,
  opening,
  openingHash,
  outcome,
  recordItem,
  type World
} from './world.ts'

export const [GRANT, REVOKE, WISH, ALL] = [1, 2, 4, 7]
export const HASH = openingHash(opening())
export const DAY = 86_400
export const FAR = 4_000_000_000
export const SALT = bytes32(0x5a)
export const abi = AbiCoder.defaultAbiCoder()

export let world: World

/** Before all tests of a file; `world` is there then. */
export async function openWorld(): Promise<void> {
  world = await createWorld()
}

export const send = (from: BaseWallet, method: string, args: unknown[]) =>
  world.send(from, world.guardians, method, args)

/** A person whose account asks Guardians beside her own key. */
export async function wired(): Promise<BaseWallet> {
  const ward = await world.person()
  await world.delegate(ward, await world.wardCode.getAddress())
  return ward
}

/** The signature that an account with guardians or a successor gives (IGuardians.vouches). */
export async function proofBy(
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
export function fieldsOf(name: MessageName, message: Record<string, unknown>): string {
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

export interface Act {
  readonly kind: number
  readonly needs: number
  readonly contract: (w: World) => Contract
  readonly name: MessageName
  readonly method: string
  readonly message: Record<string, unknown>
  readonly args: unknown[]
}

/** All that can be signed for an owner, and the rights that it takes; 0: no guardian's. */
export const acts: Record<string, Act> = {
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
export async function actFor(
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
export const act = (name: string): Act => acts[name] as Act

/** A wired ward with a guardian who has these rights. */
export async function guarded(
  rights: number,
  until: number = FAR
): Promise<[BaseWallet, BaseWallet]> {
  const [ward, guardian] = [await wired(), await world.person()]
  await send(ward, 'appoint', [guardian.address, rights, until, 1, 1])
  return [ward, guardian]
}
export const guardianshipWord = (ward: BaseWallet, guardian: BaseWallet): Promise<bigint> =>
  world.read(world.guardians, 'guardianshipWord', ward.address, guardian.address)
