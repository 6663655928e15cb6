/**
 * One process per folder. `repo.lock` names its owner by PID and start time, so that a lock left
 * by SIGKILL is told from a live one even when its PID runs again; it is taken over at once and
 * the caller hears of it. Node has no flock: links are the atomic step here.
 * @module
 */
import { link, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { InvalidConfigError, RepoLockedError } from '../../core/errors.ts'
import { temporaryBeside, writeNewFile } from './atomic-file.ts'
import { PRIVATE_MODE } from './layout.ts'
import { isAlive, processStart } from './process.ts'

/** An owner on another host (a container's name, too) is believed alive this long. */
const OTHER_HOST_MS = 30_000
const HEARTBEAT_MS = 10_000
/** Takers at once, and the pause between tries: whoever comes first is done in a few ms. */
const ATTEMPTS = 50
const PAUSE_MS = 10

export interface LockOwner {
  readonly pid: number
  /** Kernel ticks at which the process began, where the system tells; "" elsewhere. */
  readonly started: string
  readonly host: string
}

export interface RepoLock {
  /** The dead owner whose lock was taken over. */
  readonly tookOver: LockOwner | undefined
  release(): Promise<void>
}

const self = (): LockOwner => ({
  pid: process.pid,
  started: processStart(process.pid),
  host: hostname()
})

/** @throws RepoLockedError naming the PID of the live owner */
export async function acquireLock(path: string): Promise<RepoLock> {
  const mine = `${JSON.stringify(self())}\n`
  const temporary = temporaryBeside(path)
  await writeNewFile(temporary, mine, PRIVATE_MODE)
  let tookOver: LockOwner | undefined
  try {
    for (let attempt = 0; ; attempt++) {
      if (await linked(temporary, path)) break
      const held = await readLock(path)
      if (held == null) continue
      if ((await holds(path, held)) || attempt >= ATTEMPTS) throw locked(path, held)
      if (await replace(path, held, temporary)) {
        tookOver = held
        break
      }
      await setTimeout(PAUSE_MS)
    }
  } finally {
    await rm(temporary, { force: true })
  }
  return new HeldLock(path, mine, tookOver)
}

class HeldLock implements RepoLock {
  readonly tookOver: LockOwner | undefined
  readonly #path: string
  readonly #mine: string
  readonly #heartbeat: NodeJS.Timeout

  constructor(path: string, mine: string, tookOver: LockOwner | undefined) {
    this.#path = path
    this.#mine = mine
    this.tookOver = tookOver
    this.#heartbeat = setInterval(() => {
      const now = new Date()
      utimes(path, now, now).catch(() => undefined) // a lost beat matters to other hosts only
    }, HEARTBEAT_MS).unref()
  }

  async release(): Promise<void> {
    clearInterval(this.#heartbeat)
    const held = await readFile(this.#path, 'utf8').catch(() => '')
    if (held === this.#mine) await rm(this.#path, { force: true })
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw err
  }
}

/** Undefined when the lock went away meanwhile. */
async function readLock(path: string): Promise<LockOwner | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw err
  }
  try {
    const owner = JSON.parse(text) as Partial<LockOwner> | null
    if (Number.isSafeInteger(owner?.pid) && (owner?.pid as number) > 0) {
      return {
        pid: owner?.pid as number,
        started: String(owner?.started ?? ''),
        host: String(owner?.host ?? '')
      }
    }
  } catch {
    // falls through: not ours to guess
  }
  throw new InvalidConfigError(`${path} expected a PID; remove it if no Keyward runs here`)
}

async function holds(path: string, owner: LockOwner): Promise<boolean> {
  if (owner.host === hostname()) return isAlive(owner.pid, owner.started)
  const seen = await stat(path).catch(() => undefined)
  return seen != null && Date.now() - seen.mtimeMs < OTHER_HOST_MS
}

/**
 * Puts our lock where a dead one stands. The claim makes it one taker at a time: without it a
 * slower process could remove the lock that a faster one has just put there.
 */
async function replace(path: string, dead: LockOwner, temporary: string): Promise<boolean> {
  const claim = `${path}.claim`
  if (!(await linked(temporary, claim))) {
    const claimant = await readLock(claim)
    if (claimant != null && !(await holds(claim, claimant))) await rm(claim, { force: true })
    return false
  }
  try {
    const now = await readLock(path)
    if (now == null || now.pid !== dead.pid || now.started !== dead.started) return false
    const second = temporaryBeside(path)
    await link(temporary, second)
    await rename(second, path)
    return true
  } finally {
    await rm(claim, { force: true })
  }
}

const locked = (path: string, owner: LockOwner): RepoLockedError =>
  new RepoLockedError(
    owner.host === hostname()
      ? `in use by process ${owner.pid} (${path})`
      : `in use by process ${owner.pid} on host ${owner.host} (${path})`
  )
