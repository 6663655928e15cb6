/**
 * How a new record is to be registered: how many organisations must confirm it before it counts as
 * attested, and which one may not (SECURITY.md §7, Records). It is chosen once, with the record; its
 * later versions keep to it.
 * @module
 */
import { InvalidParametersError } from '../../core/errors.ts'
import { accountSlot, decodeAccountWord } from '../../core/words.ts'
import type { Node } from '../node.ts'
import type { RecordAddArgs } from './shapes.ts'
import { headWords } from './words.ts'

export interface Registration {
  readonly quorum: number
  /** 0 bars nobody. */
  readonly barredOrg: number
}

/**
 * What the arguments say, else what the settings say; undefined is one confirmation of anybody.
 * @throws InvalidParametersError to bar an own organisation that this account has not
 */
export async function registrationFor(
  node: Node,
  { quorum = node.choice.quorum ?? 1, bar }: Pick<RecordAddArgs, 'quorum' | 'bar'>,
  signal: AbortSignal
): Promise<Registration | undefined> {
  const barredOrg = await barred(node, bar, signal)
  return quorum === 1 && barredOrg === 0 ? undefined : { quorum, barredOrg }
}

async function barred(node: Node, bar: RecordAddArgs['bar'], signal: AbortSignal): Promise<number> {
  if (typeof bar === 'number') return bar
  const isPolicy = bar == null && node.choice.barOwnOrganisation === true
  if (bar !== 'own' && !isPolicy) return 0
  const { identity, primitives } = node
  const [word = 0n] = await headWords(node, [accountSlot(identity.account, primitives)], signal)
  const org = decodeAccountWord(word)?.org ?? 0
  // who belongs nowhere has no organisation to bar: as a policy it is kept
  if (org === 0 && !isPolicy) {
    throw new InvalidParametersError('"bar" expected an account of an organisation, this has none')
  }
  return org
}
