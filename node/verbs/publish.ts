/**
 * `record add` and `record update`: a file becomes a sealed record in the keeping of custodians
 * (hops 1–6 of 12). The manifest and all secrets are in the ledger before the first package
 * leaves, so a crash at any point loses nothing and a later `finish` completes the work.
 * @module
 */

import { CID } from 'multiformats/cid'
import { toHex } from '../../core/bytes.ts'
import { recordKey, recordTag } from '../../core/grant.ts'
import { type Hash, hash, recordId } from '../../core/ids.ts'
import { anchor, type Manifest } from '../../core/manifest.ts'
import { type Records, signTyped } from '../../core/typed-data.ts'
import { anchorSlot, RecordStatus } from '../../core/words.ts'
import { waitFor } from '../chain/quorum.ts'
import { checkRecord } from '../fhir/check-record.ts'
import { peerText } from '../keys/peer-text.ts'
import type { OwnVersion } from '../ledger/ledger.ts'
import type { Node } from '../node.ts'
import { Turns } from '../turns.ts'
import { chooseCustodians } from './custodians.ts'
import { isAcknowledged, settle } from './deal.ts'
import { isForEmergencies, marksOf, recordTags } from './marks.ts'
import { type OwnRecord, ownMeta, ownRecord } from './own.ts'
import { type Registration, registrationFor } from './registration.ts'
import { relayersOf, sendMessage } from './relay.ts'
import type { CustodianResult, RecordAddResult } from './results.ts'
import { type Source, sealRecord, type VersionPlan } from './seal-record.ts'
import type { RecordAddArgs, RecordUpdateArgs } from './shapes.ts'
import { deliverOwed } from './standing.ts'
import type { VerbOptions } from './verb.ts'
import { knownWish, writeFirstWish } from './wish.ts'
import { headWords } from './words.ts'

/** A signature for the chain stands this long: a relayer may be slow, not careless. */
const DEADLINE_SECONDS = 3_600
/** Readers who are away are told by upkeep. */
const TELL_WAIT_MS = 5_000

/** `record add` */
export async function publish(
  node: Node,
  args: RecordAddArgs,
  options: VerbOptions
): Promise<RecordAddResult> {
  const { choice, identity, primitives } = node
  const { path, name, mime, fhir: insist } = args
  const source = {
    path,
    ...(await checkRecord(path, { name, mime, insist, signal: options.signal }))
  }
  const marks = marksOf(source, args.tags)
  const threshold = args.threshold ?? choice.threshold
  const named = args.custodians ?? choice.custodians
  options.progress({ step: 'custodians', total: named.length })
  const custodians = await chooseCustodians(node, named, threshold, options.signal)
  return store(
    node,
    source,
    {
      recordId: recordId(node.random(32)),
      ver: 1,
      prev: undefined,
      custodians,
      threshold,
      replicas: args.replicas ?? choice.replicas,
      tags: recordTags(marks, identity.root, primitives),
      emergency: args.emergency ?? isForEmergencies(marks),
      reason: ''
    },
    await registrationFor(node, args, options.signal),
    options
  )
}

/** `record update`: the next version, with secrets of its own, for the same custodians. */
export async function update(
  node: Node,
  args: RecordUpdateArgs,
  options: VerbOptions
): Promise<RecordAddResult> {
  const { version } = ownRecord(node, args.recordId)
  const versions = node.ledger.versions(version.entry.recordId)
  return updates.run(versions, () => nextVersion(node, args, options))
}

/** Two updates of a record at once would both be its next version. */
const updates = new Turns<readonly OwnVersion[]>()

async function nextVersion(
  node: Node,
  args: RecordUpdateArgs,
  options: VerbOptions
): Promise<RecordAddResult> {
  const { version, manifest } = ownRecord(node, args.recordId)
  const { path } = args
  const source = { path, ...(await checkRecord(path, { signal: options.signal })) }
  const { custody, contentHash } = manifest
  const named = custody.shares.map(({ peer }) => peerText(peer))
  const custodians = await chooseCustodians(node, named, custody.t, options.signal)
  return store(
    node,
    source,
    {
      recordId: version.entry.recordId,
      ver: version.entry.ver + 1,
      prev: contentHash,
      custodians,
      threshold: custody.t,
      replicas: custody.replicas.length,
      tags: custody.tags,
      emergency: custody.emergency,
      reason: args.reason ?? ''
    },
    version.registration,
    options
  )
}

