/**
 * What the emergency verbs share: a glass by its id, who signed it, and the words about it.
 * @module
 */
import { compareBytes, equalBytes, fromHex } from '../../core/bytes.ts'
import { defaultGatePolicy } from '../../core/decision.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import type { Glass, GlassSigners } from '../../core/glass.ts'
import { type Address, type Hash, hash } from '../../core/ids.ts'
import { NOTICE_SIGNERS_MAX } from '../../core/limits.ts'
import { purposeCodes } from '../../core/purposes.ts'
import {
  decodeOwnerWord,
  decodeWishWord,
  EmergencyWish,
  ownerSlot,
  wishSlot
} from '../../core/words.ts'
import type { AskedGlass } from '../ledger/glasses.ts'
import type { Node } from '../node.ts'
import { headWords } from './words.ts'

/** A glass that one asked for. @throws RecordNotFoundError */
export function ownGlass(node: Node, notice: string): AskedGlass {
  const asked = node.ledger.glasses.askedBy(noticeId(notice))
  if (asked == null) throw new RecordNotFoundError(`no emergency of one's own asking: ${notice}`)
  return asked
}

export const noticeId = (text: string): Hash => hash(fromHex(text, 'notice'))

/** Those who signed, oneself among them, as gate and contract want them: ascending, five at most. */
export function signersOf(node: Node, { entry, cosigned }: AskedGlass): GlassSigners {
  const own = { account: node.identity.account, sig: entry.sig }
  const others = [...cosigned.values()].slice(0, NOTICE_SIGNERS_MAX - 1)
  const all = [own, ...others.map(({ account, sig }) => ({ account, sig }))]
  return all.sort((a, b) => compareBytes(a.account, b.account))
}

/** @throws InvalidParametersError while colleagues have not signed */
export function assertEnough(signers: GlassSigners): void {
  const { emergencySigners } = defaultGatePolicy
  if (signers.length < emergencySigners) {
    throw new InvalidParametersError(
      `"notice" expected ${emergencySigners} clinicians who signed, got ${signers.length}`
    )
  }
}

/** Such as BTG. */
export const purposeOf = ({ opening }: Glass): string => purposeCodes(opening.purposes)[0] ?? ''

/**
 * Told before anybody is bothered: would the patient's words let a glass be broken at all?
 * @returns the owner's epoch, which clinicians sign
 * @throws InvalidParametersError, ChainUnavailableError
 */
export async function epochIfWished(
  node: Node,
  owner: Address,
  signal: AbortSignal
): Promise<number> {
  const { primitives: p, deployment } = node
  if (deployment.emergency == null) {
    throw new InvalidParametersError('"deployment" expected a contract for emergencies, got none')
  }
  const refs = [wishSlot(owner, p), ownerSlot(owner, p)]
  const [wishWord = 0n, ownerWord = 0n] = await headWords(node, refs, signal)
  const wish = decodeWishWord(wishWord)?.wish ?? 0
  const served = wish === EmergencyWish.YES || wish === EmergencyWish.ONLY_IN_EMERGENCY
  if (!served) {
    const said = wish === EmergencyWish.NEVER ? 'wished for no emergency access' : 'never chose'
    throw new InvalidParametersError(`"patient" expected one who allows it: this one ${said}`)
  }
  const epoch = decodeOwnerWord(ownerWord)?.epoch ?? 0
  if (epoch === 0) {
    throw new InvalidParametersError('"patient" expected an account that the chain knows')
  }
  return epoch
}

/** Does it still stand for this account, by the clock? */
export const isOver = (node: Node, { opening }: Glass): boolean =>
  opening.notAfter <= node.clock.nowMs() / 1_000

export const isOwn = (node: Node, account: Uint8Array): boolean =>
  equalBytes(account, node.identity.account)
