/**
 * Verdicts on the clinicians' signatures over a BreakGlass: recovered only, never asked of a
 * contract, since nobody waits for a chain in an emergency (SECURITY.md §7). Remembered, as one
 * glass is shown again for each record that it opens.
 * @module
 */
import { concat, equalBytes, toHex } from '../../core/bytes.ts'
import type { SignatureVerdict } from '../../core/decision.ts'
import type { Deployment } from '../../core/deployment.ts'
import type { Hash } from '../../core/ids.ts'
import { BINDING_CACHE_ITEMS } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { AccessRequest } from '../../core/request.ts'
import { typedDigest } from '../../core/typed-data.ts'
import { Remembered } from './remembered.ts'

type Signer = NonNullable<AccessRequest['emergency']>['signers'][number]

export class GlassVerdicts {
  readonly #deployment: Deployment
  readonly #primitives: Primitives
  readonly #known = new Remembered<SignatureVerdict>(BINDING_CACHE_ITEMS)

  constructor(deployment: Deployment, primitives: Primitives) {
    this.#deployment = deployment
    this.#primitives = primitives
  }

  /** One for each signer, in their order: is it that account's signature over this very glass? */
  of({ owner, opening, emergency }: AccessRequest): readonly SignatureVerdict[] {
    // no contract that it could be signed for: check 30 refuses
    if (emergency == null || this.#deployment.emergency == null) return []
    const { reasonHash, epoch, signers } = emergency
    const glass = { owner, opening, reasonHash, epoch }
    const digest = typedDigest(this.#deployment, 'BreakGlass', glass, this.#primitives)
    return signers.map((signer) => this.#verdict(digest, signer))
  }

  #verdict(digest: Hash, { account, sig }: Signer): SignatureVerdict {
    const { sha256, secp256k1Recover } = this.#primitives
    const key = toHex(sha256(concat(digest, account, sig)))
    return this.#known.get(key, () => {
      const by = secp256k1Recover(digest, sig)
      return by != null && equalBytes(by, account) ? 'ok' : 'bad'
    })
  }
}
