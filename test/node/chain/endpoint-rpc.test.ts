import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toHex0x } from '../../../core/bytes.ts'
import { RPC_BODY_BYTES } from '../../../core/limits.ts'
import type { BlockRef } from '../../../node/adapters.ts'
import { rpcEndpoint } from '../../../node/chain/endpoint-rpc.ts'
import { accountOf, hashOf } from './world.ts'

interface Question {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}
type Answer = (question: Question) => unknown

/** What the server does with the next questions; they are kept for the test to look at. */
let answer: Answer = () => ({})
let asked: Question[] = []
let server: Server
let url = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      const question = JSON.parse(body) as Question
      asked.push(question)
      const reply = answer(question)
      if (reply === undefined) return // never answers
      const { status = 200, text } = reply as { status?: number; text?: string }
      const whole = { jsonrpc: '2.0', id: question.id, ...(reply as object) }
      response.statusCode = status
      response.end(text ?? JSON.stringify(whole))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const block: BlockRef = { number: 18, hash: hashOf('block') }
const endpoint = (reply: Answer, timeoutMs = 2_000) => {
  answer = reply
  asked = []
  return rpcEndpoint(url, { name: 'test', timeoutMs })
}
const unavailable = { name: 'ChainUnavailableError' }

describe('an endpoint', () => {
  it('tells its head and its finalized block', async () => {
    const end = endpoint(({ method }) => ({
      result: method === 'eth_blockNumber' ? '0x12' : { number: '0x7', hash: '0x' }
    }))

    expect(await end.headNumber({})).toBe(18)
    expect(await end.finalizedNumber({})).toBe(7)
    expect(asked[1]?.params).toEqual(['finalized', false])
  })

  it('gives a header’s own fields, and marks what it does not understand', async () => {
    const end = endpoint(() => ({
      result: {
        number: '0x12',
        hash: '0xaa',
        transactions: [],
        totalDifficulty: null,
        odd: { a: 1 }
      }
    }))

    expect(await end.header(18, {})).toEqual({
      number: '0x12',
      hash: '0xaa',
      transactions: 'object',
      odd: 'object'
    })
    expect(asked[0]?.params).toEqual(['0x12', false])
  })

  it('says so when it has no such block', async () => {
    expect(await endpoint(() => ({ result: null })).header(18, {})).toBeUndefined()
  })

  const keys = [hashOf('one'), hashOf('two')]
  const proof = {
    accountProof: ['0x01', '0x0203'],
    storageProof: [{ key: '0x1', value: '0x0', proof: ['0x04'] }, { proof: [] }]
  }

  it('gives a proof, its slots in the order asked', async () => {
    const claimed = await endpoint(() => ({ result: proof })).proof(
      accountOf('contract'),
      keys,
      block,
      {}
    )

    expect(claimed).toEqual({
      account: [Uint8Array.of(1), Uint8Array.of(2, 3)],
      storage: [
        { key: keys[0], nodes: [Uint8Array.of(4)] },
        { key: keys[1], nodes: [] }
      ]
    })
    expect(asked[0]?.params).toEqual([
      toHex0x(accountOf('contract')),
      keys.map(toHex0x),
      { blockHash: toHex0x(block.hash) }
    ])
  })

  it('is asked by number, from then on, if it does not know blocks by hash', async () => {
    const end = endpoint(({ params }) =>
      params.some((param) => typeof param === 'object' && !Array.isArray(param))
        ? { error: { code: -32_602, message: 'invalid argument 2' } }
        : { result: proof }
    )

    await end.proof(accountOf('contract'), keys, block, {})
    await end.proof(accountOf('contract'), keys, block, {})

    expect(asked.map(({ params }) => params[2])).toEqual([
      { blockHash: toHex0x(block.hash) },
      '0x12',
      '0x12'
    ])
  })

  it('is not asked by number when it has lost the block', async () => {
    const end = endpoint(() => ({ error: { code: -32_000, message: 'header not found' } }))

    await expect(end.proof(accountOf('contract'), keys, block, {})).rejects.toMatchObject(
      unavailable
    )
    expect(asked.length).toBe(1)
  })

  it('calls', async () => {
    const data = Uint8Array.of(0x16, 0x26)
    const end = endpoint(() => ({ result: '0x1626ba7e' }))

    expect(toHex0x(await end.call(accountOf('wallet'), data, block, {}))).toBe('0x1626ba7e')
    expect(asked[0]?.params[0]).toEqual({ to: toHex0x(accountOf('wallet')), data: '0x1626' })
  })
})

describe('what is no answer', () => {
  it.each<[string, Answer]>([
    ['an error', () => ({ error: { code: -32_000, message: 'no' } })],
    ['another question’s answer', () => ({ id: 999_999, result: '0x1' })],
    ['no JSON', () => ({ text: '<html>' })],
    ['no object', () => ({ text: '[]' })],
    ['an HTTP error', () => ({ status: 502, result: '0x1' })],
    ['a redirect', () => ({ status: 301, text: '' })],
    ['more bytes than any answer has', () => ({ text: 'x'.repeat(RPC_BODY_BYTES + 1) })],
    ['a number that is none', () => ({ result: 17 })],
    ['a number with leading zeros', () => ({ result: '0x012' })],
    ['a number beyond 2^53', () => ({ result: '0x20000000000000' })],
    ['nothing', () => ({ result: null })]
  ])('%s', async (_, reply) => {
    await expect(endpoint(reply).headNumber({})).rejects.toMatchObject(unavailable)
  })

  it.each([
    ['odd digits', { accountProof: ['0x1'], storageProof: [] }],
    ['no hex', { accountProof: ['0xzz'], storageProof: [] }],
    ['an empty node', { accountProof: ['0x'], storageProof: [] }],
    ['too many nodes', { accountProof: Array(65).fill('0x01'), storageProof: [] }],
    ['a node that is too long', { accountProof: [`0x${'00'.repeat(5_000)}`], storageProof: [] }],
    ['other slots than asked', { accountProof: [], storageProof: [] }],
    ['no storage', { accountProof: [] }]
  ])('a proof with %s', async (_, result) => {
    const end = endpoint(() => ({ result }))

    const proof = end.proof(accountOf('contract'), [hashOf('slot')], block, {})

    await expect(proof).rejects.toMatchObject(unavailable)
  })

  it('silence', async () => {
    await expect(endpoint(() => undefined, 20).headNumber({})).rejects.toMatchObject(unavailable)
  })

  it('a closed port', async () => {
    const end = rpcEndpoint('http://127.0.0.1:1')

    await expect(end.headNumber({})).rejects.toMatchObject(unavailable)
  })

  it('but the caller’s own signal ends as itself', async () => {
    const asking = endpoint(() => undefined).headNumber({ signal: AbortSignal.timeout(10) })

    await expect(asking).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})

it('shows the host alone as its name: a path may hold a key', () => {
  expect(rpcEndpoint('https://rpc.example.org/v2/secret').name).toBe('rpc.example.org')
})
