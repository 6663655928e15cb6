import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../../core/bytes.ts'
import { grantId, type Hash, type PeerIdBytes, peerIdOf, recordId } from '../../../core/ids.ts'
import { BLOCK_RIGHTS_MAX, BLOCKS_RIGHT_MS } from '../../../core/limits.ts'
import { grantSlot, ownerSlot, type StorageRef } from '../../../core/words.ts'
import type { ContractName } from '../../../node/adapters.ts'
import { changeKey } from '../../../node/chain/follow.ts'
import { BlockRights } from '../../../node/release/block-rights.ts'
import { gateWorld, named, p } from '../../fixtures/gate.ts'

const peer = (name: string): PeerIdBytes => peerIdOf(named(name))

async function someRights() {
  const { clinic, clock, dealt, owner } = await gateWorld()
  const rights = new BlockRights({
    custody: clinic.custody,
    clock,
    isOwnersPeer: (account, each) =>
      equalBytes(account, dealt.content.owner) && equalBytes(each, owner.peer)
  })
  const root = CID.decode(dealt.content.cid)
  const { content } = dealt
  const may = (name: string) => rights.mayFetch(peer(name), root)
  const allow = (name: string, of = content) => rights.allow(peer(name), of, clock.nowMs())
  return { rights, clock, dealt, owner, root, may, allow, content }
}

describe('rights to blocks', () => {
  it("are those of the record's keepers", async () => {
    const { rights, dealt, root } = await someRights()
    const keepers = dealt.custody.shares.map((share) => share.peer)

    expect(keepers.map((keeper) => rights.mayFetch(keeper, root))).toEqual([true, true, true])
  })

  it("are those of the owner's own device", async () => {
    const { rights, owner, root } = await someRights()

    expect(rights.mayFetch(owner.peer, root)).toBe(true)
  })

  it('are given by the gate for a minute, to one peer and one version', async () => {
    const { clock, may, allow, content } = await someRights()
    allow('reader')
    allow('other reader', { ...content, ver: 2 })
    allow('third reader', { ...content, recordId: recordId(named('other record')) })

    expect(['reader', 'other reader', 'third reader', 'stranger'].map(may)).toEqual([
      true,
      false,
      false,
      false
    ])
    clock.pass(BLOCKS_RIGHT_MS - 1)
    expect(may('reader')).toBe(true)
    clock.pass(1)
    expect(may('reader')).toBe(false)
    allow('reader')
    expect(may('reader')).toBe(true)
  })

  it('end when a word is said to have changed on which they rest, and no others', async () => {
    const { rights, may, clock, content, owner } = await someRights()
    const [mine, another] = [grantSlot(grantId(named('mine')), p), ownerSlot(owner.account, p)]
    rights.allow(peer('reader'), content, clock.nowMs(), [mine])
    rights.allow(peer('other reader'), content, clock.nowMs(), [another])
    const eventOf = ({ contract, key }: StorageRef<ContractName>) =>
      changeKey({ contract, key: key as Hash })

    rights.forget(new Set([eventOf(grantSlot(grantId(named('of others')), p))]))
    expect(['reader', 'other reader'].map(may)).toEqual([true, true])
    rights.forget(new Set([eventOf(mine)]))
    expect(['reader', 'other reader'].map(may)).toEqual([false, true])
    rights.forget('all')
    expect(may('other reader')).toBe(false)
  })

  it('are to nothing that is not kept here', async () => {
    const { rights, dealt } = await someRights()
    const [keeper] = dealt.custody.shares
    const unknown = CID.parse('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy')

    expect(rights.mayFetch((keeper as { peer: PeerIdBytes }).peer, unknown)).toBe(false)
  })

  it('are bounded: the oldest makes room', async () => {
    const { may, allow } = await someRights()
    allow('first')
    allow('second')
    allow('first') // renewed: the second is the oldest now
    for (let i = 0; i < BLOCK_RIGHTS_MAX - 1; i++) allow(`reader ${i}`)

    expect(['first', 'second', 'reader 0'].map(may)).toEqual([true, false, true])
  })
})
