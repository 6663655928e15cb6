/**
 * Goal 7 of PERFORMANCE.md §7: a record's blocks from another process over loopback TCP and noise,
 * checked block by block, against the same bytes on a bare libp2p stream of the same connection.
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import { openBlockStore } from '../../node/storage/block-store.ts'
import { type TestNode, tcpNode } from '../node/network/nodes.ts'
import { type BlocksSide, type BlocksSideInit, RAW_PROTOCOL } from './blocks-side.ts'
import { type Child, costOfBoth, startChild } from './child.ts'
import {
  type BenchOptions,
  type Cost,
  costOf,
  inTurns,
  mbPerSecond,
  pairedRow,
  type Row,
  repeatsOf
} from './measure.ts'

export const name = 'fetch'

const MIB = 1_024 * 1_024
const SIDE = new URL('blocks-side.ts', import.meta.url)

type BothCosts = Cost & { readonly otherCpuSeconds: number }

export async function run(options: BenchOptions): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'keyward-bench-'))
  const init: BlocksSideInit = { folder, seed: options.seed }
  const blockstore = await openBlockStore(join(folder, 'fetched'), { quotaBytes: 2 ** 40 })
  try {
    await using server = await startChild<BlocksSide>(SIDE, init)
    await using node = await tcpNode({ blockstore })
    await node.libp2p.dial((await server.calls.addrs()).map((addr) => multiaddr(addr)))
    const rows: Row[] = []
    for (const mib of options.quick ? [1] : [1, 16, 100]) {
      rows.push(...(await measure(mib, node, server, repeatsOf(options))))
    }
    return rows
  } finally {
    await blockstore.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function measure(
  mib: number,
  node: TestNode,
  server: Child<BlocksSide>,
  repeats: number
): Promise<readonly Row[]> {
  const bytes = mib * MIB
  const cid = CID.decode(await server.calls.serve(bytes))
  const costs = await inTurns<BothCosts, 'raw' | 'read' | 'kept'>(repeats, {
    raw: () => costOfBoth(server, () => costOf(() => readRaw(node, bytes))),
    read: () => costOfBoth(server, () => costOf(() => readBlocks(node, cid, bytes))),
    async kept() {
      const cost = await costOfBoth(server, () => costOf(() => keepBlocks(node, cid)))
      await node.vault.remove(cid)
      return cost
    }
  })
  const wall = (side: keyof typeof costs) => costs[side].map((cost) => mbPerSecond(bytes, cost))
  const cpu = (side: keyof typeof costs) =>
    costs[side].map((cost) => bytes / 1e6 / (cost.cpuSeconds + cost.otherCpuSeconds))
  const [goal, target, unit] = [{ atLeast: 0.6 }, 0.8, 'MB/s'] as const
  return [
    pairedRow(
      { what: `fetch ${mib} MiB / raw stream`, unit, goal, target },
      wall('read'),
      wall('raw')
    ),
    pairedRow({ what: `fetch ${mib} MiB, both ends`, unit: 'MB/cpu-s' }, cpu('read'), cpu('raw')),
    pairedRow(
      { what: `fetch ${mib} MiB to disk, fsync / raw stream`, unit },
      wall('kept'),
      wall('raw')
    )
  ]
}

const providers = (node: TestNode) =>
  node.libp2p.getConnections().map(({ remotePeer }) => ({ peer: remotePeer, addrs: [] }))

async function readBlocks(node: TestNode, cid: CID, bytes: number): Promise<void> {
  let got = 0
  for await (const leaf of node.vault.get(cid, { providers: providers(node) })) {
    got += leaf.byteLength
  }
  if (got !== bytes) throw new Error(`expected ${bytes} bytes, got ${got}`)
}

const keepBlocks = (node: TestNode, cid: CID): Promise<void> =>
  node.vault.fetch(cid, { providers: providers(node) })

async function readRaw(node: TestNode, bytes: number): Promise<void> {
  const [server] = providers(node)
  if (server == null) throw new Error('no connection')
  const stream = await node.libp2p.dialProtocol(server.peer, RAW_PROTOCOL)
  let got = 0
  const whole = Promise.withResolvers<void>()
  stream.addEventListener('message', ({ data }) => {
    got += data.byteLength
    if (got >= bytes) whole.resolve()
  })
  stream.addEventListener('close', () => whole.reject(new Error(`ended after ${got} bytes`)))
  await whole.promise
  await stream.close()
}
