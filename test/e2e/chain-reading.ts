/**
 * What tests on a real chain do again and again: publish, grant, wait for a block, read, and look at
 * what custodians wrote down about it.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import type { Code } from '../../core/codes.ts'
import { decodeBody } from '../../core/receipt.ts'
import { peerText } from '../../node/keys/peer-text.ts'
import { inbox } from '../../node/verbs/answer.ts'
import { grant } from '../../node/verbs/grant.ts'
import type { GrantArgs, GrantResult } from '../../node/verbs/grant-shapes.ts'
import { listGrants } from '../../node/verbs/grants.ts'
import { publish } from '../../node/verbs/publish.ts'
import type { RecordGetResult } from '../../node/verbs/results.ts'
import { retrieve } from '../../node/verbs/retrieve.ts'
import { until } from '../fixtures/daemons.ts'
import { type ChainNetwork, quiet } from './chain-network.ts'

export const allReady = ({ clinics }: ChainNetwork): Promise<void> =>
  until('all clinics see the chain', async () => {
    const seen = await Promise.all(clinics.map((clinic) => clinic.readiness()))
    return seen.every(({ ready }) => ready)
  })

/** This many more blocks. */
export async function blocks({ rpc }: ChainNetwork, count: number): Promise<void> {
  const head = async () => Number(await rpc('eth_blockNumber'))
  const goal = (await head()) + count
  await until(`the chain has ${count} more blocks`, async () => (await head()) >= goal)
}

export async function newRecord(
  { patient, file }: ChainNetwork,
  more: Partial<Parameters<typeof publish>[1]> = {}
): Promise<string> {
  const name = `${randomBytes(8).toString('hex')}.txt`
  const path = await file(name, `content of ${name}`)
  const added = await publish(patient, { path, ...more }, quiet())
  expect(added.state).toBe('acknowledged')
  return added.recordId
}

/** To the hospital, to treat, for an hour, unless told otherwise. */
export function consent(
  { patient, hospital }: ChainNetwork,
  record: string | undefined,
  terms: Partial<GrantArgs> = {}
): Promise<GrantResult> {
  const to = peerText(hospital.identity.peer)
  const records = record == null ? {} : { records: [record] }
  return grant(patient, { to, ...records, purpose: 'TREAT', until: '1h', ...terms }, quiet())
}

export async function confirmed({ hospital }: ChainNetwork, given: GrantResult): Promise<void> {
  await inbox(hospital, quiet())
  await until('the grant is confirmed', async () => {
    const { grants } = await listGrants(hospital, quiet())
    return grants.some((each) => each.grant === given.grant && each.state === 'active')
  })
}

/** A record that the hospital may read. */
export async function readable(network: ChainNetwork): Promise<string> {
  const id = await newRecord(network)
  await confirmed(network, await consent(network, id))
  return id
}

export const read = (
  { hospital, at }: ChainNetwork,
  recordId: string,
  more: Partial<Parameters<typeof retrieve>[1]> = {}
): Promise<RecordGetResult> => {
  const out = at(`read ${randomBytes(4).toString('hex')}`)
  return retrieve(hospital, { recordId, out, ...more }, quiet())
}

/** What the clinics wrote down about shares of a record: "release", or the code of a refusal. */
export async function saidOf({ clinics }: ChainNetwork, id: string): Promise<readonly string[]> {
  const said: string[] = []
  for (const { clinic } of clinics) {
    for await (const { body } of clinic?.receipts.entries() ?? []) {
      const receipt = decodeBody(body)
      if (receipt.recordId == null || toHex(receipt.recordId) !== id) continue
      if (receipt.kind === 'release' && receipt.want === 'share') said.push('release')
      if (receipt.kind === 'refuse') said.push(String(receipt.code))
    }
  }
  return said.sort()
}

/** Nobody gives a share, and the record's own log says why, if its owner may know. */
export async function refused(
  network: ChainNetwork,
  id: string,
  wire: Code,
  code?: Code
): Promise<void> {
  const before = await saidOf(network, id)
  await expect(read(network, id)).rejects.toMatchObject(denied(wire))
  const after = await saidOf(network, id)
  const fresh = after.slice()
  for (const said of before) fresh.splice(fresh.indexOf(said), 1)
  expect(new Set(fresh)).toEqual(new Set(code == null ? [] : [String(code)]))
}

export const denied = (code: number) => ({ name: 'AccessDeniedError', code })
