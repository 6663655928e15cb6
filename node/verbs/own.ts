/**
 * An owner's own records as she reads them: found by id, opened with the secret in her ledger.
 * @module
 */
import { fromHex } from '../../core/bytes.ts'
import {
  decodeHeader,
  openMeta,
  type RecordMeta,
  type UnlockedKeys,
  unlock,
  wipeKeys
} from '../../core/container.ts'
import { RecordNotFoundError } from '../../core/errors.ts'
import { recordId } from '../../core/ids.ts'
import { decodeManifest, type Manifest } from '../../core/manifest.ts'
import type { OwnVersion } from '../ledger/ledger.ts'
import type { Node } from '../node.ts'

export interface OwnRecord {
  readonly version: OwnVersion
  readonly manifest: Manifest
}

/** The given version of an own record, or its newest. @throws RecordNotFoundError */
export function ownRecord(node: Node, id: string, ver?: number): OwnRecord {
  const version = node.ledger.version(recordId(fromHex(id, 'recordId')), ver)
  if (version == null) {
    throw new RecordNotFoundError(`no own record ${id}${ver == null ? '' : ` version ${ver}`}`)
  }
  return { version, manifest: decodeManifest(version.entry.manifest, node.primitives) }
}

/** The keys of an own version: wipe them after use. */
export function ownKeys(node: Node, { version, manifest }: OwnRecord): UnlockedKeys {
  const { hdr, kcom } = manifest.content
  const { secret, ownerSecret } = version.entry
  return unlock(decodeHeader(hdr), kcom, secret, ownerSecret, node.primitives)
}

/** Name, type, length and hash, from the sealed meta. */
export function ownMeta(node: Node, own: OwnRecord): RecordMeta {
  const keys = ownKeys(node, own)
  try {
    const { hdr, meta } = own.manifest.content
    return openMeta(meta, decodeHeader(hdr), keys, node.primitives)
  } finally {
    wipeKeys(keys)
  }
}
