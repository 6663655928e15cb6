/**
 * `npm run test:anvil`: the contract tests on anvil instead of Hardhat's chain, with real
 * transactions over JSON-RPC, one file after the other on one chain. Arguments go to vitest.
 * @module
 */
import { startAnvil } from '../node/chain/anvil.ts'
import { JsonRpc } from '../node/chain/endpoint-rpc.ts'
import { runCommand } from './run-command.ts'

/** What creates worlds (test/contracts/world.ts), and not Solidity's own tests or a comparison. */
const FILES = [
  ...['audit-anchor', 'chain-rules', 'directory', 'emergency', 'grant-registry', 'guardians'],
  ...['known-answers', 'record-registry', 'recovery', 'signatures']
].map((name) => `test/contracts/${name}.test.ts`)

const given = process.argv.slice(2)
const anvil = await startAnvil()
try {
  // mines when somebody sends, and at no other time: tests move the clock themselves
  await new JsonRpc(anvil.url).ask('evm_setAutomine', [true], () => {})
  process.env['KEYWARD_EVM'] = 'anvil'
  process.env['KEYWARD_EVM_URL'] = anvil.url
  const files = given.some((each) => each.endsWith('.ts')) ? given : [...FILES, ...given]
  const args = ['run', '--project', 'contracts', '--no-file-parallelism', ...files]
  const { code } = await runCommand('vitest', args, { stream: true })
  process.exitCode = code
} finally {
  await anvil.stop()
}
