import type { PeerId, Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { afterEach, describe, expect, it } from 'vitest'
import { BLOCK_MAX_BYTES } from '../../../core/limits.ts'
import { BLOCKS_PROTOCOL, RAW } from '../../../protocols/blocks/constants.ts'
import {
  type Block,
  type Blocks,
  type BlocksInit,
  type BlocksSource,
  blocks
} from '../../../protocols/blocks/index.ts'
import {
  BLOCK_HEAD,
  decodeFrame,
  decodeRequest,
  encodeEnd,
  encodeRequest
} from '../../../protocols/blocks/messages.ts'
import { FrameChannel } from '../../../protocols/framing.ts'
import {
  bounded,
  closed,
  connect,
  openStream,
  sha256,
  startNode,
  systemClock,
  type TestNode,
  type Transport,
  turns,
  unhurried,
  until,
  within
} from '../nodes.ts'
import { BlockStore, type Dag, putDag } from './dag.ts'

const running: AsyncDisposable[] = []
afterEach(async () => {
  for (const node of running.splice(0).reverse()) await node[Symbol.asyncDispose]()
})

const init = (extra: Partial<BlocksInit> = {}): BlocksInit => ({
  ...unhurried,
  sha256,
  clock: systemClock,
  deniedStepMs: 1,
  ...extra
})

const open = (store: BlockStore): BlocksSource => ({
  authorise: async () => true,
  get: (cid) => store.get(cid)
})

interface Pair {
  readonly fetching: Blocks
  readonly peer: PeerId
  readonly serving: TestNode<{ blocks: Blocks }>
  readonly reading: TestNode<{ blocks: Blocks }>
}

async function pair(
  source: BlocksSource,
  extra: Partial<BlocksInit> = {},
  transport: Transport = 'memory'
): Promise<Pair> {
  const serving = await startNode({ blocks: blocks(init({ ...extra, source })) }, transport)
  const reading = await startNode({ blocks: blocks(init(extra)) }, transport)
  running.push(serving, reading)
  const peer = await connect(reading, serving)
  return { serving, reading, peer, fetching: reading.services.blocks }
}

/** A reader of a peer that answers each request by `serve`, keeping to no rule but its own. */
async function lied(serve: (channel: FrameChannel, root: CID) => Promise<void>) {
  const liar = await startNode({})
  const reading = await startNode({ blocks: blocks(init({ blockMaxMs: 200 })) })
  running.push(liar, reading)
  await liar.handle(BLOCKS_PROTOCOL, async (stream) => {
    const channel = new FrameChannel(stream, { frameMaxBytes: 2 ** 21, frameMaxMs: 10_000 })
    const frame = await channel.next()
    if (frame != null) await serve(channel, decodeRequest(frame).root).catch(() => {})
  })
  return { fetching: reading.services.blocks, peer: await connect(reading, liar) }
}

async function all(generator: AsyncIterable<Block>): Promise<Block[]> {
  const out: Block[] = []
  for await (const block of generator) out.push(block)
  return out
}

/** What came before the error, and the error. */
async function untilError(generator: AsyncIterable<Block>): Promise<[Block[], Error]> {
  const out: Block[] = []
  try {
    for await (const block of generator) out.push(block)
  } catch (err) {
    return [out, err as Error]
  }
  throw new Error('ended without an error')
}

const names = (got: readonly Block[]): string[] => got.map(({ cid }) => cid.toString())
const streamsOf = (node: TestNode<{ blocks: Blocks }>): Stream[] =>
  node
    .getConnections()
    .flatMap(({ streams }) => streams.filter((s) => s.protocol === BLOCKS_PROTOCOL))

describe('blocks', () => {
  it.each(['memory', 'tcp'] as const)('streams a DAG in order over %s', async (transport) => {
    const store = new BlockStore()
    const dag = putDag(store, { leaves: 40, leafBytes: 70_000, width: 7 })
    const { fetching, peer } = await pair(open(store), {}, transport)

    const got = await within(all(fetching.fetch(peer, dag.root, bounded())))

    expect(names(got)).toEqual(dag.order.map(String))
    expect(got.map(({ index }) => index)).toEqual(dag.order.map((_, i) => i))
    for (const { cid, bytes } of got) expect(bytes).toEqual(await store.get(cid))
  })

  it('gives small blocks memory of their own', async () => {
    const store = new BlockStore()
    const { fetching, peer } = await pair(open(store), {}, 'tcp')

    const got = await within(all(fetching.fetch(peer, putDag(store).root, bounded())))

    for (const { bytes } of got) {
      expect(bytes.buffer.byteLength).toBeLessThanOrEqual(2 * bytes.byteLength)
    }
  })

  it('goes on at any block, given the nodes before it', async () => {
    const store = new BlockStore()
    const dag = putDag(store, { leaves: 10, width: 3 })
    const { fetching, peer } = await pair(open(store))
    const known = (cid: CID): Promise<Uint8Array> => store.get(cid)

    for (let from = 0; from <= dag.order.length; from++) {
      const got = await within(all(fetching.fetch(peer, dag.root, { ...bounded(), from, known })))

      expect(names(got), `from ${from}`).toEqual(dag.order.slice(from).map(String))
      expect(got[0]?.index ?? from).toBe(from)
    }
  })

  it('reads no leaf before the block where it goes on', async () => {
    const store = new BlockStore()
    const dag = putDag(store, { leaves: 100, width: 50 }) // 3 nodes
    const { fetching, peer } = await pair(open(store))
    const known = (cid: CID): Promise<Uint8Array> => store.get(cid)
    const from = dag.order.length - 1
    store.reads = 0

    await within(all(fetching.fetch(peer, dag.root, { ...bounded(), from, known })))

    expect(store.reads).toBe(3 + 3 + 1) // each side the nodes, and the leaf
  })

  it('refuses to go on without the nodes, or with false ones, before asking anybody', async () => {
    const store = new BlockStore()
    const dag = putDag(store)
    const { fetching, peer, serving } = await pair(open(store))
    const known = async (): Promise<Uint8Array> => Uint8Array.of(1)

    for (const options of [{ from: 2 }, { from: 2, known }]) {
      const [, err] = await untilError(fetching.fetch(peer, dag.root, options))
      expect(err.name).toBe('InvalidParametersError')
    }

    expect(streamsOf(serving)).toHaveLength(0)
  })

  it('keeps a stream for the next fetch, and no more than four', async () => {
    const store = new BlockStore()
    const dags = Array.from({ length: 12 }, (_, i) => putDag(store, { leaves: 3 + i }))
    const { fetching, peer, serving } = await pair(open(store))
    let most = 0

    for (const { root } of dags.slice(0, 3)) await all(fetching.fetch(peer, root, bounded()))
    expect(streamsOf(serving)).toHaveLength(1)
    const got = await Promise.all(
      dags.map(async ({ root }) => {
        const out = await all(fetching.fetch(peer, root, bounded()))
        most = Math.max(most, streamsOf(serving).length)
        return out
      })
    )

    expect(got.map(names)).toEqual(dags.map(({ order }) => order.map(String)))
    expect(most).toBeLessThanOrEqual(4)
  })

  it('closes streams that rest', async () => {
    const store = new BlockStore()
    const { fetching, peer, serving } = await pair(open(store), { idleMs: 60 })

    await all(fetching.fetch(peer, putDag(store).root, bounded()))

    await until(() => streamsOf(serving).length === 0)
  })

  it('stops when the reader breaks off, and serves it again', async () => {
    const store = new BlockStore()
    const dag = putDag(store, { leaves: 60, leafBytes: 200_000, width: 60 })
    const { fetching, peer, serving } = await pair(open(store))

    for await (const { index } of fetching.fetch(peer, dag.root, bounded())) if (index === 2) break
    await until(() => streamsOf(serving).length === 0)

    expect(store.reads).toBeLessThan(40)
    expect(await within(all(fetching.fetch(peer, dag.root, bounded())))).toHaveLength(61)
  })

  it('frees the place of a fetch that could not begin', async () => {
    const store = new BlockStore()
    const { root } = putDag(store)
    const { fetching, peer, serving } = await pair(open(store))
    await serving.services.blocks.stop()

    for (let i = 0; i < 6; i++) {
      const [, err] = await within(untilError(fetching.fetch(peer, root, bounded())))
      expect(err).toMatchObject({
        name: 'PeerUnavailableError',
        cause: { name: 'UnsupportedProtocolError' }
      })
    }
    const left = AbortSignal.abort(new Error('left before'))
    const [, err] = await within(untilError(fetching.fetch(peer, root, { signal: left })))
    expect(err.message).toBe('left before')

    await serving.services.blocks.start()
    expect(await within(all(fetching.fetch(peer, root, bounded())))).not.toHaveLength(0)
  })

  it('ends with the reason of the signal', async () => {
    const store = new BlockStore()
    const dag = putDag(store, { leaves: 60, leafBytes: 200_000, width: 60 })
    const { fetching, peer } = await pair(open(store))
    const leaving = new AbortController()

    const [got, err] = await within(
      untilError(
        (async function* () {
          for await (const block of fetching.fetch(peer, dag.root, { signal: leaving.signal })) {
            yield block
            if (block.index === 1) leaving.abort(new Error('the user left'))
          }
        })()
      )
    )

    expect(err.message).toBe('the user left')
    expect(got.length).toBeLessThan(10)
  })

  it('holds 64 MiB back while the reader stalls, within 8 MiB', async () => {
    const store = new BlockStore()
    const leafBytes = 262_208
    const dag = putDag(store, { leaves: 256, leafBytes, width: 1_000 })
    const { fetching, peer } = await pair(open(store), {}, 'tcp')
    const generator = fetching.fetch(peer, dag.root, bounded())
    for (let i = 0; i < 3; i++) await within(generator.next())

    let before = -1
    while (before !== store.reads) {
      before = store.reads
      await turns(500)
    }

    expect((store.reads - 3) * leafBytes).toBeLessThan(8 * 2 ** 20)
    expect(await within(all(generator))).toHaveLength(257 - 3)
  })

  it('serves ten fetches by ten questions of right', async () => {
    const store = new BlockStore()
    const dag = putDag(store)
    const asked: string[] = []
    const { fetching, peer, reading } = await pair({
      ...open(store),
      authorise: async (by, root) => {
        asked.push(`${by.length} ${root}`)
        expect(by).toEqual(reading.peerId.toMultihash().bytes)
        return true
      }
    })

    for (let i = 0; i < 10; i++) await all(fetching.fetch(peer, dag.root, bounded()))

    expect(asked).toEqual(Array(10).fill(`38 ${dag.root}`))
  })

  const hidden = [
    { id: 'a root that it may not have', authorise: async () => false, there: true },
    { id: 'a root that is not there', authorise: async () => true, there: false },
    { id: 'neither', authorise: async () => false, there: false },
    { id: 'a check that fails', authorise: () => Promise.reject(new Error('4711')), there: true }
  ]
  it('answers alike to whoever may not have a root and to whoever asks for none', async () => {
    const answers = await Promise.all(
      hidden.map(async ({ authorise, there }) => {
        const store = new BlockStore()
        const { root } = putDag(there ? store : new BlockStore())
        const { reading, peer } = await pair({ ...open(store), authorise })
        const stream = await openStream(reading, peer, BLOCKS_PROTOCOL)
        const channel = new FrameChannel(stream, { frameMaxBytes: 1_000, frameMaxMs: 10_000 })
        await channel.send(encodeRequest({ root, from: 0 }))
        return await within(channel.next())
      })
    )

    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect(decodeFrame(answers[0] as Uint8Array)).toMatchObject({ type: 'refused', code: 400 })
  })

  it.each(hidden)('calls it not found: $id', async ({ authorise, there }) => {
    const store = new BlockStore()
    const { root } = putDag(there ? store : new BlockStore())
    const { fetching, peer } = await pair({ ...open(store), authorise })

    const [got, err] = await within(untilError(fetching.fetch(peer, root, bounded())))

    expect([got, err.name]).toEqual([[], 'ContentNotFoundError'])
  })

  it('refuses at steps after arrival, so that the time tells nothing', async () => {
    const { fetching, peer } = await pair(open(new BlockStore()), { deniedStepMs: 120 })
    const { root } = putDag(new BlockStore())
    await untilError(fetching.fetch(peer, root, bounded())) // the stream is open now

    const beganMs = performance.now()
    await within(untilError(fetching.fetch(peer, root, bounded())))

    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(115)
  })

  it('asks again for the right of a long stream, and stops when it is gone', async () => {
    const store = new BlockStore()
    const dag = putDag(store, { leaves: 120, leafBytes: 200_000, width: 120 })
    let nowMs = 0
    let rights = 0
    const { fetching, peer } = await pair(
      { ...open(store), authorise: async () => ++rights <= 2 },
      { clock: { nowMs: () => nowMs }, rightMs: 1_000 }
    )

    const [got, err] = await within(
      untilError(
        (async function* () {
          for await (const block of fetching.fetch(peer, dag.root, bounded())) {
            yield block
            nowMs += 300
          }
        })()
      )
    )

    expect(err.name).toBe('ContentNotFoundError')
    expect(rights).toBe(3)
    expect(got.length).toBeLessThan(121)
  })

  it('says so when a block is missing on the way, and sends no half', async () => {
    const store = new BlockStore()
    const dag = putDag(store, { leaves: 10, width: 10 })
    store.delete(dag.order[6] as CID)
    const { fetching, peer } = await pair(open(store))

    const [got, err] = await within(untilError(fetching.fetch(peer, dag.root, bounded())))

    expect(err.name).toBe('PeerUnavailableError')
    expect(names(got)).toEqual(dag.order.slice(0, got.length).map(String))
    expect(got.length).toBeLessThanOrEqual(6)
  })

  it('says that one asks too often', async () => {
    const store = new BlockStore()
    const { root } = putDag(store)
    const { fetching, peer } = await pair(open(store), { requestsPerSecond: 10, requestsBurst: 1 })
    await all(fetching.fetch(peer, root, bounded()))

    const [, err] = await within(untilError(fetching.fetch(peer, root, bounded())))

    expect(err.name).toBe('RateLimitedError')
    expect((err as Error & { retryMs: number }).retryMs).toBeGreaterThan(0)
  })

  it('names it unavailable when the peer goes in the middle', async () => {
    const store = new BlockStore()
    const dag = putDag(store, { leaves: 100, leafBytes: 200_000, width: 100 })
    const { fetching, peer, serving } = await pair(open(store))

    const [got, err] = await within(
      untilError(
        (async function* () {
          for await (const block of fetching.fetch(peer, dag.root, bounded())) {
            yield block
            if (block.index === 2) await serving.stop()
          }
        })()
      )
    )

    expect(err.name).toBe('PeerUnavailableError')
    expect(got.length).toBeLessThan(101)
  })

  const junk = [
    { id: 'junk', frame: Uint8Array.of(1, 2, 3) },
    {
      id: 'a request whose root is no CID',
      frame: encodeRequest({ root: { bytes: new Uint8Array(36) } as CID, from: 0 })
    }
  ]
  it.each(junk)('resets the stream at $id', async ({ frame }) => {
    const { reading, peer } = await pair(open(new BlockStore()))
    const stream = await openStream(reading, peer, BLOCKS_PROTOCOL)
    const channel = new FrameChannel(stream, { frameMaxBytes: 1_000, frameMaxMs: 10_000 })

    await channel.send(frame)

    await closed(stream)
    expect(stream.status).toBe('reset')
  })

  it('may be started and stopped twice', async () => {
    const store = new BlockStore()
    const { root } = putDag(store)
    const { fetching, peer, serving } = await pair(open(store))
    await all(fetching.fetch(peer, root, bounded()))

    await serving.services.blocks.start()
    await fetching.stop()
    await fetching.stop()

    await until(() => streamsOf(serving).length === 0)
    expect(await within(all(fetching.fetch(peer, root, bounded())))).not.toHaveLength(0)
  })
})

describe('blocks from a peer that lies', () => {
  const store = new BlockStore()
  const dag: Dag = putDag(store, { leaves: 6, width: 3 })
  const sendAll = async (channel: FrameChannel, cids: readonly CID[]): Promise<void> => {
    for (const cid of cids) await channel.send(BLOCK_HEAD, await store.get(cid))
  }
  const end = (blocks: number): Uint8Array => encodeEnd({ type: 'end', blocks })
  const other = store.put(new Uint8Array(100).fill(9), RAW)
  const swapped = [...dag.order]
  ;[swapped[2], swapped[3]] = [swapped[3] as CID, swapped[2] as CID]

  const lies = [
    {
      id: 'a block with a flipped bit',
      good: 3,
      serve: async (channel: FrameChannel) => {
        await sendAll(channel, dag.order.slice(0, 3))
        const bad = (await store.get(dag.order[3] as CID)).slice()
        bad[50] = (bad[50] as number) ^ 1
        await channel.send(BLOCK_HEAD, bad)
      }
    },
    { id: 'blocks in another order', good: 2, serve: (c: FrameChannel) => sendAll(c, swapped) },
    {
      id: 'a block of another DAG',
      good: 4,
      serve: (c: FrameChannel) => sendAll(c, [...dag.order.slice(0, 4), other])
    },
    {
      id: 'a block twice',
      good: 4,
      serve: (c: FrameChannel) => sendAll(c, [...dag.order.slice(0, 4), dag.order[3] as CID])
    },
    {
      id: 'a block beyond the last',
      good: dag.order.length,
      serve: (c: FrameChannel) => sendAll(c, [...dag.order, other])
    },
    {
      id: 'a root that is not the root',
      good: 0,
      serve: (c: FrameChannel) => sendAll(c, dag.order.slice(1))
    },
    {
      id: 'a frame of no known kind',
      good: 1,
      serve: async (channel: FrameChannel) => {
        await sendAll(channel, dag.order.slice(0, 1))
        await channel.send(Uint8Array.of(7))
      }
    }
  ]
  it.each(lies)('blames it for $id, and yields only what is right', async ({ serve, good }) => {
    const { fetching, peer } = await lied(serve)

    const [got, err] = await within(untilError(fetching.fetch(peer, dag.root, bounded())))

    expect(err.name).toBe('InvalidMessageError')
    expect(names(got)).toEqual(dag.order.slice(0, good).map(String))
    if (good > 1) expect(err.message).toContain(peer.toString())
  })

  const early = [
    {
      id: 'an end marker before the last block',
      serve: async (channel: FrameChannel) => {
        await sendAll(channel, dag.order.slice(0, 4))
        await channel.send(end(4))
      }
    },
    {
      id: 'an end marker that counts wrongly',
      serve: async (channel: FrameChannel) => {
        await sendAll(channel, dag.order)
        await channel.send(end(dag.order.length - 1))
      }
    },
    {
      id: 'the end of the stream before the end marker',
      serve: async (channel: FrameChannel) => {
        await sendAll(channel, dag.order)
        await channel.close()
      }
    },
    {
      id: 'a reset',
      serve: async (channel: FrameChannel) => {
        await sendAll(channel, dag.order.slice(0, 2))
        channel.abort(new Error('gone'))
      }
    },
    {
      id: 'silence',
      serve: (channel: FrameChannel) => sendAll(channel, dag.order.slice(0, 2))
    }
  ]
  it.each(early)('names it an error, not a short record: $id', async ({ serve }) => {
    const { fetching, peer } = await lied(serve)

    const [got, err] = await within(untilError(fetching.fetch(peer, dag.root, bounded())))

    expect(err.name).toBe('PeerUnavailableError')
    expect(names(got)).toEqual(dag.order.slice(0, got.length).map(String))
  })

  it('refuses a block over the bound before it comes', async () => {
    const { fetching, peer } = await lied((channel) =>
      channel.send(BLOCK_HEAD, new Uint8Array(BLOCK_MAX_BYTES + 1))
    )

    const [, err] = await within(untilError(fetching.fetch(peer, dag.root, bounded())))

    expect(err.name).toBe('InvalidMessageError')
  })
})
