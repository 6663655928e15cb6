/**
 * `renew`: the same grant with a later end. A period is part of the opening, so it is a new grant;
 * the old one is left to run out, since a grant works only once a confirmed block holds it, and
 * ending the old one at once would shut its reader out until then. One transaction.
 * @module
 */
import { InvalidParametersError } from '../../core/errors.ts'
import type { Node } from '../node.ts'
import { type Consent, consent } from './consent.ts'
import { standingGrant } from './given.ts'
import type { GrantResult, RenewArgs } from './grant-shapes.ts'
import { ownSource } from './grant-source.ts'
import { type KnownReader, type Reader, readerOf } from './reader.ts'
import { fromSeconds, untilSeconds } from './until.ts'
import type { VerbOptions } from './verb.ts'

export async function renew(
  node: Node,
  args: RenewArgs,
  options: VerbOptions
): Promise<GrantResult> {
  const { entry, terms } = standingGrant(node, args.grant)
  const { granteeKind, grantee, scope: _, salt: __, ...same } = entry.opening
  const nowMs = node.clock.nowMs()
  const notAfter = untilSeconds(args.until, nowMs)
  if (notAfter <= same.notAfter) {
    throw new InvalidParametersError(
      '"until" expected later than before: for less, revoke it and give it anew'
    )
  }
  const given: Consent = {
    grantee: { kind: granteeKind as Consent['grantee']['kind'], grantee, tree: terms.tree },
    readers: readersOf(node, terms.readers),
    scope: { tags: entry.tags, except: entry.except, marks: terms.scope },
    terms: { ...same, notBefore: fromSeconds(undefined, nowMs), notAfter },
    hl7: entry.hl7,
    wish: undefined,
    note: terms.note
  }
  return consent(node, ownSource(node), [given], options)
}

/** @throws InvalidParametersError if nothing is known of them any more */
function readersOf(node: Node, readers: readonly KnownReader[]): readonly [Reader, ...Reader[]] {
  const [first, ...more] = readers.flatMap((each) => readerOf(node, each) ?? [])
  if (first == null) throw new InvalidParametersError('"grant" expected one with a known reader')
  return [first, ...more]
}
