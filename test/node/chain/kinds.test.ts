/**
 * The rules of each kind on anvil, whose finality lags as a test says, and which reorganises: what is
 * confirmed, what a reorg may take away, and who must agree. Consortium seals: seals.test.ts.
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Code } from '../../../core/codes.ts'
import { type SignedMessage, signTyped } from '../../../core/typed-data.ts'
import { decodeGrantWord, grantSlot, Role } from '../../../core/words.ts'
import type { HeadSource, VerifiedHeader } from '../../../node/adapters.ts'
import { type DevChain, enrol, startDevChain } from '../../../node/chain/dev-chain.ts'
import { JsonRpc, rpcEndpoint } from '../../../node/chain/endpoint-rpc.ts'
import { ethersWriter } from '../../../node/chain/ethers-chain.ts'
import { quorumHeads } from '../../../node/chain/heads.ts'
import { type ChainKind, chainParameters } from '../../../node/chain/parameters.ts'
import { provenWords } from '../../../node/chain/proofs.ts'
import { quantityHex } from '../../../node/chain/rpc-values.ts'
import { type RpcProxy, rpcProxy } from '../../fixtures/rpc-proxy.ts'
import { accountOf, grantNo, keyOf, openingNo, p, TestCheckpoint, take } from './world.ts'

const SLOTS = 4
/** Kind, and how far its confirmed block is below the head here. */
const KINDS: readonly (readonly [ChainKind, number])[] = [
  ['l1', 2 * SLOTS],
  ['l2', 2 * SLOTS],
  ['consortium', 3],
  ['dev', 2]
]
const owner = accountOf('owner')

let dev: DevChain
let proxies: RpcProxy[]

beforeAll(async () => {
  dev = await startDevChain({ slotsInAnEpoch: SLOTS })
  const { url, deployment } = dev
  await enrol({ url, deployment, accountKey: keyOf('clinic'), org: 7, roles: Role.RELAYER })
  proxies = await Promise.all([rpcProxy(url), rpcProxy(url), rpcProxy(url)])
  await mine(30) // deeper than any reorg below
}, 60_000)

afterAll(async () => {
  for (const proxy of proxies) await proxy[Symbol.asyncDispose]()
  await dev.stop()
})

const tell = (method: string, ...params: unknown[]): Promise<void> =>
  new JsonRpc(dev.url).ask(method, params, () => undefined)
const mine = (blocks: number): Promise<void> => tell('anvil_mine', quantityHex(blocks))

/** Three endpoints, two of which must agree; they are the same chain until a test meddles. */
const headsOf = (kind: ChainKind, checkpoint = new TestCheckpoint()): HeadSource =>
  quorumHeads({
    endpoints: proxies.map(({ url }, i) => rpcEndpoint(url, { name: `endpoint ${i}` })),
    parameters: chainParameters(kind, { quorum: 2, endpoints: 3 }),
    clock: { nowMs: () => Date.now() },
    checkpoint,
    primitives: p,
    cacheMs: 0
  })

const statusAt = async (block: VerifiedHeader, n: number): Promise<number | undefined> => {
  const { deployment } = dev
  const source = provenWords({ endpoints: [rpcEndpoint(dev.url)], deployment, primitives: p })
  const { words } = take(await source.prove(block, [grantSlot(grantNo(owner, n), p)]))
  return decodeGrantWord(words[0] as bigint)?.status
}

/** Gives grant number n; the block that has it. */
async function grant(n: number): Promise<number> {
  const { url, deployment } = dev
  const items = [{ opening: openingNo(n), version: 1 }]
  const message = { owner, items, epoch: 1, deadline: 2 ** 40 }
  const sig = signTyped(deployment, 'Grants', message, keyOf('owner'), p)
  const signed: SignedMessage = { type: 'Grants', message, sig }
  const writer = ethersWriter({ url, accountKey: keyOf('clinic'), deployment, primitives: p })
  return (await writer.submit(signed)).block.number
}

