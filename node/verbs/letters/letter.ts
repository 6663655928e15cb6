/**
 * What a reader of letters is: it gets the opened mail, believes nothing of it before it is checked,
 * and gives what belongs into the ledger. One that throws is mail that was never there.
 * @module
 */
import type { Deployment } from '../../../core/deployment.ts'
import type { Entry } from '../../ledger/entries.ts'
import type { Node } from '../../node.ts'

export type ReadLetter = (
  node: Node,
  plain: Uint8Array
) => readonly Entry[] | Promise<readonly Entry[]>

/** Against what a card and the signatures under it are checked. */
export const readerOf = ({
  deployment,
  clock
}: Node): { readonly deployment: Deployment; readonly nowSeconds: number } => ({
  deployment,
  nowSeconds: Math.floor(clock.nowMs() / 1_000)
})
