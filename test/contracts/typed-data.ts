/**
 * The typed messages of SECURITY.md §7 as a wallet gets them, written out a second time on purpose:
 * the contracts, core and this page must agree.
 * @module
 */
import { TypedDataEncoder, type TypedDataField } from 'ethers'

const fields = (text: string): TypedDataField[] =>
  text.split(',').map((field) => {
    const [type = '', name = ''] = field.split(' ')
    return { type, name }
  })

const GrantOpening = fields(
  'uint8 granteeKind,bytes32 grantee,bytes32 scope,uint32 verFrom,uint32 verTo,' +
    'uint32 purposes,uint64 notBefore,uint64 notAfter,uint32 budget,uint32 window,bytes32 salt'
)
const GrantItem = fields('GrantOpening opening,uint64 version')
const Revocation = fields('bytes32 openingHash,uint64 version')
const RecordItem = fields(
  'bytes32 recordTag,uint8 status,uint32 shareEpoch,uint8 quorum,uint32 barredOrg,bytes32 anchor'
)
const AnchorItem = fields('bytes32 logTag,bytes32 root,uint64 toSeq')
const CustodyItem = fields('bytes32 recordTag,uint32 shareEpoch,bytes32 custodyHash')

/** Per message the types that it needs, itself first. */
export const MESSAGE_TYPES = {
  GrantOpening: { GrantOpening },
  GrantItem: { GrantItem, GrantOpening },
  Grants: {
    Grants: fields('address owner,GrantItem[] items,uint32 epoch,uint64 deadline'),
    GrantItem,
    GrantOpening
  },
  Revocation: { Revocation },
  Revocations: { Revocations: fields('address owner,Revocation[] items'), Revocation },
  RevokeAll: { RevokeAll: fields('address owner,uint32 epoch') },
  OptOut: { OptOut: fields('address owner,uint32 purposes,uint32 version') },
  RecordItem: { RecordItem },
  Records: { Records: fields('address owner,RecordItem[] items,uint64 deadline'), RecordItem },
  Custody: { Custody: fields('address owner,CustodyItem[] items'), CustodyItem },
  NodeBinding: {
    NodeBinding: fields(
      'address account,bytes peerId,bytes32 kemKeyHash,uint64 validFrom,uint64 validUntil,' +
        'uint32 bindingEpoch'
    )
  },
  BindingEpoch: { BindingEpoch: fields('address account,uint32 bindingEpoch') },
  Membership: {
    Membership: fields(
      'address account,uint32 organisation,uint16 roles,uint32 version,uint64 deadline'
    )
  },
  BreakGlass: {
    BreakGlass: fields('address owner,GrantOpening opening,bytes32 reasonHash,uint32 epoch'),
    GrantOpening
  },
  SubGrant: {
    SubGrant: fields(
      'address owner,bytes32 openingHash,uint64 version,address delegate,bytes32 scope,' +
        'uint32 verFrom,uint32 verTo,uint32 purposes,uint64 notBefore,uint64 notAfter,' +
        'uint32 budget,bytes32 salt'
    )
  },
  HandBack: {
    HandBack: fields('address owner,bytes32 openingHash,address account,bytes32 subGrant')
  },
  Wish: { Wish: fields('address owner,uint8 wish,uint64 version') },
  Review: { Review: fields('address owner,bytes32 openingHash,bytes32 outcomeHash') },
  Guardianship: {
    Guardianship: fields(
      'address ward,address guardian,uint16 rights,uint64 until,uint32 epoch,uint32 version'
    )
  },
  GuardianshipEnd: {
    GuardianshipEnd: fields('address ward,address guardian,uint32 version')
  },
  RecoveryPlan: {
    RecoveryPlan: fields('address account,bytes32 planHash,uint32 delaySeconds,uint32 version')
  },
  Recovery: {
    Recovery: fields('address account,address successor,uint32 planVersion,uint32 round')
  },
  Veto: { Veto: fields('address account,uint32 round') },
  AnchorItem: { AnchorItem },
  Anchors: { Anchors: fields('address writer,AnchorItem[] items'), AnchorItem }
} as const satisfies Record<string, Record<string, TypedDataField[]>>

/** The name of a message. */
export type MessageName = keyof typeof MESSAGE_TYPES

/** The types of one message, as ethers takes them. */
export const messageTypes = (name: MessageName): Record<string, TypedDataField[]> =>
  MESSAGE_TYPES[name]

/** The EIP-712 type string of a message, referenced types included. */
export const typeString = (name: MessageName): string =>
  new TypedDataEncoder(messageTypes(name)).encodeType(name)

/** The EIP-712 struct hash of a message. */
export const hashMessage = (name: MessageName, message: Record<string, unknown>): string =>
  TypedDataEncoder.hashStruct(name, messageTypes(name), message)
