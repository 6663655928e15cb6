/**
 * All that a chain shows to whoever asks: each piece of it with a name that says where it stands.
 * Slots, code and creation code; calldata, payer and authorisations of every transaction; topics and
 * data of every event; and what the node's own state file says of them.
 * @module
 */
import { gunzipSync } from 'node:zlib'
import { fromHex } from '../../core/bytes.ts'

/** One public thing. Pieces of one transaction share its hash. */
export interface Piece {
  readonly kind: 'slot key' | 'slot value' | 'code' | 'payer' | 'receiver' | 'calldata' | 'event'
  readonly where: string
  readonly bytes: Buffer
  readonly tx?: string
}

export interface PublicTx {
  readonly hash: string
  readonly from: string
  /** Empty for a creation. */
  readonly to: string
  readonly pieces: readonly Piece[]
}

export interface ChainDump {
  readonly transactions: readonly PublicTx[]
  readonly pieces: readonly Piece[]
  /** The rest: headers and receipts as JSON text. */
  readonly text: Buffer
}

interface RpcTx {
  readonly hash: string
  readonly from: string
  readonly to: string | null
  readonly input: string
  readonly authorizationList?: readonly object[]
}
interface RpcLog {
  readonly address: string
  readonly transactionHash: string
  readonly topics: readonly string[]
  readonly data: string
}
type Ask = <T>(method: string, ...params: unknown[]) => Promise<T>

const bytesOf = (hex: string): Buffer => Buffer.from(fromHex(hex))
const word = (hex: string): Buffer => Buffer.from(hex.replace('0x', '').padStart(64, '0'), 'hex')

/** Every block so far. */
export async function dumpPublic(ask: Ask): Promise<ChainDump> {
  const head = Number(await ask<string>('eth_blockNumber'))
  const logs = await ask<RpcLog[]>('eth_getLogs', { fromBlock: '0x0', toBlock: 'latest' })
  const transactions: PublicTx[] = []
  const texts: string[] = []
  for (let n = 0; n <= head; n++) {
    const block = await ask<{ transactions: RpcTx[] }>(
      'eth_getBlockByNumber',
      `0x${n.toString(16)}`,
      true
    )
    texts.push(JSON.stringify({ ...block, transactions: [] }))
    for (const tx of block.transactions) transactions.push(publicTx(tx, logs))
  }
  const state = await dumpState(ask)
  return {
    transactions,
    pieces: [...transactions.flatMap(({ pieces }) => pieces), ...state.pieces],
    text: Buffer.from(`${texts.join('\n')}\n${state.text}`)
  }
}

function publicTx(tx: RpcTx, logs: readonly RpcLog[]): PublicTx {
  const own = logs.filter(({ transactionHash }) => transactionHash === tx.hash)
  const piece = (kind: Piece['kind'], hex: string): Piece => ({
    kind,
    where: `${kind} of ${tx.hash}`,
    bytes: bytesOf(hex),
    tx: tx.hash
  })
  return {
    hash: tx.hash,
    from: tx.from,
    to: tx.to ?? '',
    pieces: [
      piece('payer', tx.from),
      ...(tx.to == null ? [] : [piece('receiver', tx.to)]),
      piece('calldata', tx.input),
      ...own.flatMap(({ topics, data }) => [...topics, data].map((hex) => piece('event', hex)))
    ]
  }
}

/** Slots as they are now; earlier values stand in events, which hold each word that was written. */
export async function dumpState(ask: Ask): Promise<{ pieces: readonly Piece[]; text: string }> {
  const packed = await ask<string>('anvil_dumpState')
  const text = gunzipSync(bytesOf(packed)).toString()
  const { accounts } = JSON.parse(text) as {
    accounts: Record<string, { code: string; storage: Record<string, string> }>
  }
  const pieces = Object.entries(accounts).flatMap(([at, { code, storage }]): Piece[] => [
    { kind: 'code', where: `code of ${at}`, bytes: bytesOf(code) },
    ...Object.entries(storage).flatMap(([key, value]): Piece[] => [
      { kind: 'slot key', where: `slot key of ${at}`, bytes: word(key) },
      { kind: 'slot value', where: `slot ${key} of ${at}`, bytes: word(value) }
    ])
  ])
  return { pieces, text }
}
