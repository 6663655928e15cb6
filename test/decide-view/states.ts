/**
 * Random states of the chain for a request: a good one, and then up to five changes, most of them
 * at an edge of what a word may hold. Each is one input for decide() and one row of numbers for
 * contracts/mocks/DecisionView.sol.
 * @module
 */

import { toHex } from '../../core/bytes.ts'
import { wordsNeeded } from '../../core/decide.ts'
import type { DecideInput, Notices } from '../../core/decision.ts'
import { decodeOrganisationGrantee } from '../../core/grant.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { decodeTree, isGate, type TreeLeaf, type TreeNode } from '../../core/tree.ts'
import { NOW } from '../fixtures/scene.ts'
import type { Rng } from '../histories/random.ts'
import { ORGS, type Template } from './templates.ts'

const SAFE = BigInt(Number.MAX_SAFE_INTEGER)
const ONES = (1n << 256n) - 1n
const U64 = (1n << 64n) - 1n

type Both = Record<'conf' | 'head', Record<string, bigint>>

export interface State {
  readonly template: Template
  readonly input: DecideInput
}

/** Bits where fields of some word begin or end. */
const EDGES = [
  ...[0, 7, 8, 39, 40, 47, 48, 71, 72, 79, 80, 87, 88, 103, 104, 111, 112, 127, 128],
  ...[143, 144, 151, 152, 199, 200, 255]
]
const ROLES = [0, 1, 2, 3, 4, 6, 16, 63, 0xffff]
/** Numbers that checks compare, by the kind of word: offset and width. */
const NUMBERS: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  grant: [
    [8, 32],
    [40, 64],
    [152, 48]
  ],
  owner: [
    [8, 32],
    [112, 32],
    [40, 40]
  ],
  account: [
    [8, 32],
    [40, 32],
    [88, 40]
  ],
  delegator: [
    [8, 32],
    [40, 32]
  ],
  signer: [
    [8, 32],
    [40, 32]
  ],
  record: [
    [8, 32],
    [80, 16],
    [112, 8]
  ],
  wish: [
    [8, 64],
    [72, 40]
  ],
  org: [[8, 40]],
  member: [[8, 40]]
}
const kindOf = (role: string): string => role.split(':', 1)[0] as string
const isEmployed = (role: string): boolean =>
  ['account', 'delegator', 'signer'].includes(kindOf(role))

export function randomState(rng: Rng, templates: readonly Template[]): State {
  const template = rng.pick(templates)
  const words: Both = { conf: { ...template.words }, head: { ...template.words } }
  const roles = Object.keys(template.words)
  if (rng.chance(4)) agree(rng, words)
  const changes = rng.pick([0, 1, 1, 1, 1, 2, 2, 3, 5])
  for (let i = 0; i < changes; i++) change(rng, words, roles, template)
  const { nowMs, heads } = times(rng, template)
  const input = {
    ...template.input,
    nowMs,
    heads,
    notices: noticesOf(rng, words, template),
    words: { ok: true, value: words }
  } as const
  return { template, input: filled(input) }
}

/** Organisations that a damaged account names are asked for, too: nobody wrote them. */
function filled(input: DecideInput): DecideInput {
  for (;;) {
    const { conf, head } = input.words?.ok === true ? input.words.value : { conf: {}, head: {} }
    const missing = wordsNeeded(input, p).filter(({ role }) => conf[role] === undefined)
    if (missing.length === 0) return input
    const none = Object.fromEntries(missing.map(({ role }) => [role, 0n]))
    const value = { conf: { ...none, ...conf }, head: { ...none, ...head } }
    input = { ...input, words: { ok: true, value } }
  }
}

/** Owner and grant of one epoch, at its ends too; or of none, as nobody ever opened. */
function agree(rng: Rng, { conf, head }: Both): void {
  const epoch = BigInt(rng.pick([0, 1, 0xffff_ffff]))
  for (const words of [conf, head]) {
    if (words['grant'] != null) words['grant'] = set(words['grant'], [8, 32], epoch)
    words['owner'] =
      epoch === 0n && rng.chance(60) ? 0n : set(words['owner'] as bigint, [8, 32], epoch)
  }
}

const BLOCKS: readonly (readonly ('conf' | 'head')[])[] = [
  ['conf'],
  ['head'],
  ['conf', 'head'],
  ['conf', 'head']
]

function change(rng: Rng, words: Both, roles: readonly string[], template: Template): void {
  const role = rng.pick(roles)
  const where = rng.pick(BLOCKS)
  const before = words[rng.pick(where)][role] as bigint
  const after = changed(rng, before, role, words, template)
  for (const block of where) words[block][role] = after
}

