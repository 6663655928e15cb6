import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { TREE_LEAVES, TREE_MAX_BYTES } from '../../core/limits.ts'
import { parsePolicy, policyText } from '../../core/policy.ts'
import { decodeTree, encodeTree, leavesOf, type TreeLeaf, type TreeNode } from '../../core/tree.ts'
import { hashOf } from '../fixtures/messages.ts'

const HEX = '77'.repeat(32)
const group = hashOf(0x77)
const leaf = (org: number, roles = 0, of?: TreeLeaf['group']): TreeLeaf => ({
  org,
  roles,
  group: of
})
const canonical = (tree: TreeNode): TreeNode => decodeTree(encodeTree(tree))

const CLINICIAN = 2
const RESEARCHER = 32

describe('the text of a policy', () => {
  it.each<[string, string, TreeNode]>([
    ['an organisation', 'org:1', leaf(1)],
    ['the largest one', 'org:4294967295', leaf(4_294_967_295)],
    ['a role', 'role:clinician', leaf(0, CLINICIAN)],
    ['a role by its bare name', 'Clinician', leaf(0, CLINICIAN)],
    ['a group', `group:${HEX}`, leaf(0, 0, group)],
    ['a group with 0x', `group:0x${HEX.toUpperCase()}`, leaf(0, 0, group)],
    ['parts of one leaf', `org:1+clinician+group:${HEX}`, leaf(1, CLINICIAN, group)],
    ['two roles of one leaf', 'clinician + researcher', leaf(0, CLINICIAN | RESEARCHER)],
    ['a role without a name', 'role:0x40+clinician', leaf(0, 0x42)],
    ['and', 'org:1 and clinician', { k: 2, of: [leaf(0, CLINICIAN), leaf(1)] }],
    ['or', 'org:1 or org:2', { k: 1, of: [leaf(1), leaf(2)] }],
    [
      'and before or',
      'org:1 or org:2 and clinician',
      { k: 1, of: [leaf(1), { k: 2, of: [leaf(2), leaf(0, CLINICIAN)] }] }
    ],
    [
      'brackets before and',
      '(org:1 or org:2) and clinician',
      { k: 2, of: [{ k: 1, of: [leaf(1), leaf(2)] }, leaf(0, CLINICIAN)] }
    ],
    ['any of', 'any of (org:1, org:2)', { k: 1, of: [leaf(1), leaf(2)] }],
    ['all of', 'ALL OF (org:1, org:2)', { k: 2, of: [leaf(1), leaf(2)] }],
    ['k of', '2 of (org:1, org:2, org:3)', { k: 2, of: [leaf(1), leaf(2), leaf(3)] }],
    ['k of, where k is all', '2 of (org:1, org:2)', { k: 2, of: [leaf(1), leaf(2)] }],
    [
      'a cardiologist of clinic 1 or 2',
      `1 of (org:1+clinician+group:${HEX}, org:2+clinician+group:${HEX})`,
      { k: 1, of: [leaf(1, CLINICIAN, group), leaf(2, CLINICIAN, group)] }
    ],
    ['space and lines', '\n any\tof (  org:1 ,\norg:2)  ', { k: 1, of: [leaf(1), leaf(2)] }]
  ])('reads %s', (_name, text, tree) => {
    expect(parsePolicy(text)).toEqual(canonical(tree))
  })

  it.each(
    [
      ['', 'org:N, group:HEX, or one of custodian, clinician'],
      ['   ', 'at character 1, got the end'],
      ['org', 'at character 1, got "org"'],
      ['org:0', '"org:" and 1..4294967295 at character 1, got "org:0"'],
      ['org:4294967296', 'at character 1'],
      ['org:01', 'at character 1'],
      ['org:1 nurse', '"and", "or" or the end at character 7, got "nurse"'],
      ['nurse', 'org:N, group:HEX, or one of'],
      ['role:', 'at character 1, got "role:"'],
      ['role:0x0', 'at character 1'],
      ['role:0x10000', 'at character 1'],
      ['group:77', '"group:" and 64 hex digits at character 1'],
      [`org:1+group:${'00'.repeat(32)}`, 'another group than zero at character 7'],
      ['org:1+org:2', 'one organisation in a leaf at character 7'],
      [`group:${HEX}+group:${HEX}`, 'one group in a leaf at character 72'],
      ['org:1+', 'at character 7, got the end'],
      ['org:1 or', 'at character 9, got the end'],
      ['and org:1', 'at character 1, got "and"'],
      ['(org:1', '")" at character 7, got the end'],
      ['(org:1, org:2)', '")" at character 7, got ","'],
      ['org:1)', 'at character 6, got ")"'],
      ['any of org:1', '"(" at character 8, got "org:1"'],
      ['any of (org:1)', '2..8 alternatives in a list at character 1, got 1'],
      ['3 of (org:1, org:2)', 'a count of 1..2 at character 1, got 3'],
      ['0 of (org:1, org:2)', 'a count of 1..2 at character 1, got 0'],
      ['org:3 or 3 of (org:1, org:2)', 'a count of 1..2 at character 10, got 3'],
      ['org:1 or org:1', 'each alternative once at character 1, got org:1'],
      [`any of (${Array.from({ length: 9 }, (_, i) => `org:${i + 1}`)})`, '2..8 alternatives'],
      ['org:1 ; org:2', 'one of ( ) , + : at character 7, got ";"'],
      ['not org:1', 'at character 1, got "not"'],
      [
        '(((org:1 or org:2) and org:3) or org:4) and org:5',
        'at most 4 levels at character 1, got 5'
      ],
      [`${'('.repeat(17)}org:1${')'.repeat(17)}`, 'brackets open at character 18'],
      [
        ['a', 'b', 'c'].map((_, g) => `any of (${sixOrgs(g)})`).join(' or '),
        'at most 16 leaves at character 1, got 18'
      ],
      ['x'.repeat(4_097), 'at most 4096 characters, got 4097']
    ].map(([text = '', says = '']): [string, string, string] => [text.slice(0, 60), text, says])
  )('refuses %j and says where', (_start, text, says) => {
    expect(() => parsePolicy(text)).toThrow(
      expect.objectContaining({
        name: 'InvalidParametersError',
        message: expect.stringContaining(says)
      })
    )
    expect(() => parsePolicy(text)).toThrow(/^"policy" expected /)
  })

  it('refuses a tree of more than 1,024 bytes', () => {
    const leafOf = (i: number) => `org:${4_294_967_000 + i}+role:0x100+group:${HEX}`
    const gates = (from: number, size: number): string =>
      size === 2
        ? `(${leafOf(from)} or ${leafOf(from + 1)})`
        : `(${gates(from, size / 2)} and ${gates(from + size / 2, size / 2)})`
    const quarters = [0, 4, 8, 12].map((from) => gates(from, 4))

    expect(() => parsePolicy(quarters.join(' or '))).toThrow(
      `at most ${TREE_MAX_BYTES} B encoded at character 1, got 1048`
    )
    expect(parsePolicy(quarters.slice(1).join(' or '))).toBeDefined()
  })

  it('is read again as the tree that it was printed from', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const text = policyText(tree)

        expect(parsePolicy(text)).toEqual(tree)
        expect(policyText(parsePolicy(text))).toBe(text)
      })
    )
  })

  it('never breaks a reader of anything', () => {
    const words = fc.constantFrom('org:1', 'org:2', 'clinician', 'any', 'of', '2', 'and', 'or')
    const marks = fc.constantFrom('(', ')', ',', '+', ' ', `group:${HEX}`, ';', '\u{1f600}')
    fc.assert(
      fc.property(fc.array(fc.oneof(words, marks), { maxLength: 40 }), (parts) => {
        const text = parts.join(' ')
        let tree: TreeNode
        try {
          tree = parsePolicy(text)
        } catch (err) {
          expect(err).toMatchObject({ name: 'InvalidParametersError' })
          return
        }
        expect(toHex(encodeTree(parsePolicy(policyText(tree))))).toBe(toHex(encodeTree(tree)))
      })
    )
  })
})