/** Until the kind's confirmed block has come so far, at most ten seconds. */
async function confirmed(heads: HeadSource, number: number) {
  for (const start = Date.now(); ; await sleep(30)) {
    const pair = take(await heads.current())
    if (pair.conf.number >= number) return pair
    if (Date.now() - start > 10_000) throw new Error(`block ${number} is not confirmed`)
  }
}

const hashOf = async (number: number): Promise<string | undefined> =>
  (await rpcEndpoint(dev.url).header(number, {}))?.['hash']

/** Exact by depth; the tag is asked for beside the head, and a block may come between. */
function expectLag(
  kind: ChainKind,
  { head, conf }: { readonly head: VerifiedHeader; readonly conf: VerifiedHeader },
  lag: number
): void {
  const off = Math.abs(head.number - conf.number - lag)
  expect(off).toBeLessThanOrEqual(chainParameters(kind).confirmed.by === 'finalized' ? 1 : 0)
}

let grants = 1_000

describe.each(KINDS)('on a chain of kind %s', (kind, lag) => {
  it(`a grant is at the head first, and confirmed ${lag} blocks later`, async () => {
    await mine(lag + 2) // anvil does not prove every block that a reorg made
    const heads = headsOf(kind)
    const n = grants++
    const block = await grant(n)

    const fresh = take(await heads.current())
    expectLag(kind, fresh, lag)
    expect(await statusAt(fresh.head, n)).toBe(1)
    if (fresh.conf.number < block) expect(await statusAt(fresh.conf, n)).toBe(0)

    await mine(lag)
    const { conf } = await confirmed(heads, block)
    expect(await statusAt(conf, n)).toBe(1)
  })

  it('a reorg above the confirmed block takes a grant away, and nothing is refused', async () => {
    const heads = headsOf(kind)
    const before = take(await heads.current())
    const n = grants++
    const block = await grant(n)
    const hash = await hashOf(block)

    await tell('anvil_reorg', lag - 1, [])
    await mine(1)

    const after = take(await heads.current())
    expect(after.conf.number).toBeGreaterThanOrEqual(before.conf.number)
    // blocks come by the second: where one came between, the grant may stand below the reorg
    expect(await statusAt(after.head, n)).toBe((await hashOf(block)) === hash ? 1 : 0)
  })

  it('a reorg below it refuses with 306, over restarts too', async () => {
    const checkpoint = new TestCheckpoint()
    take(await headsOf(kind, checkpoint).current())

    await tell('anvil_reorg', lag + 4, [])

    for (const heads of [headsOf(kind, checkpoint), headsOf(kind, checkpoint)]) {
      expect(await heads.current()).toEqual({ ok: false, code: Code.CONF_REGRESSION })
    }
    take(await headsOf(kind).current()) // who never saw the other branch goes on
  })

  it('two of three endpoints are enough, one is not', async () => {
    const [first, second] = proxies as [RpcProxy, RpcProxy]
    const honest = first.meddle
    try {
      first.meddle = () => 'lost'
      take(await headsOf(kind).current())
      second.meddle = () => 'lost'
      expect(await headsOf(kind).current()).toEqual({ ok: false, code: Code.RPC_UNAVAILABLE })
    } finally {
      first.meddle = honest
      second.meddle = honest
    }
  })

  it('one endpoint that boasts of finality, or forges hashes, moves nothing', async () => {
    const [first] = proxies as [RpcProxy]
    const honest = first.meddle
    try {
      first.meddle = ({ method, params }, result) => {
        if (method === 'eth_blockNumber') return quantityHex(Number(result) + 50)
        if (method !== 'eth_getBlockByNumber' || result == null) return result
        const hash = `0x${'77'.repeat(32)}`
        const number = quantityHex(Number((result as { number: string }).number) + 50)
        return params[0] === 'finalized' ? { ...result, number } : { ...result, hash }
      }
      expectLag(kind, take(await headsOf(kind).current()), lag)
    } finally {
      first.meddle = honest
    }
  })
})
