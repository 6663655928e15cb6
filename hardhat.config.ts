/**
 * How the contracts are compiled: by the pinned solc package, so that a build downloads nothing.
 * `default` is quick and is what the tests run on; `production` is what a real chain gets. Both
 * write to artifacts/, where the last build wins.
 * @module
 */
import { createRequire } from 'node:module'
import hardhatEthers from '@nomicfoundation/hardhat-ethers'
import { defineConfig } from 'hardhat/config'

const require = createRequire(import.meta.url)
const { version } = require('solc/package.json') as { version: string }

const compiler = (optimizer: object) => ({
  version, // Hardhat demands that it equals the package's
  path: require.resolve('solc/soljson.js'),
  settings: {
    evmVersion: 'prague',
    metadata: { bytecodeHash: 'none' },
    outputSelection: { '*': { '*': ['storageLayout'] } }, // beside Hardhat's own; a test compares it
    ...optimizer
  }
})

export default defineConfig({
  plugins: [hardhatEthers],
  solidity: {
    profiles: {
      default: { compilers: [compiler({ optimizer: { enabled: true, runs: 1_000 } })] },
      production: {
        isolated: false,
        compilers: [compiler({ viaIR: true, optimizer: { enabled: true, runs: 10_000 } })]
      }
    }
  },
  paths: { tests: { solidity: 'test/contracts' } },
  test: { solidity: { fuzz: { runs: 1_000 }, invariant: { runs: 100, depth: 100 } } },
  networks: {
    edr: { type: 'edr-simulated', chainType: 'l1' },
    // tools/test-anvil.ts says where
    anvil: {
      type: 'http',
      chainType: 'l1',
      url: process.env['KEYWARD_EVM_URL'] ?? 'http://127.0.0.1:8545'
    }
  }
})
