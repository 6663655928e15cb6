/**
 * What results are made of beside the scenario: the source, and the files that the scenario names.
 * Two machines that differ in any of it do not work on one sweep.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { sourceCommit } from '../results/manifest.ts'
import { InvalidScenarioError } from '../scenario/faults.ts'
import type { Scenario } from '../scenario/shape.ts'
import { sha256Hex } from './canonical.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export const buildShape = z.strictObject({
  keyward: z.string().max(100),
  /** "unknown" outside a checkout. */
  commit: z.string().max(100),
  /** SHA-256 of each file that a scenario names, by that name. */
  files: z.record(z.string().max(1_024), z.string().regex(/^[0-9a-f]{64}$/))
})

export type Build = z.infer<typeof buildShape>

/** The source that runs here. */
export async function thisSource(): Promise<Pick<Build, 'keyward' | 'commit'>> {
  const about = JSON.parse(await readFile(resolve(ROOT, 'package.json'), 'utf8'))
  return { keyward: String(about.version), commit: await sourceCommit(ROOT) }
}

/** Of this source, and of these scenarios' files as they lie below `baseFolder`. */
export async function thisBuild(scenarios: Iterable<Scenario>, baseFolder: string): Promise<Build> {
  const names = new Set([...scenarios].flatMap(filesNamedIn))
  return { ...(await thisSource()), files: await fileDigests(names, baseFolder) }
}

/** @throws InvalidScenarioError naming each file that cannot be read */
export async function fileDigests(
  names: Iterable<string>,
  baseFolder: string
): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  const faults: string[] = []
  for (const name of [...new Set(names)].sort()) {
    try {
      files[name] = await sha256Hex(await readFile(resolve(baseFolder, name)))
    } catch (err) {
      faults.push(`${name}: expected a file, got ${(err as NodeJS.ErrnoException).code}`)
    }
  }
  if (faults.length > 0) throw new InvalidScenarioError('files of the scenario are missing', faults)
  return files
}

/** Every field called "file", wherever it stands (scenario/shape.ts). */
export function filesNamedIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, field]) =>
    key === 'file' && typeof field === 'string' ? [field] : filesNamedIn(field)
  )
}

/** What sets two builds apart, a line each; none when they are the same. */
export function buildDifferences(here: Build, there: Build): string[] {
  const lines: string[] = []
  for (const key of ['keyward', 'commit'] as const) {
    if (here[key] !== there[key]) lines.push(`${key} ${here[key]} against ${there[key]}`)
  }
  for (const name of new Set([...Object.keys(here.files), ...Object.keys(there.files)])) {
    if (here.files[name] !== there.files[name]) lines.push(`file ${name} has other bytes`)
  }
  return lines
}
