/**
 * A worker in a process of its own, with the fake engine: tells its parent what it does, and stops
 * when its parent says so.
 * @module
 */
import { parseQueueAddress } from '../../../../sim/sweep/queue/address.ts'
import { runQueueWorker } from '../../../../sim/sweep/queue/worker.ts'
import { BUILD, FAKE_RUNNER } from '../fixtures.ts'

const [url = '', name = '', once = ''] = process.argv.slice(2)
const stop = new AbortController()
process.on('message', () => stop.abort())
process.on('disconnect', () => process.exit(1))
const outcome = await runQueueWorker({
  address: parseQueueAddress(url),
  name,
  source: BUILD,
  runner: FAKE_RUNNER,
  slots: 1,
  once: once === 'once',
  signal: stop.signal,
  tell: (what, id) => process.send?.({ what, id }),
  // shorter than outside, for nobody wants to wait; the rules are the same
  lockMs: 1_500,
  stalledEveryMs: 300
})
process.send?.({ outcome }, () => process.exit(0))
