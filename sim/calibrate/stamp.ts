/**
 * The calibration that was last kept, in the tree beside the model that it is about: every report
 * of a model run carries it.
 * @module
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { StoreCorruptError } from '../../core/errors.ts'

const FILE = join(import.meta.dirname, 'stamp.json')

const shape = z.strictObject({
  /** ISO 8601 day. */
  date: z.string(),
  commit: z.string(),
  /** Requests, hops, found and load of every configuration, over tables as they grew. */
  agreed: z.boolean(),
  networks: z.int(),
  rows: z.array(
    z.strictObject({
      metric: z.string(),
      D: z.number(),
      upper95: z.number(),
      medianErrorShare: z.number()
    })
  )
})

export type CalibrationStamp = z.infer<typeof shape>

/** @throws StoreCorruptError if the file is there but is no stamp */
export async function readStamp(file = FILE): Promise<CalibrationStamp | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    return undefined
  }
  try {
    return shape.parse(JSON.parse(text))
  } catch (cause) {
    throw new StoreCorruptError(`not the stamp of a calibration: ${file}`, { cause })
  }
}

export async function writeStamp(stamp: CalibrationStamp, file = FILE): Promise<void> {
  await writeFile(file, `${JSON.stringify(stamp, null, 2)}\n`)
}
