/**
 * One runner for everything. Order is shuffled by a printed seed (VITEST_SEED repeats a run) and
 * nothing is tried twice: a test that fails now and then is a bug. `unit` is core, fast enough for
 * every commit; whatever has no project of its own runs in `node`, so that no new folder under test/
 * is forgotten.
 * @module
 */
import { defineConfig } from 'vitest/config'

const seed = Number(process.env['VITEST_SEED'] ?? Date.now() % 1_000_000_000)
const unitTests = ['test/core/**/*.test.ts']
const contractTests = ['test/contracts/**/*.test.ts']
const e2eTests = ['test/e2e/**/*.test.ts']
const simTests = ['test/sim/**/*.test.ts']
const buildsContracts = ['tools/vitest-setup.ts']

export default defineConfig({
  test: {
    sequence: { shuffle: true, seed },
    retry: 0,
    coverage: { provider: 'v8', include: ['core/**', 'protocols/**', 'node/**', 'sim/**'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: unitTests,
          testTimeout: 20_000
        }
      },
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: [...unitTests, ...contractTests, ...e2eTests, ...simTests],
          testTimeout: 30_000,
          hookTimeout: 30_000
        }
      },
      {
        extends: true,
        test: {
          name: 'sim',
          include: simTests,
          testTimeout: 60_000,
          hookTimeout: 60_000
        }
      },
      {
        extends: true,
        test: {
          name: 'contracts',
          include: contractTests,
          globalSetup: buildsContracts,
          testTimeout: 60_000,
          hookTimeout: 60_000
        }
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: e2eTests,
          globalSetup: buildsContracts,
          // whole daemons and a chain each: they fight for the cores with whatever runs beside them
          fileParallelism: false,
          // each file is one story on one network, told in order
          sequence: { groupOrder: 1, shuffle: false },
          testTimeout: 120_000,
          hookTimeout: 120_000
        }
      }
    ]
  }
})
