/**
 * The one message of keyward/announce/1 (SPEC.md).
 * @module
 */
import { decode, encode, map, oneOf, uint } from '../../core/codec.ts'
import { hashShape } from '../../core/typed-data.ts'
import { ANNOUNCE_VERSION, HINT_TYPES } from './constants.ts'
import type { Hint } from './index.ts'

const hintShape = map({
  v: oneOf(ANNOUNCE_VERSION),
  type: oneOf(...HINT_TYPES),
  block: map({ number: uint(), hash: hashShape })
})

export const encodeHint = (hint: Hint): Uint8Array =>
  encode({ v: ANNOUNCE_VERSION, type: hint.type, block: hint.block })

/** @throws InvalidMessageError */
export function decodeHint(data: Uint8Array): Hint {
  const { type, block } = decode(hintShape, data, 'hint')
  return { type, block }
}
