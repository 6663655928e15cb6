/**
 * The few things that every format does with bytes: join, number, compare, wipe.
 * `‖`, u8, u32be, u64be and D(s) are SECURITY.md §3's; all others build on these.
 * @module
 */
import { InvalidParametersError } from './errors.ts'

const text = new TextEncoder()

export const utf8 = (s: string): Uint8Array => text.encode(s)

/** Joins byte strings: the `‖` of SECURITY.md. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const part of parts) length += part.byteLength
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.byteLength
  }
  return out
}

export const u8 = (n: number): Uint8Array => uintBe(n, 1)
export const u32be = (n: number): Uint8Array => uintBe(n, 4)
export const u64be = (n: number): Uint8Array => uintBe(n, 8)

/** Big-endian, `width` bytes. @throws InvalidParametersError if `n` does not fit or is not exact */
export function uintBe(n: number, width: number): Uint8Array<ArrayBuffer> {
  if (!Number.isSafeInteger(n) || n < 0 || (width < 7 && n >= 2 ** (8 * width))) {
    throw new InvalidParametersError(`integer expected to fit ${width} bytes, got ${n}`)
  }
  const out = new Uint8Array(width)
  for (let i = width - 1, rest = n; i >= 0 && rest > 0; i--) {
    out[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return out
}

/** D(s): a domain label, ASCII followed by one zero byte. */
export const domain = (label: string): Uint8Array => utf8(`${label}\0`)

/** A uint256 word, 32 bytes big-endian, as the EVM stores it. */
export function wordBytes(word: bigint): Uint8Array<ArrayBuffer> {
  if (word < 0n || word >= 1n << 256n) {
    throw new InvalidParametersError('"word" expected an unsigned 256-bit integer')
  }
  const out = new Uint8Array(32)
  for (let i = 31, rest = word; rest > 0n; i--, rest >>= 8n) out[i] = Number(rest & 0xffn)
  return out
}

/** The unsigned integer that big-endian bytes spell. */
export function toBigInt(bytes: Uint8Array): bigint {
  return bytes.byteLength === 0 ? 0n : BigInt(toHex0x(bytes))
}

/** Equal in content, in time that depends on the length alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false
  let difference = 0
  for (let i = 0; i < a.byteLength; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}

/** Byte order, as dag-cbor and the tag lists sort. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.byteLength, b.byteLength)
  for (let i = 0; i < shorter; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.byteLength - b.byteLength
}

/** Whether all bytes are zero, in time that depends on the length alone. */
export function isZero(bytes: Uint8Array): boolean {
  let seen = 0
  for (let i = 0; i < bytes.byteLength; i++) seen |= bytes[i] as number
  return seen === 0
}

/** Overwrites secrets after use, as far as JavaScript allows (copies by the engine stay). */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0)
}

/**
 * Frees memory that nobody uses any more, now: for a long stream the collector would run many times.
 * Bytes that are part of something larger are left alone.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.byteLength; i++) out += HEX[bytes[i] as number] as string
  return out
}

export const toHex0x = (bytes: Uint8Array): string => `0x${toHex(bytes)}`

/** Hex with or without 0x. @throws InvalidParametersError on anything else */
export function fromHex(hex: string, name = 'hex'): Uint8Array<ArrayBuffer> {
  const digits = hex.startsWith('0x') ? hex.slice(2) : hex
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) {
    throw new InvalidParametersError(`"${name}" expected an even number of hex digits`)
  }
  const out = new Uint8Array(digits.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)
  return out
}

/** Returns `value` if it is exactly `length` bytes. @throws InvalidParametersError */
export function assertBytes(value: unknown, length: number, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new InvalidParametersError(`"${name}" expected ${length} bytes, got ${typeof value}`)
  }
  if (value.byteLength !== length) {
    throw new InvalidParametersError(`"${name}" expected ${length} bytes, got ${value.byteLength}`)
  }
  return value
}
