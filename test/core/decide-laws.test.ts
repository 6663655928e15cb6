/**
 * Laws of decide(): more input never changes a refusal, no single changed field opens another
 * record, purpose or grantee, and nothing that decodes makes it throw (SECURITY.md §9.3).
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../core/bytes.ts'
import { CHECKS, decide } from '../../core/decide.ts'
import type { DecideInput, Decision } from '../../core/decision.ts'
import { InvalidMessageError } from '../../core/errors.ts'
import { organisationGrantee } from '../../core/grant.ts'
import { hash } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { decodeRequest, encodeRequest } from '../../core/request.ts'
import { encodeTree, treeHash } from '../../core/tree.ts'
import { hashStruct } from '../../core/typed-data.ts'
import { DECIDE_CASES } from '../fixtures/decide-cases.ts'
import { gathered, NOW, named, run, type Scene, scene } from '../fixtures/scene.ts'

const ZERO = hash(new Uint8Array(32))
const tree = encodeTree({
  k: 1,
  of: [
    { org: 0, roles: 2, group: named('group') },
    { org: 7, roles: 2, group: undefined }
  ]
})
const emergency = { hl7: 'BTG', signers: ['requester', 'colleague'], tags: [] } as const
const scenes: Readonly<Record<string, () => Scene>> = {
  account: () => scene(),
  organisation: () => scene({ opening: { granteeKind: 2, grantee: organisationGrantee(0, 2) } }),
  group: () => scene({ opening: { granteeKind: 3, grantee: named('group') } }),
  tree: () => scene({ tree, opening: { granteeKind: 4, grantee: treeHash(tree, p) } }),
  blocks: () => scene({ want: 'blocks' }),
  emergency: () => scene({ ...emergency, opening: { scope: ZERO } }),
  pack: () => scene({ ...emergency, want: 'pack', opening: { scope: ZERO } }),
  'sub-grant': () => scene({ sub: {} }),
  'blocks by sub-grant': () => scene({ want: 'blocks', sub: {} })
}
const anyName = fc.constantFrom(...Object.keys(scenes))
const sceneOf = (name: string): Scene => (scenes[name] as () => Scene)()

// ---- changing one leaf, whatever it is

/** A second or two for each law; F1 of SECURITY.md §14 runs a million. */
const RUNS = 500

type Path = readonly (string | number)[]

function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [path]
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return [
    ...(Array.isArray(value) ? [path] : []),
    ...entries.flatMap(([key, each]) => leaves(each, [...path, key]))
  ]
}

/** Another value of the same kind; `at` and `salt` choose which. */
function other(value: unknown, at: number, salt: number): unknown {
  if (value instanceof Uint8Array) {
    const out = Uint8Array.from(value)
    if (out.length > 0) out[at % out.length] = (out[at % out.length] as number) ^ ((salt % 255) + 1)
    return out
  }
  if (typeof value === 'number') {
    const near = [
      value + 1,
      value - 1,
      0,
      1,
      2,
      3,
      4,
      value * 2,
      NOW,
      0xffff_ffff,
      2 ** 53 - 1,
      salt
    ]
    return Math.max(0, near[at % near.length] as number)
  }
  if (typeof value === 'bigint') return value ^ (1n << BigInt(at % 256))
  if (typeof value === 'boolean') return !value
  if (Array.isArray(value)) return at % 2 === 0 ? value.slice(1) : [...value, ...value.slice(0, 1)]
  if (typeof value === 'string') {
    const texts = ['TREAT', 'BTG', 'COC', 'share', 'blocks', 'pack', 'ok', 'bad', 'unresolved', 'x']
    return texts[at % texts.length]
  }
  return named('something')
}

function changed(value: unknown, path: Path, at: number, salt: number): unknown {
  const [key, ...rest] = path
  if (key === undefined) return other(value, at, salt)
  if (Array.isArray(value)) {
    return value.map((each, i) => (i === key ? changed(each, rest, at, salt) : each))
  }
  const map = value as Record<string, unknown>
  return { ...map, [key]: changed(map[key], rest, at, salt) }
}

const change = fc.tuple(fc.nat(), fc.nat(10_000), fc.nat(0xffff_ffff))
type Change = readonly [which: number, at: number, salt: number]

const mutate = <T>(value: T, [which, at, salt]: Change): T => {
  const paths = leaves(value)
  return changed(value, paths[which % paths.length] as Path, at, salt) as T
}

/** The request as it would come off the wire, or undefined if it would not. */
function overTheWire(input: DecideInput): DecideInput | undefined {
  try {
    return { ...input, request: decodeRequest(encodeRequest(input.request)) }
  } catch (err) {
    if (err instanceof InvalidMessageError) return undefined
    throw err
  }
}

/**
 * What signatures would say of a changed request: the requester signs what it likes, but neither
 * the account's binding nor the clinicians' word nor the delegator's.
 */
