import { describe, expect, it } from 'vitest'
import { appendLink, CHAIN_START, decodeBody, encodeBody } from '../../../core/receipt.ts'
import { sign } from '../../../core/signed.ts'
import { nativePrimitives as p } from '../../../node/crypto/native.ts'
import type { RunningNode } from '../../../node/index.ts'
import { publish } from '../../../node/verbs/publish.ts'
import type { ReceiptAnswer } from '../../../protocols/custody/index.ts'
import { named } from '../../fixtures/gate.ts'
import { createNetwork, quiet } from '../../fixtures/network.ts'

type Deal = (...args: never[]) => Promise<ReceiptAnswer>
type Good = Extract<ReceiptAnswer, { ok: true }>['receipt']

/** Lets a clinic acknowledge deals and pins as `change` says. */
function acknowledge(node: RunningNode, change: (receipt: Good) => Good): void {
  const custodian = node.clinic?.custodian as unknown as Record<'deal' | 'pin', Deal>
  for (const verb of ['deal', 'pin'] as const) {
    const honest = custodian[verb].bind(custodian)
    custodian[verb] = async (...args) => {
      const answer = await honest(...args)
      return answer.ok ? { ok: true, receipt: change(answer.receipt) } : answer
    }
  }
}

/** A receipt over another body, signed as the clinic would. */
const rewritten = ({ identity }: RunningNode, body: Uint8Array): Good => {
  const by = { peer: identity.peer, seed: identity.peerSeed, atSeconds: 1_800_000_000 }
  return { link: appendLink(CHAIN_START, body, by, p).link, body }
}

const lies: readonly [string, (node: RunningNode) => (receipt: Good) => Good][] = [
  [
    'that another signed',
    () => (receipt) => ({
      ...receipt,
      link: sign('link', receipt.link.b, named('another'), p)
    })
  ],
  [
    'of another share',
    (node) => (receipt) =>
      rewritten(node, encodeBody({ ...decodeBody(receipt.body), com: named('other') } as never))
  ],
  [
    'of another content',
    (node) => (receipt) =>
      rewritten(
        node,
        encodeBody({ ...decodeBody(receipt.body), contentHash: named('other') } as never)
      )
  ],
  [
    'of another custody',
    (node) => (receipt) =>
      rewritten(
        node,
        encodeBody({ ...decodeBody(receipt.body), custodyHash: named('other') } as never)
      )
  ],
  [
    'of another place',
    (node) => (receipt) =>
      rewritten(node, encodeBody({ ...decodeBody(receipt.body), idx: 1 } as never))
  ],
  [
    'with a body that its link does not hold',
    () => (receipt) => ({
      ...receipt,
      body: encodeBody({ ...decodeBody(receipt.body), salt: named('other') } as never)
    })
  ]
]

describe('an acknowledgement', () => {
  it.each(lies)('%s does not count', async (_, lie) => {
    await using net = await createNetwork()
    const liar = net.clinics[1] as RunningNode
    acknowledge(liar, lie(liar))
    const path = await net.file('record.txt', 'a record')

    const added = await publish(net.patient, { path }, quiet())

    expect(added.state).toBe('degraded')
    expect(added.custodians.map(({ acked }) => acked)).toEqual([true, false, true])
    expect(added.custodians[1]?.reason).toMatch(/acknowledgement/)
  })
})
