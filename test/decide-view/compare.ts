/**
 * decide() beside contracts/mocks/DecisionView.sol: random states through both, and the first check
 * that each says fails. The contract runs on anvil, hundreds of states a call.
 * @module
 */
import { id } from 'ethers'
import { contextOf } from '../../core/checks/context.ts'
import { CHECKS, type Check, decide } from '../../core/decide.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { startAnvil } from '../../node/chain/anvil.ts'
import { JsonRpc } from '../../node/chain/endpoint-rpc.ts'
import { Rng } from '../histories/random.ts'
import { randomState, rowOf, type State } from './states.ts'
import { type Template, templatesOf } from './templates.ts'

/** What a batch of states is decided by: codes, 0 for a release. */
export type View = (states: readonly State[]) => Promise<readonly number[]>
/** One state at a time, in TypeScript. */
export type Rule = (state: State) => number

/** States a call: about 2 kB of JSON each, and anvil takes 2 MB. */
const BATCH = 500
const CALL_MS = 60_000
const SELECTOR = id('codes(uint256[],uint256)').slice(0, 10)

export interface Disagreement {
  readonly index: number
  readonly template: string
  readonly typescript: number
  readonly solidity: number
}

export interface Comparison {
  readonly states: number
  readonly disagreements: readonly Disagreement[]
  /** How often each code came; 0 is a release. */
  readonly codes: ReadonlyMap<number, number>
}

/** Words decide, so nothing but a release or a refusal may come out. */
export const theRule: Rule = ({ input }) => {
  const decision = decide(input, p)
  if (decision.kind === 'need') throw new Error(`a state lacks ${decision.what}`)
  return decision.kind === 'release' ? 0 : decision.code
}

/** The rule without one row of its table. */
export const ruleWithout =
  (left: Check): Rule =>
  ({ input }) => {
    const c = contextOf(input, p)
    for (const check of CHECKS) {
      if (check === left) continue
      const found = check.verdict(c)
      if (typeof found === 'number') return found
      if (found !== undefined) throw new Error(`a state lacks ${found}`)
    }
    return 0
  }

/** The rows of the table that are about words. */
export const WORD_CHECKS: readonly Check[] = CHECKS.slice(
  CHECKS.findIndex(({ id }) => id === '31–33') + 1
)

/** Of a call, which nobody pays for. */
const GAS = 10_000_000_000

export interface Ground extends AsyncDisposable {
  /** The view by its creation code. */
  view(bytecode: string): Promise<View>
}

/** A chain to ask: anvil, since Hardhat's own keeps a trace of every step. */
export async function openGround(): Promise<Ground> {
  const anvil = await startAnvil()
  const rpc = new JsonRpc(anvil.url, { timeoutMs: CALL_MS })
  const ask = async (method: string, ...params: unknown[]): Promise<string> =>
    await rpc.ask(method, params, String)
  let views = 0
  return {
    async [Symbol.asyncDispose]() {
      await anvil.stop()
    },
    async view(bytecode) {
      const code = await ask('eth_call', { data: bytecode }, 'latest')
      const to = `0x${(0x1000 + ++views).toString(16).padStart(40, '0')}`
      await ask('anvil_setCode', to, code)
      return async (states) => {
        const row = states.flatMap(rowOf)
        const words = [0x40n, BigInt(states.length), BigInt(row.length), ...row]
        const data = `${SELECTOR}${words.map(hexWord).join('')}`
        const result = await ask('eth_call', { to, data, gas: `0x${GAS.toString(16)}` }, 'latest')
        const bytes = Buffer.from(result.slice(2 + 128), 'hex')
        return states.map((_, i) => bytes.readUInt16BE(2 * i))
      }
    }
  }
}

const hexWord = (word: bigint): string => word.toString(16).padStart(64, '0')

export interface Part {
  readonly seed: number
  /** @default 0 */
  readonly from?: number
  readonly count: number
}

/** The same states each time, whatever the batches. */
export class States {
  readonly #seed: number
  readonly #templates: readonly Template[]

  constructor(seed: number) {
    this.#seed = seed
    this.#templates = templatesOf(new Rng(seed, 0))
  }

  slice(from: number, to: number): readonly State[] {
    return Array.from({ length: to - from }, (_, i) =>
      randomState(new Rng(this.#seed, 1 + from + i), this.#templates)
    )
  }
}

/** While the contract decides about some, the next ones are made. */
export async function compare(
  view: View,
  { seed, from = 0, count }: Part,
  heard: (states: number) => void = () => {}
): Promise<Comparison> {
  const all = new States(seed)
  const disagreements: Disagreement[] = []
  const codes = new Map<number, number>()
  let before: Promise<unknown> = Promise.resolve()
  for (let at = from; at < from + count; at += BATCH) {
    const states = all.slice(at, Math.min(at + BATCH, from + count))
    const theirs = view(states)
    const ours = states.map(theRule)
    await before
    before = theirs.then((found) => {
      for (const [i, typescript] of ours.entries()) {
        const solidity = found[i] as number
        codes.set(typescript, (codes.get(typescript) ?? 0) + 1)
        if (typescript === solidity) continue
        const template = (states[i] as State).template.name
        disagreements.push({ index: at + i, template, typescript, solidity })
      }
      heard(states.length)
    })
  }
  await before
  return { states: count, disagreements, codes }
}

/** At which state a damaged rule and the view part; undefined if they never do. */
export async function foundBy(
  view: View,
  rule: Rule,
  { seed, from = 0, count }: Part
): Promise<number | undefined> {
  const all = new States(seed)
  for (let at = from; at < from + count; at += BATCH) {
    const states = all.slice(at, Math.min(at + BATCH, from + count))
    const theirs = await view(states)
    const first = states.findIndex((state, i) => rule(state) !== theirs[i])
    if (first >= 0) return at + first
  }
  return undefined
}
