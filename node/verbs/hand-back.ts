/**
 * `hand-back` and `delegate end`: gives up access that one has, or ends a sub-grant of either side.
 * Written down here first, so that it is not used any more whatever follows; then told to every
 * custodian, which refuses from that moment, and by mail to the other side (decision 0026). Doing it
 * again tells those who could not be reached.
 * @module
 */
import { equalBytes, fromHex, toHex } from '../../core/bytes.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import { WHOLE_GRANT } from '../../core/hand-back.ts'
import type { Capsule } from '../../core/manifest.ts'
import type { PassingEntryOf } from '../ledger/passing-entries.ts'
import type { Node } from '../node.ts'
import { type Ending, endAccess } from './end-access.ts'
import type { EndDelegationArgs, HandBackArgs, HandBackResult } from './passing-shapes.ts'
import type { VerbOptions } from './verb.ts'

type Sub = PassingEntryOf<'passedOn'> | PassingEntryOf<'subReceived'>
type Ended = HandBackResult['ended'][number]

export async function handBack(
  node: Node,
  { id }: HandBackArgs,
  { signal, progress }: VerbOptions
): Promise<HandBackResult> {
  const endings = endingsOf(node, id)
  if (endings.length === 0) throw new RecordNotFoundError(`nothing received by that id: ${id}`)
  return await endAll(node, endings, { signal, progress })
}

export async function endDelegation(
  node: Node,
  { delegation }: EndDelegationArgs,
  options: VerbOptions
): Promise<HandBackResult> {
  const sub = node.ledger.passings.sub(fromHex(delegation, 'delegation'))
  if (sub == null) throw new RecordNotFoundError(`no such delegation: ${delegation}`)
  return await endAll(node, [endingOf(node, sub)], options)
}

async function endAll(
  node: Node,
  endings: readonly Ending[],
  { signal, progress }: VerbOptions
): Promise<HandBackResult> {
  const ended: Ended[] = []
  for (const [done, ending] of endings.entries()) {
    progress({ step: 'notice', done, total: endings.length })
    ended.push(await endAccess(node, ending, signal))
  }
  return { ended }
}

/** A grant or sub-grant by its id; of a record, all under which it may be read. */
function endingsOf(node: Node, id: string): readonly Ending[] {
  const { ledger } = node
  const wanted = fromHex(id, 'id')
  const named = ledger.passings.received().find(({ subGrant }) => equalBytes(subGrant, wanted))
  if (named != null) return [endingOf(node, named)]
  if (ledger.passings.sub(wanted) != null) {
    throw new InvalidParametersError(
      '"id" expected what was received: `delegate end` ends what was given'
    )
  }
  const opens = ({ records }: Capsule) => records.some((each) => equalBytes(each.recordId, wanted))
  return [
    ...ledger
      .capsules()
      .filter(({ grantId, capsule }) => equalBytes(grantId, wanted) || opens(capsule))
      .map(({ grantId, capsule }) => ({
        grantId,
        subGrant: WHOLE_GRANT,
        capsule,
        // what was passed on ends with it
        colleagues: ledger.passings
          .given()
          .filter((sub) => equalBytes(sub.grantId, grantId))
          .map(({ peer }) => peer)
      })),
    ...ledger.passings
      .received()
      .filter(({ capsule }) => opens(capsule))
      .map((sub) => endingOf(node, sub))
  ]
}

function endingOf({ ledger }: Node, sub: Sub): Ending {
  const { grantId, subGrant, peer } = sub
  const capsule =
    sub.t === 'subReceived'
      ? sub.capsule
      : ledger.capsules().find((each) => equalBytes(each.grantId, grantId))?.capsule
  // written with the grant at hand, which is never removed
  if (capsule == null) throw new RecordNotFoundError(`no such grant: ${toHex(grantId)}`)
  return { grantId, subGrant, capsule, colleagues: [peer] }
}
