/**
 * Commands about the program itself: its version, a chain to try things on, a demonstration.
 * @module
 */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { ChainUnavailableError, InvalidParametersError } from '../../../core/errors.ts'
import { addCommand, type CommandContext, numberFlag, repeated } from '../command.ts'
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
  addDemo(program, context)
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

function addDemo(program: Command, context: CommandContext): void {
  addCommand(program, context, {
    usage: 'demo',
    summary: 'a patient, five clinics and a chain on this machine: request, grant, read, revoke',
    example: 'demo --record scan.pdf --kill 1 --lie 1',
    node: false,
    options: (command) =>
      command
        .option('--record <file>', 'a file of yours as a record too; may be repeated', repeated)
        .option('--keep <dir>', 'leave the network’s folders there, for a look')
        .option('--custodians <n>', 'clinics that keep shares (default: 5)')
        .option('--threshold <t>', 'shares that open a record (default: 3)')
        .option('--kill <n>', 'custodians that die before the release')
        .option('--lie <n>', 'custodians that give corrupt shares'),
    async run(run, _positional, flags) {
      const { runDemo } = await import('../../demo/demo.ts')
      const number = (name: string): number | undefined => {
        const value = numberFlag(flags[name])
        if (value == null) return undefined
        if (typeof value === 'number') return value
        throw new InvalidParametersError(`"${name}" expected a whole number, got ${value}`)
      }
      const counts = ['custodians', 'threshold', 'kill', 'lie'].flatMap((name) => {
        const value = number(name)
        return value == null ? [] : [[name, value] as const]
      })
      const at = (path: string): string => resolve(run.shell.cwd, path)
      return runDemo({
        json: run.out.json,
        signal: run.shell.signal,
        stdout: run.shell.stdout,
        progress: (event) => run.out.progress(event),
        records: ((flags['record'] as string[] | undefined) ?? []).map(at),
        keep: flags['keep'] == null ? undefined : at(String(flags['keep'])),
        ...Object.fromEntries(counts)
      })
    }
  })
}
