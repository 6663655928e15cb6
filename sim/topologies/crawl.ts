/**
 * A crawl's visits as Nebula writes them: a JSON object a line with PeerID and ConnectDuration ("1.2s",
 * db/json.go of dennis-tra/nebula), or our own with rttMs. A crawl knows how far each peer is from the
 * crawler and nothing else, so two peers are as far apart as their ways through it: an upper bound.
 * @module
 */
import { readFileSync } from 'node:fs'
import { fileFault, InvalidScenarioError } from '../scenario/faults.ts'

const FAULTS_MAX = 10

export interface Crawl {
  readonly peers: readonly string[]
  /** From the crawler, one for each peer. */
  readonly rttMs: Float32Array
}

/**
 * @param roundTrips that a connection took: dial, security, muxer, identify
 * @throws InvalidScenarioError naming each wrong line
 */
export const readCrawl = (path: string, roundTrips: number, shownPath = path): Crawl =>
  crawlFrom(readFileSync(path, 'utf8'), roundTrips, shownPath)

/** Peers that could not be reached are left out. */
export function crawlFrom(text: string, roundTrips: number, file: string): Crawl {
  const faults: string[] = []
  const peers: string[] = []
  const rtts: number[] = []
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '' || faults.length >= FAULTS_MAX) continue
    const visit = parse(line)
    const peer = visit?.['PeerID'] ?? visit?.['peer']
    if (visit == null || typeof peer !== 'string') {
      faults.push(fileFault(file, i + 1, 'a JSON object with PeerID', line))
      continue
    }
    if (visit['ConnectErrorStr'] != null && visit['ConnectErrorStr'] !== '') continue
    const own = visit['rttMs']
    const rtt = typeof own === 'number' ? own : durationMs(visit['ConnectDuration']) / roundTrips
    if (!(rtt >= 0 && rtt < 600_000)) {
      const got = JSON.stringify(visit['ConnectDuration'] ?? own ?? null)
      faults.push(fileFault(file, i + 1, 'ConnectDuration such as "84.3ms", or rttMs', got))
      continue
    }
    peers.push(peer)
    rtts.push(rtt)
  }
  if (peers.length === 0 && faults.length === 0) {
    faults.push(fileFault(file, 1, 'a peer that was reached', ''))
  }
  if (faults.length > 0) throw new InvalidScenarioError(`${file} is no crawl`, faults)
  return { peers, rttMs: Float32Array.from(rtts) }
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value != null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  µs: 1e-3,
  us: 1e-3,
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 3.6e6
}

/** Go's time.Duration as text: "1m2.5s". NaN when it is none. */
function durationMs(text: unknown): number {
  if (typeof text !== 'string' || !/^(\d+(\.\d+)?(ns|µs|us|ms|s|m|h))+$/.test(text))
    return Number.NaN
  let total = 0
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|µs|us|ms|s|m|h)/g)) {
    total += Number(value) * (UNIT_MS[unit as string] as number)
  }
  return total
}
