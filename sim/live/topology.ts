/**
 * Where the nodes of a world are: which worker holds which, and how far apart they are.
 * @module
 */
import type { Latency } from '../topologies/latency.ts'
import type { Places } from './faults.ts'

/** Deals nodes to workers like cards, so that every worker has clinics and patients alike. */
export function deal(nodes: number, workers: number): readonly (readonly number[])[] {
  const hands: number[][] = Array.from({ length: workers }, () => [])
  for (let i = 0; i < nodes; i++) (hands[i % workers] as number[]).push(i)
  return hands
}

/** A scenario's delays for faults: every node a place of its own, since pairs differ. */
export function placesOf(latency: Pick<Latency, 'oneWayMs'>, nodes: number): Places {
  const oneWayMs = new Float32Array(nodes * nodes)
  for (let from = 0; from < nodes; from++) {
    for (let to = 0; to < nodes; to++) {
      oneWayMs[from * nodes + to] = latency.oneWayMs(from, to)
    }
  }
  return { count: nodes, oneWayMs, of: Uint16Array.from({ length: nodes }, (_, i) => i) }
}
