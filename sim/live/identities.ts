/**
 * Who the nodes of a world are. Keys come from the seed and the node's index alone, so the engine,
 * the chain's host and the worker that runs a node derive the same ones without asking each other.
 * @module
 */
import { rootSecret } from '../../core/ids.ts'
import type { Random } from '../../node/index.ts'
import { deriveIdentity, type NodeIdentity, nativePrimitives } from '../../node/memory.ts'
import { Rng } from '../random.ts'

export interface NodePlan {
  readonly role: 'clinic' | 'patient'
  /** @default "clinic-3", "patient-12": by its index */
  readonly name?: string
  /** Listens nowhere, so that nobody can dial it. @default false */
  readonly natted?: boolean
  /** Of its clock against the world's. @default 0 */
  readonly skewMs?: number
}

const rngOf = (seed: number, index: number): Rng => new Rng(seed, 'live').derive(`node-${index}`)

export const nameOf = (index: number, { role, name }: NodePlan): string =>
  name ?? `${role}-${index}`

/** All keys of a node. */
export const identityOf = (seed: number, index: number, plan: NodePlan): Promise<NodeIdentity> =>
  deriveIdentity(
    rootSecret(rngOf(seed, index).derive('root').bytes(32)),
    { profile: plan.role, name: nameOf(index, plan) },
    nativePrimitives
  )

/** The random bytes that our own code draws in a node; another stream each time that it starts. */
export function randomOf(seed: number, index: number, start: number): Random {
  const rng = rngOf(seed, index).derive(`random-${start}`)
  return (length) => rng.bytes(length)
}