const set = (word: bigint, [low, width]: readonly [number, number], value: bigint): bigint => {
  const mask = ((1n << BigInt(width)) - 1n) << BigInt(low)
  return (word & ~mask) | ((value << BigInt(low)) & mask)
}
const get = (word: bigint, [low, width]: readonly [number, number]): bigint =>
  (word >> BigInt(low)) & ((1n << BigInt(width)) - 1n)

function changed(rng: Rng, word: bigint, role: string, words: Both, template: Template): bigint {
  const number = rng.pick(NUMBERS[kindOf(role)] ?? [[8, 32]])
  switch (rng.below(20)) {
    case 0:
      return 0n
    case 1:
      return word ^ (1n << BigInt(rng.below(256)))
    case 2:
      return word ^ (1n << BigInt(rng.pick(EDGES)))
    case 3:
      return ONES >> BigInt(rng.pick(EDGES))
    case 4:
      return words[rng.pick<'conf' | 'head'>(['conf', 'head'])][
        rng.pick(Object.keys(template.words))
      ] as bigint
    case 5: {
      const random = Array.from({ length: 8 }, () => BigInt(rng.next()))
      return random.reduce((all, each) => (all << 32n) | each, 0n)
    }
    case 6:
    case 7:
    case 8:
      return set(word, [0, 8], BigInt(rng.below(8)))
    case 9:
    case 10:
    case 11:
      return set(word, number, BigInt(rng.pick([0, 1, 5, 0xffff_ffff])))
    case 12:
      return set(word, number, rng.pick([SAFE, SAFE + 1n, U64]))
    case 13:
    case 14:
      if (kindOf(role) === 'owner') {
        const bit = rng.chance(70) ? template.input.request.purpose : rng.below(32)
        return word ^ (1n << BigInt(80 + bit))
      }
      if (isEmployed(role)) return set(word, [72, 16], BigInt(rng.pick(ROLES)))
      return set(word, [0, 8], 2n)
    case 15:
      if (isEmployed(role)) return set(word, [40, 32], BigInt(rng.pick([0, 5, ...ORGS])))
      return set(word, [0, 8], 1n)
    default: {
      const is = get(word, number)
      return set(word, number, rng.chance(50) ? is + 1n : is === 0n ? 0n : is - 1n)
    }
  }
}

/** Clock and head within S of each other, around an edge of the grant's period. */
function times(rng: Rng, { input, notBefore, notAfter }: Template) {
  const { headMaxAgeSeconds: s } = input.policy
  const known = input.heads?.ok === true ? input.heads.value : undefined
  if (known == null) throw new Error('a template expected heads')
  const first = Math.max(notBefore, NOW - 30)
  const last = Math.min(notAfter - 1, NOW + 30, ...subEnd(input))
  const now = rng.chance(50) ? NOW : rng.pick([Math.max(first, subStart(input)), last])
  const near = [now, notBefore, notBefore - 1, notAfter, notAfter - 1, ...subEdges(input)]
  const time = rng.chance(40) ? now - rng.below(s) : rng.pick(near)
  const timeSeconds = Math.min(now + s, Math.max(now - s, time))
  const head = { ...known.head, timeSeconds }
  return { nowMs: now * 1_000, heads: { ok: true, value: { ...known, head } } as const }
}

const subStart = ({ request: { sub } }: DecideInput): number => sub?.grant.notBefore ?? 0
const subEnd = ({ request: { sub } }: DecideInput): number[] =>
  sub == null ? [] : [sub.grant.notAfter - 1]
const subEdges = ({ request: { sub } }: DecideInput): number[] =>
  sub == null
    ? []
    : [sub.grant.notBefore, sub.grant.notBefore - 1, sub.grant.notAfter, sub.grant.notAfter - 1]

function noticesOf(rng: Rng, { head }: Both, { input }: Template): Notices {
  if (rng.chance(60)) return { erased: false }
  const around = (word: bigint | undefined, low: number, width: number): number => {
    const is = Number(get(word ?? 0n, [low, width]))
    const safe = Number.isSafeInteger(is) ? is : 5
    return Math.min(2 ** Math.min(width, 53) - 1, Math.max(0, safe + rng.below(3) - 1))
  }
  const notices: { -readonly [K in keyof Notices]: Notices[K] } = { erased: false }
  if (rng.chance(25)) notices.revokedVersion = around(head['grant'], 40, 64)
  if (rng.chance(25)) notices.ownerEpoch = around(head['owner'], 8, 32)
  if (rng.chance(25)) {
    const { bindingEpoch } = input.request.binding
    notices.bindingEpoch = Math.max(0, bindingEpoch + rng.below(3) - 1)
  }
  if (rng.chance(4)) notices.handedBack = true
  if (rng.chance(30)) {
    const bit = rng.chance(60) ? input.request.purpose : rng.below(31)
    const purposes = (1 << bit) >>> 0
    notices.optOut = { purposes, version: around(head['owner'], 112, 32) }
  }
  if (rng.chance(30)) notices.wish = { wish: rng.below(5), version: around(head['wish'], 8, 64) }
  return notices
}

