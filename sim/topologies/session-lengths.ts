/**
 * Measured session lengths: a file of seconds, one a line; lines that begin with # are notes.
 * @module
 */
import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { fileFault, InvalidScenarioError } from '../scenario/faults.ts'
import type { SessionModel } from '../scenario/shape.ts'
import { type Sessions, sessionsOf } from '../sessions.ts'
import { openedFrom } from './opened.ts'

const LENGTH_MAX_SECONDS = 400_000_000
/** Faults that are told; a file of another format is wrong in every line. */
const FAULTS_MAX = 10

/**
 * A scenario's sessions, with the file that they may name below `baseFolder`.
 * @throws InvalidScenarioError naming the file and each wrong line
 */
export function sessionsFrom(model: SessionModel, baseFolder = '.'): Sessions | undefined {
  if (model.model !== 'measured' || model.file == null) return sessionsOf(model)
  const { file } = model
  const path = isAbsolute(file) ? file : join(baseFolder, file)
  const text = openedFrom('churn.file', file, () => readFileSync(path, 'utf8'))
  return sessionsOf(model, lengthsIn(text, file))
}

export function lengthsIn(text: string, file: string): number[] {
  const faults: string[] = []
  const lengths: number[] = []
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const length = Number(line)
    if (length > 0 && length <= LENGTH_MAX_SECONDS) lengths.push(length)
    else faults.push(fileFault(file, i + 1, 'a session’s length in s', line))
  }
  if (lengths.length === 0 && faults.length === 0) {
    faults.push(fileFault(file, 1, 'session lengths in s, one a line', ''))
  }
  if (faults.length > 0) {
    throw new InvalidScenarioError(`${file} has no session lengths`, faults.slice(0, FAULTS_MAX))
  }
  return lengths
}
