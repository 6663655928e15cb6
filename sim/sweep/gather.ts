/**
 * The outcome of a sweep as tables: a row a point, a row a combination of values with the mean and
 * the 95 % interval of every figure over its repeats, and how each figure grows with the size of the
 * network. A point that failed has no row.
 * @module
 */
import { join } from 'node:path'
import type { SweptRun } from '../report/plots/swept.ts'
import { writeWhole } from '../results/files.ts'
import { parquet } from '../results/parquet.ts'
import { overRepeats } from '../results/summarise.ts'
import { csv, jsonLines } from '../results/text.ts'
import { mean } from '../statistics/quantile.ts'
import { fitGrowth } from '../statistics/regression.ts'
import type { Column, Table } from '../table.ts'
import type { PointOutcome } from './outcome.ts'
import type { AxisValue } from './over.ts'
import type { SweepPlan, SweepPoint } from './plan.ts'

export interface Gathered {
  /** A row a point. */
  readonly points: Table
  /** A row a combination: "lookup.requests.mean", "….low95", "….high95". */
  readonly settings: Table
  /** A row a figure and size: figure = intercept + slope × log10(size). No rows without sizes. */
  readonly growth: Table
  /** What the report draws: a run a point (report/sweep.ts). */
  readonly runs: readonly SweptRun[]
}

interface Row {
  readonly point: SweepPoint
  readonly outcome: PointOutcome
  /** Figures and facts. */
  readonly values: Readonly<Record<string, number>>
}

/** Fields that say how large the network is. */
const SIZES = ['network.clinics', 'network.patients', 'live.clinics', 'live.patients']
/** Sizes that a line needs, so that it can be wrong. */
const SIZES_MIN = 3

export function gather(
  plan: SweepPlan,
  outcomeOf: (id: string) => PointOutcome | undefined
): Gathered {
  const rows = plan.points.flatMap((point): Row[] => {
    const outcome = outcomeOf(point.id)
    return outcome ? [{ point, outcome, values: { ...outcome.figures, ...outcome.facts } }] : []
  })
  const names = [...new Set(rows.flatMap(({ values }) => Object.keys(values)))].sort()
  return {
    points: pointsTable(plan, rows, names),
    settings: settingsTable(plan, rows, names),
    growth: growthTable(plan, rows, names),
    runs: rows.map(({ point: { at, repeat }, values }) => ({ at, repeat, figures: values }))
  }
}

/** Writes points.csv, .jsonl, .parquet and the same of the others; gives their names. */
export async function writeGathered(folder: string, gathered: Gathered): Promise<string[]> {
  const files: string[] = []
  const put = async (name: string, parts: Iterable<string | Uint8Array>) => {
    await writeWhole(join(folder, name), parts)
    files.push(name)
  }
  for (const table of [gathered.points, gathered.settings, gathered.growth]) {
    await put(`${table.name}.csv`, csv(table))
    await put(`${table.name}.jsonl`, jsonLines(table))
    await put(`${table.name}.parquet`, [parquet(table)])
  }
  return files
}

function pointsTable({ axes }: SweepPlan, rows: readonly Row[], names: readonly string[]): Table {
  const columns = [
    numberColumn('setting', 'count', rows, ({ point }) => point.setting),
    ...axes.map(({ path }) =>
      axisColumn(
        path,
        rows.map(({ point }) => point.at)
      )
    ),
    numberColumn('repeat', 'count', rows, ({ point }) => point.repeat),
    numberColumn('seed', '', rows, ({ point }) => point.seed),
    textColumn('point', rows, ({ point }) => point.id),
    textColumn('digest', rows, ({ outcome }) => outcome.digest),
    numberColumn('asExpected', '', rows, ({ outcome }) => (outcome.asExpected ? 1 : 0)),
    numberColumn('violations', 'count', rows, ({ outcome }) =>
      outcome.checks.reduce((sum, { violations }) => sum + violations, 0)
    ),
    ...names.map((name) => numberColumn(name, '', rows, ({ values }) => values[name]))
  ]
  return { name: 'points', rows: rows.length, columns }
}

