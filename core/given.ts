/**
 * What a guardian tells her ward of a grant that she gave in the ward's name: all that the ward needs
 * to see it among her own, and to end it. Sealed like all mail; the grant's word on chain vouches for
 * its opening, and names are claims.
 * @module
 */
import { type Card, cardShape } from './binding.ts'
import { decode, encode, list, map, type Of, oneOf, text } from './codec.ts'
import { openingShape, scopeExceptShape, scopeTagsShape } from './grant.ts'
import { CAPSULE_RECORDS_MAX, HL7_CODE_MAX_CHARS, NAME_MAX_CHARS } from './limits.ts'
import { recordIdShape, versionShape } from './manifest.ts'
import { addressShape, peerIdShape } from './typed-data.ts'

const givenShape = map({
  opening: openingShape,
  tags: scopeTagsShape,
  except: scopeExceptShape,
  records: list(map({ recordId: recordIdShape, ver: versionShape }), CAPSULE_RECORDS_MAX),
  /** Who got the capsule. */
  grantee: peerIdShape,
  account: addressShape,
  name: text(NAME_MAX_CHARS),
  hl7: text(HL7_CODE_MAX_CHARS)
})
export type Given = Of<typeof givenShape>

const givenMailShape = map({ v: oneOf(1), given: givenShape, card: cardShape })

export const encodeGivenMail = (given: Given, card: Card): Uint8Array =>
  encode({ v: 1, given, card })

/** @throws InvalidMessageError */
export const decodeGivenMail = (mail: Uint8Array): Of<typeof givenMailShape> =>
  decode(givenMailShape, mail, 'given mail')
