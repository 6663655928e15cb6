/**
 * Policies as people write them: "a cardiologist of clinic 1 or 2" is
 * `1 of (org:1+clinician+group:HEX, org:2+clinician+group:HEX)`. Text becomes a tree of core/tree.ts
 * and a tree text again; what one prints, the other reads.
 *
 *   policy = both {"or" both}               and binds closer than or
 *   both   = term {"and" term}
 *   term   = ("any" | "all" | NUMBER) "of" "(" policy {"," policy} ")" | "(" policy ")" | leaf
 *   leaf   = part {"+" part}                all parts of one leaf, of one account
 *   part   = "org:" NUMBER | "group:" 64 HEX | ["role:"] NAME | "role:" 0xHEX
 * @module
 */
import { compareBytes, equalBytes, fromHex, isZero, toHex } from './bytes.ts'
import { encode } from './codec.ts'
import { InvalidParametersError } from './errors.ts'
import { U32_MAX } from './grant.ts'
import { hash } from './ids.ts'
import {
  POLICY_TEXT_MAX_CHARS,
  TREE_CHILDREN,
  TREE_LEAVES,
  TREE_LEVELS,
  TREE_MAX_BYTES
} from './limits.ts'
import { ALL_ROLES, ROLE_NAMES, roleNames, rolesOf } from './roles.ts'
import { decodeTree, encodeTree, isGate, leavesOf, type TreeLeaf, type TreeNode } from './tree.ts'

const ROLES_MAX = 0xffff
/** Each level of a tree needs two at most: its own, and one around it. */
const BRACKETS_MAX = 4 * TREE_LEVELS

/**
 * The canonical tree. @throws InvalidParametersError naming the character (from 1) that is wrong
 */
export function parsePolicy(text: string): TreeNode {
  if (text.length > POLICY_TEXT_MAX_CHARS) {
    throw new InvalidParametersError(
      `"policy" expected at most ${POLICY_TEXT_MAX_CHARS} characters, got ${text.length}`
    )
  }
  const reader = new PolicyReader(text)
  const root = reader.policy()
  reader.end()
  if (leavesOf(root).length > TREE_LEAVES) {
    throw wrong(`at most ${TREE_LEAVES} leaves`, 1, String(leavesOf(root).length))
  }
  const bytes = encode(root).byteLength
  if (bytes > TREE_MAX_BYTES) throw wrong(`at most ${TREE_MAX_BYTES} B encoded`, 1, String(bytes))
  return decodeTree(encodeTree(root))
}

/** One leaf, as `parsePolicy` reads it. Roles without a name stand as `role:0x…`. */
export function leafText({ org, roles, group }: TreeLeaf): string {
  const unnamed = roles & ~ALL_ROLES
  return [
    ...(org === 0 ? [] : [`org:${org}`]),
    ...roleNames(roles),
    ...(unnamed === 0 ? [] : [`role:0x${unnamed.toString(16)}`]),
    ...(group == null ? [] : [`group:${toHex(group)}`])
  ].join('+')
}

/** What `parsePolicy` reads as this tree. */
export function policyText(root: TreeNode): string {
  if (!isGate(root)) return leafText(root)
  const { k, of } = root
  const count = k === 1 ? 'any' : k === of.length ? 'all' : String(k)
  return `${count} of (${of.map(policyText).join(', ')})`
}

// ---- reading

interface Token {
  readonly text: string
  /** Of its first character, from 1. */
  readonly at: number
}

const TOKENS = /\s*([(),+]|[A-Za-z0-9:_-]+)/y
const END = ''

const wrong = (expected: string, at: number, got: string): InvalidParametersError =>
  new InvalidParametersError(`"policy" expected ${expected} at character ${at}, got ${got}`)

/** Recursive descent. Brackets nest no deeper than any tree could need, so the stack is bounded. */
class PolicyReader {
  readonly #tokens: readonly Token[]
  #next = 0
  #open = 0

  constructor(text: string) {
    this.#tokens = tokensOf(text)
  }

  policy(): TreeNode {
    return this.#joined('or', () => this.#joined('and', () => this.#term()))
  }

  end(): void {
    if (this.#peek().text !== END) throw this.#unexpected('"and", "or" or the end')
  }

  #joined(word: 'and' | 'or', item: () => TreeNode): TreeNode {
    const { at } = this.#peek()
    const items = [item()]
    while (this.#is(word)) {
      this.#next++
      items.push(item())
    }
    const [first] = items
    if (items.length === 1 && first != null) return first
    return gate(word === 'or' ? 1 : items.length, items, at)
  }

  #term(): TreeNode {
    const { text, at } = this.#peek()
    if (text === '(') {
      const [inner] = this.#bracketed()
      return inner
    }
    const counts = /^(any|all|\d+)$/i.test(text) && lower(this.#peek(1).text) === 'of'
    if (!counts) return this.#leaf()
    this.#next += 2
    const items = this.#bracketed(',')
    const count = lower(text)
    const k = count === 'any' ? 1 : count === 'all' ? items.length : Number(count)
    return gate(k, items, at)
  }

