/**
 * A virtual run as a process of its own, since virtual time takes the process's timers for good.
 * Takes a VirtualInit as JSON, prints a VirtualResult as JSON; with `"trace": true` each line of the
 * trace before it.
 * @module
 */
import { runVirtual, type VirtualInit } from './run.ts'

const { trace, ...init } = JSON.parse(process.argv[2] ?? '{}') as VirtualInit & { trace?: boolean }
const result = await runVirtual({
  ...init,
  ...(trace === true && { onLine: (line: string) => process.stdout.write(`${line}\n`) })
})
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
