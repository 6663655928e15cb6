/**
 * What the fast tier's custodian tells decide() of itself and of a request: one record in three
 * versions, all kept, and signatures that were checked when the history was drawn.
 * @module
 */
import type { DecideInput, GatePolicy } from '../../core/decision.ts'
import { grantId, type Hash, hash } from '../../core/ids.ts'
import { Purpose } from '../../core/purposes.ts'
import { Cast, CHAIN, OTHERS, PEOPLE, VERSIONS } from './cast.ts'
import { PaperCast } from './paper-cast.ts'
import type { Paper } from './subs.ts'
import { type Asked, subOf } from './terms.ts'

export const cast = new Cast(PEOPLE)
export const papers = new PaperCast(cast)

const challenges: Hash[] = []
const challengeOf = (stream: number): Hash => {
  challenges[stream] ??= hash(new Uint8Array(32).fill(stream + 1))
  return challenges[stream]
}

const entries = Array.from({ length: VERSIONS + 1 }, (_, ver) => ({
  owner: PEOPLE.owner,
  recordId: PEOPLE.record,
  ver,
  sealed: false,
  destroyed: false,
  epochs: Array.from({ length: 12 }, (_, i) => ({
    shareEpoch: i + 1,
    idx: 2,
    acknowledged: true,
    tags: { ...PEOPLE.tags, labels: [], months: [PEOPLE.tags.month] },
    emergency: false
  }))
}))
const SELF = {
  peer: PEOPLE.custodian,
  deployment: { chainId: CHAIN, grants: PEOPLE.registry }
}
const CALM = { draining: false, queueFull: false, peerOverRate: false }
const WHOLE = { whole: true, behindAnchor: false }

/** All that is known of a request before anything is gathered. */
export function firstInput(asked: Asked, policy: GatePolicy, nowMs: number): DecideInput {
  const { opening, ver, account, purpose, paper } = asked
  const sub = subOf(asked)
  const request = cast.template(opening, ver, account, paper && papers.of(opening, paper))
  request.challenge = challengeOf(asked.challengeOf)
  request.seq = asked.seq
  request.deadline = asked.deadline
  request.chain = asked.chain
  request.grants = asked.ourRegistry ? PEOPLE.registry : OTHERS.registry
  request.custodian = asked.ourself ? PEOPLE.custodian : OTHERS.custodian
  request.purpose = Purpose[purpose]
  request.hl7 = purpose
  request.shareEpoch = asked.shareEpoch
  request.conf = { n: asked.conf.number, h: asked.conf.hash }
  request.binding = {
    ...request.binding,
    validFrom: asked.boundFrom,
    validUntil: asked.boundUntil,
    bindingEpoch: asked.bindingEpoch
  }
  return {
    nowMs,
    policy,
    self: SELF,
    stream: {
      remotePeer: asked.boundPeer ? request.binding.peerId : OTHERS.peer,
      challenge: challengeOf(asked.stream),
      lastSeq: asked.lastSeq
    },
    load: CALM,
    audit: WHOLE,
    request,
    verdicts: {
      request: asked.signed ? 'ok' : 'bad',
      binding: asked.bound ? 'ok' : 'unresolved',
      signers: [],
      sub: sub && (sub.signer === sub.delegator ? 'ok' : 'bad')
    },
    entry: entries[ver],
    subset: undefined,
    notices: { erased: false },
    used: { count: 0, again: false }
  }
}

export const subUseOf = (opening: number, paper: Paper, ver: number) => ({
  ...useOf(opening, ver),
  grantId: grantId(papers.id(opening, paper))
})

export const useOf = (opening: number, ver: number) => ({
  grantId: cast.grantIds[opening] as (typeof cast.grantIds)[number],
  recordId: PEOPLE.record,
  ver
})
