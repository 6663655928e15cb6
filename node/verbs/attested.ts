/**
 * `record ls` and `record show` with what the chain says of each own version: stored, attested,
 * rejected. It is proven or left out: a chain that does not answer must not hide one's own records.
 * @module
 */
import { fromHex } from '../../core/bytes.ts'
import { recordKey, recordTag } from '../../core/grant.ts'
import { recordId } from '../../core/ids.ts'
import { ATTESTED_WAIT_MS, PROOF_SLOTS_MAX } from '../../core/limits.ts'
import { decodeRecordWord, recordSlot } from '../../core/words.ts'
import type { Node } from '../node.ts'
import type { Attested, AttestedListResult, AttestedShowResult } from './attest-shapes.ts'
import { stateName } from './attestation.ts'
import { listRecords, showRecord } from './records.ts'
import type { RecordSummary } from './results.ts'
import type { RecordArgs } from './shapes.ts'
import type { VerbOptions } from './verb.ts'
import { currentHeads, wordsAt } from './words.ts'

/** `record ls` */
export async function listAttested(
  node: Node,
  { signal }: Pick<VerbOptions, 'signal'>
): Promise<AttestedListResult> {
  const { records } = listRecords(node)
  const own = records.filter(({ recordId: id }) => isOwn(node, id))
  const said = await attestedOf(node, own, signal)
  const of = new Map(own.map((record, i) => [record, said[i]]))
  return {
    records: records.map((record) => {
      const attested = of.get(record)
      return attested == null ? record : { ...record, attested }
    })
  }
}

/** `record show` */
export async function showAttested(
  node: Node,
  args: RecordArgs,
  { signal }: Pick<VerbOptions, 'signal'>
): Promise<AttestedShowResult> {
  const shown = showRecord(node, args)
  const [attested] = await attestedOf(node, [shown], signal)
  return attested == null ? shown : { ...shown, attested }
}

const isOwn = (node: Node, id: string): boolean =>
  node.ledger.versions(recordId(fromHex(id))).length > 0

async function attestedOf(
  node: Node,
  records: readonly Pick<RecordSummary, 'recordId' | 'ver'>[],
  signal: AbortSignal
): Promise<readonly (Attested | undefined)[]> {
  if (records.length === 0) return []
  const { primitives: p, identity } = node
  const wait = AbortSignal.any([signal, AbortSignal.timeout(ATTESTED_WAIT_MS)])
  try {
    const refs = records.map(({ recordId: id, ver }) => {
      const tag = recordTag(recordId(fromHex(id)), ver, p)
      return recordSlot(recordKey(identity.account, tag, p), p)
    })
    const { head } = await currentHeads(node, wait)
    const words: bigint[] = []
    for (let at = 0; at < refs.length; at += PROOF_SLOTS_MAX) {
      words.push(...(await wordsAt(node, head, refs.slice(at, at + PROOF_SLOTS_MAX), wait)))
    }
    return words.map(readAttested)
  } catch {
    signal.throwIfAborted()
    return records.map(() => undefined)
  }
}

function readAttested(word: bigint): Attested | undefined {
  const record = decodeRecordWord(word)
  const state = stateName(record?.status ?? 0)
  if (record == null || state == null) return undefined
  const { confirmed, rejected, quorum } = record
  return { state, confirmed, rejected, quorum }
}
