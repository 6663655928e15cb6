import { describe, expect, it } from 'vitest'
import { hash } from '../../../core/ids.ts'
import { encodeBody } from '../../../core/receipt.ts'
import { ask } from '../../../node/verbs/ask.ts'
import { named, p } from '../../fixtures/gate.ts'
import { refuse, release } from '../../fixtures/messages.ts'
import {
  type Behaviour,
  flipped,
  LATER,
  peerOfPlace,
  type Reading,
  reading,
  refusal,
  sameShare,
  seedOf
} from '../../fixtures/reading.ts'

const signal = AbortSignal.timeout(60_000)
const askFirst = ({ node, read }: Reading, want: 'share' | 'blocks' = 'share') =>
  ask(node, read, want, peerOfPlace(1), [], signal)

const lies: readonly { readonly id: string; readonly reason: RegExp; readonly of: Behaviour }[] = [
  {
    id: 'is signed by another',
    reason: /not signed/,
    of: { answerSeed: seedOf(2) }
  },
  {
    id: 'was changed on its way',
    reason: /not signed/,
    of: { frame: (frame) => flipped(frame, frame.byteLength - 1) }
  },
  { id: 'is no answer', reason: /expected/, of: { frame: () => Uint8Array.of(1, 2, 3) } },
  {
    id: 'is to another request',
    reason: /another request/,
    of: { answer: (answer) => ({ ...answer, req: named('another') }) }
  },
  {
    id: 'has a link of another',
    reason: /receipt/,
    of: { linkSeed: seedOf(2) }
  },
  {
    id: 'has a link of the log of another',
    reason: /receipt/,
    of: { linkBy: peerOfPlace(2) }
  },
  {
    id: 'has a receipt of a refusal',
    reason: /receipt/,
    of: { receipt: ({ req, ct }) => refuse({ req, ct, code: 505 }) }
  },
  {
    id: 'has a receipt of another request',
    reason: /receipt/,
    of: { body: { req: named('another') } }
  },
  {
    id: 'has a receipt of another ciphertext',
    reason: /receipt/,
    of: { body: { ct: named('another') } }
  },
  {
    id: 'has a receipt of no ciphertext',
    reason: /receipt/,
    of: { body: { ct: undefined } }
  },
  {
    id: 'has a body that its link does not hold',
    reason: /receipt/,
    of: {
      answer: (answer) => {
        const ct = hash(p.sha256(answer.enc as Uint8Array, answer.ct as Uint8Array))
        const body = encodeBody(release({ req: answer.req, ct, salt: named('another') }))
        return { ...answer, body }
      }
    }
  },
  {
    id: 'has a share with a bit changed',
    reason: /share 1 does not match/,
    of: { plain: (plain) => flipped(plain) }
  },
  {
    id: 'has a salt with a bit changed',
    reason: /share 1 does not match/,
    of: { plain: (plain) => flipped(plain, 0) }
  },
  {
    id: 'has a share that was sealed in another stream',
    reason: /share 1 does not match/,
    of: { sealedFor: { challenge: named('another') } }
  },
  {
    id: 'has a share that was sealed for another request',
    reason: /share 1 does not match/,
    of: { sealedFor: { seq: 2 } }
  },
  {
    id: 'has a share that was sealed for another reader',
    reason: /share 1 does not match/,
    of: { sealedFor: { requester: peerOfPlace(3) } }
  },
  {
    id: 'has the share of one place for that of another',
    reason: /share 2 does not match/,
    of: { answer: (answer) => ({ ...answer, idx: 2 }) }
  },
  {
    id: 'has a share of a place that is not there',
    reason: /share 9 does not match/,
    of: { answer: (answer) => ({ ...answer, idx: 9 }) }
  },
  {
    id: 'has a share of another epoch',
    reason: /does not match/,
    of: { answer: (answer) => ({ ...answer, shareEpoch: 2 }) }
  },
  {
    id: 'has no share at all',
    reason: /receipt|share/,
    of: {
      answer: (answer) => ({
        ...answer,
        idx: undefined,
        shareEpoch: undefined,
        suite: undefined,
        enc: undefined,
        ct: undefined
      })
    }
  }
]

