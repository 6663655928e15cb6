/**
 * What a command says and where: stdout carries data only, progress and notes go to stderr
 * (INTEROP.md §1.3). With --json both are JSON, one object or a line each; on a terminal progress is
 * one line that is written over, elsewhere a plain line a step.
 * @module
 */
import type { ErrorBody } from '../api/error.ts'
import type { VerbProgress } from '../verbs/verb.ts'
import type { Shell } from './shell.ts'
import { clean } from './table.ts'

export interface OutputInit {
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
}

const ERASE_LINE = '\r\u001b[K'

export class Output {
  readonly json: boolean
  readonly #quiet: boolean
  readonly #live: boolean
  readonly #shell: Shell
  #lastStep = ''
  #shown = false

  constructor(shell: Shell, init: OutputInit) {
    const { env, stderr } = shell
    this.#shell = shell
    this.json = init.json === true
    this.#quiet = init.quiet === true
    this.#live = stderr.isTTY === true && !env['CI'] && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  }

  /** The answer: an object, and its text for people. */
  data<T>(value: T, text: (value: T) => string): void {
    this.#clear()
    this.#shell.stdout.write(this.json ? `${JSON.stringify(value)}\n` : text(value))
  }

  /** Something to know that is no data and no error. */
  note(text: string): void {
    if (this.#quiet) return
    this.#clear()
    this.#shell.stderr.write(this.json ? `${JSON.stringify({ note: text })}\n` : `note: ${text}\n`)
  }

  /** How far a verb is. Silent with --json and --quiet. */
  progress(event: VerbProgress): void {
    if (this.#quiet || this.json) return
    if (this.#live) {
      this.#shell.stderr.write(`${ERASE_LINE}${progressText(event)}`)
      this.#shown = true
    } else if (event.step !== this.#lastStep) {
      this.#shell.stderr.write(`${progressText(event)}\n`)
    }
    this.#lastStep = event.step
  }

  /** `place` says where an error of no class of ours came from. */
  error(body: ErrorBody, place?: string): void {
    this.#clear()
    if (this.json) {
      this.#shell.stderr.write(`${JSON.stringify({ error: body })}\n`)
      return
    }
    const faults = (body.faults ?? []).map((fault) => `  ${clean(fault)}\n`).join('')
    const where = place == null ? '' : `  ${clean(place)}\n`
    this.#shell.stderr.write(`keyward: ${clean(body.message)}\n${faults}${where}`)
  }

  /** Takes a progress line off the screen. */
  #clear(): void {
    if (this.#shown) this.#shell.stderr.write(ERASE_LINE)
    this.#shown = false
  }
}

function progressText({ step, done, total, detail }: VerbProgress): string {
  const count = done == null ? '' : total == null ? ` ${done}` : ` ${done}/${total}`
  return clean(`${step}${count}${detail == null ? '' : ` ${detail}`}`).slice(0, 100)
}
