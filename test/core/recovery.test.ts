import { AbiCoder, keccak256 } from 'ethers'
import { describe, expect, it } from 'vitest'
import { toHex0x } from '../../core/bytes.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import {
  decodeHelp,
  decodePlan,
  encodeHelp,
  encodePlan,
  planFault,
  planHash
} from '../../core/recovery.ts'
import { addressOf, fill, hashOf, OWNER } from '../fixtures/messages.ts'

const helpers = [addressOf(1), addressOf(2), addressOf(3)]
const plan = { salt: hashOf(0x5a), threshold: 2, helpers }

describe('a plan for recovery', () => {
  it('is hashed as the contract hashes it', () => {
    const encoded = AbiCoder.defaultAbiCoder().encode(
      ['bytes32', 'uint8', 'address[]'],
      [toHex0x(plan.salt), 2, helpers.map(toHex0x)]
    )

    expect(toHex0x(planHash(plan, p))).toBe(keccak256(encoded))
  })

  it.each([
    ['no helpers', { helpers: [] }, /threshold/],
    ['a threshold beyond them', { threshold: 4 }, /1\.\.3/],
    ['a threshold of none', { threshold: 0 }, /1\.\.3/],
    [
      'nine helpers',
      { helpers: Array.from({ length: 9 }, (_, i) => addressOf(i + 1)) },
      /at most 8/
    ],
    ['helpers out of order', { helpers: [addressOf(2), addressOf(1)] }, /ascending/],
    ['a helper twice', { helpers: [addressOf(1), addressOf(1)] }, /each once/],
    ['nobody as a helper', { helpers: [addressOf(0), addressOf(1)] }, /ascending/]
  ])('cannot have %s', (_what, changes, why) => {
    expect(planFault({ ...plan, ...changes })).toMatch(why)
    expect(() => planHash({ ...plan, ...changes }, p)).toThrow(why)
  })

  it('is read back from its text, and so is a helper’s help', () => {
    const named = { account: OWNER, successor: addressOf(9), planVersion: 1, round: 2 }
    const help = { v: 1 as const, ...named, plan, helper: addressOf(1), sig: fill(7, 65) }

    expect(decodePlan(encodePlan(plan))).toEqual(plan)
    expect(decodeHelp(encodeHelp(help))).toEqual(help)
    expect(() => decodeHelp(encodePlan(plan))).toThrow('help')
  })
})
