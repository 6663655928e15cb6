/**
 * Arguments and results of the verbs, as they travel in JSON: the one place that the verbs, the
 * command line and other programs agree on. Ids are hex text, peers are libp2p's text form, times
 * that people give are text ("30d", ISO with zone), times that we tell are Unix seconds.
 * @module
 */
import { z } from 'zod'
import {
  CUSTODIANS_MAX,
  FILE_NAME_MAX_CHARS,
  LABELS_MAX,
  SCOPE_TAGS_MAX,
  THRESHOLD_MIN,
  WISH_TEXT_MAX_CHARS
} from '../../core/limits.ts'
import { anchorAt } from './audit-shapes.ts'

export const hex32 = z.string().regex(/^(0x)?[0-9a-f]{64}$/i, 'expected 64 hex digits')
export const peer = z
  .string()
  .regex(/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/, 'expected a peer id (12D3KooW…)')
const peerOrAddr = z.string().min(1).max(512)
const file = z.string().min(1).max(4096)
const version = z.int().min(1).max(0xffffffff)
export const code = z.string().regex(/^[A-Z0-9_-]{1,32}$/, 'expected an HL7 code such as TREAT')
export const word = z.string().min(1).max(128)
export const note = z.string().max(WISH_TEXT_MAX_CHARS)
export const versions = z
  .string()
  .regex(/^\d{1,10}(-\d{0,10})?$/, 'expected versions such as 2, 1-3 or 2-')
export const until = z
  .string()
  .regex(
    /^([1-9]\d{0,5}[mhdw]|\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))$/,
    'expected a span such as 30d or an instant with its zone such as 2027-01-31T12:00:00Z'
  )
export const u32 = z.int().min(0).max(0xffffffff)
export const records = z.array(hex32).min(1).max(SCOPE_TAGS_MAX)

/** OWNERHEX@PEERID[,PEERID…]: a person, and who keeps her mail. */
export const contact = z
  .string()
  .max(4096)
  .regex(/^(0x)?[0-9a-f]{40}@[^@\s]+$/i, 'expected OWNER@PEER[,PEER], the owner as 40 hex digits')

/** An account, or a contact that also says who keeps that person's records. */
export const accountOrContact = z
  .string()
  .max(4096)
  .regex(
    /^(0x)?[0-9a-f]{40}(@[^@\s]+)?$/i,
    'expected an account (40 hex digits) or a contact OWNER@PEER[,PEER]'
  )

export const noArgs = z.strictObject({})

export const recordAddArgs = z.strictObject({
  path: file,
  name: z.string().min(1).max(FILE_NAME_MAX_CHARS).optional(),
  mime: z.string().min(1).max(127).optional(),
  /** True: refuse what is not valid FHIR, even if it does not claim to be. */
  fhir: z.boolean().optional(),
  custodians: z.array(peerOrAddr).min(1).max(CUSTODIANS_MAX).optional(),
  threshold: z.int().min(THRESHOLD_MIN).max(CUSTODIANS_MAX).optional(),
  replicas: z.int().min(0).max(CUSTODIANS_MAX).optional(),
  /** In the emergency subset or not; by its tags, if not said. */
  emergency: z.boolean().optional(),
  /** Organisations that must confirm it before it counts as attested. */
  quorum: z.int().min(1).max(255).optional(),
  /** Whether the own organisation may not attest it, or which one may not. */
  bar: z.union([z.literal('own'), z.literal('none'), z.int().min(1).max(0xffffffff)]).optional(),
  tags: z
    .strictObject({
      class: word.optional(),
      level: z.enum(['U', 'L', 'M', 'N', 'R', 'V']).optional(),
      labels: z.array(word).max(LABELS_MAX).optional(),
      month: z
        .string()
        .regex(/^(\d{4}-(0[1-9]|1[0-2])|none)$/, 'expected YYYY-MM')
        .optional()
    })
    .optional()
})

export const recordArgs = z.strictObject({ recordId: hex32 })

export const recordGetArgs = z.strictObject({
  recordId: hex32,
  ver: version.optional(),
  /** A file to write; without it the node’s downloads folder, under the record’s own name. */
  out: file.optional(),
  /** Bytes from..to, the last exclusive. */
  from: z.int().min(0).optional(),
  to: z.int().min(1).optional(),
  via: z.enum(['manifest', 'dht']).optional(),
  /** Where a grant permits several: what this read is for. */
  purpose: code.optional()
})

export const recordUpdateArgs = z.strictObject({
  recordId: hex32,
  path: file,
  reason: note.optional()
})

export const recordVerifyArgs = z.strictObject({ recordId: hex32, ver: version.optional() })

export const requestArgs = z.strictObject({
  /** OWNERHEX@PEERID[,PEERID…]: whose records, and who keeps her mail. */
  patient: contact,
  purpose: code,
  records: records.optional(),
  classes: z.array(word).min(1).max(SCOPE_TAGS_MAX).optional(),
  until,
  reason: note.min(1),
  versions: versions.optional()
})

export const denyArgs = z.strictObject({ wish: hex32, reason: note.optional() })

export const revokeArgs = z
  .strictObject({
    grant: hex32.optional(),
    all: z.literal(true).optional(),
    /** A ward's grants, or an old account's. */
    for: accountOrContact.optional()
  })
  .refine((a) => (a.grant == null) !== (a.all == null), 'expected one of "grant" and "all"')

export const historyArgs = z.strictObject({ record: hex32.optional() })
export const auditExportArgs = z.strictObject({ out: file, peer: peer.optional() })
export const auditVerifyArgs = z.strictObject({ file, anchor: anchorAt.optional() })

export type RecordAddArgs = z.infer<typeof recordAddArgs>
export type RecordArgs = z.infer<typeof recordArgs>
export type RecordGetArgs = z.infer<typeof recordGetArgs>
export type RecordUpdateArgs = z.infer<typeof recordUpdateArgs>
export type RecordVerifyArgs = z.infer<typeof recordVerifyArgs>
export type RequestArgs = z.infer<typeof requestArgs>
export type DenyArgs = z.infer<typeof denyArgs>
export type RevokeArgs = z.infer<typeof revokeArgs>
export type HistoryArgs = z.infer<typeof historyArgs>
export type AuditExportArgs = z.infer<typeof auditExportArgs>
export type AuditVerifyArgs = z.infer<typeof auditVerifyArgs>
