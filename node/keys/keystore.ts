/**
 * The root secret on disk: `keystore/root`, mode 0400, wrapped when there is a passphrase. 32 bytes
 * are a raw root, anything else must be a wrapped one. Made once, never overwritten.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { wipe } from '../../core/bytes.ts'
import { InvalidConfigError } from '../../core/errors.ts'
import { type RootSecret, rootSecret } from '../../core/ids.ts'
import {
  PASSPHRASE_NONCE_BYTES,
  PASSPHRASE_SALT_BYTES,
  unwrapRoot,
  type WrapOptions,
  wrapRoot
} from '../../core/passphrase.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { Random } from '../adapters.ts'
import { createFileAtomic } from '../repo/atomic-file.ts'
import { KEY_MODE } from '../repo/layout.ts'

const ROOT_BYTES = 32
/** A wrapped root is below 200 B; nobody's key file is larger than this. */
const ROOT_FILE_BYTES = 1_024

export interface KeystoreOptions extends WrapOptions {
  readonly passphrase?: string | undefined
  readonly random: Random
  readonly primitives: Primitives
}

/** Draws a new root secret and stores it durably. Fails with EEXIST if there is one. */
export async function createRoot(path: string, options: KeystoreOptions): Promise<RootSecret> {
  const { passphrase, random, primitives } = options
  const root = rootSecret(random(ROOT_BYTES))
  const stored =
    passphrase == null
      ? root
      : await wrapRoot(
          root,
          passphrase,
          random(PASSPHRASE_SALT_BYTES),
          random(PASSPHRASE_NONCE_BYTES),
          primitives,
          options
        )
  await createFileAtomic(path, stored, KEY_MODE)
  return root
}

/**
 * @throws InvalidConfigError if the file is damaged, a passphrase is missing, or it is another
 */
export async function readRoot(
  path: string,
  passphrase: string | undefined,
  primitives: Primitives
): Promise<RootSecret> {
  const stored = await readKeyFile(path)
  if (stored.byteLength === ROOT_BYTES) return rootSecret(stored)
  if (passphrase == null) {
    throw new InvalidConfigError(
      'the key is under a passphrase: set KEYWARD_PASSPHRASE or give --passphrase-file'
    )
  }
  try {
    return await unwrapRoot(stored, passphrase, primitives)
  } catch (err) {
    const why =
      (err as Error).name === 'DecryptionFailedError'
        ? 'the passphrase does not open the key of this folder'
        : `${path} is damaged: restore it from a backup`
    throw new InvalidConfigError(why, { cause: err })
  } finally {
    wipe(stored)
  }
}

/** Whether the key needs a passphrase; undefined if there is none yet. */
export async function rootState(path: string): Promise<'raw' | 'wrapped' | undefined> {
  try {
    return (await readKeyFile(path)).byteLength === ROOT_BYTES ? 'raw' : 'wrapped'
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw err
  }
}

async function readKeyFile(path: string): Promise<Uint8Array> {
  const stored = await readFile(path)
  if (stored.byteLength > ROOT_FILE_BYTES) {
    throw new InvalidConfigError(`${path} expected at most ${ROOT_FILE_BYTES} bytes`)
  }
  return new Uint8Array(stored)
}
