/**
 * What a run does not show, by engine: to be read before its figures are quoted.
 * @module
 */
import type { EngineName } from '../engine.ts'
import type { Scenario } from '../scenario/shape.ts'

const OF_MODEL: readonly string[] = [
  'Node code does not run: tables, lookups, custody, chain and traffic are images of it, as good as the calibration says.',
  'Transport below messages: connection limits, handshakes in flight, TCP slow start and head-of-line blocking are only in the delays that calibration measured.',
  'CPU time of a node beyond the fixed cost of an operation; no node is slow because it is busy.'
]

const OF_LIVE: readonly string[] = [
  'Hosts: all nodes share the processors and memory of one machine, so a crowded machine makes them slower than they would be.',
  'The Internet: delays, loss and partitions are injected between real sockets or memory streams, NATs are refusals to be dialled.',
  'Order of events: the seed fixes scenario, identities, workload and faults; the operating system decides which message comes first, so times differ from run to run.'
]

const OF_BOTH: readonly string[] = [
  'People: when patients and clinicians act is drawn from the workload, not from their days and nights.',
  'Disk faults, clock faults beyond what is listed, and bugs in what runs on other people’s machines.'
]

export function notSimulated(engine: EngineName, scenario: Scenario): readonly string[] {
  const chain =
    scenario.chain.kind === 'memory' || engine === 'model'
      ? [
          `A chain’s own network: blocks come every ${scenario.chain.blockSeconds} s as "${scenario.chain.kind}" says, without consensus or gossip between the chain’s own nodes.`
        ]
      : []
  const adversary =
    scenario.adversaries.length === 0 ? ['Adversaries: this scenario has none.'] : []
  return [...(engine === 'model' ? OF_MODEL : OF_LIVE), ...chain, ...OF_BOTH, ...adversary]
}
