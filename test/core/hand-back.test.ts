import { describe, expect, it } from 'vitest'
import { decode, encode } from '../../core/codec.ts'
import { grantId, openingHash } from '../../core/grant.ts'
import {
  type HandBack,
  handBackSigner,
  handedGrant,
  isWhole,
  noticeShape,
  signHandBack,
  WHOLE_GRANT
} from '../../core/hand-back.ts'
import { address } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { addressOf, deployment, fill, hashOf, OWNER, opening } from '../fixtures/messages.ts'

const KEY = fill(0x99)
const ACCOUNT = address(p.secp256k1Address(KEY))
const message: HandBack = {
  owner: OWNER,
  openingHash: openingHash(opening(), p),
  account: ACCOUNT,
  subGrant: WHOLE_GRANT
}
const signed = () => signHandBack(message, deployment, KEY, p)

describe('handing back', () => {
  it('travels as a notice, and names grant and signer', () => {
    expect(decode(noticeShape, encode(signed()), 'notice')).toEqual(signed())
    expect(handBackSigner(signed(), deployment, p)).toEqual(ACCOUNT)
    expect(handedGrant(message, p)).toEqual(grantId(OWNER, openingHash(opening(), p), p))
  })

  it('counts on this chain and registry alone', () => {
    expect(handBackSigner(signed(), { ...deployment, chainId: 1 }, p)).not.toEqual(ACCOUNT)
    const other = { ...deployment, grants: addressOf(1) }
    expect(handBackSigner(signed(), other, p)).not.toEqual(ACCOUNT)
    expect(handBackSigner({ ...signed(), sig: fill(1, 2_048) }, deployment, p)).toBeUndefined()
  })

  it('is of a whole grant, or of the one sub-grant that it names', () => {
    expect(isWhole(message)).toBe(true)
    expect(isWhole({ subGrant: hashOf(1) })).toBe(false)
  })

  it('leaves messages for the chain as they were, and takes nothing else', () => {
    const revokeAll = { type: 'RevokeAll', message: { owner: OWNER, epoch: 2 }, sig: fill(1, 65) }

    expect(decode(noticeShape, encode(revokeAll), 'notice')).toEqual(revokeAll)
    expect(() => decode(noticeShape, encode({ ...signed(), type: 'Custody' }), 'notice')).toThrow(
      'notice.type'
    )
    expect(() => decode(noticeShape, encode(null), 'notice')).toThrow('notice.type')
    expect(() =>
      decode(noticeShape, encode({ ...signed(), message: { ...message, more: 1 } }), 'notice')
    ).toThrow('no key "more"')
  })
})
