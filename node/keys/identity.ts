/**
 * Who a node is: everything derived from its root secret, and the public half in `identity`, which
 * can be read without the passphrase.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { toHex, toHex0x } from '../../core/bytes.ts'
import { InvalidConfigError } from '../../core/errors.ts'
import {
  type Address,
  address,
  type KemPublicKey,
  type KemSeed,
  kemPublicKey,
  type PeerIdBytes,
  peerIdOf,
  type RootSecret
} from '../../core/ids.ts'
import { accountKey, kemSeed, peerSeed, storeKey } from '../../core/keys.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { Profile } from '../config.ts'
import { writeFileAtomic } from '../repo/atomic-file.ts'
import { PRIVATE_MODE, type RepoPaths } from '../repo/layout.ts'
import { readRoot } from './keystore.ts'
import { peerText } from './peer-text.ts'

export interface NodeIdentity {
  readonly root: RootSecret
  /** Ed25519 seed of the PeerId, 32 B. */
  readonly peerSeed: Uint8Array
  readonly peer: PeerIdBytes
  /** secp256k1 key of the account, 32 B. */
  readonly accountKey: Uint8Array
  readonly account: Address
  readonly kem: { readonly seed: KemSeed; readonly publicKey: KemPublicKey }
  /** Wraps stores at rest, 32 B. */
  readonly storeKey: Uint8Array
  readonly profile: Profile
  readonly name: string
}

/** The public half, as `identity` holds it. */
export interface PublicIdentity {
  readonly peer: string
  readonly account: string
  readonly kem: string
}

const publicShape = z.strictObject({ peer: z.string(), account: z.string(), kem: z.string() })

/** Derives all keys of a root secret. */
export async function deriveIdentity(
  root: RootSecret,
  who: { readonly profile: Profile; readonly name: string },
  p: Primitives
): Promise<NodeIdentity> {
  const seed = peerSeed(root, p)
  const key = accountKey(root, p)
  const kem = kemSeed(root, p)
  return {
    root,
    peerSeed: seed,
    peer: peerIdOf(p.ed25519PublicKey(seed)),
    accountKey: key,
    account: address(p.secp256k1Address(key)),
    kem: { seed: kem, publicKey: kemPublicKey(await p.kemPublicKey(kem)) },
    storeKey: storeKey(root, p),
    profile: who.profile,
    name: who.name
  }
}

export const publicIdentity = (identity: NodeIdentity): PublicIdentity => ({
  peer: peerText(identity.peer),
  account: toHex0x(identity.account),
  kem: toHex(identity.kem.publicKey)
})

export const writePublicIdentity = (paths: RepoPaths, identity: PublicIdentity): Promise<void> =>
  writeFileAtomic(paths.identity, `${JSON.stringify(identity, null, 2)}\n`, PRIVATE_MODE)

/** @throws InvalidConfigError if the file is missing or damaged */
export async function readPublicIdentity(paths: RepoPaths): Promise<PublicIdentity> {
  try {
    return publicShape.parse(JSON.parse(await readFile(paths.identity, 'utf8')))
  } catch (err) {
    throw new InvalidConfigError(`${paths.identity} is missing or damaged`, { cause: err })
  }
}

/** What `loadIdentity` takes of an open folder. */
export interface IdentitySource {
  readonly paths: RepoPaths
  readonly config: { readonly profile: Profile; readonly name: string }
}

/**
 * Opens the keystore of a folder.
 * @throws InvalidConfigError without the right passphrase, or if `identity` is somebody else's
 */
export async function loadIdentity(
  repo: IdentitySource,
  passphrase: string | undefined,
  p: Primitives
): Promise<NodeIdentity> {
  const root = await readRoot(repo.paths.rootKey, passphrase, p)
  const identity = await deriveIdentity(root, repo.config, p)
  const stated = await readPublicIdentity(repo.paths)
  if (stated.peer !== peerText(identity.peer)) {
    throw new InvalidConfigError(
      `${repo.paths.identity} names another node than the keystore: they are of different backups`
    )
  }
  return identity
}
