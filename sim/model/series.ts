/**
 * A run over time: what changed from one interval to the next, and what a settled network spends on
 * itself meanwhile: for its tables as followed nodes do (maintenance.ts), for the rest computed.
 * @module
 */
import type { Column, Table } from '../table.ts'
import { bytes, TrafficKind } from './costs.ts'
import type { Domain } from './domain.ts'

interface Row {
  readonly atMs: number
  readonly online: number
  readonly clinicsOnline: number
  readonly succeeded: number
  readonly failed: number
  readonly messages: number
  readonly bytes: number
  readonly kinds: Float64Array
  readonly maintenanceBytes: number
  readonly waitingTxs: number
}

export class Series {
  readonly #domain: Domain
  readonly #rows: Row[] = []
  #before = { succeeded: 0, failed: 0, messages: 0, bytes: 0 }
  #kinds = new Float64Array(TrafficKind.length)
  #maintained = 0

  constructor(domain: Domain) {
    this.#domain = domain
  }

  /** What was before the measured part does not count. */
  begin(): void {
    this.#tableBytes()
    this.#take()
  }

  /** One interval has passed. */
  note(atMs: number, seconds: number, on: { nodes: number; clinics: number }): void {
    const { operations, traffic, chain } = this.#domain
    const before = this.#before
    const kinds = traffic.kindBytes.map((now, i) => now - (this.#kinds[i] as number))
    this.#rows.push({
      atMs,
      online: on.nodes,
      clinicsOnline: on.clinics,
      succeeded: operations.succeeded - before.succeeded,
      failed: operations.failed - before.failed,
      messages: traffic.totalMessages - before.messages,
      bytes: traffic.totalBytes - before.bytes,
      kinds,
      maintenanceBytes: this.#tableBytes() + upkeepBytesPerSecond(this.#domain, on) * seconds,
      waitingTxs: chain.waiting
    })
    this.#take()
  }

  table(): Table {
    const rows = this.#rows
    const column = (name: string, unit: string, of: (row: Row) => number): Column => ({
      name,
      unit,
      values: Float64Array.from(rows, of)
    })
    return {
      name: 'series',
      rows: rows.length,
      columns: [
        column('atMs', 'ms', (row) => row.atMs),
        column('online', 'count', (row) => row.online),
        column('clinicsOnline', 'count', (row) => row.clinicsOnline),
        column('succeeded', 'count', (row) => row.succeeded),
        column('failed', 'count', (row) => row.failed),
        column('messages', 'count', (row) => row.messages),
        column('bytes', 'bytes', (row) => row.bytes),
        ...TrafficKind.map((kind, i) =>
          column(`${kind}Bytes`, 'bytes', (row) => row.kinds[i] as number)
        ),
        column('maintenanceBytes', 'bytes', (row) => row.maintenanceBytes),
        column('waitingTxs', 'count', (row) => row.waitingTxs)
      ]
    }
  }

  /** Requests for tables since the last row; those followed stand for all. */
  #tableBytes(): number {
    const { maintenance, requestBytes } = this.#domain.routing
    const fresh = maintenance.requests - this.#maintained
    this.#maintained = maintenance.requests
    return fresh * maintenance.weight * requestBytes
  }

  #take(): void {
    const { operations, traffic } = this.#domain
    this.#kinds = traffic.kindBytes.slice()
    this.#before = {
      succeeded: operations.succeeded,
      failed: operations.failed,
      messages: traffic.totalMessages,
      bytes: traffic.totalBytes
    }
  }
}

/**
 * Bytes a second that the whole network spends without anybody asking for anything, beside what its
 * tables cost: provider records told again, mailboxes looked into, reservations at relays.
 */
export function upkeepBytesPerSecond(
  { scenario, routing, custody, costs }: Domain,
  on: { readonly nodes: number; readonly clinics: number }
): number {
  const { dht, network, records } = scenario
  const provided = network.patients * records.perPatient * custody.replicas
  const every = dht.providerValiditySeconds - dht.reprovideSeconds
  const tell = routing.requestsPerLookup * routing.requestBytes + dht.k * bytes.addProvider
  const patients = on.nodes - on.clinics
  const mail = custody.n * (bytes.list + bytes.noMail) * rate(costs.mailPollMs / 1_000)
  const relayed = network.relays > 0 ? network.natShare : 0
  return (
    provided * rate(every) * tell +
    patients * mail +
    patients * relayed * 2 * bytes.reservation * rate(RESERVATION_SECONDS)
  )
}

/** circuit-relay-v2: a reservation lives an hour and is renewed before. */
const RESERVATION_SECONDS = 3_300
const rate = (seconds: number): number => (seconds > 0 ? 1 / seconds : 0)
