/**
 * `keyward demo --emergency` and its like: plays one side story with real processes and says,
 * sentence by sentence, what was promised and whether it was seen.
 * @module
 */
import { Exit } from '../api/error.ts'
import type { LeakReport } from './leaks.ts'
import { type Seen, type Story, setScene } from './scene.ts'
import { onStage, SAMPLES, type TellOptions } from './stage.ts'

/** The one line of `--json`. */
export interface StoryResult {
  readonly ok: boolean
  readonly story: string
  readonly elapsedMs: number
  readonly nodes: number
  readonly seen: readonly Seen[]
  /** Places outside the people's own folders where plaintext was found. */
  readonly leaks: number
}

/** Exit code: 0 when everything that was promised was seen. */
export async function runSideStory(
  name: string,
  story: Story,
  options: TellOptions
): Promise<number> {
  const { result, leaks, elapsedMs } = await onStage(SAMPLES, options, async (network) => {
    const scene = await setScene(network, options)
    const seen = await story(scene)
    return {
      result: { seen, nodes: network.members.length },
      ownFolders: [scene.own, scene.opened]
    }
  })
  const { seen, nodes } = result
  const ok = seen.length > 0 && seen.every((each) => each.ok) && leaks.places.length === 0
  const told = { ok, story: name, elapsedMs, nodes, seen, leaks: leaks.places.length }
  options.stdout.write(options.json ? `${JSON.stringify(told)}\n` : text(told, leaks))
  return ok ? Exit.Done : Exit.NotVerified
}

function text({ ok, elapsedMs, nodes, seen }: StoryResult, { places }: LeakReport): string {
  const lines = [
    '',
    ok ? 'Everything went as promised.' : 'Something was NOT as promised: see below.',
    '',
    `${nodes} nodes, ${(elapsedMs / 1_000).toFixed(1)} s, no server in the middle.`,
    '',
    ...seen.flatMap((each) => [
      `  ${each.ok ? 'seen' : 'NOT '}  ${each.what}`,
      ...(each.detail === '' ? [] : [`        ${each.detail}`])
    ]),
    '',
    `Plaintext found outside people’s own folders: ${places.length === 0 ? 'none' : places.join(', ')}.`,
    ''
  ]
  return lines.join('\n')
}
