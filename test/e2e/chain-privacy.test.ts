/**
 * What a stranger with all of the chain learns of a long history of consent: a table of what
 * SECURITY.md §13 and the decisions say is visible, and nothing else. Names, records, contents,
 * terms of grants and the tie between patients and clinics are looked for in every slot, event, code
 * and calldata, plain, cut, re-encoded and hashed (CHAIN.md §8, rule 21). The journey of whole
 * daemons is searched by privacy.test.ts.
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex0x, utf8 } from '../../core/bytes.ts'
import { type Anvil, startAnvil } from '../../node/chain/anvil.ts'
import { deploy } from '../../node/chain/deploy.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { bytes, type Cast, cast, numberWord, person, type Secrets } from './chain-cast.ts'
import { type ChainDump, dumpPublic, dumpState, type Piece } from './chain-dump.ts'
import { linksOf, VISIBLE } from './chain-links.ts'
import { PublicSearch, pairHashes } from './chain-needles.ts'
import { orgBytes, Story } from './chain-story.ts'

let anvil: Anvil
let people: Cast
let story: Story
let dump: ChainDump
let search: PublicSearch
const secrets: Secrets = new Map()
const chapters: string[] = []
/** Every value that a slot had after some chapter. */
const slots = new Map<string, Piece>()

beforeAll(async () => {
  anvil = await startAnvil()
  const { url } = anvil
  people = cast(secrets)
  const deployer = person(secrets, 'deployer')
  for (const { account } of [deployer, ...everybody()]) {
    await rpc('anvil_setBalance', toHex0x(account), '0x56bc75e2d63100000')
  }
  const founders = people.admins.map(({ org, account: admin }) => ({ org, admin }))
  const deployment = await deploy({ url, deployerKey: deployer.key, primitives: p, founders })
  story = new Story({ url, deployment, secrets, people })
  for await (const chapter of story.tell()) {
    chapters.push(chapter)
    for (const piece of (await dumpState(rpc)).pieces) {
      slots.set(`${piece.where} ${piece.bytes.toString('hex')}`, piece)
    }
  }
  dump = await dumpPublic(rpc)
  search = theSearch()
})
afterAll(() => anvil?.stop())

async function rpc<T>(method: string, ...params: unknown[]): Promise<T> {
  const response = await fetch(anvil.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  })
  const { result, error } = (await response.json()) as { result: T; error?: { message: string } }
  if (error != null) throw new Error(`${method}: ${error.message}`)
  return result
}

const owners = () => [people.ana, people.anaAtTheLab, people.bo, people.cem]
const professionals = () => [
  ...people.admins,
  people.newcomer,
  ...people.relayers,
  ...people.doctors,
  ...people.attesters,
  people.researcher
]
const everybody = () => [
  ...owners(),
  ...professionals(),
  people.guardian,
  ...people.helpers,
  people.successor
]

/** All secrets so far, and the hashes of every owner with every clinic. */
function theSearch(): PublicSearch {
  const made = new PublicSearch(secrets)
  for (const owner of owners()) {
    for (const { account, org, name } of professionals()) {
      made.addHashes(`${owner.name} with ${name}`, pairHashes(owner.account, account))
      made.addHashes(`${owner.name} with ${org}`, pairHashes(owner.account, orgBytes(org)))
    }
  }
  return made
}

