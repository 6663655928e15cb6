/**
 * `keyward directory …`: who is who, who joins, and what the organisations decide together.
 * @module
 */
import type { Command } from 'commander'
import type {
  AccountResult,
  DirectoryActResult,
  DirectoryConsentsResult,
  DirectoryJoinResult,
  DirectoryShowResult,
  DirectoryVotersResult,
  GroupActResult,
  GroupListResult,
  GroupResult,
  ProposalResult,
  VoteKind,
  VoteResult,
  VoteStatusResult
} from '../../verbs/directory-shapes.ts'
import { addGroup, addVerb, type CommandContext, listed, numberFlag } from '../command.ts'
import { facts, table } from '../table.ts'
import { localTime, untilText } from '../time.ts'

const ROLES = 'custodian, clinician, attester, relayer, admin, researcher (repeat, or a,b)'

export function addDirectoryCommands(program: Command, context: CommandContext): void {
  const directory = addGroup(program, 'directory', 'organisations, staff, groups and votes')
  addLook(directory, context)
  addJoin(directory, context)
  addAdmin(directory, context)
  addGroups(directory, context)
  addVotes(directory, context)
}

function addLook(directory: Command, context: CommandContext): void {
  addVerb<DirectoryShowResult>(directory, context, {
    usage: 'show [who]',
    summary: 'an account, a peer’s account or an organisation, proven (default: oneself)',
    example: 'directory show 3',
    verb: 'directory.show',
    args: ([who]) => ({ who: orgOr(who) }),
    text: ({ account, organisation, consent }) =>
      facts([
        ...(account == null ? [] : accountFacts(account)),
        [
          'organisation',
          organisation == null ? undefined : `${organisation.org} (${organisation.status})`
        ],
        [
          'consents to',
          consent == null ? undefined : `${consent.org} as ${consent.roles.join(', ')}`
        ]
      ])
  })
  addVerb<DirectoryVotersResult>(directory, context, {
    usage: 'voters',
    summary: 'the organisations, and how many of them decide',
    example: 'directory voters',
    options: (command) => command.option('--org <n>', 'look at these too', listed),
    verb: 'directory.voters',
    args: (_positional, flags) => ({
      orgs: (flags['org'] as string[] | undefined)?.map(numberFlag)
    }),
    text: ({ voterSet, voters, quorum, organisations }) =>
      facts([
        ['voters', voters],
        ['quorum', quorum],
        ['set', voterSet]
      ]) +
      table(
        ['ORG', 'STATUS'],
        organisations.map(({ org, status }) => [org, status]),
        'no organisations'
      )
  })
}

function addJoin(directory: Command, context: CommandContext): void {
  addVerb<DirectoryJoinResult>(directory, context, {
    usage: 'join',
    summary: 'consent to join an organisation; its admin enrols with that',
    example: 'directory join --org 3 --role attester,clinician --to 12D3KooW…',
    options: (command) =>
      command
        .requiredOption('--org <n>', 'the organisation’s number')
        .requiredOption('--role <role>', ROLES, listed)
        .option('--until <when>', 'how long the consent stands (default: 7d)')
        .option('--to <peer>', 'mail it to this admin’s peer')
        .option('--send', 'bring it to the chain at once'),
    verb: 'directory.join',
    args: (_positional, flags) => ({
      org: numberFlag(flags['org']),
      roles: flags['role'],
      until: flags['until'] == null ? undefined : untilText(String(flags['until'])),
      to: flags['to'],
      send: flags['send']
    }),
    text: (each) =>
      facts([
        ['account', each.account],
        ['organisation', each.org],
        ['roles', each.roles.join(', ')],
        ['until', localTime(each.until)],
        ['mailed to', each.delivered],
        ['block', each.block],
        ['gas', each.gas]
      ]).concat(each.consent, '\n')
  })
  addVerb<DirectoryActResult>(directory, context, {
    usage: 'leave',
    summary: 'leave one’s organisation; nobody else is asked',
    example: 'directory leave',
    verb: 'directory.leave',
    args: () => ({}),
    text: actText
  })
}

function addAdmin(directory: Command, context: CommandContext): void {
  addVerb<DirectoryConsentsResult>(directory, context, {
    usage: 'consents',
    summary: 'consents to join that came by mail',
    example: 'directory consents',
    verb: 'directory.consents',
    args: () => ({}),
    text: ({ consents }) =>
      table(
        ['ACCOUNT', 'STATE', 'ORG', 'ROLES', 'UNTIL', 'NAME'],
        consents.map((each) => [
          each.account,
          each.state,
          each.org,
          each.roles.join(','),
          localTime(each.until),
          each.name
        ]),
        'nobody asks to join'
      )
  })
  addVerb<DirectoryActResult>(directory, context, {
    usage: 'enrol <who>',
    summary: 'take an account in that consented: by its text, its mail, or its account',
    example: 'directory enrol keyward-consent:a363…',
    options: (command) =>
      command.option('--role <role>', `refuse others than these: ${ROLES}`, listed),
    verb: 'directory.enrol',
    args: ([who], flags) => ({ who, roles: flags['role'] }),
    text: actText
  })
  addVerb<DirectoryActResult>(directory, context, {
    usage: 'restrict <account>',
    summary: 'leave an account only these roles; giving more takes its consent',
    example: 'directory restrict 0x5aae… --role clinician',
    options: (command) => command.option('--role <role>', ROLES, listed),
    verb: 'directory.restrict',
    args: ([account], flags) => ({ account, roles: flags['role'] ?? [] }),
    text: actText
  })
  const acts = [
    ['dismiss', 'take an account out of the organisation'],
    ['suspend', 'suspend an account: it reads nothing, and its verdicts lapse'],
    ['reinstate', 'end an account’s suspension']
  ] as const
  for (const [act, summary] of acts) {
    addVerb<DirectoryActResult>(directory, context, {
      usage: `${act} <account>`,
      summary,
      example: `directory ${act} 0x5aae…`,
      verb: `directory.${act}`,
      args: ([account]) => ({ account }),
      text: actText
    })
  }
}

