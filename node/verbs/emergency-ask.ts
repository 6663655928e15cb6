/**
 * `emergency ask`: a clinician signs a BreakGlass for one patient and asks colleagues by mail to
 * sign it, too. Nothing is opened yet, and nobody but they is told.
 * @module
 */

import { toHex, toHex0x } from '../../core/bytes.ts'
import { InvalidParametersError, PeerUnavailableError } from '../../core/errors.ts'
import { breakGlassOf, type Glass, noticeOf, writeLetter } from '../../core/glass.ts'
import { accountGrantee, GranteeKind, U32_MAX } from '../../core/grant.ts'
import { type Address, hash } from '../../core/ids.ts'
import { Purpose, purposeMask } from '../../core/purposes.ts'
import { signTyped } from '../../core/typed-data.ts'
import { accountSlot, decodeAccountWord, Role } from '../../core/words.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import { addressOf, cardOf } from './custodians.ts'
import { epochIfWished, isOwn } from './emergency.ts'
import type { EmergencyAskArgs, EmergencyAskResult } from './emergency-shapes.ts'
import { leaveMail } from './mail.ts'
import { contactOf } from './request.ts'
import type { VerbOptions } from './verb.ts'
import { headWords } from './words.ts'

const HOURS_DEFAULT = 4
const HOUR_SECONDS = 3_600
/** Set back, so that clock guard and head age do not delay the first use (SECURITY.md §7). */
const SET_BACK_SECONDS = 300
const NO_SCOPE = hash(new Uint8Array(32))

export async function askColleagues(
  node: Node,
  args: EmergencyAskArgs,
  { signal, progress }: VerbOptions
): Promise<EmergencyAskResult> {
  const { identity, primitives: p, clock, random, deployment, ledger } = node
  const { owner, keepers } = contactOf(args.patient)
  const epoch = await epochIfWished(node, owner, signal)
  await assertClinician(node, identity.account, signal)
  const nowSeconds = Math.floor(clock.nowMs() / 1_000)
  const code = args.purpose ?? 'BTG'
  const notBefore = nowSeconds - SET_BACK_SECONDS
  const glass: Glass = {
    v: 1,
    owner,
    opening: {
      granteeKind: GranteeKind.ACCOUNT,
      grantee: accountGrantee(identity.account),
      scope: NO_SCOPE,
      verFrom: 1,
      verTo: U32_MAX,
      purposes: purposeMask(Purpose[code]),
      notBefore,
      notAfter: notBefore + (args.hours ?? HOURS_DEFAULT) * HOUR_SECONDS,
      budget: U32_MAX,
      window: 0,
      salt: hash(random(32))
    },
    epoch,
    reason: args.reason,
    salt: hash(random(32)),
    at: nowSeconds
  }
  const notice = hash(noticeOf(glass, p))
  const sig = signTyped(deployment, 'BreakGlass', breakGlassOf(glass, p), identity.accountKey, p)
  // known here before it is sent: a colleague may answer at once
  await ledger.record({ t: 'glassAsked', notice, glass, sig, keepers })
  progress({ step: 'deliver', total: args.cosigners.length })
  const plain = writeLetter('glass', glass, node.card(), identity.peerSeed, p)
  const outcomes = await Promise.all(
    args.cosigners.map((colleague) => deliver(node, colleague, plain, signal))
  )
  const delivered = outcomes.filter((each) => each.reason == null).map(({ peer }) => peer)
  const failed = outcomes.filter((each) => each.reason != null) as EmergencyAskResult['failed']
  if (delivered.length === 0) {
    const reasons = failed.map(({ peer, reason }) => `${peer}: ${reason}`).join('; ')
    throw new PeerUnavailableError(`no colleague could be asked: ${reasons}`)
  }
  return {
    notice: toHex(notice),
    patient: toHex0x(owner),
    purpose: code,
    until: glass.opening.notAfter,
    delivered,
    failed
  }
}

/** Into the colleague's own box, where the answer may wait, too. */
async function deliver(
  node: Node,
  colleague: string,
  plain: Uint8Array,
  signal: AbortSignal
): Promise<{ readonly peer: string; readonly reason?: string }> {
  const { peer, addrs } = addressOf(colleague)
  const name = peerText(peer)
  try {
    const card = await cardOf(node, peer, addrs, signal)
    if (isOwn(node, card.binding.account)) return { peer: name, reason: 'is this very account' }
    await assertClinician(node, card.binding.account, signal)
    await leaveMail(node, card, plain, [{ peer, addrs }], signal)
    return { peer: name }
  } catch (err) {
    signal.throwIfAborted()
    return { peer: name, reason: (err as Error).message }
  }
}

/** @throws InvalidParametersError: its signature would count for nothing */
export async function assertClinician(
  node: Node,
  account: Address,
  signal: AbortSignal
): Promise<void> {
  const [word = 0n] = await headWords(node, [accountSlot(account, node.primitives)], signal)
  const roles = decodeAccountWord(word)?.roles ?? 0
  if ((roles & Role.CLINICIAN) === 0) {
    throw new InvalidParametersError(`"account" expected a clinician, got ${toHex0x(account)}`)
  }
}
