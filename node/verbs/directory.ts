/**
 * `directory show` and `directory voters`: who is who, proven at the head by this node itself; and
 * what the other verbs of the Directory read.
 * @module
 */
import { fromHex, toHex0x } from '../../core/bytes.ts'
import {
  consentSlot,
  decodeConsentWord,
  decodeVoterSet,
  removedSlot,
  type VoterSet,
  voterSetSlot
} from '../../core/directory-words.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import { type Address, address } from '../../core/ids.ts'
import { ORGANISATIONS_TRIED } from '../../core/limits.ts'
import { roleNames } from '../../core/roles.ts'
import {
  AccountStatus,
  type AccountWord,
  accountSlot,
  decodeAccountWord,
  decodeOrganisationWord,
  OrganisationStatus,
  organisationSlot
} from '../../core/words.ts'
import { peerFromText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import type {
  AccountResult,
  DirectoryShowArgs,
  DirectoryShowResult,
  DirectoryVotersArgs,
  DirectoryVotersResult,
  OrganisationResult,
  OrgStatus
} from './directory-shapes.ts'
import type { VerbOptions } from './verb.ts'
import { headWords } from './words.ts'

/** `directory show`: an account with its organisation, or an organisation; one's own by default. */
export async function showDirectory(
  node: Node,
  { who }: DirectoryShowArgs,
  { signal }: VerbOptions
): Promise<DirectoryShowResult> {
  if (typeof who === 'number') {
    const [organisation] = await organisations(node, [who], signal)
    return organisation == null ? {} : { organisation }
  }
  const account = who == null ? node.identity.account : accountOf(node, who)
  const p = node.primitives
  const refs = [accountSlot(account, p), consentSlot(account, p)]
  const [word = 0n, consent = 0n] = await headWords(node, refs, signal)
  const entry = accountResult(account, word)
  const [organisation] = entry.org === 0 ? [] : await organisations(node, [entry.org], signal)
  const given = decodeConsentWord(consent)
  return {
    account: entry,
    ...(organisation == null ? {} : { organisation }),
    ...(given.org === 0 ? {} : { consent: { org: given.org, roles: roleNames(given.roles) } })
  }
}

/** `directory voters` */
export async function showVoters(
  node: Node,
  { orgs = [] }: DirectoryVotersArgs,
  { signal }: VerbOptions
): Promise<DirectoryVotersResult> {
  const first = Array.from({ length: ORGANISATIONS_TRIED }, (_, i) => i + 1)
  const [set, all] = await Promise.all([
    voterSet(node, signal),
    organisations(node, [...new Set([...first, ...orgs])], signal)
  ])
  const { number, voters, quorum } = set
  return {
    voterSet: number,
    voters,
    quorum,
    organisations: all.filter(({ status }) => status !== 'none')
  }
}

export async function voterSet(node: Node, signal: AbortSignal, since = 0): Promise<VoterSet> {
  const [word = 0n] = await headWords(node, [voterSetSlot], signal, since)
  return decodeVoterSet(word)
}

/** An account's word at the head, decoded. */
export async function accountWord(
  node: Node,
  account: Address,
  signal: AbortSignal,
  since = 0
): Promise<AccountWord> {
  const [word = 0n] = await headWords(node, [accountSlot(account, node.primitives)], signal, since)
  return decoded(word)
}

async function organisations(
  node: Node,
  orgs: readonly number[],
  signal: AbortSignal
): Promise<readonly OrganisationResult[]> {
  const out: OrganisationResult[] = []
  for (let at = 0; at < orgs.length; at += ORGANISATIONS_TRIED) {
    const some = orgs.slice(at, at + ORGANISATIONS_TRIED)
    const refs = some.flatMap((org) => [
      organisationSlot(org, node.primitives),
      removedSlot(org, node.primitives)
    ])
    const words = await headWords(node, refs, signal)
    out.push(
      ...some.map((org, i) => ({
        org,
        status: orgStatus(words[2 * i] ?? 0n, words[2 * i + 1] ?? 0n)
      }))
    )
  }
  return out
}

function orgStatus(word: bigint, removed: bigint): OrgStatus {
  if (removed !== 0n) return 'removed'
  const status = decodeOrganisationWord(word)?.status
  if (status === OrganisationStatus.ACTIVE) return 'active'
  return status === OrganisationStatus.SUSPENDED ? 'suspended' : 'none'
}

export function accountResult(account: Address, word: bigint): AccountResult {
  const { status, bindingEpoch, org, roles } = decoded(word)
  const name = status === AccountStatus.OPEN ? 'open' : status === 0 ? 'none' : 'suspended'
  return { account: toHex0x(account), status: name, bindingEpoch, org, roles: roleNames(roles) }
}

function decoded(word: bigint): AccountWord {
  const entry = decodeAccountWord(word)
  if (entry == null) throw new InvalidParametersError('"account" expected a word that we can read')
  return entry
}

/** An account as people name it: by its 40 digits, or by a peer that this node has met. */
export function accountOf(node: Node, text: string): Address {
  if (!text.startsWith('12D3KooW')) return address(fromHex(text, 'account'))
  const card = node.ledger.card(peerFromText(text))
  if (card == null) throw new RecordNotFoundError(`no card of ${text} was seen: name its account`)
  return card.binding.account
}
