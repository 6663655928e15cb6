/**
 * The folder of a node: modes, formats, the lock, crashes in between.
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { noblePrimitives } from '../../../core/noble.ts'
import { initRepo, type RepoInit, readToken } from '../../../node/repo/init.ts'
import { repoPaths } from '../../../node/repo/layout.ts'
import { acquireLock } from '../../../node/repo/lock.ts'
import { openRepo } from '../../../node/repo/repo.ts'
import { systemRandom } from '../../../node/system.ts'

const init = (over: Partial<RepoInit> = {}): RepoInit => ({
  profile: 'test',
  random: systemRandom,
  primitives: noblePrimitives,
  ...over
})

let folder: string
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'keyward-repo-')), 'home')
})
afterEach(async () => {
  await rm(join(folder, '..'), { recursive: true, force: true })
})

const mode = async (path: string): Promise<string> =>
  ((await stat(join(folder, path))).mode & 0o777).toString(8)

/** Everything in the folder with its content, to see that nothing changed. */
async function snapshot(): Promise<Record<string, string>> {
  const out: Record<string, string> = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    out[path] = entry.isFile() ? (await readFile(path)).toString('hex') : ''
  }
  return out
}

/** A process that takes the lock of the folder and holds it. */
async function holder() {
  const script = `
    import { acquireLock } from '${import.meta.dirname}/../../../node/repo/lock.ts'
    await acquireLock(process.argv[1])
    console.log('held')
    setInterval(() => {}, 1000)`
  const child = spawn(
    process.execPath,
    ['--input-type=module-typescript', '--no-warnings', '-e', script, repoPaths(folder).lock],
    { stdio: ['ignore', 'pipe', 'inherit'] }
  )
  await once(child.stdout, 'data')
  return child
}

