/**
 * The sections of a run's report that are words and tables.
 * @module
 */

import type { EngineName } from '../engine.ts'
import type { Calibration, StoredRun, Summary } from '../results/run.ts'
import { answers, kindsIn, OF_KIND, OF_NETWORK, verdict } from './answer.ts'
import { type Html, html, table } from './html.ts'
import { notSimulated } from './not-simulated.ts'
import type { Section } from './page.ts'
import {
  bytes,
  figureInWords,
  figureUnit,
  number,
  rangeInWords,
  share,
  spaced,
  withUnit
} from './words.ts'

export function header(run: StoredRun): Html {
  const { manifest, summary } = run
  const { scenario, engine } = manifest
  const { words, kind } = verdict(summary)
  return html`<p class="over">Keyward simulator, engine ${engine}, ${manifest.startedAt.slice(0, 10)}</p>
<h1>${scenario.name}</h1>
<p class="question">${scenario.question}</p>
<p class="verdict ${kind}">${words}</p>
${calibrationStamp(manifest.engine, manifest.calibration)}`
}

/** What stands above every figure: whether they are of real nodes, and how good the model is. */
export function calibrationStamp(engine: EngineName, calibration: Calibration | undefined): Html {
  if (engine === 'live') {
    return html`<div class="stamp"><p><strong>Real node code.</strong> Nothing was modelled but the network between the nodes, and what is listed under “Not simulated”.</p></div>
`
  }
  if (calibration == null) {
    return html`<div class="stamp warn"><p><strong>Model, not validated.</strong> No calibration against real nodes was kept when this run was made: take no figure from it as Keyward’s.</p></div>
`
  }
  const { date, agreed, networks } = calibration
  return html`<div class="stamp${agreed ? '' : ' warn'}"><p><strong>${agreed ? 'Calibrated model.' : 'Model, calibration not passed.'}</strong> Compared with ${networks} networks of real nodes on ${date.slice(0, 10)} (commit ${calibration.commit.slice(0, 10)}): ${agreed ? 'agrees' : 'does not agree'} by the rule of an upper 95 % bound of D at most 0.10.</p>
<p>${calibrationWords(calibration)}.</p></div>
`
}

const calibrationWords = ({ rows }: Calibration): string =>
  rows
    .map(
      ({ metric, D, upper95, medianErrorShare }) =>
        `${spaced(metric)}: D ${number(D)}, at most ${number(upper95)}, median off by ${share(medianErrorShare)}`
    )
    .join('; ')

export function answerSection(run: StoredRun): Section {
  const { expectations } = run.summary
  const rows = expectations.map(({ figure, expected, got, ok }) => [
    html`<code>${figure}</code>`,
    expected,
    number(got),
    html`<span class="${ok ? 'good' : 'bad'}">${ok ? 'met' : 'missed'}</span>`
  ])
  return {
    id: 'answer',
    title: 'Answer',
    body: html`<ul>
${answers(run).map((words) => html`<li>${words}</li>\n`)}</ul>
${rows.length === 0 ? '' : table({ caption: 'What the scenario expects', head: ['figure', 'expected', 'got', ''], numbers: [2], rows })}`
  }
}

export function figuresSection({ summary }: StoredRun): Section {
  const { figures } = summary
  const all = Object.keys(figures).filter((name) => Number.isFinite(figures[name]))
  return {
    id: 'figures',
    title: 'Key figures',
    body: html`${kindsTable(summary)}
${figuresTable('The network', OF_NETWORK, summary)}
<details><summary>All ${all.length} figures</summary>
${figuresTable('As in summary.json', all, summary)}</details>
`
  }
}

const HEADS: Readonly<Record<(typeof OF_KIND)[number], string>> = {
  count: 'operations in a repeat',
  'ok.share': 'success rate',
  'keyMs.p50': 'time to key, median',
  'keyMs.p95': 'time to key, 95 %',
  'latencyMs.p50': 'latency, median',
  'latencyMs.p95': 'latency, 95 %',
  'requests.mean': 'DHT requests',
  'hops.mean': 'hops',
  'found.mean': 'found',
  'messages.mean': 'messages',
  'bytes.mean': 'bytes',
  'gas.mean': 'gas'
}

/** A column a kind: values over their intervals. */
function kindsTable(summary: Summary): Html {
  const kinds = kindsIn(summary)
  const rows = OF_KIND.map((name) => [
    HEADS[name],
    ...kinds.map((kind) => cell(kind, name, summary))
  ])
  const caption =
    'Operations by kind, mean of a repeat; small: 95 % interval. Times and hops of those that succeeded, costs of all.'
  const there = rows.filter((row) => row.slice(1).some((value) => value !== NOTHING))
  const head = ['', ...kinds]
  return table({ caption, head, numbers: head.map((_, i) => i).slice(1), rows: there })
}

