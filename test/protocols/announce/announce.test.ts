import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { PeerId } from '@libp2p/interface'
import { afterEach, describe, expect, it } from 'vitest'
import { hash } from '../../../core/ids.ts'
import { GOSSIP_MESSAGE_BYTES, HINTS_SEEN } from '../../../core/limits.ts'
import { ANNOUNCE_TOPIC } from '../../../protocols/announce/constants.ts'
import { announce, type Hint, type PubSub } from '../../../protocols/announce/index.ts'
import { encodeHint } from '../../../protocols/announce/messages.ts'
import { connect, fixedClock, startNode, systemClock, until } from '../nodes.ts'

const running: AsyncDisposable[] = []
afterEach(async () => {
  for (const node of running.splice(0).reverse()) await node[Symbol.asyncDispose]()
})

const hint = (number: number, type: Hint['type'] = 'grants'): Hint => ({
  type,
  block: { number, hash: hash(new Uint8Array(32).fill(number % 256)) }
})

/** gossipsub's part: what was subscribed, said, and the validator. */
class FakePubSub implements PubSub {
  readonly topicValidators = new Map<string, Parameters<PubSub['topicValidators']['set']>[1]>()
  readonly topics = new Set<string>()
  readonly said: Uint8Array[] = []
  listeners: readonly PeerId[] = []

  subscribe(topic: string): void {
    this.topics.add(topic)
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic)
  }

  async publish(_topic: string, data: Uint8Array) {
    if (this.listeners.length === 0) throw new Error('PublishError.NoPeersSubscribedToTopic')
    this.said.push(data)
    return { recipients: this.listeners }
  }
}

const peerNamed = (name: string): PeerId => ({ toString: () => name }) as PeerId

function announcing(clock = fixedClock()) {
  const pubsub = new FakePubSub()
  const heard: Hint[] = []
  const service = announce({ onHint: (each) => heard.push(each), clock })({ pubsub })
  service.afterStart?.()
  const judge = (data: Uint8Array, from = 'neighbour'): string =>
    pubsub.topicValidators.get(ANNOUNCE_TOPIC)?.(peerNamed(from), { data })
  return { pubsub, heard, service, judge, clock }
}

describe('announce', () => {
  it('accepts a hint and hands it on, once, whoever says it', () => {
    const { heard, judge } = announcing()

    const verdicts = ['a', 'b', 'a'].map((from) => judge(encodeHint(hint(5)), from))

    expect(verdicts).toEqual(['accept', 'ignore', 'ignore'])
    expect(heard).toEqual([hint(5)])
  })

  const bad = [
    { id: 'junk', data: Uint8Array.of(1, 2, 3) },
    { id: 'an empty message', data: new Uint8Array() },
    { id: 'more than 4 KiB', data: new Uint8Array(GOSSIP_MESSAGE_BYTES + 1) },
    { id: 'an unknown type', data: encodeHint(hint(1, 'prices' as never)) },
    { id: 'a byte after the map', data: Uint8Array.of(...encodeHint(hint(1)), 0) }
  ]
  it.each(bad)('rejects $id', ({ data }) => {
    const { heard, judge } = announcing()

    expect(judge(data)).toBe('reject')
    expect(heard).toEqual([])
  })

  it('ignores what a neighbour passes on too often, and hears it again later', () => {
    const { heard, judge, clock } = announcing()

    const verdicts = Array.from({ length: 25 }, (_, i) => judge(encodeHint(hint(i))))
    clock.at += 1_000

    expect(verdicts.filter((verdict) => verdict === 'accept')).toHaveLength(20)
    expect(judge(encodeHint(hint(24)))).toBe('accept')
    expect(heard).toHaveLength(21)
  })

  it('remembers a bounded number of hints', () => {
    const { judge, clock } = announcing()
    for (let i = 0; i <= HINTS_SEEN; i++) {
      clock.at += 1_000
      judge(encodeHint(hint(i)))
    }
    clock.at += 1_000

    expect(judge(encodeHint(hint(0)))).toBe('accept') // forgotten
    expect(judge(encodeHint(hint(HINTS_SEEN)))).toBe('ignore')
  })

  it('validates within a millisecond', () => {
    const { judge, clock } = announcing()
    const count = 2_000
    const data = Array.from({ length: count }, (_, i) => encodeHint(hint(i)))

    const began = process.cpuUsage()
    for (const each of data) {
      clock.at += 1_000
      judge(each)
    }
    const { user, system } = process.cpuUsage(began)

    expect((user + system) / 1_000 / count).toBeLessThan(1)
  })

  it('says each hint once, and what it heard not at all', async () => {
    const { pubsub, service, judge } = announcing()
    pubsub.listeners = [peerNamed('a'), peerNamed('b')]
    judge(encodeHint(hint(2)))

    expect([
      await service.publish(hint(1)),
      await service.publish(hint(1)),
      await service.publish(hint(2))
    ]).toEqual([2, 0, 0])
    expect(pubsub.said).toEqual([encodeHint(hint(1))])
  })

  it('makes nothing of it when nobody listens', async () => {
    const { service } = announcing()

    expect(await service.publish(hint(1))).toBe(0)
  })

  it('subscribes when started and leaves when stopped, twice too', () => {
    const { pubsub, service } = announcing()
    service.afterStart?.()
    expect([...pubsub.topics]).toEqual([ANNOUNCE_TOPIC])

    service.stop()
    service.stop()

    expect([pubsub.topics.size, pubsub.topicValidators.size]).toEqual([0, 0])
  })

  it('spreads a hint between real nodes', async () => {
    const heard: Hint[][] = [[], [], []]
    const nodes = await Promise.all(
      heard.map(async (mine) => {
        const node = await startNode({
          identify: identify({ protocolPrefix: 'keyward' }),
          pubsub: gossipsub({ allowedTopics: [ANNOUNCE_TOPIC] }),
          announce: announce({ onHint: (each) => mine.push(each), clock: systemClock })
        })
        running.push(node)
        return node
      })
    )
    const [first, second, third] = nodes as [
      (typeof nodes)[0],
      (typeof nodes)[0],
      (typeof nodes)[0]
    ]
    await connect(first, second)
    await connect(second, third)
    await until(() => first.services.pubsub.getSubscribers(ANNOUNCE_TOPIC).length === 1)
    await until(() => second.services.pubsub.getSubscribers(ANNOUNCE_TOPIC).length === 2)

    const told = await first.services.announce.publish(hint(77))
    await until(() => heard[2]?.length === 1)

    expect(told).toBe(1)
    expect(heard).toEqual([[], [hint(77)], [hint(77)]])
  })
})
