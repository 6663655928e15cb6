/**
 * An organisation's admin: takes accounts in that consented, takes roles away, dismisses, suspends
 * and reinstates. Who is no admin hears so from the contract.
 * @module
 */
import { equalBytes, toHex } from '../../core/bytes.ts'
import { consentSlot, decodeConsentWord } from '../../core/directory-words.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import type { Address } from '../../core/ids.ts'
import type { Consent } from '../../core/membership.ts'
import { roleNames, rolesOf } from '../../core/roles.ts'
import { accountSlot } from '../../core/words.ts'
import type { ContractCall } from '../chain/contract-calls.ts'
import type { Node } from '../node.ts'
import { sendAct } from './act.ts'
import { accountOf, accountResult, accountWord } from './directory.ts'
import { isConsentText, readConsentText } from './directory-join.ts'
import type {
  DirectoryAccountArgs,
  DirectoryActResult,
  DirectoryConsentsResult,
  DirectoryEnrolArgs,
  DirectoryRestrictArgs
} from './directory-shapes.ts'
import { collectMail } from './mail.ts'
import type { VerbOptions } from './verb.ts'
import { headWords } from './words.ts'

/** `directory consents`: what came by mail, and whether it is still of use. */
export async function listConsents(
  node: Node,
  { signal }: VerbOptions
): Promise<DirectoryConsentsResult> {
  await collectMail(node, signal)
  const all = node.ledger.consents()
  const accounts = all.map(({ consent }) => consent.message.account)
  const versions = await consentVersions(node, accounts, signal)
  const now = Math.floor(node.clock.nowMs() / 1_000)
  return {
    consents: all.map(({ consent, name }, i) => {
      const { account, organisation, roles, version, deadline } = consent.message
      const isNext = version === (versions[i] ?? 0) + 1
      return {
        account: toHex(account),
        name,
        org: organisation,
        roles: roleNames(roles),
        until: deadline,
        state: !isNext ? 'used' : now > deadline ? 'expired' : 'waiting'
      }
    })
  }
}

/**
 * `directory enrol`: by the text of a consent, by one that came by mail, or by one on the chain.
 * @throws InvalidParametersError if there is none for this organisation and these roles
 */
export async function enrolAccount(
  node: Node,
  args: DirectoryEnrolArgs,
  { signal, progress }: VerbOptions
): Promise<DirectoryActResult> {
  const { org } = await accountWord(node, node.identity.account, signal)
  const given = isConsentText(args.who) ? readConsentText(node, args.who) : undefined
  const account = given?.message.account ?? accountOf(node, args.who)
  const consent = given ?? (await mailed(node, account, org, signal))
  const wanted = args.roles == null ? undefined : rolesOf(args.roles)
  progress({ step: 'enrol' })
  if (consent != null) {
    const { organisation, roles } = consent.message
    assertFits({ org: organisation, roles }, org, wanted)
    const call = { type: 'EnrolBySig', consent: consent.message, consentSig: consent.sig } as const
    return act(node, call, account, signal)
  }
  const [word = 0n] = await headWords(node, [consentSlot(account, node.primitives)], signal)
  const onChain = decodeConsentWord(word)
  assertFits(onChain, org, wanted)
  return act(node, { type: 'Enrol', account, roles: onChain.roles }, account, signal)
}

/** `directory restrict`: these roles are what is left. */
export async function restrictAccount(
  node: Node,
  args: DirectoryRestrictArgs,
  { signal }: VerbOptions
): Promise<DirectoryActResult> {
  const account = accountOf(node, args.account)
  const call = { type: 'Restrict', account, roles: rolesOf(args.roles) } as const
  return act(node, call, account, signal)
}

/** `directory dismiss`, `directory suspend`, `directory reinstate` */
export const onAccount =
  (type: 'Dismiss' | 'Suspend' | 'Reinstate') =>
  async (
    node: Node,
    args: DirectoryAccountArgs,
    { signal }: VerbOptions
  ): Promise<DirectoryActResult> => {
    const account = accountOf(node, args.account)
    return act(node, { type, account }, account, signal)
  }

async function act(
  node: Node,
  call: ContractCall,
  account: Address,
  signal: AbortSignal
): Promise<DirectoryActResult> {
  const { block, gasUsed } = await sendAct(node, call, signal)
  const refs = [accountSlot(account, node.primitives)]
  const [word = 0n] = await headWords(node, refs, signal, block.number)
  return { ...accountResult(account, word), block: block.number, gas: gasUsed }
}

function assertFits(
  consent: { readonly org: number; readonly roles: number },
  org: number,
  wanted: number | undefined
): void {
  if (consent.org === 0 || consent.org !== org) {
    const got = consent.org === 0 ? 'none' : `one for organisation ${consent.org}`
    throw new InvalidParametersError(
      `"who" expected an account that consented to join organisation ${org}, got ${got}`
    )
  }
  if (wanted != null && wanted !== consent.roles) {
    throw new InvalidParametersError(
      `"roles" expected what the account consented to: ${roleNames(consent.roles).join(', ')}`
    )
  }
}

/** The newest consent that came by mail, if the chain has not taken it or a later one. */
async function mailed(
  node: Node,
  account: Address,
  org: number,
  signal: AbortSignal
): Promise<Consent | undefined> {
  await collectMail(node, signal)
  const [version = 0] = await consentVersions(node, [account], signal)
  const now = Math.floor(node.clock.nowMs() / 1_000)
  return node.ledger
    .consents()
    .map(({ consent }) => consent)
    .findLast(
      ({ message }) =>
        equalBytes(message.account, account) &&
        message.organisation === org &&
        message.version === version + 1 &&
        message.deadline >= now
    )
}

async function consentVersions(
  node: Node,
  accounts: readonly Address[],
  signal: AbortSignal
): Promise<readonly number[]> {
  if (accounts.length === 0) return []
  const refs = accounts.map((account) => consentSlot(account, node.primitives))
  return (await headWords(node, refs, signal)).map((word) => decodeConsentWord(word).version)
}
