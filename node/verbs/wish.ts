/**
 * `wish`: may clinicians break the glass? Yes, in an emergency only, or never; who never chose is
 * served as one who said never. It goes straight to all custodians and through one of them to the
 * chain, as a revocation does: a "never" counts from the moment that a custodian has it.
 * @module
 */
import { InvalidParametersError } from '../../core/errors.ts'
import {
  decodeOwnerWord,
  decodeWishWord,
  EmergencyWish,
  ownerSlot,
  wishSlot
} from '../../core/words.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import { namedAccount } from './accounts.ts'
import type { WishArgs, WishResult, WishText } from './emergency-shapes.ts'
import { keepersOf } from './mail.ts'
import { tellAll } from './tell.ts'
import type { VerbOptions } from './verb.ts'
import { ownVoice } from './voice.ts'
import { type Speaker, speaker } from './wards.ts'
import { headWords } from './words.ts'

const NUMBERS: Readonly<Record<WishText, number>> = {
  yes: EmergencyWish.YES,
  emergency: EmergencyWish.ONLY_IN_EMERGENCY,
  never: EmergencyWish.NEVER
}

export const wishText = (wish: number): WishText | 'none' =>
  (Object.keys(NUMBERS) as WishText[]).find((text) => NUMBERS[text] === wish) ?? 'none'

/** As this node brought it to the chain. */
export const knownWish = ({ ledger }: Node): WishText | 'none' =>
  wishText(ledger.glasses.wished?.wish ?? 0)

/**
 * The wish that was set for the first record, once a custodian knows this person and pays for her.
 * It may fail: upkeep and the next record try again.
 */
export async function writeFirstWish(node: Node, options: VerbOptions): Promise<boolean> {
  const { choice, ledger, deployment } = node
  const chosen = choice.wish == null || ledger.glasses.wished != null
  const known = ledger.records().some((versions) => versions.some(({ anchored }) => anchored))
  if (choice.wish == null || chosen || !known || deployment.emergency == null) return true
  try {
    await wish(node, { wish: choice.wish }, options)
    return true
  } catch {
    options.signal.throwIfAborted()
    return false
  }
}

export async function wish(
  node: Node,
  args: WishArgs,
  { signal, progress }: VerbOptions
): Promise<WishResult> {
  const { primitives: p, deployment } = node
  if (deployment.emergency == null) {
    throw new InvalidParametersError('"deployment" expected a contract for emergencies, got none')
  }
  // whoever only looks needs no right
  const named = args.for == null ? undefined : namedAccount(args.for, 'for').account
  const owner = named ?? node.identity.account
  const wished = named == null ? node.ledger.glasses.wished : undefined
  const refs = [wishSlot(owner, p), ownerSlot(owner, p)]
  const [wishWord = 0n, ownerWord = 0n] = await headWords(node, refs, signal, wished?.block)
  const stored = decodeWishWord(wishWord)
  if (args.wish == null) {
    return { wish: wishText(stored?.wish ?? 0), version: stored?.version ?? 0 }
  }
  const chosen = NUMBERS[args.wish]
  const by = await speaker(node, args.for, ['wish'], signal)
  const version = Math.max(stored?.version ?? 0, wished?.version ?? 0) + 1
  progress({ step: 'notice' })
  const { noticed, sent } = await writeWish(node, by, { wish: chosen, version }, signal)
  // no glass is broken for an owner whom no block knows (check 39): opting out of nothing opens her
  if (chosen !== EmergencyWish.NEVER && decodeOwnerWord(ownerWord)?.epoch === 0 && by.isOwn) {
    progress({ step: 'open account' })
    await openOwner(node, signal)
  }
  return {
    wish: args.wish,
    version,
    noticed: noticed.map(peerText),
    block: sent.block.number,
    gas: sent.gasUsed
  }
}

async function writeWish(
  node: Node,
  { voice, keepers, isOwn }: Speaker,
  { wish, version }: { readonly wish: number; readonly version: number },
  signal: AbortSignal
): ReturnType<typeof tellAll> {
  const { owner, sign } = voice
  const message = { owner, wish, version }
  const sig = sign('Wish', message)
  const told = await tellAll(node, { type: 'Wish', message, sig }, keepers, signal)
  const at = Math.floor(node.clock.nowMs() / 1_000)
  const { number: block } = told.sent.block
  if (isOwn) await node.ledger.record({ t: 'wished', wish, version, block, at })
  return told
}

function openOwner(node: Node, signal: AbortSignal): ReturnType<typeof tellAll> {
  const { owner, sign } = ownVoice(node)
  const message = { owner, purposes: 0, version: 1 }
  const signed = { type: 'OptOut', message, sig: sign('OptOut', message) } as const
  return tellAll(node, signed, keepersOf(node), signal)
}
