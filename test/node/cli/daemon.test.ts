/**
 * `keyward daemon`: ready, called, stopped, killed.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { apiClient } from '../../../node/api/client.ts'
import { type Diary, fakeNode, initialised, keyward, temporary } from './harness.ts'

const FAKE_BIN = fileURLToPath(new URL('./fake-bin.ts', import.meta.url))

/** A daemon in this process; resolves when it says that it is ready. */
async function daemon(home: string, flags: string[] = [], diary: Diary = []) {
  const stop = new AbortController()
  const ready = Promise.withResolvers<string>()
  const ended = keyward(['daemon', '--repo', home, '--json', '--log-level', 'silent', ...flags], {
    signal: stop.signal,
    node: fakeNode(diary),
    onOut: ready.resolve
  })
  const first = await Promise.race([
    ready.promise,
    ended.then(({ err }) => Promise.reject(new Error(err)))
  ])
  return {
    ready: JSON.parse(first),
    stop: () => {
      stop.abort()
      return ended
    }
  }
}

/** A daemon in a process of its own. */
async function process_(home: string, ...argv: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--no-warnings', FAKE_BIN, ...argv, '--repo', home], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, KEYWARD_LOG: 'silent' }
  })
  if (argv[0] === 'daemon') await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
  return child
}

describe('daemon', () => {
  it('tells peer, addresses and API once it is ready', async () => {
    await using made = await initialised()
    const { ready, stop } = await daemon(made.home)

    expect(ready).toMatchObject({
      ready: true,
      peer: expect.stringMatching(/^12D3KooW/),
      addrs: ['/ip4/127.0.0.1/tcp/1'],
      api: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)
    })
    expect((await stat(join(made.home, 'api'))).mode & 0o777).toBe(0o600)
    await stop()
  })

  it('answers every verb of its folder, and no other process opens it', async () => {
    await using made = await initialised()
    const diary: Diary = []
    const { stop } = await daemon(made.home, [], diary)
    const other: Diary = []

    const add = await keyward(['record', 'add', '/x', '--repo', made.home], {
      node: fakeNode(other)
    })
    const id = await keyward(['id', '--repo', made.home, '--json'])
    const second = await keyward(['daemon', '--repo', made.home])

    expect(add).toMatchObject({ exit: 0, err: 'record.add 1/2\n' })
    expect(other).toEqual([])
    expect(JSON.parse(id.out)).toMatchObject({ addrs: ['/a'] })
    expect(second).toMatchObject({
      exit: 1,
      err: expect.stringContaining(`process ${process.pid}`)
    })
    await stop()
    expect(diary).toEqual(['open', 'record.add {"path":"/x"}', 'id {}', 'close'])
  })

  it('passes errors on with their exit codes', async () => {
    await using made = await initialised()
    const { stop } = await daemon(made.home)

    const ran = await keyward([
      'record',
      'show',
      '1'.padEnd(64, '0'),
      '--repo',
      made.home,
      '--quiet'
    ])

    expect(ran).toMatchObject({ exit: 5, out: '', err: 'keyward: access denied: 400\n' })
    await stop()
  })

  it('makes its folder with --init, once', async () => {
    await using made = await temporary()
    const first = await daemon(made.home, ['--init', '--profile', 'test'])
    await first.stop()
    const second = await daemon(made.home, ['--init', '--profile', 'test'])
    await second.stop()

    expect(second.ready.peer).toBe(first.ready.peer)
  })

  it('stops cleanly: no api, no lock, exit code 0', async () => {
    await using made = await initialised()
    const diary: Diary = []
    const { stop } = await daemon(made.home, [], diary)

    expect((await stop()).exit).toBe(0)
    expect(await readdir(made.home)).not.toContain('api')
    expect(await readdir(made.home)).not.toContain('repo.lock')
    expect(diary.at(-1)).toBe('close')
  })

  it('lets the folder go when its start fails', async () => {
    await using made = await initialised()
    const node = { ...fakeNode(), openNode: () => Promise.reject(new Error('no port')) }

    expect((await keyward(['daemon', '--repo', made.home], { node })).exit).toBe(1)
    expect(await readdir(made.home)).not.toContain('repo.lock')
  })
})

describe('a daemon process', () => {
  it('ends by SIGTERM with 0', async () => {
    await using made = await initialised()
    const child = await process_(made.home, 'daemon')

    child.kill('SIGTERM')

    expect(await once(child, 'exit')).toEqual([0, null])
    expect(await readdir(made.home)).not.toContain('api')
  })

  it('killed leaves traces that the next start reports once and takes over', async () => {
    await using made = await initialised()
    const child = await process_(made.home, 'daemon')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await readdir(made.home)).toEqual(expect.arrayContaining(['api', 'repo.lock']))

    const first = await keyward(['record', 'ls', '--repo', made.home])
    const second = await keyward(['record', 'ls', '--repo', made.home])

    expect(first.exit).toBe(0)
    expect(first.err.match(/^note: .*$/gm)).toEqual([
      expect.stringContaining(`process ${child.pid}) is gone`),
      expect.stringContaining(`process ${child.pid} died without closing`)
    ])
    expect(second.err).toBe('record.ls 1/2\n')
  })

  it('ends at once by a second signal', async () => {
    await using made = await initialised()
    const child = await process_(made.home, 'daemon')
    const begun = Promise.withResolvers<unknown>()
    const client = await apiClient(made.home)
    const call = client?.call('inbox', {}, { onProgress: begun.resolve })
    const lost = expect(call).rejects.toMatchObject({ name: 'DaemonUnavailableError' })
    await begun.promise // and holds the first stop for ten seconds

    child.kill('SIGTERM')
    await expect.poll(async () => (await keyward(['id', '--repo', made.home])).exit).toBe(4)
    child.kill('SIGTERM')

    expect(await once(child, 'exit')).toEqual([130, null])
    await lost
  })
})

describe('the program', () => {
  it('loads nothing but its argument parser to tell its version', async () => {
    const script = `
      import { registerHooks } from 'node:module'
      const urls = []
      registerHooks({ load(url, context, next) { urls.push(url); return next(url, context) } })
      process.argv[2] = 'version'
      process.on('exit', () => console.error(JSON.stringify(urls)))
      await import(process.argv[1])`
    const bin = join(import.meta.dirname, '../../../bin/keyward.ts')
    const child = spawn(process.execPath, [
      '--no-warnings',
      '--input-type=module',
      '-e',
      script,
      bin
    ])
    let err = ''
    child.stderr.on('data', (chunk) => (err += chunk))
    await once(child, 'close')

    const packages = (JSON.parse(err) as string[]).filter((url) => url.includes('node_modules'))
    expect(packages.filter((url) => !url.includes('/commander/'))).toEqual([])
    expect(packages).not.toEqual([])
  })
})
