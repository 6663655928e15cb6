/**
 * The commands of `keyward sim`: what each takes, with examples, and where its code is.
 * @module
 */
import type { Command } from 'commander'
import type { Spec } from './call.ts'

const repeated = (value: string, before: string[] = []): string[] => [...before, value]

/** A whole number; anything else is wrong usage. */
function whole(command: Command, flag: string, about: string, max: number): void {
  command.option(flag, about, (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value <= max) return value
    return command.error(`error: ${flag} expected a whole number from 0 to ${max}, got "${text}"`, {
      exitCode: 2
    })
  })
}

const SEED_MAX = 0xffff_ffff

function engineOption(command: Command): void {
  command.option('--engine <name>', 'live: real nodes; model: typed arrays', (name) =>
    name === 'live' || name === 'model'
      ? name
      : command.error(`error: --engine expected live or model, got "${name}"`, { exitCode: 2 })
  )
}

const setOption = (command: Command): Command =>
  command.option('--set <path=value>', 'a field of the scenario; may be repeated', repeated)

function runOptions(command: Command): void {
  engineOption(command)
  whole(command, '--seed <n>', 'instead of the scenario’s', SEED_MAX)
  whole(command, '--repeats <n>', 'instead of the scenario’s', 1_000)
  setOption(command)
  command.option('--out <folder>', 'of results (default: results/NAME-ENGINE-SEED)')
}

export const SPECS: readonly Spec[] = [
  {
    usage: 'list',
    summary: 'the scenarios that come with Keyward: name, size, question',
    examples: ['list', 'list --schema > scenario.schema.json'],
    options: (command) => command.option('--schema', 'print the JSON Schema of scenarios instead'),
    load: async () => (await import('./list.ts')).list
  },
  {
    usage: 'estimate <scenario>',
    summary: 'memory, time and descriptors that a run would take here',
    examples: ['estimate nation-1m', 'estimate clinic-200 --engine live'],
    options: (command) => {
      engineOption(command)
      setOption(command)
    },
    load: async () => (await import('./estimate.ts')).estimateCommand
  },
  {
    usage: 'run <scenario>',
    summary: 'run a scenario, by file or name, and write its report; goes on where it was stopped',
    examples: [
      'run city-10k --seed 7',
      'run my.yaml --engine live --out results/mine --set records.threshold=2'
    ],
    options: (command) => {
      runOptions(command)
      whole(command, '--workers <n>', 'processes of the live engine', 64)
      whole(command, '--trace <n>', 'key requests of which every step is kept (default: 5)', 1_000)
      command
        .option('--force', 'run even if the estimate says that it cannot be held')
        .option('--no-report', 'results without report.html')
    },
    load: async () => (await import('./run.ts')).run
  }
]
