/**
 * Policy trees: who may read, as gates over attributes of one account (SECURITY.md §7). A grant
 * names a tree by hash, the request reveals it, custodians evaluate it on proven words. There is
 * no NOT, since only non-zero words authorise.
 * @module
 */
import { compareBytes, domain, isZero } from './bytes.ts'
import { bytes, decode, encode, map, nullable, type Shape, uint } from './codec.ts'
import { InvalidMessageError } from './errors.ts'
import { type Hash, hash } from './ids.ts'
import { TREE_CHILDREN, TREE_LEAVES, TREE_LEVELS, TREE_MAX_BYTES } from './limits.ts'
import type { Primitives } from './primitives.ts'

/** True if each part that is set holds; an organisation or a role needs an active organisation. */
export interface TreeLeaf {
  /** 0: any. */
  readonly org: number
  readonly roles: number
  readonly group: Hash | undefined
}

/** True if at least `k` of its children are: OR is k = 1, AND is all. */
export interface TreeGate {
  readonly k: number
  readonly of: readonly TreeNode[]
}

export type TreeNode = TreeLeaf | TreeGate

export const isGate = (node: TreeNode): node is TreeGate => 'of' in node

const leafShape = map({
  org: uint(0xffff_ffff),
  roles: uint(0xffff),
  group: nullable(bytes(32, (b) => hash(b, 'group')))
})

function leaf(value: unknown, path: string): TreeLeaf {
  const node = leafShape(value, path)
  if (node.org === 0 && node.roles === 0 && node.group == null) {
    throw new InvalidMessageError(`"${path}" expected a leaf that asks for something`)
  }
  if (node.group != null && isZero(node.group)) {
    throw new InvalidMessageError(`"${path}.group" expected another group than zero`)
  }
  return node
}

/** A node on `level` (the root's is 1) and below. */
function node(value: unknown, path: string, level: number): TreeNode {
  if (typeof value !== 'object' || value === null || !('of' in value)) return leaf(value, path)
  if (level === TREE_LEVELS) {
    throw new InvalidMessageError(`"${path}" expected a leaf on level ${TREE_LEVELS}`)
  }
  const children = (of: unknown, at: string): readonly TreeNode[] => {
    if (!Array.isArray(of) || of.length < 2 || of.length > TREE_CHILDREN) {
      throw new InvalidMessageError(`"${at}" expected 2..${TREE_CHILDREN} children`)
    }
    return of.map((child, i) => node(child, `${at}[${i}]`, level + 1))
  }
  const gate = map({ k: uint(TREE_CHILDREN, 1), of: children })(value, path)
  if (gate.k > gate.of.length) {
    throw new InvalidMessageError(`"${path}.k" expected at most the number of children`)
  }
  const encoded = gate.of.map(encode)
  if (encoded.some((each, i) => i > 0 && compareBytes(encoded[i - 1] as Uint8Array, each) >= 0)) {
    throw new InvalidMessageError(`"${path}.of" expected strictly ascending children`)
  }
  return gate
}

const treeShape: Shape<TreeNode> = (value, path) => {
  const root = node(value, path, 1)
  if (leavesOf(root).length > TREE_LEAVES) {
    throw new InvalidMessageError(`"${path}" expected at most ${TREE_LEAVES} leaves`)
  }
  return root
}

/** @throws InvalidMessageError unless canonical, within bounds, in order */
export function decodeTree(tree: Uint8Array): TreeNode {
  if (tree.byteLength > TREE_MAX_BYTES) {
    throw new InvalidMessageError(`"tree" expected at most ${TREE_MAX_BYTES} bytes`)
  }
  return decode(treeShape, tree, 'tree')
}

/** Sorts children, checks bounds, gives the canonical bytes. @throws InvalidMessageError */
export function encodeTree(root: TreeNode): Uint8Array {
  const out = encode(sorted(root))
  decodeTree(out)
  return out
}

const sorted = (root: TreeNode): TreeNode =>
  isGate(root)
    ? {
        k: root.k,
        of: root.of.map(sorted).sort((a, b) => compareBytes(encode(a), encode(b)))
      }
    : { org: root.org, roles: root.roles, group: root.group }

/** The grantee of a grant of kind 4. */
export const treeHash = (tree: Uint8Array, p: Primitives): Hash =>
  hash(p.sha256(domain('keyward/v1/tree'), tree))

export const leavesOf = (root: TreeNode): readonly TreeLeaf[] =>
  isGate(root) ? root.of.flatMap(leavesOf) : [root]

/** `holds` answers for one leaf, always about the same account. */
export const evaluateTree = (root: TreeNode, holds: (leaf: TreeLeaf) => boolean): boolean =>
  isGate(root)
    ? root.of.filter((child) => evaluateTree(child, holds)).length >= root.k
    : holds(root)
