/**
 * DICOM files by their preamble (PS3.10 §7.1): "DICM" at 128. The modality is read along where it
 * is cheap: explicit VR little endian, which nearly all files have.
 * @module
 */
import { utf8 } from '../bytes.ts'

const MAGIC = utf8('DICM')
const PREAMBLE_BYTES = 128
const MODALITY = 0x0008_0060
/** VRs whose length is 4 bytes after 2 reserved ones (PS3.5 §7.1.2). */
const LONG = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])
/** Elements before the modality in any sane file. */
const ELEMENTS_MAX = 64

/** Undefined when it is no DICOM file. */
export function recogniseDicom(first: Uint8Array): { readonly modality?: string } | undefined {
  if (!MAGIC.every((byte, i) => first[PREAMBLE_BYTES + i] === byte)) return undefined
  const modality = findModality(first)
  return modality == null ? {} : { modality }
}

function findModality(first: Uint8Array): string | undefined {
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength)
  let at = PREAMBLE_BYTES + MAGIC.length
  for (let i = 0; i < ELEMENTS_MAX && at + 12 <= first.length; i++) {
    const tag = view.getUint16(at, true) * 0x1_0000 + view.getUint16(at + 2, true)
    const vr = latin(first.subarray(at + 4, at + 6))
    if (!/^[A-Z]{2}$/.test(vr)) return undefined
    const long = LONG.has(vr)
    const length = long ? view.getUint32(at + 8, true) : view.getUint16(at + 6, true)
    const value = at + (long ? 12 : 8)
    if (tag >= MODALITY) {
      const text = latin(first.subarray(value, value + Math.min(length, 16))).trim()
      return tag === MODALITY && /^[A-Z0-9]{1,16}$/.test(text) ? text : undefined
    }
    at = value + length // undefined length (a sequence before it) ends the loop
  }
  return undefined
}

const latin = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