function sixOrgs(of: number): string {
  return Array.from({ length: 6 }, (_, i) => `org:${10 * of + i + 1}`).join(', ')
}

const leaves: fc.Arbitrary<TreeLeaf> = fc
  .record({
    org: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffff_ffff })),
    roles: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffff })),
    group: fc.option(
      fc.integer({ min: 1, max: 255 }).map((byte) => hashOf(byte)),
      { nil: undefined }
    )
  })
  .filter(({ org, roles, group: of }) => org !== 0 || roles !== 0 || of != null)

/** Trees within all bounds, canonical. */
const trees: fc.Arbitrary<TreeNode> = nodes(4)
  .filter((tree) => leavesOf(tree).length <= TREE_LEAVES)
  .map((tree) => {
    try {
      return canonical(tree)
    } catch {
      return undefined // too long, or a child twice
    }
  })
  .filter((tree) => tree != null)

function nodes(levels: number): fc.Arbitrary<TreeNode> {
  if (levels === 1) return leaves
  const gates = fc
    .array(nodes(levels - 1), { minLength: 2, maxLength: 3 })
    .chain((of) => fc.integer({ min: 1, max: of.length }).map((k): TreeNode => ({ k, of })))
  return fc.oneof({ weight: 2, arbitrary: leaves }, { weight: 1, arbitrary: gates })
}
