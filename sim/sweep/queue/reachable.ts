/**
 * Whether Redis is there and lets us in, asked once at the start, so that what is wrong is said
 * plainly and at once instead of by a client that tries for ever.
 * @module
 */
import { Redis } from 'ioredis'
import { QUEUE_CONNECT_MAX_MS } from '../../limits.ts'
import { QueueUnavailableError } from '../errors.ts'
import type { QueueAddress } from './address.ts'

/** @throws QueueUnavailableError saying where, why, and what to do */
export async function assertReachable({ options, shown }: QueueAddress): Promise<void> {
  const redis = new Redis({
    ...options,
    lazyConnect: true,
    connectTimeout: QUEUE_CONNECT_MAX_MS,
    commandTimeout: QUEUE_CONNECT_MAX_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null
  })
  let first: unknown
  redis.on('error', (err) => {
    first ??= err
  })
  try {
    await redis.connect()
    await redis.ping()
  } catch (err) {
    throw new QueueUnavailableError(`${shown} ${advice(first ?? err)}`)
  } finally {
    redis.disconnect()
  }
}

/** In our words: what Redis says of a refused login may name the user. */
function advice(err: unknown): string {
  const { code, message } = err as { code?: unknown; message?: unknown }
  const text = `${typeof code === 'string' ? code : ''} ${typeof message === 'string' ? message : ''}`
  if (/NOAUTH|WRONGPASS|AUTH/.test(text)) {
    return 'refuses the login: put the password into KEYWARD_QUEUE_PASSWORD'
  }
  if (/ENOTFOUND|EAI_AGAIN/.test(text)) return 'has a host name that is not known: check --queue'
  if (/DB index/.test(text)) return 'has no such database: check the number at the end of --queue'
  const state = text.includes('ECONNREFUSED') ? 'nothing listens' : 'does not answer'
  return `${state}: start Redis there (Debian: apt install redis-server), or check --queue`
}
