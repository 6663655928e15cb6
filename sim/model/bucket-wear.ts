/**
 * How dead a bucket of a settled table is, place by place: one bucket after another lives through
 * churn under kad-dht 16.4.5's own rule. From routing-table/k-bucket.ts: a newcomer to a full bucket
 * makes it ping its three longest unpinged peers, those left out that it took in within ten minutes;
 * the dead among them go, and the newcomer enters if one did. `lastPing` is written only when a peer
 * enters, never when a ping is answered: the three are always the three oldest, and while these live
 * nobody looks at the rest. A failed request evicts nobody.
 * @module
 */
import { exactLog } from '../exact-math.ts'
import type { Rng } from '../random.ts'
import type { Sessions } from '../sessions.ts'

export interface WearInit {
  readonly sessions: Sessions
  readonly k: number
  /** Mean time between newcomers to one bucket, in s. */
  readonly offerSeconds: number
  readonly rng: Rng
  /** Buckets that live. @default 64 */
  readonly buckets?: number
}

/** Peers pinged for a newcomer, and how long nobody pings a peer again (routing-table/index.ts). */
const PINGED = 3
const PING_AGAIN_SECONDS = 600
/** Newcomers that a bucket sees before it is looked at, and looks. */
const OFFERS = 3_000
const LOOKS = 100

interface Entry {
  online: boolean
  /** Until when it stays so. */
  until: number
  readonly since: number
}

/** Share of the time that the peer at each place is away, oldest place first. */
export function deadByPlace(init: WearInit): Float64Array {
  const { sessions, k, rng, buckets = 64 } = init
  // of sessions of months the wait between newcomers does not matter; do not draw millions
  const step = Math.max(init.offerSeconds, (sessions.meanSeconds * k) / OFFERS)
  const dead = new Float64Array(k)
  let looks = 0
  for (let b = 0; b < buckets; b++) {
    let now = 0
    const bucket: Entry[] = []
    for (let offer = 0; offer < OFFERS; offer++) {
      now += rng.exponential(step)
      for (const entry of bucket) live(entry, now, sessions, rng)
      if (bucket.length === k) evict(bucket, now)
      if (bucket.length < k) {
        bucket.push({ online: true, until: now + sessions.drawRest(rng), since: now })
      }
      if (offer % (OFFERS / LOOKS) === 0 && offer > OFFERS / 2 && bucket.length === k) {
        looks++
        for (const [place, { online }] of bucket.entries()) {
          if (!online) dead[place] = (dead[place] as number) + 1
        }
      }
    }
  }
  return dead.map((times) => times / Math.max(1, looks))
}

function evict(bucket: Entry[], now: number): void {
  let pinged = 0
  for (let i = 0; i < bucket.length && pinged < PINGED; ) {
    const { online, since } = bucket[i] as Entry
    if (since > now - PING_AGAIN_SECONDS) break // entries stand by age: all others are younger
    pinged++
    if (online) i++
    else bucket.splice(i, 1)
  }
}

function live(entry: Entry, now: number, sessions: Sessions, rng: Rng): void {
  while (entry.until <= now) {
    entry.online = !entry.online
    entry.until += entry.online ? sessions.draw(rng) : rng.exponential(sessions.meanAwaySeconds)
  }
}

/**
 * After how long an away peer must be gone from each place for that share of the places to be dead:
 * of those drawn, `availability` are online, and away times are exponential.
 */
export function keepSecondsFor(dead: Float64Array, sessions: Sessions): Float64Array {
  const { availability, meanAwaySeconds } = sessions
  return dead.map((share) => {
    const kept = (availability * share) / ((1 - share) * (1 - availability))
    return kept >= 1 ? Number.POSITIVE_INFINITY : -meanAwaySeconds * exactLog(1 - kept)
  })
}
