/**
 * A daemon's HTTP interface over a node that is only verbs, in a folder of its own.
 * @module
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultLogger } from '@libp2p/logger'
import { z } from 'zod'
import { AccessDeniedError, InvalidRecordError } from '../../../core/errors.ts'
import { writeApiAddress } from '../../../node/api/address.ts'
import { type Api, type ApiInit, startApi } from '../../../node/api/server.ts'
import { type RepoPaths, repoPaths } from '../../../node/repo/layout.ts'
import { type Verb, verbTable } from '../../../node/verbs/verb.ts'

export const TOKEN = 'T'.repeat(43)

/** What the verbs of a test node share with the test. */
export interface TestNode {
  /** Resolves when a `wait` has begun. */
  readonly waiting: PromiseWithResolvers<void>
  /** Resolves with the reason when a `wait` was aborted. */
  readonly aborted: PromiseWithResolvers<unknown>
  /** Resolve it to let a `wait` end well. */
  readonly go: PromiseWithResolvers<void>
}

const verb = <A>(
  name: string,
  args: z.ZodType<A>,
  run: Verb<A, unknown, TestNode>['run']
): Verb<unknown, unknown, TestNode> => ({ name, args, run }) as Verb<unknown, unknown, TestNode>

const verbs = verbTable<TestNode>(
  verb(
    'echo',
    z.strictObject({ text: z.string(), n: z.int().optional() }),
    async (_n, args) => args
  ),
  verb('steps', z.strictObject({}), async (_n, _a, { progress }) => {
    progress({ step: 'seal', done: 1, total: 2 })
    progress({ step: 'deal' })
    return undefined
  }),
  verb('denied', z.strictObject({}), async () => {
    throw new AccessDeniedError(400)
  }),
  verb('faulty', z.strictObject({}), async () => {
    throw new InvalidRecordError('FHIR R4 expected, got 1 fault', ['Patient.name: expected a list'])
  }),
  verb('broken', z.strictObject({}), async () => JSON.parse('"Ada Lovelace')),
  verb('wait', z.strictObject({}), async (node, _a, { signal }) => {
    node.waiting.resolve()
    const abort = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => {
      node.aborted.resolve(signal.reason)
      abort.reject(signal.reason)
    })
    await Promise.race([node.go.promise, abort.promise])
    return 'done'
  })
)

export interface TestApi extends AsyncDisposable {
  readonly api: Api
  readonly node: TestNode
  readonly folder: string
  readonly paths: RepoPaths
}

export async function testApi(over: Partial<ApiInit<TestNode>> = {}): Promise<TestApi> {
  const folder = await mkdtemp(join(tmpdir(), 'keyward-api-'))
  const paths = repoPaths(folder)
  await mkdir(paths.keystore)
  await writeFile(paths.token, `${TOKEN}\n`, { mode: 0o600 })
  const node: TestNode = {
    waiting: Promise.withResolvers(),
    aborted: Promise.withResolvers(),
    go: Promise.withResolvers()
  }
  const api = await startApi({
    node,
    verbs,
    token: TOKEN,
    port: 0,
    version: '0.0.0',
    readiness: () => ({ ready: true, reasons: [] }),
    log: defaultLogger().forComponent('keyward:api'),
    ...over
  })
  await writeApiAddress(paths, api.url)
  return {
    api,
    node,
    folder,
    paths,
    async [Symbol.asyncDispose]() {
      await api.stop(0)
      await rm(folder, { recursive: true, force: true })
    }
  }
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/** A plain request, with the power to send any header. */
export function send(
  url: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {}
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const sent = request(url, { agent: false, ...init }, async (response) => {
    let text = ''
    for await (const chunk of response) text += chunk
    resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
  })
  sent.on('error', reject)
  sent.end(init.body)
  return promise
}
