/**
 * Finds plaintext where none may be: takes windows out of a record ("canaries") and looks for them,
 * raw, in hex and in base64, in any stream of bytes. Used by the demo and the leak test over wire,
 * disks, chain, DHT and logs (PEERS.md S-03, A-3).
 *
 * Every 16th position of the haystack is looked up in a bitmap of all 4-byte pieces of all
 * patterns, so a pattern of 19 bytes or more cannot slip through, at memory speed.
 * @module
 */
const WINDOW_BYTES = 24
const WINDOWS_PER_RECORD = 8
/** Fewer distinct bytes than this, and the window may occur by itself (zeros, blanks, padding). */
const DISTINCT_MIN = 10
const STRIDE = 16
const GRAM_BITS = 20

/** Windows of a record that nothing else would hold; none for records shorter than a window. */
export function canariesOf(record: Uint8Array): Uint8Array[] {
  const canaries: Uint8Array[] = []
  const step = Math.max(WINDOW_BYTES, Math.floor(record.byteLength / (WINDOWS_PER_RECORD * 4)))
  for (let at = 0; at + WINDOW_BYTES <= record.byteLength; at += step) {
    const window = record.slice(at, at + WINDOW_BYTES)
    if (new Set(window).size >= DISTINCT_MIN) canaries.push(window)
    if (canaries.length === WINDOWS_PER_RECORD) break
  }
  return canaries
}

/** Raw, hex in both cases, and base64 in its three alignments (without the edges that vary). */
function formsOf(canary: Uint8Array): Buffer[] {
  const raw = Buffer.from(canary)
  const hex = raw.toString('hex')
  const forms = [raw, Buffer.from(hex), Buffer.from(hex.toUpperCase())]
  for (let shift = 0; shift < 3; shift++) {
    const shifted = Buffer.concat([Buffer.alloc(shift), raw]).toString('base64')
    forms.push(Buffer.from(shifted.slice(shift === 0 ? 0 : 4, 28)))
  }
  return forms
}

export class CanaryScanner {
  readonly #patterns: readonly Buffer[]
  readonly #grams = new Uint8Array(2 ** GRAM_BITS)
  readonly #overlap: number

  constructor(canaries: readonly Uint8Array[]) {
    this.#patterns = canaries.flatMap(formsOf)
    this.#overlap = Math.max(1, ...this.#patterns.map((p) => p.byteLength)) - 1
    for (const pattern of this.#patterns) {
      for (let at = 0; at + 4 <= pattern.byteLength; at++) this.#grams[gramAt(pattern, at)] = 1
    }
  }

  /** How many bytes of one piece must be kept in front of the next. */
  get overlapBytes(): number {
    return this.#overlap
  }

  /** How many patterns occur in these bytes. */
  count(bytes: Uint8Array): number {
    const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0; at + 4 <= haystack.byteLength; at += STRIDE) {
      if (this.#grams[gramAt(haystack, at)] === 1) {
        // one piece fits: look at the neighbourhood in full, and at all the rest only then
        const from = Math.max(0, at - this.#overlap)
        const near = haystack.subarray(from, at + this.#overlap + 1)
        if (this.#patterns.some((pattern) => near.includes(pattern))) {
          return this.#patterns.filter((pattern) => haystack.includes(pattern)).length
        }
      }
    }
    return 0
  }
}

function gramAt(bytes: Buffer, at: number): number {
  return Math.imul(bytes.readUInt32LE(at), 0x9e3779b1) >>> (32 - GRAM_BITS)
}

/** Scans a stream piece by piece; a canary across two pieces is found too. */
export class StreamScan {
  readonly #scanner: CanaryScanner
  #tail: Uint8Array = new Uint8Array(0)
  found = 0

  constructor(scanner: CanaryScanner) {
    this.#scanner = scanner
  }

  push(piece: Uint8Array): void {
    const joined = this.#tail.byteLength === 0 ? piece : Buffer.concat([this.#tail, piece])
    this.found += this.#scanner.count(joined)
    this.#tail = joined.slice(Math.max(0, joined.byteLength - this.#scanner.overlapBytes))
  }
}
