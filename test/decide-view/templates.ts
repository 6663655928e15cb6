/**
 * Requests that pass checks 2–33 as they are, of every kind of grantee, with and without emergency
 * and sub-grant: what remains to be decided are the words. The period's edges lie within reach of
 * the clock and the head.
 * @module
 */

import type { DecideInput, NamedWords } from '../../core/decision.ts'
import { accountGrantee, decodeOrganisationGrantee, organisationGrantee } from '../../core/grant.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { encodeTree, type TreeNode, treeHash } from '../../core/tree.ts'
import {
  account,
  accountWord,
  gathered,
  memberWord,
  NOW,
  named,
  organisationWord,
  recordWord,
  type Scene,
  type SceneInit,
  scene,
  withInput
} from '../fixtures/scene.ts'
import { emergency, pack, passedOn } from '../fixtures/scenes.ts'
import type { Rng } from '../histories/random.ts'

/** Organisations that policies name and accounts belong to. */
export const ORGS: readonly number[] = [7, 8, 0xffff_ffff]
const GROUPS = ['group', 'group b', 'group c']
const U32_MAX = 0xffff_ffff

export interface Template {
  readonly name: string
  readonly input: DecideInput
  /** A chain on which all is well, organisations of the pool included. */
  readonly words: NamedWords
  readonly notBefore: number
  readonly notAfter: number
}

const soon = { notBefore: NOW - 10, notAfter: NOW + 20 }
/** An emergency lasts an hour at least: one that has just begun, one that is about to end. */
const begun = { notBefore: NOW - 10, notAfter: NOW + 3_590 }
const ending = { notBefore: NOW - 3_590, notAfter: NOW + 20 }

const SIGNERS = [
  ['requester', 'colleague'],
  ['requester', 'colleague', 'third', 'fourth']
]

function treeInit(rng: Rng): SceneInit {
  const tree = encodeTree(randomTree(rng, 1))
  return { tree, opening: { granteeKind: 4, grantee: treeHash(tree, p) } }
}

/** At most two levels of gates, and no two children alike. */
function randomTree(rng: Rng, level: number): TreeNode {
  if (level === 3 || rng.chance(30 * level - 20)) return randomLeaf(rng)
  const size = 2 + rng.below(3)
  const children = new Map<string, TreeNode>()
  while (children.size < size) {
    const child = randomTree(rng, level + 1)
    children.set(Buffer.from(encodeTree(child)).toString('hex'), child)
  }
  return { k: 1 + rng.below(size), of: [...children.values()] }
}

function randomLeaf(rng: Rng): TreeNode {
  const org = rng.chance(50) ? rng.pick(ORGS) : 0
  const roles = rng.chance(60) ? rng.pick([1, 2, 3, 6, 16, 63, 0xffff]) : 0
  const group = rng.chance(40) ? named(rng.pick(GROUPS)) : undefined
  return org === 0 && roles === 0 && group == null
    ? { org: 7, roles: 2, group }
    : { org, roles, group }
}

/** The same requests in every run with this generator. */
export function templatesOf(rng: Rng): readonly Template[] {
  const grants: [string, SceneInit][] = [
    ['account', {}],
    ['any organisation with a role', organisation(0, 2)],
    ['any organisation with two roles', organisation(0, 6)],
    ['an organisation', organisation(7, 0)],
    ['an organisation with a role', organisation(7, 2)],
    ['the last organisation with all roles', organisation(U32_MAX, 0xffff)],
    ['a group', { opening: { granteeKind: 3, grantee: named('group') } }],
    ...Array.from({ length: 40 }, (_, i): [string, SceneInit] => [`tree ${i}`, treeInit(rng)])
  ]
  const scenes: [string, Scene][] = grants.flatMap(([name, init], i) => {
    const opening = { ...soon, ...init.opening }
    const hl7 = ['TREAT', 'HRESCH', 'RECORDMGT'][i % 3] as string
    const made = (want: string, more: SceneInit = {}): [string, Scene] => [
      `${name}, ${want}`,
      scene({ ...init, ...more, want, hl7, opening })
    ]
    return i < 7
      ? [made('share'), made('blocks'), made('share', { shareEpoch: U32_MAX })]
      : [made('share')]
  })
  for (const signers of SIGNERS) {
    for (const [name, opening] of Object.entries({ begun, ending })) {
      const init = { signers, opening }
      scenes.push([`emergency ${name}, share`, emergency(init)])
      scenes.push([`emergency ${name}, blocks`, emergency({ ...init, want: 'blocks' })])
      scenes.push([`emergency ${name}, pack`, pack(init)])
      scenes.push([`emergency treatment ${name}`, emergency({ ...init, hl7: 'ETREAT' })])
    }
  }
  const within = { notBefore: NOW - 5, notAfter: NOW + 15 }
  scenes.push(
    ['sub-grant', passedOn(within, { opening: soon })],
    ['sub-grant of blocks', passedOn(within, { opening: soon, want: 'blocks' })],
    ['sub-grant to oneself', toOneself(within)]
  )
  return scenes.map(([name, of]) => templateOf(name, of))
}

function organisation(org: number, roles: number): SceneInit {
  return { opening: { granteeKind: 2, grantee: organisationGrantee(org, roles) } }
}

const toOneself = (within: object): Scene =>
  passedOn(
    { ...within, delegator: account('requester') },
    { opening: { ...soon, grantee: accountGrantee(account('requester')) } }
  )

function templateOf(name: string, of: Scene): Template {
  const changed = withInput(of, { policy: { clockGuardSeconds: 0 } })
  const { request } = changed.input
  const input = gathered(changed)
  const names = input.words?.ok === true ? input.words.value.conf : {}
  const words: Record<string, bigint> = { ...names }
  for (const role of Object.keys(words)) {
    if (role.startsWith('member:')) words[role] = memberWord()
  }
  for (const org of ORGS) words[`org:${org}`] = organisationWord(1)
  if ('record' in words) words['record'] = recordWord({ shareEpoch: request.shareEpoch })
  const { granteeKind, grantee } = request.opening
  if (granteeKind === 2) {
    const { org = 0, roles = 0 } = decodeOrganisationGrantee(grantee) ?? {}
    words['account'] = accountWord({ org: org || 7, roles })
  }
  if (granteeKind === 4) words['account'] = accountWord({ roles: 0xffff })
  const { notBefore, notAfter } = request.opening
  return { name, input, words, notBefore, notAfter }
}
