import type { Connection, Stream } from '@libp2p/interface'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { CID } from 'multiformats/cid'
import { create as digestOf } from 'multiformats/hashes/digest'
import { describe, expect, it, vi } from 'vitest'
import { concat, utf8 } from '../../../core/bytes.ts'
import { DHT_MESSAGES_PER_STREAM, FRAME_MAX_BYTES } from '../../../core/limits.ts'
import { DHT_PROTOCOL } from '../../../node/network/dht.ts'
import { providerQuota } from '../../../node/network/quota.ts'
import { gather } from '../storage/gather.ts'
import { memoryNode, type TestNode, until } from './nodes.ts'

const record = (peer: string, n: number) => new Key(`/dht/provider/cid${n}/${peer}`)
const VALUE = new Uint8Array(8)

function quota(
  init: Partial<Parameters<typeof providerQuota>[1]> = {},
  store = new MemoryDatastore()
) {
  let nowMs = 0
  const clock = { nowMs: () => nowMs }
  const datastore = providerQuota(store, {
    self: 'me',
    clock,
    perSecond: 10,
    burst: 1_000,
    ...init
  })
  return { datastore, store, wait: (ms: number) => (nowMs += ms) }
}

async function put(datastore: MemoryDatastore | ReturnType<typeof providerQuota>, key: Key) {
  return await Promise.resolve(datastore.put(key, VALUE)).then(
    () => 'stored',
    (err: Error) => err.name
  )
}

describe('quota of provider records', () => {
  it('bounds how many a peer may have, and frees the place of those that expire', async () => {
    const { datastore } = quota({ keysPerPeer: 2 })

    expect(await put(datastore, record('a', 1))).toBe('stored')
    expect(await put(datastore, record('a', 2))).toBe('stored')
    expect(await put(datastore, record('a', 3))).toBe('StoreFullError')
    expect(await put(datastore, record('a', 2))).toBe('stored') // renewed
    expect(await put(datastore, record('b', 3))).toBe('stored')
    await datastore.delete(record('a', 1))
    await datastore.delete(record('a', 1))
    expect(await put(datastore, record('a', 3))).toBe('stored')
    expect(await put(datastore, record('a', 4))).toBe('StoreFullError')
  })

  it('bounds how fast a peer may send them', async () => {
    const { datastore, wait } = quota({ burst: 3 })

    const first = await Promise.all([1, 2, 3, 4].map((n) => put(datastore, record('a', n))))
    expect(first).toEqual(['stored', 'stored', 'stored', 'RateLimitedError'])
    expect(await put(datastore, record('b', 1))).toBe('stored')
    wait(100)
    expect(await put(datastore, record('a', 5))).toBe('stored')
    expect(await put(datastore, record('a', 6))).toBe('RateLimitedError')
  })

  it('bounds the bytes of all peers together', async () => {
    const bytes = record('a', 1).uint8Array().byteLength + 8
    const { datastore } = quota({ maxBytes: 2 * bytes })

    expect(await put(datastore, record('a', 1))).toBe('stored')
    expect(await put(datastore, record('b', 2))).toBe('stored')
    expect(await put(datastore, record('c', 3))).toBe('StoreFullError')
  })

  it('does not count our own records, nor anything else in the datastore', async () => {
    const { datastore } = quota({ keysPerPeer: 1, burst: 1, maxBytes: 100 })

    for (let n = 0; n < 5; n++) {
      expect(await put(datastore, record('me', n))).toBe('stored')
      expect(await put(datastore, new Key(`/peers/${n}`))).toBe('stored')
    }
    await datastore.delete(record('me', 0))
    expect(await put(datastore, record('a', 1))).toBe('stored')
  })

  it('counts what an earlier run left', async () => {
    const { store } = quota()
    await store.put(record('a', 1), VALUE)
    const { datastore } = quota({ keysPerPeer: 2 }, store)

    const puts = await Promise.all([2, 3].map((n) => put(datastore, record('a', n))))

    expect(puts).toEqual(['stored', 'StoreFullError'])
  })

  it('leaves all other operations to the datastore', async () => {
    const { datastore } = quota()
    await datastore.put(record('a', 1), VALUE)

    expect(await datastore.has(record('a', 1))).toBe(true)
    expect(await datastore.get(record('a', 1))).toEqual(VALUE)
    expect(await gather(datastore.queryKeys({ prefix: '/dht' }))).toEqual([record('a', 1)])
  })
})

