/**
 * A scenario as it is written: YAML with the line of each field, and the fields that a command line
 * set over it ("--set records.threshold=2").
 * @module
 */
import {
  type Document,
  isMap as isYamlMap,
  LineCounter,
  type Node,
  parse,
  parseDocument
} from 'yaml'
import { shown } from './faults.ts'
import { isMap, type Path } from './json-schema.ts'

const TEXT_MAX_BYTES = 1_048_576

export interface Source {
  /** Plain data: what the shape is asked about. */
  readonly value: unknown
  /** "city.yaml:12", or "--set records.threshold" for a field of the command line. */
  placeOf(path: Path): string
}

export interface SourceInit {
  /** As faults shall call it. */
  readonly file: string
  readonly text: string
  /** "path=value"; the value is YAML. */
  readonly overrides: readonly string[]
}

/** Faults of the language itself, not of what is said in it, go into `faults`. */
export function readSource({ file, text, overrides }: SourceInit, faults: string[]): Source {
  const counter = new LineCounter()
  if (text.length > TEXT_MAX_BYTES) {
    faults.push(`${file}  expected at most ${TEXT_MAX_BYTES} bytes, got ${text.length}`)
    return { value: {}, placeOf: () => file }
  }
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false })
  for (const { message, pos } of document.errors) {
    faults.push(`${file}:${counter.linePos(pos[0]).line}  expected YAML: ${message}`)
  }
  const lineOf = (path: Path): number => counter.linePos(offsetOf(document, path)).line
  const whole: unknown = document.errors.length > 0 ? {} : document.toJS()
  const value = isMap(whole) ? whole : {}
  if (!isMap(whole)) faults.push(`${file}:1  expected a map of fields, got ${shown(whole)}`)
  const set = overrides.flatMap((each) => override(each, value, faults))
  return {
    value,
    placeOf: (path) => {
      const over = set.find((each) => each.every((key, i) => String(path[i]) === key))
      return over == null ? `${file}:${lineOf(path)}` : `--set ${over.join('.')}`
    }
  }
}

/** Of the field itself, else of the nearest field around it. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true)
    if (isYamlMap(parent)) {
      const pair = parent.items.find(({ key }) => String(key) === String(path[length - 1]))
      const at = (pair?.key as Node | undefined)?.range?.[0]
      if (at != null) return at
    }
    const node = document.getIn(path.slice(0, length), true) as Node | undefined
    if (node?.range != null) return node.range[0]
  }
  return document.contents?.range?.[0] ?? 0
}

/** Sets a field; gives its path, or nothing when it could not be read. */
function override(text: string, value: Record<string, unknown>, faults: string[]): string[][] {
  const at = text.indexOf('=')
  const path = text.slice(0, at).split('.')
  const wrong = (got: string) => {
    faults.push(`--set  expected PATH=VALUE such as records.threshold=2, got ${shown(got)}`)
    return []
  }
  if (at < 1 || path.some((key) => key === '' || key === '__proto__')) return wrong(text)
  let here: Record<string, unknown> | unknown[] = value
  for (const key of path.slice(0, -1)) {
    const inner: unknown = (here as Record<string, unknown>)[key]
    if (!isMap(inner) && !Array.isArray(inner)) {
      if (Array.isArray(here)) return wrong(`${text}: there is no ${key} in that list`)
      here[key] = {}
    }
    here = (here as Record<string, unknown>)[key] as Record<string, unknown> | unknown[]
  }
  const last = path.at(-1) as string
  if (Array.isArray(here) && !(Number(last) >= 0 && Number(last) <= here.length)) {
    return wrong(`${text}: there is no ${last} in that list`)
  }
  try {
    ;(here as Record<string, unknown>)[last] = parse(text.slice(at + 1))
  } catch {
    return wrong(text)
  }
  return [path]
}
