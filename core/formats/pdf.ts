/**
 * PDF by its header, which readers accept anywhere in the first 1,024 bytes (ISO 32000-1, annex H).
 * @module
 */
import { utf8 } from '../bytes.ts'

const HEADER = utf8('%PDF-')
const WITHIN_BYTES = 1_024

export function isPdf(first: Uint8Array): boolean {
  const last = Math.min(first.length, WITHIN_BYTES) - HEADER.length
  for (let at = 0; at <= last; at++) {
    if (HEADER.every((byte, i) => first[at + i] === byte)) return true
  }
  return false
}
