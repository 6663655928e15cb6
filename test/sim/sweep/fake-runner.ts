/**
 * What runs points in tests: an engine without a network, whose requests grow by log10 of the
 * clinics. What is to go wrong is told by fields that the fake does not need otherwise:
 * `dht.refreshSeconds` 1 crashes while a file named by `network.latency.file` is shorter than
 * `dht.selfQuerySeconds` bytes, 2 throws, 3 waits until it is stopped, 4 says its pid there and never yields.
 * @module
 */
import { appendFileSync, statSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { type Engine, OPERATION_COLUMNS, type RunResult } from '../../../sim/engine.ts'
import { Rng } from '../../../sim/random.ts'
import { measure } from '../../../sim/sweep/measure.ts'
import type { RunPoint } from '../../../sim/sweep/point-process.ts'
import type { Table } from '../../../sim/table.ts'

const OPERATIONS = 20

const fakeEngine: Engine = {
  name: 'model',
  async run({ dht, network, durationSeconds }, { seed, signal, progress }) {
    progress({ step: 'running', done: 0, total: 1 })
    const file = network.latency.model === 'king' ? network.latency.file : undefined
    if (dht.refreshSeconds === 1 && file != null) {
      appendFileSync(file, 'x')
      if (statSync(file).size < dht.selfQuerySeconds) process.kill(process.pid, 'SIGKILL')
    }
    if (dht.refreshSeconds === 2) throw new TypeError('no such network')
    if (dht.refreshSeconds === 3) await setTimeout(60_000, undefined, { signal })
    if (dht.refreshSeconds === 4) {
      if (file != null) appendFileSync(file, `${process.pid}\n`)
      for (;;);
    }
    // a point's work in milliseconds
    if (dht.timeoutMs < 1_000) await setTimeout(dht.timeoutMs, undefined, { signal })
    return fakeResult(network.clinics, new Rng(seed, 'fake'), durationSeconds)
  }
}

function fakeResult(clinics: number, rng: Rng, seconds: number): RunResult {
  const growth = String(clinics).length
  const columns = OPERATION_COLUMNS.map(([name, unit]) => ({
    name,
    unit,
    values:
      name === 'kind' || name === 'reason'
        ? Array.from({ length: OPERATIONS }, () => (name === 'kind' ? 'lookup' : ''))
        : Float64Array.from({ length: OPERATIONS }, () =>
            name === 'ok' ? 1 : name === 'requests' ? growth * 10 + rng.below(3) : 1
          )
  }))
  const empty = (name: string): Table => ({ name, rows: 0, columns: [] })
  return {
    operations: { name: 'operations', rows: OPERATIONS, columns },
    nodes: empty('nodes'),
    series: empty('series'),
    more: [],
    checks: [{ name: 'no-share-without-grant', checked: OPERATIONS, violations: 0 }],
    trace: [],
    facts: { durationSeconds: seconds, rssBytes: 1_000_000 }
  }
}

export const runPoint: RunPoint = (point, options) => measure(fakeEngine, point, options)
