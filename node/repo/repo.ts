/**
 * An open folder: its settings read, its lock held until `release()`. Everything that writes below
 * it does so while it holds one of these.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { InvalidConfigError } from '../../core/errors.ts'
import type { Config } from '../config.ts'
import { resolveSettings, type Settings } from '../settings.ts'
import { dropTemporaries } from './atomic-file.ts'
import { type RepoPaths, repoPaths } from './layout.ts'
import { acquireLock, type LockOwner, type RepoLock } from './lock.ts'
import { checkVersion } from './version.ts'

export interface OpenRepoOptions {
  /** "key=value" of --set. */
  readonly flags?: readonly string[]
  /** @default {}, so that only programs which mean it read the environment */
  readonly env?: NodeJS.ProcessEnv
}

export interface Repo extends AsyncDisposable {
  readonly path: string
  readonly paths: RepoPaths
  readonly config: Config
  readonly settings: Settings
  /** The process that died with the folder's lock in its hands, if one did. */
  readonly tookOver: LockOwner | undefined
  /** Gives the lock back; may be called twice. */
  release(): Promise<void>
}

/**
 * Opens a folder for this process alone.
 * @throws NotInitialisedError, InvalidConfigError, RepoLockedError
 */
export async function openRepo(path: string, options: OpenRepoOptions = {}): Promise<Repo> {
  const paths = repoPaths(path)
  await checkVersion(paths)
  const settings = await readSettings(paths, options)
  const lock = await acquireLock(paths.lock)
  await dropTemporaries(paths.root)
  return new OpenRepo(paths, settings, lock)
}

/** The settings of a folder, without its lock. @throws as openRepo, but for the lock */
export async function readSettings(
  paths: RepoPaths,
  options: OpenRepoOptions = {}
): Promise<Settings> {
  await checkVersion(paths)
  let file: string
  try {
    file = await readFile(paths.config, 'utf8')
  } catch (err) {
    throw new InvalidConfigError(`cannot read ${paths.config}`, { cause: err })
  }
  return resolveSettings({ flags: options.flags ?? [], env: options.env ?? {}, file })
}

class OpenRepo implements Repo {
  readonly path: string
  readonly paths: RepoPaths
  readonly config: Config
  readonly settings: Settings
  readonly tookOver: LockOwner | undefined
  readonly #lock: RepoLock

  constructor(paths: RepoPaths, settings: Settings, lock: RepoLock) {
    this.path = paths.root
    this.paths = paths
    this.config = settings.config
    this.settings = settings
    this.tookOver = lock.tookOver
    this.#lock = lock
  }

  release(): Promise<void> {
    return this.#lock.release()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }
}