const NOTHING = '–'

function cell(kind: string, name: string, summary: Summary): Html | string {
  const figure = `${kind}.${name}`
  const value = summary.figures[figure] ?? Number.NaN
  if (!Number.isFinite(value)) return NOTHING
  const range = name === 'count' ? undefined : rangeOf(figure, summary)
  return html`${withUnit(value, figureUnit(figure))}${range == null ? '' : html`<small>${range}</small>`}`
}

function rangeOf(figure: string, { intervals }: Summary): string | undefined {
  const interval = intervals[figure]
  const unit = figureUnit(figure)
  return interval && rangeInWords(interval.low, interval.high, unit)
}

function figuresTable(caption: string, names: readonly string[], summary: Summary): Html {
  const there = names.filter((name) => Number.isFinite(summary.figures[name]))
  if (there.length === 0) return html``
  const rows = there.map((name) => {
    const unit = figureUnit(name)
    const interval = summary.intervals[name]
    return [
      figureInWords(name),
      withUnit(summary.figures[name] as number, unit),
      rangeOf(name, summary) ?? NOTHING,
      interval == null ? 'one repeat' : `${METHODS[interval.by]}, ${number(interval.count)}`
    ]
  })
  const head = ['figure', 'value', '95 % interval', 'by, of']
  return table({ caption, head, numbers: [1, 2], rows })
}

const METHODS = { t: 'Student, repeats', wilson: 'Wilson, operations' } as const

export function checksSection({ summary: { checks } }: StoredRun): Section {
  const rows = checks.map(({ name, checked, violations, first }) => [
    spaced(name.replaceAll('-', ' ')),
    number(checked),
    checked === 0 && violations === 0
      ? 'not put to the test'
      : html`<span class="${violations === 0 ? 'good' : 'bad'}">${number(violations)}</span>`,
    first ?? '–'
  ])
  const head = ['law', 'checked', 'violations', 'first']
  return {
    id: 'checks',
    title: 'Checks',
    body:
      rows.length === 0
        ? html`<p>This run checked no laws.</p>\n`
        : table({ caption: 'Laws that must hold in every run', head, numbers: [1, 2], rows })
  }
}

export function scenarioSection({ manifest }: StoredRun): Section {
  const { question: _q, expect: _e, ...parameters } = manifest.scenario
  const rows = flat(parameters).map(([path, value]) => [html`<code>${path}</code>`, value])
  return {
    id: 'scenario',
    title: 'Scenario',
    body: html`<p>As resolved, defaults included; the same as <code>scenario.yaml</code> beside this file.</p>
<details><summary>${rows.length} parameters</summary>
${table({ caption: 'Parameters', head: ['path', 'value'], rows })}</details>
`
  }
}

function flat(value: unknown, path = ''): [string, string][] {
  if (value == null || typeof value !== 'object') return [[path, String(value)]]
  return Object.entries(value).flatMap(([key, inner]) =>
    flat(inner, path === '' ? key : `${path}.${key}`)
  )
}

export function limitsSection({ manifest }: StoredRun): Section {
  const items = notSimulated(manifest.engine, manifest.scenario)
  return {
    id: 'limits',
    title: 'Not simulated',
    body: html`<ul>
${items.map((item) => html`<li>${item}</li>\n`)}</ul>
`
  }
}

export function reproduceSection({ manifest }: StoredRun): Section {
  const { commit, seed, engine, host, versions, digest, scenario } = manifest
  const same =
    engine === 'model'
      ? 'The model gives the same digest on every machine.'
      : 'Live runs differ in timing, so their digests do as well; compare them with sim compare.'
  const rows: [string, string][] = [
    ['Keyward', `${manifest.keyward}, commit ${commit}`],
    ['seed, repeats', `${seed}, ${manifest.repeats}`],
    ['began, ended', `${manifest.startedAt}, ${manifest.endedAt}`],
    ['host', `${host.cpu}, ${host.cores} cores, ${bytes(host.memoryBytes)}, ${host.os}`],
    ...Object.entries(versions),
    ['digest of all tables', digest]
  ]
  return {
    id: 'reproduce',
    title: 'Make it again',
    body: html`<pre>git checkout ${commit}
npm run -s keyward -- sim run scenario.yaml --engine ${engine} --seed ${seed} --out ${scenario.name}-again
npm run -s keyward -- sim compare . ${scenario.name}-again</pre>
<p>${same}</p>
${table({ caption: 'What made this run', head: ['what', 'value'], rows })}
<p>Tables as CSV, JSON lines and Parquet, the manifest with the SHA-256 of every file, and each figure as SVG and PNG (<code>figures/</code>) are beside this file.</p>
`
  }
}
