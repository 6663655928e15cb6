/**
 * What the live engine looks at inside of a worker, beside a node (World.run): its stores searched
 * for pieces of records, the shares that it holds, what it spent, sockets tapped; and the custodian
 * that acknowledges and then gives no block. Runs in the workers.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import type { Journal } from '../../node/index.ts'
import { CanaryScanner } from '../../node/memory.ts'
import type { PlaceSearched } from '../checks/observations.ts'
import type { HostedNode } from './hosted-node.ts'
import { type Heard, heardOnSockets, tapSockets } from './wire-tap.ts'
import type { NodeCall } from './worker.ts'

export interface Canaries {
  readonly canaries: readonly Uint8Array[]
}

/** Taps the sockets of this node's worker. */
export const listen: NodeCall = async (_node, args) => tapSockets((args as Canaries).canaries)

export const heard: NodeCall = async (): Promise<Heard> => heardOnSockets()

/** Every store of a node, running or not. */
export const search: NodeCall = async (node, args): Promise<readonly PlaceSearched[]> => {
  const { stores } = node
  if (stores == null) return []
  const scanner = new CanaryScanner((args as Canaries).canaries)
  const places: PlaceSearched[] = []
  const look = async (name: string, pieces: AsyncIterable<Uint8Array>): Promise<void> => {
    let bytes = 0
    let found = 0
    for await (const piece of pieces) {
      bytes += piece.byteLength
      found += scanner.count(piece)
    }
    places.push({ place: `${node.identity.name}/${name}`, bytes, found })
  }
  const { ledger, pins, blockstore, datastore, clinic } = stores
  const journals: Record<string, Journal> = { ledger, pins }
  if (clinic != null) {
    const { custody, mailbox, receipts, evidence } = clinic
    Object.assign(journals, { custody, mailbox, receipts, evidence })
  }
  for (const [name, journal] of Object.entries(journals)) await look(name, journal.entries())
  await look('datastore', valuesOf(datastore))
  await look('blocks', blocksOf(blockstore))
  return places
}

type Stores = NonNullable<HostedNode['stores']>

async function* valuesOf(datastore: Stores['datastore']): AsyncIterable<Uint8Array> {
  for await (const { value } of datastore.query({})) yield value
}

async function* blocksOf(blockstore: Stores['blockstore']): AsyncIterable<Uint8Array> {
  for await (const { bytes } of blockstore.getAll()) yield* bytes
}

/** Records (ids, hex) of which this clinic holds a share that it acknowledged. */
export const holds: NodeCall = async (node): Promise<readonly string[]> => {
  const entries = node.full?.clinic?.custody.entries() ?? []
  return [...entries].flatMap(({ recordId, epochs }) =>
    [...epochs.values()].some(({ acknowledged }) => acknowledged) ? [toHex(recordId)] : []
  )
}

export interface Spent {
  readonly messages: number
  readonly bytes: number
}

const OURS = /^\/keyward\/(access|blocks|custody|inbox)\//

/** On our own protocols, both ways, since the node was made. */
export const spent: NodeCall = async ({ metrics }): Promise<Spent> => {
  let messages = 0
  let bytes = 0
  for (const [protocol, tally] of metrics.protocols) {
    if (!OURS.test(protocol)) continue
    messages += tally.sentMessages + tally.receivedMessages
    bytes += tally.sentBytes + tally.receivedBytes
  }
  return { messages, bytes }
}

/** From now on it has no block for anybody, itself included. */
export const withhold: NodeCall = async ({ stores }): Promise<void> => {
  if (stores == null) return
  Object.assign(stores.blockstore, {
    get: () => {
      throw Object.assign(new Error('withheld'), { name: 'WithheldError' })
    }
  })
}

/** It gives again. */
export const relent: NodeCall = async ({ stores }): Promise<void> => {
  // the store's own stands behind what was put before it
  if (stores != null) Reflect.deleteProperty(stores.blockstore, 'get')
}
