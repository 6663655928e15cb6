/**
 * Tells every custodian at once, and the chain through whichever of them is first: the way of all
 * messages that take a right away, which count from the moment that a custodian has them on disk
 * (SECURITY.md §10).
 * @module
 */
import { TransactionFailedError } from '../../core/errors.ts'
import type { PeerIdBytes } from '../../core/ids.ts'
import type { SignedMessage } from '../../core/typed-data.ts'
import type { TxReceipt } from '../adapters.ts'
import type { Node } from '../node.ts'
import { currentHeads } from './words.ts'

/** How long custodians that are slow to confirm a notice are waited for. */
const NOTICE_WAIT_MS = 5_000
const MINE_WAIT_MS = 30_000

/**
 * Resolves when one custodian saw it mined and all that can be reached obey it.
 * @throws TransactionFailedError if it reached no block; those who heard it obey it all the same
 */
export async function tellAll(
  node: Node,
  message: SignedMessage,
  custodians: readonly PeerIdBytes[],
  signal: AbortSignal
): Promise<{ readonly noticed: readonly PeerIdBytes[]; readonly sent: TxReceipt }> {
  const noticed = new Set<PeerIdBytes>()
  const enough = new AbortController()
  const asking = AbortSignal.any([signal, enough.signal])
  const mined = Promise.withResolvers<TxReceipt | undefined>()
  const relaying: Promise<void>[] = []
  const heard = custodians.map(
    (peer) =>
      new Promise<void>((resolve) => {
        const note = () => {
          noticed.add(peer)
          resolve()
        }
        const told = node.reach
          .peer(peer, [], { signal: asking })
          .then((id) => node.custody.notice(id, message, { signal: asking, onProgress: note }))
          .then((answer) => {
            if (!answer.ok) return
            note()
            if (answer.tx == null) return
            const { hash, block, gasUsed } = answer.tx
            mined.resolve({ txHash: hash, block, gasUsed })
          })
          .catch(() => {})
          .finally(resolve)
        relaying.push(told)
      })
  )
  if (node.writer != null) {
    relaying.push(node.writer.submit(message, { signal: asking }).then(mined.resolve, () => {}))
  }
  const patience = setTimeout(() => mined.resolve(undefined), MINE_WAIT_MS)
  // nobody is left who could still bring it to the chain
  void Promise.all(relaying).then(() => mined.resolve(undefined))
  try {
    const wait = AbortSignal.any([signal, AbortSignal.timeout(NOTICE_WAIT_MS)])
    await Promise.race([Promise.all(heard), new Promise((done) => (wait.onabort = done))])
    signal.throwIfAborted()
    const sent = await mined.promise
    if (sent == null) {
      throw new TransactionFailedError(
        `the ${message.type} message reached no block yet; ${noticed.size} of ${custodians.length} custodians obey it`
      )
    }
    return { noticed: [...noticed], sent }
  } finally {
    clearTimeout(patience)
    enough.abort()
  }
}

/** What an exchange may still take after its head was read (check 49). */
const EXCHANGE_SECONDS = 5

/** After this second no custodian releases what the newest head takes away (SECURITY.md §10). */
export async function lastReleaseBefore(node: Node, signal: AbortSignal): Promise<number> {
  const { head } = await currentHeads(node, signal)
  return head.timeSeconds + node.parameters.headMaxAgeSeconds + EXCHANGE_SECONDS
}
