/**
 * Somebody's recovery plan that names this account as a helper. Anybody could write such a letter:
 * it counts if it is what the salted hash on chain hides, which only that account knows.
 * @module
 */
import { equalBytes, wordBytes } from '../../../core/bytes.ts'
import { InvalidMessageError } from '../../../core/errors.ts'
import { decodePlanMail, planHash } from '../../../core/recovery.ts'
import { planHashSlot } from '../../../core/words.ts'
import { assertCard } from '../custodians.ts'
import type { ReadLetter } from './letter.ts'
import { provenWord } from './proven.ts'

export const readPlan: ReadLetter = async (node, plain) => {
  const { plan, card } = decodePlanMail(plain)
  const { primitives: p, identity, clock } = node
  assertCard(node, card, 'the plan')
  const { account } = card.binding
  if (!plan.helpers.some((helper) => equalBytes(helper, identity.account))) {
    throw new InvalidMessageError('"plan.helpers" expected this account among them')
  }
  const hashed = planHash(plan, p)
  const isPlan = (word: bigint) => equalBytes(wordBytes(word), hashed)
  if ((await provenWord(node, planHashSlot(account, p), isPlan)) == null) {
    throw new InvalidMessageError('"plan" expected the one whose hash is on chain')
  }
  const at = Math.floor(clock.nowMs() / 1_000)
  return [
    { t: 'helping', account, name: card.name, plan, at },
    { t: 'card', peer: card.binding.peerId, card }
  ]
}
