/**
 * `npm run bench [NAME…] [--json] [--quick] [--seed TEXT]`: measures Keyward against what its parts
 * cost on this machine, in the same run, and says plainly where a goal is missed. Figures inform;
 * nothing fails. The rules are PERFORMANCE.md §7's.
 * @module
 */
import { cpus, loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { nativePrimitives } from '../node/crypto/native.ts'
import { type Bench, eventLoopP99, type Row, rowText } from '../test/bench/measure.ts'
import { runCommand } from './run-command.ts'

/** The cheapest first. */
const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  container: () => import('../test/bench/container.bench.ts'),
  model: () => import('../test/bench/model.bench.ts'),
  put: () => import('../test/bench/put.bench.ts'),
  store: () => import('../test/bench/store.bench.ts'),
  fetch: () => import('../test/bench/fetch.bench.ts'),
  check: () => import('../test/bench/check.bench.ts'),
  release: () => import('../test/bench/release.bench.ts'),
  dht: () => import('../test/bench/dht.bench.ts'),
  start: () => import('../test/bench/start.bench.ts'),
  live: () => import('../test/bench/live.bench.ts')
}

/** Others' share of the processors above which a run is marked. */
const BUSY_SHARE = 0.5
const LOOK_MS = 1_000

interface Header {
  readonly commit: string
  readonly seed: string
  readonly quick: boolean
  readonly node: string
  readonly openssl: string
  readonly libp2p: string
  readonly helia: string
  readonly cpu: string
  readonly cores: number
  readonly load: readonly number[]
  readonly crypto: string
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    seed: { type: 'string', default: 'keyward' }
  }
})

async function header(): Promise<Header> {
  const git = await runCommand('git', ['describe', '--always', '--dirty'], { stdoutOnly: true })
  const { dependencies } = await import('../package.json', { with: { type: 'json' } }).then(
    (module) => module.default
  )
  return {
    commit: git.code === 0 ? git.output.trim() : 'unknown',
    seed: values.seed,
    quick: values.quick,
    node: process.versions.node,
    openssl: process.versions.openssl,
    libp2p: dependencies.libp2p,
    helia: dependencies.helia,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    load: loadavg(),
    crypto: nativePrimitives.name
  }
}

/** How busy the processors are while this program sleeps, as a share of all of them. */
async function foreignLoad(): Promise<number> {
  const look = () =>
    cpus().reduce(
      (sum, { times }) => ({
        idle: sum.idle + times.idle,
        all: sum.all + times.idle + times.user + times.sys + times.nice + times.irq
      }),
      { idle: 0, all: 0 }
    )
  const before = look()
  await delay(LOOK_MS)
  const after = look()
  return 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all)
}

function headerText(told: Header): string {
  const { commit, seed, quick, node, openssl, libp2p, helia, cpu, cores, load, crypto } = told
  return [
    `keyward bench ${commit}, seed "${seed}"${quick ? ', quick: the figures mean little' : ''}`,
    `Node ${node}, OpenSSL ${openssl}, libp2p ${libp2p}, Helia ${helia}; crypto: ${crypto}`,
    `${cpu}, ${cores} cores, load ${load.map((each) => each.toFixed(1)).join(' ')}`
  ].join('\n')
}

async function benchmark(name: string): Promise<readonly Row[]> {
  const { run } = await (BENCHES[name] as () => Promise<Bench>)()
  const before = await foreignLoad()
  const { value: rows, p99Ms } = await eventLoopP99(() => run(values))
  const foreign = Math.max(before, await foreignLoad())
  const busy = foreign > BUSY_SHARE
  if (values.json) {
    for (const row of rows) print(JSON.stringify({ bench: name, busy, foreign, p99Ms, ...row }))
    return rows
  }
  const host = `others took ${(100 * foreign).toFixed(0)} % of the processors`
  print(
    `\n${name}${busy ? ', BUSY HOST' : ''} (${host}; event loop p99 ${p99Ms?.toFixed(0) ?? '–'} ms)`
  )
  for (const row of rows) print(rowText(row))
  return rows
}

const print = (line: string): boolean => process.stdout.write(`${line}\n`)

const names = positionals.length > 0 ? positionals : Object.keys(BENCHES)
const unknown = names.filter((name) => BENCHES[name] == null)
if (unknown.length > 0) {
  print(`no bench "${unknown.join('", "')}"; there are: ${Object.keys(BENCHES).join(', ')}`)
  process.exitCode = 2
} else {
  const told = await header()
  print(values.json ? JSON.stringify(told) : headerText(told))
  const rows: Row[] = []
  for (const name of names) {
    try {
      rows.push(...(await benchmark(name)))
    } catch (err) {
      process.exitCode = 1
      process.stderr.write(`${name} did not run: ${(err as Error).stack}\n`)
    }
  }
  const judged = rows.filter(({ met }) => met != null)
  const missed = judged.filter(({ met }) => met === false)
  if (!values.json) print(`\n${judged.length - missed.length} goals met, ${missed.length} missed`)
}
