/**
 * What nodes and workers spent: messages and bytes by protocol, connections, memory, delays of the
 * event loop, rejections that nobody handled.
 * @module
 */

/** Of one protocol, as libp2p negotiated it ("/keyward/kad/1.0.0"). */
export interface ProtocolCounters {
  readonly streams: number
  /** Writes and reads of a stream; a message of our protocols and of the DHT is one of them. */
  readonly sentMessages: number
  readonly receivedMessages: number
  /** Above encryption and multiplexing. */
  readonly sentBytes: number
  readonly receivedBytes: number
}

export interface NodeCounters {
  readonly node: number
  readonly worker: number
  readonly running: boolean
  readonly connections: number
  /** Peers in the DHT's routing table. */
  readonly tableSize: number
  /** Since the node was made, restarts included. On the wire: encryption and framing included. */
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly protocols: Readonly<Record<string, ProtocolCounters>>
  /** DHT requests that it answered, by type ("FIND_NODE", "GET_PROVIDERS", "ADD_PROVIDER"). */
  readonly answered: Readonly<Record<string, number>>
  /** Those that it sent, and those of them without an answer. */
  readonly asked: Readonly<Record<string, number>>
  readonly askErrors: Readonly<Record<string, number>>
}

export interface WorkerCounters {
  readonly worker: number
  readonly pid: number
  readonly nodes: number
  readonly cpuSeconds: number
  readonly rssBytes: number
  readonly heapBytes: number
  /** Delay of the event loop since the last look. */
  readonly eventLoopP99Ms: number
  readonly eventLoopMaxMs: number
  /** Must be 0. */
  readonly unhandledRejections: number
  /** Of the first of them: name, message, stack. */
  readonly firstRejection: string | undefined
  readonly descriptors: number
}
