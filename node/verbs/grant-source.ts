/**
 * Whose records a grant is about, and what may be told of them: the seam between giving access to
 * one's own records and to a ward's, whose guardian one is. `consent` (consent.ts) asks for nothing
 * else, so a guardian's verb makes one of these from her voice and the capsules that she holds.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import type { Hash, PeerIdBytes, RecordId } from '../../core/ids.ts'
import { type Capsule, decodeManifest, type Manifest } from '../../core/manifest.ts'
import type { TagOf } from '../../core/tags.ts'
import type { OwnVersion } from '../ledger/ledger.ts'
import type { Node } from '../node.ts'
import { keepersOf } from './mail.ts'
import { tagMaker } from './marks.ts'
import { relayersOf } from './relay.ts'
import { ownVoice, type Voice } from './voice.ts'

/** One version that may be given on, with what its reader needs. */
export interface GivableVersion {
  readonly recordId: RecordId
  readonly ver: number
  readonly manifest: Manifest
  readonly anchorSalt: Hash
  /** S_o of a sealed container. */
  readonly so: Capsule['records'][number]['so']
  /** It stands on the chain, as far as is known here. */
  readonly anchored: boolean
}

export interface GrantSource {
  readonly voice: Voice
  versions(): readonly GivableVersion[]
  /**
   * Makes the owner's scope tags. Undefined for who has not her chart key: such a source can name
   * records, whose own tags it copies, but no classes, charts, labels or months.
   */
  readonly tagOf: TagOf | undefined
  /** Who may bring her messages to the chain, and keeps mail for those who are away. */
  relayers(of: readonly GivableVersion[]): readonly PeerIdBytes[]
}

/** One's own records, in one's own voice. */
export function ownSource(node: Node): GrantSource {
  const { ledger, identity, primitives: p } = node
  const givable = ({ entry, anchored }: OwnVersion): GivableVersion => ({
    recordId: entry.recordId,
    ver: entry.ver,
    manifest: decodeManifest(entry.manifest, p),
    anchorSalt: entry.anchorSalt,
    so: entry.ownerSecret,
    anchored: anchored != null
  })
  return {
    voice: ownVoice(node),
    versions: () => ledger.records().flat().map(givable),
    tagOf: tagMaker(identity.root, p),
    relayers(of) {
      const meant = of.flatMap(({ recordId, ver }) => ledger.version(recordId, ver) ?? [])
      // without a record yet: those who will keep her first one
      return distinct([...meant.flatMap(relayersOf), ...keepersOf(node)])
    }
  }
}

export const distinct = (peers: readonly PeerIdBytes[]): readonly PeerIdBytes[] => [
  ...new Map(peers.map((peer) => [toHex(peer), peer])).values()
]
