/**
 * `grants`: who can see my data now, and what may I see: each with its state as the chain proves it,
 * in the words that it was given in.
 * @module
 */
import { equalBytes, toHex } from '../../core/bytes.ts'
import { GranteeKind, type GrantOpening } from '../../core/grant.ts'
import type { Address, GrantId } from '../../core/ids.ts'
import { isDelegable, purposeCodes } from '../../core/purposes.ts'
import {
  decodeGrantWord,
  decodeOwnerWord,
  GrantStatus,
  grantSlot,
  ownerSlot
} from '../../core/words.ts'
import { peerText } from '../keys/peer-text.ts'
import type { EntryOf } from '../ledger/entries.ts'
import { type GivenGrant, recordOfKey } from '../ledger/ledger.ts'
import type { Passings } from '../ledger/passings.ts'
import type { Node } from '../node.ts'
import type { GrantsResult } from './grant-shapes.ts'
import { granteeText, kindName } from './grantee.ts'
import { delegationsOf } from './passed-on.ts'
import { scopeText } from './scope.ts'
import type { VerbOptions } from './verb.ts'
import { currentHeads, wordsAt } from './words.ts'

type Row = GrantsResult['grants'][number]
type State = Row['state']

interface Listed {
  readonly id: GrantId
  readonly owner: Address
  readonly row: Omit<Row, 'state'>
}

export async function listGrants(node: Node, { signal }: VerbOptions): Promise<GrantsResult> {
  const { ledger, identity, primitives: p } = node
  const all = [
    ...ledger.grants().map((grant) => given(grant, identity.account)),
    ...ledger.capsules().map(received)
  ].map((listed) => withHandBack(listed, ledger.passings, identity.account))
  const delegations = delegationsOf(ledger.passings)
  const refs = [...all, ...delegations].flatMap(({ id, owner }) => [
    grantSlot(id, p),
    ownerSlot(owner, p)
  ])
  const { head, conf } = await currentHeads(node, signal)
  const own = ownerSlot(identity.account, p)
  const [words, confirmed] = await Promise.all(
    [head, conf].map((block) => wordsAt(node, block, [...refs, own], signal))
  )
  const now = Math.floor(node.clock.nowMs() / 1_000)
  const owner = decodeOwnerWord(words?.at(-1) ?? 0n)
  const told = ledger.optedOut(identity.account)
  const newer = told != null && told.version > (owner?.optOutVersion ?? 0)
  // a grant works once a confirmed block holds it; a revocation counts at the head
  const stateAt = (i: number, until: number) =>
    confirmed?.[2 * i] === 0n
      ? 'pending'
      : stateOf(words?.[2 * i] ?? 0n, words?.[2 * i + 1] ?? 0n, until, now)
  return {
    grants: all.map(({ row }, i) => {
      const state = stateAt(i, row.until)
      return { ...row, state: state === 'active' && isAllBack(row) ? 'handed back' : state }
    }),
    delegations: delegations.map(({ row, until }, i) => row(stateAt(all.length + i, until))),
    // custodians obey what they were told before any block holds it
    optedOut: purposeCodes(newer ? told.purposes : (owner?.optOut ?? 0))
  }
}

function given({ entry, terms, delivered }: GivenGrant, self: Address): Listed {
  const { opening } = entry
  const owner = terms?.owner ?? self
  // of a standing grant, what came later too
  const later = [...delivered.values()].flatMap((keys) => [...keys].map(recordOfKey))
  const records = [...entry.records.map(({ recordId }) => toHex(recordId)), ...later]
  const text = granteeText(opening, terms?.tree)
  const readers = terms?.readers ?? [{ peer: entry.grantee, name: entry.name }]
  return {
    id: entry.grantId,
    owner,
    row: {
      grant: toHex(entry.grantId),
      direction: 'given',
      ...(equalBytes(owner, self) ? {} : { for: toHex(owner) }),
      who: opening.granteeKind === GranteeKind.ACCOUNT ? entry.name || text : text,
      peer: peerText(entry.grantee),
      ...(entry.name === '' ? {} : { name: entry.name }),
      readers: readers.map(({ peer }) => peerText(peer)),
      purpose: entry.hl7 || purposeCodes(opening.purposes).join(','),
      records: [...new Set(records)],
      ...(terms == null ? {} : { scope: scopeText(terms.scope) }),
      ...termsOf(opening)
    }
  }
}

function received({ grantId: id, capsule, hl7 }: EntryOf<'capsule'>): Listed {
  const { opening, owner, records, tree } = capsule
  return {
    id,
    owner,
    row: {
      grant: toHex(id),
      direction: 'received',
      who: granteeText(opening, tree),
      peer: toHex(owner),
      purpose: hl7 || purposeCodes(opening.purposes).join(','),
      records: [...new Set(records.map(({ recordId }) => toHex(recordId)))],
      ...termsOf(opening)
    }
  }
}

const termsOf = (opening: GrantOpening) => ({
  kind: kindName(opening.granteeKind),
  from: opening.notBefore,
  until: opening.notAfter,
  budget: opening.budget,
  window: opening.window,
  shareOn: isDelegable(opening.purposes)
})

/** By the account itself, if it was received; else by those who told so. */
function withHandBack(listed: Listed, passings: Passings, self: Address): Listed {
  const { id, row } = listed
  const by =
    row.direction === 'given'
      ? passings.backOf(id).map(({ account }) => account)
      : passings.own(id) == null
        ? []
        : [self]
  return by.length === 0 ? listed : { ...listed, row: { ...row, handedBack: by.map(toHex) } }
}

/** Of a group others may still read. */
const isAllBack = ({ direction, kind, handedBack = [] }: Listed['row']): boolean =>
  handedBack.length > 0 && (direction === 'received' || kind === 'account')

function stateOf(
  grantWord: bigint,
  ownerWord: bigint,
  until: number,
  now: number
): Exclude<State, 'handed back'> {
  const grant = decodeGrantWord(grantWord)
  const owner = decodeOwnerWord(ownerWord)
  if (grant == null || grant.status === 0) return 'pending'
  const standing = grant.status === GrantStatus.ACTIVE && grant.epoch === owner?.epoch
  if (!standing) return 'revoked'
  return now >= until ? 'expired' : 'active'
}
