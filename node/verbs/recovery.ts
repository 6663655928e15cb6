/**
 * `recovery help`, `propose`, `veto`, `complete`, `status`: getting an account back whose
 * key is lost (docs/decisions/0022, 0024). k of n helpers sign for a successor, who waits out the
 * owner's veto; then it speaks for the old account, whose grants stand as they were.
 * @module
 */
import { equalBytes, fromHex, toHex, toHex0x, wordBytes } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import { type Address, type Hash, hash, type PeerIdBytes } from '../../core/ids.ts'
import { decodeHelp, decodePlan, encodeHelp, type Help, planHash } from '../../core/recovery.ts'
import { type SignedMessage, signTyped } from '../../core/typed-data.ts'
import {
  candidateSlot,
  decodeAddressWord,
  decodePlanWord,
  decodeRecoveryWord,
  planHashSlot,
  planSlot,
  RecoveryStatus,
  recoverySlot,
  successorSlot
} from '../../core/words.ts'
import type { TxReceipt } from '../adapters.ts'
import type { Node } from '../node.ts'
import { isWired, type NamedAccount, namedAccount } from './accounts.ts'
import { distinct } from './grant-source.ts'
import type {
  HelpArgs,
  HelpResult,
  ProposeArgs,
  RecoveryArgs,
  RecoveryResult
} from './guardian-shapes.ts'
import { keepersOf } from './mail.ts'
import { sendMessage } from './relay.ts'
import type { VerbOptions } from './verb.ts'
import { ownVoice } from './voice.ts'
import { keepersOfWard } from './wards.ts'
import { headWords } from './words.ts'

/** `recovery help`: this account signs for a successor, in the round that comes next. */
export async function helpRecover(
  node: Node,
  args: HelpArgs,
  { signal }: VerbOptions
): Promise<HelpResult> {
  const { primitives: p, identity, deployment } = node
  const { account } = namedAccount(args.account, 'account')
  const successor = namedAccount(args.successor, 'successor').account
  const plan =
    args.plan == null
      ? node.ledger.guardianships.helping(account)?.plan
      : decodePlan(fromHex(args.plan, 'plan'))
  if (plan == null) {
    throw new InvalidParametersError('"plan" expected: no plan of that account came by mail')
  }
  const { word, hashed, round } = await recoveryWords(node, account, signal)
  if (!equalBytes(planHash(plan, p), hashed)) {
    throw new InvalidParametersError('"plan" expected the one that the account has now')
  }
  if (!plan.helpers.some((helper) => equalBytes(helper, identity.account))) {
    throw new InvalidParametersError('"plan" expected this account among its helpers')
  }
  const message = { account, successor, planVersion: word.version, round: round.round + 1 }
  const sig = signTyped(deployment, 'Recovery', message, identity.accountKey, p)
  const help: Help = { v: 1, ...message, plan, helper: identity.account, sig }
  return {
    account: toHex0x(account),
    successor: toHex0x(successor),
    helper: toHex0x(identity.account),
    round: message.round,
    help: toHex(encodeHelp(help))
  }
}

export async function proposeRecovery(
  node: Node,
  args: ProposeArgs,
  options: VerbOptions
): Promise<RecoveryResult> {
  const { primitives: p } = node
  const named = namedAccount(args.account, 'account')
  const helps = args.help.map((text) => decodeHelp(fromHex(text, 'help')))
  const [first] = helps as [Help, ...Help[]]
  const agree = helps.every(
    (each) =>
      equalBytes(each.account, named.account) &&
      equalBytes(each.successor, first.successor) &&
      each.planVersion === first.planVersion &&
      each.round === first.round &&
      equalBytes(planHash(each.plan, p), planHash(first.plan, p))
  )
  if (!agree) {
    throw new InvalidParametersError('"help" expected of one account, successor, plan and round')
  }
  const { account, successor, planVersion, round, plan } = first
  const signatures = plan.helpers.map(
    (helper) => helps.find((each) => equalBytes(each.helper, helper))?.sig ?? new Uint8Array()
  )
  if (signatures.filter((sig) => sig.byteLength > 0).length < plan.threshold) {
    throw new InvalidParametersError(`"help" expected ${plan.threshold} helpers of the plan`)
  }
  const message = { account, successor, planVersion, round, plan, signatures }
  return await bring(node, named, { type: 'Propose', message, sig: new Uint8Array() }, options)
}