describe('asking a custodian', () => {
  it('gives the share that its owner committed to, with its receipt', async () => {
    const of = await reading()

    const asked = await askFirst(of)

    if (asked.kind !== 'released') throw new Error(`expected a release, got ${asked.kind}`)
    expect(sameShare(of.dealt.plain, asked.share)).toBe(true)
    expect(asked.receipt).toMatchObject({ kind: 'release', want: 'share' })
  })

  it('gives no share where blocks were wanted', async () => {
    const of = await reading()

    const asked = await askFirst(of, 'blocks')

    expect(asked).toMatchObject({ kind: 'released', receipt: { want: 'blocks' } })
    expect(asked).not.toHaveProperty('share')
  })

  it('asks for this read alone, of this custodian alone', async () => {
    const of = await reading()
    await askFirst(of)

    expect(of.asked.get(1)).toMatchObject({
      want: 'share',
      custodian: peerOfPlace(1),
      challenge: named('challenge 1'),
      seq: 1,
      recordId: of.dealt.content.recordId,
      ver: 1,
      shareEpoch: 1,
      purpose: 0,
      hl7: 'TREAT',
      kem: of.read.kem.publicKey,
      conf: { n: 7, h: named('block') }
    })
    const deadline = of.asked.get(1)?.deadline ?? 0
    expect(deadline - of.node.clock.nowMs() / 1_000).toBe(30)
  })

  it.each(lies)('blames it when its answer $id', async ({ of, reason }) => {
    const asked = await askFirst(await reading({ 1: of }))

    expect(asked).toMatchObject({ kind: 'blamed', reason: expect.stringMatching(reason) })
    expect(asked).not.toHaveProperty('share')
  })

  it('tells a refusal from a lie', async () => {
    const asked = await askFirst(await reading({ 1: { answer: refusal(400) } }))

    expect(asked).toEqual({ kind: 'refused', code: 400 })
  })

  it('blames nobody for a stream that broke, and asks once more', async () => {
    let tries = 0
    const breaking = (times: number): Behaviour => ({
      get wait() {
        return ++tries <= times ? Promise.reject(new Error('the stream ended')) : undefined
      }
    })

    expect(await askFirst(await reading({ 1: breaking(1) }))).toMatchObject({ kind: 'released' })
    tries = 0
    expect(await askFirst(await reading({ 1: breaking(9) }))).toMatchObject({
      kind: 'unreached',
      reason: 'the stream ended'
    })
    expect(tries).toBe(2)
  })

  it('asks nobody twice who cannot be reached', async () => {
    const { node, read } = await reading()
    let dialled = 0
    Object.assign(node.reach, {
      peer: async () => {
        dialled++
        throw new Error('no way there')
      }
    })

    expect(await ask(node, read, 'share', peerOfPlace(1), [], signal)).toEqual({
      kind: 'unreached',
      reason: 'no way there'
    })
    expect(dialled).toBe(1)
  })

  it('looks at the chain and asks again where a refusal passes', async () => {
    const passing = [104, 301, 302, 304, 307]
    const asked = await Promise.all(
      passing.map(async (code) => {
        let answers = 0
        const of = await reading({
          1: { answer: (answer) => (++answers === 1 ? refusal(code)(answer) : answer) }
        })
        const { kind } = await askFirst(of)
        return { code, kind, answers, conf: of.asked.get(1)?.conf }
      })
    )

    const conf = { n: LATER.number, h: LATER.hash }
    expect(asked).toEqual(passing.map((code) => ({ code, kind: 'released', answers: 2, conf })))
  })

  it.each([105, 202, 303, 400, 601])('does not ask again after %i', async (code) => {
    let asked = 0
    const of = await reading({
      1: {
        answer: (answer) => {
          asked++
          return refusal(code)(answer)
        }
      }
    })

    expect(await askFirst(of)).toEqual({ kind: 'refused', code })
    expect(asked).toBe(1)
  })
})
