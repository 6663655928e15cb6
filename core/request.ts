/**
 * The three messages of `/keyward/access/1.0.0`: the custodian's challenge, the signed request, the
 * signed answer (hop 9 of 12; SECURITY.md §8, §15). What they mean is decided in decide.ts.
 * @module
 */
import { bindingShape, kemShape } from './binding.ts'
import {
  bool,
  bytes,
  bytesUpTo,
  decode,
  encode,
  list,
  map,
  nullable,
  type Of,
  oneOf,
  text,
  uint
} from './codec.ts'
import { InvalidMessageError } from './errors.ts'
import { openingShape, scopeExceptShape, scopeTagsShape, U8_MAX, U32_MAX } from './grant.ts'
import { KEM_ENC_BYTES } from './hpke.ts'
import { type Hash, hash } from './ids.ts'
import {
  CUSTODIANS_MAX,
  EMERGENCY_SIGNERS_MAX,
  FRAME_MAX_BYTES,
  HL7_CODE_MAX_CHARS,
  RECEIPT_MAX_BYTES,
  TREE_MAX_BYTES
} from './limits.ts'
import { recordIdShape, versionShape } from './manifest.ts'
import type { Primitives } from './primitives.ts'
import { LINK_MAX_BYTES, LINK_MIN_BYTES } from './receipt.ts'
import { signedShape } from './signed.ts'
import { shownSubShape } from './subgrant.ts'
import { addressShape, hashShape, peerIdShape, sigShape } from './typed-data.ts'

/** Custodian first, once a stream. */
export const helloShape = map({ v: oneOf(1), challenge: hashShape })
export type Hello = Of<typeof helloShape>

export const WANTS = ['share', 'blocks', 'pack'] as const
export type Want = (typeof WANTS)[number]

export const blockRefShape = map({ n: uint(), h: hashShape })

/** k clinicians' signatures over BreakGlass; `epoch` is the owner's that they signed. */
const emergencyShape = map({
  reasonHash: hashShape,
  epoch: uint(U32_MAX),
  signers: list(map({ account: addressShape, sig: sigShape }), EMERGENCY_SIGNERS_MAX)
})

/**
 * Typed and sized only. `v` and `want` may be unknown here, since that is another answer (102) than
 * a malformed frame (101).
 */
export const accessRequestShape = map({
  v: uint(U8_MAX),
  want: text(16),
  chain: uint(),
  /** Address of the GrantRegistry. */
  grants: addressShape,
  custodian: peerIdShape,
  challenge: hashShape,
  /** From 1, by 1, within the stream. */
  seq: uint(),
  deadline: uint(),
  binding: bindingShape,
  bindingSig: sigShape,
  owner: addressShape,
  recordId: recordIdShape,
  ver: versionShape,
  shareEpoch: versionShape,
  opening: openingShape,
  tags: scopeTagsShape,
  except: scopeExceptShape,
  tree: nullable(bytesUpTo(TREE_MAX_BYTES)),
  /** Number of the bit. */
  purpose: uint(31),
  hl7: text(HL7_CODE_MAX_CHARS),
  /** Fresh for this read. */
  kem: kemShape,
  /** One confirmed block, the same for all custodians asked. */
  conf: blockRefShape,
  emergency: nullable(emergencyShape),
  /** Who asks under a colleague's grant shows what the colleague signed (decision 0026). */
  sub: nullable(shownSubShape)
})
export type AccessRequest = Of<typeof accessRequestShape>

export const signedRequestShape = signedShape(FRAME_MAX_BYTES)

export const encodeRequest = (request: AccessRequest): Uint8Array => encode(request)

/** `b` of a Signed request. @throws InvalidMessageError (the gate's 101) */
export const decodeRequest = (b: Uint8Array): AccessRequest =>
  decode(accessRequestShape, b, 'request')

/** H(request.b): the answer's and receipt's `req`, and aad of the sealed share. */
export const requestHash = (b: Uint8Array, p: Primitives): Hash => hash(p.sha256(b))

const answerMap = map({
  v: oneOf(1),
  ok: bool,
  req: hashShape,
  /** A wire code; 0 with `ok`. */
  code: uint(999),
  retryMs: uint(),
  idx: nullable(uint(CUSTODIANS_MAX, 1)),
  shareEpoch: nullable(versionShape),
  suite: nullable(oneOf(1)),
  enc: nullable(bytes(KEM_ENC_BYTES)),
  /** salt_i ‖ share_i sealed to the request's key. */
  ct: nullable(bytes(81)),
  /** The receipt's link; null where no receipt of its own was written. */
  link: nullable(signedShape(LINK_MAX_BYTES, LINK_MIN_BYTES)),
  body: nullable(bytesUpTo(RECEIPT_MAX_BYTES))
})
export type Answer = Of<typeof answerMap>

/**
 * A refusal has nothing from `idx` to `ct` and no body; a release has link and body, and its share
 * whole, or (when blocks were wanted) no share at all.
 */
export const answerShape = (value: unknown, path: string): Answer => {
  const answer = answerMap(value, path)
  const { idx, shareEpoch, suite, enc, ct, link, body } = answer
  const given = [idx, shareEpoch, suite, enc, ct].filter((field) => field != null).length
  const whole = answer.ok
    ? answer.code === 0 && link != null && body != null && (given === 5 || given === 0)
    : answer.code !== 0 && body == null && given === 0
  if (!whole) throw new InvalidMessageError(`"${path}" expected the fields of its code`)
  return answer
}

export const signedAnswerShape = signedShape(FRAME_MAX_BYTES)

export const encodeAnswer = (answer: Answer): Uint8Array => encode(answer)

/** `b` of a Signed answer. @throws InvalidMessageError */
export const decodeAnswer = (b: Uint8Array): Answer => decode(answerShape, b, 'answer')
