/**
 * Speaking for somebody else (docs/decisions/0024): a ward, whose guardian this account is, or an
 * old account that it succeeded. Whether it may is read from the chain before anything is signed;
 * what may be given on are the records that one holds capsules of.
 * @module
 */
import { equalBytes, toHex, toHex0x } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import type { Address, PeerIdBytes } from '../../core/ids.ts'
import { decodeManifest } from '../../core/manifest.ts'
import {
  decodeAddressWord,
  decodeGuardianshipWord,
  decodeOwnerWord,
  GuardianshipStatus,
  guardianshipSlot,
  ownerSlot,
  successorSlot
} from '../../core/words.ts'
import type { Node } from '../node.ts'
import { namedAccount } from './accounts.ts'
import { distinct, type GivableVersion, type GrantSource } from './grant-source.ts'
import type { RightName } from './guardian-shapes.ts'
import { keepersOf } from './mail.ts'
import { rightNames, rightsOf } from './rights.ts'
import { guardianVoice, type OwnVoice, ownVoice, successorVoice, type Voice } from './voice.ts'
import { headWords } from './words.ts'

/** Owners of records that this node holds grants for: wards are among them. */
export function wardsOf(node: Node): readonly Address[] {
  const owners = node.ledger.capsules().map(({ capsule }) => capsule.owner)
  return [...new Map(owners.map((owner) => [toHex(owner), owner])).values()].filter(
    (owner) => !equalBytes(owner, node.identity.account)
  )
}

/** Whoever keeps a ward's records, as her capsules name them. */
export const keepersOfWard = (node: Node, ward: Address): readonly PeerIdBytes[] =>
  distinct(
    versionsOfWard(node, ward).flatMap(({ manifest }) =>
      manifest.custody.shares.map(({ peer }) => peer)
    )
  )

/** All that one holds of a ward's records, the newest capsule of each version. */
export function versionsOfWard(node: Node, ward: Address): readonly GivableVersion[] {
  const { ledger, primitives: p } = node
  const held = ledger
    .capsules()
    .filter(({ capsule }) => equalBytes(capsule.owner, ward))
    .flatMap(({ capsule }) => capsule.records)
  const newest = new Map(held.map((each) => [`${toHex(each.recordId)} ${each.ver}`, each]))
  return [...newest.values()].map(({ recordId, ver, manifest, anchorSalt, so }) => ({
    recordId,
    ver,
    manifest: decodeManifest(manifest, p),
    anchorSalt,
    so,
    anchored: true
  }))
}

/** Records of a ward, in the voice of whoever speaks for her. @throws as voiceFor */
export async function wardSource(
  node: Node,
  text: string,
  rights: readonly RightName[],
  signal: AbortSignal
): Promise<GrantSource> {
  const { account: ward, keepers } = namedAccount(text, 'for')
  const voice = await voiceFor(node, ward, rights, signal)
  return {
    voice,
    versions: () => versionsOfWard(node, ward),
    tagOf: undefined, // her chart key stays hers
    relayers: (of) => {
      const shares = of.flatMap(({ manifest }) => manifest.custody.shares.map(({ peer }) => peer))
      return distinct([...shares, ...keepers, ...keepersOfWard(node, ward)])
    }
  }
}

/** Whose word a verb writes, and who is told of it. */
export interface Speaker {
  readonly voice: Voice
  readonly isOwn: boolean
  readonly keepers: readonly PeerIdBytes[]
}

/** Oneself, or for whom `text` names. @throws as voiceFor */
export async function speaker(
  node: Node,
  text: string | undefined,
  rights: readonly RightName[],
  signal: AbortSignal
): Promise<Speaker> {
  if (text == null) return { voice: ownVoice(node), isOwn: true, keepers: keepersOf(node) }
  const { account, keepers } = namedAccount(text, 'for')
  const voice = await voiceFor(node, account, rights, signal)
  return { voice, isOwn: false, keepers: distinct([...keepers, ...keepersOfWard(node, account)]) }
}

/** Of an account that this one succeeded. @throws InvalidParametersError if it did not */
export async function successorsVoice(
  node: Node,
  account: Address,
  signal: AbortSignal
): Promise<OwnVoice> {
  const [word = 0n] = await headWords(node, [successorSlot(account, node.primitives)], signal)
  const successor = decodeAddressWord(word)
  if (successor != null && equalBytes(successor, node.identity.account)) {
    return successorVoice(node, account)
  }
  throw new InvalidParametersError(
    `"for" expected an account that you succeeded, but ${toHex0x(account)} is none`
  )
}

/**
 * The voice that the ward's account takes now: its successor's, else a guardian's with these rights.
 * @throws InvalidParametersError naming what is missing: no guardianship, a right, or its end
 * @throws ChainUnavailableError
 */
export async function voiceFor(
  node: Node,
  ward: Address,
  rights: readonly RightName[],
  signal: AbortSignal
): Promise<Voice> {
  const { primitives: p, identity, clock } = node
  const own = identity.account
  const refs = [successorSlot(ward, p), guardianshipSlot(ward, own, p), ownerSlot(ward, p)]
  const [successor = 0n, word = 0n, owner = 0n] = await headWords(node, refs, signal)
  const succeeded = decodeAddressWord(successor)
  if (succeeded != null && equalBytes(succeeded, own)) return successorVoice(node, ward)
  const given = decodeGuardianshipWord(word)
  const refuse = (why: string): never => {
    throw new InvalidParametersError(`"for" expected a ward of yours, but ${toHex0x(ward)} ${why}`)
  }
  if (given?.status !== GuardianshipStatus.STANDING) return refuse('has not appointed you')
  if (given.epoch !== (decodeOwnerWord(owner)?.epoch || 1)) return refuse('has revoked everything')
  if (given.until * 1_000 <= clock.nowMs()) {
    return refuse(`is on its own since ${new Date(given.until * 1_000).toISOString()}`)
  }
  const needed = rightsOf(rights)
  if ((given.rights & needed) !== needed) {
    const missing = rightNames(needed & ~given.rights)
    return refuse(`gave you no right to ${missing.join(' and ')}`)
  }
  return guardianVoice(node, ward)
}
