import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type NearTableInit,
  nearTable,
  sharedBits,
  type Trie
} from '../../../node/network/near-table.ts'
import { memoryNode, type TestNode } from './nodes.ts'

type Contact = Parameters<Trie['verify']>[0]

const id = (bits: string): Uint8Array => {
  const bytes = new Uint8Array(32)
  for (const [i, bit] of [...bits].entries())
    if (bit === '1') bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (0x80 >> (i & 7))
  return bytes
}

/** A table as kad-dht's: whoever `verify` lets in is put into it. */
class Table implements Trie {
  readonly localPeer = { kadId: id('') }
  readonly contacts: Contact[] = []
  readonly pinged: Contact[] = []
  readonly gone = new Set<Contact>()
  verify = async (contact: Contact): Promise<boolean> => !this.gone.has(contact)
  ping = async function* (this: Table, contacts: Contact[]): AsyncGenerator<Contact> {
    this.pinged.push(...contacts)
    yield* contacts.filter((contact) => this.gone.has(contact))
  }.bind(this)
  now = 0

  constructor(init: Partial<NearTableInit> = {}) {
    nearTable(this, { clock: { nowMs: () => this.now }, ...init })
  }

  async remove(kadId: Uint8Array): Promise<void> {
    this.contacts.splice(
      this.contacts.findIndex((contact) => contact.kadId === kadId),
      1
    )
  }

  toIterable(): Iterable<Contact> {
    return this.contacts
  }

  async add(bits: string): Promise<Contact> {
    const contact = { kadId: id(bits), peerId: {} } as Contact
    if (await this.verify(contact)) this.contacts.push(contact)
    return contact
  }

  has(contact: Contact): boolean {
    return this.contacts.includes(contact)
  }
}

describe('table that is deep near the node', () => {
  it('takes k of each prefix far away, as kad-dht does', async () => {
    const table = new Table({ k: 2, prefixLength: 3 })
    for (const bits of ['1000', '1001', '1001', '1010', '1011', '1111']) await table.add(bits)

    expect(table.contacts.map(({ kadId }) => kadId[0])).toEqual([0x80, 0x90, 0xa0, 0xb0, 0xf0])
  })

  it('takes k for every further bit that a contact shares with the node', async () => {
    const table = new Table({ k: 2, prefixLength: 3 })
    for (const near of ['0001', '00001', '000001', '0000001'])
      for (const last of ['0', '1', '01']) await table.add(near + last)

    expect(table.contacts).toHaveLength(8)
  })

  it('holds everybody of a bucket that has room for all, and k of any other', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 0x3fff }), { minLength: 1, maxLength: 60 }),
        async (given) => {
          const table = new Table({ k: 4, prefixLength: 2 })
          const distinct = [...new Set(given)]
          for (const n of distinct) await table.add(n.toString(2).padStart(16, '0'))

          // all are in the node's own half and quarter: a bucket for each number of leading zeros
          const wanted = Map.groupBy(distinct, (n) => Math.clz32(n))
          const held = Map.groupBy(table.contacts, ({ kadId }) => sharedBits(kadId, id(''), 64))
          for (const [zeros, members] of wanted)
            expect(held.get(zeros - 16)?.length).toBe(Math.min(4, members.length))
        }
      )
    )
  })

  it('takes nobody that does not answer', async () => {
    const table = new Table({ k: 2 })
    const contact = { kadId: id('1'), peerId: {} } as Contact
    table.gone.add(contact)

    expect(await table.verify(contact)).toBe(false)
  })

  it('puts a new one in the place of one that is gone', async () => {
    const table = new Table({ k: 1, prefixLength: 2 })
    const first = await table.add('11')
    table.gone.add(first)
    table.now += 600_000
    const second = await table.add('110')

    expect([table.has(first), table.has(second)]).toEqual([false, true])
  })

  it('leaves those in peace that answered within ten minutes, and then asks each once', async () => {
    const table = new Table({ k: 1, prefixLength: 2 })
    await table.add('11')
    table.now += 599_999
    await table.add('110')
    const early = table.pinged.length
    table.now += 1
    await table.add('111')
    await table.add('1101')

    expect([early, table.pinged.length, table.contacts.length]).toEqual([0, 1, 1])
  })

  it('is not filled beyond k by contacts that come together', async () => {
    const table = new Table({ k: 2, prefixLength: 2 })
    await Promise.all(['1100', '1101', '1110', '1111'].map((bits) => table.add(bits)))

    expect(table.contacts).toHaveLength(2)
  })
})

describe('the library that it hangs on to', () => {
  // fields that its types do not promise: a version without them must not pass
  interface Inside {
    readonly d: number
    readonly a: number
    readonly querySelf: { readonly count: number }
    readonly routingTable: { readonly kb: Trie & { readonly prefixLength: number } }
  }
  const inside = (node: TestNode) => node.libp2p.services.dht as unknown as Inside

  it('has what we need, and takes one path, eight at a time', async () => {
    await using node = await memoryNode()
    const { a, d, querySelf, routingTable } = inside(node)
    const { kb } = routingTable
    const verify = kb.verify({ kadId: id('1'), peerId: node.libp2p.peerId })

    expect([a, d, querySelf.count, kb.prefixLength]).toEqual([8, 1, Infinity, 64])
    expect(kb.localPeer?.kadId).toHaveLength(32)
    expect([kb.verify.length, [...kb.toIterable()].length]).toEqual([2, 0])
    expect(await verify.then(Boolean, () => false)).toBe(false) // nobody pings itself
    await kb.remove(id('1'))
  })

  it('keeps its own ways where its own table is wanted', async () => {
    await using node = await memoryNode({ dht: { table: 'trie' } })
    const { a, d, querySelf, routingTable } = inside(node)

    expect([a, d, querySelf.count, routingTable.kb.prefixLength]).toEqual([10, 10, 20, 6])
  })
})

describe('shared bits', () => {
  it.each([
    { a: '', b: '1', most: 64, bits: 0 },
    { a: '', b: '0000000001', most: 64, bits: 9 },
    { a: '', b: '0000000001', most: 6, bits: 6 },
    { a: '101', b: '101', most: 64, bits: 64 }
  ])('of "$a" and "$b", up to $most: $bits', ({ a, b, most, bits }) => {
    expect(sharedBits(id(a), id(b), most)).toBe(bits)
  })
})
