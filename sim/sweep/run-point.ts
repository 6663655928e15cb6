/**
 * What runs points outside of tests: the engine that the point names, in this process.
 * @module
 */
import { loadEngine } from '../main.ts'
import { measure } from './measure.ts'
import type { RunPoint } from './point-process.ts'

export const runPoint: RunPoint = async (point, options) =>
  measure(await loadEngine(point.engine), point, options)
