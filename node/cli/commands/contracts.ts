/**
 * `keyward contracts …`: puts the contracts on a chain, and looks what stands there. None of them
 * needs a node or its folder.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { fromHex, wipe } from '../../../core/bytes.ts'
import { InvalidParametersError } from '../../../core/errors.ts'
import { Exit } from '../../api/error.ts'
import type {
  BlockResult,
  ContractsDeployResult,
  ContractsStatusResult,
  ContractsVerifyResult,
  InspectedResult
} from '../../verbs/contracts-shapes.ts'
import {
  addCommand,
  addGroup,
  type CommandContext,
  type Flags,
  listed,
  numberFlag,
  repeated
} from '../command.ts'
import { type Run, runOffline } from '../run-verb.ts'
import { clean, facts, table } from '../table.ts'
import { localTime } from '../time.ts'

export const DEPLOYER_KEY_ENV = 'KEYWARD_DEPLOYER_KEY'
const WEI_DIGITS = 18

export function addContractsCommands(program: Command, context: CommandContext): void {
  const contracts = addGroup(program, 'contracts', 'the contracts on a chain: deploy, look, check')
  addDeploy(contracts, context)
  addStatus(contracts, context)
  addVerify(contracts, context)
}

function addDeploy(contracts: Command, context: CommandContext): void {
  addCommand(contracts, context, {
    usage: 'deploy',
    summary: 'put the contracts on a chain; goes on where an earlier run died',
    example:
      'contracts deploy --rpc http://127.0.0.1:8545 --key-file deployer.key' +
      ' --founders founders.json --out deployment.json',
    node: false,
    options: (command) =>
      command
        .requiredOption('--rpc <url>', 'an endpoint of the chain')
        .requiredOption('--founders <file>', 'JSON: [{"org": 1, "admin": "0x…"}, …]')
        .option('--key-file <file>', `who pays: 64 hex digits (default: $${DEPLOYER_KEY_ENV})`)
        .option('--out <file>', 'where the deployment goes', 'deployment.json')
        .option('--chain-id <n>', 'refuse any other chain')
        .option('--quorum <k>', 'votes that a proposal needs (default: a majority)')
        .option('--emergency-signers <k>', 'clinicians who break a glass, 2 to 5 (default: 2)')
        .option('--review <span>', 'time for the review of one, 1h to 90d (default: 7d)')
        .option('--profile <profile>', 'production, or default as on a dev chain (production)')
        .option('--dry-run', 'only say what it would cost'),
    async run(run, _positional, flags) {
      const [{ contractsDeploy }, { contractsDeployArgs }, { checkArgs }] = await Promise.all([
        import('../../verbs/contracts-deploy.ts'),
        import('../../verbs/contracts-shapes.ts'),
        import('../../api/args.ts')
      ])
      const at = (name: string): string => resolve(run.shell.cwd, String(flags[name]))
      const args = checkArgs(
        { args: contractsDeployArgs },
        given({
          rpc: flags['rpc'],
          founders: at('founders'),
          out: at('out'),
          quorum: numberFlag(flags['quorum']),
          emergencySigners: numberFlag(flags['emergencySigners']),
          review: flags['review'],
          chainId: numberFlag(flags['chainId']),
          profile: flags['profile'],
          dryRun: flags['dryRun']
        })
      )
      const key = await deployerKey(run, flags)
      try {
        const { signal } = run.shell
        const progress = run.out.progress.bind(run.out)
        const result = await contractsDeploy(args, key, { signal, progress })
        run.out.data(result, deployText)
      } finally {
        wipe(key)
      }
      return Exit.Done
    }
  })
}

/** The key's text never gets into an error. */
async function deployerKey(run: Run, flags: Flags): Promise<Uint8Array> {
  const file = flags['keyFile']
  const text =
    file == null
      ? (run.shell.env[DEPLOYER_KEY_ENV] ?? '')
      : await readFile(resolve(run.shell.cwd, String(file)), 'utf8')
  const digits = /^\s*(?:0x)?([0-9a-f]{64})\s*$/i.exec(text)?.[1]
  if (digits != null) return fromHex(digits)
  const where = file == null ? `$${DEPLOYER_KEY_ENV}, or --key-file,` : '"key-file"'
  throw new InvalidParametersError(`${where} expected a private key of 64 hex digits`)
}

const ether = (wei: string): string => {
  const digits = wei.padStart(WEI_DIGITS + 1, '0')
  const fraction = digits.slice(-WEI_DIGITS).replace(/0+$/, '')
  return `${digits.slice(0, -WEI_DIGITS)}${fraction === '' ? '' : `.${fraction}`} ether`
}

const deployText = (each: ContractsDeployResult): string =>
  table(
    ['CONTRACT', 'ADDRESS', 'GAS'],
    each.contracts.map(({ contract, address, gas }) => [contract, address, gas ?? 'stands']),
    'no contracts'
  ) +
  facts([
    ['chain', each.chainId],
    ['deployer', each.deployer],
    ['build', each.profile],
    ['gas', each.gas],
    ['cost', each.cost == null ? undefined : `at most ${ether(each.cost)}`],
    ['balance', each.balance == null ? undefined : ether(each.balance)],
    ['written', each.out]
  ])

