/**
 * One virtual run: a town, a story, minutes of virtual time in seconds of real time, then the laws of
 * the system over what every custodian's receipts say, and one hash of all that happened.
 *
 * A seed fixes topology, keys, random bytes, clocks, delays, losses, faults, what people do and when,
 * and thereby every message and every decision. It does not fix the ephemeral keys that OpenSSL draws
 * inside HPKE: those bytes differ, their lengths do not, so the trace holds lengths and outcomes. No
 * DHT and no gossip mesh here: they live in libp2p, whose timers and handshakes are real (`live`) or
 * modelled (`model`).
 * @module
 */
import { toHex, utf8 } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import { decodeBody, decodeLink } from '../../core/receipt.ts'
import { chainParameters, nativePrimitives } from '../../node/memory.ts'
import { acknowledgedStaysOpenable } from '../checks/acknowledged-stays-openable.ts'
import { noShareWithoutGrant } from '../checks/no-share-without-grant.ts'
import type { ReleaseSeen } from '../checks/observations.ts'
import { revokedIsDenied } from '../checks/revoked-is-denied.ts'
import type { CheckResult } from '../engine.ts'
import { Rng } from '../random.ts'
import { FAULTS, type Faults } from './befall.ts'
import { seedLibraries } from './chance.ts'
import { Story } from './story.ts'
import { VirtualTime } from './time.ts'
import { Town } from './town.ts'

export interface VirtualInit {
  readonly seed: number
  /** @default 6 */
  readonly clinics?: number
  /** @default 3 */
  readonly patients?: number
  /** @default 120 */
  readonly seconds?: number
  readonly faults?: Partial<Faults>
  /** Each line of the trace as it happens. */
  readonly onLine?: (line: string) => void
}

export interface VirtualResult {
  readonly seed: number
  /** SHA-256 over the trace, hex. */
  readonly traceHash: string
  readonly lines: number
  readonly messages: number
  readonly bytes: number
  readonly virtualSeconds: number
  readonly verbs: Readonly<Record<string, number>>
  readonly releases: number
  readonly refusals: Readonly<Record<string, number>>
  readonly checks: readonly CheckResult[]
}

/** 2026-01-01T00:00:00Z: certificates, bindings and grants want a date. */
const START_MS = 1_767_225_600_000
const BLOCK_SECONDS = 4
const REQUESTERS = 2
const THRESHOLD = 2

/** Takes the process's timers for good: run it in a process of its own (main.ts). */
export async function runVirtual(init: VirtualInit): Promise<VirtualResult> {
  const { seed, clinics = 6, patients = 3, seconds = 120 } = init
  if (clinics < REQUESTERS + THRESHOLD) {
    throw new InvalidParametersError(
      `"clinics" expected at least ${REQUESTERS + THRESHOLD}, got ${clinics}`
    )
  }
  const time = new VirtualTime(START_MS)
  time.install()
  seedLibraries(new Rng(seed, 'libraries'))
  const trace = new Trace(time, init.onLine)
  const until = async <T>(work: Promise<T>): Promise<T> => {
    let state: 'open' | 'done' = 'open'
    const done = work.finally(() => {
      state = 'done'
    })
    done.catch(() => {})
    await time.run(Number.POSITIVE_INFINITY, () => state === 'done')
    return await done
  }
  const town = await until(
    Town.build(time, {
      seed,
      clinics,
      patients,
      requesters: REQUESTERS,
      threshold: THRESHOLD,
      blockSeconds: BLOCK_SECONDS,
      onSent: ({ from, to, protocol, bytes }, arrivesMs) =>
        trace.message(
          `${tail(from)} ${tail(to)} ${protocol} ${bytes} ${arrivesMs - START_MS}`,
          bytes
        )
    })
  )
  const story = new Story(town, time, new Rng(seed, 'story'), REQUESTERS, (line) =>
    trace.tell(line)
  )
  story.mine(BLOCK_SECONDS * 1_000)
  await until(story.begin({ ...FAULTS, ...init.faults }))
  await time.run(time.nowMs + seconds * 1_000, () => story.failure != null)
  if (story.failure != null) throw story.failure
  await until(story.heal())
  await time.run(time.nowMs + 60_000)
  const reopened = await until(story.reopen())
  const releases: ReleaseSeen[] = []
  const refusals: Record<string, number> = {}
  await until(readReceipts(town, story, releases, refusals))
  const { headMaxAgeSeconds } = chainParameters('memory')
  const checks = [
    noShareWithoutGrant(story.grants(), releases),
    revokedIsDenied(story.grants(), releases, (headMaxAgeSeconds + 5) * 1_000),
    acknowledgedStaysOpenable(reopened)
  ]
  const virtualSeconds = (time.nowMs - START_MS) / 1_000
  await until(town.close())
  return {
    seed,
    traceHash: trace.hash(),
    lines: trace.lines,
    messages: trace.messages,
    bytes: trace.bytes,
    virtualSeconds,
    verbs: trace.verbs,
    releases: releases.length,
    refusals,
    checks
  }
}

