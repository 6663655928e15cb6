/**
 * The words that the gate reads from the contracts: where each is stored and what its bits mean
 * (SECURITY.md §7). A decoder gives undefined for a word with an unused bit set or an unknown
 * status, and status 0 for an absent one.
 * @module
 */
import { u32be, wordBytes } from './bytes.ts'
import { leftPad } from './eip712.ts'
import { InvalidParametersError } from './errors.ts'
import { type Address, address, type GrantId, type Hash, hash } from './ids.ts'
import { WORDS_DECODED } from './limits.ts'
import type { Primitives } from './primitives.ts'

/** `slot` is the whole storage key: keccak256(abi(key, base slot)). */
export interface StorageRef<Contract extends string> {
  readonly contract: Contract
  readonly slot: Hash
  /** What the contract's event `Changed` names the word by; words without one change unannounced. */
  readonly key?: Hash
}

/** The slot of a mapping's key, which is also what its event names. */
export const ref = <const Contract extends string>(
  contract: Contract,
  base: number,
  key: Uint8Array,
  p: Primitives
): StorageRef<Contract> => ({
  contract,
  slot: hash(p.keccak256(leftPad(key), leftPad(u32be(base)))),
  key: hash(leftPad(key))
})

/** A word beside another one, whose event speaks for both. */
const silent = <Contract extends string>(
  contract: Contract,
  base: number,
  key: Uint8Array,
  p: Primitives
): StorageRef<Contract> => ({ contract, slot: ref(contract, base, key, p).slot })

export const grantSlot = (id: GrantId, p: Primitives) => ref('grants', 0, id, p)
export const ownerSlot = (owner: Address, p: Primitives) => ref('grants', 1, owner, p)
/** `key` is recordKey of core/grant.ts. */
export const recordSlot = (key: Hash, p: Primitives) => ref('records', 0, key, p)
export const anchorSlot = (key: Hash, p: Primitives) => silent('records', 1, key, p)
export const verdictSlot = (key: Hash, org: number, p: Primitives) =>
  ref('records', 2, p.keccak256(key, leftPad(u32be(org))), p)
export const accountSlot = (account: Address, p: Primitives) => ref('directory', 0, account, p)
export const organisationSlot = (org: number, p: Primitives) => ref('directory', 1, u32be(org), p)
export const memberSlot = (group: Hash, account: Address, p: Primitives) =>
  ref('directory', 2, p.keccak256(group, leftPad(account)), p)
export const wishSlot = (owner: Address, p: Primitives) => ref('emergency', 0, owner, p)
/** `notice` is made as a grant's id, of the same owner and opening. */
export const noticeSlot = (notice: Uint8Array, p: Primitives) => ref('emergency', 1, notice, p)
export const reviewSlot = (notice: Uint8Array, p: Primitives) =>
  ref('emergency', 2, p.keccak256(notice), p)
export const outcomeSlot = (notice: Uint8Array, p: Primitives) => silent('emergency', 3, notice, p)
/** The Merkle root over a log's links; `logSlot` says how many they are. */
export const rootSlot = (writer: Address, logTag: Hash, p: Primitives) =>
  silent('audit', 0, p.keccak256(leftPad(writer), logTag), p)
export const logSlot = (writer: Address, logTag: Hash, p: Primitives) =>
  ref('audit', 1, p.keccak256(leftPad(writer), logTag), p)

export const guardianshipSlot = (ward: Address, guardian: Address, p: Primitives) =>
  ref('guardians', 0, p.keccak256(leftPad(ward), leftPad(guardian)), p)
export const planSlot = (account: Address, p: Primitives) => ref('guardians', 1, account, p)
export const planHashSlot = (account: Address, p: Primitives) => silent('guardians', 2, account, p)
/** Its event has a key of its own, since a plan's is the account. */
export const recoverySlot = (account: Address, p: Primitives) => ({
  ...ref('guardians', 3, account, p),
  key: hash(p.keccak256(leftPad(account)))
})
/** Whom the last recovery proposes: an address, as a word. */
export const candidateSlot = (account: Address, p: Primitives) => silent('guardians', 4, account, p)
export const successorSlot = (account: Address, p: Primitives) => silent('guardians', 5, account, p)

// ---- what is in them

type Fields = Readonly<Record<string, readonly [offset: number, bits: number]>>
type Word<F extends Fields> = { readonly [K in keyof F]: number }

interface Layout<W> {
  /** Undefined: unused bits set, unknown status, or a number past 2^53-1. */
  decode(word: bigint): W | undefined
  /** @throws InvalidParametersError if a field does not fit */
  encode(word: W): bigint
}

