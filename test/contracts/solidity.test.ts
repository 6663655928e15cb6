import { describe, expect, it } from 'vitest'
import { runCommand } from '../../tools/run-command.ts'

// Fuzz and invariants are written in Solidity and need Hardhat's own runner; `forge test` runs the
// same files with more: FOUNDRY_INVARIANT_RUNS=256 FOUNDRY_INVARIANT_DEPTH=500.
describe('solidity tests', () => {
  it('hold under fuzzing', { timeout: 240_000 }, async () => {
    const { code, output } = await runCommand('hardhat', ['test', 'solidity'])

    expect(code, output).toBe(0)
    expect(Number(/(\d+) passing/.exec(output)?.[1]), output).toBeGreaterThanOrEqual(15)
  })
})
