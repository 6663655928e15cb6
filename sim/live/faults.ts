/**
 * What the network does to messages: latency, loss, bandwidth, partitions. One object for a whole
 * world, changeable while it runs, the same in every worker.
 * @module
 */

/** One-way delays between places, and where each node is. */
export interface Places {
  readonly count: number
  /** Row by row: from, to. */
  readonly oneWayMs: Float32Array
  /** Place of each node. */
  readonly of: Uint16Array
}

export interface FaultOptions {
  /** Between any two nodes, unless `places` says otherwise. */
  readonly oneWayMs: number
  readonly places: Places | undefined
  /** Of a delay: each message takes it times 1 ± jitter, drawn evenly. Order is kept all the same. */
  readonly jitterShare: number
  /**
   * Messages that get lost. Below libp2p stands TCP, which sends them again: loss is a delay of a
   * retransmission timeout or more, for that message and for all behind it.
   */
  readonly lossShare: number
  /** Of each node, all its connections together. Infinity: no limit. */
  readonly upBytesPerSecond: number
  readonly downBytesPerSecond: number
  /**
   * Group of each node; nothing passes between groups. What is on its way waits, as it would in TCP,
   * and a connection cut for `cutResetMs` is reset. Undefined: all can reach all.
   */
  readonly groups: Uint8Array | undefined
  readonly cutResetMs: number
}

export const defaultFaults: FaultOptions = {
  oneWayMs: 0,
  places: undefined,
  jitterShare: 0,
  lossShare: 0,
  upBytesPerSecond: Number.POSITIVE_INFINITY,
  downBytesPerSecond: Number.POSITIVE_INFINITY,
  groups: undefined,
  cutResetMs: 10_000
}
