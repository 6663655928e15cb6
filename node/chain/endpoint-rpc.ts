/**
 * One JSON-RPC endpoint over HTTP: five methods by hand, since a client library costs ten times
 * their CPU (CHAIN.md §3). Bodies and time are bounded, and every answer is a claim: only its shape
 * is checked here. Connections are kept alive by fetch itself, in Node as in a browser.
 * @module
 */
import { toBigInt, toHex0x } from '../../core/bytes.ts'
import { ChainUnavailableError } from '../../core/errors.ts'
import { type Address, address, type Hash, hash } from '../../core/ids.ts'
import {
  LOGS_MAX,
  PROOF_NODE_BYTES,
  PROOF_NODES_MAX,
  PROOF_SLOTS_MAX,
  RPC_BODY_BYTES,
  RPC_MAX_MS
} from '../../core/limits.ts'
import type { BlockRef, ClaimedHeader, ClaimedLog, ClaimedProof, LogEndpoint } from '../adapters.ts'
import { dataBytes, fields, items, quantity, quantityHex } from './rpc-values.ts'

export interface RpcEndpointInit {
  /** Shown in logs. @default the URL's host; a path may hold an API key */
  readonly name?: string
  /** @default fetch */
  readonly fetch?: typeof fetch
  /** @default RPC_MAX_MS */
  readonly timeoutMs?: number
}

type Options = { readonly signal?: AbortSignal | undefined }

/** An error that the endpoint itself reported; any other failure is a broken connection. */
export class RpcError extends Error {
  readonly code: number
  /** Revert data in hex, where there is some. */
  readonly data: string | undefined
  constructor(error: Readonly<Record<string, unknown>>) {
    super(String(error['message']).slice(0, 256))
    this.code = Number(error['code'])
    const data = error['data']
    this.data = typeof data === 'string' ? data : undefined
  }
}

/** JSON-RPC over one URL. @throws ChainUnavailableError from every method, with its cause */
export class JsonRpc {
  readonly name: string
  readonly #url: string
  readonly #fetch: typeof fetch
  readonly #timeoutMs: number
  #id = 0

  constructor(url: string, init: RpcEndpointInit = {}) {
    this.#url = url
    this.name = init.name ?? new URL(url).host
    this.#fetch = init.fetch ?? fetch
    this.#timeoutMs = init.timeoutMs ?? RPC_MAX_MS
  }

  /** Asks, and reads the result with `read`; both failures are the endpoint's. */
  async ask<T>(
    method: string,
    params: readonly unknown[],
    read: (result: unknown) => T,
    options: Options = {}
  ): Promise<T> {
    try {
      return read(await this.#post(method, params, options))
    } catch (err) {
      options.signal?.throwIfAborted()
      throw new ChainUnavailableError(`${this.name} did not answer ${method}`, { cause: err })
    }
  }

  async #post(method: string, params: readonly unknown[], options: Options): Promise<unknown> {
    const id = ++this.#id
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    const response = await this.#fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
      redirect: 'error',
      signal: options.signal == null ? timeout : AbortSignal.any([options.signal, timeout])
    })
    const answer = fields(JSON.parse(await bodyText(response)), 'answer')
    if (answer['error'] != null) throw new RpcError(fields(answer['error'], 'error'))
    if (answer['id'] !== id) throw new TypeError('the answer is to another question')
    if (!response.ok) throw new TypeError(`HTTP status ${response.status}`)
    return answer['result']
  }
}

async function bodyText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  const reader = response.body?.getReader()
  while (reader != null) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.byteLength
    if (length > RPC_BODY_BYTES) {
      await reader.cancel()
      throw new RangeError(`the answer is longer than ${RPC_BODY_BYTES} bytes`)
    }
    text += decoder.decode(value, { stream: true })
  }
  return text + decoder.decode()
}

/** Whether the endpoint said that it does not understand the block parameter. */
const isMisunderstood = (err: unknown): boolean =>
  err instanceof ChainUnavailableError &&
  err.cause instanceof RpcError &&
  (err.cause.code === -32_602 || err.cause.code === -32_600)

/** keccak256("Changed(bytes32,uint256)"), the one event of all our contracts. */
const CHANGED = '0x7e5a82e60193fed8f45e09ee8209083b1e0a1e3de5856618790b730ab94d31e9'

