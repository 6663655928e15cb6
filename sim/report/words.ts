/**
 * Numbers and figure names as people read them. No locale: a report has the same bytes everywhere.
 * @module
 */
import { exactLog } from '../exact-math.ts'

/** 4 significant digits at most, thousands apart: 1,236 · 0.9873 · 1.2 × 10⁻⁷ · "none" for NaN. */
export function number(value: number): string {
  if (Number.isNaN(value)) return 'none'
  if (!Number.isFinite(value)) return value > 0 ? 'unbounded' : '-unbounded'
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 1e15 || size < 1e-4) return scientific(value)
  if (size >= 1_000)
    return grouped(value.toFixed(size < 10_000 && !Number.isInteger(value) ? 1 : 0))
  return trimmed(value.toPrecision(4))
}

function scientific(value: number): string {
  const [digits = '', exponent = ''] = value.toExponential(2).split('e')
  const raised = exponent
    .replace('+', '')
    .replace(/[-0-9]/g, (c) => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(c)] ?? '')
  const factor = trimmed(digits)
  return factor === '1' ? `10${raised}` : `${factor} × 10${raised}`
}

/** Digits in threes, by comma. */
export const grouped = (text: string): string => {
  const [whole = '', fraction] = text.split('.')
  const out = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction == null || /^0*$/.test(fraction) ? out : `${out}.${fraction}`
}

const trimmed = (text: string): string =>
  text.replace(/(\.\d*?)0+($|e)/, '$1$2').replace(/\.($|e)/, '$1')

/** "812 ms", "1.3 s", "4.2 min". */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return number(ms)
  if (ms < 0) return `-${duration(-ms)}`
  if (ms < 1_000) return `${number(ms)} ms`
  if (ms < 180_000) return `${number(ms / 1_000)} s`
  return ms < 36_000_000 ? `${number(ms / 60_000)} min` : `${number(ms / 3_600_000)} h`
}

/** "4.1 kB", "1.2 GB": powers of 1,000, as on the axes. */
export function bytes(value: number): string {
  if (value < 0) return `-${bytes(-value)}`
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let size = value
  let unit = 0
  for (; size >= 1_000 && unit < units.length - 1; unit++) size /= 1_000
  return `${number(size)} ${units[unit]}`
}

/** Per cent, with as many digits as tell it apart from 0 and 100. */
export function share(value: number): string {
  if (!Number.isFinite(value)) return number(value)
  const rest = Math.min(Math.abs(value), Math.abs(1 - value))
  const digits = rest === 0 ? 0 : rest >= 0.1 ? 1 : rest >= 0.001 ? 2 : rest >= 1e-4 ? 3 : 5
  const text = trimmed((value * 100).toFixed(digits))
  return rest > 0 && rest < 1e-7 ? `${number(value * 100)} %` : `${text} %`
}

/** A value in the unit of its column. */
export function withUnit(value: number, unit: string): string {
  if (Number.isNaN(value)) return 'none'
  if (unit === 'ms') return duration(value)
  if (unit === 's') return duration(value * 1_000)
  if (unit === 'bytes') return bytes(value)
  if (unit === 'bytes/s') return `${bytes(value)}/s`
  if (unit === 'share') return share(value)
  return unit === 'gas' ? `${number(value)} gas` : number(value)
}

/** "293.5 – 321.6 ms": the unit once where both have the same. */
export function rangeInWords(low: number, high: number, unit: string): string {
  const [from, until] = [withUnit(low, unit), withUnit(high, unit)]
  const cut = from.lastIndexOf(' ')
  const bare = cut > 0 && until.endsWith(from.slice(cut)) ? from.slice(0, cut) : from
  return `${bare} – ${until}`
}

const STATISTICS: Readonly<Record<string, string>> = {
  mean: 'mean',
  p50: 'median',
  p90: '90th percentile',
  p95: '95th percentile',
  p99: '99th percentile',
  max: 'maximum',
  share: 'share',
  count: 'count',
  gini: 'Gini coefficient',
  maxOverMean: 'heaviest over mean'
}
const QUANTITIES: Readonly<Record<string, string>> = {
  latencyMs: 'latency',
  keyMs: 'time to key',
  requests: 'DHT requests',
  hops: 'hops',
  messages: 'messages',
  bytes: 'bytes',
  found: 'share found',
  gas: 'gas',
  ok: 'success',
  windowMs: 'revocation window',
  sentBytes: 'bytes sent',
  receivedBytes: 'bytes received',
  sentBytesPerSecond: 'bytes sent per second',
  tableSize: 'routing table size',
  load: 'load'
}

/** "retrieve.keyMs.p95" as "time to key of retrieve, 95th percentile". */
export function figureInWords(name: string): string {
  const parts = name.split('.')
  const statistic = parts.length > 1 ? STATISTICS[parts.at(-1) as string] : undefined
  if (statistic == null) return spaced(name)
  const [subject = '', ...rest] = parts.slice(0, -1)
  if (subject === 'load') return `load over nodes, ${statistic}`
  if (name.endsWith('.ok.share')) return `success rate of ${subject}`
  const quantity = rest.map((part) => QUANTITIES[part] ?? spaced(part)).join(' ')
  const of =
    quantity === '' || subject === 'revocations'
      ? quantity || spaced(subject)
      : `${quantity} of ${subject === 'nodes' ? 'a node' : spaced(subject)}`
  return `${of}, ${statistic}`
}

/** The unit of a figure, from its name. */
export function figureUnit(name: string): string {
  const parts = name.split('.')
  const last = parts.at(-1) as string
  if (last === 'share' || last === 'gini') return last === 'share' ? 'share' : ''
  if (last === 'count' || last === 'maxOverMean') return 'count'
  const quantity = parts.length > 1 ? (parts.at(-2) as string) : last
  if (/PerSecond$/.test(quantity)) return /Bytes/.test(quantity) ? 'bytes/s' : ''
  if (/Ms$/.test(quantity)) return 'ms'
  if (/Seconds$/.test(quantity)) return 's'
  if (/[bB]ytes$/.test(quantity)) return 'bytes'
  if (quantity === 'gas') return 'gas'
  return /^found$|Share$|^availability$|^disclosure$/.test(quantity) ? 'share' : ''
}

/** "joinSeconds" as "join seconds". */
export const spaced = (name: string): string =>
  name.replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`)

/** log10 by the four operations alone, so that a plot has the same bytes on every machine. */
export const log10 = (x: number): number => exactLog(x) / Math.LN10

/** With a capital, as a title begins. */
export const title = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)
