/**
 * `record get`: a record back in the clear (hops 9 and 11 of 12). All custodians are asked at once,
 * t good shares open it, wrong ones are named; the blocks come from the replicas that the manifest
 * names, or from whom the DHT names. An owner opens her own with the secret in her ledger.
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { equalBytes, fromHex, toHex, wipe, wordBytes } from '../../core/bytes.ts'
import { decodeHeader, unlock, wipeKeys } from '../../core/container.ts'
import {
  AccessDeniedError,
  ContentNotFoundError,
  InvalidMessageError,
  InvalidParametersError,
  RecordNotFoundError
} from '../../core/errors.ts'
import { recordKey, recordTag } from '../../core/grant.ts'
import { kemPublicKey, kemSeed, peerIdBytes, recordId } from '../../core/ids.ts'
import { anchor, type Capsule, decodeManifest, type Manifest } from '../../core/manifest.ts'
import { bitOfHl7, hasPurpose, purposeCodes } from '../../core/purposes.ts'
import { anchorSlot } from '../../core/words.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import type { Provider } from '../storage/block-session.ts'
import { addrsOf, ask, type Read } from './ask.ts'
import { type Collected, collectShares } from './collect-shares.ts'
import { noteOpened } from './opened.ts'
import { ownKeys, ownRecord } from './own.ts'
import type { RecordGetResult } from './results.ts'
import type { RecordGetArgs } from './shapes.ts'
import type { VerbOptions } from './verb.ts'
import { currentHeads, headWords } from './words.ts'
import { type ReadPayload, type Written, writeRecord } from './write-record.ts'

/** Custodians that have not answered when the record is written are waited for this long. */
const STRAGGLERS_MS = 1_000
/** Refused under the newest grant: so many before it; each costs every custodian a denial. */
const OLDER_GRANTS_TRIED = 3

export async function retrieve(
  node: Node,
  args: RecordGetArgs,
  options: VerbOptions
): Promise<RecordGetResult> {
  const id = recordId(fromHex(args.recordId, 'recordId'))
  return node.ledger.versions(id).length > 0
    ? retrieveOwn(node, args, options)
    : retrieveGranted(node, args, options)
}

async function retrieveOwn(
  node: Node,
  args: RecordGetArgs,
  options: VerbOptions
): Promise<RecordGetResult> {
  const own = ownRecord(node, args.recordId, args.ver)
  const { content, custody } = own.manifest
  const cid = CID.decode(content.cid)
  const keys = ownKeys(node, own)
  try {
    const here = await node.vault.has(cid, { signal: options.signal })
    const providers = here ? [] : await reachable(node, custody.replicas, options.signal)
    const written = await writeRecord(
      node,
      content,
      keys,
      readerOf(node, cid, providers, options.signal),
      args,
      options
    )
    return resultOf(own.manifest, written, undefined)
  } finally {
    wipeKeys(keys)
  }
}

/** Under the newest grant; where that is refused, as while no confirmed block holds it, older ones. */
async function retrieveGranted(
  node: Node,
  args: RecordGetArgs,
  options: VerbOptions
): Promise<RecordGetResult> {
  const [newest, ...older] = heldFor(node, args)
  try {
    return await retrieveUnder(node, newest, args, options)
  } catch (err) {
    if (!isDenied(err)) throw err
    for (const held of older) {
      try {
        return await retrieveUnder(node, held, args, options)
      } catch (later) {
        if (!isDenied(later)) throw later
      }
    }
    throw err
  }
}

const isDenied = (err: unknown): boolean =>
  err instanceof Error && err.name === AccessDeniedError.name

