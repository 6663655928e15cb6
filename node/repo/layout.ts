/**
 * The folder of a node: which entry it has, with which mode (INTEROP.md §1.1). Modes are exact:
 * the folder is private, keys cannot even be overwritten, and only `config` may be shared.
 * @module
 */
import { chmod, mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { syncFolder } from './atomic-file.ts'

export const FOLDER_MODE = 0o700
export const CONFIG_MODE = 0o644
export const PRIVATE_MODE = 0o600
export const KEY_MODE = 0o400

const FOLDERS = ['keystore', 'shares', 'receipts', 'blocks', 'datastore', 'logs'] as const

/** Where each entry of a folder is. */
export interface RepoPaths {
  readonly root: string
  /** Settings only; may be shared or committed. */
  readonly config: string
  /** Peer id and public keys. */
  readonly identity: string
  /** Admin token of init. */
  readonly token: string
  /** The root secret of all keys, wrapped when there is a passphrase. */
  readonly rootKey: string
  readonly keystore: string
  readonly shares: string
  readonly receipts: string
  readonly blocks: string
  readonly datastore: string
  readonly logs: string
  /** The rebuildable index. */
  readonly index: string
  /** Format of the folder; written last by init, so its absence means "not initialised". */
  readonly version: string
  readonly lock: string
  /** Address of the live daemon. */
  readonly api: string
}

/** The entries of the folder at `path`, made absolute. */
export function repoPaths(path: string): RepoPaths {
  const root = resolve(path)
  const at = (name: string): string => join(root, name)
  return {
    root,
    config: at('config'),
    identity: at('identity'),
    token: at('token'),
    rootKey: at('keystore/root'),
    keystore: at('keystore'),
    shares: at('shares'),
    receipts: at('receipts'),
    blocks: at('blocks'),
    datastore: at('datastore'),
    logs: at('logs'),
    index: at('index.db'),
    version: at('version'),
    lock: at('repo.lock'),
    api: at('api')
  }
}

/** `--repo`, else `$KEYWARD_PATH`, else `~/.keyward`. */
export const defaultRepoPath = (flag: string | undefined, env: NodeJS.ProcessEnv): string =>
  resolve(flag ?? (env['KEYWARD_PATH'] || join(homedir(), '.keyward')))

/** Makes the folder and those inside it, with exact modes. */
export async function makeFolders(paths: RepoPaths): Promise<void> {
  for (const folder of [paths.root, ...FOLDERS.map((name) => join(paths.root, name))]) {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
    await chmod(folder, FOLDER_MODE)
  }
  await syncFolder(paths.root)
}

/** Every name that a folder of ours may hold at its top: init refuses one with others. */
export const isOurs = (name: string): boolean =>
  Object.keys(repoPaths('.')).includes(name) ||
  ['repo.lock', 'index.db', 'downloads'].includes(name) ||
  name.startsWith('index.db-') ||
  name.startsWith('config.before-') ||
  name.startsWith('repo.lock.') ||
  name.endsWith('.tmp')
