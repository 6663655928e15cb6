/**
 * The local HTTP interface of a daemon: every verb by name, and whether the node is well. Loopback
 * only, a bearer token, and a `Host` that is ours, since a page elsewhere may point its own name at
 * 127.0.0.1 (INTEROP.md §1.2). Answers are JSON lines: progress, then one result or error.
 * @module
 */
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from '@libp2p/interface'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { equalBytes, utf8 } from '../../core/bytes.ts'
import { InvalidConfigError, InvalidParametersError, RateLimitedError } from '../../core/errors.ts'
import {
  API_BODY_BYTES,
  API_REQUEST_MS,
  API_VERBS_MAX,
  STOP_ABORTED_MS
} from '../../core/limits.ts'
import type { Verb, VerbTable } from '../verbs/verb.ts'
import { checkArgs } from './args.ts'
import { Calls } from './calls.ts'
import { errorBody } from './error.ts'

export interface Readiness {
  readonly ready: boolean
  /** What is missing: "no peer", "chain head is 70 s old". */
  readonly reasons: readonly string[]
}

export interface ApiInit<N> {
  readonly node: N
  readonly verbs: VerbTable<N>
  /** Of the admin. */
  readonly token: string
  /** 0 takes a free one. */
  readonly port: number
  readonly version: string
  readiness(): Readiness | Promise<Readiness>
  readonly log: Logger
}

export interface Api {
  /** http://127.0.0.1:PORT */
  readonly url: string
  /** Takes no more calls, lets those under way end for `graceMs`, then aborts them. */
  stop(graceMs: number): Promise<void>
}

/** Listens before it resolves. */
export async function startApi<N>(init: ApiInit<N>): Promise<Api> {
  const app = Fastify({
    bodyLimit: API_BODY_BYTES,
    requestTimeout: API_REQUEST_MS,
    forceCloseConnections: true,
    logger: false
  })
  const calls = new Calls()
  const state = { stopping: false }
  let hosts: ReadonlySet<string> = new Set()

  app.removeContentTypeParser('text/plain')
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    if (!hosts.has(request.headers.host ?? '')) return refuse(reply, 403, 'unknown Host')
    if (state.stopping && request.url !== '/healthz') return refuse(reply, 503, 'stopping')
  })
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'no such address'))
  app.setErrorHandler((err: Error & { statusCode?: number }, _request, reply) => {
    if (err instanceof InvalidParametersError) {
      return reply.code(400).send({ error: errorBody(err) })
    }
    const status = err.statusCode ?? 500
    if (status < 500) return refuse(reply, status, BAD_REQUESTS[status] ?? 'bad request')
    init.log.error('%e', err)
    return reply.code(status).send({ error: errorBody(err) })
  })

  app.get('/healthz', async () => ({ keyward: init.version, pid: process.pid }))
  app.get('/readyz', async (_request, reply) => {
    const readiness = await init.readiness()
    reply.code(readiness.ready ? 200 : 503)
    return readiness
  })
  addVerbs(app, init, calls)

  await listen(app, init.port)
  const { port } = app.server.address() as AddressInfo
  hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`])
  return {
    url: `http://127.0.0.1:${port}`,
    async stop(graceMs) {
      state.stopping = true
      await calls.idle(graceMs)
      calls.abort()
      await calls.idle(STOP_ABORTED_MS)
      await app.close()
    }
  }
}

async function listen(app: FastifyInstance, port: number): Promise<void> {
  try {
    await app.listen({ host: '127.0.0.1', port })
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw err
    throw new InvalidConfigError(`"api.port" expected a free port, got ${port} (${code})`, {
      cause: err
    })
  }
}

const BAD_REQUESTS: Readonly<Record<number, string>> = {
  400: 'body expected JSON',
  413: `body expected at most ${API_BODY_BYTES} bytes`,
  415: 'body expected application/json'
}

function addVerbs<N>(app: FastifyInstance, init: ApiInit<N>, calls: Calls): void {
  const expected = utf8(`Bearer ${init.token}`)
  const authorise = async (request: FastifyRequest, reply: FastifyReply) => {
    if (!equalBytes(utf8(request.headers.authorization ?? ''), expected)) {
      reply.header('www-authenticate', 'Bearer')
      return refuse(reply, 401, 'token expected')
    }
  }
  app.post('/v1/verbs/:name', { onRequest: authorise }, async (request, reply) => {
    const { name } = request.params as { name: string }
    const verb = init.verbs.get(name)
    if (verb == null) return refuse(reply, 404, `unknown verb "${name.slice(0, 64)}"`)
    const args = checkArgs(verb, request.body ?? {})
    if (calls.size >= API_VERBS_MAX) {
      return reply.code(429).send({ error: errorBody(new RateLimitedError(1_000)) })
    }
    reply.hijack()
    await answer(init, verb, args, reply.raw, calls)
  })
}

/** Runs one call and writes its lines; a caller that goes away ends it. */
async function answer<N>(
  init: ApiInit<N>,
  verb: Verb<unknown, unknown, N>,
  args: unknown,
  raw: ServerResponse,
  calls: Calls
): Promise<void> {
  const call = calls.begin()
  raw.on('close', () => call.abort())
  raw.on('error', () => call.abort())
  raw.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
  const line = (value: unknown): boolean => raw.write(`${JSON.stringify(value)}\n`)
  const startedMs = performance.now()
  try {
    const result = await verb.run(init.node, args, {
      signal: call.signal,
      progress: (event) => {
        if (!raw.writableNeedDrain && !raw.destroyed) line({ progress: event }) // a slow reader skips
      }
    })
    line({ result: result ?? null })
    init.log('%s done in %d ms', verb.name, Math.round(performance.now() - startedMs))
  } catch (err) {
    const body = errorBody(err)
    // a refusal or a wrong argument is the caller's to know; what nobody expected is the operator's
    const unexpected = body.name === 'InternalError'
    if (!call.signal.aborted) init.log[unexpected ? 'error' : 'trace']('%s: %e', verb.name, err)
    if (!raw.destroyed) line({ error: body })
  } finally {
    raw.end()
    calls.end(call)
  }
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).send({ error: errorBody(new InvalidParametersError(message)) })
}
