/**
 * Compiles the contracts when their sources changed since the last build. As a command it also
 * writes what the node needs of them (generate-abi.ts); tests do not, so that one of them can tell
 * that it is stale. `npm run contracts` builds in any case; `--profile production` builds as a real
 * chain gets it, without touching the generated file.
 * @module
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { filesBelow, ROOT } from './files.ts'
import { generateAbi } from './generate-abi.ts'
import { runCommand } from './run-command.ts'

const STAMP = join(ROOT, 'artifacts/.keyward-sources')
const LOCK = join(ROOT, 'node_modules/.keyward-contracts-lock')
const LOCK_WAIT_MS = 120_000

/** Options of one build. */
interface BuildOptions {
  /** Build even if nothing changed. @default false */
  readonly force?: boolean
  /** Hardhat's build profile. @default 'default' */
  readonly profile?: string
}

/** Hashes all that decides the build; mtimes would lie after a checkout. */
function sourcesHash(profile: string): string {
  const hash = createHash('sha256').update(profile)
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
  const { force = false, profile = 'default' } = options
  if (!filesBelow(ROOT, 'contracts').some((f) => f.endsWith('.sol'))) return false
  return await locked(async () => {
    const wanted = sourcesHash(profile)
    const built = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : ''
    if (!force && built === wanted) return false

    // Forced, since a warning in a file that is already built would not be said again.
    const args = ['build', '--force', '--no-tests', '--build-profile', profile]
    const { code, output } = await runCommand('hardhat', args)
    if (code !== 0 || /^Warning/m.test(output)) throw new Error(`hardhat build failed\n${output}`)
    writeFileSync(STAMP, wanted)
    return true
  })
}

if (import.meta.main) {
  const at = process.argv.indexOf('--profile')
  const profile = at < 0 ? 'default' : (process.argv[at + 1] ?? 'default')
  const built = await buildContracts({ force: process.argv.includes('--force'), profile })
  if (profile === 'default') generateAbi()
  process.stdout.write(built ? `contracts: built (${profile})\n` : 'contracts: nothing to build\n')
}
