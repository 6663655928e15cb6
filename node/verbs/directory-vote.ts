/**
 * `directory vote …`: what the active organisations decide together. A proposal is a line of text,
 * the same for every voter; it names the set of voters and dies with it (docs/decisions/0014).
 * @module
 */
import { fromHex, isZero, toHex, toHex0x } from '../../core/bytes.ts'
import {
  decodeVotes,
  type Proposal,
  ProposalKind,
  proposalId,
  type VoterSet,
  votedSlot,
  votesSlot
} from '../../core/directory-words.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import { address } from '../../core/ids.ts'
import { ORGANISATIONS_TRIED } from '../../core/limits.ts'
import { decodeOrganisationWord, OrganisationStatus, organisationSlot } from '../../core/words.ts'
import type { Node } from '../node.ts'
import { sendAct } from './act.ts'
import { accountOf, voterSet } from './directory.ts'
import {
  type ProposalResult,
  VOTE_KINDS,
  type VoteForArgs,
  type VoteKind,
  type VoteProposeArgs,
  type VoteResult,
  type VoteStatusArgs,
  type VoteStatusResult
} from './directory-shapes.ts'
import { untilSeconds } from './until.ts'
import type { VerbOptions } from './verb.ts'
import { headWords } from './words.ts'

const VOTE_UNTIL = '14d'
const NOBODY = address(new Uint8Array(20))
const KINDS: Readonly<Record<VoteKind, number>> = {
  admit: ProposalKind.ADMIT,
  suspend: ProposalKind.SUSPEND,
  reinstate: ProposalKind.REINSTATE,
  remove: ProposalKind.REMOVE,
  appoint: ProposalKind.APPOINT,
  'suspend-account': ProposalKind.SUSPEND_ACCOUNT
}
const NAMED: readonly VoteKind[] = ['admit', 'appoint', 'suspend-account']

/** `directory vote admit 5 --account …` and the like: proposes, with the first vote for it. */
export async function propose(
  node: Node,
  args: VoteProposeArgs,
  { signal }: VerbOptions
): Promise<VoteResult> {
  const { kind, org } = args
  if (NAMED.includes(kind) !== (args.account != null)) {
    const expected = NAMED.includes(kind) ? 'an account' : 'none'
    throw new InvalidParametersError(`"account" expected ${expected} to ${kind}`)
  }
  const set = await voterSet(node, signal)
  const after = set.voters + (await change(node, kind, org, signal))
  const proposal: Proposal = {
    voterSet: set.number,
    kind: KINDS[kind],
    org,
    account: args.account == null ? NOBODY : accountOf(node, args.account),
    quorum: args.quorum ?? quorumAfter(set, after),
    deadline: untilSeconds(args.until ?? VOTE_UNTIL, node.clock.nowMs())
  }
  return vote(node, proposal, signal)
}

/** `directory vote for "…"` */
export async function voteFor(
  node: Node,
  args: VoteForArgs,
  { signal }: VerbOptions
): Promise<VoteResult> {
  return vote(node, readProposal(args.proposal), signal)
}

/** `directory vote status`: of one proposal, or of all that this node voted for. */
export async function voteStatus(
  node: Node,
  args: VoteStatusArgs,
  { signal }: VerbOptions
): Promise<VoteStatusResult> {
  const all =
    args.proposal == null
      ? node.ledger.proposals().map(({ proposal }) => readProposal(proposal))
      : [readProposal(args.proposal)]
  const proposals: ProposalResult[] = []
  for (const proposal of all) proposals.push(await statusOf(node, proposal, signal))
  return { proposals }
}

async function vote(node: Node, proposal: Proposal, signal: AbortSignal): Promise<VoteResult> {
  const { block, gasUsed } = await sendAct(node, { type: 'Vote', proposal }, signal)
  const text = proposalText(proposal)
  const known = node.ledger.proposals().some((each) => each.proposal === text)
  if (!known) await node.ledger.record({ t: 'proposal', proposal: text })
  const status = await statusOf(node, proposal, signal, block.number)
  return { ...status, block: block.number, gas: gasUsed }
}

async function statusOf(
  node: Node,
  proposal: Proposal,
  signal: AbortSignal,
  since = 0
): Promise<ProposalResult> {
  const { primitives: p, clock } = node
  const id = proposalId(proposal, p)
  const orgs = Array.from({ length: ORGANISATIONS_TRIED }, (_, i) => i + 1)
  const refs = [votesSlot(id, p), ...orgs.map((org) => votedSlot(id, org, p))]
  const [word = 0n, ...voted] = await headWords(node, refs, signal, since)
  const set = await voterSet(node, signal, since)
  const votes = decodeVotes(word)
  const by = orgs.filter((_, i) => voted[i] !== 0n)
  const isLate = Math.floor(clock.nowMs() / 1_000) > proposal.deadline
  const isDead = set.number !== proposal.voterSet
  return {
    proposal: proposalText(proposal),
    id: toHex(id),
    votes: votes === 'done' ? by.length : votes,
    quorum: set.quorum,
    state: votes === 'done' ? 'carried out' : isDead ? 'dead' : isLate ? 'expired' : 'open',
    voted: by
  }
}

/** How many voters more there are once it is carried out. */
async function change(
  node: Node,
  kind: VoteKind,
  org: number,
  signal: AbortSignal
): Promise<number> {
  if (kind === 'admit' || kind === 'reinstate') return 1
  if (kind === 'suspend') return -1
  if (kind !== 'remove') return 0
  const [word = 0n] = await headWords(node, [organisationSlot(org, node.primitives)], signal)
  return decodeOrganisationWord(word)?.status === OrganisationStatus.ACTIVE ? -1 : 0
}

/** What it is, while that is a majority of the voters that there will be; else the smallest. */
const quorumAfter = ({ quorum }: VoterSet, voters: number): number =>
  quorum <= voters && 2 * quorum > voters ? quorum : Math.floor(voters / 2) + 1

// ---- a proposal as text

/** "admit 5 0x… quorum 3 voters 1 until 1790000000": `voters` is the set's number. */
function proposalText({ voterSet: set, kind, org, account, quorum, deadline }: Proposal): string {
  const name = VOTE_KINDS.find((each) => KINDS[each] === kind)
  const who = isZero(account) ? '' : ` ${toHex0x(account)}`
  return `${name} ${org}${who} quorum ${quorum} voters ${set} until ${deadline}`
}

const PROPOSAL =
  /^([a-z-]+) (\d{1,10})(?: 0x([0-9a-f]{40}))? quorum (\d{1,10}) voters (\d{1,10}) until (\d{1,12})$/

function readProposal(text: string): Proposal {
  const found = PROPOSAL.exec(text.trim().replace(/\s+/g, ' ').toLowerCase())
  const [, name, org, account, quorum, set, deadline] = found ?? []
  const kind = VOTE_KINDS.find((each) => each === name)
  const proposal = kind && {
    voterSet: Number(set),
    kind: KINDS[kind],
    org: Number(org),
    account: account == null ? NOBODY : address(fromHex(account)),
    quorum: Number(quorum),
    deadline: Number(deadline)
  }
  const fits =
    proposal && [proposal.org, proposal.quorum, proposal.voterSet].every((n) => n < 2 ** 32)
  if (proposal != null && fits === true) return proposal
  throw new InvalidParametersError(
    '"proposal" expected a line such as "suspend 5 quorum 3 voters 1 until 1790000000"'
  )
}
