/**
 * A stage whose world does nothing and remembers what it was asked to do.
 * @module
 */
import { Stage } from '../../../sim/live/stage.ts'
import type { World } from '../../../sim/live/world.ts'
import { Rng } from '../../../sim/random.ts'
import { type ScenarioFile, scenarioShape } from '../../../sim/scenario/shape.ts'

export interface Stub {
  readonly stage: Stage
  /** "stop 3", "faults", "run 4 withhold" … in order. */
  readonly asked: string[]
}

export function stubStage(
  file: Partial<ScenarioFile> = {},
  answers: {
    readonly run?: (node: number, name: string) => unknown
    readonly call?: (node: number, verb: string) => unknown
  } = {}
): Stub {
  const asked: string[] = []
  const scenario = scenarioShape.parse({
    name: 'stub',
    question: 'What is asked of a world?',
    durationSeconds: 10,
    network: { clinics: 6, patients: 2 },
    ...file
  })
  const { clinics, patients } = scenario.network
  let nowMs = 1_000_000
  const world: Partial<World> = {
    nodes: Array.from({ length: clinics + patients }, (_, index) => ({
      index,
      role: index < clinics ? 'clinic' : 'patient',
      name: `node-${index}`,
      peer: `peer-${index}`,
      account: '0x',
      addrs: [],
      worker: index % 2
    })),
    nowMs: () => nowMs++,
    stopNode: async (node) => void asked.push(`stop ${node}`),
    startNode: async (node) => void asked.push(`start ${node}`),
    faults: async ({ groups }) => {
      asked.push(groups == null ? 'heal' : `groups ${[...groups].join('')}`)
    },
    run: async (node, name) => {
      asked.push(`run ${node} ${name}`)
      return answers.run?.(node, name)
    },
    call: async (node, verb) => {
      asked.push(`call ${node} ${verb}`)
      return answers.call?.(node, verb)
    }
  }
  const stage = new Stage({
    scenario,
    world: world as World,
    chain: { plan: { parameters: { headMaxAgeSeconds: 15 } } } as never,
    rng: new Rng(3, 'stub'),
    folder: '.',
    baseFolder: '.',
    hasFaults: true,
    trace: 0,
    signal: AbortSignal.timeout(20_000)
  })
  return { stage, asked }
}
