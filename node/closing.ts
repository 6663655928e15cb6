/**
 * What a door opened for a node is closed once the node has stopped.
 * @module
 */
import type { RunningNode } from './create-node.ts'

/** The node, with what must be closed after it. */
export function closing(node: RunningNode, after: () => Promise<void>): RunningNode {
  const stopNode = node.stop
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopping ??= stopNode().finally(after)
    return stopping
  }
  return Object.defineProperties(node, {
    stop: { value: stop },
    [Symbol.asyncDispose]: { value: stop }
  })
}