  /** "(" policy {mark policy} ")"; without a mark, one policy. */
  #bracketed(mark?: string): readonly [TreeNode, ...TreeNode[]] {
    this.#expect('(')
    this.#open++
    if (this.#open > BRACKETS_MAX) throw this.#unexpected(`at most ${BRACKETS_MAX} brackets open`)
    const items: [TreeNode, ...TreeNode[]] = [this.policy()]
    while (mark != null && this.#skip(mark)) items.push(this.policy())
    this.#expect(')')
    this.#open--
    return items
  }

  #leaf(): TreeLeaf {
    const leaf: { org: number; roles: number; group: TreeLeaf['group'] } = {
      org: 0,
      roles: 0,
      group: undefined
    }
    do {
      const { text, at } = this.#peek()
      const [kind = '', value = ''] = text.split(/:(.*)/)
      switch (lower(kind)) {
        case 'org':
          if (leaf.org !== 0) throw wrong('one organisation in a leaf', at, text)
          leaf.org = organisation(value, at, text)
          break
        case 'group':
          if (leaf.group != null) throw wrong('one group in a leaf', at, text)
          leaf.group = group(value, at, text)
          break
        default:
          leaf.roles |= role(text, at)
      }
      this.#next++
    } while (this.#skip('+'))
    return leaf
  }

  #peek(ahead = 0): Token {
    return this.#tokens[this.#next + ahead] ?? (this.#tokens.at(-1) as Token)
  }

  #is(word: string): boolean {
    return lower(this.#peek().text) === word
  }

  #skip(mark: string): boolean {
    const here = this.#peek().text === mark
    if (here) this.#next++
    return here
  }

  #expect(mark: string): void {
    if (!this.#skip(mark)) throw this.#unexpected(`"${mark}"`)
  }

  #unexpected(expected: string): InvalidParametersError {
    const { text, at } = this.#peek()
    return wrong(expected, at, shown(text))
  }
}

const lower = (text: string): string => text.toLowerCase()
const shown = (text: string): string => (text === END ? 'the end' : `"${text.slice(0, 80)}"`)

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  const body = text.trimEnd()
  TOKENS.lastIndex = 0
  for (let from = 0; from < body.length; from = TOKENS.lastIndex) {
    TOKENS.lastIndex = from
    const found = TOKENS.exec(body)
    if (found?.[1] == null) {
      const blank = /\s*/y
      blank.lastIndex = from
      const at = from + (blank.exec(body)?.[0].length ?? 0)
      throw wrong('a letter, a digit, or one of ( ) , + :', at + 1, shown(body[at] ?? END))
    }
    tokens.push({ text: found[1], at: TOKENS.lastIndex - found[1].length + 1 })
  }
  return [...tokens, { text: END, at: body.length + 1 }]
}

function gate(k: number, of: readonly TreeNode[], at: number): TreeNode {
  const levels = 1 + Math.max(...of.map(levelsOf))
  if (levels > TREE_LEVELS) throw wrong(`at most ${TREE_LEVELS} levels`, at, String(levels))
  if (of.length < 2 || of.length > TREE_CHILDREN) {
    throw wrong(`2..${TREE_CHILDREN} alternatives in a list`, at, String(of.length))
  }
  if (k < 1 || k > of.length) throw wrong(`a count of 1..${of.length}`, at, String(k))
  // in the order of their bytes, as core/tree.ts has them: equal ones become neighbours
  const sorted = [...of].sort((a, b) => compareBytes(encode(a), encode(b)))
  const twice = sorted.find((each, i) => i > 0 && equalBytes(encode(each), encode(sorted[i - 1])))
  if (twice != null) throw wrong('each alternative once', at, policyText(twice))
  return { k, of: sorted }
}

const levelsOf = (node: TreeNode): number =>
  isGate(node) ? 1 + Math.max(...node.of.map(levelsOf)) : 1

function organisation(value: string, at: number, text: string): number {
  const org = /^[1-9]\d{0,9}$/.test(value) ? Number(value) : 0
  if (org < 1 || org > U32_MAX) throw wrong(`"org:" and 1..${U32_MAX}`, at, shown(text))
  return org
}

function group(value: string, at: number, text: string): NonNullable<TreeLeaf['group']> {
  if (!/^(0x)?[0-9a-f]{64}$/i.test(value)) {
    throw wrong('"group:" and 64 hex digits', at, shown(text))
  }
  const id = hash(fromHex(value))
  if (isZero(id)) throw wrong('another group than zero', at, shown(text))
  return id
}

function role(text: string, at: number): number {
  const name = lower(text).replace(/^role:/, '')
  if (/^role:0x[0-9a-f]{1,4}$/i.test(text)) {
    const bits = Number(name)
    if (bits > 0 && bits <= ROLES_MAX) return bits
  }
  if (!(ROLE_NAMES as readonly string[]).includes(name)) {
    throw wrong(`org:N, group:HEX, or one of ${ROLE_NAMES.join(', ')}`, at, shown(text))
  }
  return rolesOf([name])
}