/** All that custodians wrote down: releases of shares for the checks, refusals counted by code. */
async function readReceipts(
  town: Town,
  story: Story,
  releases: ReleaseSeen[],
  refusals: Record<string, number>
): Promise<void> {
  const recordOf = new Map(story.records.map(({ recordId, record }) => [recordId, record]))
  const indexOf = new Map(
    town.residents.map(({ index, identity }) => [toHex(identity.account), index])
  )
  for (const { index, node } of town.residents) {
    if (node?.clinic == null) continue
    for await (const { link, body } of node.clinic.receipts.entries()) {
      const receipt = decodeBody(body)
      if (receipt.kind === 'refuse') {
        refusals[receipt.code] = (refusals[receipt.code] ?? 0) + receipt.count
      }
      if (receipt.kind !== 'release' || receipt.want !== 'share') continue
      releases.push({
        record: recordOf.get(toHex(receipt.recordId)) ?? -1,
        requester: indexOf.get(toHex(receipt.account)) ?? -1,
        custodian: index,
        // a second is all that a link tells; the grant may be as young as its end
        atMs: decodeLink(link.b).at * 1_000 + 999
      })
    }
  }
}

class Trace {
  readonly #time: VirtualTime
  readonly #onLine: ((line: string) => void) | undefined
  #hash: Uint8Array = new Uint8Array(32)
  #atMs = 0
  #waiting: string[] = []
  lines = 0
  messages = 0
  bytes = 0
  readonly verbs: Record<string, number> = {}

  constructor(time: VirtualTime, onLine: ((line: string) => void) | undefined) {
    this.#time = time
    this.#onLine = onLine
  }

  message(line: string, bytes: number): void {
    this.messages++
    this.bytes += bytes
    this.#add(`m ${line}`)
  }

  tell(line: string): void {
    const [, verb, outcome] = line.split(' ')
    if (verb != null && outcome != null) {
      const key = `${verb} ${outcome}`
      this.verbs[key] = (this.verbs[key] ?? 0) + 1
    }
    this.#add(`e ${line}`)
  }

  #add(line: string): void {
    const { nowMs } = this.#time
    if (nowMs !== this.#atMs) this.#fold()
    this.#atMs = nowMs
    this.lines++
    this.#waiting.push(`${nowMs - START_MS} ${line}`)
  }

  /** What happens within one instant has no order: files are read by threads. */
  #fold(): void {
    if (this.#waiting.length === 0) return
    const lines = this.#waiting.sort()
    this.#waiting = []
    this.#hash = nativePrimitives.sha256(this.#hash, utf8(lines.join('\n')))
    for (const line of lines) this.#onLine?.(line)
  }

  hash(): string {
    this.#fold()
    return toHex(this.#hash)
  }
}

/** Enough of a PeerId to tell peers apart. */
const tail = (peer: string): string => peer.slice(-6)
