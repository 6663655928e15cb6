import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryBlockstore } from 'blockstore-core'
import { CID } from 'multiformats/cid'
import { beforeAll, describe, expect, it } from 'vitest'
import { BLOCKS_AHEAD } from '../../../core/limits.ts'
import type {
  FetchOptions,
  Provider,
  ProviderFailure,
  StreamedBlock
} from '../../../node/storage/block-session.ts'
import { blocksBroker } from '../../../node/storage/broker.ts'
import { LEAF_BYTES } from '../../../node/storage/dag.ts'
import { memoryJournal } from '../../../node/storage/memory-journal.ts'
import { Vault } from '../../../node/storage/vault.ts'
import { bytesOf, gather } from './gather.ts'

const LEAVES = 40
let root: CID
let whole: readonly StreamedBlock[]
let given: Uint8Array
let providers: readonly Provider[]

beforeAll(async () => {
  const vault = await Vault.open({ blockstore: new MemoryBlockstore(), pins: memoryJournal() })
  given = new Uint8Array(LEAVES * LEAF_BYTES)
  for (let n = 0; n < LEAVES; n++) given[n * LEAF_BYTES] = n + 1
  root = await vault.put(
    (async function* () {
      yield given
    })()
  )
  whole = await gather(vault.blocks(root))
  providers = await Promise.all(
    [1, 2, 3].map(async (n) => {
      const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(n))
      return { peer: peerIdFromPrivateKey(key), addrs: [multiaddr(`/ip4/127.0.0.1/tcp/${n}`)] }
    })
  )
})

type Behaviour = (index: number, asked: FetchOptions) => void | Promise<void>

/** Providers by number: each serves all blocks, doing what its behaviour says before each. */
function network(...behaviours: Behaviour[]) {
  const asked: { peer: number; from: number }[] = []
  let served = 0
  let open = 0
  const numberOf = (peer: PeerId) => providers.findIndex((p) => p.peer.equals(peer))
  async function* fetch(
    peer: PeerId,
    of: CID,
    options: FetchOptions
  ): AsyncGenerator<StreamedBlock> {
    const number = numberOf(peer)
    const from = options.from ?? 0
    asked.push({ peer: number, from })
    open++
    try {
      expect(of.toString()).toBe(root.toString())
      // Like protocols/blocks: the nodes before `from` give the order of what follows.
      if (from > 0) await options.known?.(root)
      for (const block of whole.slice(from)) {
        options.signal?.throwIfAborted()
        await behaviours[number]?.(block.index, options)
        served++
        yield block
      }
    } finally {
      open--
    }
  }
  return {
    asked,
    fetch,
    get served() {
      return served
    },
    get open() {
      return open
    }
  }
}

const fails =
  (at: number, message = 'gone'): Behaviour =>
  (index) => {
    if (index === at) throw new Error(message)
  }

async function vaultOver(net: ReturnType<typeof network>, store = new MemoryBlockstore()) {
  const broker = blocksBroker({ fetch: net.fetch })
  return { store, vault: await Vault.open({ blockstore: store, pins: memoryJournal(), broker }) }
}