/** The owner is there: no recovery of this round, whoever helped. */
export async function vetoRecovery(node: Node, options: VerbOptions): Promise<RecoveryResult> {
  const { account } = node.identity
  const { round } = await recoveryWords(node, account, options.signal)
  if (round.status !== RecoveryStatus.PENDING) {
    throw new InvalidParametersError('no recovery of this account is under way')
  }
  const message = { account, round: round.round }
  const sig = ownVoice(node).sign('Veto', message)
  const named = { account, keepers: keepersOf(node) }
  return await bring(node, named, { type: 'Veto', message, sig }, options)
}

/** Anybody may, once the delay has passed. */
export async function completeRecovery(
  node: Node,
  args: RecoveryArgs,
  options: VerbOptions
): Promise<RecoveryResult> {
  const named = namedAccount(args.account, 'account')
  const message = { account: named.account }
  return await bring(node, named, { type: 'Complete', message, sig: new Uint8Array() }, options)
}

export async function recoveryStatus(
  node: Node,
  args: RecoveryArgs,
  { signal }: VerbOptions
): Promise<RecoveryResult> {
  return await statusOf(node, namedAccount(args.account, 'account').account, signal)
}

async function bring(
  node: Node,
  { account, keepers }: NamedAccount,
  message: SignedMessage,
  { signal, progress }: VerbOptions
): Promise<RecoveryResult> {
  progress({ step: 'send' })
  const relayers: readonly PeerIdBytes[] = distinct([...keepers, ...keepersOfWard(node, account)])
  const sent = await sendMessage(node, message, relayers, signal)
  return await statusOf(node, account, signal, sent)
}

const STATES = {
  [RecoveryStatus.PENDING]: 'pending',
  [RecoveryStatus.VETOED]: 'vetoed',
  [RecoveryStatus.DONE]: 'done'
} as const

async function statusOf(
  node: Node,
  account: Address,
  signal: AbortSignal,
  sent?: TxReceipt
): Promise<RecoveryResult> {
  const { word, round, candidate, successor } = await recoveryWords(
    node,
    account,
    signal,
    sent?.block.number
  )
  const pending = round.status === RecoveryStatus.PENDING
  return {
    account: toHex0x(account),
    state: STATES[round.status as keyof typeof STATES] ?? 'none',
    round: round.round,
    ...(candidate == null || !pending ? {} : { candidate: toHex0x(candidate) }),
    ...(successor == null ? {} : { successor: toHex0x(successor) }),
    ...(pending ? { readyAt: round.readyAt } : {}),
    planVersion: word.version,
    delaySeconds: word.delaySeconds,
    wired: await isWired(node, account, signal),
    ...(sent == null ? {} : { block: sent.block.number, gas: sent.gasUsed })
  }
}

/** As proven at the head. */
async function recoveryWords(
  node: Node,
  account: Address,
  signal: AbortSignal,
  since = 0
): Promise<{
  readonly word: { readonly version: number; readonly delaySeconds: number }
  readonly hashed: Hash
  readonly round: { readonly status: number; readonly round: number; readonly readyAt: number }
  readonly candidate: Address | undefined
  readonly successor: Address | undefined
}> {
  const { primitives: p } = node
  const slots = [planSlot, planHashSlot, recoverySlot, candidateSlot, successorSlot]
  const refs = slots.map((slot) => slot(account, p))
  const [plan = 0n, hashed = 0n, round = 0n, candidate = 0n, successor = 0n] = await headWords(
    node,
    refs,
    signal,
    since
  )
  return {
    word: decodePlanWord(plan) ?? { version: 0, delaySeconds: 0 },
    hashed: hash(wordBytes(hashed)),
    round: decodeRecoveryWord(round) ?? { status: 0, round: 0, readyAt: 0 },
    candidate: decodeAddressWord(candidate),
    successor: decodeAddressWord(successor)
  }
}