async function store(
  node: Node,
  source: Source,
  plan: VersionPlan,
  registration: Registration | undefined,
  options: VerbOptions
): Promise<RecordAddResult> {
  const entry = await sealRecord(node, source, plan, options)
  const { recordId: id, ver } = plan
  await node.ledger.record(
    entry,
    ...(registration == null
      ? []
      : [{ ...registration, t: 'registration' as const, recordId: id, ver }])
  )
  const own = ownRecord(node, toHex(plan.recordId), plan.ver)
  return finish(node, own, options)
}

/** Whatever is still to do for a version: deals, replicas, anchor. May be called again. */
export const finish = (
  node: Node,
  own: OwnRecord,
  options: VerbOptions
): Promise<RecordAddResult> => finishing.run(own.version, () => doTheRest(node, own, options))

/** Upkeep and the owner, both at once, would anchor a version twice: one of them would fail. */
const finishing = new Turns<OwnVersion>()

export const isBeingFinished = (version: OwnVersion): boolean => finishing.has(version)

async function doTheRest(
  node: Node,
  own: OwnRecord,
  options: VerbOptions
): Promise<RecordAddResult> {
  const { version, manifest } = own
  const custodians = await settle(node, version, options)
  const enough = custodians.filter((each) => each.acked).length >= manifest.custody.t
  if (version.anchored == null && enough) {
    options.progress({ step: 'anchor' })
    await register(node, version, manifest, options.signal)
    await writeFirstWish(node, options)
    await tellReaders(node, options)
  }
  return resultOf(node, own, custodians)
}

/** Whom standing grants let read it. The record is safe without them: upkeep tries again. */
async function tellReaders(node: Node, { signal, progress }: VerbOptions): Promise<void> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(TELL_WAIT_MS)])
  try {
    const { told, waiting } = await waitFor(deliverOwed(node, bounded), bounded)
    if (told + waiting === 0) return
    const later = waiting === 0 ? '' : `; ${waiting} will be`
    progress({ step: 'deliver', detail: `${told} readers of standing grants were told${later}` })
  } catch {
    signal.throwIfAborted()
    progress({ step: 'deliver', detail: 'readers of standing grants will be told' })
  }
}

/** Writes the version's salted commitment to the chain, once (hop 6). */
async function register(
  node: Node,
  version: OwnVersion,
  { content, contentHash, custody }: Manifest,
  signal: AbortSignal
): Promise<void> {
  const { primitives: p, clock, deployment, identity } = node
  const tag = recordTag(content.recordId, content.ver, p)
  const committed = anchor(hash(version.entry.anchorSalt), contentHash, p)
  const [stored] = await headWords(node, [anchorSlot(recordKey(content.owner, tag, p), p)], signal)
  let sent: { txHash: Hash; block: { number: number }; gasUsed: number } | undefined
  if (stored === 0n) {
    const message: Records = {
      owner: content.owner,
      items: [
        {
          recordTag: tag,
          status: RecordStatus.STORED,
          shareEpoch: custody.shareEpoch,
          quorum: version.registration?.quorum ?? 1,
          barredOrg: version.registration?.barredOrg ?? 0,
          anchor: committed
        }
      ],
      deadline: Math.floor(clock.nowMs() / 1_000) + DEADLINE_SECONDS
    }
    const sig = signTyped(deployment, 'Records', message, identity.accountKey, p)
    sent = await sendMessage(node, { type: 'Records', message, sig }, relayersOf(version), signal)
  }
  await node.ledger.record({
    t: 'anchored',
    recordId: content.recordId,
    ver: content.ver,
    // registered before, by a run that did not see it mined
    txHash: sent?.txHash ?? hash(new Uint8Array(32)),
    block: sent?.block.number ?? 0,
    gas: sent?.gasUsed ?? 0
  })
}

function resultOf(
  node: Node,
  own: OwnRecord,
  custodians: readonly CustodianResult[]
): RecordAddResult {
  const { version, manifest } = own
  const { content, custody } = manifest
  const { length, sha256 } = ownMeta(node, own)
  const complete = isAcknowledged(version, manifest) && version.anchored != null
  return {
    recordId: toHex(content.recordId),
    ver: content.ver,
    cid: CID.decode(content.cid).toString(),
    bytes: length,
    sha256: toHex(sha256),
    threshold: { t: custody.t, n: custody.n },
    state: complete ? 'acknowledged' : 'degraded',
    emergency: custody.emergency,
    wish: knownWish(node),
    custodians,
    ...(version.anchored == null ? {} : { gas: version.anchored.gas })
  }
}
