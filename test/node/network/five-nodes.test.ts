import { unixfs } from '@helia/unixfs'
import type { CID } from 'multiformats/cid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProviderFailure } from '../../../node/storage/block-session.ts'
import { LEAF_BYTES } from '../../../node/storage/dag.ts'
import { bytesOf, gather } from '../storage/gather.ts'
import { star, type TestInit, type TestNode, tcpNode } from './nodes.ts'

/** 5 MiB of which no two leaves are alike. */
function record(): Uint8Array {
  const out = new Uint8Array(5 * 1_024 * 1_024)
  const view = new DataView(out.buffer)
  for (let i = 0; i + 8 <= out.byteLength; i += 512) view.setFloat64(i, i + 1)
  return out
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

describe('five nodes on loopback', () => {
  const given = record()
  let nodes: readonly TestNode[]
  let hub: TestNode, owner: TestNode, replica: TestNode, reader: TestNode, stranger: TestNode
  let cid: CID

  beforeAll(async () => {
    nodes = await Promise.all([tcpNode(), tcpNode(), tcpNode(), tcpNode(), tcpNode()])
    ;[hub, owner, replica, reader, stranger] = nodes as typeof nodes &
      [TestNode, TestNode, TestNode, TestNode, TestNode]
    await star(hub, owner, replica, reader, stranger)
    cid = await owner.vault.put(once(given))
    await replica.vault.fetch(cid, { providers: [owner.self] })
    await replica.vault.pin(cid)
  })

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
  })

  /** Another node that has the record, and does with it as it likes. */
  async function another(init: TestInit): Promise<TestNode> {
    const node = await tcpNode(init)
    await node.vault.fetch(cid, { providers: [owner.self] })
    return node
  }

  /** Reads the record from these, the first being at fault; gives what was blamed on whom. */
  async function readFrom(...from: readonly TestNode[]): Promise<readonly ProviderFailure[]> {
    const failures: ProviderFailure[] = []
    const got = await bytesOf(
      reader.vault.get(cid, {
        providers: from.map(({ self }) => self),
        onFailure: (failure) => failures.push(failure)
      })
    )
    expect(got.equals(given)).toBe(true)
    return failures
  }

  it('find a record through a third node only, and fetch it by its CID', async () => {
    expect(await owner.routing.provide(cid)).toBeGreaterThan(0)

    const providers = await gather(reader.routing.findProviders(cid))
    const got = await bytesOf(reader.vault.get(cid, { providers }))

    expect(providers.map(({ peer }) => String(peer))).toEqual([String(owner.self.peer)])
    expect(got.equals(given)).toBe(true)
  })

  it('keep private addresses, so that a hospital network finds its peers', async () => {
    const addrs = await reader.routing.findPeer(owner.self.peer)

    const [address] = owner.self.addrs
    expect(addrs.map(String)).toContain(String(address).replace(/\/p2p\/.*/, ''))
  })

  it('serve what they replicated', async () => {
    expect(await replica.vault.has(cid)).toBe(true)

    expect(await readFrom(replica)).toEqual([])
  })

  it('ask nobody but the providers', async () => {
    const before = nodes.map(({ asked }) => asked.length)

    await readFrom(replica)

    const asked = nodes.filter((node, n) => node.asked.length > (before[n] as number))
    expect(asked).toEqual([replica])
  })

  it('refuse a flipped bit in any block, blame who sent it, and go on with another', async () => {
    for (const at of [1, 7, 20]) {
      let count = 0
      await using liar = await another({
        serving(_, bytes) {
          if (count++ !== at) return bytes
          const flipped = bytes.slice()
          flipped[5] = (flipped[5] as number) ^ 1
          return flipped
        }
      })

      const failures = await readFrom(liar, replica)

      expect(failures.map(({ peer, index, error }) => [peer, index, error.name])).toEqual([
        [liar.self.peer, at, 'InvalidMessageError']
      ])
    }
  })

  it('go on with another when one may not give them the record', async () => {
    await using guarded = await another({ authorise: () => false })

    const failures = await readFrom(guarded, replica)

    expect(failures.map(({ error }) => error.name)).toEqual(['ContentNotFoundError'])
  })

  it('go on with another when one dies in the middle', async () => {
    let count = 0
    const last = Promise.withResolvers<Uint8Array>() // a block that it never gets to
    const mortal = await another({
      serving: (_, bytes) => (++count < 12 ? bytes : last.promise)
    })
    const failures: ProviderFailure[] = []
    const parts: Uint8Array[] = []

    const reading = reader.vault.get(cid, {
      providers: [mortal.self, replica.self],
      onFailure: (failure) => failures.push(failure)
    })
    for await (const part of reading) {
      parts.push(part)
      if (parts.length !== 2) continue
      const stopping = mortal.stop()
      last.reject(new Error('dead'))
      await stopping
    }

    expect(Buffer.concat(parts).equals(given)).toBe(true)
    expect(failures.map(({ peer }) => peer)).toEqual([mortal.self.peer])
    expect(failures[0]?.index).toBeGreaterThan(1)
    expect(failures[0]?.index).toBeLessThan(12)
  })

  it('go on with another when one has lost a block', async () => {
    await using lossy = await another({
      serving(_, bytes) {
        if (bytes.byteLength < LEAF_BYTES) return bytes
        throw new Error('disk')
      }
    })

    const failures = await readFrom(lossy, replica)

    expect(failures.map(({ error }) => error.name)).toEqual(['PeerUnavailableError'])
  })

  it('read through Helia and unixfs by the same broker', async () => {
    const blockstore = stranger.helia.blockstore.createSession(cid, {
      providers: [owner.self.peer.toCID()]
    })

    const got = await bytesOf(unixfs({ blockstore }).cat(cid))

    blockstore.close()
    expect(got.equals(given)).toBe(true)
  })

  it('never look for blocks without a session', async () => {
    const before = nodes.map(({ asked }) => asked.length)

    const got = bytesOf(unixfs(reader.helia).cat(cid))

    await expect(got).rejects.toMatchObject({ name: 'LoadBlockFailedError' })
    expect(nodes.map(({ asked }) => asked.length)).toEqual(before)
  })
})
