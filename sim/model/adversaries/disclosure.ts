/**
 * Colluding custodians: how likely a record is that t of its n custodians can open together, exactly
 * and by drawing, beside how likely it is that t are there when they are needed. Low t discloses,
 * high t locks out; this is the table to choose from.
 * @module
 */
import type { Rng } from '../../random.ts'
import type { Scenario } from '../../scenario/shape.ts'
import type { Table } from '../../table.ts'
import type { Custody } from '../custody.ts'

/** P(X ≥ t): of `drawn` out of `all`, at least t among `marked`. */
export function hypergeometricAtLeast(
  all: number,
  marked: number,
  drawn: number,
  t: number
): number {
  let sum = 0
  for (let k = Math.max(0, t); k <= drawn; k++) sum += hypergeometric(all, marked, drawn, k)
  return Math.min(1, sum)
}

/** P(X = k), by products alone, so that it is the same everywhere. */
export function hypergeometric(all: number, marked: number, drawn: number, k: number): number {
  let p = choose(drawn, k)
  for (let i = 0; i < k; i++) p *= Math.max(0, marked - i) / (all - i)
  for (let i = 0; i < drawn - k; i++) p *= Math.max(0, all - marked - i) / (all - k - i)
  return p
}

/** P(X ≥ t) of n independent ones that each are there with probability p. */
export function binomialAtLeast(n: number, p: number, t: number): number {
  let sum = 0
  for (let k = Math.max(0, t); k <= n; k++) sum += choose(n, k) * power(p, k) * power(1 - p, n - k)
  return Math.min(1, sum)
}

/** By products: what `**` gives is the engine's choice. */
function power(base: number, exponent: number): number {
  let result = 1
  for (let i = 0; i < exponent; i++) result *= base
  return result
}

function choose(n: number, k: number): number {
  let result = 1
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i
  return result
}

/** Draws of custodians for each n; a share of 0.01 is known to ± 0.0014. */
const DRAWS = 20_000
const N_MIN = 3
const N_MAX = 9

export interface DisclosureInit {
  readonly clinics: number
  readonly colluding: number
  /** Each clinic is on with this probability. */
  readonly online: number
  /** The scenario's own n, also if it is none of 3 to 9. */
  readonly n: number
  readonly rng: Rng
}

interface Cell {
  readonly n: number
  readonly t: number
  readonly exact: number
  readonly drawn: number
  readonly available: number
}

/** A row for each n and t. */
export function disclosureTable({ clinics, colluding, online, n, rng }: DisclosureInit): Table {
  const sizes = new Set([n])
  for (let size = N_MIN; size <= Math.min(N_MAX, clinics); size++) sizes.add(size)
  const cells: Cell[] = []
  for (const size of [...sizes].sort((a, b) => a - b)) {
    const met = draw(clinics, colluding, size, rng.derive(`n-${size}`))
    for (let t = 2; t <= size; t++) {
      cells.push({
        n: size,
        t,
        exact: hypergeometricAtLeast(clinics, colluding, size, t),
        drawn: met.filter((each) => each >= t).length / DRAWS,
        available: binomialAtLeast(size, online, t)
      })
    }
  }
  return {
    name: 'disclosure',
    rows: cells.length,
    columns: [
      { name: 'n', unit: 'count', values: Int32Array.from(cells, (cell) => cell.n) },
      { name: 't', unit: 'count', values: Int32Array.from(cells, (cell) => cell.t) },
      { name: 'disclosed', unit: 'share', values: Float64Array.from(cells, (c) => c.exact) },
      { name: 'disclosedDrawn', unit: 'share', values: Float64Array.from(cells, (c) => c.drawn) },
      { name: 'available', unit: 'share', values: Float64Array.from(cells, (c) => c.available) }
    ]
  }
}

/** How many colluders each of many draws met; the first `colluding` clinics are they. */
function draw(clinics: number, colluding: number, size: number, rng: Rng): Uint8Array {
  const met = new Uint8Array(DRAWS)
  const chosen = new Set<number>()
  for (let i = 0; i < DRAWS; i++) {
    chosen.clear()
    while (chosen.size < size) {
      const clinic = rng.below(clinics)
      if (chosen.has(clinic)) continue
      chosen.add(clinic)
      if (clinic < colluding) met[i] = (met[i] as number) + 1
    }
  }
  return met
}

/** What the colluders of this very network could open: share of patients, of whom they hold t. */
export function disclosedPatients(
  { network }: Scenario,
  custody: Custody,
  colludes: (clinic: number) => boolean
): number {
  let open = 0
  for (let patient = 0; patient < network.patients; patient++) {
    const owner = network.clinics + patient
    let held = 0
    for (let place = 0; place < custody.n; place++) {
      if (colludes(custody.custodianOf(owner, place))) held++
    }
    if (held >= custody.t) open++
  }
  return network.patients === 0 ? Number.NaN : open / network.patients
}
