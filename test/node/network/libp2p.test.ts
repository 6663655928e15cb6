import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { peerIdOf } from '../../../core/ids.ts'
import { nativePrimitives } from '../../../node/crypto/native.ts'
import { libp2pOptions, type NetworkInit } from '../../../node/network/libp2p.ts'
import { clock, memoryNode, star, tcpNode, until } from './nodes.ts'

const options = (init: Partial<NetworkInit<Record<never, never>>> = {}) =>
  libp2pOptions({
    seed: new Uint8Array(32).fill(1),
    profile: 'clinic',
    clock,
    listen: [],
    topics: [],
    services: {},
    ...init
  })

describe('libp2p options', () => {
  it('refuse a seed that is not 32 bytes', async () => {
    await expect(options({ seed: new Uint8Array(31) })).rejects.toThrow(
      '"seed" expected 32 bytes, got 31'
    )
  })

  it('set the limits of daemons and of light nodes', async () => {
    const clinic = (await options()).connectionManager
    const light = (await options({ profile: 'light' })).connectionManager

    expect(clinic).toMatchObject({
      maxConnections: 300,
      inboundConnectionThreshold: 5,
      maxIncomingPendingConnections: 10,
      inboundUpgradeTimeout: 5_000,
      inboundStreamProtocolNegotiationTimeout: 5_000
    })
    expect(light?.maxConnections).toBe(50)
  })

  it('make clinics relays, and light nodes not', async () => {
    expect(Object.keys((await options()).services ?? {})).toContain('relay')
    expect(Object.keys((await options({ profile: 'light' })).services ?? {})).not.toContain('relay')
  })
})

describe('a node of ours', () => {
  it('speaks no protocol of IPFS', async () => {
    const listen = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']
    await using clinic = await tcpNode({ listen })
    await using light = await memoryNode({ profile: 'light' })

    const spoken = [...clinic.libp2p.getProtocols(), ...light.libp2p.getProtocols()]

    expect(spoken.filter((id) => id.includes('/ipfs/'))).toEqual([])
    expect(clinic.libp2p.getProtocols()).toContain('/keyward/kad/1.0.0')
    expect(light.libp2p.getProtocols()).not.toContain('/keyward/kad/1.0.0')
  })

  it('is named by its seed', async () => {
    const seed = new Uint8Array(32).fill(9)
    await using node = await memoryNode({ seed })

    const expected = peerIdOf(nativePrimitives.ed25519PublicKey(seed))

    expect(node.libp2p.peerId.toMultihash().bytes).toEqual(Uint8Array.from(expected))
  })

  it('tells others the addresses that it was given to announce', async () => {
    const announce = ['/dns4/clinic.example/tcp/4001']
    await using node = await tcpNode({ announce })

    const addrs = node.libp2p.getMultiaddrs().map(String)

    expect(addrs).toEqual([`${announce[0]}/p2p/${node.libp2p.peerId}`])
  })

  it('joins by its bootstrap list', async () => {
    await using hub = await tcpNode()
    await using node = await tcpNode({ bootstrap: hub.self.addrs.map(String) })

    await until(() => node.libp2p.getPeers().some((peer) => peer.equals(hub.self.peer)))
  })

  it('is reached by WebSocket as by TCP', async () => {
    await using node = await tcpNode({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    await using page = await tcpNode({ listen: [], profile: 'light' })

    const connection = await page.routing.connect(node.self)

    expect(String(connection.remoteAddr)).toContain('/ws')
  })

  it('hears gossip on its topics alone, and keeps a neighbour that says much at once', async () => {
    const topic = 'keyward/announce/1'
    await using one = await memoryNode({ topics: [topic, 'another'] })
    await using two = await memoryNode({ topics: [topic] })
    await star(one, two)
    const { pubsub } = one.libp2p.services
    const heard: string[] = []
    two.libp2p.services.pubsub.addEventListener('message', ({ detail }) => {
      heard.push(`${detail.topic} ${detail.data[0]}`)
    })
    two.libp2p.services.pubsub.subscribe(topic)
    two.libp2p.services.pubsub.subscribe('another')
    await until(() => pubsub.getSubscribers(topic).length > 0)

    for (let n = 0; n < 20; n++) {
      await pubsub.publish('another', new Uint8Array(10).fill(n))
      await pubsub.publish(topic, new Uint8Array(4_000).fill(n))
    }

    await until(() => heard.length >= 20)
    expect(heard.sort()).toEqual(Array.from({ length: 20 }, (_, n) => `${topic} ${n}`).sort())
    expect(pubsub.getSubscribers(topic).length).toBe(1)
  })

  it('reaches a node that nobody can dial, through a clinic that relays', async () => {
    await using clinic = await tcpNode()
    await using phone = await tcpNode({
      profile: 'light',
      listen: [`${clinic.self.addrs[0]}/p2p-circuit`]
    })
    await using doctor = await tcpNode({ profile: 'light', listen: [] })
    await until(() => phone.libp2p.getMultiaddrs().length > 0)
    const circuit = multiaddr(`${clinic.self.addrs[0]}/p2p-circuit/p2p/${phone.libp2p.peerId}`)

    const connection = await doctor.routing.connect({ peer: phone.self.peer, addrs: [circuit] })

    expect(String(connection.remotePeer)).toBe(String(phone.libp2p.peerId))
    expect(connection.limits).toBeDefined()
  })

  it('may be stopped twice, and its ports are free again', async () => {
    const node = await tcpNode()
    await node.stop()
    await node.stop()

    await using again = await tcpNode({
      listen: node.self.addrs.map((a) => String(a).replace(/\/p2p\/.*/, ''))
    })
    expect(again.libp2p.status).toBe('started')
  })

  it('says why it cannot start, and leaves nothing running', async () => {
    await using node = await tcpNode()
    const taken = node.self.addrs.map((a) => String(a).replace(/\/p2p\/.*/, ''))

    await expect(tcpNode({ listen: taken })).rejects.toThrow()
  })
})
