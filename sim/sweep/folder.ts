/**
 * The folder of a sweep: what it is, and a file for each point that is done. A point's file appears
 * whole and once, under the point's id, so no row can be there twice; a sweep that was stopped goes
 * on with the points that have none.
 *
 *     sweep.json              scenario, seed, engine, version: what must not change
 *     points/<id>.json        outcome of a point, sealed by its SHA-256
 *     failed/<id>.json        why a point has none; tried again by the next call
 *     points.*, settings.*    tables (gather.ts)
 * @module
 */
import {
  access,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile
} from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidConfigError, RepoLockedError, StoreCorruptError } from '../../core/errors.ts'
import type { EngineName } from '../engine.ts'
import { parseJson } from '../results/files.ts'
import type { Scenario } from '../scenario/shape.ts'
import { type Build, buildDifferences, buildShape } from './build.ts'
import { canonicalJson, sha256Hex } from './canonical.ts'
import { decodeOutcome, type PointOutcome } from './outcome.ts'
import type { SweepPoint } from './plan.ts'

/** What makes two calls the same sweep. Values and repeats may grow. */
export interface SweepIdentity {
  readonly scenario: Scenario
  readonly seed: number
  readonly engine: EngineName
  readonly build: Build
}

export interface FailedPoint {
  readonly id: string
  /** "dht.alpha=3 repeat 2" */
  readonly what: string
  readonly seed: number
  readonly reason: string
}

const FORMAT = 'keyward-sweep/1'

export class SweepFolder implements AsyncDisposable {
  readonly path: string
  readonly #build: Build
  readonly #outcomes: Map<string, PointOutcome>

  private constructor(path: string, build: Build, outcomes: Map<string, PointOutcome>) {
    this.path = path
    this.#build = build
    this.#outcomes = outcomes
  }

  /**
   * Makes the folder, or opens it to go on. One process has it at a time.
   * @throws InvalidConfigError when it holds something else, or another sweep
   * @throws RepoLockedError when another process has it
   * @throws StoreCorruptError naming the file that is damaged
   */
  static async open(path: string, identity: SweepIdentity): Promise<SweepFolder> {
    await checkIdentity(path, identity)
    await mkdir(join(path, 'points'), { recursive: true })
    await lock(path)
    try {
      await writeOnce(join(path, 'sweep.json'), identityText(identity))
      await rm(join(path, 'failed'), { recursive: true, force: true })
      return new SweepFolder(path, identity.build, await readOutcomes(path, identity.build))
    } catch (err) {
      await rm(join(path, 'lock'), { force: true })
      throw err
    }
  }

  /** Of a point that is done. */
  outcome(id: string): PointOutcome | undefined {
    return this.#outcomes.get(id)
  }

