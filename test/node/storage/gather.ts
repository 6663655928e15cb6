/**
 * Reading streams to their end, for tests.
 * @module
 */
/** Everything that an iterable gives. */
export async function gather<T>(source: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const out: T[] = []
  for await (const each of source) out.push(each)
  return out
}

/** All bytes of a stream. */
export const bytesOf = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> =>
  Buffer.concat(await gather(source))
