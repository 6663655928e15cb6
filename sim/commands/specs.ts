/**
 * The commands of `keyward sim`: what each takes, with examples, and where its code is.
 * @module
 */
import type { Command } from 'commander'
import { SWEEP_SLOTS_MAX } from '../limits.ts'
import { DEFAULT_SWEEP_NAME } from '../sweep/queue/name.ts'
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
  },
  {
    usage: 'sweep <scenario>',
    summary: 'run a scenario over values of its fields, here or through a queue of workers',
    examples: [
      'sweep city-10k --over dht.alpha=3,5,10 --repeats 5',
      'sweep nation-1m --over network.clinics=1000..1000000*10 --queue redis://localhost:6379'
    ],
    options: (command) => {
      runOptions(command)
      command.option(
        '--over <path=values>',
        'a field and its values: 3,5,10 or 1..9+2 or 10..1000*10; may be repeated',
        repeated
      )
      whole(
        command,
        '--jobs <n>',
        'points at once on this machine (default: its cores)',
        SWEEP_SLOTS_MAX
      )
      command
        .option('--queue <url>', 'let workers take the points from this Redis')
        .option(
          '--name <name>',
          'of the sweep in the queue, where there are others',
          DEFAULT_SWEEP_NAME
        )
        .option('--force', 'run even if the estimate says that it cannot be held')
    },
    load: async () => (await import('./sweep.ts')).sweep
  },
  {
    usage: 'worker',
    summary: 'take points of sweeps from a queue and run them, until Ctrl-C',
    examples: ['worker --queue redis://host:6379 --jobs 2'],
    options: (command) => {
      command
        .requiredOption('--queue <url>', 'Redis; its password: KEYWARD_QUEUE_PASSWORD')
        .option('--name <name>', 'of the sweep in the queue', DEFAULT_SWEEP_NAME)
        .option('--files <folder>', 'that scenarios name their files from (default: this one)')
        .option('--once', 'end when no point is left')
      whole(command, '--jobs <n>', 'points at once (default: the cores)', SWEEP_SLOTS_MAX)
    },
    load: async () => (await import('./worker.ts')).worker
  },
  {
    usage: 'compare <runs...>',
    summary: 'hold runs against each other: what differs in them and in what came out',
    examples: ['compare results/a results/b'],
    options: (command) =>
      command
        .option('--mixed', 'also when scenario or version differ, as when that is the question')
        .option('--all', 'every figure, not only those that most questions are about'),
    load: async () => (await import('./compare.ts')).compareCommand
  },
  {
    usage: 'trace <run>',
    summary: 'one request of a run as a timeline: who did what, when',
    examples: ['trace results/clinic-200-model-1 --operation 3'],
    options: (command) => {
      whole(command, '--operation <n>', 'which one (default: the first that was traced)', 1e9)
      whole(command, '--repeat <n>', 'of which repeat (default: 0)', 1_000)
    },
    load: async () => (await import('./trace.ts')).traceCommand
  },
  {
    usage: 'report <run>',
    summary: 'verify a run’s folder and write its report and figures again',
    examples: ['report results/city-10k-model-1'],
    load: async () => (await import('./report.ts')).report
  },
  {
    usage: 'calibrate',
    summary: 'hold the model against networks of real nodes: agreement, error, power',
    examples: ['calibrate --quick', 'calibrate --out results/calibration'],
    options: (command) => {
      whole(command, '--seed <n>', 'of the networks', SEED_MAX)
      command
        .option('--quick', 'one network of 16 nodes: that it works, no claim')
        .option('--keep', 'keep the result as the stamp that reports carry')
        .option('--out <folder>', 'of the data (default: results/calibration)')
    },
    load: async () => (await import('./calibrate.ts')).calibrateCommand
  },
  {
    usage: 'seeds',
    summary:
      'whole nodes in virtual time, under faults: one seed is one story, and every law holds',
    examples: ['seeds --count 100', 'seeds --replay 7 > story.txt'],
    options: (command) => {
      whole(command, '--seed <n>', 'the first (default: 1)', SEED_MAX)
      whole(command, '--count <n>', 'how many (default: 20)', 1_000_000)
      whole(command, '--seconds <n>', 'of virtual time, each (default: 120)', 86_400)
      whole(command, '--replay <n>', 'tell this seed’s story line by line', SEED_MAX)
      command.option('--twice', 'play each seed again and compare')
    },
    load: async () => (await import('./seeds.ts')).seedsCommand
  }
]