  /** Keeps an outcome, durably. False if there was one: the first stays. */
  async keep(point: SweepPoint, outcome: PointOutcome): Promise<boolean> {
    const { id, seed, repeat, engine } = point
    const body = { format: FORMAT, id, seed, repeat, engine, build: this.#build, outcome }
    const sealed = { ...body, sha256: await sha256Hex(canonicalJson(body)) }
    const fresh = await writeOnce(pointFile(this.path, id), `${canonicalJson(sealed)}\n`)
    if (fresh) this.#outcomes.set(id, outcome)
    return fresh
  }

  async fail(failed: FailedPoint): Promise<void> {
    await mkdir(join(this.path, 'failed'), { recursive: true })
    await writeFile(join(this.path, 'failed', `${failed.id}.json`), `${canonicalJson(failed)}\n`)
  }

  async close(): Promise<void> {
    await rm(join(this.path, 'lock'), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

const identityText = ({ scenario, seed, engine, build }: SweepIdentity): string => {
  // seed and repeats of the file play no part: the sweep has its own
  const { seed: _seed, repeats: _repeats, ...fixed } = scenario
  return `${canonicalJson({ format: FORMAT, scenario: fixed, seed, engine, build })}\n`
}

async function checkIdentity(path: string, identity: SweepIdentity): Promise<void> {
  const there = await readFile(join(path, 'sweep.json')).catch(() => undefined)
  if (there == null) {
    const names = await readdir(path).catch((err: NodeJS.ErrnoException) => {
      if (err.code === 'ENOENT') return []
      throw new InvalidConfigError(`${path} expected a folder, got ${err.code}`)
    })
    // a call that was stopped before it wrote sweep.json leaves these
    if (names.every((name) => /^(points|lock|sweep\.json\.\d+\.tmp)$/.test(name))) return
    throw new InvalidConfigError(`${path} expected a new or empty folder or a sweep’s own`)
  }
  const text = new TextDecoder().decode(there)
  const expected = identityText(identity)
  if (text === expected) return
  const [was, is] = [parseJson('sweep.json', there), JSON.parse(expected)] as Record<
    string,
    unknown
  >[]
  const differ = Object.keys(is ?? {})
    .filter((key) => canonicalJson(was?.[key]) !== canonicalJson(is?.[key]))
    .flatMap((key) => {
      const build = buildShape.safeParse(was?.[key])
      if (key === 'build' && build.success) return buildDifferences(build.data, identity.build)
      return `another ${key}`
    })
  throw new InvalidConfigError(
    `${path} holds another sweep (${differ.join('; ')}): take another folder`
  )
}

async function readOutcomes(path: string, build: Build): Promise<Map<string, PointOutcome>> {
  const outcomes = new Map<string, PointOutcome>()
  for (const name of await readdir(join(path, 'points'))) {
    // left by a process that was killed while it wrote
    if (name.endsWith('.tmp')) await rm(join(path, 'points', name))
    else if (name.endsWith('.json')) {
      const outcome = await readOutcome(path, name, build)
      outcomes.set(outcome.id, outcome)
    }
  }
  return outcomes
}

async function readOutcome(path: string, name: string, build: Build): Promise<PointOutcome> {
  const file = `points/${name}`
  const kept = parseJson(file, await readFile(join(path, file))) as Record<string, unknown>
  const { sha256, ...body } = kept
  const advice = 'remove it to run the point again'
  if (sha256 !== (await sha256Hex(canonicalJson(body))) || `${body['id']}.json` !== name) {
    throw new StoreCorruptError(`${file} is not as it was written: ${advice}`)
  }
  if (canonicalJson(body['build']) !== canonicalJson(build)) {
    throw new StoreCorruptError(`${file} was made by another version: ${advice}`)
  }
  return decodeOutcome(body['outcome'])
}

/** The file appears with all its bytes, on disk, or not at all; false if there was one already. */
async function writeOnce(path: string, text: string): Promise<boolean> {
  const temporary = `${path}.${process.pid}.tmp`
  const handle = await open(temporary, 'w')
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    // unlike rename, link never replaces
    await link(temporary, path)
    return true
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code == null || !NO_LINKS.includes(code)) throw err
    // a file system without links (exFAT): the folder's lock keeps other writers away
    if (
      await access(path).then(
        () => true,
        () => false
      )
    )
      return false
    await rename(temporary, path)
    return true
  } finally {
    await rm(temporary, { force: true })
  }
}

const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']

const pointFile = (path: string, id: string): string => join(path, 'points', `${id}.json`)

async function lock(path: string): Promise<void> {
  const file = join(path, 'lock')
  for (let tries = 0; tries < 2; tries++) {
    try {
      return await writeFile(file, `${process.pid}\n`, { flag: 'wx' })
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'EEXIST') throw err
    }
    const pid = Number(await readFile(file, 'utf8').catch(() => '0'))
    if (pid > 0 && isAlive(pid)) break
    await rm(file, { force: true })
  }
  throw new RepoLockedError(`${path} is in use by another sweep; if none is running, remove lock`)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM'
  }
}
