/**
 * What Directory does, in TypeScript: accounts, organisations, groups and votes (IDirectory.sol).
 * Part of contract-model.ts, and held to the Solidity by the same compliance suite.
 * @module
 */
import { concat, isZero, toHex, u8, u32be, uintBe } from '../../core/bytes.ts'
import { leftPad } from '../../core/eip712.ts'
import { type Address, type Hash, hash } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import {
  AccountStatus,
  type AccountWord,
  accountSlot,
  decodeAccountWord,
  decodeOrganisationWord,
  encodeAccountWord,
  encodeMemberWord,
  encodeOrganisationWord,
  MemberStatus,
  memberSlot,
  OrganisationStatus,
  organisationSlot,
  Role
} from '../../core/words.ts'
import { type DirectoryCall, type Proposal, ProposalKind, type Seat } from './contract-calls.ts'
import { demand, type ModelBlock, type ModelState } from './model-state.ts'

const ALL_ROLES = Object.values(Role).reduce<number>((all, role) => all | role, 0)

/** keccak256(abi(org, salt)): nobody can take another organisation's group. */
export const groupId = (org: number, salt: Hash, p: Pick<Primitives, 'keccak256'>): Hash =>
  hash(p.keccak256(leftPad(u32be(org)), salt))

export class DirectoryModel {
  readonly #state: ModelState
  readonly #p: Primitives

  constructor(state: ModelState, p: Primitives) {
    this.#state = state
    this.#p = p
    state.setOther('voterSet', 1)
  }

  /** The constructor's work. */
  found(founders: readonly { org: number; admin: Address }[], quorum: number, block: ModelBlock) {
    for (const { org, admin } of founders) {
      this.#setOrganisation(org, OrganisationStatus.ACTIVE, block)
      this.#setAccount(admin, AccountStatus.OPEN, 1, org, Role.ADMIN, block)
    }
    this.#state.setOther('voters', founders.length)
    this.#state.setOther('quorum', quorum)
  }

  /** Puts an account into an organisation without consent or votes; no contract can. */
  seat(seat: Seat, block: ModelBlock): void {
    const { account, org, roles, bindingEpoch } = seat
    if (org !== 0 && !this.isActive(org)) {
      this.#setOrganisation(org, OrganisationStatus.ACTIVE, block)
    }
    this.#setAccount(account, AccountStatus.OPEN, bindingEpoch, org, roles, block)
  }

