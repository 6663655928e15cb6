/**
 * Asks all n custodians at once and is content with t good shares; the rest go on answering in the
 * background, so that a slow or dead one costs nothing and a lying one is still named (hop 11a).
 * @module
 */
import { wipe } from '../../core/bytes.ts'
import { Code } from '../../core/codes.ts'
import { AccessDeniedError, NotEnoughSharesError } from '../../core/errors.ts'
import type { PeerIdBytes, RecordSecret, Share } from '../../core/ids.ts'
import type { BodyOf } from '../../core/receipt.ts'
import { combine, shareX } from '../../core/shares.ts'
import type { Node } from '../node.ts'
import { type Asked, addrsOf, ask, type Read } from './ask.ts'
import type { VerbOptions } from './verb.ts'

export interface Collected {
  readonly secret: RecordSecret
  /** Grows while stragglers answer. */
  readonly released: { readonly peer: PeerIdBytes; readonly receipt: BodyOf<'release'> }[]
  readonly blamed: { readonly peer: PeerIdBytes; readonly reason: string }[]
  /** Resolves when all have answered or failed to. */
  readonly settled: Promise<void>
}

/**
 * @throws AccessDeniedError if every custodian that answered refused
 * @throws NotEnoughSharesError if fewer than t gave a good share
 */
export async function collectShares(
  node: Node,
  read: Read,
  { signal, progress }: VerbOptions
): Promise<Collected> {
  const { shares: places, t, n } = read.manifest.custody
  const good: Share[] = []
  const released: Collected['released'] = []
  const blamed: Collected['blamed'] = []
  const refused: number[] = []
  let answered = 0
  const enough = Promise.withResolvers<void>()

  const note = (peer: PeerIdBytes, asked: Asked): void => {
    progress({ step: 'shares', done: ++answered, total: n })
    if (asked.kind === 'released') {
      released.push({ peer, receipt: asked.receipt })
      if (asked.share == null) return
      // two who send one share, each of which fits its commitment, must not count as two
      const again = good.some((share) => shareX(share) === shareX(asked.share as Share))
      if (again || good.length === t) wipe(asked.share)
      else good.push(asked.share)
      if (good.length === t) enough.resolve()
    } else if (asked.kind === 'blamed') {
      blamed.push({ peer, reason: asked.reason })
    } else if (asked.kind === 'refused') {
      refused.push(asked.code)
    }
  }
  const settled = Promise.all(
    places.map(async ({ peer }) => {
      const addrs = addrsOf(read.capsule, read.manifest, peer)
      note(peer, await ask(node, read, 'share', peer, addrs, signal))
    })
  ).then(() => {})
  try {
    await Promise.race([enough.promise, settled])
    if (good.length < t) {
      const denied = refused.length > 0 && good.length === 0
      if (denied) throw new AccessDeniedError(refused[0] ?? Code.DENIED)
      throw new NotEnoughSharesError(good.length, t)
    }
    return { secret: await combine(good), released, blamed, settled }
  } finally {
    wipe(...good)
  }
}
