/**
 * EIP-712 for the types of SECURITY.md §7: the table of structs, their type hashes, hashStruct.
 * Message interfaces, shapes and signatures stand in typed-data.ts.
 * @module
 */
import { assertBytes, concat, uintBe, utf8 } from './bytes.ts'
import type { Deployment } from './deployment.ts'
import { InvalidParametersError } from './errors.ts'
import { ADDRESS_BYTES, type Hash, hash } from './ids.ts'
import { ITEMS_PER_SIGNATURE } from './limits.ts'
import type { Primitives } from './primitives.ts'

/** Each struct as Solidity spells its fields; `X[]` and `X` name other structs of this table. */
export const STRUCTS = {
  GrantOpening:
    'uint8 granteeKind,bytes32 grantee,bytes32 scope,uint32 verFrom,uint32 verTo,' +
    'uint32 purposes,uint64 notBefore,uint64 notAfter,uint32 budget,uint32 window,bytes32 salt',
  GrantItem: 'GrantOpening opening,uint64 version',
  Grants: 'address owner,GrantItem[] items,uint32 epoch,uint64 deadline',
  Revocation: 'bytes32 openingHash,uint64 version',
  Revocations: 'address owner,Revocation[] items',
  RevokeAll: 'address owner,uint32 epoch',
  OptOut: 'address owner,uint32 purposes,uint32 version',
  RecordItem:
    'bytes32 recordTag,uint8 status,uint32 shareEpoch,uint8 quorum,uint32 barredOrg,bytes32 anchor',
  Records: 'address owner,RecordItem[] items,uint64 deadline',
  CustodyItem: 'bytes32 recordTag,uint32 shareEpoch,bytes32 custodyHash',
  Custody: 'address owner,CustodyItem[] items',
  NodeBinding:
    'address account,bytes peerId,bytes32 kemKeyHash,uint64 validFrom,uint64 validUntil,' +
    'uint32 bindingEpoch',
  BindingEpoch: 'address account,uint32 bindingEpoch',
  Membership: 'address account,uint32 organisation,uint16 roles,uint32 version,uint64 deadline',
  BreakGlass: 'address owner,GrantOpening opening,bytes32 reasonHash,uint32 epoch',
  SubGrant:
    'address owner,bytes32 openingHash,uint64 version,address delegate,bytes32 scope,' +
    'uint32 verFrom,uint32 verTo,uint32 purposes,uint64 notBefore,uint64 notAfter,' +
    'uint32 budget,bytes32 salt',
  HandBack: 'address owner,bytes32 openingHash,address account,bytes32 subGrant',
  Wish: 'address owner,uint8 wish,uint64 version',
  Guardianship:
    'address ward,address guardian,uint16 rights,uint64 until,uint32 epoch,uint32 version',
  GuardianshipEnd: 'address ward,address guardian,uint32 version',
  RecoveryPlan: 'address account,bytes32 planHash,uint32 delaySeconds,uint32 version',
  Recovery: 'address account,address successor,uint32 planVersion,uint32 round',
  Veto: 'address account,uint32 round',
  Review: 'address owner,bytes32 openingHash,bytes32 outcomeHash',
  AnchorItem: 'bytes32 logTag,bytes32 root,uint64 toSeq',
  Anchors: 'address writer,AnchorItem[] items'
} as const

export type StructName = keyof typeof STRUCTS

interface Field {
  readonly type: string
  readonly name: string
}

const isStruct = (name: string): name is StructName => Object.hasOwn(STRUCTS, name)
const baseOf = (type: string): string => type.replace('[]', '')

function fieldsOf(struct: StructName): readonly Field[] {
  return STRUCTS[struct].split(',').map((field) => {
    const [type, name] = field.split(' ') as [string, string]
    return { type, name }
  })
}

function referencedBy(struct: StructName): StructName[] {
  const direct = fieldsOf(struct)
    .map(({ type }) => baseOf(type))
    .filter(isStruct)
  return [...new Set([...direct, ...direct.flatMap(referencedBy)])].sort()
}

const FIELDS = new Map<StructName, readonly Field[]>()
const ENCODED = new Map<StructName, Uint8Array>()
for (const struct of Object.keys(STRUCTS) as StructName[]) {
  FIELDS.set(struct, fieldsOf(struct))
  const parts = [struct, ...referencedBy(struct)].map((name) => `${name}(${STRUCTS[name]})`)
  ENCODED.set(struct, utf8(parts.join('')))
}

const typeHashes = new Map<StructName, Hash>()

/** Of a struct's own text, so the same for ever: hashed at the first use. */
export function typeHash(struct: StructName, p: Primitives): Hash {
  const known = typeHashes.get(struct)
  if (known != null) return known
  const made = hash(p.keccak256(ENCODED.get(struct) as Uint8Array))
  typeHashes.set(struct, made)
  return made
}

/**
 * EIP-712's hashStruct. The message's names are the struct's own.
 * @throws InvalidParametersError if a value does not fit its type, an integer passes 2^53-1 (it
 *   could not travel, SECURITY.md §15), or a list has more than 64 items
 */
export function hashStruct(struct: StructName, message: object, p: Primitives): Hash {
  return hash(p.keccak256(typeHash(struct, p), ...structWords(struct, message, p)))
}

/** What hashStruct hashes after the type hash: one word a field. @throws as hashStruct */
export function structWords(
  struct: StructName,
  message: object,
  p: Primitives
): readonly Uint8Array[] {
  const values = message as Readonly<Record<string, unknown>>
  return (FIELDS.get(struct) as readonly Field[]).map(({ type, name }) =>
    wordOf(type, values[name], `${struct}.${name}`, p)
  )
}

function wordOf(type: string, value: unknown, name: string, p: Primitives): Uint8Array {
  if (type.endsWith('[]')) {
    if (!Array.isArray(value) || value.length > ITEMS_PER_SIGNATURE) {
      throw new InvalidParametersError(`"${name}" expected at most ${ITEMS_PER_SIGNATURE} items`)
    }
    return p.keccak256(...value.map((item) => wordOf(baseOf(type), item, name, p)))
  }
  if (isStruct(type)) return hashStruct(type, value as object, p)
  if (type === 'bytes32') return assertBytes(value, 32, name)
  if (type === 'address') return leftPad(assertBytes(value, ADDRESS_BYTES, name))
  if (type === 'bytes') return p.keccak256(value as Uint8Array)
  return leftPad(uintBe(value as number, Number(type.slice('uint'.length)) / 8))
}

/** A value as the 32-byte word of Solidity's abi.encode. */
export const leftPad = (bytes: Uint8Array): Uint8Array =>
  concat(new Uint8Array(32 - bytes.byteLength), bytes)

const DOMAIN = 'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'

/** The digest that is signed: 0x1901 ‖ domain separator ‖ hashStruct. */
export function digestFor(
  deployment: Pick<Deployment, 'chainId'>,
  verifyingContract: Uint8Array,
  structHash: Hash,
  p: Primitives
): Hash {
  const separator = p.keccak256(
    p.keccak256(utf8(DOMAIN)),
    p.keccak256(utf8('Keyward')),
    p.keccak256(utf8('1')),
    leftPad(uintBe(deployment.chainId, 8)),
    leftPad(verifyingContract)
  )
  return hash(p.keccak256(Uint8Array.of(0x19, 0x01), separator, structHash))
}
