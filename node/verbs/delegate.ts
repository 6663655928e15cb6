/**
 * `delegate`: a clinician lets a colleague read, for a while and less than she may herself, under a
 * grant whose owner allowed that. She signs a sub-grant and sends it with what opens the records;
 * nothing of it goes to the chain, and the owner sees it in her receipts (decision 0026).
 * @module
 */
import { equalBytes, toHex } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import { openingHash } from '../../core/grant.ts'
import { hash } from '../../core/ids.ts'
import type { Capsule } from '../../core/manifest.ts'
import { writePassOn } from '../../core/passing.ts'
import { purposeCodes } from '../../core/purposes.ts'
import { makeSub, type ShownSub, subGrantHash } from '../../core/subgrant.ts'
import { peerFromText, peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import { assertColleagues, standingVersion } from './colleagues.ts'
import { cardOf } from './custodians.ts'
import {
  type CapsuleRecord,
  heldGrant,
  manifestOf,
  recordsOf,
  tagsOf,
  termsOf
} from './delegation-terms.ts'
import { distinct } from './grant-source.ts'
import { leaveMail } from './mail.ts'
import type { DelegateArgs, DelegateResult } from './passing-shapes.ts'
import type { VerbOptions } from './verb.ts'

export async function delegate(
  node: Node,
  args: DelegateArgs,
  { signal, progress }: VerbOptions
): Promise<DelegateResult> {
  const { primitives: p, identity, deployment, ledger } = node
  const held = heldGrant(node, args.grant)
  const { capsule } = held
  const { opening } = capsule
  const terms = termsOf(node, args, opening)
  const records = recordsOf(capsule, args, terms)
  const tags = tagsOf(node, capsule, records)
  const peer = peerFromText(args.to)
  if (equalBytes(peer, identity.peer)) {
    throw new InvalidParametersError('"to" expected a colleague, got this node')
  }
  progress({ step: 'check' })
  const card = await cardOf(node, peer, [], signal)
  const { account } = card.binding
  await assertColleagues(node, account, signal)
  const sub = makeSub(
    {
      owner: capsule.owner,
      openingHash: openingHash(opening, p),
      version: await standingVersion(node, held, signal),
      delegate: account,
      ...terms,
      salt: hash(node.random(32)),
      tags,
      except: [],
      delegator: identity.account
    },
    deployment,
    identity.accountKey,
    p
  )
  const subGrant = subGrantHash(sub.grant, p)
  await ledger.record({
    t: 'passedOn',
    grantId: held.grantId,
    subGrant,
    sub,
    peer,
    name: card.name,
    records: records.map(({ recordId, ver }) => ({ recordId, ver })),
    at: Math.floor(node.clock.nowMs() / 1_000)
  })
  progress({ step: 'deliver' })
  return {
    delegation: toHex(subGrant),
    grant: toHex(held.grantId),
    to: peerText(peer),
    name: card.name,
    records: [...new Set(records.map(({ recordId }) => toHex(recordId)))],
    purpose: purposeCodes(terms.purposes).join(','),
    until: terms.notAfter,
    budget: terms.budget,
    delivered: await deliver(node, { capsule, sub, records }, card, signal)
  }
}

/** At the colleague's own box, else at the records' custodians. False: nobody took it. */
async function deliver(
  node: Node,
  {
    capsule,
    sub,
    records
  }: {
    readonly capsule: Capsule
    readonly sub: ShownSub
    readonly records: readonly CapsuleRecord[]
  },
  card: Awaited<ReturnType<typeof cardOf>>,
  signal: AbortSignal
): Promise<boolean> {
  const custodians = distinct(
    records.flatMap(({ manifest }) =>
      manifestOf(node, manifest).custody.shares.map(({ peer }) => peer)
    )
  )
  const known = new Set([...custodians, ...replicasOf(node, records)].map(toHex))
  const addrs = capsule.addrs.filter(({ peer }) => known.has(toHex(peer)))
  const letter = writePassOn({ capsule: { ...capsule, records, addrs }, sub }, node.card())
  const at = [
    { peer: card.binding.peerId, addrs: card.addrs },
    ...custodians.map((peer) => ({ peer, addrs: [] }))
  ]
  try {
    await leaveMail(node, card, letter, at, signal)
    return true
  } catch (err) {
    signal.throwIfAborted()
    if ((err as Error).name !== 'PeerUnavailableError') throw err
    return false
  }
}

const replicasOf = (node: Node, records: readonly CapsuleRecord[]) =>
  records.flatMap(({ manifest }) =>
    manifestOf(node, manifest).custody.replicas.map(({ peer }) => peer)
  )
