/**
 * Real networks as files: gzip of JSON, one for each network, so that a comparison can be repeated
 * by anybody without growing the networks again.
 * @module
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { StoreCorruptError } from '../../core/errors.ts'
import type { RealNetworkData } from './observation.ts'

const SUFFIX = '.json.gz'

/** Answers what a reader will find. */
export async function writeNetwork(
  folder: string,
  network: RealNetworkData
): Promise<RealNetworkData> {
  const data = rounded(network)
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${data.name}-${data.seed}${SUFFIX}`)
  await writeFile(file, gzipSync(JSON.stringify(data), { level: 9 }))
  return data
}

/** All of a folder, by name, then seed. @throws StoreCorruptError naming the file */
export async function readNetworks(folder: string): Promise<RealNetworkData[]> {
  const all = await readdir(folder).catch(() => []) // not there yet: nothing was measured
  const files = all.filter((name) => name.endsWith(SUFFIX))
  const networks = await Promise.all(files.map((name) => readNetwork(join(folder, name))))
  return networks.sort((a, b) => (a.name === b.name ? a.seed - b.seed : a.name < b.name ? -1 : 1))
}

async function readNetwork(file: string): Promise<RealNetworkData> {
  try {
    const data = JSON.parse(gunzipSync(await readFile(file)).toString()) as RealNetworkData
    if (data.tables.length !== data.growth.nodes) throw new RangeError('a table for each node')
    return data
  } catch (cause) {
    throw new StoreCorruptError(`not a measured network: ${file}`, { cause })
  }
}

/** Latency to a tenth of a ms: more digits only fill files. */
function rounded(data: RealNetworkData): RealNetworkData {
  const measured = data.measured.map((each) => ({
    ...each,
    lookups: each.lookups.map((one) => ({ ...one, latencyMs: Math.round(one.latencyMs * 10) / 10 }))
  }))
  return { ...data, measured }
}
