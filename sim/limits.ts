/**
 * Bounds of the simulator, each with its reason; those that a node has too are in core/limits.ts.
 * @module
 */

// ---- the plan
/** A row of 16 columns an operation: some 0.5 GB of tables; more tells nothing new. */
export const PLANNED_MAX = 2_000_000
/** Eight bytes each in the model, and an index that a Float64 holds. */
export const RECORDS_MAX = 50_000_000

// ---- sweeps
/** Fields varied at once: eight with two values each are already 256 combinations. */
export const SWEEP_AXES_MAX = 8
/** Values of one field; a finer grid tells nothing more than noise. */
export const SWEEP_AXIS_VALUES_MAX = 1_000
/** As a scenario's repeats. */
export const SWEEP_REPEATS_MAX = 1_000
/** A folder lists them, Redis holds them (about 4 KiB each), a table shows them. */
export const SWEEP_POINTS_MAX = 10_000
/** Faults told of one sweep; more are counted. */
export const SWEEP_FAULTS_TOLD = 20
/** Times that a point may take its process with it, before it is failed by name. */
export const SWEEP_POINT_TRIES = 3
/** One point, unless the caller says otherwise: ten million nodes take hours, not days. */
export const SWEEP_POINT_MAX_MS = 24 * 3_600_000
/** From the polite stop of a point's process to its kill. */
export const SWEEP_STOP_MAX_MS = 3_000
/** Loading the engines takes a process a second; on a busy machine ten. */
export const SWEEP_READY_MAX_MS = 60_000
/** Processes at once on one machine. */
export const SWEEP_SLOTS_MAX = 256
/** Outcome of one point as JSON: some hundred figures are 10 KiB. */
export const SWEEP_OUTCOME_MAX_BYTES = 4 * 1_024 * 1_024
/** Of the reason for which a point failed. */
export const SWEEP_REASON_MAX_CHARS = 500

// ---- live worlds
/** Questions to one worker at once: each holds a promise here and its work there. */
export const CHANNEL_QUESTIONS_MAX = 4_096
/** A machine with more cores than that runs sweeps, not one world. */
export const LIVE_WORKERS_MAX = 64
/** From a worker's start to its first answer: loading libp2p takes a second, on a busy machine ten. */
export const LIVE_READY_MAX_MS = 120_000
/** Nodes that join at once in a worker: more only wait for each other (P2P.md §5: 16 failed). */
export const LIVE_JOIN_AT_ONCE = 4
/** One node's joining: its dials, its first self-query, its pings; the next goes on then. */
export const LIVE_JOIN_MAX_MS = 30_000
/** Lookups that say whether a network is joined, and share of the true closest that they must find. */
export const LIVE_SAMPLE_LOOKUPS = 64
export const LIVE_FOUND_SHARE = 0.99
/** Rounds of self-queries by which a network may still become joined. */
export const LIVE_JOIN_ROUNDS = 3
/** One lookup among them. */
export const LIVE_LOOKUP_MAX_MS = 60_000
/** Nodes whose tables cross to the parent in one message: 64 tables of 1,280 peers are 330 KiB. */
export const LIVE_TABLES_AT_ONCE = 64
/** On its way in one direction of a connection; beyond it the sender waits, as for a full socket. */
export const FAULTY_QUEUE_BYTES = 1_024 * 1_024
/** Linux's least retransmission timeout, and that of a connection's first segment (RFC 6298). */
export const RETRANSMIT_MIN_MS = 200
export const RETRANSMIT_SYN_MS = 1_000
/** Retransmissions of one segment after which TCP would have given up long ago. */
export const RETRANSMITS_MAX = 8

// ---- the model
/** Rows of a run: what was planned, what followed from it, and what adversaries did. */
export const OPERATIONS_MAX = 20_000_000

// ---- the queue of a sweep
/** Until Redis answers at all. */
export const QUEUE_CONNECT_MAX_MS = 5_000
/** Redis that was there and went away may restart, but nobody waits for it all night. */
export const QUEUE_AWAY_MAX_MS = 60_000
/** A worker that says nothing for this long has lost its point. Its own loop never computes. */
export const QUEUE_LOCK_MS = 10_000
/** Between looks for lost points: a killed worker's is back after at most lock + 2 × this, 15 s. */
export const QUEUE_STALLED_EVERY_MS = 2_500
/** Between looks for results. */
export const QUEUE_POLL_MS = 250
/** Points put at once. */
export const QUEUE_BATCH = 200
/** Looks for results between two looks for workers and for points that the queue lost: 10 s. */
export const QUEUE_RECONCILE_EVERY = 40
/** Results that nobody fetched; a sweep may be stopped over a long weekend. */
export const QUEUE_KEEP_SECONDS = 14 * 86_400
/** Of what a worker wrote before it died. */
export const LIVE_WORDS_MAX_CHARS = 4_096
