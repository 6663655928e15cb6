/**
 * The one bridge from libp2p's loggers, which all of Keyward uses, to pino. Events of ours
 * (`keyward:*`) are info, errors error, traces trace; libp2p's own chatter is two levels quieter.
 * Nothing secret can pass: bytes are told by their length, fields with telling names are redacted,
 * and errors of classes that may quote their input are told without their message.
 * @module
 */
import type { ComponentLogger, Logger } from '@libp2p/interface'
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { type Level, pino } from 'pino'
import { errorText } from './api/error.ts'

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Where lines go: a stream's `write`. */
export interface LogSink {
  write(line: string): unknown
}

export interface LogInit {
  /** @default 'info' */
  readonly level?: LogLevel
  /** A file to append to. @default the sink */
  readonly file?: string
  /** @default process.stderr */
  readonly sink?: LogSink
  /** Lines for eyes instead of JSON. @default false */
  readonly text?: boolean
}

const SECRET_NAME = /secret|token|passphrase|password|authorization|seed|private|key$|share|plain/i
const REDACTED = '[redacted]'
const VALUE_MAX_CHARS = 1_024

/** Loggers for every part of a node. */
export function createLog(init: LogInit = {}): ComponentLogger {
  const sink =
    init.file == null
      ? (init.sink ?? process.stderr)
      : pino.destination({ dest: init.file, mode: 0o600, sync: true })
  const root = pino(
    {
      level: init.level ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) }
    },
    { write: (line: string) => sink.write(init.text === true ? textLine(line) : line) }
  )
  const make = (scope: string): Logger => {
    const ours = scope.startsWith('keyward')
    const to = (level: Level) =>
      root.isLevelEnabled(level)
        ? (format: unknown, ...args: unknown[]): void => {
            root[level]({ scope }, formatted(format, args))
          }
        : (): void => undefined
    return Object.assign(to(ours ? 'info' : 'debug'), {
      error: to(ours ? 'error' : 'debug'),
      trace: to('trace'),
      enabled: root.isLevelEnabled(ours ? 'info' : 'debug'),
      newScope: (name: string) => make(`${scope}:${name}`)
    })
  }
  return { forComponent: make }
}

/** libp2p's placeholders: %s %d %i %f %j %o %O, and %p %c %a %k %b %t %m %e of its own. */
function formatted(format: unknown, args: readonly unknown[]): string {
  let next = 0
  const text =
    typeof format === 'string'
      ? format.replace(/%([a-zA-Z%])/g, (whole, kind: string) => {
          if (kind === '%') return '%'
          return next < args.length ? told(kind, args[next++]) : whole
        })
      : told('o', format)
  const rest = args.slice(next).map((each) => told('o', each))
  return [text, ...rest].join(' ').slice(0, 4 * VALUE_MAX_CHARS)
}

/** A line must never stop whoever writes it: some objects of libp2p throw when they are read. */
function told(kind: string, value: unknown): string {
  try {
    return placed(kind, value)
  } catch {
    return '[cannot be told]'
  }
}

function placed(kind: string, value: unknown): string {
  if (value instanceof Uint8Array && kind === 'b') return base58btc.baseEncode(value)
  if (value instanceof Uint8Array && (kind === 't' || kind === 'm')) return base32.baseEncode(value)
  if (/[pcak]/.test(kind) && value != null && !(value instanceof Uint8Array)) return String(value)
  return tell(value)
}

function tell(value: unknown): string {
  if (value instanceof Error) return errorText(value)
  if (typeof value === 'object' && value !== null) {
    return (JSON.stringify(value, redacting) ?? '').slice(0, VALUE_MAX_CHARS)
  }
  return String(value).slice(0, VALUE_MAX_CHARS)
}

function redacting(name: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`
  if (value instanceof Error) return errorText(value)
  if (typeof value === 'bigint') return String(value)
  return SECRET_NAME.test(name) && value != null ? REDACTED : value
}

/** "12:03:59 info keyward:gate released …" */
function textLine(line: string): string {
  const { level, time, scope, msg } = JSON.parse(line) as Record<string, string>
  return `${time?.slice(11, 19)} ${level} ${scope} ${msg}\n`
}
