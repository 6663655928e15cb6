/**
 * What a kept run is, apart from how it lies on a disk (folder.ts): who made it, with what, and what
 * came out. Everything here is JSON or a table.
 * @module
 */
import type { CheckResult, EngineName, RunResult } from '../engine.ts'
import type { Scenario } from '../scenario/shape.ts'

/** What the last calibration that was kept said; sim/calibrate/stamp.ts writes it. */
export interface Calibration {
  /** ISO 8601 day. */
  readonly date: string
  readonly commit: string
  readonly agreed: boolean
  readonly networks: number
  readonly rows: readonly {
    readonly metric: string
    /** Kolmogorov and Smirnov's distance between live and model. */
    readonly D: number
    readonly upper95: number
    readonly medianErrorShare: number
  }[]
}

export interface Host {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly os: string
  readonly node: string
}

/** Who made a run, from what, and where: enough to make it again. */
export interface RunManifest {
  /** Version of this package. */
  readonly keyward: string
  /** Of the source, "unknown" outside a checkout. */
  readonly commit: string
  readonly engine: EngineName
  readonly seed: number
  readonly repeats: number
  readonly scenario: Scenario
  /** libp2p, @libp2p/kad-dht, helia, node … */
  readonly versions: Readonly<Record<string, string>>
  readonly host: Host
  /** ISO 8601. */
  readonly startedAt: string
  /** ISO 8601; "" until the run is complete. */
  readonly endedAt: string
  /** SHA-256 over all result tables, hex; "" until the run is complete. Equal runs, equal digests. */
  readonly digest: string
  readonly calibration?: Calibration
  readonly complete: boolean
}

/** The 95 % interval of a figure, and what it was made from. */
export interface Interval {
  readonly low: number
  readonly high: number
  /** `t`: Student's, over repeats. `wilson`: of a share, over operations. */
  readonly by: 't' | 'wilson'
  /** Repeats of `t`, operations of `wilson`. */
  readonly count: number
}

export interface Expectation {
  readonly figure: string
  /** "≥ 0.99", "≤ 400" or both. */
  readonly expected: string
  /** NaN when the run has no such figure. */
  readonly got: number
  readonly ok: boolean
}

export interface Summary {
  /** "retrieve.ok.share", "retrieve.keyMs.p50", "lookup.requests.mean" …: the mean over repeats. */
  readonly figures: Readonly<Record<string, number>>
  readonly intervals: Readonly<Record<string, Interval>>
  /** Each figure of each repeat, in order; NaN where a repeat has none. */
  readonly perRepeat: Readonly<Record<string, readonly number[]>>
  /** Of all repeats together. */
  readonly checks: readonly CheckResult[]
  readonly expectations: readonly Expectation[]
  /** No violation and every expectation met. */
  readonly asExpected: boolean
}

/** A run as read back from its folder: verified. */
export interface StoredRun {
  readonly folder: string
  readonly manifest: RunManifest
  /** One for each repeat. */
  readonly results: readonly RunResult[]
  readonly summary: Summary
}
