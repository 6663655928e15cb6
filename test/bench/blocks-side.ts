/**
 * A node in a process of its own that serves a payload twice: by protocols/blocks from its block
 * store, as a replica does, and the same leaves from memory on a bare libp2p stream. A child of
 * fetch.bench.ts.
 * @module
 */
import { join } from 'node:path'
import type { Stream } from '@libp2p/interface'
import { openBlockStore } from '../../node/storage/block-store.ts'
import { LEAF_BYTES } from '../../node/storage/dag.ts'
import { tcpNode } from '../node/network/nodes.ts'
import { seededBytes } from './measure.ts'

export const RAW_PROTOCOL = '/keyward-bench/raw/1.0.0'

export interface BlocksSideInit {
  readonly folder: string
  readonly seed: string
}

export type BlocksSide = {
  /** Where to dial it, as text. */
  addrs(): Promise<readonly string[]>
  /** Stores a payload of so many bytes and sends it on raw streams from now on; gives its CID. */
  serve(bytes: number): Promise<Uint8Array>
}

export async function serve({ folder, seed }: BlocksSideInit): Promise<BlocksSide> {
  const blockstore = await openBlockStore(join(folder, 'served'), { quotaBytes: 2 ** 40 })
  const node = await tcpNode({ blockstore })
  let leaves: readonly Uint8Array[] = []
  await node.libp2p.handle(RAW_PROTOCOL, (stream) => void sendAll(stream, leaves))
  return {
    addrs: async () => node.libp2p.getMultiaddrs().map(String),
    async serve(bytes) {
      const payload = Buffer.concat([...seededBytes(`${seed} ${bytes}`, bytes)])
      leaves = Array.from({ length: Math.ceil(bytes / LEAF_BYTES) }, (_, i) =>
        payload.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES)
      )
      return (await node.vault.put(given(leaves))).bytes
    }
  }
}

async function sendAll(stream: Stream, leaves: readonly Uint8Array[]): Promise<void> {
  try {
    for (const leaf of leaves) if (!stream.send(leaf)) await drained(stream)
    await stream.close()
  } catch (err) {
    stream.abort(err as Error)
  }
}

/** The event, since `onDrain()` waits only once (P2P.md §3). */
const drained = (stream: Stream): Promise<void> =>
  new Promise((resolve) => {
    const onDrain = (): void => {
      // libp2p's own listener, added first, sends what is left in a microtask; look after it
      queueMicrotask(() => {
        if (stream.writableNeedsDrain) return
        stream.removeEventListener('drain', onDrain)
        resolve()
      })
    }
    stream.addEventListener('drain', onDrain)
  })

async function* given(leaves: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* leaves
}
