/**
 * What can go wrong with a sweep that its caller can act on.
 * @module
 */
import { KeywardError } from '../../core/errors.ts'

/** Thrown when the run of a point ended by an error; another try would end the same way. */
export class PointFailedError extends KeywardError {
  static override readonly name = 'PointFailedError'
  override readonly name = 'PointFailedError'
  /** By the run itself, whose process goes on; otherwise nothing is known of the process. */
  readonly told: boolean
  constructor(message: string, options: ErrorOptions & { readonly told?: boolean } = {}) {
    super(message, options)
    this.told = options.told ?? false
  }
}

/** Thrown when the process of a point was gone before its result: killed, or out of memory. */
export class PointCrashedError extends KeywardError {
  static override readonly name = 'PointCrashedError'
  override readonly name = 'PointCrashedError'
}

/** Thrown when processes for points cannot even start on this machine. */
export class SlotBrokenError extends KeywardError {
  static override readonly name = 'SlotBrokenError'
  override readonly name = 'SlotBrokenError'
}

/** Thrown when Redis is not there, or turns us away. Says where (never a password) and what to do. */
export class QueueUnavailableError extends KeywardError {
  static override readonly name = 'QueueUnavailableError'
  override readonly name = 'QueueUnavailableError'
}

/** Thrown by a worker whose source is not the sweep's: mixed results would be worth nothing. */
export class MixedVersionsError extends KeywardError {
  static override readonly name = 'MixedVersionsError'
  override readonly name = 'MixedVersionsError'
}
