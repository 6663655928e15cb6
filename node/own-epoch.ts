/**
 * Which binding epoch this node's card is made under. A node takes the chain's number once, when it
 * first meets it, and then keeps to its own: when another device of the account has raised it since,
 * this one was ended ("my laptop is stolen"), and must not bind itself anew by a mere restart.
 * @module
 */
import { equalBytes } from '../core/bytes.ts'
import type { Deployment } from '../core/deployment.ts'
import type { EntryOf } from './ledger/entries.ts'
import type { Ledger } from './ledger/ledger.ts'

export interface OwnEpochInit {
  readonly ledger: Ledger
  readonly deployment: Deployment
  /** Of the account's word in the Directory, as it was at the start; 0 if there is none. */
  readonly onChain: number
}

export class OwnEpoch {
  readonly #init: OwnEpochInit

  private constructor(init: OwnEpochInit) {
    this.#init = init
  }

  /** Keeps the chain's number if none was kept before. */
  static async open(init: OwnEpochInit): Promise<OwnEpoch> {
    const own = new OwnEpoch(init)
    if (own.#kept == null && init.onChain > 0) await own.bind(init.onChain)
    return own
  }

  /** What the next card is bound under; 1 for accounts that are not in the Directory. */
  get current(): number {
    return this.#kept?.bindingEpoch ?? 1
  }

  /** Durable first: the next card is made under this. */
  async bind(bindingEpoch: number): Promise<void> {
    const { chainId, directory } = this.#init.deployment
    await this.#init.ledger.record({ t: 'bound', chainId, directory, bindingEpoch })
  }

  /** Of these contracts: a folder may have lived with others. */
  get #kept(): EntryOf<'bound'> | undefined {
    const { ledger, deployment } = this.#init
    const { bound } = ledger
    const isOurs =
      bound?.chainId === deployment.chainId && equalBytes(bound.directory, deployment.directory)
    return isOurs ? bound : undefined
  }
}
