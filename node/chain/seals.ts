/**
 * Who made the blocks of a consortium chain, told by their seals and by nobody's word. On a QBFT
 * chain more than two thirds of the validators sign each block: one that they did not is none. On a
 * Clique chain (EIP-225) one sealer signs a block, so that more than half of them, told apart, must
 * stand on a block that counts as confirmed: a depth alone would let one stolen key bury anything.
 * @module
 */
import { RLP } from '@ethereumjs/rlp'
import { concat, equalBytes, toHex, toHex0x } from '../../core/bytes.ts'
import { InvalidProofError } from '../../core/errors.ts'
import type { Address } from '../../core/ids.ts'
import { HEADER_EXTRA_MAX_BYTES, SEALED_HEADERS_KEPT } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { BlockRef, ClaimedHeader, VerifiedHeader } from '../adapters.ts'
import type { WalkDown } from './confirmed-line.ts'
import { encodeHeader, verifyHeader } from './header.ts'
import { dataBytes } from './rpc-values.ts'

export const SEAL_KINDS = ['qbft', 'clique'] as const
export type SealKind = (typeof SEAL_KINDS)[number]

export type SealCrypto = Pick<Primitives, 'keccak256' | 'secp256k1Recover'>

const EXTRA_DATA = 12
const VANITY_BYTES = 32
const SEAL_BYTES = 65
/** Sealers write 0 or 1 where signatures of messages have 27 or 28. */
const V_BASE = 27

/** ⌊N/2⌋+1: any two so large sets of sealers share one. */
export const sealersNeeded = (sealers: number): number => Math.floor(sealers / 2) + 1

/** In hex, if it is one of ours. */
function sealerIn(
  ours: ReadonlySet<string>,
  digest: Uint8Array,
  seal: Uint8Array,
  p: SealCrypto
): string | undefined {
  if (seal.byteLength !== SEAL_BYTES) return undefined
  const signature = concat(seal.subarray(0, 64), Uint8Array.of(V_BASE + (seal[64] ?? 0)))
  const found = p.secp256k1Recover(digest, signature)
  const sealer = found == null ? '' : toHex(found)
  return ours.has(sealer) ? sealer : undefined
}

/**
 * QBFT as Besu has it: `extraData` is the RLP of [vanity, validators, vote, round, seals]. Seals sign
 * the header without seals; the block's hash is of the header without seals and with round 0.
 */
export class QbftSeals {
  readonly #ours: ReadonlySet<string>
  readonly #p: SealCrypto
  /** By hash, oldest first: the head and the confirmed block come again each second. */
  readonly #known = new Map<string, VerifiedHeader>()

  constructor(sealers: readonly Address[], p: SealCrypto) {
    this.#ours = new Set(sealers.map(toHex))
    this.#p = p
  }

