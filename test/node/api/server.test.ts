/**
 * The local HTTP interface: who may call, what comes back, how it ends.
 * @module
 */
import { describe, expect, it } from 'vitest'
import { API_BODY_BYTES, API_VERBS_MAX } from '../../../core/limits.ts'
import { send, TOKEN, testApi } from './harness.ts'

const post = (url: string, verb: string, body: string, headers: Record<string, string> = {}) =>
  send(`${url}/v1/verbs/${verb}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      ...headers
    },
    body
  })

const lines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

describe('a verb', () => {
  it('gets its arguments and gives its result', async () => {
    await using test = await testApi()

    const reply = await post(test.api.url, 'echo', '{"text":"ü","n":3}')

    expect(reply.status).toBe(200)
    expect(reply.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store'
    })
    expect(lines(reply.text)).toEqual([{ result: { text: 'ü', n: 3 } }])
  })

  it('tells its progress first, and null for nothing', async () => {
    await using test = await testApi()

    expect(lines((await post(test.api.url, 'steps', '{}')).text)).toEqual([
      { progress: { step: 'seal', done: 1, total: 2 } },
      { progress: { step: 'deal' } },
      { result: null }
    ])
  })

  it('that fails tells class, code and exit code', async () => {
    await using test = await testApi()

    expect(lines((await post(test.api.url, 'denied', '{}')).text)).toEqual([
      { error: { name: 'AccessDeniedError', message: 'access denied: 400', code: 400, exit: 5 } }
    ])
    expect(lines((await post(test.api.url, 'faulty', '{}')).text)).toEqual([
      {
        error: {
          name: 'InvalidRecordError',
          message: 'FHIR R4 expected, got 1 fault',
          faults: ['Patient.name: expected a list'],
          exit: 1
        }
      }
    ])
  })

  it('that fails by an error which quotes content does not tell it', async () => {
    await using test = await testApi()

    const { text } = await post(test.api.url, 'broken', '{}')

    expect(text).not.toContain('Lovelace')
    expect(lines(text)).toMatchObject([{ error: { name: 'InternalError', exit: 1 } }])
  })

  it.each([
    ['a missing field', '{}', '"text" expected string, got undefined'],
    ['a wrong type', '{"text":5}', '"text" expected string, got number'],
    ['an unknown field', '{"text":"a","colour":1}', 'unknown field "colour"'],
    ['no object', '[]', 'expected object, got array'],
    ['broken JSON', '{', 'body expected JSON']
  ])('with %s is refused, naming it', async (_what, body, message) => {
    await using test = await testApi()

    const reply = await post(test.api.url, 'echo', body)

    expect(reply.status).toBe(400)
    expect(JSON.parse(reply.text)).toEqual({
      error: { name: 'InvalidParametersError', message, exit: 2 }
    })
  })

  it('that nobody knows is refused', async () => {
    await using test = await testApi()

    for (const name of ['nope', 'constructor', '__proto__', '..%2Fecho']) {
      expect((await post(test.api.url, name, '{}')).status, name).toBe(404)
    }
  })

  it('takes JSON alone, and not too much of it', async () => {
    await using test = await testApi()
    const long = JSON.stringify({ text: 'x'.repeat(API_BODY_BYTES) })

    expect((await post(test.api.url, 'echo', long)).status).toBe(413)
    expect((await post(test.api.url, 'echo', 'x', { 'content-type': 'text/plain' })).status).toBe(
      415
    )
  })

  it('waits its turn when too many are under way', async () => {
    await using test = await testApi()
    const waits = Array.from({ length: API_VERBS_MAX }, () => post(test.api.url, 'wait', '{}'))
    await test.node.waiting.promise
    await expect
      .poll(async () => (await post(test.api.url, 'echo', '{"text":""}')).status)
      .toBe(429)

    test.node.go.resolve()

    for (const reply of await Promise.all(waits))
      expect(lines(reply.text)).toEqual([{ result: 'done' }])
  })
})

describe('a caller', () => {
  it.each([
    ['no token', ''],
    ['another token', `Bearer ${'U'.repeat(43)}`],
    ['a longer token', `Bearer ${TOKEN}T`],
    ['another scheme', `Basic ${TOKEN}`]
  ])('with %s is turned away', async (_what, authorization) => {
    await using test = await testApi()

    const reply = await post(test.api.url, 'echo', '{"text":""}', { authorization })

    expect(reply.status).toBe(401)
    expect(reply.text).not.toContain(TOKEN)
  })

  it('from a page that points its own name here gets 403, health included', async () => {
    await using test = await testApi()
    const { port } = new URL(test.api.url)

    for (const host of ['evil.example', `evil.example:${port}`, 'localhost', '127.0.0.1:1']) {
      const call = await post(test.api.url, 'echo', '{"text":""}', { host })
      const health = await send(`${test.api.url}/healthz`, { headers: { host } })
      expect([call.status, health.status], host).toEqual([403, 403])
    }
    const localhost = { host: `localhost:${port}` }
    expect((await post(test.api.url, 'echo', '{"text":""}', localhost)).status).toBe(200)
  })

  it('gets no leave to call across origins', async () => {
    await using test = await testApi()
    const headers = { origin: 'http://evil.example', 'access-control-request-method': 'POST' }

    const reply = await send(`${test.api.url}/v1/verbs/echo`, { method: 'OPTIONS', headers })

    expect(reply.status).toBe(404)
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-'))).toEqual([])
  })

  it('that goes away ends its verb', async () => {
    await using test = await testApi()
    const leave = new AbortController()
    const call = fetch(`${test.api.url}/v1/verbs/wait`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: '{}',
      signal: leave.signal
    })
    await test.node.waiting.promise

    leave.abort()

    await expect(call.then((reply) => reply.text())).rejects.toThrow()
    expect(await test.node.aborted.promise).toMatchObject({ name: 'AbortError' })
  })
})

describe('health', () => {
  it('is the process answering', async () => {
    await using test = await testApi()

    const { status, text } = await send(`${test.api.url}/healthz`)

    expect(status).toBe(200)
    expect(JSON.parse(text)).toEqual({ keyward: '0.0.0', pid: process.pid })
  })

  it('is not readiness', async () => {
    await using test = await testApi({ readiness: () => ({ ready: false, reasons: ['no peer'] }) })

    const { status, text } = await send(`${test.api.url}/readyz`)

    expect(status).toBe(503)
    expect(JSON.parse(text)).toEqual({ ready: false, reasons: ['no peer'] })
    expect((await send(`${test.api.url}/healthz`)).status).toBe(200)
  })
})

describe('a stop', () => {
  it('lets a verb under way end, and takes no more', async () => {
    await using test = await testApi()
    const call = post(test.api.url, 'wait', '{}')
    await test.node.waiting.promise

    const stopped = test.api.stop(10_000)
    expect((await post(test.api.url, 'echo', '{"text":""}')).status).toBe(503)
    expect((await send(`${test.api.url}/readyz`)).status).toBe(503)
    expect((await send(`${test.api.url}/healthz`)).status).toBe(200)
    test.node.go.resolve()

    expect(lines((await call).text)).toEqual([{ result: 'done' }])
    await stopped
    await expect(send(`${test.api.url}/healthz`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('aborts what does not end in time, and says so', async () => {
    await using test = await testApi()
    const call = post(test.api.url, 'wait', '{}')
    await test.node.waiting.promise

    await test.api.stop(1)

    expect(lines((await call).text)).toMatchObject([{ error: { name: 'AbortError', exit: 130 } }])
  })
})