function addGroups(directory: Command, context: CommandContext): void {
  const group = addGroup(directory, 'group', 'departments and care teams of the organisation')
  addVerb<GroupResult>(group, context, {
    usage: 'new <name>',
    summary: 'make a group; its name stays here, policies say group:ID',
    example: 'directory group new cardiology',
    options: (command) => command.option('--salt <hex>', 'of a group that another admin made'),
    verb: 'directory.group.new',
    args: ([name], flags) => ({ name, salt: flags['salt'] }),
    text: (each) =>
      facts([
        ['name', each.name],
        ['group', each.group],
        ['salt', each.salt],
        ['organisation', each.org]
      ])
  })
  for (const act of ['add', 'remove'] as const) {
    addVerb<GroupActResult>(group, context, {
      usage: `${act} <group> <account>`,
      summary: act === 'add' ? 'put an account into a group' : 'take an account out of a group',
      example: `directory group ${act} cardiology 0x5aae…`,
      verb: `directory.group.${act}`,
      args: ([name, account]) => ({ group: name, account }),
      text: (each) =>
        facts([
          ['group', each.group],
          ['account', each.account],
          ['member', each.member ? 'yes' : 'no'],
          ['block', each.block],
          ['gas', each.gas]
        ])
    })
  }
  addVerb<GroupListResult>(group, context, {
    usage: 'ls [group]',
    summary: 'groups that are kept here, with the members that the chain proves',
    example: 'directory group ls',
    verb: 'directory.group.ls',
    args: ([name]) => ({ group: name }),
    text: ({ groups }) =>
      table(
        ['NAME', 'GROUP', 'ORG', 'MEMBERS'],
        groups.map((each) => [each.name, each.group, each.org, each.members.join(' ')]),
        'no groups'
      )
  })
}

const KINDS: readonly (readonly [VoteKind, string])[] = [
  ['admit', 'an organisation, whose first admin consented'],
  ['suspend', 'an organisation: it votes no more and its staff read nothing'],
  ['reinstate', 'a suspended organisation'],
  ['remove', 'an organisation, for good'],
  ['appoint', 'an admin of an organisation that has none'],
  ['suspend-account', 'an account whose own admin does not']
]

function addVotes(directory: Command, context: CommandContext): void {
  const vote = addGroup(directory, 'vote', 'propose, and vote for what others proposed')
  for (const [kind, summary] of KINDS) {
    const isNamed = kind === 'admit' || kind === 'appoint' || kind === 'suspend-account'
    addVerb<VoteResult>(vote, context, {
      usage: `${kind} <org>`,
      summary: `propose to ${kind} ${summary}`,
      example: `directory vote ${kind} 5${isNamed ? ' --account 0x5aae…' : ''}`,
      options: (command) => {
        if (isNamed) command.requiredOption('--account <account>', 'the account that it is about')
        command
          .option('--quorum <n>', 'votes needed from then on (default: as now, if a majority)')
          .option('--until <when>', 'how long others may vote (default: 14d)')
      },
      verb: 'directory.vote',
      args: ([org], flags) => ({
        kind,
        org: numberFlag(org),
        account: flags['account'],
        quorum: numberFlag(flags['quorum']),
        until: flags['until'] == null ? undefined : untilText(String(flags['until']))
      }),
      text: voteText
    })
  }
  addVerb<VoteResult>(vote, context, {
    usage: 'for <proposal>',
    summary: 'vote for a proposal, given as its line of text',
    example: 'directory vote for "suspend 5 quorum 3 voters 1 until 1790000000"',
    verb: 'directory.vote.for',
    args: ([proposal]) => ({ proposal }),
    text: voteText
  })
  addVerb<VoteStatusResult>(vote, context, {
    usage: 'status [proposal]',
    summary: 'how a proposal stands; without one, all that this node voted for',
    example: 'directory vote status',
    verb: 'directory.vote.status',
    args: ([proposal]) => ({ proposal }),
    text: ({ proposals }) =>
      proposals.length === 0 ? 'no proposals\n' : proposals.map(proposalText).join('\n')
  })
}

/** A whole number is an organisation; all else is for the schema. */
const orgOr = (who: unknown): unknown =>
  typeof who === 'string' && /^\d{1,10}$/.test(who) ? Number(who) : who

const accountFacts = (each: AccountResult) =>
  [
    ['account', each.account],
    ['status', each.status === 'none' ? 'not in the Directory' : each.status],
    ['roles', each.roles.join(', ')],
    ['binding epoch', each.bindingEpoch === 0 ? undefined : each.bindingEpoch]
  ] as const

const actText = (each: DirectoryActResult): string =>
  facts([
    ...accountFacts(each),
    ['organisation', each.org === 0 ? 'none' : each.org],
    ['block', each.block],
    ['gas', each.gas]
  ])

const proposalText = (each: ProposalResult): string =>
  facts([
    ['proposal', each.proposal],
    ['state', each.state],
    ['votes', `${each.votes} of ${each.quorum}`],
    ['voted', each.voted.join(', ')]
  ])

const voteText = (each: VoteResult): string =>
  proposalText(each) +
  facts([
    ['block', each.block],
    ['gas', each.gas]
  ])
