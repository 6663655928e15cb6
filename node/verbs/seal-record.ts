/**
 * Makes one record version out of a file (hops 2–4 of 12): fresh secrets, the ciphertext in the
 * vault, shares under their custodians' keys, and the manifest that the owner signs.
 * @module
 */
import { open } from 'node:fs/promises'
import type { AbortOptions } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { wipe } from '../../core/bytes.ts'
import {
  type ContainerKeys,
  deriveKeys,
  makeHeader,
  sealMeta,
  wipeKeys
} from '../../core/container.ts'
import { type PayloadFacts, sealPayload } from '../../core/container-payload.ts'
import { InvalidRecordError } from '../../core/errors.ts'
import { type Hash, hash, type RecordId, recordSecret } from '../../core/ids.ts'
import {
  type Content,
  type CustodyMap,
  contentHash,
  encodeContent,
  signManifest
} from '../../core/manifest.ts'
import { sealShare, shareCommitment, shareSalt, shareX, split } from '../../core/shares.ts'
import type { RecordTags } from '../../core/tags.ts'
import type { CheckedFile } from '../fhir/check-record.ts'
import type { EntryOf } from '../ledger/entries.ts'
import type { Node } from '../node.ts'
import type { ChosenCustodian } from './custodians.ts'
import { keyFor } from './deal.ts'
import type { VerbOptions } from './verb.ts'

/** The file that becomes the version. */
export interface Source extends CheckedFile {
  readonly path: string
}

/** What the new version is, and who keeps it. */
export interface VersionPlan {
  readonly recordId: RecordId
  readonly ver: number
  /** contentHash of the version before. */
  readonly prev: Hash | undefined
  readonly custodians: readonly ChosenCustodian[]
  readonly threshold: number
  readonly replicas: number
  readonly tags: RecordTags
  /** In the owner's emergency subset. */
  readonly emergency: boolean
  readonly reason: string
}

const READ_BYTES = 1_024 * 1_024

/**
 * The entry for the owner's ledger; its blocks are in the vault, durable and pinned.
 * @throws StoreFullError, InvalidRecordError if the file changed while it was read
 */
export async function sealRecord(
  node: Node,
  source: Source,
  plan: VersionPlan,
  options: VerbOptions
): Promise<EntryOf<'version'>> {
  const { random, primitives: p, identity, clock } = node
  const secret = recordSecret(random(32))
  const header = makeHeader(random(32), { sealed: false })
  const keys = deriveKeys(header, secret, undefined, p)
  let stored: CID | undefined
  try {
    const { cid, facts } = await storePayload(
      node,
      source.path,
      keys,
      (done) => options.progress({ step: 'seal', done, total: source.bytes }),
      options
    )
    stored = cid
    assertUnchanged(source, facts)
    await node.vault.pin(cid, { signal: options.signal })
    const { name, mime, fhir } = source
    const { length, sha256 } = facts
    const meta = { name, mime, length, sha256, ...(fhir == null ? {} : { fhir }) }
    const content: Content = {
      v: 1,
      owner: identity.account,
      recordId: plan.recordId,
      ver: plan.ver,
      prev: plan.prev,
      hdr: header.bytes,
      kcom: keys.kcom,
      cid: cid.bytes,
      size: facts.size,
      meta: sealMeta(meta, header, keys, random(24), p),
      author: identity.account,
      created: Math.floor(clock.nowMs() / 1_000)
    }
    const { custody, envs } = await splitAmong(node, content, secret, plan)
    return {
      t: 'version',
      recordId: plan.recordId,
      ver: plan.ver,
      secret,
      ownerSecret: undefined,
      manifest: signManifest(content, custody, node.deployment, identity.accountKey, p),
      anchorSalt: hash(random(32)),
      envs,
      reason: plan.reason
    }
  } catch (err) {
    if (stored != null) await node.vault.remove(stored) // nothing will ever name it
    throw err
  } finally {
    wipeKeys(keys)
  }
}

/** Shares, their commitments, and each under the key of its custodian (hop 4). */
async function splitAmong(
  node: Node,
  content: Content,
  secret: EntryOf<'version'>['secret'],
  plan: VersionPlan
): Promise<{ readonly custody: CustodyMap; readonly envs: readonly Uint8Array[] }> {
  const { random, primitives: p } = node
  const { recordId, ver, owner } = content
  const { custodians, threshold, tags, emergency } = plan
  const saltSeed = random(32)
  const shares = await split(secret, threshold, custodians.length)
  try {
    const placed = await Promise.all(
      custodians.map(async ({ peer, card, op }, i) => {
        const share = shares[i] as (typeof shares)[number]
        const ids = { recordId, ver, shareEpoch: 1, idx: i + 1 }
        const salt = shareSalt(saltSeed, ids.idx, p)
        const { ck } = await keyFor(node, peer, card.kem)
        return {
          entry: {
            idx: ids.idx,
            x: shareX(share),
            peer,
            op,
            com: shareCommitment({ ...ids, salt, share }, p)
          },
          env: sealShare(ck, ids, saltSeed, share, random(24), p)
        }
      })
    )
    const custody: CustodyMap = {
      v: 1,
      owner,
      recordId,
      ver,
      contentHash: contentHash(encodeContent(content), p),
      shareEpoch: 1,
      t: threshold,
      n: custodians.length,
      shares: placed.map(({ entry }) => entry),
      standby: [],
      tags,
      emergency,
      replicas: custodians
        .slice(0, plan.replicas)
        .map(({ peer, card }) => ({ peer, addrs: card.addrs }))
    }
    return { custody, envs: placed.map(({ env }) => env) }
  } finally {
    wipe(saltSeed, ...shares)
  }
}

/** Seals a file into the vault, in memory that does not grow with it. @throws StoreFullError */
export async function storePayload(
  { vault, primitives }: Pick<Node, 'vault' | 'primitives'>,
  path: string,
  keys: ContainerKeys,
  onRead: (bytes: number) => void,
  options: AbortOptions = {}
): Promise<{ readonly cid: CID; readonly facts: PayloadFacts }> {
  // the vault has written a piece when it asks for the next
  const reusePieces = true
  const { payload, done } = sealPayload(read(path, onRead), keys, primitives, { reusePieces })
  const cid = await vault.put(payload, options)
  return { cid, facts: await done }
}

/** Reads into one buffer, again and again: sealing is done with a piece when it asks for the next. */
async function* read(path: string, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(READ_BYTES)
  const file = await open(path)
  try {
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, at)
      if (bytesRead === 0) return
      at += bytesRead
      onRead(at)
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** FHIR was validated by its path: what was sealed must be that file. */
function assertUnchanged(source: Source, facts: PayloadFacts): void {
  if (facts.length !== source.bytes) {
    throw new InvalidRecordError(
      `the file changed while it was read: expected ${source.bytes} bytes, got ${facts.length}`
    )
  }
}
