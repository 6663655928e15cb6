/**
 * What a custodian asks of a real chain, and what a follower hears from it: one batch of proofs for
 * a head, events without a subscription, and reorgs that send no removed events, also one that goes
 * behind what was confirmed (CHAIN.md §2.1).
 * @module
 */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../core/bytes.ts'
import { grantId, type Hash } from '../../core/ids.ts'
import { grantSlot } from '../../core/words.ts'
import { rpcEndpoint } from '../../node/chain/endpoint-rpc.ts'
import { Follower, type Move } from '../../node/chain/follow.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { peerText } from '../../node/keys/peer-text.ts'
import { inbox } from '../../node/verbs/answer.ts'
import { grant } from '../../node/verbs/grant.ts'
import { listGrants } from '../../node/verbs/grants.ts'
import { publish } from '../../node/verbs/publish.ts'
import { retrieve } from '../../node/verbs/retrieve.ts'
import { until } from '../fixtures/daemons.ts'
import { type ChainNetwork, createChainNetwork, quiet } from './chain-network.ts'

/** Grants, records and directory, at the confirmed block and at the head. */
const QUESTIONS_PER_HEAD = 3 * 2

let net: ChainNetwork
let recordId: string

beforeAll(async () => {
  net = await createChainNetwork()
  const path = await net.file('note.txt', 'a note')
  recordId = (await publish(net.patient, { path }, quiet())).recordId
  await consent()
})
afterAll(() => net?.[Symbol.asyncDispose]())

/** A grant that the hospital may read under; its id and its block. */
async function consent(): Promise<{ readonly grant: string; readonly block: number }> {
  const { hospital, patient } = net
  const to = peerText(hospital.identity.peer)
  const args = { to, records: [recordId], purpose: 'TREAT', until: '1h' }
  const given = await grant(patient, args, quiet())
  await inbox(hospital, quiet())
  await until('the grant is confirmed', async () => {
    const { grants } = await listGrants(hospital, quiet())
    return grants.some((each) => each.grant === given.grant && each.state === 'active')
  })
  return { grant: given.grant, block: given.block ?? 0 }
}

const read = async (): Promise<number> => {
  const out = net.at(`read ${randomBytes(4).toString('hex')}`)
  return (await retrieve(net.hospital, { recordId, out }, quiet())).released.length
}

/** One more block, and everybody knows of it. */
async function nextBlock(): Promise<void> {
  await net.rpc('evm_mine')
  const number = Number(await net.rpc('eth_blockNumber'))
  await until('all see the block', async () => {
    const seen = await Promise.all([net.hospital, ...net.clinics].map((n) => n.heads.current()))
    return seen.every((each) => each.ok && each.value.head.number === number)
  })
}

/** What all custodians ask of all endpoints meanwhile, by method. */
async function askedFor(work: () => Promise<unknown>): Promise<ReadonlyMap<string, number>> {
  const asked = new Map<string, number>()
  for (const window of net.windows) {
    window.lie = (method) => {
      asked.set(method, (asked.get(method) ?? 0) + 1)
      return undefined
    }
  }
  await work()
  for (const window of net.windows) window.lie = undefined
  return asked
}

describe('custodians on a real chain', () => {
  it('fetch one batch of proofs for a head, however many read, and none for the same again', async () => {
    await net.rpc('evm_setIntervalMining', 0) // the head stands still, and stays young for 5 s
    await nextBlock()

    const first = await askedFor(() => Promise.all([read(), read(), read()]))
    const again = await askedFor(() => Promise.all([read(), read()]))
    await nextBlock()
    const next = await askedFor(() => Promise.all([read(), read(), read()]))
    await net.rpc('evm_setIntervalMining', 1)

    const most = net.clinics.length * QUESTIONS_PER_HEAD
    const proofs = [first, again, next].map((asked) => asked.get('eth_getProof') ?? 0)
    expect(proofs[0]).toBeGreaterThan(0)
    expect(proofs[0]).toBeLessThanOrEqual(most)
    expect(proofs[1]).toBe(0)
    expect(proofs[2]).toBeGreaterThan(0)
    expect(proofs[2]).toBeLessThanOrEqual(most)
    expect(again.get('eth_getBlockByNumber')).toBeGreaterThan(0) // the windows do count
  })
})

describe('a follower of a real chain', () => {
  const moves: Move[] = []
  const keys = (of: 'added' | 'undone') =>
    moves.flatMap((move) => move[of].map(({ contract, key }) => `${contract} ${toHex(key)}`))

  it('hears of a grant, and of its end by a reorg behind the checkpoint, which the gate refuses', async () => {
    const { deployment, url } = net.chain
    const follower = new Follower({ endpoints: [rpcEndpoint(url)], deployment, blockSeconds: 1 })
    follower.onChanged((move) => moves.push(move))
    await follower.step()

    const { grant: id, block } = await consent()
    await until('the follower heard of it', async () => {
      await follower.step()
      return keys('added').length > 0
    })
    const event = `grants ${toHex(grantSlot(grantId(fromHex(id)), p).key as Hash)}`
    expect(keys('added')).toContain(event)
    expect(moves.every(({ undone, lost }, i) => undone.length === 0 && (i === 0 || !lost))).toBe(
      true
    )

    await read() // the gates know blocks above it as confirmed
    const head = Number(await net.rpc('eth_blockNumber'))
    await net.rpc('anvil_reorg', head - block + 1, [])
    await until('the follower saw the reorg', async () => {
      // the chain goes on meanwhile: a walk that it overtook is begun anew
      await follower.step().catch(() => {})
      return keys('undone').length > 0
    })

    expect(keys('undone')).toContain(event)
    const confirmed = 'rolled back (306 CONF_REGRESSION)'
    await until('gates refuse it', async () => {
      const seen = await Promise.all(net.clinics.map((clinic) => clinic.readiness()))
      return seen.every(({ reasons }) => reasons.join().includes(confirmed))
    })
    expect(moves.at(-1)?.lost).toBe(false)
  })
})
