/**
 * A sweep as its points: every combination of the swept values, each as many times as asked, each
 * time with a seed of its own. A point's id and seed follow from what it is and not from where it
 * stands, so that a sweep that was stopped, or grew by a value, finds what it already has.
 * @module
 */
import type { core } from 'zod'
import type { EngineName } from '../engine.ts'
import {
  SWEEP_AXES_MAX,
  SWEEP_FAULTS_TOLD,
  SWEEP_POINTS_MAX,
  SWEEP_REPEATS_MAX
} from '../limits.ts'
import { Rng } from '../random.ts'
import { contradictionLines } from '../scenario/contradictions.ts'
import { InvalidScenarioError, shown } from '../scenario/faults.ts'
import { expectation, schemaAt } from '../scenario/json-schema.ts'
import { nearest } from '../scenario/nearest.ts'
import { type Scenario, scenarioShape } from '../scenario/shape.ts'
import { canonicalJson, sha256Hex } from './canonical.ts'
import { type Axis, type AxisValue, parseOver } from './over.ts'

/** One run: a combination of the swept values, and which of its repeats. */
export interface SweepPoint {
  /** 32 hex digits of the hash of scenario, seed, repeat and engine. */
  readonly id: string
  /** From 0: which combination. */
  readonly setting: number
  /** The swept values, by path. */
  readonly at: Readonly<Record<string, AxisValue>>
  readonly repeat: number
  /** Unsigned 32-bit, this point's own. */
  readonly seed: number
  readonly engine: EngineName
  /** Resolved, with the point's seed and one repeat: what runs. */
  readonly scenario: Scenario
}

export interface SweepPlan {
  /** The scenario as it was before anything was varied. */
  readonly base: Scenario
  readonly axes: readonly Axis[]
  readonly repeats: number
  readonly seed: number
  readonly engine: EngineName
  readonly points: readonly SweepPoint[]
}

export interface SweepPlanInit {
  readonly scenario: Scenario
  /** The flags: "dht.alpha=3,5,10". */
  readonly over: readonly string[]
  /** Of each combination. @default the scenario's */
  readonly repeats?: number
  /** Unsigned 32-bit. @default the scenario's */
  readonly seed?: number
  readonly engine: EngineName
}

/** What a sweep decides itself, or what no result depends on. */
const NOT_SWEPT = ['name', 'question', 'seed', 'repeats', 'expect']

/** @throws InvalidScenarioError with every fault */
export async function planSweep(init: SweepPlanInit): Promise<SweepPlan> {
  const { scenario: base, engine } = init
  const repeats = init.repeats ?? base.repeats
  const seed = init.seed ?? base.seed
  const { axes, faults: misspelt } = parseOver(init.over)
  const faults = [...misspelt, ...numberFaults(repeats, seed), ...axes.flatMap(swept)]
  if (init.over.length === 0) faults.push('--over: expected at least one, such as dht.alpha=3,5,10')
  if (axes.length > SWEEP_AXES_MAX) {
    faults.push(`--over: expected at most ${SWEEP_AXES_MAX} fields, got ${axes.length}`)
  }
  const count = axes.reduce((product, { values }) => product * values.length, 1) * repeats
  if (count > SWEEP_POINTS_MAX) {
    faults.push(
      `expected at most ${SWEEP_POINTS_MAX} points, got ${count}: fewer values or repeats`
    )
  }
  // each value alone first: a wrong one is told once, not in all its combinations
  faults.push(...axes.flatMap((axis) => valueFaults(base, axis)))
  if (faults.length > 0) throw invalid(faults)

  const settings = combinations(axes)
  const points: SweepPoint[] = []
  for (const [setting, at] of settings.entries()) {
    const resolved = resolve(base, at)
    if ('faults' in resolved) {
      faults.push(...resolved.faults.map((fault) => `${spell(at)}: ${fault}`))
      continue
    }
    const scenario = resolved.scenario
    faults.push(...contradictionLines(scenario).map((line) => `${spell(at)}: ${line}`))
    for (let repeat = 0; repeat < repeats; repeat++) {
      points.push(await makePoint({ scenario, setting, at, repeat, sweepSeed: seed, engine }))
    }
  }
  if (faults.length > 0) throw invalid(faults)
  return { base, axes, repeats, seed, engine, points: once(points) }
}

/** The id that a point with these parts has; a worker checks it against the one it was given. */
export async function pointId(parts: {
  readonly scenario: Scenario
  readonly seed: number
  readonly repeat: number
  readonly engine: EngineName
}): Promise<string> {
  const { scenario, seed, repeat, engine } = parts
  return (await sha256Hex(canonicalJson({ scenario, seed, repeat, engine }))).slice(0, 32)
}

