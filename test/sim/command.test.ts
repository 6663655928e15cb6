import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Output } from '../../node/cli/output.ts'
import { createProgram } from '../../node/cli/program.ts'
import type { Shell } from '../../node/cli/shell.ts'
import { CheckViolatedError } from '../../sim/checks/violated.ts'
import { addSimCommands } from '../../sim/command.ts'
import type { SimCall, SimFlags } from '../../sim/commands/call.ts'
import { runOn } from '../../sim/commands/run.ts'
import type { Engine } from '../../sim/engine.ts'
import { fakeEngine } from './fake-engine.ts'

let cwd: string
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'keyward-sim-'))
  await writeFile(join(cwd, 'small.yaml'), SMALL)
})
afterEach(() => rm(cwd, { recursive: true, force: true }))

const SMALL = `name: small
question: Does the smallest scenario run?
durationSeconds: 60
repeats: 2
network: { clinics: 10, patients: 20 }
workload: { requestsPerHour: 60 }
expect: [{ figure: retrieve.ok.share, atLeast: 0.9 }]
`

function process(signal = new AbortController().signal) {
  const said = { out: '', err: '' }
  const shell: Shell = {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    env: {},
    cwd,
    signal,
    loadNode: () => Promise.reject(new Error('a simulation needs no node'))
  }
  return { shell, said }
}

/** A command line as bin/keyward.ts runs it. */
async function keyward(...argv: string[]) {
  const { shell, said } = process()
  const { command, context, run } = createProgram(shell)
  addSimCommands(command, {
    shell,
    output: (flags) => new Output(shell, flags),
    setExit: (code) => {
      context.exit = code
    }
  })
  const exit = await run(argv)
  return { exit, ...said, command }
}

/** `sim run small.yaml` on a fake engine. */
async function simRun(engine: Engine, flags: SimFlags = {}, signal?: AbortSignal) {
  const { shell, said } = process(signal)
  const call: SimCall = { shell, out: new Output(shell, flags), flags, given: ['small.yaml'] }
  const exit = await runOn(call, async () => engine)
  return { exit, ...said }
}

describe('keyward sim', () => {
  it('gives every command a help text with an example and the exit codes', async () => {
    const { command } = await keyward('--help')
    const sim = command.commands.find((each) => each.name() === 'sim') as Command

    expect(sim.commands.map((each) => each.name())).toEqual(
      expect.arrayContaining(['list', 'estimate', 'run'])
    )
    for (const { name } of sim.commands.map((each) => ({ name: each.name() }))) {
      const { out, exit } = await keyward('sim', name, '--help')
      expect(exit, name).toBe(0)
      expect(out, name).toContain(`  $ keyward sim ${name}`)
      expect(out, name).toContain('7 a law was broken')
      expect(out, name).toContain('--json')
    }
  })

  it('lists scenarios with their sizes and questions', async () => {
    const { out } = await keyward('sim', 'list')
    const { scenarios } = JSON.parse((await keyward('sim', 'list', '--json')).out)

    expect(out).toMatch(
      /^nation-1m +1,000,000 +\d+ +without emergencies\n {2}Does a network of a million/m
    )
    expect(scenarios).toContainEqual(
      expect.objectContaining({ name: 'nation-1m', model: { clinics: 100_000, patients: 900_000 } })
    )
  })

  it('prints the schema for editors', async () => {
    const { out } = await keyward('sim', 'list', '--schema')

    expect(JSON.parse(out)).toMatchObject({ type: 'object', additionalProperties: false })
  })

  it('estimates both engines, and judges the one that was named', async () => {
    const both = await keyward('sim', 'estimate', 'nation-1m', '--set', 'live.clinics=5000')
    const far = ['network.clinics=20000000', 'network.patients=20000000'].flatMap((each) => [
      '--set',
      each
    ])
    const large = await keyward('sim', 'estimate', 'nation-1m', '--engine', 'model', ...far)

    expect(both.exit).toBe(0)
    expect(both.out).toMatch(/^model +1,000,000 /m)
    expect(large.exit).toBe(1)
    expect(large.out).toMatch(/^model: memory: about .* nodes would fit$/m)
  })

  it.each([
    ['no scenario', ['run'], /missing required argument 'scenario'/],
    ['an unknown scenario', ['run', 'clinic'], /expected a scenario’s file or name/],
    ['an unknown engine', ['run', 'small.yaml', '--engine', 'both'], /expected live or model/],
    ['a seed that is no number', ['run', 'small.yaml', '--seed', '-1'], /expected a whole number/],
    ['an unknown field', ['run', 'small.yaml', '--set', 'dht.beta=3'], /dht\.beta {2}is not known/],
    ['an unknown command', ['runn', 'small.yaml'], /unknown command|Usage/]
  ])('exits 2 on %s', async (_id, argv, message) => {
    const { exit, err } = await keyward('sim', ...argv)

    expect(exit).toBe(2)
    expect(err).toMatch(message)
  })
})

