/**
 * Heads by q of m endpoints as SECURITY.md §9.1 says, without waiting: the fast tier's stand-in for
 * node/chain/heads.ts, whose timers and header hashes cost a hundred times as much. The whole tier
 * runs the real one under the same histories.
 * @module
 */
import { Code, type RefuseCode } from '../../core/codes.ts'
import { ancestor, type Block, isOnLine } from './chain.ts'
import type { Said } from './endpoints.ts'

export interface Pair {
  readonly head: Block
  readonly conf: Block
  /** The highest head that anybody claimed. */
  readonly highest: number
}
export type Answer = { readonly pair: Pair } | { readonly code: RefuseCode }

const nth = (numbers: readonly number[], count: number): number =>
  [...numbers].sort((a, b) => b - a)[count - 1] as number

/** The block of a number that q of those who have it name. */
function agreed(number: number, all: readonly Said[], quorum: number): Block | RefuseCode {
  const votes = new Map<Block, Said[]>()
  let answers = 0
  for (const said of all) {
    if (said.height < number) continue
    answers++
    const block = said.at(number)
    if (block == null) continue
    const others = votes.get(block)
    if (others == null) votes.set(block, [said])
    else others.push(said)
  }
  for (const [block, said] of votes) {
    if (said.length < quorum) continue
    return said.every((each) => each.falseHeaders) ? Code.HEADER_INVALID : block
  }
  return answers >= quorum ? Code.RPC_DISAGREE : Code.RPC_UNAVAILABLE
}

/** Head and confirmed block; `last` is the last confirmed one that was persisted. */
export function headsOf(
  all: readonly Said[],
  rule: { readonly quorum: number; readonly depth: number },
  last: Block | undefined
): Answer {
  const { quorum, depth } = rule
  if (all.length < quorum) return { code: Code.RPC_UNAVAILABLE }
  const heights = all.map(({ height }) => height)
  const top = nth(heights, quorum)
  const deep = Math.max(0, top - depth)
  const target = last != null && deep < last.number && top >= last.number ? last.number : deep
  const head = agreed(top, all, quorum)
  if (typeof head === 'number') return { code: head }
  const conf = agreed(target, all, quorum)
  if (typeof conf === 'number') return { code: conf }
  if (last != null && !isOnLine(last, conf)) return { code: Code.CONF_REGRESSION }
  return { pair: { head, conf, highest: Math.max(...heights) } }
}

/** The block on the confirmed line, if the request's is it and not more than W behind. */
export function onLine(conf: Block, asked: Block, lag: number): Block | undefined {
  const behind = conf.number - asked.number
  if (behind < 0 || behind > lag) return undefined
  return ancestor(conf, asked.number) === asked ? asked : undefined
}
