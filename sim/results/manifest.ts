/**
 * The manifest of a run: commit, versions and host as they are here and now, and its file form, which
 * carries a seal over itself and the SHA-256 of every other file.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { cpus, type as osType, release, totalmem } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { utf8 } from '../../core/bytes.ts'
import { InvalidConfigError, StoreCorruptError } from '../../core/errors.ts'
import type { EngineName } from '../engine.ts'
import type { Scenario } from '../scenario/shape.ts'
import { type FileSeal, parseJson, sha256 } from './files.ts'
import type { Calibration, Host, RunManifest } from './run.ts'

export const MANIFEST = 'manifest.json'
const FORMAT = 'keyward-run/1'
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface ManifestInit {
  readonly scenario: Scenario
  readonly engine: EngineName
  readonly seed: number
  /** ISO 8601. */
  readonly startedAt: string
  readonly calibration?: Calibration
}

/** The manifest of a run that begins now, on this machine, from this source. */
export async function makeManifest(init: ManifestInit): Promise<RunManifest> {
  return {
    keyward: await versionOf('.'),
    commit: await sourceCommit(ROOT),
    engine: init.engine,
    seed: init.seed,
    repeats: init.scenario.repeats,
    scenario: init.scenario,
    versions: await versions(),
    host: thisHost(),
    startedAt: init.startedAt,
    endedAt: '',
    digest: '',
    ...(init.calibration == null ? {} : { calibration: init.calibration }),
    complete: false
  }
}

/** Major versions decide results; Node's is here since `live` runs on its clock and sockets. */
async function versions(): Promise<Record<string, string>> {
  const found: Record<string, string> = { node: process.versions.node }
  for (const name of ['libp2p', '@libp2p/kad-dht', 'helia']) {
    found[name] = await versionOf(join('node_modules', name))
  }
  return found
}

async function versionOf(folder: string): Promise<string> {
  const text = await readFile(join(ROOT, folder, 'package.json'), 'utf8').catch(() => '{}')
  const { version } = JSON.parse(text) as { version?: string }
  return version ?? 'unknown'
}

function thisHost(): Host {
  const all = cpus()
  return {
    cpu: all[0]?.model.trim() || 'unknown',
    cores: all.length,
    memoryBytes: totalmem(),
    os: `${osType()} ${release()} ${process.arch}`,
    node: process.versions.node
  }
}

/** The commit checked out at `root`, read from its .git as gitrepository-layout(5) says. */
export async function sourceCommit(root: string): Promise<string> {
  const read = (path: string) => readFile(path, 'utf8').then((text) => text.trim())
  try {
    let git = join(root, '.git')
    // a linked work tree has a file that says where
    const link = await read(git).catch(() => '')
    if (link.startsWith('gitdir: ')) git = resolve(root, link.slice('gitdir: '.length))
    const head = await read(join(git, 'HEAD'))
    if (!head.startsWith('ref: ')) return head
    const ref = head.slice('ref: '.length)
    const common = await read(join(git, 'commondir')).catch(() => '.')
    const shared = isAbsolute(common) ? common : join(git, common)
    const loose = await read(join(shared, ref)).catch(() => '')
    if (loose !== '') return loose
    const packed = await read(join(shared, 'packed-refs'))
    return (
      packed
        .split('\n')
        .find((line) => line.endsWith(` ${ref}`))
        ?.split(' ')[0] ?? 'unknown'
    )
  } catch {
    return 'unknown'
  }
}

/** A manifest with the files that it vouches for; none until the run is complete. */
export interface Sealed {
  readonly manifest: RunManifest
  readonly files: Readonly<Record<string, FileSeal>>
}

export async function encodeManifest({ manifest, files }: Sealed): Promise<Uint8Array> {
  const body = { format: FORMAT, ...manifest, files }
  return utf8(`${JSON.stringify({ ...body, seal: await sealOf(body) }, null, 2)}\n`)
}

/**
 * @throws InvalidConfigError when it is something else's manifest, or of a version too different
 * @throws StoreCorruptError when it is torn or changed
 */
export async function decodeManifest(
  folder: string,
  bytes: Uint8Array,
  decodeScenario: (value: unknown) => Scenario
): Promise<Sealed> {
  const value = parseJson(MANIFEST, bytes) as Partial<Record<string, unknown>> | null
  if (value?.['format'] !== FORMAT) {
    const got = JSON.stringify(value?.['format']) ?? 'none'
    throw new InvalidConfigError(`${folder}/${MANIFEST} expected format "${FORMAT}", got ${got}`)
  }
  const { seal, ...body } = value
  const expected = await sealOf(body)
  if (seal !== expected) {
    throw new StoreCorruptError(`${MANIFEST} expected seal ${expected}, got ${String(seal)}`)
  }
  const { format: _, files, ...manifest } = body
  const sealed = { manifest, files } as unknown as Sealed
  try {
    const scenario = decodeScenario(sealed.manifest.scenario)
    return { files: sealed.files, manifest: { ...sealed.manifest, scenario } }
  } catch (cause) {
    const by = `keyward ${sealed.manifest.keyward}`
    throw new InvalidConfigError(`${folder} expected a scenario of this version, made by ${by}`, {
      cause
    })
  }
}

const sealOf = (body: object): Promise<string> => sha256(new Uint8Array(utf8(JSON.stringify(body))))
