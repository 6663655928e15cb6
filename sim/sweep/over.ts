/**
 * What a sweep varies, from its flags: `--over dht.alpha=3,5,10`, `--over network.clinics=
 * 1000..1000000*10`. Here is the syntax alone; whether a path exists and a value fits is the
 * scenario's shape to say (plan.ts).
 * @module
 */
import { SWEEP_AXIS_VALUES_MAX } from '../limits.ts'

export type AxisValue = string | number | boolean

/** One field of the scenario and the values that it takes, in the order given. */
export interface Axis {
  /** "network.clinics", "adversaries.0.share" */
  readonly path: string
  readonly values: readonly AxisValue[]
}

export interface ParsedOver {
  readonly axes: readonly Axis[]
  /** A line each: flag, what was expected, what stands there. */
  readonly faults: readonly string[]
}

const NUMBER = '-?\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?'
const RANGE = new RegExp(`^(${NUMBER})\\.\\.(${NUMBER})(?:([+*])(${NUMBER}))?$`)
const SCALAR = new RegExp(`^${NUMBER}$`)
const PATH = /^[A-Za-z][A-Za-z0-9]*(?:\.(?:[A-Za-z][A-Za-z0-9]*|\d{1,3}))*$/

/** Reads all flags, and tells all that is wrong with them. */
export function parseOver(flags: readonly string[]): ParsedOver {
  const axes: Axis[] = []
  const faults: string[] = []
  for (const flag of flags) {
    const equals = flag.indexOf('=')
    const path = flag.slice(0, Math.max(0, equals)).trim()
    if (equals < 0 || !PATH.test(path)) {
      faults.push(`--over ${flag}: expected path=values, such as dht.alpha=3,5,10`)
      continue
    }
    if (axes.some((axis) => axis.path === path)) {
      faults.push(`--over ${path}: expected each path once, got it twice`)
      continue
    }
    const values = new Set<AxisValue>()
    const say = (fault: string) => faults.push(`--over ${path}: ${fault}`)
    for (const item of flag.slice(equals + 1).split(',')) {
      for (const value of parseItem(item.trim(), say)) {
        if (values.has(value)) say(`expected each value once, got ${value} twice`)
        values.add(value)
      }
    }
    if (values.size > SWEEP_AXIS_VALUES_MAX) {
      say(`expected at most ${SWEEP_AXIS_VALUES_MAX} values, got ${values.size}`)
    }
    axes.push({ path, values: [...values] })
  }
  return { axes, faults }
}

function parseItem(item: string, say: (fault: string) => void): readonly AxisValue[] {
  if (item === '') {
    say('expected a value, got nothing')
    return []
  }
  if (item === 'true' || item === 'false') return [item === 'true']
  if (SCALAR.test(item)) return [Number(item)]
  if (!item.includes('..')) return [item]
  const range = RANGE.exec(item)
  if (range == null) {
    say(`expected a range such as 1..9+2 or 10..1000*10, got ${item}`)
    return []
  }
  const [from, to, by] = [Number(range[1]), Number(range[2]), Number(range[4] ?? 1)]
  return range[3] === '*' ? geometric(from, to, by, item, say) : linear(from, to, by, item, say)
}

/** From, from + step … up to and with `to`. */
function linear(from: number, to: number, step: number, item: string, say: (f: string) => void) {
  if (!(step > 0 && to >= from)) {
    say(`expected a range that grows by a step above 0, got ${item}`)
    return []
  }
  // a hair more, so that 0.1..0.3+0.1 has its end
  const count = Math.floor((to - from) / step + 1e-9) + 1
  if (!isBounded(count, item, say)) return []
  return Array.from({ length: count }, (_, i) => rounded(from + i * step))
}

/** From, from × factor … up to and with `to`; whole numbers between whole ends. */
function geometric(from: number, to: number, by: number, item: string, say: (f: string) => void) {
  if (!(from > 0 && by > 1 && to >= from)) {
    say(`expected a range from above 0 that grows by a factor above 1, got ${item}`)
    return []
  }
  const whole = Number.isInteger(from) && Number.isInteger(to)
  const values = new Set<number>()
  let steps = 0
  for (let value = from; value <= to * (1 + 1e-9); value *= by) {
    if (!isBounded(++steps, item, say)) return []
    values.add(whole ? Math.round(value) : rounded(value))
  }
  return [...values]
}

function isBounded(count: number, item: string, say: (fault: string) => void): boolean {
  if (count <= SWEEP_AXIS_VALUES_MAX) return true
  say(`expected at most ${SWEEP_AXIS_VALUES_MAX} values, got more by ${item}`)
  return false
}

/** Twelve digits: what was typed, without the noise of binary fractions. */
const rounded = (value: number): number => Number(value.toPrecision(12))
