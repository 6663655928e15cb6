/**
 * A reorg that takes a revocation back, on a chain of its own: what a relayer sends next may wait for
 * a number that the reorg freed, and other tests would wait with it.
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex0x } from '../../core/bytes.ts'
import { Code } from '../../core/codes.ts'
import { grantId } from '../../core/ids.ts'
import { grantSlot } from '../../core/words.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { revoke } from '../../node/verbs/revoke.ts'
import { until } from '../fixtures/daemons.ts'
import { type ChainNetwork, createChainNetwork, quiet } from './chain-network.ts'
import { allReady, blocks, confirmed, consent, newRecord, read, saidOf } from './chain-reading.ts'

let net: ChainNetwork

beforeAll(async () => {
  net = await createChainNetwork()
})
afterAll(() => net?.[Symbol.asyncDispose]())

describe('a reorg', () => {
  it('that takes a revocation away opens nothing: the custodians were told, 508', async () => {
    const id = await newRecord(net)
    const given = await consent(net, id)
    await confirmed(net, given)
    await read(net, id)
    const stored = async (): Promise<number> => {
      const { slot } = grantSlot(grantId(fromHex(given.grant)), p)
      const at = toHex0x(net.chain.deployment.grants)
      const word = await net.rpc<string>('eth_getStorageAt', at, toHex0x(slot), 'latest')
      return Number(BigInt(word) & 0xffn)
    }
    await net.rpc('evm_setIntervalMining', 0)
    try {
      const revoking = revoke(net.patient, { grant: given.grant }, quiet())
      await until('the revocation waits for a block', async () => {
        const { pending } = await net.rpc<{ pending: string }>('txpool_status')
        return Number(pending) > 0 || (await stored()) === 2
      })
      await net.rpc('evm_mine')
      await revoking
      expect(await stored()).toBe(2)
      await net.rpc('anvil_reorg', 1, [])
      expect(await stored()).toBe(1) // on the chain the grant stands
    } finally {
      await net.rpc('evm_setIntervalMining', 1)
    }
    await blocks(net, 1)
    await allReady(net)

    const before = (await saidOf(net, id)).length
    await expect(read(net, id)).rejects.toMatchObject({ name: 'AccessDeniedError' })
    const said = await saidOf(net, id)
    expect(said.length).toBeGreaterThan(before)
    // 506 from whom the relayed revocation reached again, 508 from whom the notice alone did
    const codes = said.filter((each) => each !== 'release')
    expect(
      codes.every((each) => [Code.REVOKED, Code.REVOKED_DIRECT].map(String).includes(each))
    ).toBe(true)
  })
})
