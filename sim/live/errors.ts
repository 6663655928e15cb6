/**
 * What can go wrong with a live world itself, beside what its nodes answer.
 * @module
 */
import { KeywardError } from '../../core/errors.ts'

/** Thrown when a worker process ends before its world is disposed of; its nodes are gone. */
export class WorkerDiedError extends KeywardError {
  static override readonly name = 'WorkerDiedError'
  override readonly name = 'WorkerDiedError'
  readonly worker: number
  /** "code 1" or "SIGKILL". */
  readonly by: string
  constructor(worker: number, by: string, nodes: number, lastWords = '') {
    const words = lastWords === '' ? '' : `: ${lastWords}`
    super(`worker ${worker} with ${nodes} nodes ended by ${by}${words}`)
    this.worker = worker
    this.by = by
  }
}

/** An error as it crosses between processes: its class does not, its name and plain fields do. */
export interface PlainError {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly fields: Readonly<Record<string, unknown>>
}

export function plainError(err: unknown): PlainError {
  if (!(err instanceof Error)) return { name: 'Error', message: String(err), fields: {} }
  const fields: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(err)) {
    if (key !== 'name' && isPlain(value)) fields[key] = value
  }
  const { name, message, stack } = err
  return { name, message, fields, ...(stack != null && { stack }) }
}

/** An error to be compared by `name`, with the fields (`code`, `faults` …) that it had. */
export function errorFrom({ name, message, stack, fields }: PlainError): Error {
  const err = Object.assign(new Error(message), fields, { name })
  if (stack != null) err.stack = stack
  return err
}

const isPlain = (value: unknown): boolean =>
  ['string', 'number', 'bigint', 'boolean'].includes(typeof value) ||
  value instanceof Uint8Array ||
  (Array.isArray(value) && value.every(isPlain))