export async function retrieveUnder(
  node: Node,
  { capsule, manifest, hl7, ownerSecret, anchorSalt, emergency, sub }: Held,
  args: RecordGetArgs,
  options: VerbOptions
): Promise<RecordGetResult> {
  const { primitives: p } = node
  const { signal } = options
  const seed = kemSeed(node.random(32))
  try {
    const { conf } = await currentHeads(node, signal)
    const read: Read = {
      capsule,
      manifest,
      hl7,
      purpose: bitOfHl7(hl7) ?? 0,
      conf,
      kem: { seed, publicKey: kemPublicKey(await p.kemPublicKey(seed)) },
      emergency,
      sub
    }
    const collected = await collectShares(node, read, options)
    const { hdr, kcom, cid } = manifest.content
    await assertAnchored(node, manifest, anchorSalt, signal)
    const keys = unlock(decodeHeader(hdr), kcom, collected.secret, ownerSecret, p)
    try {
      const root = CID.decode(cid)
      const blame: Blame = (peer, reason) => collected.blamed.push({ peer, reason })
      const via = args.via ?? 'manifest'
      const providers = await authorisedProviders(node, read, root, via, blame, options)
      const payload = readerOf(node, root, providers, signal, blame)
      const written = await writeRecord(node, manifest.content, keys, payload, args, options)
      if (args.from == null && args.to == null) await noteOpened(node, capsule, manifest)
      await Promise.race([collected.settled, delay(STRAGGLERS_MS, undefined, { ref: false })])
      return resultOf(manifest, written, collected)
    } finally {
      wipe(collected.secret)
      wipeKeys(keys)
    }
  } finally {
    wipe(seed)
  }
}

/**
 * The content is the one that its owner registered, for whomever else she gave it to.
 * @throws InvalidMessageError, ChainUnavailableError
 */
async function assertAnchored(
  node: Node,
  { content, contentHash }: Manifest,
  anchorSalt: Parameters<typeof anchor>[0],
  signal: AbortSignal
): Promise<void> {
  const { primitives: p } = node
  const key = recordKey(content.owner, recordTag(content.recordId, content.ver, p), p)
  const [word = 0n] = await headWords(node, [anchorSlot(key, p)], signal)
  if (!equalBytes(wordBytes(word), anchor(anchorSalt, contentHash, p))) {
    throw new InvalidMessageError('"manifest" expected the content that its owner registered')
  }
}

/** A grant that we hold, or a broken glass, with what it opens of one record. */
export interface Held {
  readonly capsule: Capsule
  readonly manifest: Manifest
  readonly hl7: string
  readonly ownerSecret: Capsule['records'][number]['so']
  readonly anchorSalt: Parameters<typeof anchor>[0]
  readonly emergency?: Read['emergency']
  /** Under a colleague's grant: what she signed. */
  readonly sub?: Read['sub']
}

/** What was passed on by colleagues, then own grants, the newest last; nothing handed back. */
function capsulesOf({ ledger }: Node): readonly Pick<Held, 'capsule' | 'hl7' | 'sub'>[] {
  const { passings } = ledger
  return [
    ...passings
      .received()
      .filter((sub) => !passings.isEnded(sub))
      .map(({ capsule, sub }) => ({ capsule, hl7: '', sub })),
    ...ledger
      .capsules()
      .filter(({ grantId }) => passings.own(grantId) == null)
      .map(({ capsule, hl7 }) => ({ capsule, hl7 }))
  ]
}

/** @throws InvalidParametersError for a code that stands for no purpose */
function permits({ capsule, sub }: Pick<Held, 'capsule' | 'sub'>, purpose: string): boolean {
  const bit = bitOfHl7(purpose)
  if (bit != null) return hasPurpose((sub?.grant ?? capsule.opening).purposes, bit)
  throw new InvalidParametersError(`"purpose" expected a known code, got ${purpose}`)
}

