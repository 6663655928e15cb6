/**
 * What the model charges: bytes of messages as protocols/<name>/SPEC.md encode them, CPU and disk as
 * measured on the node (PERFORMANCE.md §2), gas as contracts/gas.json has it. Counts of messages
 * follow from the operations themselves; times here are what a calibration fits.
 * @module
 */

import { RETRANSMIT_MIN_MS } from '../limits.ts'

/** Names of what traffic is for; series have a column each. */
export const TrafficKind = [
  'dht',
  'access',
  'custody',
  'inbox',
  'blocks',
  'gossip',
  'vital',
  'dial'
] as const
export type TrafficKind = (typeof TrafficKind)[number]

export interface Costs {
  /** One-way trips before the first stream: TCP 2, multistream 2, noise with early muxer 3. */
  readonly dialTrips: number
  /** CPU at each end of a dial (PERFORMANCE.md §2.1: dial + noise + yamux, 12–13 cpu-ms for both). */
  readonly dialCpuMs: number
  readonly dialBytes: number
  /** One-way trips before a new stream carries a request: protocol negotiation. */
  readonly streamTrips: number
  /** A dial to one that is away: DIAL_MAX_MS (core/limits.ts). */
  readonly deadDialMs: number
  /** A connection that was used within this time is still open. */
  readonly connectionKeptMs: number
  /** Of a retransmission, doubled each time. */
  readonly retransmitMs: number

  /** Verify, X-Wing seal, sign: native (PERFORMANCE.md §2.2, "Keyward floor", 560 us). */
  readonly releaseCpuMs: number
  /** Verify, decide, sign. */
  readonly refuseCpuMs: number
  /** Open an answer: X-Wing open, two signatures (§2.2). */
  readonly openCpuMs: number
  /** Checks of a package: manifest's signature recovered, envelope opened, commitment (§2.2). */
  readonly dealCpuMs: number
  /** A small request and answer: 10 × an open stream's message (§2.1: 1.6 k/cpu-s). */
  readonly requestCpuMs: number
  /** Cipher and hash of a payload, either way (§2.3: 860 MB/cpu-s is the floor; half is reached). */
  readonly cipherBytesPerMs: number
  /** Receipt or share on disk (§2.2: not measured there; an NVMe disk's). */
  readonly fsyncMs: number

  /** One JSON-RPC question (§2.2: eth_getProof 9 ms on a local Anvil). */
  readonly rpcMs: number
  /** How long an endpoint takes to hear of a block: up to this, by node. */
  readonly endpointLagMs: number
  /** Whoever waits for a block looks this often (TX_POLL_MS). */
  readonly receiptPollMs: number

  /** A phone or page that is on looks at its mailboxes this often. */
  readonly mailPollMs: number
  /** From reading a wish to the tap; people are no part of what is measured. */
  readonly decideMs: number
  /** A custodian that is away this long is replaced. */
  readonly repairAfterMs: number
}

export const defaultCosts: Costs = {
  dialTrips: 7,
  dialCpuMs: 6,
  dialBytes: 2_800,
  streamTrips: 2,
  deadDialMs: 10_000,
  connectionKeptMs: 300_000,
  retransmitMs: RETRANSMIT_MIN_MS,
  releaseCpuMs: 0.7,
  refuseCpuMs: 0.25,
  openCpuMs: 0.75,
  dealCpuMs: 1.2,
  requestCpuMs: 0.6,
  cipherBytesPerMs: 430_000,
  fsyncMs: 2,
  rpcMs: 9,
  endpointLagMs: 400,
  receiptPollMs: 150,
  mailPollMs: 5_000,
  decideMs: 0,
  repairAfterMs: 86_400_000
}

/** Bytes of frames; `n` is the number of custodians, which manifests list. */
export const bytes = {
  /** access/SPEC.md, frame-hello: 48 B and its length. */
  hello: 49,
  /** SECURITY.md §8: KEM key 1,216 B, binding, opening, tags, Signed. */
  accessRequest: 2_450,
  /** access/SPEC.md, answer-released, with a body of some 900 B (RECEIPT_MAX_BYTES). */
  accessAnswer: 2_600,
  /** The same without a share (1,120 B of encapsulation, 81 B of ciphertext). */
  accessRight: 1_400,
  /** access/SPEC.md, answer-denied. */
  accessDenied: 400,
  /** custody/SPEC.md: manifest, envelope. */
  deal: (n: number): number => 1_600 + 100 * n,
  /** With an owner's first deal to a custodian: the custody key, encapsulated. */
  custodyKey: 1_140,
  /** custody/SPEC.md, receipt, with a body of some 700 B. */
  ack: 970,
  pin: 80,
  progress: 24,
  /** custody/SPEC.md, notice: a Grants or Records message with its signature. */
  notice: 520,
  /** custody/SPEC.md, notice: Revocations of one grant. */
  revocation: 220,
  noticeAnswer: 110,
  /** inbox/SPEC.md, card, answer-card, register. */
  cardRequest: 40,
  card: 1_540,
  done: 14,
  /** inbox/SPEC.md, put: a wish with its author's card, sealed. */
  wish: 3_500,
  /** A reply with a capsule: manifest, opening, addresses. */
  reply: (n: number): number => 5_300 + 200 * n,
  denial: 3_200,
  list: 46,
  /** inbox/SPEC.md, answer-mail without items. */
  noMail: 24,
  remove: 50,
  /** blocks/SPEC.md: request, end; a block's frame has its length and one byte. */
  blocksRequest: 62,
  blocksEnd: 22,
  blockFrame: 5,
  /** announce/SPEC.md: 80 B; gossipsub adds author, number, signature, topic. */
  hint: 260,
  /** gossipsub's IHAVE of a heartbeat. */
  gossipControl: 120,
  /** kad-dht: FIND_NODE or GET_PROVIDERS, and an answer of k peers with two addresses each. */
  dhtRequest: 90,
  dhtPeer: 110,
  addProvider: 190,
  /** A reservation at a relay, asked for and given. */
  reservation: 350
} as const

/** Gas, contracts/gas.json; an emergency is `breakGlass`, a notice by two clinicians. */
export const gas = {
  register: 79_272,
  addVersion: 79_272,
  grant: 56_396,
  revoke: 40_151,
  emergency: 103_988
} as const

/** A UnixFS leaf: 4 sealed chunks (core/limits.ts, BLOCK_MAX_BYTES). */
export const LEAF_BYTES = 262_208
/** Links of one node (DAG_CHILDREN). */
export const LINKS = 1_024
/** Padding, header and tags of a container (SECURITY.md §4: padme, 12 % at most). */
export const CONTAINER_OVERHEAD = 1.03

/** Blocks that a record of so many bytes has: leaves, and nodes above them if more than one. */
export function blocksOf(recordBytes: number): number {
  let level = Math.max(1, Math.ceil((recordBytes * CONTAINER_OVERHEAD) / LEAF_BYTES))
  let total = level
  while (level > 1) {
    level = Math.ceil(level / LINKS)
    total += level
  }
  return total
}
