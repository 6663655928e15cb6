/**
 * The repository's own files, for the tools that look at all of them.
 * @module
 */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The checkout's absolute path. */
export const ROOT = dirname(import.meta.dirname)

/** The folders that hold TypeScript, in the order of the walls: each may import what is above it. */
export const SOURCE_FOLDERS = ['core', 'protocols', 'node', 'sim', 'web', 'bin', 'tools', 'test']

/** Lists the files below `folder` as paths relative to `root`, sorted; none if it is missing. */
export function filesBelow(root: string, folder: string): string[] {
  const start = join(root, folder)
  if (!existsSync(start)) return []
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()
}

/** Lists the TypeScript files of the source folders that exist. */
export function typescriptFiles(root = ROOT, folders = SOURCE_FOLDERS): string[] {
  return folders.flatMap((folder) => filesBelow(root, folder)).filter((f) => /\.tsx?$/.test(f))
}
