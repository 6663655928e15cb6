/**
 * Runs one verb: by the folder's daemon when there is one, else in this process under the folder's
 * lock, with a node that lives as long as the verb (INTEROP.md §1.1).
 * @module
 */
import { resolve } from 'node:path'
import type { ComponentLogger } from '@libp2p/interface'
import { InvalidParametersError } from '../../core/errors.ts'
import type { LogLevel } from '../log.ts'
import type { Repo } from '../repo/repo.ts'
import type { OfflineVerb } from '../verbs/verb.ts'
import type { Output } from './output.ts'
import type { Shell } from './shell.ts'

/** One command under way. */
export interface Run {
  readonly shell: Shell
  readonly out: Output
  readonly repoPath: string
  /** "key=value" of --set. */
  readonly flags: readonly string[]
  readonly passphraseFile: string | undefined
  readonly logLevel: LogLevel | undefined
  readonly logFile: string | undefined
}

/** @throws whatever the verb throws; RepoLockedError, NotInitialisedError, InvalidConfigError … */
export async function runVerb(run: Run, name: string, args: unknown): Promise<unknown> {
  const { out, shell, repoPath } = run
  const { apiClient } = await import('../api/client.ts')
  const client = await apiClient(repoPath, {
    note: (text) => out.note(text),
    signal: shell.signal
  })
  if (client == null) return runLocal(run, name, args)
  if (run.flags.length > 0) out.note('--set is ignored: a daemon runs with settings of its own')
  return client.call(name, args, {
    signal: shell.signal,
    onProgress: (event) => out.progress(event)
  })
}

/** Opens the folder, runs a node in this process for this one verb, and closes both. */
async function runLocal(run: Run, name: string, args: unknown): Promise<unknown> {
  const { signal } = run.shell
  const { checkArgs } = await import('../api/args.ts')
  await using repo = await openFolder(run)
  const { verbs } = await run.shell.loadNode()
  const verb = verbs.get(name)
  if (verb == null) throw new InvalidParametersError(`unknown verb "${name}"`)
  const checked = checkArgs(verb, args)
  try {
    await using node = await startNode(run, repo, await createRunLog(run, repo, 'error'))
    return await verb.run(node, checked, { signal, progress: (event) => run.out.progress(event) })
  } catch (err) {
    signal.throwIfAborted() // whatever broke off in the middle, this is why
    throw err
  }
}

/** Opens the folder under its lock and tells what a dead process left. */
export async function openFolder(run: Run): Promise<Repo> {
  const { openRepo } = await import('../repo/repo.ts')
  const { removeApiAddress } = await import('../api/address.ts')
  const repo = await openRepo(run.repoPath, { flags: run.flags, env: run.shell.env })
  if (repo.tookOver != null) {
    run.out.note(`process ${repo.tookOver.pid} died without closing ${repo.path}; taken over`)
  }
  await removeApiAddress(repo.paths) // whoever holds the lock is no client of a daemon
  return repo
}

/** The log of a run: --log-level over `level`, to stderr or to a file. */
export async function createRunLog(run: Run, repo: Repo, level: LogLevel) {
  const { createLog } = await import('../log.ts')
  return createLog({
    level: run.logLevel ?? level,
    sink: run.shell.stderr,
    text: run.shell.stderr.isTTY === true,
    ...(run.logFile == null ? {} : { file: resolve(repo.paths.logs, run.logFile) })
  })
}

/** A node on an open folder, with its keys. */
export async function startNode(run: Run, repo: Repo, logger: ComponentLogger) {
  const [{ loadIdentity }, { nativePrimitives }, { openNode }] = await Promise.all([
    import('../keys/identity.ts'),
    import('../crypto/native.ts'),
    run.shell.loadNode()
  ])
  const identity = await loadIdentity(repo, await passphraseFor(run, repo), nativePrimitives)
  return openNode(repo, identity, { logger, signal: run.shell.signal })
}

/** --passphrase-file, else $KEYWARD_PASSPHRASE. One line break at the end is not part of it. */
export async function passphraseOf(run: Run): Promise<string | undefined> {
  if (run.passphraseFile == null) return run.shell.env['KEYWARD_PASSPHRASE'] || undefined
  const { readFile } = await import('node:fs/promises')
  const text = await readFile(resolve(run.shell.cwd, run.passphraseFile), 'utf8')
  return text.replace(/\r?\n$/, '')
}

/** The same; a person is asked when there is one and the key needs it. */
async function passphraseFor(run: Run, repo: Repo): Promise<string | undefined> {
  const given = await passphraseOf(run)
  const { askHidden } = run.shell
  if (given != null || askHidden == null) return given
  const { rootState } = await import('../keys/keystore.ts')
  const isWrapped = (await rootState(repo.paths.rootKey)) === 'wrapped'
  return isWrapped ? askHidden(`passphrase of ${repo.path}: `) : undefined
}

/** Runs a verb that needs neither node nor folder. */
export async function runOffline<A, R>(
  run: Run,
  verb: OfflineVerb<A, R>,
  args: unknown
): Promise<R> {
  const { checkArgs } = await import('../api/args.ts')
  const options = {
    signal: run.shell.signal,
    progress: (event: Parameters<Output['progress']>[0]) => run.out.progress(event)
  }
  return await verb.run(checkArgs(verb, args), options)
}
