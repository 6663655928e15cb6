/**
 * What access itself reads of its messages: the hello, and as much of a signed request or answer
 * as it takes to match them. Both ends decode and verify them in full elsewhere (core/request.ts);
 * doing it here too would cost more than carrying them.
 * @module
 */
import { decode, encode } from '../../core/codec.ts'
import { InvalidMessageError } from '../../core/errors.ts'
import { type Hello, helloShape } from '../../core/request.ts'
import { ACCESS_VERSION } from './constants.ts'

export const encodeHello = (challenge: Uint8Array): Uint8Array =>
  encode({ v: ACCESS_VERSION, challenge })

/** @throws InvalidMessageError */
export const decodeHello = (frame: Uint8Array): Hello => decode(helloShape, frame, 'hello')

/**
 * `b` of an encoded `Signed {b, s}`, as a view. @throws InvalidMessageError if it does not begin as
 * one; the rest is not looked at
 */
export function signedBody(frame: Uint8Array): Uint8Array {
  if (frame[0] !== 0xa2 || frame[1] !== 0x61 || frame[2] !== 0x62) throw notSigned()
  const { major, value, next } = head(frame, 3)
  if (major !== BYTES || next + value > frame.byteLength) throw notSigned()
  return frame.subarray(next, next + value)
}

/** A hash as a key of maps: one character a byte, which is quicker than hex. */
export const hashKey = (hash: Uint8Array): string => String.fromCharCode(...hash)

/**
 * `req` of a signed answer, as a key: which request it answers. Canonical maps sort the fields before
 * `req` (v, ct, ok, enc, idx) to their front, and none of them holds others.
 * @throws InvalidMessageError if there is none where it must be
 */
export function answeredRequest(frame: Uint8Array): string {
  const body = signedBody(frame)
  const fields = head(body, 0)
  if (fields.major !== MAP) throw notSigned()
  let at = fields.next
  for (let i = 0; i < fields.value; i++) {
    const key = head(body, at)
    if (key.major !== TEXT) break
    const value = head(body, key.next + key.value)
    if (isReq(body, key.next, key.value)) {
      if (value.major !== BYTES || value.value !== 32) break
      return hashKey(body.subarray(value.next, value.next + 32))
    }
    if (value.major === BYTES) at = value.next + value.value
    else if (value.major === UINT || value.major === SIMPLE) at = value.next
    else break
  }
  throw notSigned()
}

const UINT = 0
const BYTES = 2
const TEXT = 3
const MAP = 5
const SIMPLE = 7

/** Major type, argument and end of the dag-cbor head at `at`; lengths beyond 32 bits are none. */
function head(from: Uint8Array, at: number): { major: number; value: number; next: number } {
  const first = from[at]
  if (first == null) throw notSigned()
  const major = first >> 5
  const info = first & 31
  if (info < 24) return { major, value: info, next: at + 1 }
  const width = 1 << (info - 24)
  if (width > 4 || at + 1 + width > from.byteLength) throw notSigned()
  let value = 0
  for (let i = 0; i < width; i++) value = value * 256 + (from[at + 1 + i] as number)
  return { major, value, next: at + 1 + width }
}

const isReq = (from: Uint8Array, at: number, length: number): boolean =>
  length === 3 && from[at] === 0x72 && from[at + 1] === 0x65 && from[at + 2] === 0x71

const notSigned = (): InvalidMessageError =>
  new InvalidMessageError('"frame" expected a signed map, got something else')
