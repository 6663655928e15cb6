/**
 * `directory join` and `directory leave`: an account's own half of membership. Nobody is enlisted
 * unasked (docs/decisions/0014): an admin needs this consent, which travels as text, by mail, or over
 * the chain.
 * @module
 */
import { fromHex, toHex, toHex0x } from '../../core/bytes.ts'
import { consentSlot, decodeConsentWord } from '../../core/directory-words.ts'
import { InvalidMessageError, InvalidParametersError } from '../../core/errors.ts'
import {
  type Consent,
  decodeConsent,
  encodeConsent,
  encodeConsentMail
} from '../../core/membership.ts'
import { roleNames, rolesOf } from '../../core/roles.ts'
import type { Membership, SignedMessage } from '../../core/typed-data.ts'
import type { TxReceipt } from '../adapters.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import { inWords } from './act.ts'
import { addressOf, cardOf } from './custodians.ts'
import { accountWord } from './directory.ts'
import type {
  DirectoryActResult,
  DirectoryJoinArgs,
  DirectoryJoinResult
} from './directory-shapes.ts'
import { keepersOf, leaveMail } from './mail.ts'
import { sendMessage } from './relay.ts'
import { untilSeconds } from './until.ts'
import type { VerbOptions } from './verb.ts'
import { ownVoice } from './voice.ts'
import { headWords } from './words.ts'

/** An admin looks into the mail within a week, or asks again. */
const JOIN_UNTIL = '7d'
/** A signature that goes straight to the chain. */
const SEND_UNTIL = '1h'

export async function joinDirectory(
  node: Node,
  args: DirectoryJoinArgs,
  { signal, progress }: VerbOptions
): Promise<DirectoryJoinResult> {
  const until = args.until ?? (args.send === true ? SEND_UNTIL : JOIN_UNTIL)
  await openAccount(node, signal)
  const consent = await consentTo(node, args.org, rolesOf(args.roles), until, signal)
  const { account, organisation, roles, deadline } = consent.message
  let delivered: string | undefined
  if (args.to != null) {
    progress({ step: 'deliver' })
    const { peer, addrs } = addressOf(args.to)
    const card = await cardOf(node, peer, addrs, signal)
    const mail = encodeConsentMail(consent, node.card())
    delivered = peerText(await leaveMail(node, card, mail, [{ peer, addrs }], signal))
  }
  let sent: TxReceipt | undefined
  if (args.send === true) {
    progress({ step: 'send' })
    sent = await send(node, { type: 'Membership', ...consent }, signal)
  }
  return {
    account: toHex0x(account),
    org: organisation,
    roles: roleNames(roles),
    until: deadline,
    consent: consentText(consent),
    ...(delivered == null ? {} : { delivered }),
    ...(sent == null ? {} : { block: sent.block.number, gas: sent.gasUsed })
  }
}

/** Leaves at once: for that nobody else is asked. */
export async function leaveDirectory(
  node: Node,
  { signal }: VerbOptions
): Promise<DirectoryActResult> {
  const { account } = node.identity
  const { org } = await accountWord(node, account, signal)
  if (org === 0) throw new InvalidParametersError('this account is in no organisation')
  const consent = await consentTo(node, 0, 0, SEND_UNTIL, signal)
  const { block, gasUsed } = await send(node, { type: 'Membership', ...consent }, signal)
  const after = await accountWord(node, account, signal, block.number)
  return {
    account: toHex0x(account),
    status: 'open',
    bindingEpoch: after.bindingEpoch,
    org: after.org,
    roles: roleNames(after.roles),
    block: block.number,
    gas: gasUsed
  }
}

/** An account is opened by its first binding epoch; before that nobody can enrol it. */
async function openAccount(node: Node, signal: AbortSignal): Promise<void> {
  const { account } = node.identity
  const { status } = await accountWord(node, account, signal)
  if (status !== 0) return
  const message = { account, bindingEpoch: 1 }
  const sig = ownVoice(node).sign('BindingEpoch', message)
  await send(node, { type: 'BindingEpoch', message, sig }, signal)
}

async function consentTo(
  node: Node,
  organisation: number,
  roles: number,
  until: string,
  signal: AbortSignal
): Promise<Consent> {
  const { identity, primitives, clock } = node
  const { account } = identity
  const [word = 0n] = await headWords(node, [consentSlot(account, primitives)], signal)
  const version = decodeConsentWord(word).version + 1
  const deadline = untilSeconds(until, clock.nowMs())
  const message: Membership = { account, organisation, roles, version, deadline }
  return { message, sig: ownVoice(node).sign('Membership', message) }
}

const send = (node: Node, message: SignedMessage, signal: AbortSignal): Promise<TxReceipt> =>
  inWords(sendMessage(node, message, keepersOf(node), signal))

// ---- a consent as text

const PREFIX = 'keyward-consent:'

export const isConsentText = (text: string): boolean => text.startsWith(PREFIX)

/** For a person to hand to an admin: it is signed, and holds nothing secret. */
export const consentText = (consent: Consent): string => PREFIX + toHex(encodeConsent(consent))

/** @throws InvalidParametersError for text that is damaged, InvalidSignatureError */
export function readConsentText(node: Node, text: string): Consent {
  try {
    const bytes = fromHex(text.slice(PREFIX.length), 'consent')
    return decodeConsent(bytes, node.deployment, node.primitives)
  } catch (cause) {
    if (!(cause instanceof InvalidMessageError)) throw cause
    throw new InvalidParametersError('"who" expected the whole text of a consent', { cause })
  }
}
