/**
 * Compiles the contracts when their sources changed since the last build. As a command it also
 * writes what the node needs of them (generate-abi.ts); tests do not, so that one of them can tell
 * that it is stale. `npm run contracts` builds in any case, and by the production profile, too: in a
 * copy, since both profiles write to artifacts/.
 * @module
 */
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { filesBelow, ROOT } from './files.ts'
import { generateAbi, generateProduction } from './generate-abi.ts'
import { runCommand } from './run-command.ts'

const STAMP = join(ROOT, 'artifacts/.keyward-sources')
const LOCK = join(ROOT, 'node_modules/.keyward-contracts-lock')
const LOCK_WAIT_MS = 120_000

/** Options of one build. */
interface BuildOptions {
  /** Build even if nothing changed. @default false */
  readonly force?: boolean
}

/** Hashes all that decides the build; mtimes would lie after a checkout. */
function sourcesHash(): string {
  const hash = createHash('sha256').update('default')
  const sources = filesBelow(ROOT, 'contracts').filter((f) => f.endsWith('.sol'))
  for (const file of [...sources, 'hardhat.config.ts', 'package-lock.json']) {
    hash.update(`\0${file}\0`).update(readFileSync(join(ROOT, file)))
  }
  return hash.digest('hex')
}

/** Holds a lock while `work` runs: two builds at once would tear each other's artifacts. */
async function locked<T>(work: () => Promise<T>): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += 200) {
    try {
      mkdirSync(LOCK)
      break
    } catch {
      if (waitedMs >= LOCK_WAIT_MS) rmSync(LOCK, { recursive: true, force: true }) // its owner died
      await sleep(200)
    }
  }
  try {
    return await work()
  } finally {
    rmSync(LOCK, { recursive: true, force: true })
  }
}

/**
 * Builds the contracts if needed; returns whether it did.
 * @throws {Error} with the compiler's output when a contract does not compile without a warning.
 */
export async function buildContracts(options: BuildOptions = {}): Promise<boolean> {
  const { force = false } = options
  if (!filesBelow(ROOT, 'contracts').some((f) => f.endsWith('.sol'))) return false
  return await locked(async () => {
    const wanted = sourcesHash()
    const built = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : ''
    if (!force && built === wanted) return false

    await hardhatBuild('default', ROOT)
    writeFileSync(STAMP, wanted)
    return true
  })
}

/** Forced, since a warning in a file that is already built would not be said again. */
async function hardhatBuild(profile: string, cwd: string): Promise<void> {
  const args = ['build', '--force', '--no-tests', '--build-profile', profile]
  const { code, output } = await runCommand('hardhat', args, { cwd })
  if (code !== 0 || /^Warning/m.test(output)) throw new Error(`hardhat build failed\n${output}`)
}

/** Builds by the production profile in a copy and writes what is deployed of it. */
async function buildProduction(): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), 'keyward-production-'))
  try {
    for (const name of ['contracts', 'hardhat.config.ts', 'package.json', 'tsconfig.json']) {
      cpSync(join(ROOT, name), join(copy, name), { recursive: true })
    }
    rmSync(join(copy, 'contracts/mocks'), { recursive: true }) // of tests: no chain gets them
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    await hardhatBuild('production', copy)
    generateProduction(copy)
  } finally {
    rmSync(copy, { recursive: true })
  }
}

if (import.meta.main) {
  const built = await buildContracts({ force: process.argv.includes('--force') })
  generateAbi()
  await buildProduction()
  process.stdout.write(built ? 'contracts: built\n' : 'contracts: nothing to build\n')
}
