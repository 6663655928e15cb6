/**
 * A file that cannot be opened is a fault of the scenario that names it.
 * @module
 */
import { InvalidScenarioError, shown } from '../scenario/faults.ts'

/** @throws InvalidScenarioError naming the field, the file and the system's reason */
export function openedFrom<T>(field: string, file: string, read: () => T): T {
  try {
    return read()
  } catch (err) {
    if (!(err instanceof Error) || !('syscall' in err)) throw err
    const { code } = err as { code?: unknown }
    const fault = `${field}  expected a readable file, got ${shown(file)} (${code})`
    throw new InvalidScenarioError(`${file} cannot be read`, [fault], { cause: err })
  }
}
