/**
 * `opt-out` and `opt-in`: purposes that a person allows nobody, whatever her grants say. The word
 * goes straight to all custodians, which refuse from that moment, and through one of them to the
 * chain (check 45). Opting in again counts, as a grant does, once a confirmed block holds it.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import type { Address } from '../../core/ids.ts'
import { bitOfConsentCode, purposeCodes, purposeMask } from '../../core/purposes.ts'
import { decodeOwnerWord, ownerSlot } from '../../core/words.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import type { OptOutArgs, OptOutResult } from './grant-shapes.ts'
import { lastReleaseBefore, tellAll } from './tell.ts'
import type { VerbOptions } from './verb.ts'
import { speaker } from './wards.ts'
import { headWords } from './words.ts'

export const optOut = (node: Node, args: OptOutArgs, options: VerbOptions): Promise<OptOutResult> =>
  write(node, args, (now, named) => (now | named) >>> 0, options)

export const optIn = (node: Node, args: OptOutArgs, options: VerbOptions): Promise<OptOutResult> =>
  write(node, args, (now, named) => (now & ~named) >>> 0, options)

async function write(
  node: Node,
  args: OptOutArgs,
  change: (now: number, named: number) => number,
  { signal, progress }: VerbOptions
): Promise<OptOutResult> {
  const { voice, keepers } = await speaker(node, args.for, ['grant', 'revoke'], signal)
  const { owner, sign } = voice
  const { purposes: now, version } = await stored(node, owner, signal)
  const message = { owner, purposes: change(now, maskOf(args.purposes)), version: version + 1 }
  const signed = { type: 'OptOut', message, sig: sign('OptOut', message) } as const
  progress({ step: 'notice' })
  const { noticed, sent } = await tellAll(node, signed, keepers, signal)
  const at = Math.floor(node.clock.nowMs() / 1_000)
  await node.ledger.record({ t: 'optedOut', ...message, block: sent.block.number, at })
  return {
    purposes: purposeCodes(message.purposes),
    block: sent.block.number,
    blockHash: toHex(sent.block.hash),
    lastReleaseBefore: await lastReleaseBefore(node, signal),
    noticed: noticed.map(peerText),
    gas: sent.gasUsed
  }
}

/** What she said last, whether or not the head that is agreed on holds it yet. */
async function stored(
  node: Node,
  owner: Address,
  signal: AbortSignal
): Promise<{ readonly purposes: number; readonly version: number }> {
  const told = node.ledger.optedOut(owner)
  const [word = 0n] = await headWords(
    node,
    [ownerSlot(owner, node.primitives)],
    signal,
    told?.block
  )
  const { optOut: purposes = 0, optOutVersion: version = 0 } = decodeOwnerWord(word) ?? {}
  return told != null && told.version > version ? told : { purposes, version }
}

function maskOf(codes: readonly string[]): number {
  const bits = codes.map((code) => {
    const bit = bitOfConsentCode(code)
    if (bit != null) return bit
    throw new InvalidParametersError(`"purposes" expected known codes, got ${code}`)
  })
  return purposeMask(...bits)
}
