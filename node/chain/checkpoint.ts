/**
 * The last confirmed block of a node, in a file of its folder: over restarts, too, a chain that
 * went back behind it is refused (306).
 * @module
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { fromHex, toHex0x } from '../../core/bytes.ts'
import { InvalidConfigError } from '../../core/errors.ts'
import { hash } from '../../core/ids.ts'
import { writeFileAtomic } from '../repo/atomic-file.ts'
import type { Checkpoint } from './heads.ts'

const shape = z.strictObject({ number: z.int().min(0), hash: z.string() })

/** `get` throws InvalidConfigError if the file is damaged: whoever deletes it decides to trust. */
export function fileCheckpoint(path: string): Checkpoint {
  return {
    async get() {
      let text: string
      try {
        text = await readFile(path, 'utf8')
      } catch (err) {
        if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw err
      }
      try {
        const { number, hash: hex } = shape.parse(JSON.parse(text))
        return { number, hash: hash(fromHex(hex)) }
      } catch (cause) {
        throw new InvalidConfigError(`${path} is damaged: it holds the last confirmed block`, {
          cause
        })
      }
    },
    put: ({ number, hash: block }) =>
      writeFileAtomic(path, `${JSON.stringify({ number, hash: toHex0x(block) })}\n`, 0o600)
  }
}
