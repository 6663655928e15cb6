/**
 * What a run would take on this machine, before it is tried: memory, time, descriptors. Rough on
 * purpose (a factor of two either way), since its question is "can this be at all?"; the figures it is
 * made from were measured and stand beside their constants.
 * @module
 */
import { availableParallelism, totalmem } from 'node:os'
import { KeywardError } from '../core/errors.ts'
import type { EngineName } from './engine.ts'
import type { Scenario } from './scenario/shape.ts'
import { expectedActs } from './workload.ts'

export interface Machine {
  readonly memoryBytes: number
  readonly cores: number
  /** Files and sockets that one process may have open. */
  readonly descriptors: number
}

export interface Estimate {
  readonly engine: EngineName
  readonly nodes: number
  /** Operations in one repeat. */
  readonly operations: number
  readonly memoryBytes: number
  /** Of all repeats. */
  readonly seconds: number
  /** Of the process that has most. */
  readonly descriptors: number
  readonly machine: Machine
  /** Why it cannot be held here; none when it can. */
  readonly reasons: readonly string[]
}

/** Thrown when a run would not fit into this machine; `faults` say what, and what to do. */
export class TooLargeError extends KeywardError {
  static override readonly name = 'TooLargeError'
  override readonly name = 'TooLargeError'
  readonly faults: readonly string[]
  constructor(message: string, faults: readonly string[], options?: ErrorOptions) {
    super(message, options)
    this.faults = faults
  }
}

export function thisMachine(): Machine {
  const report = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: number | 'unlimited' } }
  }
  const files = report.userLimits?.open_files?.soft
  return {
    memoryBytes: totalmem(),
    cores: availableParallelism(),
    descriptors: typeof files === 'number' ? files : Number.POSITIVE_INFINITY
  }
}

/** Of the machine's memory: the rest is the system's, and the collector's room to work in. */
const MEMORY_SHARE = 0.85
const DAY_SECONDS = 86_400

export function estimate(
  scenario: Scenario,
  engine: EngineName,
  machine: Machine = thisMachine()
): Estimate {
  const part = engine === 'model' ? modelPart(scenario) : livePart(scenario, machine)
  const { nodes, memoryBytes, descriptors } = part
  const reasons: string[] = []
  const room = MEMORY_SHARE * machine.memoryBytes
  if (memoryBytes > room) {
    reasons.push(
      `memory: about ${gib(memoryBytes)} for ${nodes} nodes, of ${gib(machine.memoryBytes)} here; ` +
        `${Math.floor((nodes * room) / memoryBytes)} nodes would fit`
    )
  }
  if (descriptors > machine.descriptors) {
    reasons.push(
      `descriptors: about ${descriptors} in one process, of ${machine.descriptors} allowed here; ` +
        'ulimit -n, more --workers, or network.transport: memory'
    )
  }
  return { engine, machine, reasons, ...part }
}

type Part = Pick<Estimate, 'nodes' | 'operations' | 'memoryBytes' | 'seconds' | 'descriptors'>

/** The process itself with V8's room: 135 to 210 MB measured for scenarios of a thousand nodes. */
const BASE_BYTES = 200e6
/** An operation with what follows from it: 90,000 readings of vital-signs took 280 MB. */
const OPERATION_BYTES = 3_000
/** Id, place, state: 900,000 of nation-1m took 310 MB. */
const PATIENT_BYTES = 350

/** Ids, tables and counters of a server: PERFORMANCE.md §3, 424 to 1,464 B from 10^3 to 10^7. */
const serverBytes = (servers: number): number =>
  250 * Math.max(1, Math.log10(Math.max(10, servers)) - 1)
/** Of one core, requests of lookups a second: PERFORMANCE.md §3, 1.2 to 2.7 M. */
const MESSAGES_PER_SECOND = 1e6

function modelPart(scenario: Scenario): Part {
  const { network, dht, repeats, durationSeconds, warmupSeconds } = scenario
  const nodes = network.clinics + network.patients
  const operations = expectedActs(scenario)
  // a path walks some 30 peers; ten paths some 400 (PERFORMANCE.md §4)
  const requests = Math.min(network.clinics, 15 + dht.paths * 40)
  const churning = scenario.churn.clinics.model !== 'none'
  const refreshes = churning
    ? (network.clinics * (warmupSeconds + durationSeconds)) / dht.refreshSeconds
    : 0
  const build = nodes * 1e-5
  const seconds = build + (2 * requests * (operations + refreshes)) / MESSAGES_PER_SECOND
  return {
    nodes,
    operations: Math.round(operations),
    memoryBytes: Math.round(
      BASE_BYTES +
        network.clinics * serverBytes(network.clinics) +
        network.patients * PATIENT_BYTES +
        operations * OPERATION_BYTES
    ),
    seconds: Math.ceil((1 + seconds) * repeats),
    descriptors: 40
  }
}

/** 250 nodes a GiB at 16 connections, by PERFORMANCE.md §7's goals. */
const LIVE_NODE_BYTES = 4.3e6
const LIVE_PATIENT_BYTES = 2.5e6
/** cpu-s of a node's joining: PERFORMANCE.md §2.4, 0.16 to 0.28; warm 0.02. */
const JOIN_SECONDS = 0.25
const WARM_SECONDS = 0.03
const CONNECTIONS = 16

function livePart(scenario: Scenario, machine: Machine): Part {
  const { live, network, repeats } = scenario
  const clinics = live.clinics ?? network.clinics
  const patients = live.patients ?? network.patients
  const nodes = clinics + patients
  const duration = live.durationSeconds ?? scenario.durationSeconds
  const operations = expectedActs({ ...scenario, durationSeconds: duration })
  const join = (nodes * (live.warmStart ? WARM_SECONDS : JOIN_SECONDS)) / machine.cores
  const sockets = network.transport === 'tcp' ? Math.min(CONNECTIONS, network.maxConnections) : 0
  return {
    nodes,
    operations: Math.round(operations),
    memoryBytes: Math.round(
      2 * BASE_BYTES + clinics * LIVE_NODE_BYTES + patients * LIVE_PATIENT_BYTES
    ),
    seconds: Math.ceil(repeats * (10 + join + scenario.warmupSeconds + duration)),
    descriptors: 60 + Math.ceil((nodes * (sockets + 1)) / machine.cores)
  }
}

/** @throws TooLargeError unless it can be held here */
export function assertFits({ reasons, engine }: Estimate): void {
  if (reasons.length === 0) return
  throw new TooLargeError(`this machine cannot hold the run on ${engine}`, reasons)
}

/** Whether somebody should be told before it begins. */
export const isLong = ({ seconds }: Estimate): boolean => seconds > DAY_SECONDS

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`
