/**
 * A sweep in a process of its own, whose point never yields: `parent-process.ts FOLDER FILE`.
 * @module
 */
import { join } from 'node:path'
import { runSweep } from '../../../sim/sweep/sweep.ts'
import { smallPlan, smallScenario, sweepInit } from './fixtures.ts'

const [folder = '', file = ''] = process.argv.slice(2)
const scenario = smallScenario({
  network: { clinics: 20, latency: { model: 'king', file } },
  dht: { refreshSeconds: 4 }
})
const plan = await smallPlan({ scenario, over: ['dht.alpha=3'] })
await runSweep(sweepInit(join(folder, 'out'), plan, { slots: 1 }))