/** `first` names the field that holds the status; `known` are its values beside 0, absent. */
function layout<const F extends Fields>(
  fields: F,
  first: keyof F & string,
  known: readonly number[]
): Layout<Word<F>> {
  const entries = Object.entries(fields)
  const used = entries.reduce(
    (mask, [, [at, bits]]) => mask | (((1n << BigInt(bits)) - 1n) << BigInt(at)),
    0n
  )
  const read = (word: bigint, [at, bits]: readonly [number, number]): number =>
    Number(BigInt.asUintN(bits, word >> BigInt(at)))
  const parse = (word: bigint): Word<F> | undefined => {
    if (word < 0n || (word & ~used) !== 0n) return undefined
    const out = Object.fromEntries(entries.map(([name, range]) => [name, read(word, range)]))
    const standing = word === 0n || known.includes(out[first] as number)
    return standing && Object.values(out).every(Number.isSafeInteger)
      ? Object.freeze(out as Word<F>)
      : undefined
  }
  // one head's words are decoded for every request of it, and big numbers are slow
  const decoded = new Map<bigint, Word<F> | undefined>()
  return {
    decode(word) {
      const found = decoded.get(word)
      if (found !== undefined) return found
      const made = parse(word)
      const [oldest] = decoded.keys()
      if (decoded.size >= WORDS_DECODED && oldest !== undefined) decoded.delete(oldest)
      decoded.set(word, made)
      return made
    },
    encode(word) {
      let out = 0n
      for (const [name, [at, bits]] of entries) {
        const value = word[name] as number
        if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** bits) {
          throw new InvalidParametersError(`"${name}" expected ${bits} bits, got ${value}`)
        }
        out |= BigInt(value) << BigInt(at)
      }
      return out
    }
  }
}

export const GrantStatus = { ACTIVE: 1, REVOKED: 2 } as const
export const OwnerStatus = { OPEN: 1 } as const
export const RecordStatus = {
  STORED: 1,
  ATTESTED: 2,
  REJECTED: 3,
  SUPERSEDED: 4,
  ERASED: 5
} as const
export const Verdict = { CONFIRMED: 1, REJECTED: 2, WITHDRAWN: 3 } as const
export const AccountStatus = { OPEN: 1, SUSPENDED: 2 } as const
export const OrganisationStatus = { ACTIVE: 1, SUSPENDED: 2 } as const
export const MemberStatus = { MEMBER: 1 } as const
/** The patient's wish about emergencies. */
export const EmergencyWish = { YES: 1, ONLY_IN_EMERGENCY: 2, NEVER: 3 } as const
export const NoticeStatus = { GIVEN: 1 } as const
export const ReviewStatus = { OPEN: 1, DONE: 2 } as const
/** What a guardian may sign for her ward; opting in and out takes GRANT and REVOKE. */
export const GuardianRight = { GRANT: 1, REVOKE: 2, WISH: 4 } as const
export const GUARDIAN_RIGHTS_ALL = 7
export const GuardianshipStatus = { STANDING: 1, ENDED: 2 } as const
export const RecoveryStatus = { PENDING: 1, VETOED: 2, DONE: 3 } as const
/** Marks a notice, so that no reader takes it for a grant. */
export const NOTICE_FLAG = 1
export const Role = {
  CUSTODIAN: 1,
  CLINICIAN: 2,
  ATTESTER: 4,
  RELAYER: 8,
  ADMIN: 16,
  RESEARCHER: 32
} as const

const grant = layout(
  {
    status: [0, 8],
    epoch: [8, 32],
    version: [40, 64],
    changedAt: [104, 40],
    changedBlock: [152, 48]
  },
  'status',
  Object.values(GrantStatus)
)
const owner = layout(
  {
    status: [0, 8],
    epoch: [8, 32],
    changedAt: [40, 40],
    optOut: [80, 32],
    optOutVersion: [112, 32]
  },
  'status',
  Object.values(OwnerStatus)
)
const record = layout(
  {
    status: [0, 8],
    shareEpoch: [8, 32],
    changedAt: [40, 40],
    confirmed: [80, 16],
    rejected: [96, 16],
    quorum: [112, 8],
    barredOrg: [120, 32]
  },
  'status',
  Object.values(RecordStatus)
)
const account = layout(
  { status: [0, 8], bindingEpoch: [8, 32], org: [40, 32], roles: [72, 16], changedAt: [88, 40] },
  'status',
  Object.values(AccountStatus)
)
const organisation = layout(
  { status: [0, 8], changedAt: [8, 40] },
  'status',
  Object.values(OrganisationStatus)
)
const member = layout({ status: [0, 8], changedAt: [8, 40] }, 'status', Object.values(MemberStatus))
const wish = layout(
  { wish: [0, 8], version: [8, 64], changedAt: [72, 40] },
  'wish',
  Object.values(EmergencyWish)
)
const notice = layout(
  {
    status: [0, 8],
    epoch: [8, 32],
    version: [40, 64],
    changedAt: [104, 40],
    flags: [144, 8],
    changedBlock: [152, 48]
  },
  'status',
  Object.values(NoticeStatus)
)
/** `org1` to `org5`: of the clinicians who signed, 0 where fewer did. */
const review = layout(
  {
    status: [0, 8],
    changedAt: [8, 40],
    dueAt: [48, 40],
    org1: [88, 32],
    org2: [120, 32],
    org3: [152, 32],
    org4: [184, 32],
    org5: [216, 32]
  },
  'status',
  Object.values(ReviewStatus)
)
const guardianship = layout(
  {
    status: [0, 8],
    rights: [8, 16],
    epoch: [24, 32],
    version: [56, 32],
    until: [88, 40],
    changedAt: [128, 40]
  },
  'status',
  Object.values(GuardianshipStatus)
)
const recovery = layout(
  {
    status: [0, 8],
    round: [8, 32],
    readyAt: [40, 40],
    bindingEpoch: [80, 32],
    changedAt: [112, 40]
  },
  'status',
  Object.values(RecoveryStatus)
)

