/**
 * What AuditAnchor does, in TypeScript (IAuditAnchor.sol). Part of contract-model.ts, and held to
 * the Solidity by the same compliance suite.
 * @module
 */
import { isZero, toBigInt } from '../../core/bytes.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { Anchors } from '../../core/typed-data.ts'
import { decodeLogWord, logSlot, rootSlot } from '../../core/words.ts'
import { demand, type ModelBlock, type ModelState } from './model-state.ts'

export class AuditModel {
  readonly #state: ModelState
  readonly #p: Primitives

  constructor(state: ModelState, p: Primitives) {
    this.#state = state
    this.#p = p
  }

  anchor({ writer, items }: Anchors, block: ModelBlock): void {
    for (const { logTag, root, toSeq } of items) {
      demand(!isZero(logTag) && !isZero(root), 'AuditAnchorZeroId')
      const at = logSlot(writer, logTag, this.#p)
      const stored = decodeLogWord(this.#state.word(at))?.toSeq ?? 0
      demand(toSeq > stored, 'AuditAnchorStale')
      this.#state.setWord(rootSlot(writer, logTag, this.#p), toBigInt(root))
      this.#state.setWord(at, BigInt(toSeq) | (BigInt(block.timeSeconds) << 64n))
    }
  }
}
