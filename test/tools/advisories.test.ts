/**
 * The gate over package-lock.json: passes for the lock as committed, and refuses each fault.
 * @module
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { findAdvisories, isAtLeast, type Lock, VENDORED } from '../../tools/advisories.ts'

const lockUrl = new URL('../../package-lock.json', import.meta.url)
const committed = JSON.parse(readFileSync(lockUrl, 'utf8')) as Lock

/** The committed lock with more or other packages in it. */
const lockWith = (packages: Lock['packages']): Lock => ({
  packages: { ...committed.packages, ...packages }
})

describe('advisory gate', () => {
  it('passes the committed lock', () => {
    expect(findAdvisories(committed)).toEqual([])
  })

  it.each([
    { path: 'node_modules/@libp2p/gossipsub', version: '17.0.9' },
    { path: 'node_modules/@chainsafe/libp2p-gossipsub', version: '14.1.2' },
    { path: 'node_modules/@libp2p/kad-dht', version: '16.4.4' },
    { path: 'node_modules/libp2p', version: '3.2.9' },
    { path: 'node_modules/ipfs-bitswap', version: '0.24.0' },
    { path: 'node_modules/a/node_modules/@noble/curves', version: '2.2.0' },
    { path: 'node_modules/elliptic', version: '6.6.1' },
    { path: 'node_modules/ethers/node_modules/elliptic', version: '6.6.1' }
  ])('refuses $path $version', ({ path, version }) => {
    const found = findAdvisories(lockWith({ [path]: { version } }))

    expect(found.filter((sentence) => sentence.startsWith(`${path} must be`))).toHaveLength(1)
  })

  it.each(['@noble/ciphers', '@noble/hashes', '@noble/post-quantum'])(
    'refuses a second version of %s',
    (name) => {
      const path = `node_modules/hpke/node_modules/${name}`

      const found = findAdvisories(lockWith({ [path]: { version: '9.0.0' } }))

      expect(found).toEqual([expect.stringContaining(`${name} must have one version, got`)])
    }
  )

  it.each(Object.keys(VENDORED))('refuses other bytes of %s under the same version', (name) => {
    const path = `node_modules/${name}`
    const entry = committed.packages[path]

    const found = findAdvisories(lockWith({ [path]: { ...entry, integrity: 'sha512-other' } }))

    expect(found).toEqual([`${name} must have the reviewed bytes, got sha512-other`])
  })

  it('compares versions by number', () => {
    expect(isAtLeast('10.0.0', '9.9.9')).toBe(true)
    expect(isAtLeast('2.3.0', '2.3.0')).toBe(true)
    expect(isAtLeast('2.2.10', '2.3.0')).toBe(false)
  })
})

describe('package-lock.json', () => {
  it('names no registry, so that it installs from any', () => {
    const named = Object.entries(committed.packages as Record<string, { resolved?: string }>)
      .filter(([, { resolved }]) => resolved != null && /^[a-z+]+:\/\//.test(resolved))
      .map(([path]) => path)

    expect(named).toEqual([])
  })
})
