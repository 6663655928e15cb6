/**
 * All keys of one person or node, derived from one root secret (SECURITY.md §5, §15), so that the
 * root alone needs a backup. Labels that SECURITY.md does not name follow its pattern.
 * @module
 */
import { concat, domain, toBigInt, u32be, utf8, wipe, wordBytes } from './bytes.ts'
import type { ChartKey, Hash, KemSeed, RootSecret } from './ids.ts'
import { chartKey as asChartKey, kemSeed as asKemSeed, hash } from './ids.ts'
import type { Primitives } from './primitives.ts'

/** Order of secp256k1 (SEC 2 §2.4.1). */
const SECP256K1_ORDER =
  0xffff_ffff_ffff_ffff_ffff_ffff_ffff_fffe_baae_dce6_af48_a03b_bfd2_5e8c_d036_4141n

/** What a scope tag speaks of (SECURITY.md §5, scope tags). */
export type TagDimension = 'chart' | 'class' | 'level' | 'label' | 'month'

const derive = (root: RootSecret, label: string, length: number, p: Primitives): Uint8Array =>
  p.hkdfExpand(root, domain(`keyward/v1/${label}`), length)

const deriveForChart = (
  root: RootSecret,
  label: string,
  chart: number,
  length: number,
  p: Primitives
): Uint8Array => p.hkdfExpand(root, concat(domain(`keyward/v1/${label}`), u32be(chart)), length)

/** The Ed25519 seed of the PeerId, 32 bytes. */
export const peerSeed = (root: RootSecret, p: Primitives): Uint8Array => derive(root, 'peer', 32, p)

/** The seed of the long-lived X-Wing key that capsules and custody keys are sealed to. */
export const kemSeed = (root: RootSecret, p: Primitives): KemSeed =>
  asKemSeed(derive(root, 'kem', 32, p))

/** Wraps this node's stores at rest, 32 bytes. */
export const storeKey = (root: RootSecret, p: Primitives): Uint8Array =>
  derive(root, 'store', 32, p)

/** Hides which log an anchor on chain is of, 32 bytes; derived, so that it cannot be lost. */
export const logSalt = (root: RootSecret, p: Primitives): Hash =>
  hash(derive(root, 'log-salt', 32, p))

/**
 * The secp256k1 key of the account that owns one chart, 32 bytes big-endian:
 * 1 + (48 derived bytes mod (order − 1)), so every scalar 1..order−1 is as likely within 2^−128.
 */
export function accountKey(root: RootSecret, p: Primitives, chart = 0): Uint8Array {
  const wide = deriveForChart(root, 'owner', chart, 48, p)
  try {
    return wordBytes(1n + (toBigInt(wide) % (SECP256K1_ORDER - 1n)))
  } finally {
    wipe(wide)
  }
}

/** Makes the scope tags of one chart. */
export const chartKey = (root: RootSecret, p: Primitives, chart = 0): ChartKey =>
  asChartKey(deriveForChart(root, 'chart-key', chart, 32, p))

/** A scope tag, 32 bytes: equal values in one chart have equal tags, and nobody else can tell. */
export const tag = (
  key: ChartKey,
  dimension: TagDimension,
  value: string,
  p: Primitives
): Uint8Array<ArrayBuffer> => p.hmac(key, domain('keyward/v1/tag'), domain(dimension), utf8(value))