type WordOf<L> = L extends Layout<infer W> ? W : never
export type GrantWord = WordOf<typeof grant>
export type OwnerWord = WordOf<typeof owner>
export type RecordWord = WordOf<typeof record>
export type AccountWord = WordOf<typeof account>
export type OrganisationWord = WordOf<typeof organisation>
export type MemberWord = WordOf<typeof member>
export type WishWord = WordOf<typeof wish>
export type NoticeWord = WordOf<typeof notice>
export type ReviewWord = WordOf<typeof review>

export const decodeGrantWord = grant.decode
export const decodeOwnerWord = owner.decode
export const decodeRecordWord = record.decode
export const decodeAccountWord = account.decode
export const decodeOrganisationWord = organisation.decode
export const decodeMemberWord = member.decode
export const decodeWishWord = wish.decode
export const decodeReviewWord = review.decode
export const decodeGuardianshipWord = guardianship.decode
export const decodeRecoveryWord = recovery.decode

export const encodeGrantWord = grant.encode
export const encodeOwnerWord = owner.encode
export const encodeRecordWord = record.encode
export const encodeAccountWord = account.encode
export const encodeOrganisationWord = organisation.encode
export const encodeMemberWord = member.encode
export const encodeWishWord = wish.encode
export const encodeNoticeWord = notice.encode
export const encodeReviewWord = review.encode
export const encodeGuardianshipWord = guardianship.encode
export const encodeRecoveryWord = recovery.encode

/** Undefined for a word without the flag too: a grant is no notice. */
export function decodeNoticeWord(word: bigint): NoticeWord | undefined {
  const decoded = notice.decode(word)
  return word === 0n || decoded?.flags === NOTICE_FLAG ? decoded : undefined
}

/** How far a log is anchored. It has no status: a log that was never anchored has toSeq 0. */
export function decodeLogWord(
  word: bigint
): { readonly toSeq: number; readonly changedAt: number } | undefined {
  const toSeq = BigInt.asUintN(64, word)
  const isWhole = word >> 104n === 0n && toSeq <= BigInt(Number.MAX_SAFE_INTEGER)
  return isWhole ? { toSeq: Number(toSeq), changedAt: Number(word >> 64n) } : undefined
}

/** An account's plan for its recovery. It has no status: without one the version is 0. */
export function decodePlanWord(
  word: bigint
):
  | { readonly version: number; readonly delaySeconds: number; readonly changedAt: number }
  | undefined {
  if (word >> 104n !== 0n) return undefined
  const version = Number(BigInt.asUintN(32, word))
  const delaySeconds = Number(BigInt.asUintN(32, word >> 32n))
  return { version, delaySeconds, changedAt: Number(word >> 64n) }
}

export const encodePlanWord = (plan: {
  readonly version: number
  readonly delaySeconds: number
  readonly changedAt: number
}): bigint =>
  BigInt(plan.version) | (BigInt(plan.delaySeconds) << 32n) | (BigInt(plan.changedAt) << 64n)

/** The address that fills a word; undefined for zero, and for a word that is none. */
export function decodeAddressWord(word: bigint): Address | undefined {
  if (word <= 0n || word >> 160n !== 0n) return undefined
  return address(wordBytes(word).subarray(12))
}

/** An organisation's verdict; the attester's address is 160 bits, so it has no place above. */
export function decodeVerdictWord(
  word: bigint
):
  | { readonly verdict: number; readonly changedAt: number; readonly attester: Address }
  | undefined {
  const verdict = Number(BigInt.asUintN(8, word))
  const changedAt = Number(BigInt.asUintN(40, word >> 40n))
  const attester = BigInt.asUintN(160, word >> 80n)
  const again = BigInt(verdict) | (BigInt(changedAt) << 40n) | (attester << 80n)
  const known = word === 0n || Object.values<number>(Verdict).includes(verdict)
  if (again !== word || !known) return undefined
  return { verdict, changedAt, attester: address(wordBytes(attester).subarray(12)) }
}
