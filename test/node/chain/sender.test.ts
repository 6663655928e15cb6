import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Interface, Transaction } from 'ethers'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { toHex0x } from '../../../core/bytes.ts'
import { GrantRegistry } from '../../../node/chain/abi.ts'
import { Sender } from '../../../node/chain/sender.ts'
import { accountOf, hashOf, keyOf } from './world.ts'

type Reply = { result: unknown } | { error: { code: number; message: string; data?: string } }

/** A node that mines whatever it gets, unless a test gave it other answers. */
class FakeNode {
  answers: Record<string, (params: readonly unknown[]) => Reply | undefined> = {}
  sent: Transaction[] = []
  nonce = 5
  status = '0x1'

  reply(method: string, params: readonly unknown[]): Reply {
    const own = this.answers[method]?.(params)
    if (own != null) return own
    switch (method) {
      case 'eth_estimateGas':
        return { result: '0x10000' }
      case 'eth_getBlockByNumber':
        return { result: { baseFeePerGas: '0x3b9aca00' } }
      case 'eth_maxPriorityFeePerGas':
        return { result: '0x77359400' }
      case 'eth_getTransactionCount':
        return { result: `0x${this.nonce.toString(16)}` }
      case 'eth_sendRawTransaction': {
        const transaction = Transaction.from(params[0] as string)
        this.sent.push(transaction)
        this.nonce = transaction.nonce + 1
        return { result: transaction.hash }
      }
      case 'eth_getTransactionReceipt':
        return { result: this.receipt(params[0] as string) }
      default:
        return { error: { code: -32_601, message: 'unknown method' } }
    }
  }

  receipt(transactionHash: string): object {
    const blockHash = toHex0x(hashOf('block'))
    const { status } = this
    return { transactionHash, blockHash, blockNumber: '0x9', gasUsed: '0x5208', status }
  }
}

let node: FakeNode
let server: Server
let url = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      const { id, method, params } = JSON.parse(body)
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...node.reply(method, params) }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

beforeEach(() => {
  node = new FakeNode()
})

const draft = { to: accountOf('contract'), data: Uint8Array.of(1, 2, 3) }
const sender = (waitMs = 5_000): Sender =>
  new Sender({ url, accountKey: keyOf('payer'), chainId: 77, waitMs })
const failed = (message: string) => ({ name: 'TransactionFailedError', message })

const staleVersion = new Interface(GrantRegistry.abi).encodeErrorResult(
  'GrantRegistryStaleVersion',
  [toHex0x(hashOf('grant')), 1, 1]
)
const revert = (): Reply => ({
  error: { code: 3, message: 'execution reverted', data: staleVersion }
})

describe('a sent transaction', () => {
  it('is signed for its chain, with room for gas and for fees to rise', async () => {
    const { txHash, block, gasUsed } = await sender().send(draft)

    const [sent] = node.sent
    expect(sent).toMatchObject({
      chainId: 77n,
      nonce: 5,
      to: expect.stringMatching(new RegExp(toHex0x(accountOf('contract')), 'i')),
      data: '0x010203',
      gasLimit: (0x10000n * 125n) / 100n,
      maxPriorityFeePerGas: 2_000_000_000n,
      maxFeePerGas: 4_000_000_000n
    })
    expect(sent?.from?.toLowerCase()).toBe(toHex0x(accountOf('payer')))
    expect(toHex0x(txHash)).toBe(sent?.hash)
    expect([block.number, gasUsed]).toEqual([9, 21_000])
  })

  it('may run beside others: numbers follow each other without waiting for blocks', async () => {
    let blocked = true
    node.answers['eth_getTransactionReceipt'] = () => (blocked ? { result: null } : undefined)
    const from = sender()
    const sending = Promise.all(Array.from({ length: 8 }, () => from.send(draft)))
    while (node.sent.length < 8) await new Promise((resolve) => setImmediate(resolve))

    blocked = false
    await sending

    expect(node.sent.map(({ nonce }) => nonce)).toEqual([5, 6, 7, 8, 9, 10, 11, 12])
  })

  it.each(['nonce too low', 'replacement transaction underpriced', 'already known'])(
    'is sent again under the next number after "%s"',
    async (message) => {
      let taken = 2
      node.answers['eth_sendRawTransaction'] = () => {
        if (taken-- <= 0) return undefined
        node.nonce++ // another program was quicker
        return { error: { code: -32_000, message } }
      }

      await sender().send(draft)

      expect(node.sent.map(({ nonce }) => nonce)).toEqual([7])
    }
  )

  it('is not sent for ever when its number is always taken', async () => {
    node.answers['eth_sendRawTransaction'] = () => ({
      error: { code: -32_000, message: 'nonce too low' }
    })

    await expect(sender().send(draft)).rejects.toMatchObject(failed('nonce too low'))
  })

  it('works where nobody wants a tip', async () => {
    node.answers['eth_maxPriorityFeePerGas'] = () => ({ result: '0x0' })
    node.answers['eth_getBlockByNumber'] = () => ({ result: {} })

    await sender().send(draft)

    expect(node.sent[0]).toMatchObject({ maxFeePerGas: 0n, maxPriorityFeePerGas: 0n })
  })
})

