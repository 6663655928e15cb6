/**
 * Whether a process that wrote its PID down is still that process.
 * @module
 */
import { readFileSync } from 'node:fs'

/** Field 22 of /proc/PID/stat; the name before it may hold spaces and brackets. */
export function processStart(pid: number): string {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/** True while the process of this PID, begun at that time, runs. */
export function isAlive(pid: number, started: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const now = processStart(pid)
  return started === '' || now === '' || now === started
}
