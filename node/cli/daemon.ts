/**
 * `keyward daemon`: the folder's lock, a node, the local HTTP interface, and a clean stop: no more
 * calls, ten seconds for those under way, receipts flushed, `api` gone, the lock given back
 * (INTEROP.md §1.5). Whatever fails on the way undoes what came before it.
 * @module
 */
import { once } from 'node:events'
import { STOP_GRACE_MS } from '../../core/limits.ts'
import { removeApiAddress, writeApiAddress } from '../api/address.ts'
import { Exit } from '../api/error.ts'
import { type Api, startApi } from '../api/server.ts'
import { readPublicIdentity } from '../keys/identity.ts'
import { readToken } from '../repo/init.ts'
import type { Repo } from '../repo/repo.ts'
import { createRunLog, openFolder, type Run, startNode } from './run-verb.ts'
import type { ShellNode } from './shell.ts'
import { facts } from './table.ts'
import { programVersion } from './version.ts'

/** Runs until the shell's signal; a clean stop is exit code 0. */
export async function runDaemon(run: Run): Promise<number> {
  const { signal } = run.shell
  await using repo = await openFolder(run)
  const logger = await createRunLog(run, repo, 'info')
  await using node = await startNode(run, repo, logger)
  const { verbs } = await run.shell.loadNode()
  const log = logger.forComponent('keyward:daemon')
  const api = await startApi({
    node,
    verbs,
    token: await readToken(repo.paths),
    port: repo.config.api.port,
    version: await programVersion(),
    readiness: () => node.readiness(),
    log: logger.forComponent('keyward:api')
  })
  try {
    await writeApiAddress(repo.paths, api.url)
    await tellReady(run, repo, node, api)
    log('ready, listens on %s', node.addrs.join(' ') || 'nothing')
    if (!signal.aborted) await once(signal, 'abort')
    log('stopping')
    run.out.note('stopping')
  } finally {
    await api.stop(signal.aborted ? STOP_GRACE_MS : 0)
    await removeApiAddress(repo.paths)
  }
  return Exit.Done
}

async function tellReady(run: Run, repo: Repo, node: ShellNode, api: Api): Promise<void> {
  const { peer, account } = await readPublicIdentity(repo.paths)
  const ready = { ready: true, peer, account, addrs: node.addrs, api: api.url, pid: process.pid }
  run.out.data(ready, (each) =>
    facts([
      ['ready', each.peer],
      ...each.addrs.map((addr) => ['address', addr] as const),
      ['api', each.api]
    ])
  )
}
