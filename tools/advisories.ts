/**
 * The gate over package-lock.json: known advisories by package and version, one version of each
 * noble package, and the exact bytes of the packages that cryptography rests on (SECURITY.md §12
 * and T17). Offline on purpose: an answer that depends on the network is no gate. It lists what
 * was known in 2026-11; `npm audit` beside it knows what came later.
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './files.ts'

/** The part of package-lock.json that is read. */
export interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly integrity?: string }>
  >
}

/** A rule about one package: its lowest good version, or that it must not be there at all. */
interface Rule {
  readonly name: string
  readonly atLeast?: string
  readonly why: string
}

/** Packages with a known fault, and what mends it. */
export const RULES: readonly Rule[] = [
  { name: '@libp2p/gossipsub', atLeast: '17.1.0', why: 'GHSA-4f8r-922h-2vgv, topic bytes' },
  { name: '@chainsafe/libp2p-gossipsub', why: 'stops at 14 and was never fixed' },
  { name: '@libp2p/kad-dht', atLeast: '16.4.5', why: 'CVE-2026-45783: PUT_VALUE fills the disk' },
  { name: 'libp2p', atLeast: '3.3.0', why: 'GHSA-f44q-634c-jvwv' },
  { name: 'ipfs-bitswap', atLeast: '0.24.1', why: 'GHSA-6fcr-9h9g-23fq' },
  { name: '@noble/curves', atLeast: '2.3.0', why: 'X25519 timing, ECDSA recovery binding' },
  { name: 'elliptic', why: 'GHSA-vh7m-p724-62c2, GHSA-49q7-c7j4-3p7m, CVE-2025-14505' }
]

/** Packages of which the tree holds one version, so that what was reviewed is what runs. */
export const SINGLE: readonly string[] = [
  '@noble/ciphers',
  '@noble/curves',
  '@noble/hashes',
  '@noble/post-quantum'
]

/**
 * Copies that old exports keep from being lifted, by the package that holds them, with the reason
 * why each is bearable. None of them sees a patient's secret.
 */
export const TOLERATED: Readonly<Record<string, string>> = {
  ethers: 'imports paths that noble 2 no longer exports; the gate verifies with core, not ethers',
  'ethereum-cryptography': 'Hardhat only: accounts of a test chain',
  'micro-eth-signer': 'Hardhat only: accounts of a test chain',
  '@scure/bip32': 'Hardhat only: accounts of a test chain',
  '@scure/bip39': 'Hardhat only: accounts of a test chain'
}

/** The bytes of the packages that seal, split and wrap, as reviewed; from npm's own records. */
export const VENDORED: Readonly<Record<string, string>> = {
  '@noble/ciphers':
    'sha512-AnjFn0Jv92laAkvMrghlFZq4qQCIN/4DxFV/eooqtC2YTjB7kBeLMS2T9KJX4Dn+ZVXLOwK0lSgqDtx9gvxtiw==',
  '@noble/curves':
    'sha512-P4/62zrgfH33CneE3Dn4WhJVA22YUU0eR51wKIan4NVRvwsA0YnPTwWGpNbpuacSujmSFLvyzpyuR30+fbq2Ew==',
  '@noble/hashes':
    'sha512-X5XaVWZIBCT7HHZGm5I7ZQXDwLG+bGXuSrMQAW+7Zvl87h1kmc1ZB1VSRJcpUfoUrGQp4Fkoxm5kZ+Ms+aW+eA==',
  '@noble/post-quantum':
    'sha512-leww0zzIirrvwaYMPI9fj6aRIlA/c6Y0/lifQQ1YOOyHEr0MNH3yYpjXeiVG+tWdPps4XxGclFWX2INPO3Yo5w==',
  '@panva/hpke-noble':
    'sha512-ReI7S0xZmLKcYooUBFouOP//4lz2hTYEpZ3/SZmHZFLbqoHNHvSLUqaYH9nwdISYcJ5QGBG3MqQBr6pmBxRlyw==',
  hpke: 'sha512-wQGOBpFBFlP2h7euuLuey8yJGUtJ+c8D/ohPxtTQqpICItFtHDpbXk2B29xfUpIFPn0miS9TJVObFGAeEZzDJA==',
  'shamir-secret-sharing':
    'sha512-ui8u/cIg2j16b9on/LH3V/glL6wHdwiTo/Iajzqx0STniBvuOzl6VYUxhrow3waF0dggovJfYiBZSWfTAN4XLQ=='
}

const numbers = (version: string): number[] =>
  version.split(/[-+]/, 1)[0]?.split('.').map(Number) ?? []

/** Tells whether `version` is `floor` or later; a pre-release counts as its release. */
export function isAtLeast(version: string, floor: string): boolean {
  const [have, want] = [numbers(version), numbers(floor)]
  for (let i = 0; i < 3; i++) {
    const difference = (have[i] ?? 0) - (want[i] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}

/** One installed copy of a package: where, under which other package, which version. */
interface Copy {
  readonly path: string
  readonly name: string
  readonly holder: string | undefined
  readonly version: string
}

function copies(lock: Lock): Copy[] {
  return Object.entries(lock.packages).flatMap(([path, { version }]) => {
    const names = path
      .split('node_modules/')
      .slice(1)
      .map((part) => part.replace(/\/$/, ''))
    const name = names.at(-1)
    if (name == null || version == null) return []
    return [{ path, name, holder: names.at(-2), version }]
  })
}

/** Lists what is wrong with a lock, one sentence each; empty if nothing is. */
export function findAdvisories(lock: Lock): string[] {
  const all = copies(lock)
  const bound = all.filter(({ holder }) => holder == null || !(holder in TOLERATED))
  const found: string[] = []

  for (const { name, atLeast, why } of RULES) {
    // A tolerated holder excuses an old copy, never a package that must be absent.
    for (const { path, version } of atLeast == null ? all : bound) {
      if (!path.endsWith(`node_modules/${name}`)) continue
      if (atLeast == null) found.push(`${path} must be absent: ${why}`)
      else if (!isAtLeast(version, atLeast)) {
        found.push(`${path} must be at least ${atLeast}, got ${version}: ${why}`)
      }
    }
  }
  for (const name of SINGLE) {
    const versions = new Set(bound.filter((copy) => copy.name === name).map((c) => c.version))
    if (versions.size > 1) {
      found.push(`${name} must have one version, got ${[...versions].sort().join(' and ')}`)
    }
  }
  for (const [name, integrity] of Object.entries(VENDORED)) {
    const got = lock.packages[`node_modules/${name}`]?.integrity ?? 'none'
    if (got !== integrity) found.push(`${name} must have the reviewed bytes, got ${got}`)
  }
  return found
}

if (import.meta.main) {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock
  const found = findAdvisories(lock)
  for (const sentence of found) process.stdout.write(`${sentence}\n`)
  process.stdout.write(`advisories: ${found.length}\n`)
  if (found.length > 0) process.exitCode = 1
}
