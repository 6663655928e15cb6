/**
 * `keyward demo --policy [text]`: the patient writes down who may read instead of naming anybody.
 * Each member of the network tries; whoever the policy holds for reads, all others are refused, each
 * judged by its own attributes alone. Without a text it is "a cardiologist of the hospital or of
 * clinic 1", and somebody becomes one in the course of the story.
 * @module
 */
import { join } from 'node:path'
import { toHex } from '../../../core/bytes.ts'
import { InvalidParametersError } from '../../../core/errors.ts'
import { parsePolicy, policyText } from '../../../core/policy.ts'
import { ALL_ROLES, roleNames, rolesOf } from '../../../core/roles.ts'
import { evaluateTree, leavesOf, type TreeNode } from '../../../core/tree.ts'
import type { DirectoryShowResult, GroupResult } from '../../verbs/directory-shapes.ts'
import type { GrantResult, GrantsResult } from '../../verbs/grant-shapes.ts'
import type { HistoryResult, InboxResult, RecordAddResult } from '../../verbs/results.ts'
import type { Member } from '../sample-network.ts'
import type { Scene, Seen, Story } from '../scene.ts'

/** Organisations of a dev chain. */
const ORGANISATIONS = 64
const DEPARTMENT = 'cardiology'

/** What a policy can ask of somebody, as the Directory has it. */
interface Attributes {
  readonly org: number
  readonly roles: number
  /** Ids in hex. */
  readonly groups: readonly string[]
}

interface Candidate extends Attributes {
  readonly member: Member
}

export const policy = (text: string): Story => {
  const given = text === '' ? undefined : parsePolicy(text)
  if (given != null) assertPlayable(given)
  return (scene) => (given == null ? cardiologists(scene) : whoever(scene, given))
}

const holds = (tree: TreeNode, { org, roles, groups }: Attributes): boolean =>
  evaluateTree(
    tree,
    (leaf) =>
      (leaf.org === 0 || leaf.org === org) &&
      (roles & leaf.roles) === leaf.roles &&
      (leaf.group == null || groups.includes(toHex(leaf.group)))
  )

// ---- the story of a given text

/** Everybody tries; if it holds for nobody yet, or for everybody, one more member comes. */
async function whoever(scene: Scene, tree: TreeNode): Promise<readonly Seen[]> {
  const members = await candidates(scene, [scene.hospital, ...scene.clinics])
  const missing = [true, false].filter((is) => members.every((each) => holds(tree, each) !== is))
  const more: Member[] = []
  for (const is of missing) {
    const seat = seatFor(tree, is)
    if (seat != null) more.push(await newcomer(scene, is ? 'reader' : 'stranger', seat))
  }
  const all = [...members, ...(await candidates(scene, more))]
  const { recordId, sha256, grant } = await give(scene, tree, all)
  return [
    await writtenDown(scene, grant, tree),
    await triedByAll(scene, tree, all, { recordId, sha256 }),
    await toldToPatient(scene),
    await revoked(scene, grant, all, recordId)
  ]
}

/** @throws InvalidParametersError for what no member of a dev chain can be */
function assertPlayable(tree: TreeNode): void {
  const far = leavesOf(tree).find(({ org }) => org > ORGANISATIONS)
  if (far != null) {
    throw new InvalidParametersError(
      `"policy" expected organisations 1..${ORGANISATIONS} of the demo's chain, got ${far.org}`
    )
  }
  if (seatFor(tree, true) == null) {
    throw new InvalidParametersError(
      '"policy" expected one that holds for a member without groups: the demo knows none of yours'
    )
  }
}

/** An organisation and roles for which the policy holds, or does not. */
function seatFor(tree: TreeNode, is: boolean): Attributes | undefined {
  const leaves = leavesOf(tree)
  const named = leaves.reduce((roles, leaf) => roles | leaf.roles, rolesOf(['clinician']))
  const orgs = [...new Set(leaves.flatMap(({ org }) => (org === 0 ? [] : [org])))]
  const other = Array.from({ length: ORGANISATIONS }, (_, i) => ORGANISATIONS - i).find(
    (org) => !orgs.includes(org)
  )
  const places = other == null ? orgs : is ? [...orgs, other] : [other, ...orgs]
  return places
    .flatMap((org) => [
      { org, roles: named & ALL_ROLES, groups: [] },
      { org, roles: rolesOf(['relayer']), groups: [] }
    ])
    .find((seat) => holds(tree, seat) === is)
}

const newcomer = (
  { network, clinics }: Scene,
  name: string,
  { org, roles }: Attributes
): Promise<Member> =>
  network.start({
    name,
    profile: 'clinic',
    config: { org, roles: [...roleNames(roles)], bootstrap: (clinics[0]?.addrs ?? []).slice(0, 1) }
  })

// ---- the story of the cardiologists

async function cardiologists(scene: Scene): Promise<readonly Seen[]> {
  const { ask, clinics, hospital } = scene
  const [clinic] = clinics as [Member, ...Member[]]
  scene.tell('directory', `${hospital.name} makes a group for its department and joins it`)
  const { group } = await ask<GroupResult>(hospital, 'directory.group.new', { name: DEPARTMENT })
  await joinDepartment(scene, hospital)
  const [at, other] = await candidates(scene, [hospital, clinic])
  const cardiologist = (org = 0): string => `org:${org}+clinician+group:${group}`
  const tree = parsePolicy(`1 of (${cardiologist(at?.org)}, ${cardiologist(other?.org)})`)
  const before = await candidates(scene, [hospital, ...clinics], { [hospital.name]: [group] })
  const { recordId, sha256, grant } = await give(scene, tree, before)
  const written = await writtenDown(scene, grant, tree)
  const tried = await triedByAll(scene, tree, before, { recordId, sha256 })
  scene.tell('directory', `${clinic.name} joins the group; the patient does nothing`)
  await joinDepartment(scene, clinic)
  const out = join(scene.opened, 'of-a-new-colleague.json')
  await scene.until('the new colleague to read', () =>
    ask(clinic, 'record.get', { recordId, out }).catch(() => undefined)
  )
  const after = await candidates(scene, [hospital, ...clinics], {
    [hospital.name]: [group],
    [clinic.name]: [group]
  })
  return [
    written,
    tried,
    {
      what: 'who becomes a cardiologist reads too, without a word of the patient',
      ok: (await scene.sha256(out)) === sha256,
      detail: `${clinic.name}, now of the group of ${hospital.name}`
    },
    await toldToPatient(scene),
    await revoked(scene, grant, after, recordId)
  ]
}

