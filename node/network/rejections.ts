/**
 * Keeps the process alive through two faults of libp2p that would end it: a `drain` on a closing
 * stream throws where nobody listens (js-libp2p #3415), and a TimeoutError of a dial that nobody
 * awaits (P2P.md §5). They are logged and counted. Anything else ends the process as it would
 * without us: a fault that we do not know must not be survived.
 * @module
 */

/** The part of `process` that is used. */
export interface FaultSource {
  on(event: 'unhandledRejection' | 'uncaughtException', listener: (err: unknown) => void): unknown
  off(event: 'unhandledRejection' | 'uncaughtException', listener: (err: unknown) => void): unknown
}

export interface RejectionsInit {
  /** @default the process itself */
  readonly source?: FaultSource
  /** Called for each fault that was survived; no longer than its name is of interest. */
  readonly onKnown: (fault: { readonly name: string; readonly count: number }) => void
  /** Ends the process. @default prints the error and exits with code 1 */
  readonly crash?: (err: unknown) => void
}

export interface Rejections {
  /** Faults survived so far. */
  readonly count: number
  remove(): void
}

const STREAM_ERRORS = new Set([
  'StreamClosedError',
  'StreamClosingError',
  'StreamResetError',
  'StreamStateError',
  'StreamAbortedError'
])
const LIBRARY = /[\\/]node_modules[\\/](@libp2p|libp2p|@chainsafe|@helia|helia)[\\/]/
const OURS = /[\\/](core|protocols|node|sim)[\\/][^\n]*\.ts\b/

/** Is this one of the faults of libp2p that nobody can catch? */
export function isKnownFault(err: unknown): err is Error {
  if (!(err instanceof Error)) return false
  const frames = (err.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  if (frames.some((frame) => OURS.test(frame) && !/node_modules/.test(frame))) return false
  if (err.name === 'TimeoutError') return true
  return STREAM_ERRORS.has(err.name) && frames.some((frame) => LIBRARY.test(frame))
}

export function surviveKnownRejections(init: RejectionsInit): Rejections {
  const source = init.source ?? process
  const crash = init.crash ?? exit
  let count = 0
  const listener = (err: unknown): void => {
    if (!isKnownFault(err)) {
      crash(err)
      return
    }
    count++
    init.onKnown({ name: err.name, count })
  }
  source.on('unhandledRejection', listener)
  source.on('uncaughtException', listener)
  return {
    get count() {
      return count
    },
    remove() {
      source.off('unhandledRejection', listener)
      source.off('uncaughtException', listener)
    }
  }
}

function exit(err: unknown): void {
  process.stderr.write(`${err instanceof Error ? (err.stack ?? err.message) : String(err)}\n`)
  process.exit(1)
}
