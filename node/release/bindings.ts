/**
 * Verdicts on node bindings, remembered: recovering a secp256k1 signature costs more than all the
 * rest of a warm release. A binding is remembered by the hash of everything that was signed.
 * @module
 */

import { isBindingSigned, type NodeBinding } from '../../core/binding.ts'
import { concat, toHex } from '../../core/bytes.ts'
import { encode } from '../../core/codec.ts'
import type { Deployment } from '../../core/deployment.ts'
import { BINDING_CACHE_ITEMS } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import { Remembered } from './remembered.ts'

export class BindingVerdicts {
  readonly #deployment: Deployment
  readonly #primitives: Primitives
  readonly #known = new Remembered<'ok' | 'unresolved'>(BINDING_CACHE_ITEMS)

  constructor(deployment: Deployment, primitives: Primitives) {
    this.#deployment = deployment
    this.#primitives = primitives
  }

  /** `unresolved`: it does not recover to the account, so only ERC-1271 could still say yes. */
  of(binding: NodeBinding, sig: Uint8Array): 'ok' | 'unresolved' {
    const key = toHex(this.#primitives.sha256(concat(encode(binding), sig)))
    return this.#known.get(key, () => {
      const signed = isBindingSigned(binding, sig, this.#deployment, this.#primitives)
      return signed ? 'ok' : 'unresolved'
    })
  }
}
