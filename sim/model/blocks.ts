/**
 * Ciphertext on its way: a record's blocks in order over one stream, or asked for one by one by
 * bitswap (ARCHITECTURE.md §8). A provider that gives nothing costs BLOCK_WAIT_MS.
 * @module
 */
import { BLOCK_WAIT_MS } from '../../core/limits.ts'
import { blocksOf, bytes, CONTAINER_OVERHEAD } from './costs.ts'
import type { Domain } from './domain.ts'
import { type Process, ticks } from './process.ts'
import type { Meter } from './traffic.ts'

/** bitswap moves 0.42 of what a raw stream moves (PERFORMANCE.md §2.3: 52–55 against 122–134). */
const BITSWAP_SLOWER = 2.4
const WANT_BYTES = 90
/** bitswap asks further peers than those that have it (PERFORMANCE.md §2.3, `unixfs.cat()`). */
const WANT_HAVES = 3

/** All blocks of a record from one provider to `to`; whether they came. */
export function* fetchBlocks(
  domain: Domain,
  meter: Meter,
  provider: number,
  to: number,
  recordBytes: number
): Process<boolean> {
  const { traffic, processes, costs, scenario } = domain
  if (provider === to) return true
  const { state, connection } = yield* traffic.reach(meter, to, provider, 'blocks')
  if (state === 'away') return false
  const frames = blocksOf(recordBytes)
  const size = recordBytes * CONTAINER_OVERHEAD + frames * bytes.blockFrame
  const bitswap = scenario.records.exchange === 'bitswap'
  const cpuMs = (size / costs.cipherBytesPerMs) * (bitswap ? BITSWAP_SLOWER : 1)
  if (bitswap) {
    for (let i = 0; i < WANT_HAVES; i++) traffic.count(meter, to, provider, WANT_BYTES, 'blocks')
    for (let i = 0; i < frames; i++) traffic.count(meter, to, provider, WANT_BYTES, 'blocks')
    // the root first, then what it links to
    const rounds = frames > 1 ? 2 : 1
    for (let i = 0; i < rounds; i++) {
      if (!(yield* traffic.hop(meter, to, provider, WANT_BYTES, 'blocks', connection))) return false
      if (!(yield* traffic.hop(meter, provider, to, WANT_BYTES, 'blocks', connection))) return false
    }
  } else if (
    !(yield* traffic.hop(meter, to, provider, bytes.blocksRequest, 'blocks', connection))
  ) {
    return false
  }
  if (domain.withholds(provider)) {
    yield* processes.sleep(ticks(BLOCK_WAIT_MS))
    return false
  }
  yield* traffic.work(provider, cpuMs)
  // the stream's last frame says how many there were
  const last = bitswap ? 0 : 1
  const arrived = yield* traffic.stream(
    meter,
    provider,
    to,
    frames + last,
    size + last * bytes.blocksEnd,
    'blocks',
    connection
  )
  if (!arrived) return false
  yield* traffic.work(to, cpuMs)
  return true
}
