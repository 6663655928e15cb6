/**
 * Which worker of a world holds which of its nodes.
 * @module
 */

/** Deals nodes to workers like cards, so that every worker has clinics and patients alike. */
export function deal(nodes: number, workers: number): readonly (readonly number[])[] {
  const hands: number[][] = Array.from({ length: workers }, () => [])
  for (let i = 0; i < nodes; i++) (hands[i % workers] as number[]).push(i)
  return hands
}
