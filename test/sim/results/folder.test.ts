import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { digestOf } from '../../../sim/results/digest.ts'
import {
  beginRun,
  finishRun,
  keepRepeat,
  type RunManifest,
  readOutcome,
  readRun,
  writeRun
} from '../../../sim/results/folder.ts'
import { madeUpManifest, madeUpResult, madeUpScenario } from '../fixture.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyward-results-'))
})
afterEach(() => rm(folder, { recursive: true }))

const manifest = madeUpManifest({ scenario: madeUpScenario({ repeats: 2 }) })
const result = (repeat: number) => madeUpResult({ count: 60, nodes: 20, repeat })
const results = [result(0), result(1)]
const at = (name: string): string => join(folder, name)

describe('a kept run', () => {
  it('reads back as it was written', async () => {
    const summary = await writeRun(folder, manifest, results)

    const run = await readRun(folder)

    expect(run.results).toEqual(results)
    expect(run.summary).toEqual(summary)
    expect(run.manifest).toEqual({ ...manifest, digest: await digestOf(results), complete: true })
    expect(await readOutcome(folder)).toEqual({ manifest: run.manifest, summary })
  })

  it('has each table three times, the scenario, the trace and no temporary file', async () => {
    await writeRun(folder, manifest, results)

    const names = (await readdir(folder)).sort()
    const tables = ['disclosure', 'nodes', 'operations', 'revocations', 'series']
    expect(names).toEqual(
      [
        'checks.json',
        'manifest.json',
        'repeats',
        'scenario.yaml',
        'summary.json',
        'trace.jsonl',
        ...tables.flatMap((name) => ['csv', 'jsonl', 'parquet'].map((ext) => `${name}.${ext}`))
      ].sort()
    )
    expect(parse(await readFile(at('scenario.yaml'), 'utf8'))).toEqual(manifest.scenario)
    expect((await readFile(at('trace.jsonl'), 'utf8')).split('\n')[0]).toContain('"repeat":0')
  })

  it('has the same bytes when it is made again', async () => {
    await writeRun(at('a'), manifest, results)
    await writeRun(at('b'), manifest, results)

    for (const name of await readdir(at('a'))) {
      if (name === 'repeats') continue
      expect(await readFile(at(`b/${name}`)), name).toEqual(await readFile(at(`a/${name}`)))
    }
  })
})

describe('an interrupted run', () => {
  it('goes on with the repeats that it lacks', async () => {
    await beginRun(folder, manifest)
    await keepRepeat(folder, 1, result(1))

    const { done } = await beginRun(folder, { ...manifest, startedAt: '2026-11-25T00:00:00.000Z' })
    await keepRepeat(folder, 0, result(0))
    await finishRun(folder, manifest)

    expect(done).toEqual([1])
    expect((await readRun(folder)).manifest.digest).toBe(await digestOf(results))
  })

  it('is not read, and says which repeat is missing', async () => {
    await beginRun(folder, manifest)
    await keepRepeat(folder, 0, result(0))

    await expect(readRun(folder)).rejects.toMatchObject({
      name: 'InvalidConfigError',
      message: expect.stringMatching(/complete run, repeat 1 is missing: run it again/)
    })
    await expect(finishRun(folder, manifest)).rejects.toThrow(/expected 2 repeats, repeat 1/)
  })

  it('does a repeat again whose last file was not written', async () => {
    await beginRun(folder, manifest)
    await keepRepeat(folder, 0, result(0))
    await rm(at('repeats/0.json'))

    expect(await beginRun(folder, manifest)).toEqual({ done: [] })
  })

  it.each<[string, Partial<RunManifest>]>([
    ['seed 7 against 8', { seed: 8 }],
    ['engine "model" against "live"', { engine: 'live' }],
    ['scenario.dht.k 20 against 16', { scenario: madeUpScenario({ repeats: 2, dht: { k: 16 } }) }],
    [
      'versions.helia "7.1.15" against "8.0.0"',
      { versions: { ...manifest.versions, helia: '8.0.0' } }
    ]
  ])('does not go on as another: %s', async (words, change) => {
    await beginRun(folder, manifest)

    await expect(beginRun(folder, { ...manifest, ...change })).rejects.toMatchObject({
      name: 'InvalidConfigError',
      message: expect.stringContaining(words)
    })
  })
})

describe('a damaged folder', () => {
  const flip = async (name: string): Promise<void> => {
    const bytes = await readFile(at(name))
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
    await writeFile(at(name), bytes)
  }
  const files = [
    'operations.csv',
    'nodes.parquet',
    'series.jsonl',
    'summary.json',
    'checks.json',
    'scenario.yaml',
    'trace.jsonl',
    'repeats/0.tables',
    'repeats/1.json'
  ]
  const harms: readonly [string, (name: string) => Promise<void>, RegExp][] = [
    ['missing', (name) => rm(at(name)), /expected \d+ bytes, got no file/],
    ['torn', (name) => truncate(at(name), 20), /expected \d+ bytes, got 20/],
    ['changed', flip, /expected SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}/]
  ]

  it.each(harms)('is refused for each file that is %s', async (_, harm, words) => {
    for (const name of files) {
      await rm(folder, { recursive: true })
      await writeRun(folder, manifest, results)
      await harm(name)

      await expect(readRun(folder), name).rejects.toMatchObject({
        name: 'StoreCorruptError',
        message: expect.stringContaining(name)
      })
      await expect(readRun(folder), name).rejects.toThrow(words)
    }
  })

  it('is refused when the manifest is torn', async () => {
    await writeRun(folder, manifest, results)
    await truncate(at('manifest.json'), 300)

    await expect(readRun(folder)).rejects.toMatchObject({ name: 'StoreCorruptError' })
  })

  it('is refused when the manifest says another seed than it was sealed with', async () => {
    await writeRun(folder, manifest, results)
    const text = await readFile(at('manifest.json'), 'utf8')
    await writeFile(at('manifest.json'), text.replace('"seed": 7', '"seed": 8'))

    await expect(readRun(folder)).rejects.toMatchObject({
      name: 'StoreCorruptError',
      message: expect.stringMatching(/^manifest.json expected seal/)
    })
  })
})

describe('a folder of something else', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['nothing', {}, /expected a run's folder \(manifest.json\), found none/],
    [
      'a web page',
      { 'manifest.json': '{"name":"app"}' },
      /expected format "keyward-run\/1", got none/
    ]
  ])('is refused: %s', async (_, files, words) => {
    for (const [name, text] of Object.entries(files)) await writeFile(at(name), text)

    await expect(readRun(folder)).rejects.toThrow(words)
    await expect(readRun(folder)).rejects.toMatchObject({ name: 'InvalidConfigError' })
  })

  it('is not written into', async () => {
    await writeFile(at('thesis.tex'), 'do not lose')

    await expect(beginRun(folder, manifest)).rejects.toThrow(/new or empty folder/)
    expect(await readdir(folder)).toEqual(['thesis.tex'])
  })
})
