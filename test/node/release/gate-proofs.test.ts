import { describe, expect, it } from 'vitest'
import type { GrantOpening } from '../../../core/grant.ts'
import { type GateWorld, gateWorld, named } from '../../fixtures/gate.ts'

/** Grants, records and directory, at the confirmed block and at the head. */
const QUESTIONS = 3 * 2

/** Questions to the chain since the last time, by method, of all endpoints. */
function counting({ endpoints }: GateWorld) {
  const total = (method: 'headNumber' | 'header' | 'proof') =>
    endpoints.reduce((sum, { calls }) => sum + calls[method], 0)
  let before = total('proof')
  return () => {
    const asked = total('proof') - before
    before += asked
    return asked
  }
}

/** So many peers at once, each on a stream of its own. */
const askAll = (world: GateWorld, openings: readonly GrantOpening[]) =>
  Promise.all(openings.map((opening) => world.ask({ opening })))

async function grants(world: GateWorld, count: number): Promise<readonly GrantOpening[]> {
  const openings = Array.from({ length: count }, (_, i) =>
    world.openingOf({ salt: named(`salt ${i}`) })
  )
  for (const opening of openings) await world.grant(opening)
  await world.confirm()
  return openings
}

const released = (heard: Awaited<ReturnType<typeof askAll>>): boolean =>
  heard.every(({ answer }) => answer.ok)

describe('proofs for releases', () => {
  it('are fetched once for all requests of a head', async () => {
    const world = await gateWorld()
    const asked = counting(world)

    const first = await askAll(world, Array(20).fill(world.opening))
    const cold = asked()
    const again = await askAll(world, Array(20).fill(world.opening))

    expect([released(first), released(again)]).toEqual([true, true])
    expect([cold, asked()]).toEqual([QUESTIONS, 0])
  })

  it('are one batch more after a new head, and not one for each request', async () => {
    const world = await gateWorld()
    const asked = counting(world)
    await world.ask()
    asked()

    const perHead: number[] = []
    for (let block = 0; block < 4; block++) {
      await world.chain.mine()
      expect(released(await askAll(world, Array(8).fill(world.opening)))).toBe(true)
      perHead.push(asked())
    }

    // from the second on, the confirmed block was a head before: its words are proven already
    expect(perHead).toEqual([QUESTIONS, QUESTIONS / 2, QUESTIONS / 2, QUESTIONS / 2])
  })

  it('of many grants at one head are one batch, too', async () => {
    const world = await gateWorld()
    const openings = await grants(world, 12)
    const asked = counting(world)

    expect(released(await askAll(world, openings))).toBe(true)

    expect(asked()).toBe(QUESTIONS)
  })

  it('of a grant that comes later at the same head are asked for by themselves', async () => {
    const world = await gateWorld()
    const [first, second] = (await grants(world, 2)) as [GrantOpening, GrantOpening]
    const asked = counting(world)
    await world.ask({ opening: first })
    asked()

    expect((await world.ask({ opening: second })).answer.ok).toBe(true)

    expect(asked()).toBe(2) // its own word, at both blocks: account and record were proven
  })

  it('are void at the next head: what was revoked there is refused, whatever is kept', async () => {
    const world = await gateWorld()
    const asked = counting(world)
    await world.ask()
    await world.send(world.revocation())
    asked()

    const { answer, receipts } = await world.ask()

    expect(answer.ok).toBe(false)
    expect(receipts).toMatchObject([{ kind: 'refuse', code: 506 }])
    expect(asked()).toBe(QUESTIONS)
  })

  it('that nobody gave are not kept: who asks next asks again', async () => {
    const world = await gateWorld()
    for (const { faults } of world.endpoints)
      faults.forgeProof = (proof) => ({ ...proof, account: [] })
    expect((await world.ask()).receipts).toMatchObject([{ code: 502 }])
    for (const { faults } of world.endpoints) Object.assign(faults, { forgeProof: undefined })

    expect((await world.ask()).answer.ok).toBe(true)
  })
})
