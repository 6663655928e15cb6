/**
 * `recovery plan`: whom the owner trusts to name a successor, should her key be lost
 * (docs/decisions/0022, 0024). Its hash goes to the chain, the plan itself to the helpers.
 * @module
 */
import { compareBytes, equalBytes, toHex, toHex0x } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import { hash, type PeerIdBytes } from '../../core/ids.ts'
import { RECOVERY_DELAY_MAX_SECONDS, RECOVERY_DELAY_MIN_SECONDS } from '../../core/limits.ts'
import { encodePlan, encodePlanMail, planHash } from '../../core/recovery.ts'
import type { RecoveryHelpers } from '../../core/typed-data.ts'
import { accountSlot, decodeAccountWord, decodePlanWord, planSlot } from '../../core/words.ts'
import type { Node } from '../node.ts'
import { type NamedAccount, namedAccount, wire } from './accounts.ts'
import type { PlanArgs, PlanResult } from './guardian-shapes.ts'
import { keepersOf, leaveMail } from './mail.ts'
import { personAt } from './person.ts'
import { sendMessage } from './relay.ts'
import { spanSeconds } from './until.ts'
import type { VerbOptions } from './verb.ts'
import { ownVoice } from './voice.ts'
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
