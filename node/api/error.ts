/**
 * Errors as they leave the process: which exit code each class has (INTEROP.md §1.3), and which
 * messages may be told. A remote refusal is always 5, whether or not the record exists.
 * @module
 */
export const Exit = {
  Done: 0,
  Error: 1,
  Usage: 2,
  NotInitialised: 3,
  NoDaemon: 4,
  Denied: 5,
  NotFound: 6,
  NotVerified: 7,
  Interrupted: 130
} as const

export type Exit = (typeof Exit)[keyof typeof Exit]

const EXITS: Readonly<Record<string, Exit>> = {
  InvalidParametersError: Exit.Usage,
  NotInitialisedError: Exit.NotInitialised,
  DaemonUnavailableError: Exit.NoDaemon,
  AccessDeniedError: Exit.Denied,
  RecordNotFoundError: Exit.NotFound,
  ShareNotFoundError: Exit.NotFound,
  InvalidSignatureError: Exit.NotVerified,
  InvalidProofError: Exit.NotVerified,
  DecryptionFailedError: Exit.NotVerified,
  BadShareError: Exit.NotVerified,
  StoreCorruptError: Exit.NotVerified,
  AbortError: Exit.Interrupted
}

/** Built-in classes whose messages may quote their input: a JSON parser shows what it met. */
const QUOTES = new Set([
  'Error',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'URIError',
  'EvalError',
  'AggregateError',
  'AssertionError',
  'ZodError'
])

/** Whether the message holds names, sizes and numbers only. Those of files name a path. */
export const isTellable = (err: Error): boolean => !QUOTES.has(err.name) && !('syscall' in err)

/** An error in JSON. */
export interface ErrorBody {
  readonly name: string
  readonly message: string
  /** The wire code of a refusal, or the system's of a file. */
  readonly code?: number | string
  /** Lines of an InvalidRecordError. */
  readonly faults?: readonly string[]
  readonly exit: number
}

interface Details {
  readonly exit?: unknown
  readonly code?: unknown
  readonly faults?: unknown
  readonly errors?: unknown
}

/** The exit code of a command that ended by this error. */
export function exitOf(err: unknown): number {
  if (!(err instanceof Error)) return Exit.Error
  const { exit } = err as Details
  if (typeof exit === 'number') return exit
  if (err.name === 'NotEnoughSharesError' && isDenied(err)) return Exit.Denied
  return EXITS[err.name] ?? Exit.Error
}

/** A denial among the reasons, at any depth. */
function isDenied(err: unknown, depth = 0): boolean {
  if (!(err instanceof Error) || depth > 4) return false
  if (err.name === 'AccessDeniedError') return true
  const { errors } = err as Details
  const reasons = [err.cause, ...(Array.isArray(errors) ? errors : [])]
  return reasons.some((reason) => isDenied(reason, depth + 1))
}

/** Class, message where its class never quotes input, place, and the same of its causes. */
export function errorText(err: Error, depth = 0): string {
  const message = isTellable(err) ? `: ${err.message}` : ''
  const frames = (err.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const at = frames[0] == null ? '' : ` (${frames[0].trim()})`
  const cause =
    err.cause instanceof Error && depth < 4 ? `; ${errorText(err.cause, depth + 1)}` : ''
  return `${err.name}${message}${at}${cause}`
}

/** What a caller may see. An error that may quote content is told by its class alone. */
export function errorBody(err: unknown): ErrorBody {
  const exit = exitOf(err)
  if (!(err instanceof Error)) return { name: 'InternalError', message: 'unexpected error', exit }
  if (!isTellable(err) && !('syscall' in err)) {
    return { name: 'InternalError', message: `unexpected ${err.name}, see the log`, exit }
  }
  const { code, faults } = err as Details
  return {
    name: err.name,
    message: err.message,
    ...(typeof code === 'number' || typeof code === 'string' ? { code } : {}),
    ...(Array.isArray(faults) ? { faults: faults.map(String) } : {}),
    exit
  }
}
