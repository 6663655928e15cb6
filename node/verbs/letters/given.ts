/**
 * A grant that somebody gave in this person's name, so that she sees it and can end it. It counts if
 * her own account has it on chain, which takes a guardian's right; one that she knows stays as it is.
 * @module
 */

import { InvalidMessageError } from '../../../core/errors.ts'
import { decodeGivenMail } from '../../../core/given.ts'
import { grantId, isScopeList, openingHash } from '../../../core/grant.ts'
import { WISH_TEXT_MAX_CHARS } from '../../../core/limits.ts'
import { decodeGrantWord, GrantStatus, grantSlot } from '../../../core/words.ts'
import { assertCard } from '../custodians.ts'
import type { ReadLetter } from './letter.ts'
import { provenWord } from './proven.ts'

export const readGiven: ReadLetter = async (node, plain) => {
  const { given, card } = decodeGivenMail(plain)
  const { primitives: p, identity, ledger } = node
  assertCard(node, card, 'the guardian')
  const id = grantId(identity.account, openingHash(given.opening, p), p)
  if (ledger.grant(id) != null) throw new InvalidMessageError('"given" expected a new grant')
  if (!isScopeList(given, given.opening.scope, p)) {
    throw new InvalidMessageError('"given.tags" expected those of the opening')
  }
  const word = await provenWord(
    node,
    grantSlot(id, p),
    (each) => decodeGrantWord(each)?.status === GrantStatus.ACTIVE
  )
  const granted = word == null ? undefined : decodeGrantWord(word)
  if (granted == null) throw new InvalidMessageError('"given" expected a grant of this account')
  const { opening, tags, except, records, grantee, account, hl7 } = given
  return [
    {
      t: 'granted',
      grantId: id,
      opening,
      tags,
      except,
      records,
      version: granted.version,
      grantee,
      account,
      name: `${given.name} (by ${card.name})`.slice(0, WISH_TEXT_MAX_CHARS),
      hl7,
      wish: undefined,
      block: granted.changedBlock,
      gas: 0
    },
    { t: 'card', peer: card.binding.peerId, card }
  ]
}
