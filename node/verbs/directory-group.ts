/**
 * `directory group …`: departments and care teams. A group's id hides its salt's name, which stays
 * here; who is in it is on chain, account by account. Policies name it as `group:ID`.
 * @module
 */
import { fromHex, toHex, toHex0x } from '../../core/bytes.ts'
import { groupId } from '../../core/directory-words.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import { hash } from '../../core/ids.ts'
import { PROOF_SLOTS_MAX } from '../../core/limits.ts'
import { memberSlot } from '../../core/words.ts'
import type { EntryOf } from '../ledger/entries.ts'
import type { Node } from '../node.ts'
import { sendAct } from './act.ts'
import { accountOf, accountWord } from './directory.ts'
import type {
  GroupActResult,
  GroupListArgs,
  GroupListResult,
  GroupMemberArgs,
  GroupNewArgs,
  GroupResult
} from './directory-shapes.ts'
import type { VerbOptions } from './verb.ts'
import { headWords } from './words.ts'

type Group = EntryOf<'group'>

/** `directory group new`: nothing is written to the chain before it has a member. */
export async function newGroup(
  node: Node,
  args: GroupNewArgs,
  { signal }: VerbOptions
): Promise<GroupResult> {
  const { org } = await accountWord(node, node.identity.account, signal)
  if (org === 0) throw new InvalidParametersError('only organisations have groups, this is in none')
  if (node.ledger.groups().some(({ name }) => name === args.name)) {
    throw new InvalidParametersError(`"name" expected another than "${args.name}", which is taken`)
  }
  const salt = hash(args.salt == null ? node.random(32) : fromHex(args.salt, 'salt'))
  const id = groupId(org, salt, node.primitives)
  const entry: Group = { t: 'group', org, salt, id, name: args.name }
  await node.ledger.record(entry)
  return resultOf(entry)
}

/** `directory group add` and `directory group remove` */
export const groupMember =
  (member: boolean) =>
  async (node: Node, args: GroupMemberArgs, { signal }: VerbOptions): Promise<GroupActResult> => {
    const { salt, id } = named(node, args.group)
    const account = accountOf(node, args.account)
    const call = { type: 'SetGroupMember', salt, account, member } as const
    const { block, gasUsed } = await sendAct(node, call, signal)
    await node.ledger.record({ t: 'groupMember', id, account, member })
    return {
      group: toHex(id),
      account: toHex0x(account),
      member,
      block: block.number,
      gas: gasUsed
    }
  }

/** `directory group ls`: members as the chain proves them now. */
export async function listGroups(
  node: Node,
  { group }: GroupListArgs,
  { signal }: VerbOptions
): Promise<GroupListResult> {
  const groups = group == null ? node.ledger.groups() : [named(node, group)]
  return {
    groups: await Promise.all(
      groups.map(async (entry) => ({
        ...resultOf(entry),
        members: await membersOf(node, entry, signal)
      }))
    )
  }
}

async function membersOf(
  node: Node,
  { id }: Group,
  signal: AbortSignal
): Promise<readonly string[]> {
  const known = node.ledger.groupMembers(id)
  const members: string[] = []
  for (let at = 0; at < known.length; at += PROOF_SLOTS_MAX) {
    const some = known.slice(at, at + PROOF_SLOTS_MAX)
    const refs = some.map((account) => memberSlot(id, account, node.primitives))
    const words = await headWords(node, refs, signal)
    members.push(...some.filter((_, i) => (words[i] ?? 0n) !== 0n).map(toHex0x))
  }
  return members
}

const resultOf = ({ name, id, salt, org }: Group): GroupResult => ({
  name,
  group: toHex(id),
  salt: toHex(salt),
  org
})

/** @throws RecordNotFoundError for a group whose salt is not kept here */
function named(node: Node, text: string): Group {
  const bare = text.toLowerCase().replace(/^(group:)?(0x)?/, '')
  const group = node.ledger.groups().find(({ name, id }) => name === text || toHex(id) === bare)
  if (group != null) return group
  throw new RecordNotFoundError(`no group "${text}" is kept here: directory group new --salt`)
}
