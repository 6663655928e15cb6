/**
 * A step of a history in words.
 * @module
 */
import type { Step } from './history.ts'

/** One line a step, as a person would tell it. */
export function tell(step: Step): string {
  switch (step.do) {
    case 'blocks':
      return `${step.count} blocks are mined`
    case 'wait':
      return `${step.ms / 1_000} s pass without a block`
    case 'jump': {
      const last = step.blockAgo == null ? 'no block' : `a last block ${step.blockAgo} s before`
      return `time goes on to ${step.toSeconds}, ${last}`
    }
    case 'act': {
      const { is, ...what } = step.act
      const to = [step.chain !== false && 'the chain', step.notice && 'the custodian']
      return `${is} ${JSON.stringify(what)} is sent to ${to.filter(Boolean).join(' and ')}`
    }
    case 'reorg':
      return (
        `the last ${step.depth} blocks are replaced by ${step.blocks}` +
        `${step.keep ? ', transactions kept' : ''}${step.fresh ? ', the head of now' : ''}`
      )
    case 'endpoint':
      return `endpoint ${step.at} is ${JSON.stringify(step.manner)}`
    case 'skew':
      return `the custodian's clock is ${step.seconds} s off`
    case 'crash':
      return 'the custodian crashes and starts again'
    case 'ask': {
      const { do: _, before, during, ...what } = step
      const also = [
        ...(before ?? []).map((each) => `; before the proofs ${tell(each)}`),
        ...(during ?? []).map((each) => `; before the answer ${tell(each)}`)
      ]
      return `somebody asks ${JSON.stringify(what)}${also.join('')}`
    }
  }
}
