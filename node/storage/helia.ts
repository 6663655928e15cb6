/**
 * Helia and libp2p as one: blocks on our stores, fetched by our broker alone. No bitswap (it serves
 * whoever asks and asks everybody), no gateways, no delegated routing, no public bootstrap: the full
 * `createHelia` brings all four, so only the light one is used (P2P.md §4).
 * @module
 */
import { withLibp2pLight } from '@helia/libp2p'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import { type BlockBroker, createHeliaLight, type Helia } from 'helia'
import type { Datastore } from 'interface-datastore'
import type { Libp2pOptions } from 'libp2p'
import type { Journal } from '../adapters.ts'
import type { BlocksBroker } from './broker.ts'
import { memoryJournal } from './memory-journal.ts'
import { Vault, type VaultBlockstore } from './vault.ts'

export interface StorageInit<S extends ServiceMap> {
  readonly libp2p: Libp2pOptions<S>
  readonly blockstore: VaultBlockstore
  readonly datastore: Datastore
  /** The one that vault and Helia fetch by. @default none: only local blocks are read */
  readonly broker?: BlocksBroker
  /** Others for Helia, of networks that want them. */
  readonly brokers?: readonly BlockBroker[]
  /** @default in memory */
  readonly pins?: Journal
}

export interface Storage<S extends ServiceMap> {
  readonly libp2p: Libp2p<S>
  readonly helia: Helia
  readonly vault: Vault
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts libp2p and Helia. */
export async function createStorage<S extends ServiceMap>(
  init: StorageInit<S>
): Promise<Storage<S>> {
  const { blockstore, datastore, broker, pins = memoryJournal() } = init
  const blockBrokers = [...(broker == null ? [] : [broker]), ...(init.brokers ?? [])]
  const vault = await Vault.open({ blockstore, pins, ...(broker != null && { broker }) })
  const light = createHeliaLight({ blockstore, datastore, blockBrokers })
  const helia = withLibp2pLight(light, init.libp2p)
  try {
    await helia.start()
  } catch (err) {
    await helia.stop().catch(() => {})
    throw err
  }
  const stop = async (): Promise<void> => {
    if (helia.status === 'started') await helia.stop()
  }
  return { libp2p: helia.libp2p, helia, vault, stop, [Symbol.asyncDispose]: stop }
}
