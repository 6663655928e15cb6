/**
 * Seeds what libraries draw for themselves in the process of a virtual run: the polynomials of shares
 * and whatever asks the web's generator. Keys that OpenSSL makes (X25519 and ML-KEM ephemerals, by
 * hpke) stay its own.
 * @module
 */
import { syncBuiltinESMExports } from 'node:module'
import type { Rng } from '../random.ts'

export function seedLibraries(rng: Rng): void {
  crypto.getRandomValues = (array) => {
    const { buffer, byteOffset, byteLength } = array as unknown as Uint8Array
    new Uint8Array(buffer, byteOffset, byteLength).set(rng.bytes(byteLength))
    return array
  }
  // patched, not used: cryptography has its home in node/crypto, also for the eye of the walls
  const native = process.getBuiltinModule('node:crypto')
  Object.assign(native, { randomBytes: (length: number) => Buffer.from(rng.bytes(length).buffer) })
  syncBuiltinESMExports()
}
