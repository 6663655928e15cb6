/**
 * A square of one-way delays between places, as every reader of a topology gives it: regions of the
 * world, the sites of a King matrix.
 * @module
 */
export interface DelayMatrix {
  /** Of the places; a King matrix has numbers. */
  readonly names: readonly string[]
  /** Row by row, names.length squared, in ms. The diagonal is the delay within a place. */
  readonly oneWayMs: Float32Array
}
