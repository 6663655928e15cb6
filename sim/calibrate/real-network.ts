/**
 * One real network from its seed to what is kept of it: grown or filled, frozen, read, asked by
 * each policy in turn, and stopped.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Rng } from '../random.ts'
import { fill, grow } from './grow.ts'
import { measure } from './measure.ts'
import type { Growth, Measured, Policy, RealNetworkData } from './observation.ts'

export interface RealNetworkInit {
  readonly name: string
  readonly growth: Growth
  readonly policies: readonly Policy[]
  readonly roundTripMs: number
  readonly lookups: number
  readonly seed: number
  readonly signal: AbortSignal
  /** Tables to fill by hand. @default the network joins and grows its own */
  readonly tablesFor?: (kadIds: readonly string[]) => readonly (readonly number[])[]
  progress?(step: string, done: number, total: number): void
}

export async function realNetwork(init: RealNetworkInit): Promise<RealNetworkData> {
  const { growth, seed, signal, tablesFor } = init
  const rng = new Rng(seed, init.name)
  const began = performance.now()
  const progress = init.progress == null ? {} : { progress: init.progress }
  const growing = { growth, rng: rng.derive('growth'), signal, ...progress }
  await using network = await (tablesFor == null ? grow(growing) : fill(growing, tablesFor))
  network.freeze()
  const growSeconds = (performance.now() - began) / 1_000
  const read = await network.tables()
  const tables = read.tables.map((table) => [...new Set(table)])
  const before = { ...read, tables }
  const measured: Measured[] = []
  for (const policy of init.policies) {
    measured.push(
      await measure({
        network,
        before,
        policy,
        k: growth.k,
        lookups: init.lookups,
        roundTripMs: init.roundTripMs,
        seed,
        rng: rng.derive(`lookups/${policy.paths}/${policy.alpha}`),
        signal,
        ...progress
      })
    )
  }
  return {
    name: init.name,
    growth,
    from: tablesFor == null ? 'joining' : 'filling',
    seed,
    ...before,
    connections: network.connections(),
    doubled: read.tables.flat().length - tables.flat().length,
    measured,
    versions: await versions(),
    growSeconds
  }
}

const MEASURED = ['libp2p', '@libp2p/kad-dht', '@libp2p/memory', '@libp2p/noise', '@libp2p/yamux']

async function versions(): Promise<Record<string, string>> {
  const modules = join(import.meta.dirname, '../../node_modules')
  const found: Record<string, string> = { node: process.version }
  for (const name of MEASURED) {
    const text = await readFile(join(modules, name, 'package.json'), 'utf8')
    found[name] = (JSON.parse(text) as { version: string }).version
  }
  return found
}
