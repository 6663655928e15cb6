import { describe, expect, it } from 'vitest'
import { BINDING_CACHE_ITEMS } from '../../../core/limits.ts'
import type { Primitives } from '../../../core/primitives.ts'
import { BindingVerdicts } from '../../../node/release/bindings.ts'
import { gateWorld, named, p } from '../../fixtures/gate.ts'

async function verdicts() {
  const world = await gateWorld({ opening: false })
  let recovered = 0
  const counting: Primitives = {
    ...p,
    secp256k1Recover: (...args) => {
      recovered++
      return p.secp256k1Recover(...args)
    }
  }
  const { binding, bindingSig } = world.card
  const of = new BindingVerdicts(world.chain.deployment, counting)
  return { of, binding, bindingSig, recovered: () => recovered }
}

describe('binding verdicts', () => {
  it('are worked out once for the same binding and signature', async () => {
    const { of, binding, bindingSig, recovered } = await verdicts()

    const said = [1, 2, 3].map(() => of.of({ ...binding }, bindingSig.slice()))

    expect(said).toEqual(['ok', 'ok', 'ok'])
    expect(recovered()).toBe(1)
  })

  it('are anew for anything else', async () => {
    const { of, binding, bindingSig } = await verdicts()
    of.of(binding, bindingSig)

    expect(of.of({ ...binding, bindingEpoch: 9 }, bindingSig)).toBe('unresolved')
    expect(of.of(binding, bindingSig.with(5, (bindingSig[5] as number) ^ 1))).toBe('unresolved')
    expect(of.of({ ...binding, kemKeyHash: named('other') }, bindingSig)).toBe('unresolved')
    expect(of.of(binding, bindingSig)).toBe('ok')
  })

  it('are forgotten when there are too many', async () => {
    const { of, binding, bindingSig, recovered } = await verdicts()
    of.of(binding, bindingSig)
    const junk = new Uint8Array(1)
    for (let i = 0; i < BINDING_CACHE_ITEMS; i++) of.of({ ...binding, bindingEpoch: i }, junk)
    const before = recovered()

    expect(of.of(binding, bindingSig)).toBe('ok')
    expect(recovered()).toBe(before + 1)
  })
})