describe('a new folder', () => {
  it('has the modes of INTEROP.md §1.1, whatever the umask', async () => {
    const before = process.umask(0o027)
    try {
      await initRepo(folder, init())
    } finally {
      process.umask(before)
    }

    expect(await mode('.')).toBe('700')
    expect(await mode('config')).toBe('644')
    expect(await mode('identity')).toBe('600')
    expect(await mode('token')).toBe('600')
    expect(await mode('version')).toBe('600')
    expect(await mode('keystore/root')).toBe('400')
    for (const name of ['keystore', 'shares', 'receipts', 'blocks', 'datastore', 'logs']) {
      expect(await mode(name), name).toBe('700')
    }
  })

  it('holds the root secret nowhere but in the keystore', async () => {
    await initRepo(folder, init())

    const root = (await readFile(repoPaths(folder).rootKey)).toString('hex')
    const holders = Object.entries(await snapshot()).filter(([, hex]) => hex.includes(root))
    expect(holders.map(([path]) => path)).toEqual([repoPaths(folder).rootKey])
  })

  it('keeps its identity across openings', async () => {
    const made = await initRepo(folder, init())
    await using repo = await openRepo(folder)

    expect(made.identity.peer).toMatch(/^12D3KooW/)
    expect(made.wrapped).toBe(false)
    expect(repo.config.profile).toBe('test')
    expect(await readToken(repo.paths)).toHaveLength(43)
  })

  it('is refused where there is one already, and nothing changes', async () => {
    await initRepo(folder, init())
    const before = await snapshot()

    await expect(initRepo(folder, init())).rejects.toMatchObject({ name: 'InvalidConfigError' })
    expect(await snapshot()).toEqual(before)
  })

  it('is refused among files of other people', async () => {
    await writeFile(join(folder, '..', 'thesis.tex'), '')

    await expect(initRepo(join(folder, '..'), init())).rejects.toThrow('other files')
  })

  it('goes on with the keys of an init that was cut short', async () => {
    const first = await initRepo(folder, init())
    await rm(repoPaths(folder).version)

    await expect(openRepo(folder)).rejects.toMatchObject({ name: 'NotInitialisedError' })
    expect((await initRepo(folder, init())).identity).toEqual(first.identity)
  })

  it('writes nothing when the configuration is not valid', async () => {
    const bad = init({ config: { chain: { kind: 'bitcoin' } } })

    await expect(initRepo(folder, bad)).rejects.toThrow('"chain.kind"')
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('format', () => {
  it('of a newer version is refused, names its reader, and changes nothing', async () => {
    await initRepo(folder, init())
    await writeFile(join(folder, 'version'), '2 0.9.0\n')
    const before = await snapshot()

    await expect(openRepo(folder)).rejects.toThrow(/format 2.*reads up to 1.*0\.9\.0 or newer/)
    await expect(openRepo(folder)).rejects.toMatchObject({ name: 'InvalidConfigError' })
    await expect(initRepo(folder, init())).rejects.toThrow('format 2')
    expect(await snapshot()).toEqual(before)
  })

  it.each(['', 'x', '0', '1 1', '-1'])('"%s" is refused as damaged', async (text) => {
    await initRepo(folder, init())
    await writeFile(join(folder, 'version'), text)

    await expect(openRepo(folder)).rejects.toThrow('damaged')
  })

  it('of a folder that is none names the way out', async () => {
    await expect(openRepo(folder)).rejects.toThrow('keyward init')
  })
})

describe('lock', () => {
  it('of a live process is refused, naming its PID, until it is released', async () => {
    await initRepo(folder, init())
    const first = await openRepo(folder)

    const second = openRepo(folder)
    await expect(second).rejects.toMatchObject({ name: 'RepoLockedError' })
    await expect(second).rejects.toThrow(`process ${process.pid}`)
    await first.release()
    await first.release()
    await (await openRepo(folder)).release()
    expect(await readdir(folder)).not.toContain('repo.lock')
  })

  it('left by SIGKILL is taken over and told of', async () => {
    await initRepo(folder, init())
    const child = await holder()
    await expect(openRepo(folder)).rejects.toThrow(`process ${child.pid}`)
    child.kill('SIGKILL')
    await once(child, 'exit')

    await using repo = await openRepo(folder)

    expect(repo.tookOver?.pid).toBe(child.pid)
    expect(await mode('repo.lock')).toBe('600')
  })

  it('whose PID runs again as another process is taken over', async () => {
    await initRepo(folder, init())
    const mine = await acquireLock(repoPaths(folder).lock)
    const owner = JSON.parse(await readFile(repoPaths(folder).lock, 'utf8'))
    await mine.release()
    await writeFile(repoPaths(folder).lock, JSON.stringify({ ...owner, started: '1' }))

    await using repo = await openRepo(folder)

    expect(repo.tookOver?.started).toBe('1')
  })

  it('of another host holds while its heart beats', async () => {
    await initRepo(folder, init())
    const { lock } = repoPaths(folder)
    await writeFile(lock, JSON.stringify({ pid: 1, started: '', host: 'elsewhere' }))

    await expect(openRepo(folder)).rejects.toThrow('on host elsewhere')
    await import('node:fs/promises').then(({ utimes }) => utimes(lock, 1, 1))
    await using repo = await openRepo(folder)
    expect(repo.tookOver?.host).toBe('elsewhere')
  })

  it('goes to exactly one of many who find it stale', async () => {
    await initRepo(folder, init())
    const { lock } = repoPaths(folder)
    await writeFile(
      lock,
      JSON.stringify({ pid: 2 ** 22, started: '9', host: (await import('node:os')).hostname() })
    )

    const tries = await Promise.allSettled(Array.from({ length: 12 }, () => acquireLock(lock)))

    expect(tries.filter((each) => each.status === 'fulfilled')).toHaveLength(1)
    for (const each of tries) {
      if (each.status === 'rejected') expect(each.reason.name).toBe('RepoLockedError')
      else await each.value.release()
    }
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('that is no lock of ours is not guessed at', async () => {
    await initRepo(folder, init())
    await writeFile(repoPaths(folder).lock, 'held')

    await expect(openRepo(folder)).rejects.toThrow('expected a PID')
  })
})

describe('token', () => {
  it('that is damaged is named', async () => {
    await initRepo(folder, init())
    await chmod(repoPaths(folder).token, 0o600)
    await writeFile(repoPaths(folder).token, 'short')

    await expect(readToken(repoPaths(folder))).rejects.toThrow('token')
  })
})
