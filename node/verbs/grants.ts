/**
 * `grants`: who can see my data now, and what may I see: each with its state as the chain proves it.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import { purposeCodes } from '../../core/purposes.ts'
import {
  decodeGrantWord,
  decodeOwnerWord,
  GrantStatus,
  grantSlot,
  ownerSlot
} from '../../core/words.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import type { GrantsResult } from './results.ts'
import type { VerbOptions } from './verb.ts'
import { currentHeads, wordsAt } from './words.ts'

type State = GrantsResult['grants'][number]['state']

export async function listGrants(node: Node, { signal }: VerbOptions): Promise<GrantsResult> {
  const { ledger, identity, primitives: p } = node
  const given = ledger.grants().map(({ entry }) => ({
    id: entry.grantId,
    owner: identity.account,
    opening: entry.opening,
    row: {
      grant: toHex(entry.grantId),
      direction: 'given' as const,
      peer: peerText(entry.grantee),
      ...(entry.name === '' ? {} : { name: entry.name }),
      purpose: entry.hl7,
      records: [...new Set(entry.records.map(({ recordId }) => toHex(recordId)))],
      until: entry.opening.notAfter
    }
  }))
  const received = ledger.capsules().map(({ grantId, capsule, hl7 }) => {
    return {
      id: grantId,
      owner: capsule.owner,
      opening: capsule.opening,
      row: {
        grant: toHex(grantId),
        direction: 'received' as const,
        peer: toHex(capsule.owner),
        purpose: hl7 || purposeCodes(capsule.opening.purposes).join(','),
        records: [...new Set(capsule.records.map(({ recordId }) => toHex(recordId)))],
        until: capsule.opening.notAfter
      }
    }
  })
  const all = [...given, ...received]
  const refs = all.flatMap(({ id, owner }) => [grantSlot(id, p), ownerSlot(owner, p)])
  const { head, conf } = await currentHeads(node, signal)
  const [words, confirmed] = await Promise.all(
    [head, conf].map((block) => (refs.length === 0 ? [] : wordsAt(node, block, refs, signal)))
  )
  const now = Math.floor(node.clock.nowMs() / 1_000)
  return {
    grants: all.map(({ row }, i) => ({
      ...row,
      // a grant works once a confirmed block holds it; a revocation counts at the head
      state:
        confirmed?.[2 * i] === 0n
          ? 'pending'
          : stateOf(words?.[2 * i] ?? 0n, words?.[2 * i + 1] ?? 0n, row.until, now)
    }))
  }
}

function stateOf(grantWord: bigint, ownerWord: bigint, until: number, now: number): State {
  const grant = decodeGrantWord(grantWord)
  const owner = decodeOwnerWord(ownerWord)
  if (grant == null || grant.status === 0) return 'pending'
  const standing = grant.status === GrantStatus.ACTIVE && grant.epoch === owner?.epoch
  if (!standing) return 'revoked'
  return now >= until ? 'expired' : 'active'
}
