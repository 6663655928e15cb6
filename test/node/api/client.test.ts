/**
 * How the daemon of a folder is found and called.
 * @module
 */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { apiClient } from '../../../node/api/client.ts'
import { processStart } from '../../../node/repo/process.ts'
import { TOKEN, testApi } from './harness.ts'

/** A folder whose `api` says that process `pid` listens at `url`. */
async function folderWith(url: string, pid: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'keyward-client-'))
  await writeFile(join(folder, 'api'), JSON.stringify({ url, pid, started: processStart(pid) }))
  await writeFile(join(folder, 'token'), TOKEN)
  return folder
}

async function server(listener: RequestListener) {
  const http = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => http.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    }
  }
}

const DEAD_PID = 2 ** 22

describe('apiClient', () => {
  it('calls verbs and hears their progress', async () => {
    await using test = await testApi()
    const steps: string[] = []

    const client = await apiClient(test.folder)

    expect(await client?.call('echo', { text: 'a' })).toEqual({ text: 'a' })
    expect(await client?.call('steps', {}, { onProgress: ({ step }) => steps.push(step) })).toBe(
      null
    )
    expect(steps).toEqual(['seal', 'deal'])
  })

  it('throws what the verb threw, by name', async () => {
    await using test = await testApi()
    const client = await apiClient(test.folder)

    await expect(client?.call('denied', {})).rejects.toMatchObject({
      name: 'AccessDeniedError',
      code: 400,
      exit: 5
    })
    await expect(client?.call('echo', {})).rejects.toMatchObject({
      name: 'InvalidParametersError',
      exit: 2
    })
  })

  it('is nothing where no daemon runs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keyward-client-'))

    expect(await apiClient(folder)).toBeUndefined()
    await rm(folder, { recursive: true })
  })

  it.each([
    ['whose process is gone', DEAD_PID],
    ['whose process is another by now', process.pid]
  ])('takes an address %s for stale and tells of it', async (_what, pid) => {
    const folder = await folderWith('http://127.0.0.1:1', pid)
    const notes: string[] = []

    expect(await apiClient(folder, { note: (text) => notes.push(text) })).toBeUndefined()

    expect(notes).toHaveLength(1)
    expect(notes[0]).toContain(`process ${pid}`)
    expect((await stat(join(folder, 'api'))).isFile()).toBe(true)
    await rm(folder, { recursive: true })
  })

  it('never shows the token to another program at that port', async () => {
    const heard: (string | undefined)[] = []
    await using other = await server((request, response) => {
      heard.push(request.headers.authorization)
      response.end('{"pid":1}\n')
    })
    const folder = await folderWith(other.url, DEAD_PID)

    expect(await apiClient(folder)).toBeUndefined()

    expect(heard).toEqual([undefined])
    await rm(folder, { recursive: true })
  })

  it.each(['http://192.0.2.1:80', 'https://127.0.0.1:80', 'http://127.0.0.1.evil.example:80'])(
    'refuses the address %s',
    async (url) => {
      const folder = await folderWith(url, 1)

      await expect(apiClient(folder)).rejects.toMatchObject({ name: 'InvalidConfigError' })
      await rm(folder, { recursive: true })
    }
  )

  const broken: readonly [string, RequestListener][] = [
    ['stops in the middle', (_q, r) => r.end('{"progress":{"step":"seal"}}\n')],
    ['speaks another language', (_q, r) => r.end('<html>\n')],
    ['hangs up', (_q, r) => void r.destroy()],
    ['turns us away', (_q, r) => r.writeHead(401).end('{"error":{}}')]
  ]
  it.each(broken)('says that the daemon is unreachable when it %s', async (_what, listener) => {
    await using daemon = await server((request, response) =>
      request.url === '/healthz'
        ? response.end(`{"pid":${process.pid}}`)
        : listener(request, response)
    )
    const folder = await folderWith(daemon.url, process.pid)
    const client = await apiClient(folder)

    await expect(client?.call('id', {})).rejects.toMatchObject({ name: 'DaemonUnavailableError' })
    await rm(folder, { recursive: true })
  })

  it('ends a call when it is told to', async () => {
    await using test = await testApi()
    const client = await apiClient(test.folder)
    const leave = new AbortController()
    const call = client?.call('wait', {}, { signal: leave.signal })
    await test.node.waiting.promise

    leave.abort()

    await expect(call).rejects.toMatchObject({ name: 'AbortError', exit: 130 })
    await test.node.aborted.promise
  })
})
