/**
 * `grant.tell`: further members of an organisation or group get the capsule of a grant that is for
 * them too. Nothing is written to the chain: whether they may read is what custodians prove.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import { GranteeKind } from '../../core/grant.ts'
import { GRANT_READERS_MAX } from '../../core/limits.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import { isMeant } from './consent.ts'
import { deliver } from './deliver.ts'
import { standingGrant } from './given.ts'
import { readerAt } from './grant.ts'
import type { TellArgs, TellResult } from './grant-shapes.ts'
import { ownSource } from './grant-source.ts'
import { knownReader, newCards } from './reader.ts'
import type { VerbOptions } from './verb.ts'

export async function tell(
  node: Node,
  args: TellArgs,
  { signal, progress }: VerbOptions
): Promise<TellResult> {
  const { entry, terms } = standingGrant(node, args.grant)
  if (entry.opening.granteeKind === GranteeKind.ACCOUNT) {
    throw new InvalidParametersError(
      '"grant" expected one to an organisation, group or policy: another person needs her own'
    )
  }
  const source = ownSource(node)
  const peers = [...new Set([args.to].flat())]
  const readers = await Promise.all(peers.map((peer) => readerAt(node, peer, signal)))
  const known = new Map(terms.readers.map((each) => [toHex(each.peer), each]))
  for (const each of readers.map(knownReader)) known.set(toHex(each.peer), each)
  if (known.size > GRANT_READERS_MAX) {
    throw new InvalidParametersError(`"to" expected at most ${GRANT_READERS_MAX} readers in all`)
  }
  // of what is published later they hear too
  await node.ledger.record({ ...terms, readers: [...known.values()] }, ...newCards(node, readers))
  progress({ step: 'deliver' })
  const versions = source.versions().filter((each) => isMeant(entry.opening, entry, each))
  const told: { peer: string; delivered: boolean }[] = []
  for (const reader of readers) {
    const grant = { entry, terms, versions }
    const delivered = await deliver(node, source, grant, reader, versions, signal)
    told.push({ peer: peerText(reader.card.binding.peerId), delivered })
  }
  return { grant: toHex(entry.grantId), readers: told }
}
