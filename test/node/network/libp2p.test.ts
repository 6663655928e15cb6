import { describe, expect, it } from 'vitest'
import { memoryNode, tcpNode } from './nodes.ts'

describe('a node of ours', () => {
  it('speaks no protocol of IPFS', async () => {
    await using clinic = await tcpNode({
      listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']
    })
    await using light = await memoryNode({ profile: 'light' })

    const spoken = [...clinic.libp2p.getProtocols(), ...light.libp2p.getProtocols()]
    expect(spoken.filter((id) => id.includes('/ipfs/'))).toEqual([])
    expect(clinic.libp2p.getProtocols()).toContain('/keyward/kad/1.0.0')
    expect(light.libp2p.getProtocols()).not.toContain('/keyward/kad/1.0.0')
  })
})
