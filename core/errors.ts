/**
 * Every error class of Keyward: one per thing that a caller can act on (HOUSE.md, convention 13).
 * Compare by `name`; a refusal is not an error but a `Decision` (core/decide.ts).
 * @module
 */

/** The base of all; never thrown itself. */
export abstract class KeywardError extends Error {
  abstract override readonly name: string
}

/** Thrown when the caller's own arguments are wrong; the message names field, expected, got. */
export class InvalidParametersError extends KeywardError {
  static override readonly name = 'InvalidParametersError'
  override readonly name = 'InvalidParametersError'
}

/** Thrown when a record is not what it says it is (FHIR that is not valid, DICOM without DICM). */
export class InvalidRecordError extends KeywardError {
  static override readonly name = 'InvalidRecordError'
  override readonly name = 'InvalidRecordError'
  /** One line per fault: where, what was expected. Never content. */
  readonly faults: readonly string[]
  constructor(message: string, faults: readonly string[] = [], options?: ErrorOptions) {
    super(message, options)
    this.faults = faults
  }
}

/** Thrown when the configuration, or the folder it stands in, cannot be used. */
export class InvalidConfigError extends KeywardError {
  static override readonly name = 'InvalidConfigError'
  override readonly name = 'InvalidConfigError'
}

/** Thrown when another process owns the folder. */
export class RepoLockedError extends KeywardError {
  static override readonly name = 'RepoLockedError'
  override readonly name = 'RepoLockedError'
}

/** Thrown when a folder has not been initialised. */
export class NotInitialisedError extends KeywardError {
  static override readonly name = 'NotInitialisedError'
  override readonly name = 'NotInitialisedError'
}

/** Thrown when the daemon of this folder stops answering, or turns a caller away. */
export class DaemonUnavailableError extends KeywardError {
  static override readonly name = 'DaemonUnavailableError'
  override readonly name = 'DaemonUnavailableError'
}

/** Thrown when bytes from a peer, a chain or a disk are not what the format says. */
export class InvalidMessageError extends KeywardError {
  static override readonly name = 'InvalidMessageError'
  override readonly name = 'InvalidMessageError'
}

/** Thrown when a signature does not verify. */
export class InvalidSignatureError extends KeywardError {
  static override readonly name = 'InvalidSignatureError'
  override readonly name = 'InvalidSignatureError'
}

/** Thrown when a peer cannot be reached, or stops answering in mid-exchange. */
export class PeerUnavailableError extends KeywardError {
  static override readonly name = 'PeerUnavailableError'
  override readonly name = 'PeerUnavailableError'
}

/** Thrown when a peer says that we ask too often; `retryMs` says when to come back. */
export class RateLimitedError extends KeywardError {
  static override readonly name = 'RateLimitedError'
  override readonly name = 'RateLimitedError'
  readonly retryMs: number
  constructor(retryMs: number, options?: ErrorOptions) {
    super(`rate limited, retry in ${retryMs} ms`, options)
    this.retryMs = retryMs
  }
}

/** Thrown when a custodian gave a share that does not match its commitment. */
export class BadShareError extends KeywardError {
  static override readonly name = 'BadShareError'
  override readonly name = 'BadShareError'
  readonly peer: string
  readonly idx: number
  constructor(peer: string, idx: number, options?: ErrorOptions) {
    super(`custodian ${peer} gave a share ${idx} that does not match its commitment`, options)
    this.peer = peer
    this.idx = idx
  }
}

/** Thrown when a custodian refuses its share. `code` is what it told us (a wire code). */
export class AccessDeniedError extends KeywardError {
  static override readonly name = 'AccessDeniedError'
  override readonly name = 'AccessDeniedError'
  readonly code: number
  constructor(code: number, options?: ErrorOptions) {
    super(`access denied: ${code}`, options)
    this.code = code
  }
}

/** Thrown when fewer than t custodians gave a good share. */
export class NotEnoughSharesError extends KeywardError {
  static override readonly name = 'NotEnoughSharesError'
  override readonly name = 'NotEnoughSharesError'
  readonly got: number
  readonly needed: number
  constructor(got: number, needed: number, options?: ErrorOptions) {
    super(`shares expected ${needed}, got ${got}`, options)
    this.got = got
    this.needed = needed
  }
}

/** Thrown when a record, wish or grant of one's own is not known here. */
export class RecordNotFoundError extends KeywardError {
  static override readonly name = 'RecordNotFoundError'
  override readonly name = 'RecordNotFoundError'
}

/** Thrown when no reachable peer has (or may give) the blocks of a CID. */
export class ContentNotFoundError extends KeywardError {
  static override readonly name = 'ContentNotFoundError'
  override readonly name = 'ContentNotFoundError'
}

/** Thrown when this node holds no such share. */
export class ShareNotFoundError extends KeywardError {
  static override readonly name = 'ShareNotFoundError'
  override readonly name = 'ShareNotFoundError'
}

/** Thrown when anything sealed does not open: one class without detail, on purpose. */
export class DecryptionFailedError extends KeywardError {
  static override readonly name = 'DecryptionFailedError'
  override readonly name = 'DecryptionFailedError'
  constructor(options?: ErrorOptions) {
    super('decryption failed', options)
  }
}

/** Thrown when the chain does not answer, or its endpoints do not agree. */
export class ChainUnavailableError extends KeywardError {
  static override readonly name = 'ChainUnavailableError'
  override readonly name = 'ChainUnavailableError'
}

/** Thrown when a transaction was refused or reverted. */
export class TransactionFailedError extends KeywardError {
  static override readonly name = 'TransactionFailedError'
  override readonly name = 'TransactionFailedError'
  readonly txHash: string | undefined
  constructor(message: string, txHash?: string, options?: ErrorOptions) {
    super(message, options)
    this.txHash = txHash
  }
}

/** Thrown when a header or a storage proof does not verify. */
export class InvalidProofError extends KeywardError {
  static override readonly name = 'InvalidProofError'
  override readonly name = 'InvalidProofError'
}

/** Thrown when the disk has no room, or a store's own bound is reached. Nothing was stored. */
export class StoreFullError extends KeywardError {
  static override readonly name = 'StoreFullError'
  override readonly name = 'StoreFullError'
}

/** Thrown when a file of ours is damaged in a way that recovery must not hide. */
export class StoreCorruptError extends KeywardError {
  static override readonly name = 'StoreCorruptError'
  override readonly name = 'StoreCorruptError'
}
