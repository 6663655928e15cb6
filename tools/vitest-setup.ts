/**
 * Builds the contracts before tests that need them: vitest does not, and with old artifacts it
 * would test yesterday's contract (CHAIN.md §1).
 * @module
 */
import { buildContracts } from './contracts.ts'

export default async function setup(): Promise<void> {
  await buildContracts()
}