describe('keyward sim run', () => {
  it('prints SEED first, then answers, and leaves results and a report', async () => {
    const { exit, out, err } = await simRun(fakeEngine())

    expect(exit).toBe(0)
    expect(err).toMatch(/^SEED 1\n/)
    expect(err).toContain('repeat 2/2 running')
    expect(out).toMatch(/^question +Does the smallest scenario run\?$/m)
    expect(out).toMatch(/^retrieve +20 +100 %/m)
    expect(out).toMatch(/^verdict +As expected$/m)
    const report = /^report +(.*)$/m.exec(out)?.[1] ?? ''
    expect(report).toBe(join(cwd, 'results/small-model-1/report.html'))
    expect(await readFile(report, 'utf8')).toContain('Does the smallest scenario run?')
  })

  it('exits 7 when an expectation is not met or a law broken', async () => {
    const set = ['expect=[{figure: retrieve.ok.share, atLeast: 2}]']
    const unmet = await simRun(fakeEngine(), { set, report: false })
    const broken = await simRun(fakeEngine({ violations: 3 }), { seed: 2, report: false })

    expect(unmet.exit).toBe(7)
    expect(unmet.out).toMatch(/^verdict +Not as expected: 1 of 1 missed$/m)
    expect(broken.exit).toBe(7)
    expect(broken.out).toMatch(/^verdict +Void: no-share-without-grant violated$/m)
  })

  it('gives the verdict as exit code when an engine stops at a broken law', async () => {
    const law = { name: 'revoked-is-denied', checked: 5, violations: 1, first: 'a' }
    const engine = fakeEngine({
      during: () => {
        throw new CheckViolatedError(law, 1, 0)
      }
    })

    await expect(simRun(engine)).rejects.toMatchObject({ exit: 7 })
  })

  it('keeps finished repeats on Ctrl-C and goes on with them', async () => {
    const stop = new AbortController()
    const engine = fakeEngine({ during: ({ repeat }) => void (repeat === 1 && stop.abort()) })
    const run = simRun(engine, { json: true, report: false }, stop.signal)
    await expect(run).rejects.toMatchObject({ name: 'AbortError' })
    const again = await simRun(fakeEngine(), { report: false })

    expect(again.exit).toBe(0)
    expect(again.err).toContain('repeats done by an earlier run: 1')
  })

  it('refuses what the machine cannot hold, unless it is forced', async () => {
    const set = ['network.clinics=20000000', 'network.patients=20000000']
    const refused = simRun(fakeEngine(), { set })
    await expect(refused).rejects.toMatchObject({
      name: 'TooLargeError',
      faults: [expect.stringContaining('memory: about')]
    })
    const forced = await simRun(fakeEngine(), { set, force: true, report: false })

    expect(forced.exit).toBe(0)
  })

  it('puts one object of JSON on stdout, with seed, verdict and figures', async () => {
    const { out, err } = await simRun(fakeEngine(), { json: true, seed: 3, report: false })
    const answer = JSON.parse(out)

    expect(answer).toMatchObject({ seed: 3, asExpected: true, engine: 'model' })
    expect(answer.figures['retrieve.count']).toBe(20)
    expect(
      err
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
    ).not.toEqual([])
    expect(existsSync(join(cwd, 'results/small-model-3/manifest.json'))).toBe(true)
  })
})
