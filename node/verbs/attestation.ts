/**
 * What organisations say about a version, proven at one head: the record's word, each verdict, and
 * whether it still holds. A verdict lapses with its attester or its organisation at once, for
 * whoever looks; `lapse` only brings the record's word up to that.
 * @module
 */
import { toHex, toHex0x } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import { recordKey, recordTag } from '../../core/grant.ts'
import type { Address } from '../../core/ids.ts'
import { ATTESTERS_SEEN, ORGANISATIONS_TRIED } from '../../core/limits.ts'
import type { Manifest } from '../../core/manifest.ts'
import {
  AccountStatus,
  accountSlot,
  decodeAccountWord,
  decodeOrganisationWord,
  decodeRecordWord,
  decodeVerdictWord,
  OrganisationStatus,
  organisationSlot,
  RecordStatus,
  type RecordWord,
  recordSlot,
  Verdict,
  verdictSlot
} from '../../core/words.ts'
import type { VerifiedHeader } from '../adapters.ts'
import type { Node } from '../node.ts'
import { sendAct } from './act.ts'
import type {
  AttestLapseResult,
  AttestStatusArgs,
  AttestStatusResult,
  RecordState
} from './attest-shapes.ts'
import { found } from './records.ts'
import type { VerbOptions } from './verb.ts'
import { currentHeads, headWords, wordsAt } from './words.ts'

const STATES = new Map(
  Object.entries(RecordStatus).map(([name, status]) => [status as number, name as RecordState])
)
const VERDICTS = new Map<number, Seen['verdict']>([
  [Verdict.CONFIRMED, 'confirmed'],
  [Verdict.REJECTED, 'rejected'],
  [Verdict.WITHDRAWN, 'withdrawn']
])

/** Undefined for 0, a version that is not registered. */
export const stateName = (status: number): RecordState | undefined => STATES.get(status)

type Seen = AttestStatusResult['verdicts'][number]

/** `attest status` */
export async function attestStatus(
  node: Node,
  args: AttestStatusArgs,
  { signal }: VerbOptions
): Promise<AttestStatusResult> {
  const { manifest } = found(node, args)
  const { head } = await currentHeads(node, signal)
  return statusAt(node, manifest, args.orgs ?? [], head, signal)
}

/**
 * `attest lapse`: withdraws on chain what holds no more. Anyone may, who pays for it.
 * @throws InvalidParametersError if all that stands still holds
 */
export async function attestLapse(
  node: Node,
  args: AttestStatusArgs,
  options: VerbOptions
): Promise<AttestLapseResult> {
  const { signal, progress } = options
  const { primitives: p } = node
  const { content } = found(node, args).manifest
  const { verdicts } = await attestStatus(node, args, options)
  const orgs = verdicts.filter(({ lapsed }) => lapsed != null).map(({ org }) => org)
  if (orgs.length === 0) {
    throw new InvalidParametersError('"recordId" expected a verdict that holds no more, none does')
  }
  const tag = recordTag(content.recordId, content.ver, p)
  let block = 0
  for (const [done, org] of orgs.entries()) {
    progress({ step: 'lapse', done, total: orgs.length })
    const call = { type: 'Lapse', owner: content.owner, recordTag: tag, org } as const
    block = (await sendAct(node, call, signal)).block.number
  }
  const refs = [recordSlot(recordKey(content.owner, tag, p), p)]
  const [word = 0n] = await headWords(node, refs, signal, block)
  return {
    recordId: toHex(content.recordId),
    ver: content.ver,
    lapsed: orgs,
    state: stateName(decodeRecordWord(word)?.status ?? 0) ?? 'STORED'
  }
}

