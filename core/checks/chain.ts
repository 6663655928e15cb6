/**
 * Checks 12–18 of SECURITY.md §9.2: which blocks count, and is the head young by its own time?
 * A head's age in blocks would say nothing after a reorg (§9.4).
 * @module
 */
import { equalBytes } from '../bytes.ts'
import type { RefuseCode } from '../codes.ts'
import type { Context } from './context.ts'

export const headsAreGathered = ({ input }: Context): boolean => input.heads != null

/** 12–14 and 16: q endpoints, q equal hashes, headers that hash to them, one line. */
export const headsFailure = ({ input }: Context): RefuseCode | undefined =>
  input.heads?.ok === false ? input.heads.code : undefined

/** 15 */
export const headIsYoung = ({ now, heads, input }: Context): boolean =>
  now - heads.head.timeSeconds <= input.policy.headMaxAgeSeconds
export const clockIsNotBehind = ({ now, heads, input }: Context): boolean =>
  heads.head.timeSeconds - now <= input.policy.headMaxAgeSeconds

/** 17 */
export const requestedFailure = ({ heads }: Context): RefuseCode | undefined =>
  heads.requested.ok ? undefined : heads.requested.code
export function requestedIsConfirmed({ heads, requested, request, input }: Context): boolean {
  const lag = heads.conf.number - requested.number
  return (
    requested.number === request.conf.n &&
    equalBytes(requested.hash, request.conf.h) &&
    lag >= 0 &&
    lag <= input.policy.confirmedLagBlocks
  )
}

/** 18 */
export const bindingIsAsked = ({ input: { verdicts, erc1271 } }: Context): boolean =>
  verdicts.binding === 'ok' || erc1271 != null
export const bindingIsSigned = ({ input: { verdicts, erc1271 } }: Context): boolean =>
  verdicts.binding === 'ok' || erc1271 === 'ok'
