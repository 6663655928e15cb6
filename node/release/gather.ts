/**
 * Gathers what `decide()` asks for: heads with the requested confirmed block, and proven words at
 * both. Whatever cannot be had becomes the code that the request is refused with.
 * @module
 */

import { Code } from '../../core/codes.ts'
import { nameWords, wordsNeeded } from '../../core/decide.ts'
import type { DecideInput, Gathered, Heads, WordsAtBoth } from '../../core/decision.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { AccessRequest } from '../../core/request.ts'
import type { HeadSource, ProvenWords, VerifiedHeader, WordRef, WordSource } from '../adapters.ts'
import type { Evidence } from '../receipts/evidence-store.ts'

/** Heads as decide() reads them, beside the verified headers that words are proven against. */
export interface GatheredHeads {
  readonly heads: Gathered<Heads>
  readonly requested: VerifiedHeader | undefined
  readonly head: VerifiedHeader | undefined
  /** When the endpoints were asked, which may be before the request arrived. */
  readonly askedAtMs: number | undefined
}

export async function gatherHeads(
  source: HeadSource,
  request: AccessRequest,
  signal: AbortSignal
): Promise<GatheredHeads> {
  const ref = { number: request.conf.n, hash: request.conf.h }
  // first, since it may have to read newer blocks than those that were kept
  const requested = await source.onConfirmedLine(ref, { signal })
  const current = await source.current({ signal })
  if (!current.ok)
    return { heads: current, requested: undefined, head: undefined, askedAtMs: undefined }
  const { head, conf, askedAtMs } = current.value
  return {
    heads: { ok: true, value: { head, conf, requested } },
    requested: requested.ok ? requested.value : undefined,
    head,
    askedAtMs
  }
}

export interface GatheredWords {
  readonly words: Gathered<WordsAtBoth>
  /** Which words these are. */
  readonly read: readonly WordRef[]
  /** The proofs of both blocks, for the receipt's `ev`. */
  readonly evidence: Evidence | undefined
}

export async function gatherWords(
  source: WordSource,
  input: DecideInput,
  at: GatheredHeads,
  p: Primitives,
  signal: AbortSignal
): Promise<GatheredWords> {
  const needed = wordsNeeded(input, p)
  const { requested, head } = at
  if (requested == null || head == null) {
    return { words: { ok: false, code: Code.PROOF_UNAVAILABLE }, read: [], evidence: undefined }
  }
  const [conf, latest] = await Promise.all(
    [requested, head].map((block) => source.prove(block, needed, { signal }))
  )
  if (conf?.ok !== true || latest?.ok !== true) {
    const failed = conf?.ok === false ? conf : latest
    const code = failed?.ok === false ? failed.code : Code.PROOF_UNAVAILABLE
    return { words: { ok: false, code }, read: [], evidence: undefined }
  }
  const named = (proven: ProvenWords) => nameWords(needed, proven.words)
  return {
    words: { ok: true, value: { conf: named(conf.value), head: named(latest.value) } },
    read: needed,
    evidence: { conf: conf.value.evidence, head: latest.value.evidence }
  }
}
