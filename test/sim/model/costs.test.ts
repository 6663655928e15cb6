import { describe, expect, it } from 'vitest'
import gasTable from '../../../contracts/gas.json' with { type: 'json' }
import { blocksOf, gas } from '../../../sim/model/costs.ts'
import { ofKind, run } from './fixtures.ts'

// everything at once on open streams and in one place: only what the operations themselves send
const still = {
  network: {
    clinics: 12,
    patients: 6,
    requesters: 1,
    latency: { model: 'constant', oneWayMs: 10 }
  },
  records: {
    perPatient: 1,
    custodians: 5,
    threshold: 3,
    replicas: 3,
    sizes: { model: 'fixed', bytes: 1_000 }
  },
  chain: { blockSeconds: 5, confirmBlocks: 1 }
} as const
const one = (kind: 'request' | 'revoke' | 'emergency' | 'publish', atSeconds = 60) => ({
  bursts: [{ kind, atSeconds, overSeconds: 1, count: 1 }]
})

describe('blocksOf', () => {
  it.each([
    [1, 1],
    [250_000, 1],
    // two leaves and the node above them
    [300_000, 3],
    [100 * 262_208, 103 + 1],
    // more leaves than one node links to: two levels above
    [1_100 * 262_208, 1_133 + 2 + 1]
  ])('%i bytes are %i blocks', (size, blocks) => {
    expect(blocksOf(size)).toBe(blocks)
  })
})

describe('messages and gas of one operation', () => {
  it('publish: cards, mailboxes, deals at n; pins and blocks at r; one notice', async () => {
    const [row] = ofKind(await run({ ...still, workload: one('publish') }), 'publish')

    const cards = 5 * 2
    const mailboxes = 5 * 2
    const deals = 5 * 2
    // pin, its progress and its receipt; request, one block and the end
    const pins = 3 * 3 + 3 * 3
    // notice, progress, answer; a sign of life each 2 s until the block
    const beats = Math.floor((Number(row?.['latencyMs']) - 500) / 2_000)
    expect(row?.['ok']).toBe(1)
    expect(Number(row?.['messages']) - (cards + mailboxes + deals + pins + 3)).toBe(beats)
    expect(row?.['gas']).toBe(gasTable.register)
  })

  it('wish: card, mailbox, put at each of n keepers', async () => {
    const [row] = ofKind(await run({ ...still, workload: one('request') }), 'wish')

    expect(row?.['messages']).toBe(5 * 6)
    expect(row?.['gas']).toBeNaN()
  })

  it('grant: list and remove at n mailboxes, one notice to a relayer, one reply', async () => {
    const [row] = ofKind(await run({ ...still, workload: one('request') }), 'grant')

    const mail = 5 * 4
    const beats = Math.floor(Number(row?.['latencyMs']) / 2_000)
    expect(Number(row?.['messages']) - mail - 3 - 2).toBeLessThanOrEqual(beats)
    expect(Number(row?.['messages'])).toBeGreaterThanOrEqual(mail + 3 + 2)
    expect(row?.['gas']).toBe(gasTable.grantBySig)
  })

  it('retrieve: challenge, request, answer of n; rights of r; request, block, end', async () => {
    const [row] = ofKind(await run({ ...still, workload: one('request') }), 'retrieve')

    expect(row?.['messages']).toBe(5 * 3 + 3 * 2 + 3)
    expect(row?.['shares']).toBe(3)
    expect(row?.['requests']).toBe(0)
  })

  it('revoke: notice, progress and answer of all n', async () => {
    const bursts = [
      { kind: 'request', atSeconds: 60, overSeconds: 1, count: 1 },
      { kind: 'revoke', atSeconds: 200, overSeconds: 1, count: 1 }
    ] as const
    const [row] = ofKind(await run({ ...still, workload: { bursts: [...bursts] } }), 'revoke')

    // those whose turn has not come when the first is mined still owe their answers
    expect(Number(row?.['messages'])).toBeGreaterThanOrEqual(5 * 2 + 1)
    expect(Number(row?.['messages'])).toBeLessThanOrEqual(5 * 3 + 5 * 3)
    expect(row?.['gas']).toBe(gasTable.revokeBySig)
    expect(row?.['found']).toBe(1)
  })

  it('provide: a lookup, then one message to each of the k nearest', async () => {
    const rows = ofKind(await run({ ...still, workload: one('publish') }), 'provide')

    expect(rows.length).toBe(3)
    for (const row of rows) {
      // 11 others, each asked once and then told
      expect(Number(row['messages'])).toBe(2 * 11 + 11)
      expect(Number(row['requests'])).toBe(11 + 11)
    }
  })

  it('bitswap asks for every block, and takes longer', async () => {
    const big = { ...still.records, sizes: { model: 'fixed', bytes: 2_000_000 } } as const
    const of = async (exchange: 'stream' | 'bitswap') =>
      ofKind(
        await run({ ...still, records: { ...big, exchange }, workload: one('request') }),
        'retrieve'
      )[0]
    const [stream, bitswap] = [await of('stream'), await of('bitswap')]

    expect(Number(bitswap?.['messages'])).toBeGreaterThan(Number(stream?.['messages']))
    expect(Number(bitswap?.['latencyMs'])).toBeGreaterThanOrEqual(Number(stream?.['latencyMs']))
  })

  it('takes its gas from the table that the contracts regenerate', () => {
    expect(gas).toEqual({
      register: gasTable.register,
      addVersion: gasTable.addVersion,
      grant: gasTable.grantBySig,
      revoke: gasTable.revokeBySig,
      emergency: gasTable.breakGlass
    })
  })
})