  run(call: DirectoryCall, from: Address, block: ModelBlock): void {
    switch (call.type) {
      case 'Consent':
        this.#consent(from, call, block)
        break
      case 'Enrol':
        this.#enrol(call.account, this.#adminOrg(from), call.roles, block)
        break
      case 'Restrict': {
        const { status, bindingEpoch, org, roles } = this.#ownMember(from, call.account)
        demand((call.roles & ~roles) === 0, 'DirectoryBadRoles')
        this.#setAccount(call.account, status, bindingEpoch, org, call.roles, block)
        break
      }
      case 'Dismiss': {
        const { status, bindingEpoch } = this.#ownMember(from, call.account)
        demand(status === AccountStatus.OPEN, 'DirectoryNotOpen')
        this.#setAccount(call.account, status, bindingEpoch, 0, 0, block)
        break
      }
      case 'Suspend':
        this.#suspend(call.account, this.#ownMember(from, call.account), block)
        break
      case 'Reinstate': {
        const word = this.#ownMember(from, call.account)
        demand(word.status === AccountStatus.SUSPENDED, 'DirectoryNotSuspended')
        this.#setStatus(call.account, word, AccountStatus.OPEN, block)
        break
      }
      case 'SetGroupMember': {
        demand(!isZero(call.salt) && !isZero(call.account), 'DirectoryZeroId')
        const group = groupId(this.#adminOrg(from), call.salt, this.#p)
        this.#setMember(group, call.account, call.member, block)
        break
      }
      case 'ClearGroupMember': {
        demand(this.#state.other(`removed ${call.org}`) === 1, 'DirectoryNotRemoved')
        this.#setMember(groupId(call.org, call.salt, this.#p), call.account, false, block)
        break
      }
      case 'Vote':
        this.#vote(call.proposal, from, block)
        break
    }
  }

  bind(account: Address, bindingEpoch: number, block: ModelBlock): void {
    const word = this.account(account)
    demand(bindingEpoch > word.bindingEpoch, 'DirectoryStaleBindingEpoch')
    const status = word.status === 0 ? AccountStatus.OPEN : word.status
    this.#setAccount(account, status, bindingEpoch, word.org, word.roles, block)
  }

  // ---- what is read

  account(account: Address): AccountWord {
    return decodeAccountWord(this.#state.word(accountSlot(account, this.#p))) as AccountWord
  }

  isActive(org: number): boolean {
    return this.#orgStatus(org) === OrganisationStatus.ACTIVE
  }

  isSuspended(account: Address): boolean {
    return this.account(account).status === AccountStatus.SUSPENDED
  }

  /** The organisation of an open account that holds a role in an active one. */
  activeMember(account: Address, role: number): number | undefined {
    const { status, org, roles } = this.account(account)
    const holds = status === AccountStatus.OPEN && (roles & role) !== 0
    return holds && this.isActive(org) ? org : undefined
  }

  voterSet(): { readonly number: number; readonly voters: number; readonly quorum: number } {
    return {
      number: this.#state.other('voterSet'),
      voters: this.#state.other('voters'),
      quorum: this.#state.other('quorum')
    }
  }

  #orgStatus(org: number): number {
    return decodeOrganisationWord(this.#state.word(organisationSlot(org, this.#p)))?.status ?? 0
  }

  #adminOrg(from: Address): number {
    const org = this.activeMember(from, Role.ADMIN)
    demand(org != null, 'DirectoryNotAdmin')
    return org
  }

  #ownMember(from: Address, account: Address): AccountWord {
    const org = this.#adminOrg(from)
    const word = this.account(account)
    demand(word.org === org, 'DirectoryOtherOrganisation')
    return word
  }

  #open(account: Address): AccountWord {
    const word = this.account(account)
    demand(word.status === AccountStatus.OPEN, 'DirectoryNotOpen')
    return word
  }

  // ---- joining