function resigned(of: Scene, input: DecideInput): Scene {
  const { request } = input
  const was = of.input.request
  const bound =
    equalBytes(
      hashStruct('NodeBinding', request.binding, p),
      hashStruct('NodeBinding', was.binding, p)
    ) && equalBytes(request.bindingSig, was.bindingSig)
  const broken = (from: typeof was) =>
    hashStruct(
      'BreakGlass',
      {
        owner: from.owner,
        opening: from.opening,
        reasonHash: from.emergency?.reasonHash ?? ZERO,
        epoch: from.emergency?.epoch ?? 0
      },
      p
    )
  const sameGlass = equalBytes(broken(request), broken(was))
  const signers = (request.emergency?.signers ?? []).map((signer) =>
    sameGlass &&
    was.emergency?.signers.some(
      (each) => equalBytes(each.account, signer.account) && equalBytes(each.sig, signer.sig)
    )
      ? ('ok' as const)
      : ('bad' as const)
  )
  const wasSub = was.sub
  const sameSub =
    request.sub != null &&
    wasSub != null &&
    equalBytes(
      hashStruct('SubGrant', request.sub.grant, p),
      hashStruct('SubGrant', wasSub.grant, p)
    ) &&
    equalBytes(request.sub.delegator, wasSub.delegator) &&
    equalBytes(request.sub.sig, wasSub.sig)
  const sub = sameSub ? input.verdicts.sub : 'bad'
  const binding = bound ? input.verdicts.binding : 'unresolved'
  return {
    ...of,
    input: { ...input, verdicts: { ...input.verdicts, binding, signers, sub } },
    later: { ...of.later, erc1271: bound ? of.later.erc1271 : 'bad' }
  }
}

/** What each scene gives before anything is changed. */
const untouched = Object.fromEntries(
  Object.entries(scenes).map(([name, make]) => [name, run(make()).decision])
)

const isRefusal = (decision: Decision): boolean => decision.kind === 'refuse'

describe('laws of decide', () => {
  it('has a case for every check', () => {
    const needs = ['headsAreGathered', 'bindingIsAsked', 'wordsAreGathered']
    const tried = new Set([...DECIDE_CASES.map(([check]) => check), ...needs])

    expect([...tried].sort()).toEqual([...new Set(CHECKS.map(({ name }) => name))].sort())
  })

  it('releases every scene before anything is changed', () => {
    for (const [name, decision] of Object.entries(untouched)) {
      expect(decision.kind, name).toBe('release')
    }
  })

  it('keeps a refusal whatever else is gathered', () => {
    const parts = fc.subarray(['heads', 'erc1271', 'words'] as const)

    fc.assert(
      fc.property(
        anyName,
        fc.array(change, { maxLength: 3 }),
        parts,
        parts,
        (name, changes, a, b) => {
          const full = changes.reduce(mutate, gathered(sceneOf(name)))
          const only = (kept: readonly string[]): DecideInput => ({
            ...full,
            heads: kept.includes('heads') ? full.heads : undefined,
            erc1271: kept.includes('erc1271') ? full.erc1271 : undefined,
            words: kept.includes('words') ? full.words : undefined
          })
          const wire = overTheWire(full)
          fc.pre(wire != null)
          const first = decide(only(a), p)

          if (isRefusal(first)) expect(decide(only([...a, ...b]), p)).toEqual(first)
        }
      ),
      { numRuns: RUNS }
    )
  }, 60_000)

  it('never turns a refusal into a release by a notice', () => {
    const notices = fc.record({
      erased: fc.boolean(),
      revokedVersion: fc.option(fc.nat(9), { nil: undefined }),
      ownerEpoch: fc.option(fc.nat(9), { nil: undefined }),
      bindingEpoch: fc.option(fc.nat(9), { nil: undefined }),
      handedBack: fc.option(fc.boolean(), { nil: undefined }),
      optOut: fc.option(fc.record({ purposes: fc.nat(31), version: fc.nat(9) }), {
        nil: undefined
      }),
      wish: fc.option(fc.record({ wish: fc.nat(3), version: fc.nat(9) }), { nil: undefined })
    })

    fc.assert(
      fc.property(anyName, change, notices, (name, one, told) => {
        const silent = { erased: false }
        const full = { ...mutate(gathered(sceneOf(name)), one), notices: silent }
        fc.pre(overTheWire(full) != null)

        if (isRefusal(decide(full, p))) {
          expect(isRefusal(decide({ ...full, notices: told }, p))).toBe(true)
        }
      }),
      { numRuns: RUNS }
    )
  }, 60_000)

  it('opens no other record, purpose or grantee by one changed field of a request', () => {
    fc.assert(
      fc.property(anyName, change, (name, one) => {
        const of = sceneOf(name)
        const input = overTheWire({ ...of.input, request: mutate(of.input.request, one) })
        fc.pre(input != null)
        const { decision } = run(resigned(of, input as DecideInput))
        const before = untouched[name] as Decision

        if (decision.kind === 'release' && before.kind === 'release') {
          const { request } = input as DecideInput
          const was = of.input.request
          const pack = request.want === 'pack'
          expect(decision.grantId).toEqual(before.grantId)
          expect(request.owner).toEqual(was.owner)
          expect(request.purpose).toBe(was.purpose)
          expect(request.hl7).toBe(was.hl7)
          expect(request.binding).toEqual(was.binding)
          expect(decision.sub).toEqual(before.sub)
          if (!pack) expect([request.recordId, request.ver]).toEqual([was.recordId, was.ver])
          if (request.want === 'share') expect(decision.shareEpoch).toBe(was.shareEpoch)
        }
      }),
      { numRuns: RUNS }
    )
  }, 60_000)

  it('never throws on what decodes, and is the same twice', () => {
    fc.assert(
      fc.property(anyName, fc.array(change, { minLength: 1, maxLength: 6 }), (name, changes) => {
        const input = overTheWire(changes.reduce(mutate, gathered(sceneOf(name))))
        fc.pre(input != null)
        const decision = decide(input as DecideInput, p)

        expect(['release', 'refuse', 'need']).toContain(decision.kind)
        expect(decide(input as DecideInput, p)).toEqual(decision)
      }),
      { numRuns: RUNS }
    )
  }, 60_000)
})
