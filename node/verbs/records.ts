/**
 * `record ls`, `show`, `verify`: what a person has, who keeps it, and whether all of it still
 * stands: bytes, anchor and state on chain in one answer (PEERS.md S-14).
 * @module
 */
import { CID } from 'multiformats/cid'
import { equalBytes, fromHex, toHex, wordBytes } from '../../core/bytes.ts'
import { RecordNotFoundError } from '../../core/errors.ts'
import { recordKey, recordTag } from '../../core/grant.ts'
import { recordId } from '../../core/ids.ts'
import { anchor, decodeManifest, type Manifest } from '../../core/manifest.ts'
import { anchorSlot, decodeRecordWord, RecordStatus, recordSlot } from '../../core/words.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import { isAcknowledged } from './deal.ts'
import { type OwnRecord, ownMeta, ownRecord } from './own.ts'
import type {
  CustodianResult,
  RecordListResult,
  RecordShowResult,
  RecordSummary,
  RecordVerifyResult
} from './results.ts'
import type { RecordArgs, RecordVerifyArgs } from './shapes.ts'
import type { VerbOptions } from './verb.ts'
import { headWords } from './words.ts'

/** Own records, and those that a grant opens. */
export function listRecords(node: Node): RecordListResult {
  const own = node.ledger
    .records()
    .map((versions) => summaryOf(node, ownRecord(node, toHex(versions[0]?.entry.recordId ?? ID0))))
  const granted = node.ledger.capsules().flatMap(({ capsule }) =>
    capsule.records.map(({ manifest }) => {
      const { content } = decodeManifest(manifest, node.primitives)
      return {
        recordId: toHex(content.recordId),
        ver: content.ver,
        name: '(granted)', // the name is sealed until the record is opened
        mime: '',
        bytes: content.size,
        state: 'granted',
        created: content.created
      }
    })
  )
  return { records: [...own, ...granted] }
}

const ID0 = new Uint8Array(32)

export function showRecord(node: Node, { recordId: id }: RecordArgs): RecordShowResult {
  const own = ownRecord(node, id)
  const { content, custody } = own.manifest
  const versions = node.ledger.versions(recordId(fromHex(id, 'recordId')))
  return {
    ...summaryOf(node, own),
    cid: CID.decode(content.cid).toString(),
    threshold: { t: custody.t, n: custody.n },
    custodians: custody.shares.map(({ peer }): CustodianResult => {
      const ack = own.version.acks.get(toHex(peer))
      return { peer: peerText(peer), acked: ack != null, pinned: ack?.pinned === true }
    }),
    versions: versions.map(({ entry }) => {
      const { ver, created, state, bytes } = summaryOf(node, ownRecord(node, id, entry.ver))
      return { ver, created, state, bytes }
    })
  }
}

function summaryOf(node: Node, own: OwnRecord): RecordSummary {
  const { content } = own.manifest
  const { name, mime, fhir, length } = ownMeta(node, own)
  return {
    recordId: toHex(content.recordId),
    ver: content.ver,
    name,
    mime,
    ...(fhir == null ? {} : { fhir }),
    bytes: length,
    state: stateOf(own),
    created: content.created
  }
}

const stateOf = ({ version, manifest }: OwnRecord): RecordSummary['state'] =>
  version.anchored != null && isAcknowledged(version, manifest) ? 'acknowledged' : 'degraded'

const STATES = new Map<number, string>(
  Object.entries(RecordStatus).map(([name, status]) => [status, name])
)

/** Checks an own version, or one that a grant names, against its custodians and the chain. */
export async function verifyRecord(
  node: Node,
  args: RecordVerifyArgs,
  { signal, progress }: VerbOptions
): Promise<RecordVerifyResult> {
  const { manifest, anchorSalt, own } = found(node, args)
  const { content } = manifest
  const checks: { what: string; ok: boolean; detail?: string }[] = []

  progress({ step: 'anchor' })
  const { primitives: p } = node
  const key = recordKey(content.owner, recordTag(content.recordId, content.ver, p), p)
  const slots = [anchorSlot(key, p), recordSlot(key, p)]
  const words = await headWords(node, slots, signal, own?.version.anchored?.block)
  const committed = anchor(anchorSalt, manifest.contentHash, p)
  const anchored = equalBytes(wordBytes(words[0] ?? 0n), committed)
  checks.push({ what: 'anchor', ok: anchored })
  const status = decodeRecordWord(words[1] ?? 0n)?.status ?? 0
  checks.push({
    what: 'state',
    ok: status >= RecordStatus.STORED && status <= RecordStatus.SUPERSEDED,
    detail: STATES.get(status) ?? 'not registered'
  })
  if (own != null) {
    progress({ step: 'bytes' })
    const here = await node.vault.has(CID.decode(content.cid), { signal })
    checks.push({ what: 'bytes here', ok: here })
    const { custody } = manifest
    const acked = custody.shares.filter(({ peer }) => own.version.acks.has(toHex(peer))).length
    const detail = `${acked} of ${custody.n}, ${custody.t} needed`
    checks.push({ what: 'acknowledged', ok: isAcknowledged(own.version, manifest), detail })
  }
  return {
    recordId: toHex(content.recordId),
    ver: content.ver,
    valid: checks.every(({ ok }) => ok),
    checks
  }
}

/** A version of one's own, else the newest that a grant names. @throws RecordNotFoundError */
export function found(
  node: Node,
  { recordId: id, ver }: RecordVerifyArgs
): {
  readonly manifest: Manifest
  readonly anchorSalt: Parameters<typeof anchor>[0]
  readonly own?: OwnRecord
} {
  const wanted = recordId(fromHex(id, 'recordId'))
  if (node.ledger.versions(wanted).length > 0) {
    const own = ownRecord(node, id, ver)
    return { manifest: own.manifest, anchorSalt: own.version.entry.anchorSalt, own }
  }
  const granted = node.ledger
    .capsules()
    .flatMap(({ capsule }) => capsule.records)
    .findLast((each) => equalBytes(each.recordId, wanted) && (ver ?? each.ver) === each.ver)
  if (granted == null) throw new RecordNotFoundError(`no own record and no grant for ${id}`)
  return {
    manifest: decodeManifest(granted.manifest, node.primitives),
    anchorSalt: granted.anchorSalt
  }
}