describe('blocks broker', () => {
  it('reads a record from one provider by one ordered stream, and stores nothing', async () => {
    const net = network()
    const { vault, store } = await vaultOver(net)

    const got = await bytesOf(vault.get(root, { providers }))

    expect(got.equals(given)).toBe(true)
    expect(net.asked).toEqual([{ peer: 0, from: 0 }])
    expect((await gather(store.getAll())).length).toBe(0)
    expect(net.open).toBe(0)
  })

  it('goes on with the next provider at the block where one failed, and names who and why', async () => {
    const failures: ProviderFailure[] = []
    const net = network(fails(7), fails(7, 'gone too'))
    const { vault } = await vaultOver(net)

    const onFailure = (failure: ProviderFailure) => failures.push(failure)
    const got = await bytesOf(vault.get(root, { providers, onFailure }))

    expect(got.equals(given)).toBe(true)
    expect(net.asked).toEqual([0, 7, 7].map((from, peer) => ({ peer, from })))
    expect(failures.map(({ peer, index, error }) => [String(peer), index, error.message])).toEqual([
      [String(providers[0]?.peer), 7, 'gone'],
      [String(providers[1]?.peer), 7, 'gone too']
    ])
  })

  it('fails with what the last provider did once all have failed', async () => {
    const net = network(fails(3), fails(9), fails(12, 'the last'))
    const { vault } = await vaultOver(net)

    const got = bytesOf(vault.get(root, { providers }))

    await expect(got).rejects.toMatchObject({
      name: 'ContentNotFoundError',
      cause: { message: 'the last' }
    })
  })

  it('fails at once when nobody is known to have the record', async () => {
    const { vault } = await vaultOver(network())

    await expect(bytesOf(vault.get(root))).rejects.toMatchObject({ name: 'ContentNotFoundError' })
  })

  it('reads no further ahead of its reader than its bound', async () => {
    const net = network()
    const { vault } = await vaultOver(net)
    const reading = vault.get(root, { providers })

    await reading.next()
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))

    expect(net.served).toBeLessThanOrEqual(2 + BLOCKS_AHEAD) // the root, the leaf, and those ahead
    await reading.return(undefined)
    await new Promise((resolve) => setImmediate(resolve))
    expect(net.open).toBe(0)
  })

  it('jumps to a range instead of reading up to it', async () => {
    const net = network()
    const { vault } = await vaultOver(net)
    const offset = 30 * LEAF_BYTES + 11

    const got = await bytesOf(vault.get(root, { providers, offset, length: 1_000 }))

    expect(got.equals(given.subarray(offset, offset + 1_000))).toBe(true)
    expect(net.asked).toEqual([0, 31].map((from) => ({ peer: 0, from })))
    expect(net.served).toBeLessThan(2 * (2 + BLOCKS_AHEAD))
  })

  it('brings a record here, and goes on where an earlier try stopped', async () => {
    const first = network(fails(5), fails(5), fails(5))
    const { vault, store } = await vaultOver(first)
    await expect(vault.fetch(root, { providers })).rejects.toMatchObject({
      name: 'ContentNotFoundError'
    })
    const second = network()
    const again = await vaultOver(second, store)

    await again.vault.fetch(root, { providers })

    expect(second.asked).toEqual([{ peer: 0, from: 5 }])
    expect(await vault.has(root)).toBe(true)
    await vault.pin(root)
  })

  it('gives up when its reader does', async () => {
    const giveUp = new AbortController()
    const net = network(async (index, { signal }) => {
      if (index < 3) return
      giveUp.abort()
      await new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason))
      )
    })
    const { vault } = await vaultOver(net)

    const got = bytesOf(vault.get(root, { providers, signal: giveUp.signal }))

    await expect(got).rejects.toMatchObject({ name: 'AbortError' })
    expect(net.asked.length).toBe(1) // the provider is not blamed, nor another asked
  })

  it('brings a connection about before it asks, and blames who cannot be reached', async () => {
    const net = network()
    const tried: string[] = []
    const broker = blocksBroker({
      fetch: net.fetch,
      connect: async ({ peer }) => {
        tried.push(String(peer))
        if (tried.length === 1) throw new Error('no route')
      }
    })
    using session = broker.open(root, providers)

    const block = await session.retrieve(root)

    expect(Buffer.compare(block, whole[0]?.bytes as Uint8Array)).toBe(0)
    expect(tried).toEqual(providers.slice(0, 2).map(({ peer }) => String(peer)))
    expect(session.failures.map(({ error }) => error.message)).toEqual(['no route'])
  })

  it('gives blocks that are asked for out of order or together', async () => {
    const net = network()
    using session = blocksBroker({ fetch: net.fetch }).open(root, providers)
    const order = [0, 9, 3, 4, 38, 1, 20]

    const asked = order.map((n) => session.retrieve(whole[n]?.cid as CID))

    const got = await Promise.all(asked)
    expect(got.map((block) => whole.findIndex(({ bytes }) => bytes === block))).toEqual(order)
  })

  it('says when a block is not part of the record', async () => {
    const net = network()
    using session = blocksBroker({ fetch: net.fetch }).open(root, providers)
    const foreign = CID.parse('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')

    await expect(session.retrieve(foreign)).rejects.toMatchObject({ name: 'ContentNotFoundError' })
  })

  it('takes providers that come later', async () => {
    const net = network(fails(0))
    using session = blocksBroker({ fetch: net.fetch }).open(root, providers.slice(0, 1))
    await expect(session.retrieve(root)).rejects.toMatchObject({ name: 'ContentNotFoundError' })

    session.addProvider(providers[1] as Provider)

    expect((await session.retrieve(root)).byteLength).toBe(whole[0]?.bytes.byteLength)
  })

  it('refuses whoever waits when it is closed', async () => {
    const net = network(() => new Promise(() => {}))
    const session = blocksBroker({ fetch: net.fetch }).open(root, providers)
    const waiting = session.retrieve(root)

    session.close()

    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    await expect(session.retrieve(root)).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('asks nobody outside a session', async () => {
    const net = network()
    const broker = blocksBroker({ fetch: net.fetch })

    await expect(broker.retrieve?.(root)).rejects.toMatchObject({ name: 'ContentNotFoundError' })
    expect(net.asked).toEqual([])
  })

  it("takes Helia's names of providers: PeerIds as CIDs, and addresses", async () => {
    const net = network(fails(0), fails(0))
    const broker = blocksBroker({ fetch: net.fetch })
    const [one, two, three] = providers as [Provider, Provider, Provider]
    const address = ({ peer, addrs }: Provider) => multiaddr(`${addrs[0]}/p2p/${peer}`)
    const session = broker.createSession({ providers: [one.peer.toCID(), address(two)] })
    await session.addPeer([address(three)])

    const block = await session.retrieve?.(root)

    expect(block?.byteLength).toBe(whole[0]?.bytes.byteLength)
    expect(net.asked.map(({ peer }) => peer)).toEqual([0, 1, 2])
    await expect(session.addPeer(multiaddr('/ip4/127.0.0.1/tcp/1'))).rejects.toMatchObject({
      name: 'InvalidParametersError'
    })
  })
})