describe('a failure', () => {
  it('before sending costs nothing and has the name of the contract’s error', async () => {
    node.answers['eth_estimateGas'] = revert

    await expect(sender().send(draft)).rejects.toMatchObject(failed('GrantRegistryStaleVersion'))
    expect(node.sent).toEqual([])
  })

  it('with an unknown error has the endpoint’s words', async () => {
    node.answers['eth_estimateGas'] = () => ({
      error: { code: 3, message: 'execution reverted', data: '0x12345678' }
    })

    await expect(sender().send(draft)).rejects.toMatchObject(failed('execution reverted'))
  })

  it('in a block is named by calling again', async () => {
    node.status = '0x0'
    node.answers['eth_call'] = revert

    const sending = sender().send(draft)

    await expect(sending).rejects.toMatchObject(failed('GrantRegistryStaleVersion'))
    await expect(sending).rejects.toMatchObject({ txHash: node.sent[0]?.hash })
  })

  it('in a block that cannot be explained is told all the same', async () => {
    node.status = '0x0'
    node.answers['eth_call'] = () => ({ result: '0x' })

    await expect(sender().send(draft)).rejects.toMatchObject(failed('reverted'))
  })

  it('to be mined in time is the chain’s, and names the transaction', async () => {
    node.answers['eth_getTransactionReceipt'] = () => ({ result: null })

    const sending = sender(60).send(draft)

    await expect(sending).rejects.toMatchObject({ name: 'ChainUnavailableError' })
    await expect(sending).rejects.toThrow(node.sent[0]?.hash as string)
  })

  it('leaves no gap: the next number is asked for again', async () => {
    let drops = true
    node.answers['eth_getTransactionReceipt'] = () => (drops ? { result: null } : undefined)
    const from = sender(60)
    await from.send(draft).catch(() => {})
    node.nonce = 5 // it was dropped

    drops = false
    await from.send(draft)

    expect(node.sent.map(({ nonce }) => nonce)).toEqual([5, 5])
  })

  it('of one does not hold up the next', async () => {
    let bad = true
    node.answers['eth_sendRawTransaction'] = () => {
      if (!bad) return undefined
      bad = false
      return { error: { code: -32_003, message: 'insufficient funds' } }
    }
    const from = sender()

    const both = await Promise.allSettled([from.send(draft), from.send(draft)])

    // which of them meets the bad answer is not promised
    const [failure, ...others] = both.filter(({ status }) => status === 'rejected')
    expect(failure).toMatchObject({ reason: failed('insufficient funds') })
    expect(others).toEqual([])
  })

  it('to reach anybody is the chain’s', async () => {
    const init = { url: 'http://127.0.0.1:1', accountKey: keyOf('payer'), chainId: 77 }

    await expect(new Sender(init).send(draft)).rejects.toMatchObject({
      name: 'ChainUnavailableError'
    })
  })

  it('is the caller’s when it leaves', async () => {
    node.answers['eth_getTransactionReceipt'] = () => ({ result: null })

    const sending = sender().send(draft, { signal: AbortSignal.timeout(50) })

    await expect(sending).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})
