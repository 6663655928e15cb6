import { describe, expect, it } from 'vitest'
import { noblePrimitives as p } from '../../../core/noble.ts'
import type { SignedMessage } from '../../../core/typed-data.ts'
import { EmergencyWish } from '../../../core/words.ts'
import { Notices } from '../../../node/custody/notices.ts'
import { ACCOUNT, fill, hashOf, OWNER } from '../../fixtures/messages.ts'

const sig = fill(1, 65)
const wish = (version: number, what: number = EmergencyWish.NEVER): SignedMessage => ({
  type: 'Wish',
  message: { owner: OWNER, wish: what, version },
  sig
})

describe('notices', () => {
  it('keep an owner’s newest wish, in whatever order they come', () => {
    const notices = new Notices(p)

    notices.add(wish(2))
    notices.add(wish(1, EmergencyWish.YES))

    expect(notices.wish(OWNER)).toEqual({ owner: OWNER, wish: EmergencyWish.NEVER, version: 2 })
    expect(notices.wish(ACCOUNT)).toBeUndefined()
    expect([notices.isNew(wish(2)), notices.isNew(wish(3))]).toEqual([false, true])
  })

  it.each<SignedMessage>([
    {
      type: 'Review',
      message: { owner: OWNER, openingHash: hashOf(1), outcomeHash: hashOf(2) },
      sig
    },
    {
      type: 'Anchors',
      message: { writer: ACCOUNT, items: [{ logTag: hashOf(1), root: hashOf(2), toSeq: 1 }] },
      sig
    }
  ])('have nothing to keep of $type', (message) => {
    const notices = new Notices(p)

    notices.add(message)

    expect(notices.isNew(message)).toBe(false)
  })
})
