/**
 * Whether the chain holds what a letter claims. The transaction came before the letter, but what is
 * kept of the chain may be older than both: a later head is waited for once.
 * @module
 */
import { RPC_MAX_MS } from '../../../core/limits.ts'
import type { WordRef } from '../../adapters.ts'
import type { Node } from '../../node.ts'
import { currentHeads, headWords } from '../words.ts'

/** The word, if it holds. @throws ChainUnavailableError: the letter is read again then */
export async function provenWord(
  node: Node,
  ref: WordRef,
  holds: (word: bigint) => boolean
): Promise<bigint | undefined> {
  const signal = AbortSignal.timeout(RPC_MAX_MS * 2)
  const { head } = await currentHeads(node, signal)
  for (const since of [0, head.number + 1]) {
    const [word = 0n] = await headWords(node, [ref], signal, since)
    if (holds(word)) return word
  }
  return undefined
}
