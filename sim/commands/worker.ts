/**
 * `keyward sim worker`: takes points from a queue until Ctrl-C, or with --once until none is left. On
 * any number of machines, all with the same source.
 * @module
 */
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { number } from '../report/words.ts'
import { thisSource } from '../sweep/build.ts'
import { parseQueueAddress } from '../sweep/queue/address.ts'
import { runQueueWorker } from '../sweep/queue/worker.ts'
import { type SimCall, SimExit } from './call.ts'

export async function worker({ shell, out, flags }: SimCall): Promise<number> {
  const jobs = flags['jobs'] === undefined ? availableParallelism() : Number(flags['jobs'])
  const outcome = await runQueueWorker({
    address: parseQueueAddress(String(flags['queue']), shell.env['KEYWARD_QUEUE_PASSWORD']),
    name: String(flags['name']),
    slots: Math.max(1, jobs),
    baseFolder: resolve(shell.cwd, String(flags['files'] ?? '.')),
    source: await thisSource(),
    once: flags['once'] === true,
    signal: shell.signal,
    tell: (what, id) => out.note(id === '' ? what : `${what} point ${id}`)
  })
  out.data(outcome, ({ done, failed }) => `${number(done)} points done, ${number(failed)} failed\n`)
  // a point that failed is the sweep's to tell
  return SimExit.AsExpected
}
