/**
 * `grant` and `approve`: the patient's consent becomes one packed word on chain, signed by her and
 * paid for by a clinic; its opening and the manifests travel sealed to the grantee (hop 8 of 12).
 * @module
 */
import type { Card } from '../../core/binding.ts'
import { compareBytes, fromHex, toHex } from '../../core/bytes.ts'
import { encode } from '../../core/codec.ts'
import { capsuleInfo, kemKeyHash, type Sealed, seal } from '../../core/envelope.ts'
import { InvalidParametersError, RecordNotFoundError } from '../../core/errors.ts'
import {
  accountGrantee,
  GranteeKind,
  type GrantOpening,
  grantId,
  openingHash,
  scopeHash
} from '../../core/grant.ts'
import { type GrantId, type Hash, hash, type PeerIdBytes, recordId } from '../../core/ids.ts'
import { CAPSULE_RECORDS_MAX } from '../../core/limits.ts'
import { decodeManifest } from '../../core/manifest.ts'
import { bitOfConsentCode, purposeMask } from '../../core/purposes.ts'
import type { Grants } from '../../core/typed-data.ts'
import { signReply, type WishReply } from '../../core/wish.ts'
import { decodeOwnerWord, ownerSlot } from '../../core/words.ts'
import { peerFromText, peerText } from '../keys/peer-text.ts'
import type { EntryOf } from '../ledger/entries.ts'
import type { OwnVersion } from '../ledger/ledger.ts'
import type { Node } from '../node.ts'
import { cardOf } from './custodians.ts'
import { leaveMail } from './mail.ts'
import { tagMaker } from './marks.ts'
import { relayersOf } from './publish.ts'
import { sendMessage } from './relay.ts'
import type { GrantResult } from './results.ts'
import type { GrantArgs } from './shapes.ts'
import { untilSeconds } from './until.ts'
import type { VerbOptions } from './verb.ts'
import { versionRange } from './versions.ts'
import { ownVoice } from './voice.ts'
import { headWords } from './words.ts'

/** Pages set the beginning back, so that guard and head age do not delay the first use. */
const NOT_BEFORE_BACK_SECONDS = 300
const DEADLINE_SECONDS = 3_600

/** What the patient consents to, in her own terms. */
export interface Consent {
  readonly grantee: Card
  readonly records: readonly string[]
  readonly hl7: string
  readonly purposes: number
  readonly verFrom: number
  readonly verTo: number
  readonly notAfter: number
  readonly budget: number
  /** The wish that this answers, with where its author takes mail. */
  readonly wish: Hash | undefined
  readonly reply: readonly { readonly peer: PeerIdBytes; readonly addrs: readonly Uint8Array[] }[]
  readonly note: string
}

/** `grant`: to a peer that did not ask. */
export async function grant(
  node: Node,
  args: GrantArgs,
  options: VerbOptions
): Promise<GrantResult> {
  const bit = bitOfConsentCode(args.purpose)
  if (bit == null) {
    throw new InvalidParametersError(`"purpose" expected a known code, got ${args.purpose}`)
  }
  const peer = peerFromText(args.to)
  const grantee = await cardOf(node, peer, [], options.signal)
  return consent(
    node,
    {
      grantee,
      records: args.records,
      hl7: args.purpose,
      purposes: purposeMask(bit),
      ...versionRange(args.versions),
      notAfter: untilSeconds(args.until, node.clock.nowMs()),
      budget: args.budget ?? BUDGET_DEFAULT,
      wish: undefined,
      reply: [{ peer, addrs: grantee.addrs }],
      note: ''
    },
    options
  )
}

/** Distinct record versions that one custodian gives; re-reads are free. */
export const BUDGET_DEFAULT = 1_000

export async function consent(
  node: Node,
  given: Consent,
  { signal, progress }: VerbOptions
): Promise<GrantResult> {
  const { primitives: p, identity, ledger } = node
  const versions = versionsOf(node, given)
  const { opening, tags } = openingOf(node, given, versions)
  const hashed = openingHash(opening, p)
  const id = grantId(identity.account, hashed, p)
  const entry: EntryOf<'granted'> = {
    t: 'granted',
    grantId: id,
    opening,
    tags,
    except: [],
    records: versions.map(({ entry: { recordId, ver } }) => ({ recordId, ver })),
    version: 1,
    grantee: given.grantee.binding.peerId,
    account: given.grantee.binding.account,
    name: given.grantee.name,
    hl7: given.hl7,
    wish: given.wish,
    block: 0,
    gas: 0
  }
  await ledger.record(entry) // with the salt, before anybody can see the grant

  progress({ step: 'grant' })
  const sent = await sendGrant(node, opening, versions, signal)
  await ledger.record({ ...entry, block: sent.block.number, gas: sent.gasUsed })

  progress({ step: 'deliver' })
  const capsule = await capsuleFor(node, given.grantee, id, opening, tags, versions)
  const reply: WishReply = {
    v: 1,
    wish: given.wish ?? hash(node.random(32)),
    verdict: 'granted',
    reason: given.note,
    capsule,
    grantId: id,
    at: Math.floor(node.clock.nowMs() / 1_000)
  }
  const delivered = await deliver(node, reply, given, versions, signal)
  return {
    grant: toHex(id),
    to: peerText(given.grantee.binding.peerId),
    records: [...new Set(versions.map(({ entry }) => toHex(entry.recordId)))],
    purpose: given.hl7,
    until: given.notAfter,
    block: sent.block.number,
    gas: sent.gasUsed,
    delivered
  }
}

