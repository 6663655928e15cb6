/**
 * Who may fetch the ciphertext of an own record from its owner's device: the custodians, stand-bys
 * and replicas of its manifest, so that they can replicate it.
 * @module
 */
import type { CID } from 'multiformats/cid'
import { equalBytes, toHex } from '../../core/bytes.ts'
import type { PeerIdBytes } from '../../core/ids.ts'
import { decodeManifest, type Manifest } from '../../core/manifest.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { EntryOf } from './entries.ts'
import type { Ledger } from './ledger.ts'

/** Decoding a manifest costs more than looking one up. */
const decoded = new WeakMap<EntryOf<'version'>, Manifest>()

export function isKeeperOfOwn(
  ledger: Ledger,
  peer: PeerIdBytes,
  root: CID,
  p: Primitives
): boolean {
  return ledger.records().some((versions) =>
    versions.some(({ entry }) => {
      const manifest = decoded.get(entry) ?? decodeManifest(entry.manifest, p)
      decoded.set(entry, manifest)
      const { content, custody } = manifest
      if (!equalBytes(content.cid, root.bytes)) return false
      const keepers = [
        ...custody.shares.map((share) => share.peer),
        ...custody.standby,
        ...custody.replicas.map((replica) => replica.peer)
      ]
      return keepers.some((keeper) => toHex(keeper) === toHex(peer))
    })
  )
}
