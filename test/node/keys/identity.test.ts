/**
 * Keys of a folder: from one root secret, behind a passphrase or behind file modes.
 * @module
 */
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peerIdFromString } from '@libp2p/peer-id'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toHex, toHex0x } from '../../../core/bytes.ts'
import { noblePrimitives as p } from '../../../core/noble.ts'
import { loadIdentity } from '../../../node/keys/identity.ts'
import { peerFromText, peerText } from '../../../node/keys/peer-text.ts'
import { initRepo } from '../../../node/repo/init.ts'
import { repoPaths } from '../../../node/repo/layout.ts'
import { openRepo } from '../../../node/repo/repo.ts'
import { systemRandom } from '../../../node/system.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyward-keys-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const init = (path: string, passphrase?: string) =>
  initRepo(path, {
    profile: 'patient',
    config: { name: 'Ada' },
    passphrase,
    random: systemRandom,
    primitives: p,
    costLog2: 2
  })

async function load(path: string, passphrase?: string) {
  await using repo = await openRepo(path)
  return await loadIdentity(repo, passphrase, p)
}

describe('identity', () => {
  it('is derived whole from the root, and told in public', async () => {
    const home = join(folder, 'a')
    const made = await init(home)

    const identity = await load(home)

    expect(peerText(identity.peer)).toBe(made.identity.peer)
    expect(toHex0x(identity.account)).toBe(made.identity.account)
    expect(toHex(identity.kem.publicKey)).toBe(made.identity.kem)
    expect(identity).toMatchObject({ profile: 'patient', name: 'Ada' })
    expect(identity.storeKey).toHaveLength(32)
  })

  it('under a passphrase opens with it alone', async () => {
    const home = join(folder, 'a')
    const made = await init(home, 'open sesame')

    expect(made.wrapped).toBe(true)
    expect(peerText((await load(home, 'open sesame')).peer)).toBe(made.identity.peer)
    await expect(load(home, 'open simsim')).rejects.toThrow('passphrase does not open')
    await expect(load(home)).rejects.toThrow('KEYWARD_PASSPHRASE')
    expect((await readFile(repoPaths(home).rootKey)).length).toBeGreaterThan(100)
  })

  it('refuses a keystore and an identity of different backups', async () => {
    const [a, b] = [join(folder, 'a'), join(folder, 'b')]
    await init(a)
    await init(b)
    await cp(repoPaths(b).identity, repoPaths(a).identity)

    await expect(load(a)).rejects.toThrow('different backups')
  })

  it.each([
    ['a damaged key', 'rootKey'],
    ['a damaged identity', 'identity']
  ] as const)('names %s', async (_what, entry) => {
    const home = join(folder, 'a')
    await init(home)
    const path = repoPaths(home)[entry]
    await chmod(path, 0o600)
    await writeFile(path, 'damaged')

    await expect(load(home, 'x')).rejects.toMatchObject({
      name: 'InvalidConfigError',
      message: expect.stringContaining(path)
    })
  })

  it('is not read from a file that is no key', async () => {
    const home = join(folder, 'a')
    await init(home)
    await chmod(repoPaths(home).rootKey, 0o600)
    await writeFile(repoPaths(home).rootKey, new Uint8Array(2_000))

    await expect(load(home)).rejects.toThrow('at most 1024 bytes')
  })
})

describe('peer text', () => {
  it('is libp2p’s', async () => {
    const { identity } = await init(join(folder, 'a'))

    expect(peerIdFromString(identity.peer).toString()).toBe(identity.peer)
    expect(peerText(peerFromText(identity.peer))).toBe(identity.peer)
  })

  it.each(['', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N', '0OIl', '12D3KooW'])(
    '"%s" is refused',
    (text) => {
      expect(() => peerFromText(text)).toThrow('expected')
    }
  )
})