function settingsTable(plan: SweepPlan, rows: readonly Row[], names: readonly string[]): Table {
  const groups = [...groupBy(rows, ({ point }) => point.setting).values()]
  const first = groups.map((group) => (group[0] as Row).point)
  const columns = [
    numberColumn('setting', 'count', first, ({ setting }) => setting),
    ...plan.axes.map(({ path }) =>
      axisColumn(
        path,
        first.map(({ at }) => at)
      )
    ),
    numberColumn('repeats', 'count', groups, ({ length }) => length),
    ...names.flatMap((name) => {
      const values = groups.map((group) => group.flatMap((row) => row.values[name] ?? []))
      const intervals = values.map(overRepeats)
      return [
        numberColumn(name, '', values, mean),
        numberColumn(`${name}.low95`, '', intervals, (interval) => interval?.low),
        numberColumn(`${name}.high95`, '', intervals, (interval) => interval?.high)
      ]
    })
  ]
  return { name: 'settings', rows: groups.length, columns }
}

interface Growth {
  readonly figure: string
  readonly size: string
  readonly others: string
  readonly fit: ReturnType<typeof fitGrowth>
  readonly points: number
}

function growthTable({ axes }: SweepPlan, rows: readonly Row[], names: readonly string[]): Table {
  const growths: Growth[] = []
  for (const { path } of axes.filter((axis) => SIZES.includes(axis.path))) {
    const groups = groupBy(
      rows.filter(({ point }) => Number(point.at[path]) > 0),
      ({ point }) => spellOthers(point.at, path)
    )
    for (const [others, group] of groups) {
      for (const figure of names) {
        const there = group.filter(({ values }) => values[figure] !== undefined)
        const sizes = there.map(({ point }) => Number(point.at[path]))
        if (new Set(sizes).size < SIZES_MIN) continue
        const fit = fitGrowth(
          sizes,
          there.map(({ values }) => values[figure] as number)
        )
        growths.push({ figure, size: path, others, fit, points: sizes.length })
      }
    }
  }
  const columns = [
    textColumn('figure', growths, ({ figure }) => figure),
    textColumn('size', growths, ({ size }) => size),
    textColumn('others', growths, ({ others }) => others),
    numberColumn('slopePerTenfold', '', growths, ({ fit }) => fit.slope),
    numberColumn('slope.low95', '', growths, ({ fit }) => fit.slopeInterval.low),
    numberColumn('slope.high95', '', growths, ({ fit }) => fit.slopeInterval.high),
    numberColumn('intercept', '', growths, ({ fit }) => fit.intercept),
    numberColumn('r2', 'share', growths, ({ fit }) => fit.r2),
    numberColumn('points', 'count', growths, ({ points }) => points)
  ]
  return { name: 'growth', rows: growths.length, columns }
}

/** What else was varied: "dht.alpha=3 dht.k=20". */
const spellOthers = (at: Readonly<Record<string, AxisValue>>, path: string): string =>
  Object.entries(at)
    .filter(([other]) => other !== path)
    .map(([other, value]) => `${other}=${value}`)
    .join(' ')

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

/** Absent is NaN. */
function numberColumn<T>(
  name: string,
  unit: string,
  rows: readonly T[],
  numberOf: (row: T) => number | undefined
): Column {
  return { name, unit, values: Float64Array.from(rows, (row) => numberOf(row) ?? Number.NaN) }
}

const textColumn = <T>(name: string, rows: readonly T[], textOf: (row: T) => string): Column => ({
  name,
  unit: '',
  values: rows.map(textOf)
})

function axisColumn(path: string, ats: readonly Readonly<Record<string, AxisValue>>[]): Column {
  const numeric = ats.every((at) => typeof at[path] === 'number')
  return numeric
    ? numberColumn(path, '', ats, (at) => at[path] as number)
    : textColumn(path, ats, (at) => String(at[path]))
}
