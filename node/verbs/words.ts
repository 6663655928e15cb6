/**
 * Reads words of the contracts for people, by the same proof as the gate: never an endpoint's say.
 * @module
 */

import { codeName } from '../../core/codes.ts'
import { ChainUnavailableError } from '../../core/errors.ts'
import type { VerifiedHeader, WordRef } from '../adapters.ts'
import type { Node } from '../node.ts'

/** @throws ChainUnavailableError */
export async function currentHeads(
  node: Node,
  signal: AbortSignal
): Promise<{ readonly head: VerifiedHeader; readonly conf: VerifiedHeader }> {
  const heads = await node.heads.current({ signal })
  if (!heads.ok) throw new ChainUnavailableError(`no agreed head: ${codeName(heads.code)}`)
  return heads.value
}

/** Words proven at the head, in the order asked; 0n = absent. @throws ChainUnavailableError */
export async function headWords(
  node: Node,
  refs: readonly WordRef[],
  signal: AbortSignal
): Promise<readonly bigint[]> {
  const { head } = await currentHeads(node, signal)
  return wordsAt(node, head, refs, signal)
}

/** @throws ChainUnavailableError */
export async function wordsAt(
  node: Node,
  block: VerifiedHeader,
  refs: readonly WordRef[],
  signal: AbortSignal
): Promise<readonly bigint[]> {
  const proven = await node.words.prove(block, refs, { signal })
  if (!proven.ok) throw new ChainUnavailableError(`no proof: ${codeName(proven.code)}`)
  return proven.value.words
}
