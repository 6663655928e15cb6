/**
 * The distributions of what operations took: hops, requests, messages, bytes, time, time to key.
 * @module
 */
import { TIME_MARKS, timeLabel } from '../axes.ts'
import { bytes, duration, number } from '../words.ts'
import { cdfPlot } from './cdf.ts'

export const hops = cdfPlot({
  id: 'hops',
  title: 'Hops of a lookup',
  column: 'hops',
  axis: 'hops (answers in a chain)',
  ok: true,
  tick: number,
  say: number
})

export const requests = cdfPlot({
  id: 'requests',
  title: 'DHT requests an operation',
  column: 'requests',
  axis: 'DHT requests sent (count)',
  tick: number,
  say: number
})

export const messages = cdfPlot({
  id: 'messages',
  title: 'Messages an operation',
  column: 'messages',
  axis: 'messages of all kinds, answers included (count)',
  tick: number,
  say: number
})

export const transfer = cdfPlot({
  id: 'bytes',
  title: 'Bytes an operation',
  column: 'bytes',
  axis: 'bytes sent and received (B, kB or MB; logarithmic)',
  logarithmic: true,
  tick: bytes,
  say: bytes
})

export const latency = cdfPlot({
  id: 'latency',
  title: 'Latency of successful operations',
  column: 'latencyMs',
  axis: 'latency (ms, s, min; logarithmic)',
  logarithmic: true,
  ok: true,
  marks: TIME_MARKS,
  tick: timeLabel,
  say: duration
})

export const timeToKey = cdfPlot({
  id: 'time-to-key',
  title: 'Time from request to key',
  column: 'keyMs',
  axis: 'time to key (ms, s, min; logarithmic)',
  logarithmic: true,
  ok: true,
  kinds: ['retrieve', 'emergency'],
  marks: TIME_MARKS,
  tick: timeLabel,
  say: duration
})