/** The own versions that are meant. @throws RecordNotFoundError, InvalidParametersError */
function versionsOf(node: Node, { records, verFrom, verTo }: Consent): readonly OwnVersion[] {
  const found = records.flatMap((id) => {
    const versions = node.ledger
      .versions(recordId(fromHex(id)))
      .filter(({ entry: { ver } }) => ver >= verFrom && ver <= verTo)
    if (versions.length === 0) throw new RecordNotFoundError(`no such version of own record ${id}`)
    return versions
  })
  if (found.length > CAPSULE_RECORDS_MAX) {
    throw new InvalidParametersError(
      `"records" expected at most ${CAPSULE_RECORDS_MAX} versions, got ${found.length}`
    )
  }
  return found
}

/** Names the records themselves, and of levels and labels only those that they have. */
function openingOf(
  node: Node,
  given: Consent,
  versions: readonly OwnVersion[]
): { readonly opening: GrantOpening; readonly tags: readonly Hash[] } {
  const { primitives: p, identity, clock, random } = node
  const anyMonth = tagMaker(identity.root, p)('month', '*')
  const named = versions.flatMap(({ entry }) => {
    const { tags } = decodeManifest(entry.manifest, p).custody
    return [entry.recordId, tags.level, ...tags.labels]
  })
  const unique = new Map([...named, anyMonth].map((tag) => [toHex(tag), hash(tag)]))
  const tags = [...unique.values()].sort(compareBytes)
  const opening: GrantOpening = {
    granteeKind: GranteeKind.ACCOUNT,
    grantee: accountGrantee(given.grantee.binding.account),
    scope: scopeHash(tags, [], p),
    verFrom: given.verFrom,
    verTo: given.verTo,
    purposes: given.purposes,
    notBefore: Math.floor(clock.nowMs() / 1_000) - NOT_BEFORE_BACK_SECONDS,
    notAfter: given.notAfter,
    budget: given.budget,
    window: 0,
    salt: hash(random(32))
  }
  return { opening, tags }
}

async function sendGrant(
  node: Node,
  opening: GrantOpening,
  versions: readonly OwnVersion[],
  signal: AbortSignal
) {
  const { primitives: p, clock } = node
  const voice = ownVoice(node)
  const since = node.ledger.revokedAll?.block
  const [word] = await headWords(node, [ownerSlot(voice.owner, p)], signal, since)
  const message: Grants = {
    owner: voice.owner,
    items: [{ opening, version: 1 }],
    epoch: decodeOwnerWord(word ?? 0n)?.epoch || 1, // an unopened owner counts as 1
    deadline: Math.floor(clock.nowMs() / 1_000) + DEADLINE_SECONDS
  }
  const sig = voice.sign('Grants', message)
  const relayers = versions.flatMap(relayersOf)
  return sendMessage(node, { type: 'Grants', message, sig }, unique(relayers), signal)
}

async function capsuleFor(
  node: Node,
  grantee: Card,
  id: GrantId,
  opening: GrantOpening,
  tags: readonly Hash[],
  versions: readonly OwnVersion[]
): Promise<Sealed> {
  const { primitives: p, identity, deployment, ledger } = node
  const manifests = versions.map(({ entry }) => decodeManifest(entry.manifest, p))
  const custodians = unique(
    manifests.flatMap(({ custody }) => custody.shares.map((share) => share.peer))
  )
  const capsule = encode({
    v: 1,
    owner: identity.account,
    opening,
    tags,
    except: [],
    tree: undefined,
    records: versions.map(({ entry }) => ({
      recordId: entry.recordId,
      ver: entry.ver,
      manifest: entry.manifest,
      anchorSalt: entry.anchorSalt,
      so: entry.ownerSecret
    })),
    addrs: custodians.map((peer) => ({ peer, addrs: ledger.card(peer)?.addrs ?? [] }))
  })
  const info = capsuleInfo({
    deployment,
    owner: identity.account,
    grantId: id,
    kemKeyHash: kemKeyHash(grantee.kem, p)
  })
  return seal('capsule', info, grantee.kem, capsule, new Uint8Array(0), p)
}

/** At the requester's own box, else at the custodians, where it looks too. */
async function deliver(
  node: Node,
  reply: WishReply,
  given: Consent,
  versions: readonly OwnVersion[],
  signal: AbortSignal
): Promise<boolean> {
  const plain = signReply(reply, node.card(), node.identity.peerSeed, node.primitives)
  const fallback = unique(versions.flatMap(relayersOf)).map((peer) => ({ peer, addrs: [] }))
  try {
    await leaveMail(node, given.grantee, plain, [...given.reply, ...fallback], signal)
    return true
  } catch (err) {
    signal.throwIfAborted()
    if ((err as Error).name !== 'PeerUnavailableError') throw err
    return false
  }
}

const unique = (peers: readonly PeerIdBytes[]): readonly PeerIdBytes[] => [
  ...new Map(peers.map((peer) => [toHex(peer), peer])).values()
]
