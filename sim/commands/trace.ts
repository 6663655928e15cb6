/**
 * `keyward sim trace`: one request of a run as a timeline, and its picture beside the report.
 * @module
 */
import { join, resolve } from 'node:path'
import { utf8 } from '../../core/bytes.ts'
import { writeWhole } from '../results/files.ts'
import { readRun } from '../results/folder.ts'
import { traceOf, traceSvg, traceText } from '../trace.ts'
import type { SimCall } from './call.ts'

export async function traceCommand({ shell, out, flags, given }: SimCall): Promise<number> {
  const folder = resolve(shell.cwd, given[0] ?? '')
  const trace = traceOf(await readRun(folder), {
    ...(typeof flags['operation'] === 'number' ? { operation: flags['operation'] } : {}),
    ...(typeof flags['repeat'] === 'number' ? { repeat: flags['repeat'] } : {})
  })
  const svg = join(folder, 'figures', `trace-${trace.repeat}-${trace.operation}.svg`)
  await writeWhole(svg, [utf8(traceSvg(trace))])
  out.data({ ...trace, svg }, () => `${traceText(trace)}\npicture  ${svg}\n`)
  return 0
}