async function makePoint(parts: {
  readonly scenario: Scenario
  readonly setting: number
  readonly at: Readonly<Record<string, AxisValue>>
  readonly repeat: number
  readonly sweepSeed: number
  readonly engine: EngineName
}): Promise<SweepPoint> {
  const { setting, at, repeat, sweepSeed, engine } = parts
  const { seed: _seed, repeats: _repeats, ...fixed } = parts.scenario
  const what = await sha256Hex(canonicalJson(fixed))
  const seed = new Rng(sweepSeed, 'sweep').derive(`${what}/${repeat}`).u32()
  const scenario: Scenario = { ...parts.scenario, seed, repeats: 1 }
  const id = await pointId({ scenario, seed, repeat, engine })
  return { id, setting, at, repeat, seed, engine, scenario }
}

/** Two spellings of one scenario are one point. */
function once(points: readonly SweepPoint[]): readonly SweepPoint[] {
  return [...new Map(points.map((point) => [point.id, point])).values()]
}

/** The first axis varies slowest. */
function combinations(axes: readonly Axis[]): readonly Readonly<Record<string, AxisValue>>[] {
  return axes.reduce<readonly Readonly<Record<string, AxisValue>>[]>(
    (settings, { path, values }) =>
      settings.flatMap((at) => values.map((value) => ({ ...at, [path]: value }))),
    [{}]
  )
}

function numberFaults(repeats: number, seed: number): string[] {
  const faults: string[] = []
  if (!(Number.isInteger(repeats) && repeats >= 1 && repeats <= SWEEP_REPEATS_MAX)) {
    faults.push(`--repeats: expected 1 to ${SWEEP_REPEATS_MAX}, got ${repeats}`)
  }
  if (!(Number.isInteger(seed) && seed >= 0 && seed <= 0xffff_ffff)) {
    faults.push(`--seed: expected 0 to ${0xffff_ffff}, got ${seed}`)
  }
  return faults
}

function swept({ path }: Axis): string[] {
  if (!NOT_SWEPT.includes(path.split('.')[0] ?? '')) return []
  return [`--over ${path}: expected a field that changes what happens; seeds come from --repeats`]
}

function valueFaults(base: Scenario, { path, values }: Axis): string[] {
  return values.flatMap((value) => {
    const resolved = resolve(base, { [path]: value })
    if (!('faults' in resolved)) return []
    return resolved.faults.map((fault) => `--over ${path}=${value}: ${fault}`)
  })
}

type Resolved = { readonly scenario: Scenario } | { readonly faults: readonly string[] }

/** The scenario with these values in their places. */
function resolve(base: Scenario, at: Readonly<Record<string, AxisValue>>): Resolved {
  const draft: unknown = structuredClone(base)
  const misplaced = Object.entries(at).flatMap(([path, value]) => put(draft, path, value))
  if (misplaced.length > 0) return { faults: misplaced }
  const parsed = scenarioShape.safeParse(draft)
  if (parsed.success) return { scenario: parsed.data }
  return { faults: parsed.error.issues.flatMap((issue) => issueFaults(issue, draft)) }
}

/** Place, what was expected, what stands there; as for a scenario's file (scenario/load.ts). */
function issueFaults(issue: core.$ZodIssue, draft: unknown): string[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
  const schema = schemaAt(path, draft)
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schema?.properties ?? {})
    return issue.keys.map((key) => {
      const meant = nearest(key, known)
      const hint = meant == null ? `one of ${known.join(', ')}` : `"${meant}"`
      return `${[...path, key].join('.')}  is not known; expected ${hint}`
    })
  }
  const got = path.reduce<unknown>(
    (at, key) => (at as Record<string, unknown> | null)?.[key],
    draft
  )
  const expected = schema == null ? issue.message : `expected ${expectation(schema)}`
  return [`${path.join('.')}  ${expected}, got ${shown(got)}`]
}

/** Sets one field; a group that may be left out is made. Gives a fault if there is no such place. */
function put(draft: unknown, path: string, value: AxisValue): string[] {
  const keys = path.split('.')
  const last = keys.pop() as string
  let place = draft as Record<string, unknown>
  for (const key of keys) {
    const next = Object.hasOwn(place, key) ? place[key] : undefined
    if (Array.isArray(place) && next === undefined) return [`expected an entry ${key} in the file`]
    if (next === undefined) place[key] = {}
    else if (typeof next !== 'object') return [`${key}: expected a group of fields, got ${next}`]
    place = place[key] as Record<string, unknown>
  }
  const old = Object.hasOwn(place, last) ? place[last] : undefined
  if (typeof old === 'object')
    return [`expected a single field, got a group: name one of its fields`]
  if (Array.isArray(place) && old === undefined) return [`expected an entry ${last} in the file`]
  place[last] = value
  return []
}

/** "dht.alpha=3 network.clinics=1000" */
const spell = (at: Readonly<Record<string, AxisValue>>): string =>
  Object.entries(at)
    .map(([path, value]) => `${path}=${value}`)
    .join(' ')

function invalid(faults: readonly string[]): InvalidScenarioError {
  const told = [...new Set(faults)]
  const more = told.length - SWEEP_FAULTS_TOLD
  const lines = more > 0 ? [...told.slice(0, SWEEP_FAULTS_TOLD), `… and ${more} more`] : told
  return new InvalidScenarioError('this sweep cannot be run', lines)
}