const lookOptions = (command: Command): Command =>
  command
    .requiredOption('--rpc <url>', 'an endpoint of the chain; may be repeated', repeated)
    .option('--kind <kind>', 'whose rules: dev, consortium, l1, l2 (default: dev)')
    .option('--quorum <q>', 'endpoints that must agree (default: more than half)')
    .option('--sealers <address>', 'of a consortium chain; several by commas', listed)
    .option('--seal <kind>', 'how they seal: qbft, clique (default: qbft)')
    .option('--block-seconds <n>', 'between blocks of a consortium chain (default: 5)')

const lookArgs = (
  run: Run,
  [file]: readonly (string | string[] | undefined)[],
  flags: Flags
): object =>
  given({
    deployment: resolve(run.shell.cwd, String(file)),
    rpc: flags['rpc'],
    kind: flags['kind'],
    quorum: numberFlag(flags['quorum']),
    sealers: flags['sealers'],
    seal: flags['seal'],
    blockSeconds: numberFlag(flags['blockSeconds'])
  })

function addStatus(contracts: Command, context: CommandContext): void {
  addCommand(contracts, context, {
    usage: 'status <deployment>',
    summary: 'what the chain says of a deployment; exit code 7 if something differs',
    example: 'contracts status deployment.json --rpc http://127.0.0.1:8545',
    node: false,
    options: lookOptions,
    async run(run, positional, flags) {
      const { contractsStatus } = await import('../../verbs/contracts-look.ts')
      const result = await runOffline(run, contractsStatus, lookArgs(run, positional, flags))
      run.out.data(result, statusText)
      return result.faults.length === 0 ? Exit.Done : Exit.NotVerified
    }
  })
}

function addVerify(contracts: Command, context: CommandContext): void {
  addCommand(contracts, context, {
    usage: 'verify <deployment>',
    summary: 'prove that its contracts are those of this version, wired as it says; else 7',
    example: 'contracts verify deployment.json --rpc http://127.0.0.1:8545',
    node: false,
    options: lookOptions,
    async run(run, positional, flags) {
      const { contractsVerify } = await import('../../verbs/contracts-look.ts')
      const result = await runOffline(run, contractsVerify, lookArgs(run, positional, flags))
      run.out.data(result, verifyText)
      return result.valid ? Exit.Done : Exit.NotVerified
    }
  })
}

const blockText = ({ number, hash, time }: BlockResult): string =>
  `${number}  ${hash}  ${localTime(time)}`

const contractsText = (contracts: readonly InspectedResult[]): string =>
  table(
    ['CONTRACT', 'ADDRESS', 'CODE', 'PINNED', 'BUILD', 'CONFIRMED'],
    contracts.map(({ contract, address, codeHash, pinned, build, confirmed }) => [
      contract,
      address,
      codeHash?.slice(0, 18),
      codeHash == null ? undefined : codeHash === pinned ? 'yes' : 'NO',
      build,
      confirmed == null ? undefined : confirmed ? 'yes' : 'not yet'
    ]),
    'no contracts'
  )

const faultsText = (faults: readonly string[]): string =>
  faults.map((fault) => `DIFFERS: ${clean(fault)}\n`).join('')

const statusText = (each: ContractsStatusResult): string =>
  facts([
    ['chain', `${each.chainId}, by the rules of ${each.kind}`],
    ['endpoints', `${each.quorum} of ${each.endpoints.length} must agree`],
    ['head', blockText(each.head)],
    ['age', `${each.headAgeSeconds} s`],
    ['blocks', each.blockSeconds == null ? undefined : `every ${each.blockSeconds} s`],
    ['confirmed', blockText(each.confirmed)],
    ['by', each.confirmedBy],
    [
      'directory',
      each.directory &&
        `${each.directory.voters} voters, ${each.directory.quorum} votes carry, ` +
          `voter set ${each.directory.voterSet}`
    ],
    [
      'emergency',
      each.emergency &&
        `${each.emergency.signers} signers, review within ${each.emergency.reviewSeconds} s`
    ],
    ['absent', each.absent.join(', ')]
  ]) +
  contractsText(each.contracts) +
  faultsText(each.faults)

const verifyText = (each: ContractsVerifyResult): string =>
  contractsText(each.contracts) +
  table(
    ['CONTRACT', 'HOLDS', 'VALUE'],
    each.contracts.flatMap(({ contract, immutables }) =>
      Object.entries(immutables).map(([name, value]) => [contract, name, value])
    ),
    'nothing wired'
  ) +
  facts([
    ['block', blockText(each.block)],
    ['agreed by', `${each.quorum} of ${each.endpoints}`],
    ['contracts', each.valid ? 'as deployed' : 'NOT AS DEPLOYED']
  ]) +
  faultsText(each.faults)

/** JSON has no undefined; schemas know absent fields only. */
const given = (args: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined))
