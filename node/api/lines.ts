/**
 * Splits a byte stream into lines, each bounded.
 * @module
 */
import { InvalidMessageError } from '../../core/errors.ts'

/** @throws InvalidMessageError if a line is longer than `maxBytes` */
export async function* lines(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number
): AsyncGenerator<string> {
  let parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of source) {
    let from = 0
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, at))
      yield Buffer.concat(parts).toString('utf8')
      parts = []
      length = 0
      from = at + 1
    }
    parts.push(chunk.subarray(from))
    length += chunk.byteLength - from
    if (length > maxBytes) throw new InvalidMessageError(`line expected at most ${maxBytes} bytes`)
  }
  if (length > 0) yield Buffer.concat(parts).toString('utf8')
}
