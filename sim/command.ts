/**
 * `keyward sim`: its commands, hung beside the node's by bin/keyward.ts. This file is loaded by every
 * `keyward`, so what a command does is loaded by that command alone (commands/specs.ts).
 * @module
 */
import type { Command } from 'commander'
import type { SimContext, SimFlags } from './commands/call.ts'
import { SPECS } from './commands/specs.ts'

const EXITS = `
Exit codes: 0 as expected, 1 error, 2 wrong scenario or usage, 7 a law was broken, an expectation
  not met or a folder damaged, 130 interrupted (what is finished is kept)
`

/** Hangs `sim` under the program. */
export function addSimCommands(program: Command, context: SimContext): void {
  const sim = program
    .command('sim')
    .description('simulate a network: real nodes or a calibrated model of them')
    .helpCommand(false)
    .addHelpText('after', `${EXITS}\nExample:\n  $ keyward sim run clinic-200 --engine model\n`)
  for (const spec of SPECS) {
    const command = sim.command(spec.usage).description(spec.summary)
    spec.options?.(command, context)
    command.option('--json', 'print JSON').option('--quiet', 'no progress and no notes')
    const examples = spec.examples.map((each) => `  $ keyward sim ${each}\n`).join('')
    command.addHelpText('after', `${EXITS}\nExamples:\n${examples}`)
    command.action(async (...args: unknown[]) => {
      const flags = command.opts<SimFlags>()
      const given = args
        .slice(0, -2)
        .flat()
        .filter((each): each is string => typeof each === 'string')
      const run = await spec.load()
      context.setExit(await run({ shell: context.shell, out: context.output(flags), flags, given }))
    })
  }
}
