/**
 * Calls the daemon of a folder: finds it by `api`, asks it who it is before it sees the token, and
 * reads its JSON lines. No daemon, or only the trace of one that died, is no error.
 * @module
 */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { z } from 'zod'
import { DaemonUnavailableError } from '../../core/errors.ts'
import { API_LINE_BYTES, API_PROBE_MS } from '../../core/limits.ts'
import { readToken } from '../repo/init.ts'
import { repoPaths } from '../repo/layout.ts'
import { isAlive } from '../repo/process.ts'
import type { VerbProgress } from '../verbs/verb.ts'
import { type ApiAddress, readApiAddress } from './address.ts'
import { Exit } from './error.ts'
import { lines } from './lines.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
  onProgress?(event: VerbProgress): void
}

export interface ApiClient {
  readonly url: string
  /** @throws VerbError for what the verb threw, DaemonUnavailableError, AbortError */
  call(verb: string, args: unknown, options?: CallOptions): Promise<unknown>
}

/** An error that the daemon told of; `name` is its class there. */
export class VerbError extends Error {
  override readonly name: string
  readonly exit: number
  readonly code: number | string | undefined
  readonly faults: readonly string[] | undefined
  constructor(body: z.infer<typeof errorShape>) {
    super(body.message)
    this.name = body.name
    this.exit = body.exit
    this.code = body.code
    this.faults = body.faults
  }
}

const errorShape = z.object({
  name: z.string(),
  message: z.string(),
  code: z.union([z.number(), z.string()]).optional(),
  faults: z.array(z.string()).optional(),
  exit: z.int().min(1).max(255)
})
const lineShape = z.union([
  z.strictObject({ progress: z.object({ step: z.string() }).loose() }),
  z.strictObject({ result: z.unknown() }),
  z.strictObject({ error: errorShape })
])

/**
 * Undefined when no daemon runs for this folder; a stale `api` is told to `note` once.
 * @throws DaemonUnavailableError if one lives but does not answer, InvalidConfigError
 */
export async function apiClient(
  repoPath: string,
  options: { note?(text: string): void; readonly signal?: AbortSignal } = {}
): Promise<ApiClient | undefined> {
  const paths = repoPaths(repoPath)
  const address = await readApiAddress(paths)
  if (address == null) return undefined
  const answer = await probe(address, options.signal)
  if (answer === 'stale') {
    options.note?.(`ignoring ${paths.api}: the daemon it names (process ${address.pid}) is gone`)
    return undefined
  }
  if (answer === 'silent') {
    throw new DaemonUnavailableError(
      `the daemon (process ${address.pid}) does not answer at ${address.url}`
    )
  }
  const token = await readToken(paths)
  return {
    url: address.url,
    call: (verb, args, each = {}) => call(address, token, verb, args, each)
  }
}

/** Asks without the token: another program may have the port by now. */
async function probe(
  address: ApiAddress,
  signal: AbortSignal | undefined
): Promise<'live' | 'stale' | 'silent'> {
  const timeout = AbortSignal.timeout(API_PROBE_MS)
  try {
    const response = await send(address.url, 'GET', '/healthz', {
      signal: signal == null ? timeout : AbortSignal.any([signal, timeout])
    })
    for await (const line of lines(response, API_LINE_BYTES)) {
      return (JSON.parse(line) as { pid?: unknown }).pid === address.pid ? 'live' : 'stale'
    }
    return 'stale'
  } catch (err) {
    signal?.throwIfAborted()
    const refused = (err as NodeJS.ErrnoException).code === 'ECONNREFUSED'
    return refused || !isAlive(address.pid, address.started) ? 'stale' : 'silent'
  }
}

async function call(
  address: ApiAddress,
  token: string,
  verb: string,
  args: unknown,
  options: CallOptions
): Promise<unknown> {
  try {
    const response = await send(address.url, 'POST', `/v1/verbs/${encodeURIComponent(verb)}`, {
      token,
      body: JSON.stringify(args),
      ...(options.signal == null ? {} : { signal: options.signal })
    })
    if ([401, 403, 503].includes(response.statusCode ?? 0)) {
      throw new DaemonUnavailableError(`the daemon at ${address.url} turned us away`)
    }
    for await (const text of lines(response, API_LINE_BYTES)) {
      const line = lineShape.parse(JSON.parse(text))
      if ('error' in line) throw new VerbError(line.error)
      if ('result' in line) return line.result
      options.onProgress?.(line.progress as VerbProgress)
    }
  } catch (err) {
    if (err instanceof VerbError || err instanceof DaemonUnavailableError) throw err
    if (options.signal?.aborted) throw aborted()
    throw new DaemonUnavailableError(`lost the daemon at ${address.url}`, { cause: err })
  }
  throw new DaemonUnavailableError(`the daemon at ${address.url} stopped in the middle`)
}

const aborted = (): VerbError =>
  new VerbError({ name: 'AbortError', message: 'interrupted', exit: Exit.Interrupted })

function send(
  url: string,
  method: string,
  path: string,
  init: { signal?: AbortSignal; token?: string; body?: string }
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const headers = {
    ...(init.body == null ? {} : { 'content-type': 'application/json' }),
    ...(init.token == null ? {} : { authorization: `Bearer ${init.token}` })
  }
  const request = httpRequest(`${url}${path}`, {
    method,
    headers,
    agent: false,
    ...(init.signal == null ? {} : { signal: init.signal })
  })
  request.on('response', resolve)
  request.on('error', reject)
  request.end(init.body)
  return promise
}
