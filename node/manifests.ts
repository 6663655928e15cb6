/**
 * Whether a manifest is its owner's where her key did not sign it: an account with code may take
 * another's signature for its own, as one does that was recovered (ERC-1271, docs/decisions/0024).
 * It takes a chain to ask; who has none believes owners' keys alone.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import type { Deployment } from '../core/deployment.ts'
import { InvalidSignatureError } from '../core/errors.ts'
import type { Address, Hash } from '../core/ids.ts'
import { type Manifest, verifyManifest } from '../core/manifest.ts'
import type { Primitives } from '../core/primitives.ts'
import { typedDigest } from '../core/typed-data.ts'
import type { HeadSource, VerifiedHeader } from './adapters.ts'
import type { ContractVerdict } from './chain/erc1271.ts'

/** Asks the code at an account about a signature, at a verified head. */
export type ContractSignature = (
  account: Address,
  digest: Hash,
  signature: Uint8Array,
  head: VerifiedHeader,
  options: AbortOptions
) => Promise<ContractVerdict>

export interface ManifestReader {
  readonly deployment: Deployment
  readonly primitives: Primitives
  readonly heads: HeadSource
  readonly contractSignature?: ContractSignature | undefined
}

/** What an account's own key makes: 65 bytes of another key need no question. */
const KEY_SIGNATURE_BYTES = 65

/**
 * As verifyManifest, but the owner's code is asked before a signature is refused that no key made.
 * @throws InvalidMessageError, InvalidSignatureError
 */
export async function verifyOwnersManifest(
  { deployment, primitives: p, heads, contractSignature }: ManifestReader,
  manifest: Manifest,
  options: AbortOptions
): Promise<void> {
  try {
    verifyManifest(manifest, deployment, p)
  } catch (err) {
    const { items, sig } = manifest
    const { owner } = manifest.custody
    const asks = sig.byteLength !== KEY_SIGNATURE_BYTES && contractSignature != null
    if (!(err instanceof InvalidSignatureError) || !asks) throw err
    const current = await heads.current(options)
    if (!current.ok) throw err
    const digest = typedDigest(deployment, 'Custody', { owner, items }, p)
    const { head } = current.value
    if ((await contractSignature(owner, digest, sig, head, options)) !== 'ok') throw err
  }
}
