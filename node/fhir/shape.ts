/**
 * Walks a resource beside the definition of its type: objects where objects belong, one of each
 * choice, primitives in their format. What the package `fhir` does not look at (INTEROP.md §3.6),
 * or falls over: it reads into null.
 * @module
 */

import type { ParsedProperty } from 'fhir/model/parsed-property.js'
import type { ParseConformance } from 'fhir/parseConformance.js'
import { PRIMITIVES } from './primitives.ts'

/** Called with where, and what was expected there. */
export type Tell = (path: string, expected: string) => void

type Fields = Readonly<Record<string, unknown>>

/** Bundles in bundles, extensions in extensions: nobody nests deeper. */
const DEPTH_MAX = 64

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export class ShapeWalk {
  readonly #types: ParseConformance['parsedStructureDefinitions']
  readonly #tell: Tell
  /** Whether it gave up on the depth: nothing else should follow it down there. */
  tooDeep = false

  constructor(parser: ParseConformance, tell: Tell) {
    this.#types = parser.parsedStructureDefinitions
    this.#tell = tell
  }

  /** `path` is what stands before the type, such as "entry[16] ". */
  resource(value: unknown, path: string, depth = 0): void {
    const type = isFields(value) ? value['resourceType'] : undefined
    const definition = this.#definition(type)
    if (!isFields(value) || definition == null || definition._kind !== 'resource') {
      this.#tell(path.trim() || 'resourceType', 'a resource type of R4')
      return
    }
    if (value['id'] !== undefined) this.#primitive(value['id'], 'id', `${path}${type}.id`)
    this.#fields(value, definition._properties ?? [], `${path}${type}`, depth)
  }

  #definition(type: unknown) {
    return typeof type === 'string' && Object.hasOwn(this.#types, type)
      ? this.#types[type]
      : undefined
  }

  #fields(value: Fields, properties: readonly ParsedProperty[], path: string, depth: number): void {
    if (depth > DEPTH_MAX) {
      this.tooDeep = true
      this.#tell(path, `at most ${DEPTH_MAX} levels`)
      return
    }
    const choices = new Map<string, number>()
    for (const [key, each] of Object.entries(value)) {
      const property = properties.find(({ _name }) => _name === key)
      if (property == null || key.startsWith('_') || key === 'id') continue // `fhir` tells unknown ones
      const choice = property._choice ?? extensionChoice(key, path)
      if (choice != null) choices.set(choice, (choices.get(choice) ?? 0) + 1)
      this.#property(each, property, `${path}.${key}`, depth)
    }
    for (const [choice, count] of choices) {
      if (count > 1) this.#tell(`${path}.${choice}[x]`, `one choice, got ${count}`)
    }
  }

  #property(value: unknown, property: ParsedProperty, path: string, depth: number): void {
    if (property._multiple !== true) {
      this.#one(value, property, path, depth)
    } else if (!Array.isArray(value) || value.length === 0) {
      this.#tell(path, 'a list with at least one entry')
    } else {
      for (const [i, item] of value.entries()) {
        // null stands for a primitive that has only an extension
        if (item === null && PRIMITIVES.has(property._type)) continue
        this.#one(item, property, `${path}[${i}]`, depth)
      }
    }
  }

  #one(value: unknown, property: ParsedProperty, path: string, depth: number): void {
    const { _type: type, _properties: own } = property
    if (PRIMITIVES.has(type)) {
      this.#primitive(value, type, path)
    } else if (type === 'xhtml') {
      if (typeof value !== 'string') this.#tell(path, 'text')
    } else if (!isFields(value)) {
      this.#tell(path, 'an object')
    } else if (type === 'Resource') {
      this.resource(value, `${path} `, depth + 1)
    } else {
      const inherited = own != null && own.length > 0 ? own : this.#definition(type)?._properties
      this.#fields(value, inherited ?? [], path, depth + 1)
    }
  }

  #primitive(value: unknown, type: string, path: string): void {
    const primitive = PRIMITIVES.get(type)
    if (primitive?.accepts(value) === false) this.#tell(path, primitive.expected)
  }
}

/** The package marks no choice in Extension. */
const extensionChoice = (key: string, path: string): string | undefined =>
  /^value[A-Z]/.test(key) && /xtension\[\d+\]$/.test(path) ? 'value' : undefined
