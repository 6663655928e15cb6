/**
 * `recovery plan`, `help`, `propose`, `veto`, `complete`, `status`: getting an account back whose
 * key is lost (docs/decisions/0022, 0024). k of n helpers sign for a successor, who waits out the
 * owner's veto; then it speaks for the old account, whose grants stand as they were.
 * @module
 */
import { compareBytes, equalBytes, fromHex, toHex, toHex0x, wordBytes } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import { type Address, type Hash, hash, type PeerIdBytes } from '../../core/ids.ts'
import { RECOVERY_DELAY_MAX_SECONDS, RECOVERY_DELAY_MIN_SECONDS } from '../../core/limits.ts'
import {
  decodeHelp,
  decodePlan,
  encodeHelp,
  encodePlan,
  encodePlanMail,
  type Help,
  planHash
} from '../../core/recovery.ts'
import { type RecoveryHelpers, type SignedMessage, signTyped } from '../../core/typed-data.ts'
import {
  accountSlot,
  candidateSlot,
  decodeAccountWord,
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
import { isWired, type NamedAccount, namedAccount, wire } from './accounts.ts'
import { distinct } from './grant-source.ts'
import type {
  HelpArgs,
  HelpResult,
  PlanArgs,
  PlanResult,
  ProposeArgs,
  RecoveryArgs,
  RecoveryResult
} from './guardian-shapes.ts'
import { keepersOf, leaveMail } from './mail.ts'
import { personAt } from './person.ts'
import { sendMessage } from './relay.ts'
import { spanSeconds } from './until.ts'
import type { VerbOptions } from './verb.ts'
import { ownVoice } from './voice.ts'
import { keepersOfWard } from './wards.ts'
import { headWords } from './words.ts'

const DELAY_DEFAULT = '7d'

export async function planRecovery(
  node: Node,
  args: PlanArgs,
  { signal, progress }: VerbOptions
): Promise<PlanResult> {
  const { primitives: p, identity, clock } = node
  const { account } = identity
  const named = args.helpers.map((text) => namedAccount(text, 'helpers'))
  const none = named.length === 0
  const plan = none ? undefined : planOf(node, named, args.threshold)
  const delaySeconds = none ? 0 : spanSeconds(args.delay ?? DELAY_DEFAULT, 'delay')
  const fits =
    delaySeconds >= RECOVERY_DELAY_MIN_SECONDS && delaySeconds <= RECOVERY_DELAY_MAX_SECONDS
  if (!none && !fits) throw new InvalidParametersError('"delay" expected 1d to 90d')
  const keepers = keepersOf(node)
  if (plan != null) {
    progress({ step: 'delegate' })
    await wire(node, keepers, signal) // a recovery must reach the account's code
    await openBindings(node, keepers, signal)
  }
  progress({ step: 'plan' })
  const [word = 0n] = await headWords(node, [planSlot(account, p)], signal)
  const message = {
    account,
    planHash: plan == null ? hash(new Uint8Array(32)) : planHash(plan, p),
    delaySeconds,
    version: (decodePlanWord(word)?.version ?? 0) + 1
  }
  const sig = ownVoice(node).sign('RecoveryPlan', message)
  const sent = await sendMessage(node, { type: 'RecoveryPlan', message, sig }, keepers, signal)
  const { version } = message
  if (plan != null) {
    const at = Math.floor(clock.nowMs() / 1_000)
    const block = sent.block.number
    await node.ledger.record({ t: 'recoveryPlan', plan, delaySeconds, version, block, at })
  }
  progress({ step: 'tell' })
  const { told, untold } = await tellHelpers(node, plan, named, signal)
  return {
    account: toHex0x(account),
    helpers: (plan?.helpers ?? []).map(toHex0x),
    threshold: plan?.threshold ?? 0,
    delaySeconds,
    version,
    block: sent.block.number,
    gas: sent.gasUsed,
    plan: plan == null ? '' : toHex(encodePlan(plan)),
    told,
    untold
  }
}

/**
 * A recovery raises the binding epoch by one. Devices of an account that never had one are bound
 * under 1: it must be on chain before, or they would outlive the recovery.
 * @throws TransactionFailedError
 */
async function openBindings(
  node: Node,
  keepers: readonly PeerIdBytes[],
  signal: AbortSignal
): Promise<void> {
  const { account } = node.identity
  const [word = 0n] = await headWords(node, [accountSlot(account, node.primitives)], signal)
  if ((decodeAccountWord(word)?.bindingEpoch ?? 0) > 0) return
  const message = { account, bindingEpoch: 1 }
  const sig = ownVoice(node).sign('BindingEpoch', message)
  await sendMessage(node, { type: 'BindingEpoch', message, sig }, keepers, signal)
}

/** More than half of them, unless said. @throws InvalidParametersError */
function planOf(
  node: Node,
  named: readonly NamedAccount[],
  threshold = Math.floor(named.length / 2) + 1
): RecoveryHelpers {
  const helpers = named.map(({ account }) => account).sort(compareBytes)
  if (helpers.some((each) => equalBytes(each, node.identity.account))) {
    throw new InvalidParametersError('"helpers" expected other accounts than your own')
  }
  const plan = { salt: hash(node.random(32)), threshold, helpers }
  planHash(plan, node.primitives) // refuses what the contract would
  return plan
}

async function tellHelpers(
  node: Node,
  plan: RecoveryHelpers | undefined,
  named: readonly NamedAccount[],
  signal: AbortSignal
): Promise<{ readonly told: readonly string[]; readonly untold: readonly string[] }> {
  const told: string[] = []
  const untold: string[] = []
  for (const each of plan == null ? [] : named) {
    const text = toHex0x(each.account)
    try {
      const { card, at } = await personAt(node, each, signal)
      await leaveMail(node, card, encodePlanMail(plan as RecoveryHelpers, node.card()), at, signal)
      told.push(text)
    } catch {
      signal.throwIfAborted()
      untold.push(text) // she is given the plan as text
    }
  }
  return { told, untold }
}

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
