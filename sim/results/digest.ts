/**
 * The digest of a run: SHA-256 over the canonical bytes of every repeat's tables, in order. What an
 * engine measured about itself (facts: wall time, memory) is not in it, so that two runs of the same
 * seed compare equal.
 * @module
 */
import { utf8 } from '../../core/bytes.ts'
import type { RunResult } from '../engine.ts'
import type { Table } from '../table.ts'
import { encodeTables } from './canonical.ts'
import { sha256 } from './files.ts'

/** A repeat's tables in the order in which they are kept. */
export const tablesOf = (result: RunResult): readonly Table[] => [
  result.operations,
  result.nodes,
  result.series,
  ...result.more
]

/** Hex, of one repeat. */
export const digestOfRepeat = (result: RunResult): Promise<string> =>
  sha256(encodeTables(tablesOf(result)))

/** Hex, of a run whose repeats have these digests. */
export const digestOfDigests = (repeats: readonly string[]): Promise<string> =>
  sha256(new Uint8Array(utf8(`keyward-run/1\n${repeats.join('\n')}\n`)))

/** Hex, of a whole run. */
export async function digestOf(results: readonly RunResult[]): Promise<string> {
  const repeats: string[] = []
  for (const result of results) repeats.push(await digestOfRepeat(result))
  return digestOfDigests(repeats)
}
