import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../core/bytes.ts'
import { encode } from '../../core/codec.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import {
  decodeTree,
  encodeTree,
  evaluateTree,
  isGate,
  leavesOf,
  type TreeLeaf,
  type TreeNode,
  treeHash
} from '../../core/tree.ts'
import { fill, hashOf } from '../fixtures/messages.ts'
import known from '../vectors/known-answers.json' with { type: 'json' }

const leaf = (org: number, roles = 0): TreeLeaf => ({ org, roles, group: undefined })
const inGroup = (byte: number): TreeLeaf => ({ org: 0, roles: 0, group: hashOf(byte) })
const nest = (levels: number): TreeNode =>
  levels === 1 ? leaf(1) : { k: 1, of: [nest(levels - 1), leaf(levels)] }

describe('policy trees', () => {
  it('gives the known answer', () => {
    const bytes = fromHex(known.tree)
    const tree = { k: 2, of: [inGroup(0x77), leaf(7, 2)] }

    expect(toHex(encodeTree(tree))).toBe(known.tree)
    expect(decodeTree(bytes)).toEqual(tree)
    expect(toHex(treeHash(bytes, p))).toBe(known.treeGrantee)
  })

  it('sorts children when it encodes', () => {
    expect(encodeTree({ k: 2, of: [leaf(7, 2), inGroup(0x77)] })).toEqual(fromHex(known.tree))
  })

  it.each<[string, unknown, string]>([
    ['children that descend', { k: 1, of: [leaf(8), leaf(7)] }, 'ascending'],
    ['a child twice', { k: 1, of: [leaf(7), leaf(7)] }, 'ascending'],
    ['one child', { k: 1, of: [leaf(7)] }, '2..8 children'],
    ['nine children', { k: 1, of: Array.from({ length: 9 }, (_, i) => leaf(i + 1)) }, '2..8'],
    ['children that are none', { k: 1, of: 7 }, '2..8'],
    ['k 0', { k: 0, of: [leaf(7), leaf(8)] }, 'tree.k'],
    ['k beyond the children', { k: 3, of: [leaf(7), leaf(8)] }, 'tree.k'],
    ['a leaf that asks nothing', leaf(0), 'asks for something'],
    ['an empty leaf in a gate', { k: 1, of: [leaf(0), leaf(7)] }, 'tree.of[0]'],
    ['a group of zeros', { org: 0, roles: 0, group: fill(0) }, 'another group than zero'],
    ['a group of 31 bytes', { org: 0, roles: 0, group: fill(1, 31) }, 'tree.group'],
    ['roles of 17 bits', leaf(1, 0x1_0000), 'tree.roles'],
    ['a gate that is a leaf too', { k: 1, of: [leaf(7), leaf(8)], org: 1 }, 'no key "org"'],
    ['a list', [leaf(7)], 'no key "0"'],
    ['text', 'tree', 'a map'],
    ['null', null, 'a map'],
    ['five levels', nest(5), 'a leaf on level 4']
  ])('refuses %s', (_name, tree, why) => {
    expect(() => decodeTree(encode(tree))).toThrow(why)
  })

  it('takes 16 leaves on 4 levels, and no more of either', () => {
    const eight = (from: number): TreeNode => ({
      k: 1,
      of: Array.from({ length: 8 }, (_, i) => leaf(from + i))
    })

    expect(leavesOf(decodeTree(encodeTree({ k: 1, of: [eight(1), eight(100)] })))).toHaveLength(16)
    expect(() => encodeTree({ k: 1, of: [leaf(50), eight(1), eight(100)] })).toThrow('16 leaves')
    expect(decodeTree(encodeTree(nest(4)))).toEqual(nest(4))
  })

  it('refuses more than 1,024 bytes before it decodes', () => {
    expect(() => decodeTree(new Uint8Array(1_025))).toThrow('1024 bytes')
  })

  it('refuses what is no dag-cbor, or not canonical', () => {
    const unsorted = fromHex('a2626f6680616b01')

    expect(() => decodeTree(new Uint8Array(0))).toThrow('dag-cbor')
    expect(() => decodeTree(unsorted)).toThrow('canonical')
  })

  const anyLeaf = fc
    .tuple(fc.nat(5), fc.nat(3), fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }))
    .filter(([org, roles, group]) => org > 0 || roles > 0 || group != null)
    .map(
      ([org, roles, group]): TreeLeaf => ({
        org,
        roles,
        group: group == null ? undefined : hashOf(group)
      })
    )
  const anyGate = fc
    .tuple(fc.uniqueArray(anyLeaf, { minLength: 2, maxLength: 8, selector: key }), fc.nat(7))
    .map(([of, k]): TreeNode => ({ k: (k % of.length) + 1, of }))

  it('decodes what it encodes, and nothing shorter', () => {
    fc.assert(
      fc.property(anyGate, fc.nat(), (gate, cut) => {
        const bytes = encodeTree(gate)

        expect(encodeTree(decodeTree(bytes))).toEqual(bytes)
        expect(() => decodeTree(bytes.subarray(0, cut % bytes.length))).toThrow()
      })
    )
  })

  it('is true if k children are, whichever they are', () => {
    fc.assert(
      fc.property(anyGate, fc.nat(255), (gate, mask) => {
        if (!isGate(gate)) throw new Error('a gate was expected')
        const holding = new Set(gate.of.filter((_, i) => ((mask >> i) & 1) === 1))

        expect(evaluateTree(gate, (each) => holding.has(each))).toBe(holding.size >= gate.k)
      })
    )
  })

  it('never turns false by one more attribute', () => {
    const nested = { k: 2, of: [inGroup(1), { k: 1, of: [leaf(1), leaf(2)] }] }
    const leaves = leavesOf(nested)
    for (let mask = 0; mask < 8; mask++) {
      const holds = (bits: number) =>
        evaluateTree(nested, (each) => ((bits >> leaves.indexOf(each)) & 1) === 1)
      for (let bit = 0; bit < 3; bit++) {
        if (holds(mask)) expect(holds(mask | (1 << bit)), `${mask} and ${bit}`).toBe(true)
      }
      expect(holds(mask), `${mask}`).toBe((mask & 1) === 1 && (mask & 6) !== 0)
    }
  })
})

function key(node: TreeLeaf): string {
  return toHex(encode(node))
}
