/**
 * Values of JSON-RPC, checked as they come in: what an endpoint says is a claim, and a claim of the
 * wrong shape is no answer. Hex is decoded by table, since a proof is tens of kB of it.
 * @module
 */
import { InvalidMessageError } from '../../core/errors.ts'

const NIBBLES = new Int8Array(128).fill(-1)
for (let i = 0; i < 16; i++) {
  NIBBLES['0123456789abcdef'.charCodeAt(i)] = i
  NIBBLES['0123456789ABCDEF'.charCodeAt(i)] = i
}

const wrong = (name: string, expected: string): InvalidMessageError =>
  new InvalidMessageError(`"${name}" expected ${expected}`)

/** Bytes between `min` and `max` from "0x…", an even number of digits. */
export function dataBytes(value: unknown, name: string, max: number, min = 0): Uint8Array {
  if (typeof value !== 'string' || !value.startsWith('0x') || value.length % 2 !== 0) {
    throw wrong(name, '0x and an even number of hex digits')
  }
  const length = value.length / 2 - 1
  if (length < min || length > max) throw wrong(name, `${min}..${max} bytes, got ${length}`)
  const out = new Uint8Array(length)
  for (let i = 0, at = 2; i < length; i++, at += 2) {
    const high = NIBBLES[value.charCodeAt(at)] ?? -1
    const low = NIBBLES[value.charCodeAt(at + 1)] ?? -1
    if (high < 0 || low < 0) throw wrong(name, 'hex digits')
    out[i] = (high << 4) | low
  }
  return out
}

/** A quantity up to 2^53-1: "0x" and the shortest hex. */
export function quantity(value: unknown, name: string): number {
  const exact = quantityBig(value, name, 14)
  if (exact > BigInt(Number.MAX_SAFE_INTEGER)) throw wrong(name, 'at most 2^53-1')
  return Number(exact)
}

/** A quantity of at most `digits` hex digits. */
export function quantityBig(value: unknown, name: string, digits = 64): bigint {
  if (
    typeof value !== 'string' ||
    value.length > digits + 2 ||
    !/^0x(0|[1-9a-f][0-9a-f]*)$/i.test(value)
  ) {
    throw wrong(name, 'a quantity in hex without leading zeros')
  }
  return BigInt(value)
}

/** A list of at most `max` items. */
export function items<T>(
  value: unknown,
  name: string,
  max: number,
  item: (value: unknown, name: string) => T
): T[] {
  if (!Array.isArray(value) || value.length > max) throw wrong(name, `a list of 0..${max}`)
  return value.map((each, i) => item(each, `${name}[${i}]`))
}

/** A JSON object. */
export function fields(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(name, 'an object')
  }
  return value as Record<string, unknown>
}

export const quantityHex = (value: number | bigint): string => `0x${value.toString(16)}`