const node = (value: unknown, name: string): Uint8Array =>
  dataBytes(value, name, PROOF_NODE_BYTES, 1)
const proofNodes = (value: unknown, name: string): Uint8Array[] =>
  items(value, name, PROOF_NODES_MAX, node)

function readHeader(result: unknown): ClaimedHeader | undefined {
  if (result == null) return undefined
  const claim: Record<string, string> = {}
  for (const [name, value] of Object.entries(fields(result, 'block'))) {
    // Lists stand beside the header; should a fork add one to it, its name alone refuses.
    if (value != null) claim[name] = typeof value === 'string' ? value : typeof value
  }
  return claim
}

function readProof(result: unknown, keys: readonly Hash[]): ClaimedProof {
  const given = fields(result, 'proof')
  const storage = items(given['storageProof'], 'storageProof', PROOF_SLOTS_MAX, (value, name) =>
    proofNodes(fields(value, name)['proof'], name)
  )
  if (storage.length !== keys.length) throw new TypeError('proofs of other slots than asked')
  return {
    account: proofNodes(given['accountProof'], 'accountProof'),
    storage: storage.map((nodes, i) => ({ key: keys[i] as Hash, nodes }))
  }
}

const word = (value: unknown, name: string): Hash => hash(dataBytes(value, name, 32, 32))

/** Of other events than ours, and of blocks that are not mined yet, nothing is taken. */
function readLogs(result: unknown): readonly ClaimedLog[] {
  return items(result, 'logs', LOGS_MAX, (value, name): readonly ClaimedLog[] => {
    const log = fields(value, name)
    const [event, key] = items(log['topics'], `${name}.topics`, 4, word)
    if (key == null || event == null || toHex0x(event) !== CHANGED) return []
    if (log['blockHash'] == null || log['removed'] === true) return []
    const block = {
      number: quantity(log['blockNumber'], `${name}.blockNumber`),
      hash: word(log['blockHash'], `${name}.blockHash`)
    }
    const contract = address(dataBytes(log['address'], `${name}.address`, 20, 20))
    return [{ contract, key, word: toBigInt(word(log['data'], `${name}.data`)), block }]
  }).flat()
}

/** An endpoint behind a URL. @throws TypeError if it is no URL */
export function rpcEndpoint(url: string, init: RpcEndpointInit = {}): LogEndpoint {
  const rpc = new JsonRpc(url, init)
  let takesHash = true // EIP-1898: the block by its hash, which no reorg can shift

  async function atBlock<T>(
    method: string,
    params: readonly unknown[],
    block: BlockRef,
    read: (result: unknown) => T,
    options: Options
  ): Promise<T> {
    if (takesHash) {
      try {
        const byHash = { blockHash: toHex0x(block.hash) }
        return await rpc.ask(method, [...params, byHash], read, options)
      } catch (err) {
        if (!isMisunderstood(err)) throw err
      }
    }
    // The proof must fit the agreed header anyway, so a number will do.
    const answer = await rpc.ask(method, [...params, quantityHex(block.number)], read, options)
    takesHash = false
    return answer
  }

  return {
    name: rpc.name,
    headNumber: (options) =>
      rpc.ask('eth_blockNumber', [], (result) => quantity(result, 'head'), options),
    finalizedNumber: (options) =>
      rpc.ask(
        'eth_getBlockByNumber',
        ['finalized', false],
        (result) => quantity(fields(result, 'finalized')['number'], 'finalized.number'),
        options
      ),
    header: (number, options) =>
      rpc.ask('eth_getBlockByNumber', [quantityHex(number), false], readHeader, options),
    proof: (account: Address, keys, block, options) =>
      atBlock(
        'eth_getProof',
        [toHex0x(account), keys.map(toHex0x)],
        block,
        (result) => readProof(result, keys),
        options
      ),
    logs: (contracts, from, to, options) => {
      const range = { fromBlock: quantityHex(from), toBlock: quantityHex(to) }
      const filter = { ...range, address: contracts.map(toHex0x), topics: [CHANGED] }
      return rpc.ask('eth_getLogs', [filter], readLogs, options)
    },
    call: (to, data, block, options) =>
      atBlock(
        'eth_call',
        [{ to: toHex0x(to), data: toHex0x(data) }],
        block,
        (result) => dataBytes(result, 'call', PROOF_NODE_BYTES),
        options
      )
  }
}
