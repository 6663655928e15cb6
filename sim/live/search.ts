/**
 * Looks for records in clear where none may be: in every store of every node, and on the wire of
 * every worker.
 * @module
 */
import type { PlaceSearched } from '../checks/observations.ts'
import type { Canaries } from './inspect.ts'
import { inTurn } from './quiesce.ts'
import type { Stage } from './stage.ts'
import type { Heard } from './wire-tap.ts'

const AT_ONCE = 4

/** Before any record is in the world. */
export async function listenIn(stage: Stage, canaries: readonly Uint8Array[]): Promise<void> {
  for (const node of tapped(stage)) await look(stage, node, 'listen', { canaries })
}

export async function searchAll(
  stage: Stage,
  canaries: readonly Uint8Array[]
): Promise<readonly PlaceSearched[]> {
  const places: PlaceSearched[] = []
  await inTurn(stage.world.nodes, AT_ONCE, async ({ index }) => {
    places.push(...(await look<readonly PlaceSearched[]>(stage, index, 'search', { canaries })))
  })
  for (const node of tapped(stage)) {
    const heard = await look<Heard>(stage, node, 'heard')
    places.push({ place: `wire of worker ${stage.world.nodes[node]?.worker}`, ...heard })
  }
  return places
}

/** A node of each worker that has sockets. */
function tapped({ scenario, world }: Stage): readonly number[] {
  if (scenario.network.transport !== 'tcp') return []
  return [...new Map(world.nodes.map(({ worker, index }) => [worker, index])).values()]
}

const look = async <R>(stage: Stage, node: number, name: string, args?: Canaries): Promise<R> =>
  (await stage.world.run(node, name, args, { signal: stage.signal })) as R
