/**
 * What is known of a deployment under way, in a file beside the one that it will become: with whose
 * key, on which chain and terms, and where each contract goes. A contract's place is on disk before
 * its transaction leaves, so that whoever goes on sends the same one again.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { fromHex, toHex0x } from '../../core/bytes.ts'
import { InvalidConfigError } from '../../core/errors.ts'
import { type Address, address } from '../../core/ids.ts'
import { removeFile, writeFileAtomic } from '../repo/atomic-file.ts'
import { DEPLOYED, type Profile } from './builds.ts'
import type { DeployJournal, FoundingTerms } from './deploy.ts'

export interface JournalHead {
  readonly chainId: number
  readonly deployer: Address
  readonly profile: Profile
  readonly terms: Required<FoundingTerms>
}

const addressHex = z.string().regex(/^0x[0-9a-f]{40}$/)
const placement = z.strictObject({ nonce: z.int().min(0), at: addressHex })
const shape = z.strictObject({
  head: z.unknown(),
  placed: z.partialRecord(z.enum(DEPLOYED), placement)
})

const MODE = 0o644 // nothing in it is secret

/** The file of a deployment that will be written to `out`. */
export const journalPath = (out: string): string => `${out}.part`

/** As it stands in the file, to be compared as text. */
const headJson = ({ chainId, deployer, profile, terms }: JournalHead): unknown => ({
  chainId,
  deployer: toHex0x(deployer),
  profile,
  terms: {
    ...terms,
    founders: terms.founders.map(({ org, admin }) => ({ org, admin: toHex0x(admin) }))
  }
})

/**
 * Opens or begins one.
 * @throws InvalidConfigError if the file is damaged, or of a deployment on other terms
 */
export async function openDeployJournal(
  out: string,
  head: JournalHead
): Promise<DeployJournal & { remove(): Promise<void> }> {
  const path = journalPath(out)
  const mine = headJson(head)
  const placed = await readPlaced(path, mine)
  return {
    get(contract) {
      const found = placed[contract]
      return found == null ? undefined : { ...found, at: address(fromHex(found.at)) }
    },
    async put(contract, { nonce, at }) {
      placed[contract] = { nonce, at: toHex0x(at) }
      await writeFileAtomic(path, `${JSON.stringify({ head: mine, placed }, null, 2)}\n`, MODE)
    },
    remove: () => removeFile(path)
  }
}

async function readPlaced(path: string, mine: unknown): Promise<z.infer<typeof shape>['placed']> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw err
  }
  const parsed = shape.safeParse(jsonOf(text))
  if (!parsed.success) throw new InvalidConfigError(`${path} is damaged: it holds what was placed`)
  const { head, placed } = parsed.data
  if (JSON.stringify(head) !== JSON.stringify(mine)) {
    throw new InvalidConfigError(
      `${path} expected the same chain, key and terms: finish that deployment, or remove the file`
    )
  }
  return placed
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
