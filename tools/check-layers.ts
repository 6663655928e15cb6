/**
 * Checks the walls of .dependency-cruiser.mjs, and that every TypeScript file was looked at: with a
 * compiler it cannot use, dependency-cruiser reads nothing, finds nothing and is content
 * (HOUSE.md F5).
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, SOURCE_FOLDERS, typescriptFiles } from './files.ts'
import { runCommand } from './run-command.ts'

/** One import that breaks a wall. */
export interface Breach {
  readonly rule: string
  readonly from: string
  readonly to: string
}

interface Cruise {
  readonly modules: readonly { readonly source: string }[]
  readonly summary: {
    readonly violations: readonly {
      readonly from: string
      readonly to: string
      readonly rule: { readonly name: string }
    }[]
  }
}

/**
 * Checks the tree at `root`; `overlooked` lists the source files that were not read.
 * @throws {Error} with dependency-cruiser's words when it does not answer in JSON.
 */
export async function checkLayers(
  root = ROOT
): Promise<{ breaches: Breach[]; overlooked: string[]; count: number }> {
  const folders = SOURCE_FOLDERS.filter((folder) => existsSync(join(root, folder)))
  const files = typescriptFiles(root)
  if (files.length === 0) return { breaches: [], overlooked: [], count: 0 }
  const args = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', ...folders]
  const { output } = await runCommand('depcruise', args, { cwd: root, stdoutOnly: true })
  if (!output.startsWith('{')) throw new Error(`depcruise: ${output || 'said nothing'}`)
  const cruise = JSON.parse(output) as Cruise
  const seen = new Set(cruise.modules.map(({ source }) => source))
  return {
    breaches: cruise.summary.violations.map(({ rule, from, to }) => ({
      rule: rule.name,
      from,
      to
    })),
    overlooked: files.filter((file) => !seen.has(file)),
    count: files.length
  }
}

if (import.meta.main) {
  const { breaches, overlooked, count } = await checkLayers()
  for (const { rule, from, to } of breaches) process.stdout.write(`${rule}: ${from} -> ${to}\n`)
  for (const file of overlooked) process.stdout.write(`overlooked: ${file}\n`)
  process.stdout.write(`layers: ${count} files, ${breaches.length} breaches\n`)
  if (breaches.length + overlooked.length > 0) process.exitCode = 1
}