describe('a long story on a real chain', () => {
  it('sends everything that the contracts take', () => {
    expect(chapters).toHaveLength(8)
    expect(dump.transactions.length).toBeGreaterThan(100)
    const methods = new Set(linksOf(dump, story, owners(), professionals()).methods)
    for (const method of EVERY_METHOD) expect([...methods], method).toContain(method)
  })

  it('shows no name, record, content, term of a grant, reason or key, plain or hashed', () => {
    expect(search.size).toBeGreaterThan(50_000)
    expect(search.inAll(dump.pieces)).toEqual([])
    expect(search.in('headers, receipts and the state file', dump.text)).toEqual([])
    expect(search.inAll([...slots.values()])).toEqual([])
  })

  it('ties an owner to a clinic or to another owner only where the table says so', () => {
    const { links } = linksOf(dump, story, owners(), professionals())
    const rowsOf = (link: (typeof links)[number]) => VISIBLE.filter(({ fits }) => fits(link))

    expect(links.filter((link) => rowsOf(link).length === 0)).toEqual([])
    // a row that nothing needs would let through what nobody thought of
    for (const row of VISIBLE) {
      expect(
        links.some((link) => row.fits(link)),
        row.what
      ).toBe(true)
    }
  })

  it('tells the grantees of no grant, though it knows all clinicians', () => {
    const { links } = linksOf(dump, story, owners(), professionals())
    const clinics = new Set(professionals().map(({ name }) => name))
    const grants = links.filter(
      ({ method, clinic }) => /^(grant|revoke|optOut)/.test(method) && clinics.has(clinic)
    )

    expect(grants.length).toBeGreaterThan(10)
    expect(new Set(grants.map(({ how }) => how))).toEqual(new Set(['payer']))
    const relayers = people.relayers.map(({ name }) => name)
    expect(grants.filter(({ clinic }) => !relayers.includes(clinic))).toEqual([])
  })
})

/** By its Solidity name. */
const EVERY_METHOD = [
  ...['grantBySig', 'grantBatchBySig', 'grant', 'revokeBySig', 'revokeBatch', 'revokeAllBySig'],
  ...['optOutBySig', 'recordsBySig', 'records', 'attest', 'lapse', 'setWishBySig', 'breakGlass'],
  ...['review', 'reviewOwnBySig', 'setBindingEpoch', 'setBindingEpochBySig', 'consent', 'enrol'],
  ...['suspend', 'reinstate', 'setGroupMember', 'vote', 'anchor', 'anchorBySig'],
  ...['appointBySig', 'endBySig', 'setPlanBySig', 'propose', 'vetoBySig', 'complete']
]

/** Puts bytes on the chain in a way that a careless contract would. */
const PLANT: Readonly<Record<string, (planted: Buffer) => Promise<void>>> = {
  'in calldata': async (planted) => {
    const { account } = people.relayers[0] as { account: Uint8Array }
    const [from] = await rpc<string[]>('eth_accounts')
    const to = toHex0x(account)
    const data = `0x12345678${planted.toString('hex')}`
    await mined(await rpc<string>('eth_sendTransaction', { from, to, data, gas: '0xf4240' }))
  },
  'in code': async (planted) => {
    await rpc('anvil_setCode', `0x${'c0'.repeat(20)}`, `0xfe${planted.toString('hex')}`)
  },
  'in an event': async (planted) => {
    // mstores each word, then LOG1 over all of them with the first as its topic
    const words = wordsOf(planted)
    const stores = words.map((w, i) => `7f${w}60${(32 * i).toString(16).padStart(2, '0')}52`)
    const size = (32 * words.length).toString(16).padStart(2, '0')
    const code = `0x${stores.join('')}7f${words[0]}60${size}6000a100`
    const [from] = await rpc<string[]>('eth_accounts')
    const at = `0x${'c1'.repeat(20)}`
    await rpc('anvil_setCode', at, code)
    await mined(await rpc<string>('eth_sendTransaction', { from, to: at, gas: '0xf4240' }))
    await rpc('anvil_setCode', at, '0x')
  },
  'in slots': async (planted) => {
    for (const [i, word] of wordsOf(planted).entries()) {
      const slot = `0x${(1_000 + i).toString(16).padStart(64, '0')}`
      await rpc('anvil_setStorageAt', `0x${'c2'.repeat(20)}`, slot, `0x${word}`)
    }
  }
}

