/**
 * Where the queue is: `redis://[[user]:password@]host[:port][/database]`, `rediss://` over TLS. Apart
 * from here nobody sees the password, and no message shows it.
 * @module
 */
import { InvalidParametersError } from '../../../core/errors.ts'
import { QUEUE_AWAY_MAX_MS, QUEUE_CONNECT_MAX_MS } from '../../limits.ts'

export interface QueueAddress {
  /** For messages: without user and password. */
  readonly shown: string
  readonly options: {
    readonly host: string
    readonly port: number
    readonly db: number
    readonly username?: string
    readonly password?: string
    readonly tls?: { readonly servername: string }
  }
}

const EXPECTED = '--queue: expected redis://host:port or rediss://host:port'
const DATABASE = /^\/?(\d{0,4})$/

/**
 * `password` stands beside the address, so that it need not be typed where others may read it; one
 * in the address goes first.
 * @throws InvalidParametersError
 */
export function parseQueueAddress(text: string, password?: string): QueueAddress {
  const url = URL.parse(text)
  const database = DATABASE.exec(url?.pathname ?? '')?.[1]
  const isRedis = url?.protocol === 'redis:' || url?.protocol === 'rediss:'
  if (!isRedis || url.hostname === '' || database == null || url.search !== '' || url.hash !== '') {
    // what was typed is not repeated: there may be a password in it
    throw new InvalidParametersError(EXPECTED)
  }
  // an IPv6 address stands in brackets in a URL, and in none elsewhere
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = url.port === '' ? 6_379 : Number(url.port)
  const db = database === '' ? 0 : Number(database)
  const secret = url.password === '' ? password : decode(url.password)
  return {
    shown: `${url.protocol}//${url.hostname}:${port}${db === 0 ? '' : `/${db}`}`,
    options: {
      host,
      port,
      db,
      ...(url.username === '' ? {} : { username: decode(url.username) }),
      ...(secret == null || secret === '' ? {} : { password: secret }),
      ...(url.protocol === 'rediss:' ? { tls: { servername: host } } : {})
    }
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new InvalidParametersError(`${EXPECTED}, with % in a password written as %25`)
  }
}

const RETRY_MS = 500

/**
 * How BullMQ's connections behave: they come back when Redis does, until it has been away too long;
 * then `onGone` is called, once or more.
 */
export const lastingConnection = (
  { options }: QueueAddress,
  onGone: () => void,
  awayMaxMs = QUEUE_AWAY_MAX_MS
) => ({
  ...options,
  connectTimeout: QUEUE_CONNECT_MAX_MS,
  // BullMQ asks for it: a command waits for the connection instead of failing
  maxRetriesPerRequest: null,
  retryStrategy: (times: number) => {
    if (times * RETRY_MS < awayMaxMs) return RETRY_MS
    onGone()
    return null
  }
})