/** Grants for this version, or for the newest that any grant holds: newest first, few of them. */
function heldFor(
  node: Node,
  { recordId: id, ver, purpose }: RecordGetArgs
): readonly [Held, ...Held[]] {
  const wanted = toHex(fromHex(id, 'recordId'))
  const held = capsulesOf(node)
    .filter((each) => purpose == null || permits(each, purpose))
    .flatMap((each) => each.capsule.records.map((record) => ({ ...each, record })))
    .filter(({ record }) => toHex(record.recordId) === wanted && (ver ?? record.ver) === record.ver)
  const newest = Math.max(...held.map(({ record }) => record.ver))
  const [first, ...rest] = held.filter(({ record }) => record.ver === newest).reverse()
  if (first == null) {
    const version = ver == null ? '' : ` version ${ver}`
    const asked = purpose == null ? '' : ` and ${purpose}`
    throw new RecordNotFoundError(`no own record and no grant for ${id}${version}${asked}`)
  }
  const nowSeconds = Math.floor(node.clock.nowMs() / 1_000)
  const open = rest.filter(
    ({ capsule, sub }) => (sub?.grant ?? capsule.opening).notAfter > nowSeconds
  )
  const asHeld = ({ capsule, hl7, sub, record }: typeof first): Held => {
    const { so: ownerSecret, anchorSalt } = record
    const manifest = decodeManifest(record.manifest, node.primitives)
    // a grant that came unasked names purposes, not a code: any of them serves
    const [code] = purposeCodes((sub?.grant ?? capsule.opening).purposes)
    return { capsule, manifest, hl7: purpose ?? (hl7 || code || ''), ownerSecret, anchorSalt, sub }
  }
  return [asHeld(first), ...open.slice(0, OLDER_GRANTS_TRIED).map(asHeld)]
}

/** Replicas (or whom the DHT names) at which the grant was proven for blocks, too. */
async function authorisedProviders(
  node: Node,
  read: Read,
  root: CID,
  via: NonNullable<RecordGetArgs['via']>,
  blame: Blame,
  { signal, progress }: VerbOptions
): Promise<readonly Provider[]> {
  progress({ step: 'locate', detail: via })
  const named = read.manifest.custody.replicas.map(({ peer }) => peer)
  const found = via === 'manifest' ? named : await node.reach.providers(root, { signal })
  const peers = found.length > 0 ? found : await node.reach.providers(root, { signal })
  const asked = await Promise.all(
    peers.map(async (peer) => {
      const addrs = addrsOf(read.capsule, read.manifest, peer)
      return { peer, asked: await ask(node, read, 'blocks', peer, addrs, signal) }
    })
  )
  for (const { peer, asked: answer } of asked) {
    if (answer.kind === 'blamed') blame(peer, answer.reason)
  }
  const willing = asked.filter((each) => each.asked.kind === 'released').map(({ peer }) => peer)
  if (willing.length === 0) {
    throw new ContentNotFoundError(`none of ${peers.length} peers may or can give ${root}`)
  }
  return reachable(
    node,
    willing.map((peer) => ({ peer, addrs: addrsOf(read.capsule, read.manifest, peer) })),
    signal
  )
}

async function reachable(
  node: Node,
  peers: Parameters<typeof addrsOf>[1]['custody']['replicas'],
  signal: AbortSignal
): Promise<readonly Provider[]> {
  const found = await Promise.all(
    peers.map(({ peer, addrs }) =>
      node.reach.peer(peer, addrs, { signal }).then(
        (id): Provider => ({ peer: id, addrs: [] }),
        () => undefined
      )
    )
  )
  signal.throwIfAborted()
  return found.filter((provider) => provider != null)
}

type Blame = (peer: Collected['blamed'][number]['peer'], reason: string) => void

const readerOf =
  (
    node: Node,
    cid: CID,
    providers: readonly Provider[],
    signal: AbortSignal,
    blame?: Blame
  ): ReadPayload =>
  (offset, length) =>
    node.vault.get(cid, {
      offset,
      ...(length == null ? {} : { length }),
      providers,
      signal,
      freePieces: true, // opened before the next is asked for
      onFailure: ({ peer, error }) => {
        if (error.name !== 'InvalidMessageError') return
        blame?.(peerIdBytes(peer.toMultihash().bytes), 'gave a block that does not match its CID')
      }
    })

function resultOf(
  { content }: Manifest,
  written: Written,
  collected: Collected | undefined
): RecordGetResult {
  return {
    recordId: toHex(content.recordId),
    ver: content.ver,
    bytes: written.bytes,
    sha256: written.sha256,
    path: written.path,
    released: (collected?.released ?? []).map(({ peer, receipt }) => ({
      custodian: peerText(peer),
      blockNumber: receipt.head.n,
      blockHash: toHex(receipt.head.h)
    })),
    blamed: (collected?.blamed ?? []).map(({ peer, reason }) => ({
      custodian: peerText(peer),
      reason
    }))
  }
}
