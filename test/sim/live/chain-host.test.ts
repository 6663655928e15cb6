import { afterEach, describe, expect, it, vi } from 'vitest'
import { accountSlot, decodeAccountWord } from '../../../core/words.ts'
import { quorumHeads } from '../../../node/chain/heads.ts'
import { provenWords } from '../../../node/chain/proofs.ts'
import { nativePrimitives as p } from '../../../node/memory.ts'
import { type ChainHost, gasOf, openChainHost } from '../../../sim/live/chain-host.ts'
import { chainLink } from '../../../sim/live/chain-link.ts'
import { identityOf } from '../../../sim/live/identities.ts'
import { Rng } from '../../../sim/random.ts'
import { type ScenarioFile, scenarioShape } from '../../../sim/scenario/shape.ts'

const SEED = 5
const signal = AbortSignal.timeout(30_000)

async function hostOf(
  chain: NonNullable<ScenarioFile['chain']>,
  others: Partial<ScenarioFile> = {}
): Promise<ChainHost> {
  const scenario = scenarioShape.parse({
    name: 'chain',
    question: 'What does the chain do?',
    durationSeconds: 10,
    network: { clinics: 4 },
    chain: { blockSeconds: 0.02, ...chain },
    ...others
  })
  return await openChainHost({
    scenario,
    primitives: p,
    clock: { nowMs: () => Date.now() },
    rng: new Rng(SEED, 'test'),
    identity: (node) => identityOf(SEED, node, { role: 'clinic' })
  })
}

/** A node's eyes on the chain, over the link that a worker has. */
async function eyes(host: ChainHost, node = 0) {
  const link = await chainLink(host.plan, (call) => host.answer(node, call), p)
  const { parameters, deployment } = host.plan
  const endpoints = Array.from({ length: parameters.endpoints }, (_, i) =>
    link.endpoint(`memory-${i}`)
  )
  const clock = { nowMs: () => Date.now() }
  const checkpoint = { get: async () => undefined, put: async () => {} }
  return {
    link,
    heads: quorumHeads({ endpoints, parameters, clock, checkpoint, primitives: p, cacheMs: 0 }),
    words: provenWords({ endpoints, deployment, primitives: p })
  }
}

const message = (items: number) => ({
  type: 'Revocations' as const,
  message: {
    owner: new Uint8Array(20) as never,
    items: Array.from({ length: items }, (_, i) => ({
      openingHash: new Uint8Array(32).fill(i + 1) as never,
      version: 1
    }))
  },
  sig: new Uint8Array(65)
})

describe('the chain of a live run', () => {
  let host: ChainHost | undefined
  afterEach(async () => {
    await host?.[Symbol.asyncDispose]()
    host = undefined
  })

  it('seats each clinic in an organisation of its own, proven over the link', async () => {
    host = await hostOf({ kind: 'consortium' })
    await host.open(4, signal)
    const { heads, words } = await eyes(host)
    const { account } = await identityOf(SEED, 3, { role: 'clinic' })

    const current = await heads.current({ signal })

    expect(current.ok).toBe(true)
    if (!current.ok) return
    const proven = await words.prove(current.value.conf, [accountSlot(account, p)], { signal })
    expect(proven.ok && decodeAccountWord(proven.value.words[0] ?? 0n)).toMatchObject({ org: 4 })
  })

  it('makes blocks by itself', async () => {
    host = await hostOf({ kind: 'memory' })
    await host.open(4, signal)

    await host.confirmed(8, signal)

    expect(host.stats.blocks).toBeGreaterThan(8)
  })

  it('tells a message’s refusal by the name that the node’s code knows', async () => {
    host = await hostOf({ kind: 'memory' })
    await host.open(4, signal)
    const { link } = await eyes(host)
    const { account, accountKey } = await identityOf(SEED, 0, { role: 'clinic' })

    const sent = link.writer(account, accountKey).submit(message(1), { signal })

    await expect(sent).rejects.toMatchObject({ name: 'TransactionFailedError' })
  })

  it('takes no message of a node without a seat', async () => {
    host = await hostOf({ kind: 'memory' })
    await host.open(2, signal)

    expect(
      await host.answer(3, {
        to: 'writer',
        account: new Uint8Array(20) as never,
        message: message(1)
      })
    ).toEqual({
      ok: false,
      name: 'ChainUnavailableError',
      message: 'node 3 has no seat'
    })
  })

  it('puts no more into a block than others leave room for', async () => {
    const gas = gasOf(message(1))
    host = await hostOf({ kind: 'memory', gasPerBlock: 4 * gas, otherGasShare: 0.5 })
    await host.open(4, signal)
    const chain = host

    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        chain.answer(0, { to: 'writer', account: new Uint8Array(20) as never, message: message(1) })
      )
    )

    expect(answers.every(({ ok }) => !ok)).toBe(true) // forged: refused, but by a block
    expect(host.stats.queuedMax).toBe(6)
  })

  it('replaces blocks and tells from which on', async () => {
    host = await hostOf({ kind: 'memory', reorgsPerHour: 3_600 / 0.02, reorgDepth: 2 })
    const from: number[] = []
    host.onReorg = (block) => from.push(block)
    await host.open(4, signal)
    host.measure()

    await vi.waitFor(() => expect(from.length).toBeGreaterThan(2), { timeout: 5_000 })

    expect(host.stats.reorgs).toBe(from.length)
    host.heal()
  })

  it.each(['stale', 'down', 'slow', 'fork'] as const)(
    'lets nodes see the truth beside one endpoint that is %s',
    async (lie) => {
      host = await hostOf(
        { kind: 'consortium', endpoints: 3, quorum: 2 },
        { adversaries: [{ kind: 'lying-endpoint', endpoints: 1, lie }] }
      )
      await host.open(4, signal)
      const { heads } = await eyes(host)
      host.measure()
      const head = host.stats.blocks

      const seen = await heads.current({ signal })

      expect(seen.ok && seen.value.head.number >= head - 1).toBe(true)
    }
  )

  it('refuses a dev chain of other block times than anvil’s', async () => {
    await expect(hostOf({ kind: 'dev', blockSeconds: 5 })).rejects.toMatchObject({
      name: 'InvalidConfigError'
    })
  })
})
