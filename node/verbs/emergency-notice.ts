/**
 * What is owed once a glass is broken: the notice on chain, by this node's own account, and mail to
 * the patient. Neither is waited for while somebody lies on a table; upkeep tries again until both
 * are done.
 * @module
 */
import { TransactionFailedError } from '../../core/errors.ts'
import { breakGlassOf, writeLetter } from '../../core/glass.ts'
import { openingHash } from '../../core/grant.ts'
import { decodeNoticeWord, noticeSlot } from '../../core/words.ts'
import type { AskedGlass } from '../ledger/glasses.ts'
import type { Node } from '../node.ts'
import { Turns } from '../turns.ts'
import { leaveAt } from './request.ts'
import { headWords } from './words.ts'

/** An owed notice is tried for this long after the glass's end; then it is for people to explain. */
const GIVE_UP_SECONDS = 7 * 86_400

const turns = new Turns<AskedGlass>()

/** Is anything still owed for it? */
export const isOwed = (node: Node, { entry, broken, noticed, told }: AskedGlass): boolean =>
  broken != null &&
  (noticed == null || !told) &&
  node.clock.nowMs() / 1_000 < entry.glass.opening.notAfter + GIVE_UP_SECONDS

/** Does what is owed, one at a time for each glass. @throws what the first failure was */
export const giveNotice = (node: Node, asked: AskedGlass, signal: AbortSignal): Promise<void> =>
  turns.run(asked, async () => {
    const done = await Promise.allSettled([
      sendNotice(node, asked, signal),
      tellPatient(node, asked, signal)
    ])
    for (const each of done) if (each.status === 'rejected') throw each.reason
  })

async function sendNotice(node: Node, asked: AskedGlass, signal: AbortSignal): Promise<void> {
  const { ledger, writer, primitives: p, clock } = node
  const { entry, broken, noticed } = asked
  if (noticed != null || broken == null) return
  const { notice, glass } = entry
  if (writer == null) {
    throw new TransactionFailedError('this node sends no transactions: no notice was given')
  }
  const record = (block: number): Promise<void> =>
    ledger.record({ t: 'noticed', notice, block, at: Math.floor(clock.nowMs() / 1_000) })
  const { reasonHash } = breakGlassOf(glass, p)
  const call = {
    type: 'BreakGlass' as const,
    owner: glass.owner,
    openingHash: openingHash(glass.opening, p),
    reasonHash,
    epoch: glass.epoch,
    signatures: broken.signers.map(({ sig }) => sig)
  }
  try {
    const { block } = await writer.submit(call, { signal })
    await record(block.number)
  } catch (err) {
    // one that was sent before a crash is there already
    const block = await noticedAt(node, notice, signal)
    if (block == null) throw err
    await record(block)
  }
}

/** The block of its notice, proven; undefined if there is none. @throws ChainUnavailableError */
export async function noticedAt(
  node: Node,
  notice: Uint8Array,
  signal: AbortSignal
): Promise<number | undefined> {
  const [word = 0n] = await headWords(node, [noticeSlot(notice, node.primitives)], signal)
  return word === 0n ? undefined : decodeNoticeWord(word)?.changedBlock
}

/** Mail at whichever of her custodians takes it first; the others may have it, too. */
async function tellPatient(node: Node, asked: AskedGlass, signal: AbortSignal): Promise<void> {
  const { identity, primitives: p, ledger, clock } = node
  const { entry, broken, told } = asked
  if (told || broken == null) return
  const { glass, keepers, notice } = entry
  const letter = { v: 1, glass, signers: broken.signers } as const
  const plain = writeLetter('broken', letter, node.card(), identity.peerSeed, p)
  const outcomes = await Promise.all(
    keepers.map((keeper) => leaveAt(node, keeper, glass.owner, plain, signal))
  )
  const reasons = outcomes.map(({ reason }) => reason)
  if (!reasons.includes(undefined)) {
    throw new TransactionFailedError(`nobody took the patient's mail: ${reasons.join('; ')}`)
  }
  await ledger.record({ t: 'patientTold', notice, at: Math.floor(clock.nowMs() / 1_000) })
}

/** For upkeep: everything that is owed, each tried once; whether nothing is left. */
export async function giveOwedNotices(
  node: Node,
  signal: AbortSignal,
  onFailure: (err: Error) => void
): Promise<boolean> {
  let whole = true
  for (const asked of node.ledger.glasses.asked()) {
    if (!isOwed(node, asked)) continue
    try {
      await giveNotice(node, asked, signal)
    } catch (err) {
      signal.throwIfAborted()
      onFailure(err as Error)
      whole = false
    }
  }
  return whole
}