async function statusAt(
  node: Node,
  { content }: Manifest,
  more: readonly number[],
  head: VerifiedHeader,
  signal: AbortSignal
): Promise<AttestStatusResult> {
  const { primitives: p } = node
  const { recordId, ver, owner } = content
  const key = recordKey(owner, recordTag(recordId, ver, p), p)
  const orgs = await organisationsToTry(node, more, head, signal)
  const refs = [recordSlot(key, p), ...orgs.map((org) => verdictSlot(key, org, p))]
  const [word = 0n, ...given] = await wordsAt(node, head, refs, signal)
  const record = decodeRecordWord(word)
  const state = stateName(record?.status ?? 0)
  if (record == null || state == null) {
    throw new InvalidParametersError('"recordId" expected a registered version, this is none yet')
  }
  const verdicts = orgs.flatMap((org, i) => {
    const decoded = decodeVerdictWord(given[i] ?? 0n)
    const verdict = VERDICTS.get(decoded?.verdict ?? 0)
    return decoded == null || verdict == null ? [] : [{ ...decoded, org, verdict }]
  })
  const reasons = await lapses(node, verdicts, head, signal)
  const seen = verdicts.map(({ org, verdict, attester, changedAt }, i): Seen => {
    const lapsed = verdict === 'withdrawn' ? undefined : reasons[i]
    const row = { org, verdict, attester: toHex0x(attester), at: changedAt }
    return lapsed == null ? row : { ...row, lapsed }
  })
  const count = (verdict: Seen['verdict'], lapsed: boolean): number =>
    seen.filter((each) => each.verdict === verdict && (!lapsed || each.lapsed != null)).length
  const { confirmed, rejected, quorum, barredOrg } = record
  const unseen = confirmed - count('confirmed', false) + rejected - count('rejected', false)
  const left = {
    ...record,
    confirmed: confirmed - count('confirmed', true),
    rejected: rejected - count('rejected', true)
  }
  return {
    recordId: toHex(recordId),
    ver,
    state,
    holds: derived(left),
    confirmed,
    rejected,
    quorum,
    ...(barredOrg === 0 ? {} : { barredOrg }),
    verdicts: seen,
    unseen
  }
}

/** As the contract derives it from the counts. */
function derived({ status, confirmed, rejected, quorum }: RecordWord): RecordState {
  if (status === RecordStatus.SUPERSEDED) return 'SUPERSEDED'
  if (status === RecordStatus.ERASED) return 'ERASED'
  if (rejected > 0) return 'REJECTED'
  return confirmed >= quorum ? 'ATTESTED' : 'STORED'
}

/**
 * The chain does not list who gave a verdict: the first organisations of a consortium are tried, those
 * of peers that were met, and those that were named.
 */
async function organisationsToTry(
  node: Node,
  named: readonly number[],
  head: VerifiedHeader,
  signal: AbortSignal
): Promise<readonly number[]> {
  const accounts = new Map<string, Address>()
  for (const { binding } of node.ledger.cards()) {
    accounts.set(toHex(binding.account), binding.account)
  }
  const met = [...accounts.values()].slice(-ATTESTERS_SEEN)
  const refs = met.map((account) => accountSlot(account, node.primitives))
  const words = refs.length === 0 ? [] : await wordsAt(node, head, refs, signal)
  const theirs = words.map((word) => decodeAccountWord(word)?.org ?? 0)
  const first = Array.from({ length: ORGANISATIONS_TRIED }, (_, i) => i + 1)
  const all = new Set([...named, ...theirs, ...first])
  all.delete(0)
  return [...all].slice(0, 2 * ORGANISATIONS_TRIED - 1).sort((a, b) => a - b)
}

/** For each verdict why it holds no more, by the words of its attester and organisation. */
async function lapses(
  node: Node,
  verdicts: readonly { readonly org: number; readonly attester: Address }[],
  head: VerifiedHeader,
  signal: AbortSignal
): Promise<readonly (string | undefined)[]> {
  const out: (string | undefined)[] = []
  for (let at = 0; at < verdicts.length; at += ORGANISATIONS_TRIED) {
    const some = verdicts.slice(at, at + ORGANISATIONS_TRIED)
    const refs = some.flatMap(({ org, attester }) => [
      organisationSlot(org, node.primitives),
      accountSlot(attester, node.primitives)
    ])
    const words = await wordsAt(node, head, refs, signal)
    for (const i of some.keys()) {
      const org = decodeOrganisationWord(words[2 * i] ?? 0n)
      const account = decodeAccountWord(words[2 * i + 1] ?? 0n)
      const isActive = org?.status === OrganisationStatus.ACTIVE
      const isSuspended = account?.status === AccountStatus.SUSPENDED
      out.push(
        !isActive ? 'organisation not active' : isSuspended ? 'attester suspended' : undefined
      )
    }
  }
  return out
}
