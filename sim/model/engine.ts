/**
 * The model engine: a scenario and a seed in, tables out, with events on one wheel and the state of
 * up to 10^7 nodes in typed arrays. What it does at each step is what the node does, as costs and
 * delays; the same scenario and seed give the same tables on every machine.
 * @module
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Engine, RunOptions, RunResult } from '../engine.ts'
import { Rng } from '../random.ts'
import type { Scenario } from '../scenario/shape.ts'
import { grantSettledMs, type Planned, plan } from '../workload.ts'
import { Adversaries } from './adversaries/adversaries.ts'
import { attackOf } from './adversaries/takeover.ts'
import { buildDomain } from './build.ts'
import type { Domain } from './domain.ts'
import { emergency } from './emergency.ts'
import { wish } from './inbox.ts'
import { checkKept } from './kept.ts'
import { type Process, ticks } from './process.ts'
import { publish, update } from './publish.ts'
import { depart } from './repair.ts'
import { consentsTable, factsOf, nodesTable, revocationsTable } from './results.ts'
import { revoke } from './revoke.ts'
import { keySalts } from './routing.ts'
import { Series } from './series.ts'
import { vital } from './vitals.ts'
import { TICKS_PER_MS, Wheel } from './wheel.ts'

export const modelEngine: Engine = {
  name: 'model',
  run: (scenario, options) => new Run(scenario, options).result()
}

/** After the measured part, whatever is under way has so much longer than a grant takes. */
const DRAIN_MS = 120_000
/** Between two looks at the signal, in simulated time: a second, or as many slices in all. */
const SLICE_MS = 1_000
const SLICES = 20_000

class Run {
  readonly #scenario: Scenario
  readonly #options: RunOptions
  readonly #rng: Rng
  readonly #nodes: number
  readonly #wheel = new Wheel()
  readonly #startTick: number
  readonly #endTick: number
  readonly #untilTick: number
  readonly #acts: readonly Planned[]
  readonly #domain: Domain
  readonly #series: Series
  readonly #adversaries: Adversaries
  /** Acts that have not led to all that follows from them. */
  #pending = 0

  constructor(scenario: Scenario, options: RunOptions) {
    this.#scenario = scenario
    this.#options = options
    this.#rng = new Rng(options.seed, `model/${options.repeat}`)
    this.#acts = plan(scenario, this.#rng.derive('plan'))
    const { clinics, patients } = scenario.network
    const salts = keySalts(this.#rng.derive('routing'))
    const attack = attackOf(scenario, this.#acts, salts, this.#rng.derive('attack'))
    this.#nodes = clinics + patients + attack.nodes
    this.#startTick = ticks(scenario.warmupSeconds * 1_000)
    this.#endTick = this.#startTick + ticks(scenario.durationSeconds * 1_000)
    this.#untilTick = this.#endTick + ticks(4 * grantSettledMs(scenario) + DRAIN_MS)
    this.#domain = buildDomain({
      scenario,
      options,
      rng: this.#rng,
      nodes: this.#nodes,
      wheel: this.#wheel,
      startTick: this.#startTick,
      untilTick: this.#untilTick,
      ground: attack.ground
    })
    this.#adversaries = new Adversaries(this.#domain, attack)
    this.#domain.presence.onDeparture = (clinic) =>
      this.#domain.processes.start(depart(this.#domain, clinic))
    this.#series = new Series(this.#domain)
  }

  async result(): Promise<RunResult> {
    const { repeat } = this.#options
    await this.#runUntil(this.#startTick, 'settling')
    this.#series.begin()
    this.#adversaries.start()
    this.#nextAct(0)
    this.#nextInterval()
    await this.#runUntil(this.#endTick, 'running')
    while (this.#pending > 0 && this.#wheel.now < this.#untilTick) {
      await this.#runUntil(Math.min(this.#wheel.now + ticks(10_000), this.#untilTick), 'ending')
    }
    const { operations, laws, traced } = this.#domain
    const kept = checkKept(this.#domain)
    return {
      operations: operations.table(repeat),
      nodes: nodesTable(this.#domain, this.#nodes),
      series: this.#series.table(),
      more: [
        revocationsTable(this.#domain),
        consentsTable(this.#domain),
        ...this.#adversaries.tables()
      ].filter(({ rows }) => rows > 0),
      checks: laws.results(),
      trace: traced,
      facts: { ...factsOf(this.#domain, this.#nodes), ...kept, ...this.#adversaries.facts() }
    }
  }

  /** Runs in slices, so that the process stays alive to signals. */
  async #runUntil(tick: number, step: string): Promise<void> {
    const { signal, progress } = this.#options
    const from = this.#wheel.now
    const slice = Math.max(ticks(SLICE_MS), Math.ceil((tick - from) / SLICES))
    let told = 0
    while (this.#wheel.now < tick) {
      signal.throwIfAborted()
      this.#wheel.run(Math.min(tick, this.#wheel.now + slice))
      const done = (this.#wheel.now - from) / Math.max(1, tick - from)
      if (done - told >= 0.01) {
        told = done
        const { rows } = this.#domain.operations
        progress({ step, done: Math.round(done * 100), total: 100, detail: `${rows} operations` })
        await turn()
      }
    }
  }

  #nextAct(index: number): void {
    const act = this.#acts[index]
    if (act == null) return
    this.#domain.processes.at(this.#startTick + ticks(act.atMs), () => {
      this.#nextAct(index + 1)
      this.#pending++
      this.#domain.processes.start(this.#process(act, index), () => this.#pending--)
    })
  }

  *#process(act: Planned, index: number): Process {
    const domain = this.#domain
    switch (act.kind) {
      case 'lookup':
        return yield* this.#lookup(act, index)
      case 'publish':
        return yield* publish(domain, act.record, act.owner)
      case 'update':
        return yield* update(domain, act.record, act.owner)
      case 'wish':
        return yield* wish(domain, act)
      case 'revoke':
        return yield* revoke(domain, act)
      case 'emergency':
        return yield* emergency(domain, act)
      case 'vital':
        return yield* vital(domain, act)
    }
  }

  *#lookup(act: Planned, index: number): Process {
    const { operations, routing } = this.#domain
    if (!this.#domain.traffic.isOnline(act.actor)) return
    const operation = operations.begin('lookup', act.actor)
    const key = this.#rng.derive(`key/${index}`)
    const { hops, share } = yield* routing.find(operation, act.actor, key.u32(), key.u32())
    operation.hops = hops
    operation.found = share
    operations.end(operation, '')
  }

  #nextInterval(): void {
    const { processes } = this.#domain
    const seconds = this.#scenario.intervalSeconds
    const at = processes.nowTick + ticks(seconds * 1_000)
    if (at > this.#endTick) return
    processes.at(at, () => {
      const atMs = (at - this.#startTick) / TICKS_PER_MS
      this.#series.note(atMs, seconds, this.#domain.presence.count)
      this.#adversaries.note(atMs)
      this.#nextInterval()
    })
  }
}
