import { describe, expect, it } from 'vitest'
import { recordSecret } from '../../../core/ids.ts'
import { collectShares } from '../../../node/verbs/collect-shares.ts'
import { named } from '../../fixtures/gate.ts'
import {
  type Behaviour,
  flipped,
  peerOfPlace,
  type Reading,
  reading,
  refusal
} from '../../fixtures/reading.ts'

const SECRET = recordSecret(named('secret 1'))
const never = new Promise<never>(() => {})
const broken = (): Behaviour => {
  const wait = Promise.reject(new Error('the stream ended'))
  wait.catch(() => {})
  return { wait }
}
const denied: Behaviour = { answer: refusal(400) }
const liar: Behaviour = { plain: (plain) => flipped(plain) }

const collect = ({ node, read }: Reading) =>
  collectShares(node, read, { signal: AbortSignal.timeout(20_000), progress: () => {} })

describe('collecting shares', () => {
  it('joins t of them to the secret', async () => {
    const { secret, blamed, settled, released } = await collect(await reading())
    await settled

    expect(secret).toEqual(SECRET)
    expect([blamed.length, released.length]).toEqual([0, 3])
  })

  it.each([
    ['lies', liar],
    ['refuses', denied],
    ['breaks off', broken()],
    ['says nothing', { wait: never }]
  ])('does without one that %s', async (_, behaviour) => {
    const { secret } = await collect(await reading({ 2: behaviour }))

    expect(secret).toEqual(SECRET)
  })

  it('names the one that lies, even if it answers last', async () => {
    const slow = Promise.withResolvers<void>()
    const collected = await collect(await reading({ 3: { ...liar, wait: slow.promise } }))
    expect(collected.blamed).toEqual([])

    slow.resolve()
    await collected.settled

    expect(collected.blamed).toEqual([
      { peer: peerOfPlace(3), reason: 'share 3 does not match its commitment' }
    ])
    expect(collected.secret).toEqual(SECRET)
  })

  it('counts a share once, whoever sends it', async () => {
    const slow = Promise.withResolvers<void>()
    const of = await reading({ 2: { idx: 1 }, 3: { wait: slow.promise } })
    const collecting = collect(of)
    while (of.asked.size < 2) await new Promise((resolve) => setImmediate(resolve))
    slow.resolve()

    const { secret } = await collecting

    expect(secret).toEqual(SECRET)
  })

  it('takes a share from a stand-by by its commitment', async () => {
    const { secret } = await collect(await reading({ 1: broken(), 2: { idx: 1 } }))

    expect(secret).toEqual(SECRET)
  })

  it.each([
    ['one is left', { 1: broken(), 2: denied }, { got: 1, needed: 2 }],
    ['nobody is reached', { 1: broken(), 2: broken(), 3: broken() }, { got: 0, needed: 2 }],
    ['one tells the truth', { 1: liar, 2: liar }, { got: 1, needed: 2 }],
    ['two send the same', { 1: broken(), 2: { idx: 3 } }, { got: 1, needed: 2 }]
  ])('is not enough when %s', async (_, behaviours, numbers) => {
    await expect(collect(await reading(behaviours))).rejects.toMatchObject({
      name: 'NotEnoughSharesError',
      ...numbers
    })
  })

  it.each([
    ['all refuse', { 1: denied, 2: denied, 3: denied }, 400],
    ['all that answer refuse', { 1: broken(), 2: denied, 3: denied }, 400],
    ['all say why', { 1: { answer: refusal(303) }, 2: broken(), 3: broken() }, 303]
  ])('is denied when %s', async (_, behaviours, code) => {
    await expect(collect(await reading(behaviours))).rejects.toMatchObject({
      name: 'AccessDeniedError',
      code
    })
  })

  it('tells how many have answered', async () => {
    const { node, read } = await reading()
    const steps: unknown[] = []
    const { settled } = await collectShares(node, read, {
      signal: AbortSignal.timeout(20_000),
      progress: (step) => steps.push(step)
    })
    await settled

    expect(steps).toEqual([1, 2, 3].map((done) => ({ step: 'shares', done, total: 3 })))
  })
})
