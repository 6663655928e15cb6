import { describe, expect, it } from 'vitest'
import { type RateLimitedError, TransactionFailedError } from '../../../core/errors.ts'
import { type Address, address } from '../../../core/ids.ts'
import { RELAYS_BURST, RELAYS_PENDING } from '../../../core/limits.ts'
import { authorOf } from '../../../core/signers.ts'
import type { SignedMessage } from '../../../core/typed-data.ts'
import type { TxReceipt } from '../../../node/adapters.ts'
import type { ContractCall } from '../../../node/chain/contract-calls.ts'
import type { Change } from '../../../node/chain/follow.ts'
import { Relayer } from '../../../node/relayer/relayer.ts'
import { named, TestClock } from '../../fixtures/gate.ts'
import { settle } from '../../fixtures/waiting.ts'

const account = (name: string): Address => address(named(name).slice(12))
const revocation = (owner: string, n: number): SignedMessage => ({
  type: 'RevokeAll',
  message: { owner: account(owner), epoch: n },
  sig: named(`${owner} ${n}`)
})
const MINED: TxReceipt = {
  txHash: named('tx'),
  block: { number: 9, hash: named('block') },
  gasUsed: 30_000
}

/** A relayer whose transactions are mined when the test says so. */
function relaying() {
  const sent: { message: ContractCall; mined: PromiseWithResolvers<TxReceipt> }[] = []
  const told: [SignedMessage, number][] = []
  const clock = new TestClock()
  const relayer = new Relayer({
    clock,
    writer: {
      account: account('clinic'),
      submit: (message) => {
        const mined = Promise.withResolvers<TxReceipt>()
        sent.push({ message, mined })
        return mined.promise
      }
    },
    onMined: (message, block) => told.push([message, block.number])
  })
  return { relayer, sent, told, clock }
}

describe('relayer', () => {
  it('sends a message and tells of the block that took it', async () => {
    const { relayer, sent, told } = relaying()
    const message = revocation('Ana', 2)

    const relayed = relayer.relay(message)
    sent[0]?.mined.resolve(MINED)

    expect(await relayed).toEqual(MINED)
    expect(told).toEqual([[message, 9]])
  })

  it('sends once what is asked for twice meanwhile, and again later', async () => {
    const { relayer, sent, told } = relaying()
    const twice = [relayer.relay(revocation('Ana', 2)), relayer.relay(revocation('Ana', 2))]
    sent[0]?.mined.resolve(MINED)
    await Promise.all(twice)

    void relayer.relay(revocation('Ana', 2))

    expect(sent).toHaveLength(2)
    expect(told).toHaveLength(1)
  })

  it('tells nobody of what the chain refused, and passes the reason on', async () => {
    const { relayer, sent, told } = relaying()
    const relayed = relayer.relay(revocation('Ana', 2))
    sent[0]?.mined.reject(new TransactionFailedError('stale'))

    await expect(relayed).rejects.toMatchObject({ name: 'TransactionFailedError' })
    expect(told).toEqual([])
    void relayer.relay(revocation('Ana', 2))
    expect(sent).toHaveLength(2)
  })

  it('spends no more gas for one author than a person gives consents', async () => {
    const { relayer, sent, clock } = relaying()
    const relay = async (owner: string, n: number): Promise<number> => {
      const relayed = relayer.relay(revocation(owner, n))
      sent.at(-1)?.mined.resolve(MINED)
      return relayed.then(
        () => 0,
        (err: RateLimitedError) => err.retryMs
      )
    }
    for (let n = 0; n < RELAYS_BURST; n++) expect(await relay('Ana', n)).toBe(0)

    const retryMs = await relay('Ana', RELAYS_BURST)

    expect(retryMs).toBeGreaterThan(0)
    expect(await relay('Ben', 1)).toBe(0)
    clock.pass(retryMs)
    expect(await relay('Ana', RELAYS_BURST)).toBe(0)
    expect(sent).toHaveLength(RELAYS_BURST + 2)
  })

  it('lets only so many wait', async () => {
    const { relayer, sent } = relaying()
    for (let n = 0; n < RELAYS_PENDING; n++) void relayer.relay(revocation(`person ${n}`, 1))

    await expect(relayer.relay(revocation('one more', 1))).rejects.toMatchObject({
      name: 'RateLimitedError'
    })
    sent[0]?.mined.resolve(MINED)
    await new Promise((resolve) => setImmediate(resolve))
    void relayer.relay(revocation('one more', 1))
    expect(sent).toHaveLength(RELAYS_PENDING + 1)
  })

  it('knows whose act a message is', () => {
    const binding: SignedMessage = {
      type: 'BindingEpoch',
      message: { account: account('Ben'), bindingEpoch: 2 },
      sig: new Uint8Array(65)
    }

    const anchors: SignedMessage = {
      type: 'Anchors',
      message: { writer: account('Cleo'), items: [] },
      sig: new Uint8Array(65)
    }

    expect(authorOf(revocation('Ana', 1))).toEqual(account('Ana'))
    expect(authorOf(anchors)).toEqual(account('Cleo'))
    expect(authorOf(binding)).toEqual(account('Ben'))
  })
})

describe('a reorg', () => {
  const key = named('a word')
  const at = (name: string, number: number) => ({ number, hash: named(name) })
  const change = (block: ReturnType<typeof at>): Change => ({
    contract: 'grants',
    key,
    word: 1n,
    block
  })
  async function mined() {
    const all = relaying()
    const relayed = all.relayer.relay(revocation('Ana', 2))
    all.sent[0]?.mined.resolve(MINED)
    await relayed
    return all
  }

  it('that undid a message has it sent again, once', async () => {
    const { relayer, sent, told } = await mined()
    const undone = [change(MINED.block)]

    relayer.moved({ added: [], undone })
    relayer.moved({ added: [], undone })

    expect(sent.map(({ message }) => message)).toEqual(Array(2).fill(revocation('Ana', 2)))
    sent[1]?.mined.resolve({ ...MINED, block: at('another block', 10) })
    await settle()
    expect(told.map(([, number]) => number)).toEqual([9, 10])
    relayer.moved({ added: [], undone: [change(at('another block', 10))] })
    expect(sent).toHaveLength(3)
  })

  it('that kept a message in another block sends nothing, until it undoes that one', async () => {
    const { relayer, sent } = await mined()
    const moved = at('the block that kept it', 9)

    relayer.moved({ added: [change(moved)], undone: [change(MINED.block)] })
    expect(sent).toHaveLength(1)

    relayer.moved({ added: [], undone: [change(moved)] })
    expect(sent).toHaveLength(2)
  })

  it('of other blocks, or that the chain itself refuses to repeat, hurts nobody', async () => {
    const { relayer, sent } = await mined()

    relayer.moved({ added: [], undone: [change(at('of others', 9))] })
    expect(sent).toHaveLength(1)
    relayer.moved({ added: [], undone: [change(MINED.block)] })
    sent[1]?.mined.reject(new TransactionFailedError('GrantRegistryStaleVersion'))
    await settle()

    relayer.moved({ added: [], undone: [change(MINED.block)] })
    expect(sent).toHaveLength(2)
  })
})