async function joinDepartment({ ask, hospital }: Scene, member: Member): Promise<void> {
  const { account } = await ask<DirectoryShowResult>(member, 'directory.show')
  await ask(hospital, 'directory.group.add', {
    group: DEPARTMENT,
    account: account?.account ?? ''
  })
}

// ---- scenes of both

/** What the chain says of them. */
const candidates = (
  { ask }: Scene,
  members: readonly Member[],
  groups: Readonly<Record<string, readonly string[]>> = {}
): Promise<readonly Candidate[]> =>
  Promise.all(
    members.map(async (member) => {
      const { account } = await ask<DirectoryShowResult>(member, 'directory.show')
      const roles = rolesOf(account?.roles ?? [])
      return { member, org: account?.org ?? 0, roles, groups: groups[member.name] ?? [] }
    })
  )

/** One grant by the policy; everybody gets a capsule, so that only the policy decides. */
async function give(
  scene: Scene,
  tree: TreeNode,
  all: readonly Candidate[]
): Promise<{ readonly recordId: string; readonly sha256: string; readonly grant: string }> {
  const { ask, patient, record } = scene
  scene.tell('publish', 'a record')
  const { recordId, sha256 } = await ask<RecordAddResult>(patient, 'record.add', { path: record })
  scene.tell('grant', policyText(tree))
  const { grant } = await ask<GrantResult>(patient, 'grant', {
    policy: policyText(tree),
    to: all.map(({ member }) => member.peer),
    chart: true,
    purpose: 'TREAT',
    until: '1h'
  })
  await scene.until('the grant to count', async () => {
    const { grants } = await ask<GrantsResult>(patient, 'grants')
    return grants.find((each) => each.grant === grant && each.state === 'active')
  })
  for (const { member } of all) {
    await scene.until(`${member.name} to have the capsule`, async () => {
      await ask<InboxResult>(member, 'inbox')
      const { grants } = await ask<GrantsResult>(member, 'grants')
      return grants.find((each) => each.grant === grant)
    })
  }
  return { recordId, sha256, grant }
}

async function writtenDown({ ask, patient }: Scene, id: string, tree: TreeNode): Promise<Seen> {
  const { grants } = await ask<GrantsResult>(patient, 'grants')
  const row = grants.find(({ grant }) => grant === id)
  return {
    what: 'the patient sees whom she trusts, in words, for all her records',
    ok: row?.kind === 'policy' && row.who === policyText(tree) && row.scope != null,
    detail: `${shortened(row?.who ?? 'nothing')} – ${row?.scope ?? ''}`
  }
}

async function triedByAll(
  scene: Scene,
  tree: TreeNode,
  all: readonly Candidate[],
  { recordId, sha256 }: { readonly recordId: string; readonly sha256: string }
): Promise<Seen> {
  const said: string[] = []
  let right = 0
  for (const candidate of all) {
    const { member } = candidate
    const should = holds(tree, candidate)
    scene.tell('read', `${member.name} tries, and should ${should ? 'read' : 'be refused'}`)
    const out = join(scene.opened, `${member.name}.json`)
    const failed = await scene.fails(scene.ask(member, 'record.get', { recordId, out }))
    const read = failed == null && (await scene.sha256(out)) === sha256
    if (should ? read : failed === 'AccessDeniedError') right++
    said.push(`${member.name} ${read ? 'reads' : (failed ?? 'reads something else')}`)
  }
  const readers = all.filter((each) => holds(tree, each)).length
  return {
    what: 'exactly those read for whom the policy holds, though all have the capsule',
    ok: right === all.length && readers > 0 && readers < all.length,
    detail: said.join(', ')
  }
}

async function toldToPatient({ ask, patient }: Scene): Promise<Seen> {
  const { entries } = await ask<HistoryResult>(patient, 'history')
  const codes = [...new Set(entries.flatMap(({ kind, code }) => (kind === 'refuse' ? code : [])))]
  return {
    what: 'receipts tell the patient why the others were refused',
    ok: codes.length === 1 && codes[0] === '511 MEMBERSHIP',
    detail: codes.join(', ')
  }
}

async function revoked(
  scene: Scene,
  grant: string,
  all: readonly Candidate[],
  recordId: string
): Promise<Seen> {
  scene.tell('revoke', 'the patient takes it back')
  await scene.ask(scene.patient, 'revoke', { grant })
  const still: string[] = []
  for (const { member } of all) {
    const out = join(scene.opened, `${member.name}-afterwards.json`)
    const failed = await scene.fails(scene.ask(member, 'record.get', { recordId, out }))
    if (failed !== 'AccessDeniedError') still.push(member.name)
  }
  return {
    what: 'one revocation ends it for all of them',
    ok: still.length === 0,
    detail: still.length === 0 ? `${all.length} refused` : `still read: ${still.join(', ')}`
  }
}

const shortened = (text: string): string => text.replace(/[0-9a-f]{58}(?=[0-9a-f]{6})/g, '…')
