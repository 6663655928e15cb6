/**
 * `demo`: the whole of it on this machine, or one of its side stories.
 * @module
 */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { InvalidParametersError } from '../../../core/errors.ts'
import type { DemoOptions } from '../../demo/demo.ts'
import { addCommand, type CommandContext, type Flags, numberFlag, repeated } from '../command.ts'
import type { Run } from '../run-verb.ts'

/** Side stories; one whose flag takes a text has it in brackets. */
const STORIES = [
  ['--emergency', 'another story: two clinicians break the glass, the patient hears of it'],
  ['--guardian', 'another story: a mother acts for her child, until its coming of age'],
  ['--attest', 'another story: two clinics confirm a record, one objects'],
  ['--policy [text]', 'another story: who may read is a policy, such as "org:5 and role:clinician"']
] as const
/** What shapes the main story alone. */
const MAIN_ONLY = ['record', 'custodians', 'threshold', 'kill', 'lie']

export function addDemoCommand(program: Command, context: CommandContext): void {
  addCommand(program, context, {
    usage: 'demo',
    summary: 'a patient, five clinics and a chain on this machine: request, grant, read, revoke',
    example: 'demo --record scan.pdf --kill 1 --lie 1',
    node: false,
    options(command) {
      command
        .option('--record <file>', 'a file of yours as a record too; may be repeated', repeated)
        .option('--keep <dir>', 'leave the network’s folders there, for a look')
        .option('--custodians <n>', 'clinics that keep shares (default: 5)')
        .option('--threshold <t>', 'shares that open a record (default: 3)')
        .option('--kill <n>', 'custodians that die before the release')
        .option('--lie <n>', 'custodians that give corrupt shares')
      for (const [flag, about] of STORIES) command.option(flag, about)
    },
    async run(run, _positional, flags) {
      const story = storyAsked(flags)
      if (story == null) {
        const { runDemo } = await import('../../demo/demo.ts')
        return runDemo({ ...tellOptions(run, flags), ...mainPlan(run, flags) })
      }
      const [{ stories }, { runSideStory }] = await Promise.all([
        import('../../demo/stories/index.ts'),
        import('../../demo/side-story.ts')
      ])
      const play = await stories[story.name]?.(story.value)
      if (play == null) throw new InvalidParametersError(`no story is called "${story.name}"`)
      return runSideStory(story.name, play, tellOptions(run, flags))
    }
  })
}

/** @throws InvalidParametersError if two are asked for, or what only the main story takes */
function storyAsked(flags: Flags): { readonly name: string; readonly value: string } | undefined {
  const names = STORIES.map(([flag]) => /[a-z]+/.exec(flag)?.[0] ?? '')
  const [name, other] = names.filter((each) => flags[each] != null)
  if (name == null) return undefined
  if (other != null) throw new InvalidParametersError(`"${other}" is a story beside "${name}"`)
  const stray = MAIN_ONLY.find((each) => flags[each] != null)
  if (stray != null) throw new InvalidParametersError(`"${stray}" does not go with "${name}"`)
  const value = flags[name]
  return { name, value: typeof value === 'string' ? value : '' }
}

const tellOptions = (run: Run, flags: Flags) => ({
  json: run.out.json,
  signal: run.shell.signal,
  stdout: run.shell.stdout,
  progress: (event: Parameters<DemoOptions['progress']>[0]) => run.out.progress(event),
  keep: flags['keep'] == null ? undefined : resolve(run.shell.cwd, String(flags['keep']))
})

function mainPlan(run: Run, flags: Flags): Partial<DemoOptions> {
  const counts = ['custodians', 'threshold', 'kill', 'lie'].flatMap((name) => {
    const value = numberFlag(flags[name])
    if (value == null) return []
    if (typeof value === 'number') return [[name, value] as const]
    throw new InvalidParametersError(`"${name}" expected a whole number, got ${value}`)
  })
  const records = (flags['record'] as string[] | undefined) ?? []
  return {
    records: records.map((path) => resolve(run.shell.cwd, path)),
    ...Object.fromEntries(counts)
  }
}
