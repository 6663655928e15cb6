/**
 * Grants that go on: of each version that was published since, and that a standing grant covers,
 * its readers still need a capsule. What is owed follows from the ledger alone, so whatever fails
 * now is tried again by the next publish or round of upkeep.
 * @module
 */
import { equalBytes, toHex } from '../../core/bytes.ts'
import { GranteeKind } from '../../core/grant.ts'
import { type GivenGrant, versionKey } from '../ledger/ledger.ts'
import type { Node } from '../node.ts'
import { Turns } from '../turns.ts'
import { isMeant } from './consent.ts'
import { type DeliverableGrant, deliver } from './deliver.ts'
import { type GivableVersion, type GrantSource, ownSource } from './grant-source.ts'
import { type Reader, readerOf } from './reader.ts'

/** One reader of one grant, and what it has not been told of. */
interface Owed {
  readonly grant: DeliverableGrant
  readonly reader: Reader
}

export interface Delivered {
  /** Readers who were told of all that they may read now. */
  readonly told: number
  /** Readers whom nobody could be reached for. */
  readonly waiting: number
}

/** One after the other, or a publish and upkeep would both tell. */
const delivering = new Turns<Node>()

/** Throws by `signal` only. */
export const deliverOwed = (
  node: Node,
  signal: AbortSignal,
  source: GrantSource = ownSource(node)
): Promise<Delivered> => delivering.run(node, () => deliverAll(node, source, signal))

async function deliverAll(
  node: Node,
  source: GrantSource,
  signal: AbortSignal
): Promise<Delivered> {
  let told = 0
  let waiting = 0
  for (const { grant, reader } of owed(node, source)) {
    signal.throwIfAborted()
    const done = await deliver(node, source, grant, reader, grant.versions, signal).catch(() => {
      signal.throwIfAborted()
      return false
    })
    if (done) told++
    else waiting++
  }
  return { told, waiting }
}

function owed(node: Node, source: GrantSource): readonly Owed[] {
  const nowSeconds = Math.floor(node.clock.nowMs() / 1_000)
  const grants = node.ledger
    .grants()
    .filter((grant) => stands(grant, nowSeconds) && isOf(grant, source, node))
    .filter((grant) => !isHandedBack(node, grant))
  if (grants.length === 0) return [] // and no manifest is decoded
  const versions = source.versions().filter(({ anchored }) => anchored)
  return grants.flatMap((grant) => owedUnder(node, grant, versions))
}

/** By the one account that it is for. */
const isHandedBack = ({ ledger }: Node, { entry }: GivenGrant): boolean =>
  entry.opening.granteeKind === GranteeKind.ACCOUNT &&
  ledger.passings.backOf(entry.grantId).length > 0

/** On the chain, not revoked, not over. */
const stands = ({ entry, revoked }: GivenGrant, nowSeconds: number): boolean =>
  entry.block > 0 && revoked == null && nowSeconds < entry.opening.notAfter

const isOf = ({ terms }: GivenGrant, { voice }: GrantSource, { identity }: Node): boolean =>
  equalBytes(terms?.owner ?? identity.account, voice.owner)

function owedUnder(
  node: Node,
  { entry, terms, delivered }: GivenGrant,
  versions: readonly GivableVersion[]
): readonly Owed[] {
  const meant = versions.filter((version) => isMeant(entry.opening, entry, version))
  // grants of before this was kept told their one reader of the versions that they name
  const before = terms == null ? entry.records.map(versionKey) : []
  return (terms?.readers ?? [{ peer: entry.grantee, at: [] }]).flatMap((who) => {
    const known = new Set([...before, ...(delivered.get(toHex(who.peer)) ?? [])])
    const missing = meant.filter((version) => !known.has(versionKey(version)))
    const reader = readerOf(node, who)
    if (missing.length === 0 || reader == null) return []
    const { owner = node.identity.account, tree, reply = entry.grantId } = terms ?? {}
    const note = terms?.note ?? ''
    return [{ grant: { entry, terms: { owner, tree, reply, note }, versions: missing }, reader }]
  })
}
