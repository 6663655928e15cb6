/**
 * The format of a folder: one number, so that an older program never touches a newer folder.
 * @module
 */
import { access, readFile } from 'node:fs/promises'
import { InvalidConfigError, NotInitialisedError } from '../../core/errors.ts'
import { writeFileAtomic } from './atomic-file.ts'
import { PRIVATE_MODE, type RepoPaths } from './layout.ts'

export const REPO_FORMAT = 1

/** The first release that reads this format. */
const READ_SINCE = '0.1.0'

/** Whether init has finished here; says nothing about the format. */
export const isInitialised = (paths: RepoPaths): Promise<boolean> =>
  access(paths.version).then(
    () => true,
    () => false
  )

/** There is a folder of ours that this version reads. @throws NotInitialisedError, InvalidConfigError */
export async function checkVersion(paths: RepoPaths): Promise<void> {
  let text: string
  try {
    text = await readFile(paths.version, 'utf8')
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'ENOENT') throw err
    throw new NotInitialisedError(
      `no Keyward folder at ${paths.root}: run "keyward init" or name another with --repo`
    )
  }
  const format = /^([1-9]\d{0,8})(?: ([0-9]+\.[0-9]+\.[0-9]+))?\n?$/.exec(text)
  if (format == null) {
    throw new InvalidConfigError(`${paths.version} expected a format number; it is damaged`)
  }
  const number = Number(format[1])
  if (number > REPO_FORMAT) {
    const reader = format[2] ?? 'a newer version'
    throw new InvalidConfigError(
      `${paths.root} has format ${number}, this version reads up to ${REPO_FORMAT}: ` +
        `use Keyward ${reader} or newer; nothing was changed`
    )
  }
}

/** Marks the folder as complete. The release that reads it stands beside, for older programs. */
export const writeVersion = (paths: RepoPaths): Promise<void> =>
  writeFileAtomic(paths.version, `${REPO_FORMAT} ${READ_SINCE}\n`, PRIVATE_MODE)
