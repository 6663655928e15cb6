/**
 * `grant`: access for somebody who did not ask: a person, an organisation or those with a role in
 * it, a group, or whoever a policy holds for; to records, classes, or the whole chart.
 * @module
 */
import { InvalidParametersError } from '../../core/errors.ts'
import { U32_MAX } from '../../core/grant.ts'
import { bitOfConsentCode, DELEGABLE, Purpose, purposeMask } from '../../core/purposes.ts'
import { peerFromText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import { namedAccount } from './accounts.ts'
import { type Consent, consent, type Terms } from './consent.ts'
import { cardOf } from './custodians.ts'
import type { GrantArgs, GrantResult } from './grant-shapes.ts'
import { type GrantSource, ownSource } from './grant-source.ts'
import { accountOnly, membersOf } from './grantee.ts'
import { personAt } from './person.ts'
import type { Reader } from './reader.ts'
import { scopeOf } from './scope.ts'
import { tellWard } from './tell-ward.ts'
import { fromSeconds, spanSeconds, untilSeconds } from './until.ts'
import type { VerbOptions } from './verb.ts'
import { versionRange } from './versions.ts'
import { wardSource } from './wards.ts'

/** Distinct record versions that one custodian gives; re-reads are free. */
export const BUDGET_DEFAULT = 1_000

export async function grant(
  node: Node,
  args: GrantArgs,
  options: VerbOptions
): Promise<GrantResult> {
  const source =
    args.for == null ? ownSource(node) : await wardSource(node, args.for, ['grant'], options.signal)
  const given = await grantFrom(node, source, args, options)
  if (args.for != null) await tellWard(node, args.for, given, options.signal)
  return given
}

/** Of whosever records `source` is. All is checked before anybody is reached. */
export async function grantFrom(
  node: Node,
  source: GrantSource,
  args: GrantArgs,
  options: VerbOptions
): Promise<GrantResult> {
  const codes = [args.purpose].flat()
  const members = membersOf(args, node.primitives)
  if (args.shareOn === true && members != null) {
    throw new InvalidParametersError(
      '"shareOn" expected a grant to a person: of a group every member may read anyway'
    )
  }
  const purposes = purposesOf(codes, args.shareOn === true)
  const terms = termsOf(node, args, purposes, untilSeconds(args.until, node.clock.nowMs()))
  const scope = scopeOf(source, args)
  const peers = [...new Set([args.to].flat())]
  const readers = await Promise.all(peers.map((text) => readerAt(node, text, options.signal)))
  const common = {
    scope,
    terms,
    hl7: codes.length === 1 ? (codes[0] as string) : '',
    wish: undefined,
    note: ''
  }
  const alone = readers.map((reader): Consent => {
    const grantee = accountOnly(reader.card.binding.account)
    return { ...common, grantee, readers: [reader] }
  })
  const all = { ...common, readers: asNonEmpty(readers) }
  const consents = members == null ? asNonEmpty(alone) : ([{ ...all, grantee: members }] as const)
  return consent(node, source, consents, options)
}

/** Whom the grant's bits 0–14 name; BTG and ETREAT are never given, only broken open. */
export function purposesOf(codes: readonly string[], shareOn: boolean): number {
  const bits = codes.map((code) => {
    const bit = bitOfConsentCode(code)
    if (bit == null) {
      throw new InvalidParametersError(`"purpose" expected a known code, got ${code}`)
    }
    if (bit === Purpose.BTG || bit === Purpose.ETREAT) {
      throw new InvalidParametersError(
        `"purpose" expected no emergency, got ${code}: it follows from no grant, but from the wish about emergencies`
      )
    }
    return bit
  })
  return (purposeMask(...bits) | (shareOn ? DELEGABLE : 0)) >>> 0
}

/** @throws InvalidParametersError */
export function termsOf(
  { clock }: Pick<Node, 'clock'>,
  args: Pick<GrantArgs, 'versions' | 'from' | 'budget' | 'window'>,
  purposes: number,
  notAfter: number
): Terms {
  const notBefore = fromSeconds(args.from, clock.nowMs())
  if (notBefore >= notAfter) {
    throw new InvalidParametersError('"from" expected a time before "until"')
  }
  const window = args.window == null ? 0 : spanSeconds(args.window, 'window')
  if (window > U32_MAX) throw new InvalidParametersError('"window" expected less than 136 years')
  return {
    purposes,
    ...versionRange(args.versions),
    notBefore,
    notAfter,
    budget: args.budget ?? BUDGET_DEFAULT,
    window
  }
}

/** Reached, with its card. @throws PeerUnavailableError, InvalidSignatureError */
export async function readerAt(node: Node, text: string, signal: AbortSignal): Promise<Reader> {
  // a person with a phone has nobody listening: her contact says who keeps her mail
  if (text.includes('@')) return personAt(node, namedAccount(text, 'to'), signal)
  const peer = peerFromText(text)
  const card = await cardOf(node, peer, [], signal)
  return { card, at: [{ peer, addrs: card.addrs }] }
}

/** Schemas ask for one at least. */
const asNonEmpty = <T>(items: readonly T[]): readonly [T, ...T[]] => items as readonly [T, ...T[]]
