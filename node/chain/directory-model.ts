/**
 * What Directory does, in TypeScript: accounts, organisations, groups and votes (IDirectory.sol).
 * Part of contract-model.ts, and held to the Solidity by the same compliance suite.
 * @module
 */
import { equalBytes, isZero } from '../../core/bytes.ts'
import type { Deployment } from '../../core/deployment.ts'
import {
  type ConsentWord,
  consentSlot,
  decodeConsentWord,
  decodeVoterSet,
  decodeVotes,
  encodeConsentWord,
  encodeVoterSet,
  encodeVotes,
  groupId,
  type Proposal,
  ProposalKind,
  proposalId,
  removedSlot,
  type VoterSet,
  votedSlot,
  voterSetSlot,
  votesSlot
} from '../../core/directory-words.ts'
import type { Address, Hash } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import { type Membership, recoverTyped } from '../../core/typed-data.ts'
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
import type { DirectoryCall, Seat } from './contract-calls.ts'
import { demand, type ModelBlock, type ModelState } from './model-state.ts'

const ALL_ROLES = Object.values(Role).reduce<number>((all, role) => all | role, 0)

export class DirectoryModel {
  readonly #state: ModelState
  readonly #deployment: Deployment
  readonly #p: Primitives

  constructor(state: ModelState, deployment: Deployment, p: Primitives) {
    this.#state = state
    this.#deployment = deployment
    this.#p = p
    this.#setVoters({ number: 1, voters: 0, quorum: 0 })
  }

  /** The constructor's work. */
  found(founders: readonly { org: number; admin: Address }[], quorum: number, block: ModelBlock) {
    for (const { org, admin } of founders) {
      this.#setOrganisation(org, OrganisationStatus.ACTIVE, block)
      this.#setAccount(admin, AccountStatus.OPEN, 1, org, Role.ADMIN, block)
    }
    this.#setVoters({ number: 1, voters: founders.length, quorum })
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
      case 'Consent': {
        const { org: organisation, roles, version, deadline } = call
        this.consent({ account: from, organisation, roles, version, deadline }, block)
        break
      }
      case 'Enrol':
        this.#enrol(call.account, this.#adminOrg(from), call.roles, block)
        break
      case 'EnrolBySig': {
        const org = this.#adminOrg(from)
        const consent = { ...call.consent, organisation: org }
        const { account, roles } = consent
        demand(!isZero(account), 'TypedMessagesZeroSigner')
        const signer = recoverTyped(
          this.#deployment,
          'Membership',
          consent,
          call.consentSig,
          this.#p
        )
        demand(signer != null && equalBytes(signer, account), 'TypedMessagesBadSignature')
        this.consent(consent, block)
        this.#enrol(account, org, roles, block)
        break
      }
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
        demand(this.#isRemoved(call.org), 'DirectoryNotRemoved')
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

  voterSet(): VoterSet {
    return decodeVoterSet(this.#state.word(voterSetSlot))
  }

  /** What an account consented to last. */
  consentOf(account: Address): ConsentWord {
    return decodeConsentWord(this.#state.word(consentSlot(account, this.#p)))
  }

  #isRemoved(org: number): boolean {
    return this.#state.word(removedSlot(org, this.#p)) !== 0n
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

  consent(message: Membership, block: ModelBlock): void {
    const { account, organisation: org, roles, version, deadline } = message
    demand(block.timeSeconds <= deadline, 'TypedMessagesExpired')
    demand((roles & ~(org === 0 ? 0 : ALL_ROLES)) === 0, 'DirectoryBadRoles')
    const word = this.#open(account)
    demand(version === this.consentOf(account).version + 1, 'DirectoryStaleConsent')
    this.#setConsent(account, { org, roles, version })
    if (org === 0 && word.org !== 0) {
      this.#setAccount(account, AccountStatus.OPEN, word.bindingEpoch, 0, 0, block)
    }
  }

  #enrol(account: Address, org: number, roles: number, block: ModelBlock): void {
    const word = this.#open(account)
    const given = this.consentOf(account)
    demand(given.org === org && given.roles === roles, 'DirectoryNoConsent')
    this.#setConsent(account, { ...given, org: 0, roles: 0 })
    this.#setAccount(account, AccountStatus.OPEN, word.bindingEpoch, org, roles, block)
  }

  #setConsent(account: Address, word: ConsentWord): void {
    this.#state.setWord(consentSlot(account, this.#p), encodeConsentWord(word))
  }

  // ---- votes

  #vote(proposal: Proposal, from: Address, block: ModelBlock): void {
    const org = this.#adminOrg(from)
    demand(block.timeSeconds <= proposal.deadline, 'TypedMessagesExpired')
    const { number, quorum } = this.voterSet()
    demand(proposal.voterSet === number, 'DirectoryWrongVoterSet')
    const id = proposalId(proposal, this.#p)
    const votes = decodeVotes(this.#state.word(votesSlot(id, this.#p)))
    demand(votes !== 'done', 'DirectoryAlreadyDone')
    const voted = votedSlot(id, org, this.#p)
    demand(this.#state.word(voted) === 0n, 'DirectoryAlreadyVoted')
    this.#state.setWord(voted, 1n)
    const carried = votes + 1 >= quorum
    this.#state.setWord(votesSlot(id, this.#p), encodeVotes(carried ? 'done' : votes + 1))
    if (carried) this.#carryOut(proposal, block)
  }

  #carryOut(proposal: Proposal, block: ModelBlock): void {
    const { kind, org, account, quorum } = proposal
    const status = this.#orgStatus(org)
    demand(this.#fits(proposal, status), 'DirectoryBadProposal')
    const before = this.voterSet()
    let { voters } = before
    if (kind === ProposalKind.SUSPEND_ACCOUNT) {
      this.#suspend(account, this.account(account), block)
    } else if (kind === ProposalKind.APPOINT) {
      this.#appoint(account, org, block)
    } else if (kind === ProposalKind.REMOVE) {
      this.#state.setWord(removedSlot(org, this.#p), 1n)
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
    if (voters === before.voters && quorum === before.quorum) return
    this.#setVoters({ number: before.number + 1, voters, quorum })
  }

  #fits(proposal: Proposal, status: number): boolean {
    const { kind, org, account } = proposal
    const named = !isZero(account)
    switch (kind) {
      case ProposalKind.ADMIT:
        return org !== 0 && status === 0 && named && !this.#isRemoved(org)
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
    const { roles } = this.consentOf(account)
    this.#enrol(account, org, roles | Role.ADMIN, block)
  }

  // ---- what is written

  #setVoters(set: VoterSet): void {
    this.#state.setWord(voterSetSlot, encodeVoterSet(set))
  }

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
