/**
 * What a plot is to the report: an id, and a figure of a run or nothing, where the run has not what
 * it shows.
 * @module
 */
import type { StoredRun } from '../../results/run.ts'
import type { Figure } from '../figure.ts'

export interface Plot {
  readonly id: string
  draw(run: StoredRun): Figure | undefined
}
