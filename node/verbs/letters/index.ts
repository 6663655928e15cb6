/**
 * The letters that this node reads, by the key of their own map beside `v` and `card`. Mail of
 * another kind is dropped like damaged mail.
 * @module
 */
import { decode, type Shape } from '../../../core/codec.ts'
import { InvalidMessageError } from '../../../core/errors.ts'
import type { Entry } from '../../ledger/entries.ts'
import type { Node } from '../../node.ts'
import { readGiven } from './given.ts'
import { readBroken, readCosign, readGlass } from './glass.ts'
import type { ReadLetter } from './letter.ts'
import { readMembership } from './membership.ts'
import { readHandBack, readPassOn } from './passing.ts'
import { readPlan } from './plan.ts'
import { readReply } from './reply.ts'
import { readWish } from './wish.ts'

const LETTERS: ReadonlyMap<string, ReadLetter> = new Map([
  ['wish', readWish],
  ['membership', readMembership],
  ['reply', readReply],
  ['plan', readPlan],
  ['given', readGiven],
  ['glass', readGlass],
  ['cosign', readCosign],
  ['broken', readBroken],
  ['passOn', readPassOn],
  ['handBack', readHandBack]
])

/** Its own key: what stands in a letter's map that this table knows. */
const kindShape: Shape<string> = (value, path) => {
  const kind = Object.keys(Object(value)).find((key) => LETTERS.has(key))
  if (kind == null) throw new InvalidMessageError(`"${path}" expected a known letter`)
  return kind
}

/** @throws InvalidMessageError, InvalidSignatureError, DecryptionFailedError */
export async function readLetter(node: Node, plain: Uint8Array): Promise<readonly Entry[]> {
  const read = LETTERS.get(decode(kindShape, plain, 'mail'))
  return (await read?.(node, plain)) ?? []
}
