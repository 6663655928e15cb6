import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { describe, expect, it } from 'vitest'
import { memoryStores } from '../../../node/memory.ts'
import { noPlaintextOutside } from '../../../sim/checks/no-plaintext-outside.ts'
import type { PlaceSearched } from '../../../sim/checks/observations.ts'
import { heard, listen, relent, search, withhold } from '../../../sim/live/inspect.ts'
import type { NodeCall } from '../../../sim/live/worker.ts'

const CANARY = new TextEncoder().encode('Ana has had a fever of 39.5')
const call = { signal: AbortSignal.timeout(10_000), progress: () => {} }
const clean = new Uint8Array(500).fill(7)
const planted = Uint8Array.from([...clean, ...CANARY, ...clean])

type Node = Parameters<NodeCall>[0]

const nodeWith = (stores: ReturnType<typeof memoryStores>): Node =>
  ({ stores, identity: { name: 'clinic-3' } }) as Node

const searched = async (stores: ReturnType<typeof memoryStores>) =>
  (await search(nodeWith(stores), { canaries: [CANARY] }, call)) as readonly PlaceSearched[]

describe('a search of a node’s stores', () => {
  it('finds nothing where nothing is', async () => {
    const stores = memoryStores('clinic')
    await stores.ledger.append(clean)

    const places = await searched(stores)

    expect(noPlaintextOutside(places).violations).toBe(0)
    expect(places.map(({ place }) => place)).toContain('clinic-3/custody')
    expect(places.find(({ place }) => place === 'clinic-3/ledger')?.bytes).toBe(500)
  })

  it.each([
    ['ledger', (s: ReturnType<typeof memoryStores>) => s.ledger.append(planted)],
    ['mailbox', (s: ReturnType<typeof memoryStores>) => s.clinic?.mailbox.append(planted)],
    [
      'datastore',
      (s: ReturnType<typeof memoryStores>) =>
        (s.datastore as MemoryDatastore).put(new Key('/x'), planted)
    ],
    [
      'blocks',
      async (s: ReturnType<typeof memoryStores>) =>
        s.blockstore.put(CID.createV1(raw.code, await sha256.digest(planted)), planted)
    ]
  ])('finds a piece of a record in the %s', async (name, plant) => {
    const stores = memoryStores('clinic')
    await plant(stores)

    const { violations, first } = noPlaintextOutside(await searched(stores))

    expect(violations).toBe(1)
    expect(first).toContain(`clinic-3/${name}`)
  })
})

describe('a tapped socket', () => {
  it('hears a piece of a record that goes over in two packets', async () => {
    const node = nodeWith(memoryStores('clinic'))
    await listen(node, { canaries: [CANARY] }, call)
    const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const socket = connect(port, '127.0.0.1')
    socket.write(planted.subarray(0, 510))
    await new Promise((resolve) => socket.write(planted.subarray(510), resolve))
    socket.end()
    await once(socket, 'close')
    server.close()

    expect(await heard(node, undefined, call)).toMatchObject({ found: expect.any(Number) })
    expect(((await heard(node, undefined, call)) as { found: number }).found).toBeGreaterThan(0)
  })
})

describe('a withholding clinic', () => {
  it('keeps its blocks and gives none', async () => {
    const stores = memoryStores('clinic')
    const cid = CID.createV1(raw.code, await sha256.digest(clean))
    await stores.blockstore.put(cid, clean)

    await withhold(nodeWith(stores), undefined, call)

    expect(() => stores.blockstore.get(cid)).toThrow('withheld')
    expect(await stores.blockstore.has(cid)).toBe(true)
    await relent(nodeWith(stores), undefined, call)
    expect(() => stores.blockstore.get(cid)).not.toThrow()
  })
})
