/**
 * Verdicts on delegators' signatures over sub-grants: recovered only (decision 0026). Remembered, as
 * one sub-grant is shown again for each record and each read.
 * @module
 */
import { equalBytes, toHex } from '../../core/bytes.ts'
import type { SignatureVerdict } from '../../core/decision.ts'
import type { Deployment } from '../../core/deployment.ts'
import { BINDING_CACHE_ITEMS } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { AccessRequest } from '../../core/request.ts'
import { subGrantHash, subSigner } from '../../core/subgrant.ts'
import { Remembered } from './remembered.ts'

export class SubVerdicts {
  readonly #deployment: Deployment
  readonly #primitives: Primitives
  readonly #known = new Remembered<SignatureVerdict>(BINDING_CACHE_ITEMS)

  constructor(deployment: Deployment, primitives: Primitives) {
    this.#deployment = deployment
    this.#primitives = primitives
  }

  /** Is it the delegator's signature over this very sub-grant? Undefined if none is shown. */
  of({ sub }: AccessRequest): SignatureVerdict | undefined {
    if (sub == null) return undefined
    const p = this.#primitives
    const key = toHex(p.sha256(subGrantHash(sub.grant, p), sub.delegator, sub.sig))
    return this.#known.get(key, () => {
      const signer = subSigner(sub, this.#deployment, p)
      return signer != null && equalBytes(signer, sub.delegator) ? 'ok' : 'bad'
    })
  }
}