async function mined(tx: string): Promise<void> {
  while ((await rpc('eth_getTransactionReceipt', tx)) == null) await rpc('evm_mine')
}

const wordsOf = (planted: Buffer): string[] =>
  Array.from({ length: Math.ceil(planted.length / 32) }, (_, i) =>
    planted
      .subarray(32 * i, 32 * i + 32)
      .toString('hex')
      .padEnd(64, '0')
  )

describe('the search itself', () => {
  const planted = bytes(32)
  const SHAPES: readonly [string, () => Buffer][] = [
    ['itself', () => Buffer.from(planted)],
    ['itself among other bytes', () => Buffer.concat([Buffer.from(bytes(7)), planted, bytes(9)])],
    ['its first half', () => Buffer.from(planted.subarray(0, 16))],
    ['the end of its hash, as an address is', () => Buffer.from(p.keccak256(planted).subarray(12))],
    ['its sha256', () => Buffer.from(p.sha256(planted))],
    ['it in hex', () => Buffer.from(Buffer.from(planted).toString('hex'))],
    ['it in base64', () => Buffer.from(Buffer.from(planted).toString('base64'))]
  ]

  it.each(SHAPES)('finds %s wherever it was put', async (_what, shape) => {
    const found = new PublicSearch(new Map([['planted', planted]]))
    expect(found.inAll(dump.pieces)).toEqual([])
    const snapshot = await rpc<string>('evm_snapshot')
    for (const put of Object.values(PLANT)) await put(shape())
    const after = await dumpPublic(rpc)
    await rpc('evm_revert', snapshot)

    for (const kind of ['calldata', 'code', 'event', 'slot value']) {
      const pieces = after.pieces.filter((piece) => piece.kind === kind)
      // what lies over two words is cut there: a half of it is still seen
      expect(found.inAll(pieces)[0]?.needle, kind).toMatch(/planted$/)
    }
  })

  it.each<[string, Uint8Array, Uint8Array, string]>([
    ['a text in small letters', utf8('Ana Martinez'), utf8('ana martinez'), 'it'],
    ['a hashed name', utf8('Dr Okonkwo'), p.keccak256(utf8('Dr Okonkwo')), 'keccak of it'],
    ['a time as Solidity pads it', numberWord(1_900_123_457), numberWord(1_900_123_457), 'it'],
    ['a time as a word packs it', numberWord(0x71_41_cd_41), Buffer.from('007141cd41', 'hex'), 'it']
  ])('finds %s', (_what, secret, shown, needle) => {
    const found = new PublicSearch(new Map([['it', secret]]))
    const hay = Buffer.concat([bytes(3), shown, bytes(3)])
    expect(found.in('here', hay)).toEqual([{ needle, where: 'here' }])
  })

  it('finds an owner and a clinic in one transaction, event or slot, and their hash', () => {
    const [owner] = owners() as [Cast['ana']]
    const [doctor] = people.doctors as [Cast['doctors'][number]]
    const piece = (kind: 'calldata' | 'event', of: Uint8Array) => ({
      kind,
      where: kind,
      bytes: Buffer.from(of),
      tx: '0x1'
    })
    const tx = (second: ReturnType<typeof piece>): ChainDump => {
      const pieces = [piece('calldata', owner.account), second]
      return {
        transactions: [{ hash: '0x1', from: `0x${'00'.repeat(20)}`, to: '', pieces }],
        pieces,
        text: Buffer.alloc(0)
      }
    }
    for (const second of [
      piece('event', doctor.account),
      piece('calldata', doctor.account),
      piece('event', orgBytes(doctor.org))
    ]) {
      const { links } = linksOf(tx(second), story, owners(), professionals())
      expect(links.filter((link) => !VISIBLE.some(({ fits }) => fits(link)))).not.toEqual([])
    }
    const both = pairHashes(owner.account, doctor.account)
    for (const each of both) expect(search.in('', Buffer.from(each))).not.toEqual([])
  })
})
