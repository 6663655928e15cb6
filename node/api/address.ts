/**
 * `api`: where the live daemon of a folder listens. Written once it does, removed by a clean stop;
 * left by SIGKILL, it is stale and whoever finds it so says so once (INTEROP.md §1.1).
 * @module
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { InvalidConfigError } from '../../core/errors.ts'
import { removeFile, writeFileAtomic } from '../repo/atomic-file.ts'
import { PRIVATE_MODE, type RepoPaths } from '../repo/layout.ts'
import { processStart } from '../repo/process.ts'

const addressShape = z.strictObject({
  /** Loopback only: the token must not leave this machine. */
  url: z.string().regex(/^http:\/\/127\.0\.0\.1:\d{1,5}$/),
  pid: z.int().min(1),
  started: z.string()
})

export type ApiAddress = z.infer<typeof addressShape>

export const writeApiAddress = (paths: RepoPaths, url: string): Promise<void> => {
  const address: ApiAddress = { url, pid: process.pid, started: processStart(process.pid) }
  return writeFileAtomic(paths.api, `${JSON.stringify(address)}\n`, PRIVATE_MODE)
}

export const removeApiAddress = (paths: RepoPaths): Promise<void> => removeFile(paths.api)

/** Undefined when no daemon runs. @throws InvalidConfigError if the file is damaged */
export async function readApiAddress(paths: RepoPaths): Promise<ApiAddress | undefined> {
  let text: string
  try {
    text = await readFile(paths.api, 'utf8')
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw err
  }
  try {
    return addressShape.parse(JSON.parse(text))
  } catch (err) {
    throw new InvalidConfigError(`${paths.api} is damaged: remove it and start the daemon again`, {
      cause: err
    })
  }
}