/** kad-dht's wire: type 1, key 2, provider 9 {id 1, multiaddr 2}. */
function addProvider(node: TestNode, n: number): Uint8Array {
  const key = CID.createV1(
    0x55,
    digestOf(
      0x12,
      new Uint8Array(32).map((_, i) => (n >> (8 * i)) & 255)
    )
  )
  const [address] = node.self.addrs
  const peer = concat(
    field(1, node.self.peer.toMultihash().bytes),
    field(2, (address as { bytes: Uint8Array }).bytes)
  )
  return framed(concat(Uint8Array.of(0x08, 2), field(2, key.multihash.bytes), field(9, peer)))
}

const field = (number: number, bytes: Uint8Array): Uint8Array =>
  concat(Uint8Array.of((number << 3) | 2), varint(bytes.byteLength), bytes)
const framed = (message: Uint8Array): Uint8Array => concat(varint(message.byteLength), message)
const varint = (n: number): Uint8Array =>
  n < 128 ? Uint8Array.of(n) : concat(Uint8Array.of((n % 128) + 128), varint(Math.floor(n / 128)))

describe('a peer that floods the DHT', () => {
  async function attack(): Promise<{
    victim: TestNode
    attacker: TestNode
    connection: Connection
    records: () => Promise<number>
    [Symbol.asyncDispose](): Promise<void>
  }> {
    const datastore = new MemoryDatastore()
    const victim = await memoryNode({
      datastore,
      quota: { burst: 40, keysPerPeer: 60, perSecond: 10 }
    })
    const attacker = await memoryNode({ profile: 'light' })
    const connection = await attacker.routing.connect(victim.self)
    return {
      victim,
      attacker,
      connection,
      records: async () => (await gather(datastore.queryKeys({ prefix: '/dht/provider' }))).length,
      async [Symbol.asyncDispose]() {
        await attacker.stop()
        await victim.stop()
      }
    }
  }
  const ended = (stream: Stream) => until(() => stream.status !== 'open')

  it('stores no more than its quota, however many streams it opens', async () => {
    await using it = await attack()
    const begun = performance.now()
    for (let n = 0; n < 600; n += 20) {
      const stream = await it.connection.newStream(DHT_PROTOCOL).catch(() => undefined)
      if (stream == null) continue
      const messages = Array.from({ length: 20 }, (_, i) => addProvider(it.attacker, n + i))
      try {
        stream.send(concat(...messages))
        await stream.close()
      } catch {} // it was reset already
    }
    const seconds = (performance.now() - begun) / 1_000

    const stored = await it.records()

    expect(stored).toBeGreaterThan(10)
    expect(stored).toBeLessThanOrEqual(Math.min(60, 40 + 10 * (seconds + 1)))
  })

  it('has its stream reset at one message too many', async () => {
    await using it = await attack()
    const stream = await it.connection.newStream(DHT_PROTOCOL)
    const ping = framed(Uint8Array.of(0x08, 5))

    for (let n = 0; n <= DHT_MESSAGES_PER_STREAM; n++) stream.send(ping)

    await ended(stream)
    expect(stream.status).toBe('reset')
  })

  it('has its stream reset at a message too long, before it is read', async () => {
    await using it = await attack()
    const stream = await it.connection.newStream(DHT_PROTOCOL)

    stream.send(concat(varint(FRAME_MAX_BYTES + 1), new Uint8Array(10)))

    await ended(stream)
    expect(stream.status).toBe('reset')
  })

  it('may use a stream as honest peers do', async () => {
    await using it = await attack()
    const stream = await it.connection.newStream(DHT_PROTOCOL)
    const pong = vi.fn()
    stream.addEventListener('message', pong)

    for (let n = 0; n < DHT_MESSAGES_PER_STREAM; n++) {
      for (const byte of framed(Uint8Array.of(0x08, 5))) stream.send(Uint8Array.of(byte))
    }

    await until(() => pong.mock.calls.length > 0)
    expect(stream.status).toBe('open')
    await stream.close()
  })

  it('cannot store values', async () => {
    await using it = await attack()
    const stream = await it.connection.newStream(DHT_PROTOCOL)
    const publicKey = it.attacker.self.peer.publicKey
    const name = concat(utf8('/pk/'), it.attacker.self.peer.toMultihash().bytes)
    const value = concat(Uint8Array.of(0x08, 1), field(2, (publicKey as { raw: Uint8Array }).raw))
    const putValue = concat(
      Uint8Array.of(0x08, 0),
      field(2, name),
      field(3, concat(field(1, name), field(2, value)))
    )

    stream.send(framed(putValue))

    await ended(stream)
    expect(stream.status).toBe('reset')
    expect(await it.records()).toBe(0)
  })
})
