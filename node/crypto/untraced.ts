/**
 * Calls into node:crypto without the cost of its exceptions: given a key as bytes or as options, it
 * finds out by throwing, up to several times a call, that this is no KeyObject, and taking their
 * stack traces costs as much as X25519. Nobody ever sees those errors.
 * @module
 */

/** The same function; errors that come out of it have no stack. It must not wait for anything. */
export function untraced<A extends readonly unknown[], T>(
  act: (...args: A) => T
): (...args: A) => T {
  return (...args) => {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    try {
      return act(...args)
    } finally {
      Error.stackTraceLimit = stackTraceLimit
    }
  }
}
