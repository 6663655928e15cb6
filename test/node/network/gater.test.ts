import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { connectionGater } from '../../../node/network/gater.ts'
import { memoryNode, tcpNode, until } from './nodes.ts'

const peer = async (n: number) =>
  peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(n)))

describe('connection gater', () => {
  it('lets everyone in by default', async () => {
    const gater = connectionGater()

    expect(await gater.denyDialPeer?.(await peer(1))).toBe(false)
    expect(await gater.denyDialMultiaddr?.(multiaddr('/ip4/10.0.0.1/tcp/1/ws'))).toBe(false)
  })

  it('refuses who is not allowed, and who is denied though allowed, at every step', async () => {
    const [friend, stranger, banned] = [await peer(1), await peer(2), await peer(3)]
    const gater = connectionGater({
      allow: async (id) => !id.equals(stranger),
      deny: new Set([String(banned)])
    })
    const steps = [
      gater.denyDialPeer,
      gater.denyInboundEncryptedConnection,
      gater.denyOutboundEncryptedConnection,
      gater.denyInboundRelayReservation
    ] as const
    for (const step of steps) {
      const answers = await Promise.all(
        [friend, stranger, banned].map((id) => step?.(id, undefined as never))
      )
      expect(answers).toEqual([false, true, true])
    }
    expect(await gater.denyOutboundRelayedConnection?.(friend, stranger)).toBe(true)
    expect(await gater.denyOutboundRelayedConnection?.(banned, friend)).toBe(true)
    expect(await gater.denyInboundRelayedConnection?.(stranger, friend)).toBe(false)
  })

  it('dials listed addresses only', async () => {
    const paired = '/dns4/clinic.example/tcp/443/wss'
    const gater = connectionGater({ dialOnly: (address) => String(address) === paired })

    expect(await gater.denyDialMultiaddr?.(multiaddr(paired))).toBe(false)
    expect(await gater.denyDialMultiaddr?.(multiaddr('/ip4/10.0.0.1/tcp/1'))).toBe(true)
  })

  it('has a stranger gone within a second, and serves a member', async () => {
    await using member = await tcpNode()
    await using stranger = await tcpNode()
    await using clinic = await tcpNode({
      gater: connectionGater({ allow: (id) => id.equals(member.self.peer) })
    })
    const before = performance.now()

    await stranger.libp2p.dial([...clinic.self.addrs]).catch(() => {})
    await until(() => stranger.libp2p.getConnections().length === 0)
    expect(performance.now() - before).toBeLessThan(1_000)
    await member.routing.connect(clinic.self)

    await until(() => clinic.libp2p.getPeers().length > 0)
    expect(clinic.libp2p.getPeers().map(String)).toEqual([String(member.self.peer)])
  })

  it('dials no member either who was denied since', async () => {
    const deny = new Set<string>()
    await using member = await memoryNode()
    await using clinic = await memoryNode({ gater: connectionGater({ deny }) })

    deny.add(String(member.self.peer))

    await expect(clinic.routing.connect(member.self)).rejects.toMatchObject({
      name: 'PeerUnavailableError'
    })
  })
})
