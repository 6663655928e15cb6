/**
 * Requests, hops, share found and unevenness of load of the kept real networks, with 95 % intervals
 * by drawing networks, then lookups in them, anew: the table of real nodes in docs/research/scaling.md.
 *
 *     sh tools/run node docs/research/scripts/real.ts docs/research/data/networks
 * @module
 */
import { readNetworks } from '../../../sim/calibrate/data.ts'
import type { Observation } from '../../../sim/calibrate/observation.ts'
import { Rng } from '../../../sim/random.ts'
import { gini } from '../../../sim/statistics/inequality.ts'
import { quantile, sorted } from '../../../sim/statistics/quantile.ts'

const DRAWS = 1_000

/** Mean of a figure over all lookups, and the interval of that. */
function estimate(
  networks: readonly (readonly Observation[])[],
  figure: (one: Observation) => number,
  rng: Rng
): string {
  const all = networks.flat().map(figure)
  const mean = all.reduce((a, b) => a + b, 0) / all.length
  const drawn = Array.from({ length: DRAWS }, () => {
    let sum = 0
    let count = 0
    for (let i = 0; i < networks.length; i++) {
      const lookups = rng.pick(networks)
      for (let j = 0; j < lookups.length; j++) sum += figure(rng.pick(lookups))
      count += lookups.length
    }
    return sum / count
  })
  const at = (p: number) => quantile(sorted(drawn), p).toFixed(2)
  return `${mean.toFixed(2)} (${at(0.025)}–${at(0.975)})`
}

const networks = await readNetworks(process.argv[2] ?? 'docs/research/data/networks')
process.stdout.write('| networks | paths × α | n | requests | hops | found share | table | Gini of load |\n')
process.stdout.write('|---|---|---|---|---|---|---|---|\n')
for (const name of new Set(networks.map((one) => one.name))) {
  const alike = networks.filter((one) => one.name === name)
  const sizes = sorted(alike.flatMap(({ tables }) => tables.map((table) => table.length)))
  for (const { policy } of alike[0]?.measured ?? []) {
    const measured = alike.flatMap((network) =>
      network.measured
        .filter(({ policy: p }) => p.alpha === policy.alpha && p.paths === policy.paths)
        .map(({ lookups }) => ({ lookups, growth: network.growth }))
    )
    const lookups = measured.map((one) => one.lookups)
    const k = measured[0]?.growth.k ?? 1
    const unevenness = measured.map(({ lookups: of, growth }) => {
      const load = new Float64Array(growth.nodes)
      for (const { asked } of of) for (const node of asked) load[node] = (load[node] ?? 0) + 1
      return gini(load)
    })
    const rng = new Rng(1, `${name}/${policy.paths}`)
    const cells = [
      `${name} (${measured.length})`,
      `${policy.paths} × ${policy.alpha}`,
      lookups.flat().length,
      estimate(lookups, (one) => one.requests, rng),
      estimate(lookups, (one) => one.hops, rng),
      estimate(lookups, (one) => one.found / k, rng),
      `${sizes[0]}–${quantile(sizes, 0.5)}–${sizes[sizes.length - 1]}`,
      (unevenness.reduce((a, b) => a + b, 0) / unevenness.length).toFixed(2)
    ]
    process.stdout.write(`| ${cells.join(' | ')} |\n`)
  }
}
