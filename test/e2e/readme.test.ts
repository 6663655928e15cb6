/**
 * The walk-through of README.md, run as it stands there: its blocks marked "sh walk", one shell per
 * terminal, Ctrl-C at the end. Only the folder and the chain's port are others.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Half a minute on a machine that does nothing else. */
const TEST_MS = 300_000
const READY_MS = 60_000
const STOP_MS = 30_000

const folder = await mkdtemp(join(tmpdir(), 'keyward-readme-'))
const terminals: Terminal[] = []
afterAll(async () => {
  for (const each of terminals) each.signal('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** The blocks of one terminal, in order. */
function blocks(terminal: string, readme: string): string {
  const fence = new RegExp(`^\`\`\`sh walk ${terminal}\n([\\s\\S]*?)^\`\`\`$`, 'gm')
  const found = [...readme.matchAll(fence)].map((match) => match[1])
  expect(found.length, `blocks of terminal ${terminal}`).toBeGreaterThan(0)
  return found.join('')
}

/** A shell with a process group of its own, so that Ctrl-C reaches all that it started. */
class Terminal {
  said = ''
  readonly #shell: ChildProcess
  readonly #waiting = new Set<() => void>()
  readonly exit: Promise<number | null>

  constructor(script: string) {
    const env = Object.entries(process.env).filter(([name]) => !name.startsWith('KEYWARD_'))
    this.#shell = spawn('sh', ['-e', '-c', script], {
      cwd: ROOT,
      env: Object.fromEntries(env),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    const hear = (piece: Buffer): void => {
      this.said += piece
      for (const look of this.#waiting) look()
    }
    this.#shell.stdout?.on('data', hear)
    this.#shell.stderr?.on('data', hear)
    this.exit = new Promise((resolve) => this.#shell.on('close', resolve))
    // a shell that gave up may leave what it started, which would hold its streams open
    this.#shell.on('exit', (code) => code !== 0 && this.signal('SIGKILL'))
    terminals.push(this)
  }

  /** Resolves once it says that it is ready. */
  async ready(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = (): void => {
      if (/^ready /m.test(this.said)) resolve()
    }
    const fail = (why: string) => reject(new Error(`${why} before it was ready:\n${this.said}`))
    const late = setTimeout(() => fail('time was up'), READY_MS)
    this.exit.then((code) => fail(`it ended with ${code}`))
    this.#waiting.add(look)
    look()
    await promise.finally(() => {
      clearTimeout(late)
      this.#waiting.delete(look)
    })
  }

  signal(name: NodeJS.Signals): void {
    try {
      process.kill(-(this.#shell.pid as number), name)
    } catch {
      // gone already
    }
  }
}

it('walks through as README.md says', { timeout: TEST_MS }, async () => {
  const port = String(await freePort())
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
    .replaceAll('/tmp/keyward-walk', folder)
    .replaceAll('8545', port)
  const every = blocks('every', readme)
  const open = (terminal: string, change = (script: string) => script): Terminal =>
    new Terminal(every + change(blocks(terminal, readme)))

  const chain = open('1')
  await chain.ready()
  const first = open('2')
  await first.ready()
  const others = [2, 3, 4, 5].map((n) =>
    open('3-6', (script) => {
      expect(script).toMatch(/^N=2$/m)
      return script.replace(/^N=2$/m, `N=${n}`)
    })
  )
  await Promise.all(others.map((each) => each.ready()))
  const seventh = open('7')
  const code = await seventh.exit
  const said = seventh.said

  expect(code, said).toBe(0)
  expect(said).toMatch(/^state +acknowledged$/m)
  expect(said).toMatch(/ waiting +Hospital +TREAT /)
  expect(said.match(/^released by /gm)?.length, said).toBeGreaterThanOrEqual(3)
  expect(said).toMatch(/^identical$/m)
  expect(said).toMatch(/^version +2$/m)
  expect(said).toMatch(/^acknowledged +ok /m)
  expect(said).toMatch(/^exit code 5$/m)
  expect(said).toMatch(/ release +Hospital +TREAT /)
  expect(said.match(/ refuse +Hospital +TREAT +50[68] REVOKED/g)?.length, said).toBe(5)
  expect(said).toMatch(/^chain +whole$/m)

  for (const each of [first, ...others]) each.signal('SIGINT')
  for (const name of ['clinic-1', 'clinic-5', 'hospital']) {
    expect(existsSync(join(folder, name, 'config')), name).toBe(true)
    const lock = () => existsSync(join(folder, name, 'repo.lock'))
    await expect.poll(lock, { timeout: STOP_MS, message: `${name} stops cleanly` }).toBe(false)
  }
  chain.signal('SIGINT')
  await chain.exit
})
