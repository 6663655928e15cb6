/**
 * Fuzz tests and invariants, which are written in Solidity and need Hardhat's own runner. After every
 * call of a random sequence (100 × 100 under each invariant, 10^5 in all) these hold; `npm run
 * check:invariants` makes it a million, by forge, and puts mistakes into the contracts:
 *
 * 1. Grant and owner words are what their owners said: no revoked word returns without a higher
 *    version, no older epoch works, no signature held back does, nobody else writes.
 * 2. Zero is no id: no grant, owner or opening.
 * 3. Anchor, quorum and bar of a record never change; an erased word is final; counts are those of
 *    the verdicts that stand, and the status follows from them.
 * 4. An account is where it consented to be and was taken; its binding epoch is its own and grows.
 * 5. The voters are the active organisations, the quorum is their majority; who was removed stays so.
 * 6. A wish is its owner's.
 * 7. A notice never changes, is flagged, and has one review, which ends once.
 * 8. A guardian holds what its ward gave, until the last day and within the owner's epoch.
 * 9. A recovery waits its delay, yields to a veto, and nobody succeeds whose account does not ask.
 * 10. A log grows by its writer alone.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesBelow, ROOT } from '../../tools/files.ts'
import { MISTAKES } from '../../tools/invariants.ts'
import { runCommand } from '../../tools/run-command.ts'

const SOLIDITY = join(ROOT, 'test/contracts/solidity')

describe('solidity tests', () => {
  it('hold under fuzzing', { timeout: 480_000 }, async () => {
    const { code, output } = await runCommand('hardhat', ['test', 'solidity'])

    expect(code, output).toBe(0)
    expect(Number(/(\d+) passing/.exec(output)?.[1]), output).toBeGreaterThanOrEqual(30)
    expect(output.match(/invariant_\w+\(\) \(runs: 100\)/g), output).toHaveLength(10)
  })

  it('have an invariant or more for each contract that keeps words', () => {
    const tests = readdirSync(SOLIDITY).map((file) => readFileSync(join(SOLIDITY, file), 'utf8'))
    const counts = tests.map((text) => text.match(/function invariant_/g)?.length ?? 0)

    expect(counts.reduce((sum, count) => sum + count)).toBe(10)
    expect(counts.filter((count) => count > 0)).toHaveLength(6)
  })

  it('are tried by mistakes that fit the contracts as they are', () => {
    const contracts = new Set(filesBelow(ROOT, 'contracts'))
    for (const { file, find, name } of MISTAKES) {
      expect(contracts.has(file), file).toBe(true)
      expect(readFileSync(join(ROOT, file), 'utf8').split(find), name).toHaveLength(2)
    }
  })
})
