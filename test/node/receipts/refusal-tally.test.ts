import { afterEach, describe, expect, it, vi } from 'vitest'
import { Code } from '../../../core/codes.ts'
import { peerIdOf } from '../../../core/ids.ts'
import { REFUSALS_COUNTED } from '../../../core/limits.ts'
import type { ReceiptBody } from '../../../core/receipt.ts'
import type { ReceiptLog } from '../../../node/receipts/receipt-log.ts'
import { RefusalTally } from '../../../node/receipts/refusal-tally.ts'
import { named } from '../../fixtures/gate.ts'
import { refuse } from '../../fixtures/messages.ts'

const peer = (n: number) => peerIdOf(named(`peer ${n}`))
const REQ = named('request')

/** A log that only remembers, and a tally on it. */
function tallied() {
  const written: Extract<ReceiptBody, { kind: 'refuse' }>[] = []
  const log = {
    append: async (body: ReceiptBody) => {
      if (body.kind === 'refuse') written.push(body)
    }
  } as unknown as ReceiptLog
  const tally = new RefusalTally(log, (counted) => {
    const { code, count, req, want } = counted
    return refuse({ code, count, req, want, peer: counted.peer })
  })
  return { tally, written }
}

describe('refusal tally', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('counts each peer and code apart and names the first request', async () => {
    const { tally, written } = tallied()
    tally.count(peer(1), Code.MALFORMED, REQ, '')
    tally.count(peer(1), Code.MALFORMED, named('later'), 'share')
    tally.count(peer(1), Code.BUSY, named('busy'), 'share')
    tally.count(peer(2), Code.MALFORMED, named('other'), '')

    await tally.flush()

    expect(written).toMatchObject([
      { peer: peer(1), code: 101, count: 2, req: REQ, want: '' },
      { peer: peer(1), code: 104, count: 1, req: named('busy'), want: 'share' },
      { peer: peer(2), code: 101, count: 1, req: named('other') }
    ])
  })

  it('writes once a minute, and nothing when there was nothing', async () => {
    vi.useFakeTimers()
    const { tally, written } = tallied()
    tally.start()
    tally.start()
    tally.count(peer(1), Code.MALFORMED, REQ, '')
    await vi.advanceTimersByTimeAsync(59_999)
    expect(written).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(1)
    tally.count(peer(1), Code.MALFORMED, REQ, '')
    tally.count(peer(1), Code.MALFORMED, REQ, '')
    await vi.advanceTimersByTimeAsync(180_000)

    expect(written.map(({ count }) => count)).toEqual([1, 2])
    await tally.stop()
    tally.count(peer(1), Code.MALFORMED, REQ, '')
    await vi.advanceTimersByTimeAsync(180_000)
    expect(written).toHaveLength(2)
  })

  it('is bounded, and loses no count beyond its bound', async () => {
    const { tally, written } = tallied()
    for (let n = 0; n < REFUSALS_COUNTED + 50; n++) tally.count(peer(n), Code.BUSY, REQ, '')
    tally.count(peer(0), Code.BUSY, REQ, '')

    await tally.flush()

    expect(written).toHaveLength(REFUSALS_COUNTED + 1)
    expect(written[0]?.count).toBe(2)
    expect(written.at(-1)?.count).toBe(50)
  })
})
