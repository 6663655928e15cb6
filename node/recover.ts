/**
 * What is done once after a process died with the folder in its hands, before anything runs on it:
 * blocks that a broken-off `record add` left, and that nothing will ever name, give their space
 * back. Halves of replicas that custodians still wait for stay: the next try goes on from them.
 * @module
 */
import { CID } from 'multiformats/cid'
import { decodeManifest } from '../core/manifest.ts'
import type { Primitives } from '../core/primitives.ts'
import type { Journal } from './adapters.ts'
import type { Clinic } from './clinic.ts'
import type { Ledger } from './ledger/ledger.ts'
import { Vault, type VaultBlockstore } from './storage/vault.ts'

export interface Leftovers {
  readonly blockstore: VaultBlockstore
  readonly pins: Journal
  readonly ledger: Ledger
  readonly clinic: Clinic | undefined
  readonly primitives: Primitives
}

/** Gives how many blocks went. @throws StoreCorruptError */
export async function dropLeftovers(left: Leftovers): Promise<number> {
  const { blockstore, pins, ledger, clinic, primitives } = left
  const own = ledger
    .records()
    .flat()
    .map(({ entry }) => decodeManifest(entry.manifest, primitives))
  const kept = [...(clinic?.custody.entries() ?? [])].flatMap(({ epochs }) =>
    [...epochs.values()].map(({ manifest }) => manifest)
  )
  const vault = await Vault.open({ blockstore, pins })
  return vault.sweep([...own, ...kept].map(({ content }) => CID.decode(content.cid)))
}