  /** @throws InvalidProofError unless it is the block `ref`, and more than two thirds sealed it */
  verify(claim: ClaimedHeader, ref: BlockRef): VerifiedHeader {
    const name = toHex(ref.hash)
    const known = this.#known.get(name)
    if (known?.number === ref.number) return known
    const header = ref.number === 0 ? verifyHeader(claim, ref, this.#p) : this.#open(claim, ref)
    this.#known.set(name, header)
    const [oldest] = this.#known.keys()
    if (this.#known.size > SEALED_HEADERS_KEPT && oldest != null) this.#known.delete(oldest)
    return header
  }

  #open(claim: ClaimedHeader, ref: BlockRef): VerifiedHeader {
    const [vanity, validators, vote, round, seals] = partsOf(claim)
    const withExtra = (...tail: unknown[]): ClaimedHeader => {
      const extra = RLP.encode([vanity, validators, vote, ...tail] as Parameters<
        typeof RLP.encode
      >[0])
      return { ...claim, extraData: toHex0x(extra) }
    }
    const header = verifyHeader(withExtra(new Uint8Array(), []), ref, this.#p)
    const digest = this.#p.keccak256(encodeHeader(withExtra(round, [])))
    const signed = seals.map((seal) => sealerIn(this.#ours, digest, seal, this.#p))
    const distinct = new Set(signed.filter((sealer) => sealer != null))
    if (3 * distinct.size <= 2 * this.#ours.size) {
      throw new InvalidProofError(
        `block ${ref.number} is sealed by ${distinct.size} of ${this.#ours.size}`
      )
    }
    return header
  }
}

function partsOf(claim: ClaimedHeader): [unknown, unknown, unknown, unknown, Uint8Array[]] {
  let parts: unknown
  try {
    parts = RLP.decode(dataBytes(claim['extraData'], 'extraData', HEADER_EXTRA_MAX_BYTES))
  } catch (cause) {
    throw new InvalidProofError('a QBFT header expected RLP as its extra data', { cause })
  }
  if (!Array.isArray(parts) || parts.length !== 5 || !Array.isArray(parts[4])) {
    throw new InvalidProofError('a QBFT header expected five parts of extra data')
  }
  const seals = parts[4].filter((seal) => seal instanceof Uint8Array)
  return [parts[0], parts[1], parts[2], parts[3], seals]
}

/** The last 65 bytes of a Clique header's `extraData` sign the hash of the header without them. */
export function cliqueSealHash({ rlp }: Pick<VerifiedHeader, 'rlp'>, p: SealCrypto): Uint8Array {
  const fields = RLP.decode(rlp) as Uint8Array[]
  const extra = fields[EXTRA_DATA] as Uint8Array
  return p.keccak256(RLP.encode(fields.with(EXTRA_DATA, extra.slice(0, -SEAL_BYTES))))
}

const cliqueSeal = ({ rlp }: VerifiedHeader): Uint8Array => {
  const extra = (RLP.decode(rlp) as Uint8Array[])[EXTRA_DATA] as Uint8Array
  const bare = extra.byteLength < VANITY_BYTES + SEAL_BYTES // as the first block's
  return bare ? new Uint8Array() : extra.slice(-SEAL_BYTES)
}

interface Sealed {
  readonly header: VerifiedHeader
  readonly sealer: string | undefined
}

export class CliqueDepth {
  readonly #ours: ReadonlySet<string>
  readonly #p: SealCrypto
  /** Headers above the last confirmed block, by hash. */
  #known = new Map<string, Sealed>()

  constructor(sealers: readonly Address[], p: SealCrypto) {
    this.#ours = new Set(sealers.map(toHex))
    this.#p = p
  }

  /**
   * Whether enough different sealers stand on `conf`, up to `head`, and nobody else between.
   * Undefined: the headers between could not be had.
   */
  async isSealed(
    conf: VerifiedHeader,
    head: VerifiedHeader,
    walk: WalkDown,
    signal: AbortSignal
  ): Promise<boolean | undefined> {
    const above: Sealed[] = [this.#look(head)]
    for (let child = head; child.number > conf.number + 1; ) {
      const parent = this.#known.get(toHex(child.parentHash))
      if (parent != null) {
        above.push(parent)
        child = parent.header
        continue
      }
      const rest = await walk(child, conf.number + 1, signal)
      if (rest == null) return undefined
      above.push(...rest.reverse().map((header) => this.#look(header)))
      break
    }
    this.#known = new Map(above.map((each) => [toHex(each.header.hash), each]))
    const lowest = above.at(-1)?.header
    if (lowest == null || !equalBytes(lowest.parentHash, conf.hash)) return false
    const sealers = above.map(({ sealer }) => sealer)
    if (sealers.includes(undefined)) return false
    return new Set(sealers).size >= sealersNeeded(this.#ours.size)
  }

  #look(header: VerifiedHeader): Sealed {
    const known = this.#known.get(toHex(header.hash))
    if (known != null) return known
    const seal = cliqueSeal(header)
    if (seal.byteLength === 0) return { header, sealer: undefined }
    const digest = cliqueSealHash(header, this.#p)
    return { header, sealer: sealerIn(this.#ours, digest, seal, this.#p) }
  }
}