// ---- as a row of numbers, in the order in which DecisionView reads them

const WANTS: Readonly<Record<string, number>> = { share: 0, blocks: 1, pack: 2 }
const EMERGENCY_KIND = 5
const GATE = 1n << 255n
const SAID = { revoked: 1, owner: 2, binding: 4, optOut: 8, wish: 16, handedBack: 32 }

const at = (value: number | bigint | undefined, low: number): bigint =>
  BigInt(value ?? 0) << BigInt(low)

/** The numbers of one state. */
export function rowOf({ input }: State): readonly bigint[] {
  const { request, notices } = input
  if (input.words?.ok !== true || input.heads?.ok !== true) throw new Error('a state is whole')
  const { conf, head } = input.words.value
  const { sub, emergency, opening } = request
  const pair = (role: string): bigint[] => [conf[role] ?? 0n, head[role] ?? 0n]
  const roles = (kind: string): string[] =>
    Object.keys(conf).filter((role) => role.startsWith(`${kind}:`))
  const members = roles('member')
  const signers = roles('signer')
  const orgs = roles('org')
  const nodes = nodesOf(request, members)
  const ownDelegate = sub != null && !('delegator' in conf)
  const said = saidIn(notices)
  const first =
    at(emergency == null ? opening.granteeKind : EMERGENCY_KIND, 0) |
    at(WANTS[request.want], 8) |
    at(request.purpose, 16) |
    at(request.binding.bindingEpoch, 24) |
    at(request.shareEpoch, 56) |
    at(emergency?.epoch, 88) |
    at(nodes.length, 120) |
    at(orgs.length, 128) |
    at(members.length, 136) |
    at(signers.length, 144) |
    at(said === 0 ? 0 : 1, 152) |
    at(sub == null ? 0 : 1, 153) |
    at(ownDelegate ? 1 : 0, 154) |
    at(sub?.grant.version, 160)
  return [
    first,
    at(input.heads.value.head.timeSeconds, 0) |
      at(opening.notBefore, 64) |
      at(opening.notAfter, 128),
    ...(said === 0 ? [] : noticeRow(notices, said)),
    ...(sub == null ? [] : [at(sub.grant.notBefore, 0) | at(sub.grant.notAfter, 64)]),
    ...nodes,
    ...(emergency == null ? pair('grant') : []),
    ...pair('owner'),
    ...pair('account'),
    ...(sub == null || ownDelegate ? [] : pair('delegator')),
    ...(request.want === 'pack' ? [] : pair('record')),
    ...(emergency == null ? [] : pair('wish')),
    ...members.flatMap(pair),
    ...signers.flatMap(pair),
    ...orgs.flatMap((role) => [BigInt(role.slice('org:'.length)), ...pair(role)])
  ]
}

function saidIn({ revokedVersion, ownerEpoch, bindingEpoch, handedBack, ...n }: Notices): number {
  return (
    (revokedVersion == null ? 0 : SAID.revoked) |
    (ownerEpoch == null ? 0 : SAID.owner) |
    (bindingEpoch == null ? 0 : SAID.binding) |
    (n.optOut == null ? 0 : SAID.optOut) |
    (n.wish == null ? 0 : SAID.wish) |
    (handedBack === true ? SAID.handedBack : 0)
  )
}

const noticeRow = (n: Notices, said: number): bigint[] => [
  at(said, 0) |
    at(n.wish?.wish, 8) |
    at(n.ownerEpoch, 16) |
    at(n.bindingEpoch, 48) |
    at(n.optOut?.version, 80) |
    at(n.optOut?.purposes, 112) |
    at(n.revokedVersion, 144),
  at(n.wish?.version, 0)
]

/** Whom the grant is for, as gates and leaves; none for one account. */
function nodesOf(request: DecideInput['request'], members: readonly string[]): readonly bigint[] {
  const { granteeKind, grantee } = request.opening
  const flat = (node: TreeNode): bigint[] =>
    isGate(node)
      ? [GATE | at(node.of.length, 8) | at(node.k, 0), ...node.of.flatMap(flat)]
      : [leaf(node)]
  const leaf = ({ org, roles, group }: TreeLeaf): bigint =>
    at(org, 0) |
    at(roles, 32) |
    at(group == null ? 0 : 1 + members.indexOf(`member:${toHex(group)}`), 48)
  if (request.emergency != null || granteeKind === 1) return []
  if (granteeKind === 4 && request.tree != null) return flat(decodeTree(request.tree))
  if (granteeKind === 3) return [leaf({ org: 0, roles: 0, group: grantee })]
  return [
    leaf({ ...(decodeOrganisationGrantee(grantee) ?? { org: 0, roles: 0 }), group: undefined })
  ]
}
