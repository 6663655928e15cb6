/**
 * `keyward demo`: the main job on real records with real processes, from an empty folder to the
 * refusal after the revocation, told as it goes. Its summary, or one JSON object, says what was
 * seen; nothing in it is taken on faith: hashes are made from the files, receipts are verified
 * offline, and plaintext is searched everywhere.
 * @module
 */
import { resolve } from 'node:path'
import { InvalidParametersError } from '../../core/errors.ts'
import { CUSTODIANS_MAX, THRESHOLD_MIN } from '../../core/limits.ts'
import { Exit } from '../api/error.ts'
import type { DemoResult } from './result.ts'
import { onStage, SAMPLES, type TellOptions } from './stage.ts'
import { playStory } from './story.ts'
import { summary } from './summary.ts'

export interface DemoOptions extends TellOptions {
  /** Files of the caller's, beside the samples. */
  readonly records?: readonly string[]
  /** @default 5 */
  readonly custodians?: number
  /** @default 3 */
  readonly threshold?: number
  /** Custodians that are killed before the release. @default 0 */
  readonly kill?: number
  /** Custodians that give a corrupt share. @default 0 */
  readonly lie?: number
}

/** Exit code: 0 when everything that was promised was seen. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const plan = planOf(options)
  const records = [...SAMPLES, ...(options.records ?? []).map((path) => resolve(path))]
  const staged = await onStage(records, options, (network) =>
    playStory(network, { ...plan, records }, options)
  )
  const { leaks, elapsedMs } = staged
  const result: DemoResult = {
    ...staged.result,
    ok: staged.result.ok && leaks.places.length === 0,
    elapsedMs,
    leaks: leaks.places.length
  }
  const { json, stdout, keep } = options
  stdout.write(json ? `${JSON.stringify(result)}\n` : summary(result, leaks, keep))
  return result.ok ? Exit.Done : Exit.NotVerified
}

function planOf({ custodians = 5, threshold = 3, kill = 0, lie = 0 }: DemoOptions) {
  const whole = (name: string, value: number, min: number, max: number): void => {
    if (Number.isSafeInteger(value) && value >= min && value <= max) return
    throw new InvalidParametersError(`"${name}" expected ${min}..${max}, got ${value}`)
  }
  whole('custodians', custodians, THRESHOLD_MIN, CUSTODIANS_MAX)
  whole('threshold', threshold, THRESHOLD_MIN, custodians)
  whole('kill', kill, 0, custodians - threshold)
  whole('lie', lie, 0, custodians - threshold - kill)
  return { custodians, threshold, kill, lie }
}
