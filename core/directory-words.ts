/**
 * Words of the Directory beside those that the gate reads (words.ts): consents that wait, the set of
 * voters, proposals and their votes. Where each is stored is frozen with the rest of the layout.
 * @module
 */
import { u8, u32be, uintBe } from './bytes.ts'
import { leftPad } from './eip712.ts'
import { type Address, type Hash, hash } from './ids.ts'
import type { Primitives } from './primitives.ts'
import { ref, type StorageRef } from './words.ts'

type Keccak = Pick<Primitives, 'keccak256'>

/** keccak256(abi(org, salt)): nobody can take another organisation's group. */
export const groupId = (org: number, salt: Hash, p: Keccak): Hash =>
  hash(p.keccak256(leftPad(u32be(org)), salt))

/** What organisations vote on; kinds as in IDirectory.vote. */
export interface Proposal {
  readonly voterSet: number
  readonly kind: number
  readonly org: number
  readonly account: Address
  readonly quorum: number
  readonly deadline: number
}

export const ProposalKind = {
  ADMIT: 1,
  SUSPEND: 2,
  REINSTATE: 3,
  REMOVE: 4,
  APPOINT: 5,
  SUSPEND_ACCOUNT: 6
} as const

export function proposalId(proposal: Proposal, p: Keccak): Hash {
  const { voterSet, kind, org, account, quorum, deadline } = proposal
  const fields = [u32be(voterSet), u8(kind), u32be(org), account, u32be(quorum)]
  return hash(p.keccak256(...[...fields, uintBe(deadline, 8)].map(leftPad)))
}

// ---- where they are stored

export const consentSlot = (account: Address, p: Primitives) =>
  ref('directory', 3, p.keccak256(leftPad(account)), p)
export const removedSlot = (org: number, p: Primitives) => ref('directory', 4, u32be(org), p)
export const votesSlot = (proposal: Hash, p: Primitives) => ref('directory', 5, proposal, p)
/** A mapping in a mapping: the proposal's slot holds the organisations'. */
export const votedSlot = (proposal: Hash, org: number, p: Primitives): StorageRef<'directory'> => ({
  contract: 'directory',
  slot: hash(p.keccak256(leftPad(u32be(org)), ref('directory', 6, proposal, p).slot))
})
export const voterSetSlot: StorageRef<'directory'> = {
  contract: 'directory',
  slot: hash(leftPad(u8(7)))
}

// ---- what is in them

/** `org` and `roles` are 0 once the consent was used; the version stays. */
export interface ConsentWord {
  readonly org: number
  readonly roles: number
  readonly version: number
}

const bits = (word: bigint, at: bigint, count: number): number =>
  Number(BigInt.asUintN(count, word >> at))

export const decodeConsentWord = (word: bigint): ConsentWord => ({
  org: bits(word, 0n, 32),
  roles: bits(word, 32n, 16),
  version: bits(word, 48n, 32)
})

export const encodeConsentWord = ({ org, roles, version }: ConsentWord): bigint =>
  BigInt(org) | (BigInt(roles) << 32n) | (BigInt(version) << 48n)

/** `quorum` votes of `voters` active organisations carry a proposal that names `number`. */
export interface VoterSet {
  readonly number: number
  readonly voters: number
  readonly quorum: number
}

export const decodeVoterSet = (word: bigint): VoterSet => ({
  number: bits(word, 0n, 32),
  voters: bits(word, 32n, 32),
  quorum: bits(word, 64n, 32)
})

export const encodeVoterSet = ({ number, voters, quorum }: VoterSet): bigint =>
  BigInt(number) | (BigInt(voters) << 32n) | (BigInt(quorum) << 64n)

const VOTES_DONE = 2n ** 256n - 1n

/** How many votes a proposal has, or that it was carried out. */
export const decodeVotes = (word: bigint): number | 'done' =>
  word === VOTES_DONE ? 'done' : Number(word)

export const encodeVotes = (votes: number | 'done'): bigint =>
  votes === 'done' ? VOTES_DONE : BigInt(votes)
