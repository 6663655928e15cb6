/**
 * Receipt bodies of the gate: what a release or a refusal leaves behind (SECURITY.md §8, §11).
 * @module
 */
import { wordBytes } from '../../core/bytes.ts'
import { idsOf } from '../../core/checks/ids.ts'
import { encode } from '../../core/codec.ts'
import type { RefuseCode } from '../../core/codes.ts'
import type { DecideInput, GatePolicy, ReleaseDecision } from '../../core/decision.ts'
import { type Hash, hash, type PeerIdBytes } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { BodyOf } from '../../core/receipt.ts'

/** What all bodies of one node share. */
export interface BodyContext {
  readonly chainId: number
  /** H of the gate's parameters: which rule was applied. */
  readonly policy: Hash
  readonly salt: Hash
  readonly req: Hash
}

export const policyHash = (policy: GatePolicy, p: Primitives): Hash =>
  hash(p.sha256(encode({ v: 1, ...policy })))

export function releaseBody(
  ctx: BodyContext,
  input: DecideInput,
  decision: ReleaseDecision,
  sealed: { readonly ct: Hash | undefined; readonly ev: Hash | undefined }
): BodyOf<'release'> {
  const { request } = input
  const blocks = blocksOf(input)
  return {
    v: 1,
    kind: 'release',
    salt: ctx.salt,
    chain: ctx.chainId,
    owner: request.owner,
    recordId: request.recordId,
    ver: request.ver,
    shareEpoch: decision.shareEpoch,
    idx: decision.idx,
    req: ctx.req,
    want: request.want,
    account: request.binding.account,
    peer: input.stream.remotePeer,
    grantId: hash(decision.grantId),
    sub: decision.sub,
    purpose: request.purpose,
    hl7: request.hl7,
    emergency: request.emergency != null,
    code: 0,
    conf: blocks.conf as BodyOf<'release'>['conf'],
    head: blocks.head as BodyOf<'release'>['head'],
    words: wordsOf(decision.words),
    policy: ctx.policy,
    ct: sealed.ct,
    ev: sealed.ev,
    count: 1
  }
}

/** Of a refusal about a record (401 and up). */
export function refusalBody(
  ctx: BodyContext,
  input: DecideInput,
  code: RefuseCode,
  ev: Hash | undefined,
  p: Primitives
): BodyOf<'refuse'> {
  const { request, words } = input
  const proven = words?.ok === true ? words.value : undefined
  return {
    v: 1,
    kind: 'refuse',
    salt: ctx.salt,
    chain: ctx.chainId,
    owner: request.owner,
    recordId: request.recordId,
    ver: request.ver,
    shareEpoch: request.shareEpoch,
    idx: 0,
    req: ctx.req,
    want: request.want,
    account: request.binding.account,
    peer: input.stream.remotePeer,
    grantId: hash(idsOf(request, p).grantId),
    sub: idsOf(request, p).subGrant,
    purpose: request.purpose,
    hl7: request.hl7,
    emergency: request.emergency != null,
    code,
    ...blocksOf(input),
    words: proven && wordsOf({ conf: proven.conf['grant'], head: proven.head['grant'] }),
    policy: ctx.policy,
    ct: undefined,
    ev,
    count: 1
  }
}

/** Of refusals that no record is proven to concern (101–307), counted. */
export const tallyBody = (
  ctx: BodyContext,
  of: {
    readonly peer: PeerIdBytes
    readonly code: RefuseCode
    readonly want: string
    readonly count: number
  }
): BodyOf<'refuse'> => ({
  v: 1,
  kind: 'refuse',
  salt: ctx.salt,
  chain: ctx.chainId,
  owner: undefined,
  recordId: undefined,
  ver: 0,
  shareEpoch: 0,
  idx: 0,
  req: ctx.req,
  want: of.want,
  account: undefined,
  peer: of.peer,
  grantId: undefined,
  sub: undefined,
  purpose: undefined,
  hl7: '',
  emergency: false,
  code: of.code,
  conf: undefined,
  head: undefined,
  words: undefined,
  policy: ctx.policy,
  ct: undefined,
  ev: undefined,
  count: of.count
})

function blocksOf({ heads }: DecideInput): Pick<BodyOf<'refuse'>, 'conf' | 'head'> {
  if (heads?.ok !== true) return { conf: undefined, head: undefined }
  const { head, requested } = heads.value
  const at = (block: typeof head) => ({ n: block.number, h: block.hash, t: block.timeSeconds })
  return { conf: requested.ok ? at(requested.value) : undefined, head: at(head) }
}

const wordsOf = (
  words: { readonly conf: bigint | undefined; readonly head: bigint | undefined } | undefined
): BodyOf<'release'>['words'] => ({
  conf: words?.conf == null ? undefined : hash(wordBytes(words.conf)),
  head: words?.head == null ? undefined : hash(wordBytes(words.head))
})