  #consent(from: Address, call: DirectoryCall & { type: 'Consent' }, block: ModelBlock): void {
    const { org, roles, version, deadline } = call
    demand(block.timeSeconds <= deadline, 'TypedMessagesExpired')
    demand((roles & ~(org === 0 ? 0 : ALL_ROLES)) === 0, 'DirectoryBadRoles')
    const word = this.#open(from)
    const who = toHex(from)
    const stored = this.#state.other(`consent version ${who}`)
    demand(version === stored + 1, 'DirectoryStaleConsent')
    this.#setConsent(who, org, roles, version)
    if (org === 0 && word.org !== 0) {
      this.#setAccount(from, AccountStatus.OPEN, word.bindingEpoch, 0, 0, block)
    }
  }

  #enrol(account: Address, org: number, roles: number, block: ModelBlock): void {
    const word = this.#open(account)
    const who = toHex(account)
    const given =
      this.#state.other(`consent org ${who}`) === org &&
      this.#state.other(`consent roles ${who}`) === roles
    demand(given, 'DirectoryNoConsent')
    this.#setConsent(who, 0, 0, this.#state.other(`consent version ${who}`))
    this.#setAccount(account, AccountStatus.OPEN, word.bindingEpoch, org, roles, block)
  }

  #setConsent(who: string, org: number, roles: number, version: number): void {
    this.#state.setOther(`consent org ${who}`, org)
    this.#state.setOther(`consent roles ${who}`, roles)
    this.#state.setOther(`consent version ${who}`, version)
  }

  // ---- votes

  #vote(proposal: Proposal, from: Address, block: ModelBlock): void {
    const org = this.#adminOrg(from)
    demand(block.timeSeconds <= proposal.deadline, 'TypedMessagesExpired')
    demand(proposal.voterSet === this.#state.other('voterSet'), 'DirectoryWrongVoterSet')
    const id = toHex(proposalBytes(proposal))
    demand(this.#state.other(`done ${id}`) === 0, 'DirectoryAlreadyDone')
    demand(this.#state.other(`voted ${id} ${org}`) === 0, 'DirectoryAlreadyVoted')
    this.#state.setOther(`voted ${id} ${org}`, 1)
    const count = this.#state.other(`votes ${id}`) + 1
    this.#state.setOther(`votes ${id}`, count)
    if (count < this.#state.other('quorum')) return
    this.#state.setOther(`done ${id}`, 1)
    this.#carryOut(proposal, block)
  }

  #carryOut(proposal: Proposal, block: ModelBlock): void {
    const { kind, org, account, quorum } = proposal
    const status = this.#orgStatus(org)
    demand(this.#fits(proposal, status), 'DirectoryBadProposal')
    const before = this.#state.other('voters')
    let voters = before
    if (kind === ProposalKind.SUSPEND_ACCOUNT) {
      this.#suspend(account, this.account(account), block)
    } else if (kind === ProposalKind.APPOINT) {
      this.#appoint(account, org, block)
    } else if (kind === ProposalKind.REMOVE) {
      this.#state.setOther(`removed ${org}`, 1)
      if (status === OrganisationStatus.ACTIVE) voters--
      this.#state.setWord(organisationSlot(org, this.#p), 0n)
    } else if (kind === ProposalKind.SUSPEND) {
      voters--
      this.#setOrganisation(org, OrganisationStatus.SUSPENDED, block)
    } else {
      voters++
      this.#setOrganisation(org, OrganisationStatus.ACTIVE, block)
      if (kind === ProposalKind.ADMIT) this.#appoint(account, org, block)
    }
    demand(quorum <= voters && quorum * 2 > voters, 'DirectoryBadQuorum')
    if (voters === before && quorum === this.#state.other('quorum')) return
    this.#state.setOther('voterSet', this.#state.other('voterSet') + 1)
    this.#state.setOther('voters', voters)
    this.#state.setOther('quorum', quorum)
  }

  #fits(proposal: Proposal, status: number): boolean {
    const { kind, org, account } = proposal
    const named = !isZero(account)
    switch (kind) {
      case ProposalKind.ADMIT:
        return org !== 0 && status === 0 && named && this.#state.other(`removed ${org}`) === 0
      case ProposalKind.SUSPEND:
        return status === OrganisationStatus.ACTIVE && !named
      case ProposalKind.REINSTATE:
        return status === OrganisationStatus.SUSPENDED && !named
      case ProposalKind.REMOVE:
        return status !== 0 && !named
      case ProposalKind.APPOINT:
        return status !== 0 && named
      case ProposalKind.SUSPEND_ACCOUNT:
        return status !== 0 && named && this.account(account).org === org
      default:
        return false
    }
  }

  #appoint(account: Address, org: number, block: ModelBlock): void {
    const roles = this.#state.other(`consent roles ${toHex(account)}`)
    this.#enrol(account, org, roles | Role.ADMIN, block)
  }

  // ---- what is written

  #suspend(account: Address, word: AccountWord, block: ModelBlock): void {
    demand(word.status === AccountStatus.OPEN, 'DirectoryNotOpen')
    this.#setStatus(account, word, AccountStatus.SUSPENDED, block)
  }

  #setStatus(account: Address, word: AccountWord, status: number, block: ModelBlock): void {
    this.#setAccount(account, status, word.bindingEpoch, word.org, word.roles, block)
  }

  #setAccount(
    account: Address,
    status: number,
    bindingEpoch: number,
    org: number,
    roles: number,
    block: ModelBlock
  ): void {
    const changedAt = block.timeSeconds
    this.#state.setWord(
      accountSlot(account, this.#p),
      encodeAccountWord({ status, bindingEpoch, org, roles, changedAt })
    )
  }

  #setOrganisation(org: number, status: number, block: ModelBlock): void {
    const word = encodeOrganisationWord({ status, changedAt: block.timeSeconds })
    this.#state.setWord(organisationSlot(org, this.#p), word)
  }

  #setMember(group: Hash, account: Address, member: boolean, block: ModelBlock): void {
    const ref = memberSlot(group, account, this.#p)
    demand((this.#state.word(ref) !== 0n) !== member, 'DirectoryMemberUnchanged')
    const changedAt = block.timeSeconds
    const word = encodeMemberWord({ status: MemberStatus.MEMBER, changedAt })
    this.#state.setWord(ref, member ? word : 0n)
  }
}

const proposalBytes = (proposal: Proposal): Uint8Array => {
  const { voterSet, kind, org, account, quorum, deadline } = proposal
  const numbers = [u32be(voterSet), u8(kind), u32be(org), u32be(quorum), uintBe(deadline, 8)]
  return concat(...numbers, account)
}
