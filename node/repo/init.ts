/**
 * Makes the folder of a node. `version` is written last: a run that is cut short leaves a folder
 * that counts as not initialised, and the next run goes on with the keys that are there.
 * @module
 */
import { readdir, readFile } from 'node:fs/promises'
import { InvalidConfigError } from '../../core/errors.ts'
import type { WrapOptions } from '../../core/passphrase.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { Random } from '../adapters.ts'
import type { ConfigLayer, Profile } from '../config.ts'
import {
  deriveIdentity,
  type PublicIdentity,
  publicIdentity,
  writePublicIdentity
} from '../keys/identity.ts'
import { createRoot, readRoot, rootState } from '../keys/keystore.ts'
import { resolveSettings } from '../settings.ts'
import { writeFileAtomic } from './atomic-file.ts'
import {
  CONFIG_MODE,
  isOurs,
  makeFolders,
  PRIVATE_MODE,
  type RepoPaths,
  repoPaths
} from './layout.ts'
import { acquireLock } from './lock.ts'
import { checkVersion, writeVersion } from './version.ts'

const TOKEN_BYTES = 32

export interface RepoInit extends WrapOptions {
  readonly profile: Profile
  /** What goes into `config` beside the profile. */
  readonly config?: ConfigLayer
  /** Wraps the root secret; without it the key is raw, guarded by its mode alone. */
  readonly passphrase?: string | undefined
  readonly random: Random
  readonly primitives: Primitives
}

export interface RepoMade {
  readonly path: string
  readonly identity: PublicIdentity
  /** Whether a passphrase guards the key. */
  readonly wrapped: boolean
}

/**
 * @throws InvalidConfigError if the folder is initialised already, holds other people's files, or
 * the configuration is not valid; nothing was changed
 */
export async function initRepo(path: string, init: RepoInit): Promise<RepoMade> {
  const paths = repoPaths(path)
  const text = `${JSON.stringify({ profile: init.profile, ...init.config }, null, 2)}\n`
  const { config } = resolveSettings({ file: text })
  await refuseUsed(paths)
  await makeFolders(paths)
  const lock = await acquireLock(paths.lock)
  try {
    const there = await rootState(paths.rootKey)
    const root =
      there == null
        ? await createRoot(paths.rootKey, init)
        : await readRoot(paths.rootKey, init.passphrase, init.primitives)
    const identity = publicIdentity(await deriveIdentity(root, config, init.primitives))
    await writePublicIdentity(paths, identity)
    const token = Buffer.from(init.random(TOKEN_BYTES)).toString('base64url')
    await writeFileAtomic(paths.token, `${token}\n`, PRIVATE_MODE)
    await writeFileAtomic(paths.config, text, CONFIG_MODE)
    await writeVersion(paths)
    const wrapped = (await rootState(paths.rootKey)) === 'wrapped'
    return { path: paths.root, identity, wrapped }
  } finally {
    await lock.release()
  }
}

async function refuseUsed(paths: RepoPaths): Promise<void> {
  const names = await readdir(paths.root).catch((err: NodeJS.ErrnoException): string[] => {
    if (err.code === 'ENOENT') return []
    throw err
  })
  if (names.includes('version')) {
    await checkVersion(paths)
    throw new InvalidConfigError(`${paths.root} is initialised already; nothing was changed`)
  }
  const foreign = names.find((name) => !isOurs(name) && name !== 'lost+found')
  if (foreign != null) {
    throw new InvalidConfigError(`${paths.root} expected a new or empty folder; it has other files`)
  }
}

/** The admin token of a folder. @throws InvalidConfigError if it is missing or damaged */
export async function readToken(paths: RepoPaths): Promise<string> {
  const text = await readFile(paths.token, 'utf8').catch(() => '')
  if (!/^[A-Za-z0-9_-]{43}\n?$/.test(text)) {
    throw new InvalidConfigError(`${paths.token} is missing or damaged`)
  }
  return text.trim()
}
