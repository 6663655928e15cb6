import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { PROVIDERS_PER_SECOND, REQUESTS_BURST } from '../../../core/limits.ts'
import { Routing } from '../../../node/network/routing.ts'
import { gather } from '../storage/gather.ts'
import { memoryNode, star, tcpNode } from './nodes.ts'

const cid = CID.parse('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')

describe('providing', () => {
  it('fails on a lonely node, and at once', async () => {
    await using lonely = await memoryNode()
    const before = performance.now()

    await expect(lonely.routing.provide(cid)).rejects.toMatchObject({
      name: 'PeerUnavailableError',
      message: expect.stringContaining('nobody could be told')
    })

    expect(performance.now() - before).toBeLessThan(1_000)
  })

  it('fails when none of those connected keeps records', async () => {
    await using light = await memoryNode({ profile: 'light' })
    await using lonely = await memoryNode()
    await lonely.routing.connect(light.self)

    const told = lonely.routing.provide(cid, { maxMs: 300 })

    await expect(told).rejects.toMatchObject({ name: 'PeerUnavailableError' })
  })

  it('fails when those that kept records are gone', async () => {
    await using lonely = await memoryNode()
    {
      await using hub = await memoryNode()
      await star(hub, lonely)
    }

    const told = lonely.routing.provide(cid, { maxMs: 300 })

    await expect(told).rejects.toMatchObject({ name: 'PeerUnavailableError' })
  })

  it('says how many were told', async () => {
    await using hub = await memoryNode()
    await using one = await memoryNode()
    await using two = await memoryNode()
    await star(hub, one, two)

    expect(await one.routing.provide(cid)).toBeGreaterThanOrEqual(1)
    expect((await gather(two.routing.findProviders(cid))).map(({ peer }) => peer)).toEqual([
      one.self.peer
    ])
  })

  it('is possible for light nodes, which answer nobody', async () => {
    await using hub = await memoryNode()
    await using light = await memoryNode({ profile: 'light' })
    await light.routing.connect(hub.self)

    expect(await light.routing.provide(cid)).toBe(1)
    expect(hub.libp2p.services.dht.getMode()).toBe('server')
    expect(light.libp2p.services.dht.getMode()).toBe('client')
  })

  it('sends no more in a second than others take', async () => {
    await using hub = await memoryNode()
    await using one = await memoryNode()
    await star(hub, one)
    let nowMs = 0
    const routing = new Routing({ libp2p: one.libp2p, clock: { nowMs: () => nowMs } })
    const stop = new AbortController()
    let done = 0
    const all = Array.from({ length: REQUESTS_BURST + 5 }, () =>
      routing.provide(cid, { signal: stop.signal }).then(
        () => done++,
        () => {}
      )
    )

    await Promise.all(all.slice(0, REQUESTS_BURST))
    expect(done).toBe(REQUESTS_BURST)
    nowMs += 2_000 / PROVIDERS_PER_SECOND
    await vi.waitFor(() => expect(done).toBe(REQUESTS_BURST + 2), { timeout: 5_000 })

    stop.abort()
    await Promise.all(all)
  })

  it('gives up when asked to', async () => {
    await using lonely = await memoryNode()
    const signal = AbortSignal.abort(new Error('enough'))

    await expect(lonely.routing.provide(cid, { signal })).rejects.toThrow()
  })
})

describe('finding', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('finds nobody on a lonely node, at once', async () => {
    await using lonely = await memoryNode()
    const before = performance.now()

    expect(await gather(lonely.routing.findProviders(cid))).toEqual([])

    expect(performance.now() - before).toBeLessThan(1_000)
  })

  it('ends when time is up, with what it found', async () => {
    await using light = await memoryNode({ profile: 'light' })
    await using one = await memoryNode()
    await one.routing.connect(light.self)

    expect(await gather(one.routing.findProviders(cid, { maxMs: 200 }))).toEqual([])
  })

  it('says when nobody knows a peer', async () => {
    await using hub = await memoryNode()
    await using one = await memoryNode()
    await using other = await memoryNode()
    await star(hub, one)

    await expect(one.routing.findPeer(other.self.peer)).rejects.toMatchObject({
      name: 'PeerUnavailableError'
    })
  })

  it('still gives addresses after 47 hours', async () => {
    await using hub = await tcpNode()
    await using owner = await tcpNode()
    await using reader = await tcpNode()
    await star(hub, owner, reader)
    await owner.routing.provide(cid)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 47 * 3_600_000 })

    const [found] = await gather(reader.routing.findProviders(cid))

    expect(String(found?.peer)).toBe(String(owner.self.peer))
    expect(found?.addrs.length).toBeGreaterThan(0)
    await reader.routing.connect(found ?? owner.self)
  })
})

describe('connecting', () => {
  it('uses the addresses of a manifest, with nobody to ask', async () => {
    await using one = await tcpNode()
    await using other = await tcpNode()

    const connection = await one.routing.connect(other.self)

    expect(String(connection.remotePeer)).toBe(String(other.self.peer))
    expect(await one.routing.connect({ peer: other.self.peer, addrs: [] })).toBe(connection)
  })

  it('asks the network for a peer that has moved', async () => {
    await using hub = await tcpNode()
    await using one = await tcpNode()
    await using moved = await tcpNode()
    await star(hub, one, moved)
    const stale = [multiaddr('/ip4/127.0.0.1/tcp/9')]

    const connection = await one.routing.connect({ peer: moved.self.peer, addrs: stale })

    expect(String(connection.remotePeer)).toBe(String(moved.self.peer))
  })

  it('refuses a stranger at the address of a friend', async () => {
    await using one = await tcpNode()
    await using friend = await tcpNode()
    await using stranger = await tcpNode()
    const addrs = stranger.self.addrs.map((a) => multiaddr(String(a).replace(/\/p2p\/.*/, '')))
    await friend.stop()

    const connection = one.routing.connect({ peer: friend.self.peer, addrs })

    await expect(connection).rejects.toMatchObject({ name: 'PeerUnavailableError' })
    expect(one.libp2p.getConnections()).toEqual([])
  })
})
