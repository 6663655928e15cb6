/**
 * Bounds of the simulator, each with its reason; those that a node has too are in core/limits.ts.
 * @module
 */

// ---- the plan
/** A row of 16 columns an operation: some 0.5 GB of tables; more tells nothing new. */
export const PLANNED_MAX = 2_000_000
/** Eight bytes each in the model, and an index that a Float64 holds. */
export const RECORDS_MAX = 50_000_000

// ---- sweeps
/** Fields that one sweep varies: a reader cannot follow more. */
export const SWEEP_AXES_MAX = 8
/** Values of one field. */
export const SWEEP_AXIS_VALUES_MAX = 1_000
/** Runs of one sweep: their list is held in memory. */
export const SWEEP_POINTS_MAX = 100_000
/** As a scenario's repeats. */
export const SWEEP_REPEATS_MAX = 1_000
/** Faults told of one sweep; more are counted. */
export const SWEEP_FAULTS_TOLD = 20
