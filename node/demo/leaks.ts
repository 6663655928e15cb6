/**
 * Looks for plaintext outside of the owner's and the grantee's own memory: in every folder and log
 * of the network, on the chain, and in what the wiretaps heard (PEERS.md A-3).
 * @module
 */
import { createReadStream } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { CanaryScanner, canariesOf, StreamScan } from './canary.ts'

/** What was found where, and how much was looked at. */
export interface LeakReport {
  readonly places: readonly string[]
  readonly bytes: number
}

/** Gives the wiretaps what to listen for; before any daemon starts. */
export async function plantCanaries(
  folder: string,
  records: readonly string[]
): Promise<CanaryScanner> {
  const canaries: Uint8Array[] = []
  for (const path of records) canaries.push(...canariesOf(await readFile(path)))
  await mkdir(join(folder, 'wire'), { recursive: true })
  const listed = canaries.map((canary) => Buffer.from(canary).toString('hex'))
  // the only place where they stand in hex: the demo's own, left out below
  await writeFile(join(folder, 'wire', 'canaries.json'), JSON.stringify(listed))
  return new CanaryScanner(canaries)
}

/** After the daemons have stopped. `own`: folders of the owner and the grantee themselves. */
export async function findLeaks(
  folder: string,
  scanner: CanaryScanner,
  chainDump: Uint8Array,
  own: readonly string[]
): Promise<LeakReport> {
  const places: string[] = []
  let bytes = chainDump.byteLength
  if (scanner.count(chainDump) > 0) places.push('chain')
  for (const path of await filesBelow(folder)) {
    if (own.some((each) => path.startsWith(each)) || path.endsWith('canaries.json')) continue
    const scan = new StreamScan(scanner)
    for await (const piece of createReadStream(path)) {
      scan.push(piece as Uint8Array)
      bytes += (piece as Uint8Array).byteLength
    }
    if (scan.found > 0) places.push(path)
  }
  for (const name of await readdir(join(folder, 'wire'))) {
    if (!name.startsWith('wire-')) continue
    const heard = JSON.parse(await readFile(join(folder, 'wire', name), 'utf8')) as {
      bytes: number
      found: number
    }
    bytes += heard.bytes
    if (heard.found > 0) places.push(name)
  }
  return { places, bytes }
}

/** Every block with its transactions, every log, and the state, as one text. */
export async function dumpChain(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const ask = async (method: string, params: unknown[]): Promise<unknown> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal
    })
    return ((await response.json()) as { result?: unknown }).result
  }
  const head = Number(await ask('eth_blockNumber', []))
  const parts: unknown[] = []
  for (let n = 0; n <= head; n++) {
    parts.push(await ask('eth_getBlockByNumber', [`0x${n.toString(16)}`, true]))
  }
  parts.push(await ask('eth_getLogs', [{ fromBlock: '0x0', toBlock: 'latest' }]))
  const state = String(await ask('anvil_dumpState', []))
  const unpacked = gunzipSync(Buffer.from(state.slice(2), 'hex')).toString('utf8')
  return Buffer.from(`${JSON.stringify(parts)}\n${unpacked}`)
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name))
}
