/**
 * What sets two runs apart, in words: versions, engine, seed, and every field of the scenario that
 * is not the same. For going on with a run, nothing may differ; for a comparison, only what is
 * compared.
 * @module
 */
import type { RunManifest } from './run.ts'

export interface DifferenceOptions {
  /** Paths not to look at: "seed", "scenario.dht.table". A path covers what is below it. */
  readonly except?: readonly string[]
}

/** One line for each, "scenario.dht.k 20 against 16"; none when the runs are the same run. */
export function differences(
  a: RunManifest,
  b: RunManifest,
  options: DifferenceOptions = {}
): string[] {
  const left = flatten(identity(a))
  const right = flatten(identity(b))
  const paths = [...new Set([...left.keys(), ...right.keys()])]
  return paths
    .filter((path) => left.get(path) !== right.get(path))
    .filter((path) => !options.except?.some((at) => path === at || path.startsWith(`${at}.`)))
    .map(
      (path) => `${path} ${left.get(path) ?? 'not given'} against ${right.get(path) ?? 'not given'}`
    )
}

/** What decides a result: not when or on which host it was made. */
const identity = ({ keyward, commit, engine, seed, repeats, versions, scenario }: RunManifest) => ({
  keyward,
  commit,
  engine,
  seed,
  repeats,
  versions,
  scenario
})

function flatten(value: unknown, path = '', out = new Map<string, string>()): Map<string, string> {
  if (value != null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) {
      flatten(inner, path === '' ? key : `${path}.${key}`, out)
    }
  } else if (value !== undefined) out.set(path, JSON.stringify(value))
  return out
}
