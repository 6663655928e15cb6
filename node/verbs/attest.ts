/**
 * `attest`: an organisation's verdict on a version of somebody else's record (the paper's steps 7
 * to 9). An attester is a reader like others: it needs a grant, for this purpose (decision 0025), has
 * opened that very version under it, and names the anchor that it works out from what it opened.
 * @module
 */
import { equalBytes, fromHex, toHex, wordBytes } from '../../core/bytes.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import { recordKey, recordTag } from '../../core/grant.ts'
import { type Hash, hash, recordId } from '../../core/ids.ts'
import { anchor, decodeManifest, type Manifest } from '../../core/manifest.ts'
import { hasPurpose, Purpose } from '../../core/purposes.ts'
import {
  accountSlot,
  anchorSlot,
  decodeAccountWord,
  decodeGrantWord,
  decodeOwnerWord,
  decodeRecordWord,
  GrantStatus,
  grantSlot,
  ownerSlot,
  recordSlot,
  Verdict
} from '../../core/words.ts'
import type { EntryOf } from '../ledger/entries.ts'
import type { Node } from '../node.ts'
import { sendAct } from './act.ts'
import type { AttestArgs, AttestResult } from './attest-shapes.ts'
import { stateName } from './attestation.ts'
import { openedOf } from './opened.ts'
import type { VerbOptions } from './verb.ts'
import { headWords } from './words.ts'

const VERDICTS = {
  confirm: Verdict.CONFIRMED,
  reject: Verdict.REJECTED,
  withdraw: Verdict.WITHDRAWN
} as const

/**
 * @throws RecordNotFoundError if no grant names it, InvalidParametersError if it was not opened here
 *   or no grant to attest stands, TransactionFailedError with what the contract refused
 */
export async function attest(
  node: Node,
  args: AttestArgs,
  { signal, progress }: VerbOptions
): Promise<AttestResult> {
  const { identity, primitives: p } = node
  const all = openedVersions(node, args)
  progress({ step: 'grant' })
  const opened = await standing(node, all, args.verdict, signal)
  const { content, contentHash } = opened.manifest
  const tag = recordTag(content.recordId, content.ver, p)
  const key = recordKey(content.owner, tag, p)
  const committed = anchor(opened.anchorSalt, contentHash, p)
  const [stored = 0n, member = 0n] = await headWords(
    node,
    [anchorSlot(key, p), accountSlot(identity.account, p)],
    signal
  )
  if (!equalBytes(wordBytes(stored), committed)) {
    throw new InvalidParametersError('"recordId" expected the content that its owner registered')
  }
  progress({ step: 'attest' })
  const verdict = VERDICTS[args.verdict]
  const call = { type: 'Attest', owner: content.owner, recordTag: tag, verdict } as const
  const { block, gasUsed } = await sendAct(node, { ...call, anchor: committed }, signal)
  const [after = 0n] = await headWords(node, [recordSlot(key, p)], signal, block.number)
  return {
    recordId: toHex(content.recordId),
    ver: content.ver,
    verdict: args.verdict,
    org: decodeAccountWord(member)?.org ?? 0,
    state: stateName(decodeRecordWord(after)?.status ?? 0) ?? 'STORED',
    block: block.number,
    gas: gasUsed
  }
}

/** A version as it was opened here, under one of its grants. */
interface Opened {
  readonly manifest: Manifest
  readonly anchorSalt: Hash
  readonly grant: EntryOf<'capsule'>
}

/** The version that was asked for, or the newest that a grant names: it must have been opened. */
function openedVersions(node: Node, { recordId: id, ver }: AttestArgs): readonly Opened[] {
  const wanted = recordId(fromHex(id, 'recordId'))
  const named = node.ledger
    .capsules()
    .flatMap((grant) => grant.capsule.records.map((record) => ({ grant, record })))
    .filter(({ record }) => equalBytes(record.recordId, wanted))
  const newest = ver ?? Math.max(0, ...named.map(({ record }) => record.ver))
  const held = named.filter(({ record }) => record.ver === newest)
  if (held.length === 0) throw new RecordNotFoundError(`no grant names version ${newest} of ${id}`)
  const read = openedOf(node, wanted, newest)
  const opened = held
    .map(({ grant, record }) => ({
      grant,
      anchorSalt: hash(record.anchorSalt),
      manifest: decodeManifest(record.manifest, node.primitives)
    }))
    .filter(({ grant, manifest }) =>
      read.some(
        (each) =>
          equalBytes(each.grantId, grant.grantId) &&
          equalBytes(each.contentHash, manifest.contentHash)
      )
    )
  if (opened.length === 0) {
    throw new InvalidParametersError(
      `"recordId" expected a version that was opened here, version ${newest} was not`
    )
  }
  return opened
}

/** Opened under a grant to attest that stands now; to withdraw, any that it was opened under. */
async function standing(
  node: Node,
  all: readonly Opened[],
  verdict: AttestArgs['verdict'],
  signal: AbortSignal
): Promise<Opened> {
  const [first] = all as readonly [Opened, ...Opened[]]
  if (verdict === 'withdraw') return first
  const now = Math.floor(node.clock.nowMs() / 1_000)
  const meant = all.filter(({ grant: { capsule, grantId } }) => {
    const { purposes, notBefore, notAfter } = capsule.opening
    if (node.ledger.passings.own(grantId) != null) return false // handed back
    return hasPurpose(purposes, Purpose.RECORDMGT) && notBefore <= now && now < notAfter
  })
  const p = node.primitives
  const refs = meant.flatMap(({ grant }) => [
    grantSlot(grant.grantId, p),
    ownerSlot(grant.capsule.owner, p)
  ])
  const words = refs.length === 0 ? [] : await headWords(node, refs, signal)
  const stands = meant.find((_, i) => {
    const grant = decodeGrantWord(words[2 * i] ?? 0n)
    const owner = decodeOwnerWord(words[2 * i + 1] ?? 0n)
    return grant?.status === GrantStatus.ACTIVE && grant.epoch === owner?.epoch
  })
  if (stands != null) return stands
  throw new InvalidParametersError(
    '"recordId" expected a version opened under a grant for RECORDMGT that stands, there is none'
  )
}
