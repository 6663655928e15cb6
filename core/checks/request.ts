/**
 * Checks 2–11 of SECURITY.md §9.2: is the request for us, fresh, from the peer on the line, and
 * signed for an account? They cost no I/O, and their codes go out as they are.
 * @module
 */
import { bindingStands } from '../binding.ts'
import { equalBytes } from '../bytes.ts'
import { WANTS } from '../request.ts'
import type { Context } from './context.ts'

/** 2 (the suite is the one of `v`). */
export const isSupported = ({ request }: Context): boolean =>
  request.v === 1 && (WANTS as readonly string[]).includes(request.want)

/** 3 */
export const isForThisChain = ({ request, input }: Context): boolean =>
  request.chain === input.self.deployment.chainId
export const isForThisRegistry = ({ request, input }: Context): boolean =>
  equalBytes(request.grants, input.self.deployment.grants)
export const isForThisCustodian = ({ request, input }: Context): boolean =>
  equalBytes(request.custodian, input.self.peer)

/** 4 */
export const hasRoom = ({ input: { load } }: Context): boolean =>
  !load.draining && !load.queueFull && !load.peerOverRate

/** 5 */
export const isOfThisStream = ({ request, input }: Context): boolean =>
  equalBytes(request.challenge, input.stream.challenge)
export const isNextInStream = ({ request, input }: Context): boolean =>
  request.seq === input.stream.lastSeq + 1

/** 6 */
export const isBeforeDeadline = ({ request, now }: Context): boolean => now <= request.deadline
export const hasNearDeadline = ({ request, input, now }: Context): boolean =>
  request.deadline <= now + input.policy.deadlineMaxSeconds

/** 7 */
export const isFromBoundPeer = ({ request, input }: Context): boolean =>
  equalBytes(request.binding.peerId, input.stream.remotePeer)

/** 8 */
export const isSignedByPeer = ({ input }: Context): boolean => input.verdicts.request === 'ok'

/** 9 */
export const bindingIsInTime = ({ request, input, now }: Context): boolean =>
  bindingStands(request.binding, now, input.policy.bindingMaxSeconds)

/** 10: it recovers to the account, or is left to 18. */
export const bindingMayBeSigned = ({ input }: Context): boolean => input.verdicts.binding !== 'bad'

/** 11 */
export const auditIsWhole = ({ input: { audit } }: Context): boolean =>
  audit.whole && !audit.behindAnchor
