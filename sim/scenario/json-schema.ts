/**
 * The scenario's JSON Schema, generated from its shape: published as scenario.schema.json for editors
 * and other programs, and read here for what a fault should have been. `keyward sim list --schema`
 * prints it.
 * @module
 */
import { z } from 'zod'
import { scenarioShape } from './shape.ts'

/** As much of JSON Schema as zod makes of our shape. */
export interface SchemaNode {
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: boolean | SchemaNode
  readonly items?: SchemaNode
  readonly oneOf?: readonly SchemaNode[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly maxItems?: number
}

const TITLE =
  'Keyward scenario: one network and what happens in it, for both engines of `keyward sim`'

let made: SchemaNode | undefined

/** The schema as it is published. */
export function scenarioSchema(): SchemaNode {
  made ??= {
    ...(z.toJSONSchema(scenarioShape, { io: 'input' }) as SchemaNode),
    description: TITLE
  }
  return made
}

export type Path = readonly (string | number)[]

/** The schema of a field; of a choice, that which `value` (the whole file) chose. */
export function schemaAt(path: Path, value: unknown): SchemaNode | undefined {
  let node: SchemaNode | undefined = scenarioSchema()
  let here = value
  for (const key of path) {
    node = chosen(node, here)
    const more = node?.additionalProperties
    node =
      typeof key === 'number'
        ? node?.items
        : (node?.properties?.[key] ?? (typeof more === 'object' ? more : undefined))
    here = isMap(here) || Array.isArray(here) ? (here as Record<string, unknown>)[key] : undefined
  }
  return chosen(node, here)
}

/** Of several forms, the one whose fixed field ("model", "kind") the value has. */
function chosen(node: SchemaNode | undefined, value: unknown): SchemaNode | undefined {
  if (node?.oneOf == null || !isMap(value)) return node
  return node.oneOf.find((form) =>
    Object.entries(form.properties ?? {}).some(
      ([key, inner]) => inner.const != null && inner.const === value[key]
    )
  )
}

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value != null && !Array.isArray(value)

/** What a field takes, in words: "a whole number from 3 to 20000000 (organisations …)". */
export function expectation(node: SchemaNode): string {
  const about = node.description == null ? '' : ` (${node.description})`
  return `${kindOf(node)}${about}`
}

function kindOf(node: SchemaNode): string {
  if (node.enum != null) return `one of ${node.enum.join(', ')}`
  if (node.const != null) return String(node.const)
  if (node.type === 'integer') return `a whole number${rangeOf(node)}`
  if (node.type === 'number') return `a number${rangeOf(node)}`
  if (node.type === 'boolean') return 'true or false'
  if (node.type === 'string') {
    return node.maxLength == null
      ? 'text'
      : `text of ${node.minLength} to ${node.maxLength} letters`
  }
  if (node.type === 'array') return `a list of at most ${node.maxItems}`
  const forms = (node.oneOf ?? []).flatMap((form) =>
    Object.values(form.properties ?? {}).flatMap((inner) => inner.const ?? [])
  )
  return forms.length > 0 ? `a map of one kind of ${forms.join(', ')}` : 'a map'
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: SchemaNode): string {
  const low = exclusiveMinimum == null ? minimum : exclusiveMinimum
  const from = exclusiveMinimum == null ? `from ${low}` : `above ${low}`
  if (low == null) return maximum == null ? '' : ` up to ${maximum}`
  return maximum == null || maximum > 1e15 ? ` ${from}` : ` ${from} to ${maximum}`
}
