/**
 * From a scenario's text to a scenario: everything that is wrong with it at once, each fault with its
 * place, what was expected and what was found. Fields that cannot be read are set aside, so that
 * contradictions between the others are told in the same breath.
 * @module
 */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { core } from 'zod'
import { type Contradiction, contradictions, contradictionText } from './contradictions.ts'
import { InvalidScenarioError, shown } from './faults.ts'
import { expectation, isMap, type Path, schemaAt } from './json-schema.ts'
import { nearest } from './nearest.ts'
import { type Scenario, scenarioShape } from './shape.ts'
import { readSource, type Source } from './source.ts'

export interface ParseOptions {
  /** As faults call it. @default "scenario" */
  readonly file?: string
  /** "path=value" of --set. */
  readonly set?: readonly string[]
}

/** @throws InvalidScenarioError with all its faults */
export function parseScenario(text: string, options: ParseOptions = {}): Scenario {
  const { file = 'scenario', set = [] } = options
  const faults: string[] = []
  const source = readSource({ file, text, overrides: set }, faults)
  if (faults.length > 0) throw new InvalidScenarioError(`${file} cannot be read`, faults)
  const { data, error } = scenarioShape.safeParse(source.value)
  const issues = error?.issues ?? []
  for (const issue of issues) faults.push(...issueFaults(issue, source))
  const conflicts = data == null ? conflictsAround(source.value, issues) : contradictions(data)
  for (const each of conflicts)
    faults.push(`${source.placeOf(each.path)}  ${contradictionText(each)}`)
  if (data == null || faults.length > 0) {
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`
    throw new InvalidScenarioError(`${file} has ${count}`, faults)
  }
  return data
}

function issueFaults(issue: core.$ZodIssue, { value, placeOf }: Source): string[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schemaAt(path, value)?.properties ?? {})
    return issue.keys.map((key) => {
      const meant = nearest(key, known)
      const hint = meant == null ? `one of ${known.join(', ')}` : `"${meant}"`
      const at = [...path, key]
      return `${placeOf(at)}  ${at.join('.')}  is not known; expected ${hint}`
    })
  }
  const got = shown(valueAt(value, path))
  const expected = expectedOf(issue, path, value)
  return [`${placeOf(path)}  ${path.join('.') || 'the file'}  expected ${expected}, got ${got}`]
}

function expectedOf(issue: core.$ZodIssue, path: Path, value: unknown): string {
  if (issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options)) {
    const meant = nearest(String(valueAt(value, path)), issue.options.map(String))
    const hint = meant == null ? '' : ` (did you mean ${meant}?)`
    return `one of ${issue.options.join(', ')}${hint}`
  }
  if (issue.code === 'invalid_format') return issue.message.replace(/^expected /, '')
  const schema = schemaAt(path, value)
  return schema == null ? issue.message : expectation(schema)
}

function valueAt(value: unknown, path: Path): unknown {
  let here = value
  for (const key of path) here = (here as Record<string, unknown> | undefined)?.[key]
  return here
}

/** Stand-ins for what every scenario must say. */
const FILLER = {
  name: 'x',
  question: 'stands in for a question',
  durationSeconds: 3_600,
  network: { clinics: 1_000_000 }
}
/** Rounds of setting aside; a field that is wrong within a wrong field shows only then. */
const ROUNDS = 4

/** Contradictions among the fields that could be read. */
function conflictsAround(value: unknown, issues: readonly core.$ZodIssue[]): Contradiction[] {
  const rest = structuredClone(value) as Record<string, unknown>
  const aside = new Set<string>()
  let left = issues
  for (let round = 0; round < ROUNDS && left.length > 0; round++) {
    for (const issue of left) setAside(rest, issue, aside)
    rest['network'] = isMap(rest['network']) ? rest['network'] : {}
    fill(rest, FILLER)
    const { data, error } = scenarioShape.safeParse(rest)
    if (data != null) {
      const touches = (path: string) =>
        [...aside].some((each) => path === each || path.startsWith(`${each}.`))
      return contradictions(data).filter(
        ({ path, with: others }) => ![path.join('.'), ...others].some(touches)
      )
    }
    left = error.issues
  }
  return []
}

/** Takes a wrong field out; of a list, the whole list; what is still missing, with what it is in. */
function setAside(rest: Record<string, unknown>, issue: core.$ZodIssue, aside: Set<string>): void {
  const keys = issue.code === 'unrecognized_keys' ? issue.keys : [undefined]
  for (const key of keys) {
    const path = [...issue.path, ...(key == null ? [] : [key])].map(String)
    const index = path.findIndex((each) => /^\d+$/.test(each))
    let at = index === -1 || key != null ? path : path.slice(0, index)
    if (aside.has(at.join('.'))) at = at.slice(0, -1)
    aside.add(at.join('.'))
    const parent = valueAt(rest, at.slice(0, -1))
    if (isMap(parent)) delete parent[at.at(-1) as string]
  }
}

function fill(rest: Record<string, unknown>, filler: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(filler)) {
    const here = rest[key]
    if (isMap(here) && isMap(value)) fill(here, value)
    else rest[key] ??= value
  }
}

export interface LoadedScenario {
  readonly scenario: Scenario
  readonly path: string
  /** Files that the scenario names are looked for here. */
  readonly folder: string
}

const SHIPPED = fileURLToPath(new URL('../scenarios/', import.meta.url))

/** Names of the scenarios that come with Keyward, in order. */
export async function shippedScenarios(): Promise<string[]> {
  const files = await readdir(SHIPPED)
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -5))
    .sort()
}

/**
 * Loads a scenario by path, or by the name of a shipped one.
 * @throws InvalidScenarioError
 */
export async function loadScenario(
  nameOrPath: string,
  options: { readonly cwd: string; readonly set?: readonly string[] }
): Promise<LoadedScenario> {
  const names = await shippedScenarios()
  const isShipped = names.includes(nameOrPath)
  const path = isShipped ? join(SHIPPED, `${nameOrPath}.yaml`) : resolve(options.cwd, nameOrPath)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (err) {
    const meant = nearest(nameOrPath, names)
    const hint = meant == null ? 'see keyward sim list' : `did you mean ${meant}?`
    const expected = `expected a scenario’s file or name (${hint}), got ${shown(nameOrPath)}`
    throw new InvalidScenarioError('no such scenario', [expected], { cause: err })
  }
  const file = isShipped ? `${nameOrPath}.yaml` : nameOrPath
  const scenario = parseScenario(text, { file, set: options.set ?? [] })
  return { scenario, path, folder: dirname(path) }
}
