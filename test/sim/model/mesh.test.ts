import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MESH_DEGREE, Mesh } from '../../../sim/model/mesh.ts'
import { Rng } from '../../../sim/random.ts'

describe('Mesh', () => {
  it('has D links a node in the mean, both ways, and none to itself', () => {
    const mesh = new Mesh(500, new Rng(1))
    let links = 0
    for (let node = 0; node < mesh.count; node++) {
      links += mesh.degreeOf(node)
      for (let i = 0; i < mesh.degreeOf(node); i++) {
        const other = mesh.neighbour(node, i)
        const back = Array.from({ length: mesh.degreeOf(other) }, (_, j) =>
          mesh.neighbour(other, j)
        )
        expect(other).not.toBe(node)
        expect(back, `${node} and ${other}`).toContain(node)
      }
    }

    expect(links / mesh.count).toBeGreaterThan(MESH_DEGREE - 0.2)
    expect(links / mesh.count).toBeLessThanOrEqual(MESH_DEGREE)
  })

  it('reaches everybody, at the cost of each link but one a node', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 200 }), fc.nat(0xffff), (count, seed) => {
        const mesh = new Mesh(count, new Rng(seed))
        let links = 0
        for (let node = 0; node < count; node++) links += mesh.degreeOf(node)
        const { reached, messages } = mesh.spread(0, () => 10)

        expect(reached).toBe(count)
        // all pass it to all but the one it came from
        expect(messages).toBe(links - (count - 1))
      }),
      { numRuns: 30 }
    )
  })

  it('takes the quickest way, and counts its length', () => {
    const mesh = new Mesh(100, new Rng(2))
    const { lastTick, hops } = mesh.spread(0, () => 7)

    expect(lastTick).toBe(7 * hops)
  })

  it('stays on its side when nothing crosses', () => {
    const mesh = new Mesh(100, new Rng(2))
    const { reached } = mesh.spread(0, (from, to) => (from < 50 === to < 50 ? 5 : -1))

    expect(reached).toBeLessThanOrEqual(50)
    expect(reached).toBeGreaterThan(40)
  })
})
