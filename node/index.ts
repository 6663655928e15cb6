/**
 * The daemon's front door: a node on a folder, a node of one's own seams, and what either can do.
 * @module
 */
import type { RunningNode } from './create-node.ts'
import { verbs as nodeVerbs } from './verbs/index.ts'
import type { VerbTable } from './verbs/verb.ts'

export type { Clock, Endpoint, HeadSource, Journal, Random, WordSource } from './adapters.ts'
export { createNode, type NodeInit, type RunningNode } from './create-node.ts'
export type { Node } from './node.ts'
export { type OpenNodeOptions, openNode } from './open-node.ts'

/** By name; `RunningNode` is what the daemon and the command line run them on. */
export const verbs: VerbTable<RunningNode> = nodeVerbs
