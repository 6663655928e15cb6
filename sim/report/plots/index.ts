/**
 * All plots of a run's report, in the order in which they are shown.
 * @module
 */

import { disclosure } from './disclosure.ts'
import { load } from './lorenz.ts'
import { hops, latency, messages, requests, timeToKey, transfer } from './operations.ts'
import type { Plot } from './plot.ts'
import { revocation } from './revocation.ts'
import { success } from './success.ts'
import { timeline } from './timeline.ts'
import { traffic } from './traffic.ts'

export const plots: readonly Plot[] = [
  timeToKey,
  latency,
  success,
  hops,
  requests,
  messages,
  transfer,
  traffic,
  load,
  revocation,
  disclosure,
  timeline
]
