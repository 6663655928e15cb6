/**
 * Partitions of a live world, at the scenario's times.
 * @module
 */
import { sidesOf } from './conditions.ts'
import type { Stage } from './stage.ts'

export async function keepPartitions(stage: Stage, signal: AbortSignal): Promise<void> {
  const { world, scenario, rng } = stage
  await Promise.all(
    scenario.network.partitions.map(async ({ atSeconds, healSeconds, share }, i) => {
      const groups = sidesOf(world.nodes.length, share, rng.derive(`partition-${i}`))
      if (!(await stage.until(atSeconds, signal))) return
      await world.faults({ groups })
      stage.count('partitions')
      if (await stage.until(healSeconds, signal)) await world.faults({ groups: undefined })
    })
  )
}
