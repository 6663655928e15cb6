/**
 * Exit codes by class, and which messages leave the process.
 * @module
 */
import { describe, expect, it } from 'vitest'
import * as errors from '../../../core/errors.ts'
import { errorBody, errorText, exitOf } from '../../../node/api/error.ts'

const denied = new errors.AccessDeniedError(400)
const aborted = new DOMException('interrupted', 'AbortError')

const cases: readonly [string, unknown, number][] = [
  ['wrong arguments', new errors.InvalidParametersError('x'), 2],
  ['no folder', new errors.NotInitialisedError('x'), 3],
  ['no daemon', new errors.DaemonUnavailableError('x'), 4],
  ['a refusal', denied, 5],
  ['too few shares by refusals', new errors.NotEnoughSharesError(1, 2, { cause: denied }), 5],
  [
    'too few shares, one refused',
    new errors.NotEnoughSharesError(1, 2, { cause: new AggregateError([new Error('x'), denied]) }),
    5
  ],
  ['too few shares by absence', new errors.NotEnoughSharesError(1, 2), 1],
  ['an unknown record of one’s own', new errors.RecordNotFoundError('x'), 6],
  ['a damaged file', new errors.StoreCorruptError('x'), 7],
  ['a false signature', new errors.InvalidSignatureError('x'), 7],
  ['a false proof', new errors.InvalidProofError('x'), 7],
  ['a box that does not open', new errors.DecryptionFailedError(), 7],
  ['a wrong share', new errors.BadShareError('peer', 1), 7],
  ['an interruption', aborted, 130],
  ['a wrong configuration', new errors.InvalidConfigError('x'), 1],
  ['a locked folder', new errors.RepoLockedError('x'), 1],
  ['a chain out of reach', new errors.ChainUnavailableError('x'), 1],
  [
    'content out of reach, so that it tells nothing of existence',
    new errors.ContentNotFoundError('x'),
    1
  ],
  ['a bug', new TypeError('x'), 1],
  ['anything', 'x', 1]
]

describe('exit code', () => {
  it.each(cases)('of %s', (_what, err, exit) => {
    expect(exitOf(err)).toBe(exit)
  })

  it('ends at causes that run in a circle', () => {
    const err = new errors.NotEnoughSharesError(1, 2)
    err.cause = err

    expect(exitOf(err)).toBe(1)
  })
})

describe('error in JSON', () => {
  it('tells of files by name and code', () => {
    const missing = Object.assign(new Error('ENOENT: no such file, open /x'), {
      code: 'ENOENT',
      syscall: 'open'
    })

    expect(errorBody(missing)).toEqual({
      name: 'Error',
      message: missing.message,
      code: 'ENOENT',
      exit: 1
    })
  })

  it('tells nothing of what may quote content', () => {
    expect(JSON.stringify(errorBody(new SyntaxError('Ada Lovelace')))).not.toContain('Ada')
    expect(errorText(new Error('Ada Lovelace', { cause: denied }))).not.toContain('Ada')
    expect(errorText(new Error('Ada Lovelace', { cause: denied }))).toContain('access denied: 400')
  })
})
