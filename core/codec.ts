/**
 * Canonical dag-cbor and the declarative shapes of every message: the only importer of dag-cbor.
 * Decoding re-encodes and demands equal bytes, since `@ipld/dag-cbor` accepts unsorted keys,
 * `undefined` and floats (SECURITY.md §3, §15). A shape checks type, size and range of each field
 * and nothing after it checks again.
 * @module
 */
import * as dagCbor from '@ipld/dag-cbor'
import { equalBytes } from './bytes.ts'
import { InvalidMessageError } from './errors.ts'

/** Checks one value: gives it typed, or throws InvalidMessageError naming `path`. */
export type Shape<T> = (value: unknown, path: string) => T
export type Of<S> = S extends Shape<infer T> ? T : never

function wrong(path: string, expected: string, got: unknown): InvalidMessageError {
  const kind =
    got === null ? 'null' : got instanceof Uint8Array ? `${got.length} bytes` : typeof got
  return new InvalidMessageError(`"${path}" expected ${expected}, got ${kind}`)
}

/** Exactly `length` bytes; `as` brands them (a maker of core/ids.ts). */
export function bytes<T extends Uint8Array = Uint8Array>(
  length: number,
  as: (b: Uint8Array) => T = (b) => b as T
): Shape<T> {
  return (value, path) => {
    if (!(value instanceof Uint8Array) || value.byteLength !== length) {
      throw wrong(path, `${length} bytes`, value)
    }
    try {
      return as(value)
    } catch (err) {
      throw new InvalidMessageError(`"${path}" expected another form`, { cause: err })
    }
  }
}

/** Between `min` and `max` bytes. */
export function bytesUpTo(max: number, min = 0): Shape<Uint8Array> {
  return (value, path) => {
    if (!(value instanceof Uint8Array) || value.byteLength > max || value.byteLength < min) {
      throw wrong(path, `${min}..${max} bytes`, value)
    }
    return value
  }
}

/** An integer in min..max. */
export function uint(max = Number.MAX_SAFE_INTEGER, min = 0): Shape<number> {
  return (value, path) => {
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      throw wrong(path, `an integer in ${min}..${max}`, value)
    }
    return value as number
  }
}

/** Text of at most `max` UTF-16 units and at least `min`. */
export function text(max: number, min = 0): Shape<string> {
  return (value, path) => {
    if (typeof value !== 'string' || value.length > max || value.length < min) {
      throw wrong(path, `text of ${min}..${max} characters`, value)
    }
    return value
  }
}

export const bool: Shape<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw wrong(path, 'true or false', value)
  return value
}

/** One of the given constants. */
export function oneOf<const T extends string | number>(...options: readonly T[]): Shape<T> {
  return (value, path) => {
    if (!options.includes(value as T)) throw wrong(path, `one of ${options.join(', ')}`, value)
    return value as T
  }
}

/** The wire's null is the program's undefined (HOUSE.md, convention 12). */
export function nullable<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, path) => (value === null ? undefined : shape(value, path))
}

export function list<T>(item: Shape<T>, max: number, min = 0): Shape<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > max || value.length < min) {
      throw wrong(path, `a list of ${min}..${max}`, value)
    }
    return value.map((each, i) => item(each, `${path}[${i}]`))
  }
}

type Fields = { readonly [key: string]: Shape<unknown> }
export type MapOf<F extends Fields> = { readonly [K in keyof F]: Of<F[K]> }

/** A map with exactly these keys. */
export function map<F extends Fields>(fields: F): Shape<MapOf<F>> {
  const keys = Object.keys(fields)
  return (value, path) => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
      throw wrong(path, 'a map', value)
    }
    const given = value as Record<string, unknown>
    const unknownKey = Object.keys(given).find((key) => !Object.hasOwn(fields, key))
    if (unknownKey != null) {
      throw new InvalidMessageError(`"${path}" expected no key "${unknownKey.slice(0, 32)}"`)
    }
    const out: Record<string, unknown> = {}
    for (const key of keys) {
      if (!Object.hasOwn(given, key)) throw new InvalidMessageError(`"${path}.${key}" is missing`)
      out[key] = (fields[key] as Shape<unknown>)(given[key], `${path}.${key}`)
    }
    return out as MapOf<F>
  }
}

/** A map of one of several forms, told apart by the text in `tag`. */
export function variant<T extends Record<string, Shape<unknown>>>(
  tag: string,
  forms: T
): Shape<Of<T[keyof T]>> {
  return (value, path) => {
    const name = (value as Record<string, unknown> | null)?.[tag]
    const form = typeof name === 'string' && Object.hasOwn(forms, name) ? forms[name] : undefined
    if (form == null) throw wrong(`${path}.${tag}`, `one of ${Object.keys(forms).join(', ')}`, name)
    return form(value, path) as Of<T[keyof T]>
  }
}

/** Canonical bytes of a value; undefined becomes null. @throws InvalidMessageError */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  try {
    const out = dagCbor.encode(toWire(value)) as Uint8Array<ArrayBuffer>
    // in Node it may be a Buffer, whose slice shares memory where a Uint8Array's copies
    return out.constructor === Uint8Array
      ? out
      : new Uint8Array(out.buffer, out.byteOffset, out.byteLength)
  } catch (err) {
    throw new InvalidMessageError('value has no canonical form', { cause: err })
  }
}

/**
 * Decodes canonical bytes and checks them against a shape.
 * @throws InvalidMessageError naming the first field that is wrong; the input is not echoed
 */
export function decode<T>(shape: Shape<T>, input: Uint8Array, name: string): T {
  let value: unknown
  try {
    value = dagCbor.decode(input)
  } catch (err) {
    throw new InvalidMessageError(`"${name}" expected dag-cbor`, { cause: err })
  }
  refuseForeign(value, name)
  if (!equalBytes(dagCbor.encode(value), input)) {
    throw new InvalidMessageError(`"${name}" expected the canonical encoding`)
  }
  return shape(value, name)
}

/** Refuses what our subset leaves out: negative and inexact numbers, CIDs, bigints, a BOM. */
function refuseForeign(value: unknown, path: string): void {
  if (value === null || typeof value === 'boolean' || value instanceof Uint8Array) return
  if (typeof value === 'string') {
    if (value.startsWith('\ufeff')) throw wrong(path, 'text without a byte order mark', value)
    return
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) throw wrong(path, 'an unsigned integer', value)
    return
  }
  if (Array.isArray(value)) {
    for (const [i, each] of value.entries()) refuseForeign(each, `${path}[${i}]`)
    return
  }
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    for (const [key, each] of Object.entries(value as object)) refuseForeign(each, `${path}.${key}`)
    return
  }
  throw wrong(path, 'null, bool, integer, text, bytes, list or map', value)
}

function toWire(value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (value instanceof Uint8Array || typeof value !== 'object') {
    if (typeof value === 'number' && (!Number.isSafeInteger(value) || value < 0)) {
      throw new InvalidMessageError(`integer expected in 0..2^53-1, got ${value}`)
    }
    return value
  }
  if (Array.isArray(value)) return value.map(toWire)
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toWire(each)]))
}
