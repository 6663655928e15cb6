/**
 * Commands about the program itself: its version, and a chain to try things on.
 * @module
 */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { ChainUnavailableError } from '../../../core/errors.ts'
import { addCommand, type CommandContext, numberFlag } from '../command.ts'
import { facts } from '../table.ts'
import { allVersions, programVersion } from '../version.ts'

export function addProgramCommands(program: Command, context: CommandContext): void {
  addCommand(program, context, {
    usage: 'version',
    summary: 'print the version; --all: what a bug report should name',
    example: 'version --all',
    node: false,
    options: (command) => command.option('--all', 'of what it runs on, too'),
    async run(run, _positional, flags) {
      if (flags['all'] === true) {
        run.out.data(await allVersions(), (all) => facts(Object.entries(all)))
      } else {
        run.out.data({ version: await programVersion() }, (each) => `${each.version}\n`)
      }
    }
  })
  addDevChain(program, context)
}

function addDevChain(program: Command, context: CommandContext): void {
  addCommand(program, context, {
    usage: 'dev-chain',
    summary: 'run a local chain with the contracts on it, until Ctrl-C; for trying and tests',
    example: 'dev-chain --port 8545 --out deployment.json',
    node: false,
    options: (command) =>
      command
        .option('--port <n>', 'of its RPC (default: a free one)')
        .option('--state <file>', 'keep the chain’s state here')
        .option('--out <file>', 'write the deployment here, for chain.deployment'),
    async run(run, _positional, flags) {
      const [{ startDevChain }, { toDeploymentJson }] = await Promise.all([
        import('../../chain/dev-chain.ts'),
        import('../../deployment-file.ts')
      ])
      const path = (flag: unknown): string | undefined =>
        flag == null ? undefined : resolve(run.shell.cwd, String(flag))
      const port = numberFlag(flags['port'])
      const statePath = path(flags['state'])
      const { signal } = run.shell
      const chain = await startDevChain({
        signal,
        ...(typeof port === 'number' ? { port } : {}),
        ...(statePath == null ? {} : { statePath })
      })
      try {
        const deployment = toDeploymentJson(chain.deployment)
        const out = path(flags['out'])
        if (out != null) await writeFile(out, `${JSON.stringify(deployment, null, 2)}\n`)
        run.out.data({ ready: true, url: chain.url, deployment }, (each) =>
          facts([
            ['ready', each.url],
            ['grants', deployment.grants],
            ['records', deployment.records],
            ['directory', deployment.directory],
            ['written', out]
          ])
        )
        const stopped = signal.aborted ? undefined : once(signal, 'abort')
        const died = await Promise.race([stopped, chain.ended.then(() => true)])
        if (died === true && !signal.aborted) throw new ChainUnavailableError('the chain ended')
      } finally {
        await chain.stop()
      }
    }
  })
}
