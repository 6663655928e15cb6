/**
 * Reads words of the contracts for people, by the same proof as the gate: never an endpoint's say.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { codeName } from '../../core/codes.ts'
import { ChainUnavailableError } from '../../core/errors.ts'
import { HEAD_CACHE_MS, PROOF_SLOTS_MAX } from '../../core/limits.ts'
import type { VerifiedHeader, WordRef } from '../adapters.ts'
import { outageText } from '../chain/outage.ts'
import type { Node } from '../node.ts'

/** @throws ChainUnavailableError */
export async function currentHeads(
  node: Node,
  signal: AbortSignal
): Promise<{ readonly head: VerifiedHeader; readonly conf: VerifiedHeader }> {
  const heads = await node.heads.current({ signal })
  if (!heads.ok) throw new ChainUnavailableError(`no agreed chain head: ${outageText(heads.code)}`)
  return heads.value
}

/**
 * Words proven at the head, in the order asked; 0n = absent. `since`: a block of one's own that the
 * head should hold, since an answer that was kept may be older than one's last transaction.
 * @throws ChainUnavailableError
 */
export async function headWords(
  node: Node,
  refs: readonly WordRef[],
  signal: AbortSignal,
  since = 0
): Promise<readonly bigint[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await wordsAt(node, await headSince(node, since, signal), refs, signal)
    } catch (err) {
      // an endpoint that makes a block meanwhile may prove another state than the one asked for
      if (tries === PROOF_TRIES || (err as Error).name !== ChainUnavailableError.name) throw err
      await delay(STEP_MS, undefined, { signal })
      node.heads.expire?.()
    }
  }
}

/** The head, waited for until it holds a block of one's own. @throws ChainUnavailableError */
export async function headSince(
  node: Node,
  since: number,
  signal: AbortSignal
): Promise<VerifiedHeader> {
  let { head } = await currentHeads(node, signal)
  for (let ms = 0; head.number < since && ms <= 2 * HEAD_CACHE_MS; ms += STEP_MS) {
    if (ms > 0) await delay(STEP_MS, undefined, { signal })
    node.heads.expire?.() // it is known to be old
    head = (await currentHeads(node, signal)).head
  }
  return head
}

const STEP_MS = 100
const PROOF_TRIES = 3

/** In the order of `refs`, however many. @throws ChainUnavailableError */
export async function wordsAt(
  node: Node,
  block: VerifiedHeader,
  refs: readonly WordRef[],
  signal: AbortSignal
): Promise<readonly bigint[]> {
  const words: bigint[] = []
  for (let at = 0; at < refs.length; at += PROOF_SLOTS_MAX) {
    const proven = await node.words.prove(block, refs.slice(at, at + PROOF_SLOTS_MAX), { signal })
    if (!proven.ok) throw new ChainUnavailableError(`no proof: ${codeName(proven.code)}`)
    words.push(...proven.value.words)
  }
  return words
}
