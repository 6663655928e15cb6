import { expect, it } from 'vitest'
import { concat, equalBytes, fromHex } from '../../../core/bytes.ts'
import { contractSignature } from '../../../node/chain/erc1271.ts'
import { accountOf, hashOf, take, World } from './world.ts'

const MAGIC = concat(fromHex('1626ba7e'), new Uint8Array(28))
const wallet = accountOf('wallet')

/** A wallet that vouches for one signature. */
const answerCall = (to: Uint8Array, data: Uint8Array): Uint8Array => {
  const signature = data.subarray(4 + 3 * 32)
  const vouches = equalBytes(to, wallet) && signature[0] === 7
  return vouches ? MAGIC : new Uint8Array(32)
}

async function ask(account: Uint8Array, first: number, spoil: (name: string) => object) {
  const world = new World({ answerCall })
  const ends = ['a', 'b', 'c'].map((name) => world.chain.endpoint(name, spoil(name)))
  const honest = world.heads([world.chain.endpoint('honest')])
  const { head } = take(await honest.current())
  const init = { endpoints: ends, parameters: { quorum: 2 } }
  const signature = Uint8Array.of(first, 1, 2)
  return await contractSignature(init, account as never, hashOf('digest'), signature, head)
}

it.each([
  ['vouches for its own', wallet, 7, 'ok'],
  ['does not vouch for another', wallet, 8, 'bad'],
  ['without code vouches for nothing', accountOf('person'), 7, 'bad']
])('a contract account %s', async (_, account, first, verdict) => {
  expect(await ask(account, first, () => ({}))).toBe(verdict)
})

it('is not believed on the word of fewer than q endpoints', async () => {
  expect(await ask(wallet, 7, (name) => ({ down: name !== 'a' }))).toBe('unresolved')
})

it('is not kept waiting by an endpoint that is slow', async () => {
  const spoil = (name: string): object => (name === 'c' ? { slowMs: Number.POSITIVE_INFINITY } : {})

  expect(await ask(wallet, 7, spoil)).toBe('ok')
})
