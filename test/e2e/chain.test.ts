/**
 * The release gate against a real chain that fails, forks, stands still and lies: a share leaves on
 * proof at a confirmed block and at the head, by two of three endpoints, or not at all (SECURITY.md
 * §9.1, §9.2, §14 F7, F8; PEERS.md §5 H8).
 * @module
 */
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex, toHex0x } from '../../core/bytes.ts'
import { Code } from '../../core/codes.ts'
import { openingHash } from '../../core/grant.ts'
import { address, grantId } from '../../core/ids.ts'
import { signTyped } from '../../core/typed-data.ts'
import { grantSlot } from '../../core/words.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import type { GivenGrant } from '../../node/ledger/ledger.ts'
import { inbox } from '../../node/verbs/answer.ts'
import { listGrants } from '../../node/verbs/grants.ts'
import { sendMessage } from '../../node/verbs/relay.ts'
import { until } from '../fixtures/daemons.ts'
import {
  type ChainNetwork,
  createChainNetwork,
  HEAD_MAX_AGE_SECONDS,
  type Lie,
  quiet
} from './chain-network.ts'
import {
  allReady,
  blocks,
  confirmed,
  consent,
  newRecord,
  read,
  readable,
  refused,
  saidOf
} from './chain-reading.ts'

let net: ChainNetwork
/** A record that the hospital may read, all the time. */
let recordId: string

beforeAll(async () => {
  net = await createChainNetwork()
  recordId = await readable(net)
})
afterEach(async () => {
  for (const window of net.windows) Object.assign(window, { lie: undefined, down: false })
  await net.rpc('evm_setIntervalMining', 1)
  await allReady(net)
})
afterAll(() => net?.[Symbol.asyncDispose]())

/** Until each clinic knows that something is wrong: what it kept of the chain is a second old. */
const allUnready = ({ clinics }: ChainNetwork, reason: RegExp): Promise<void> =>
  until(`all clinics say ${reason}`, async () => {
    const seen = await Promise.all(clinics.map((clinic) => clinic.readiness()))
    return seen.every(({ reasons }) => reason.test(reasons.join()))
  })

describe('a chain that answers', () => {
  it('is enough when one of three endpoints is away', async () => {
    net.windows[0].down = true

    expect((await read(net, recordId)).released.length).toBeGreaterThanOrEqual(2)
  })

  it('is not enough when two of three are away: 301, and nothing leaves', async () => {
    net.windows[0].down = true
    net.windows[2].down = true
    await allUnready(net, /301/)

    await refused(net, recordId, Code.RPC_UNAVAILABLE)

    net.windows[0].down = false
    await allReady(net)
    expect((await read(net, recordId)).blamed).toEqual([])
  })

  it('that stands still is refused once its head is too old: 304', async () => {
    await net.rpc('evm_setIntervalMining', 0)
    await read(net, recordId) // the head is young enough still
    await allUnready(net, /chain head is \d+ s old/)

    await refused(net, recordId, Code.HEAD_STALE)
  })
})

/** Another digit in the middle of hex text. */
const bent = (hex: unknown): string => {
  const text = String(hex)
  const at = Math.floor(text.length / 2)
  return `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`
}

type Fields = Record<string, unknown>
const block =
  (field: string, change: (value: unknown) => unknown): Lie =>
  (method, result) => {
    if (method !== 'eth_getBlockByNumber') return undefined
    const told = result as Fields
    return { ...told, [field]: change(told[field]) }
  }
const proof =
  (change: (told: Fields & { storageProof: Fields[]; accountProof: string[] }) => Fields): Lie =>
  (method, result) =>
    method === 'eth_getProof' ? change(result as Parameters<typeof change>[0]) : undefined

const LIES: readonly [string, Lie][] = [
  ['names another block', block('hash', bent)],
  ['gives another state root', block('stateRoot', bent)],
  ['gives another time', block('timestamp', () => '0x7fffffff')],
  ['boasts of a higher head', (method) => (method === 'eth_blockNumber' ? '0xffffff' : undefined)],
  ['hides new blocks', (method) => (method === 'eth_blockNumber' ? '0x5' : undefined)],
  [
    'changes the last node of a proof',
    proof((told) => ({
      ...told,
      storageProof: told.storageProof.map((slot) => ({
        ...slot,
        proof: (slot['proof'] as string[]).with(-1, bent((slot['proof'] as string[]).at(-1)))
      }))
    }))
  ],
  [
    'gives proofs of another slot',
    proof((told) => ({ ...told, storageProof: told.storageProof.toReversed() }))
  ],
  [
    'gives no proof at all',
    proof((told) => ({
      ...told,
      storageProof: told.storageProof.map((s) => ({ ...s, proof: [] }))
    }))
  ],
  [
    'proves another code',
    proof((told) => ({
      ...told,
      accountProof: told.accountProof.with(-1, bent(told.accountProof.at(-1)))
    }))
  ],
  ['answers with something else', () => ({ junk: true })]
]

describe('one endpoint of three that', () => {
  it.each(LIES)('%s changes nothing', async (_what, lie) => {
    // proofs are asked of one endpoint, the one that was honest last: the liar takes its place
    let lies = 0
    for (const window of net.windows) {
      if (lies > 0) break
      Object.assign(window, { lie, lies: 0 })
      await blocks(net, 1)

      const got = await read(net, recordId)

      expect(got.released.length).toBeGreaterThanOrEqual(2)
      expect(got.blamed).toEqual([])
      window.lie = undefined
      lies = window.lies
    }
    expect(lies).toBeGreaterThan(0)
  })
})

describe('endpoints that lie together', () => {
  it.each([
    ['two name blocks of their own: 302', Code.RPC_DISAGREE, [randomHash(), randomHash()]],
    ['two name one block that is none: 303', Code.HEADER_INVALID, Array(2).fill(randomHash())]
  ])('are refused: %s', async (_what, code, hashes) => {
    for (const [i, hash] of (hashes as string[]).entries()) {
      Object.assign(net.windows[i] as object, { lie: block('hash', () => hash) })
    }
    await allUnready(net, new RegExp(String(code)))

    await refused(net, recordId, code)
  })

  it('are not enough to forge a proof, as one that tells the truth suffices', async () => {
    const [, lie] = LIES.find(([what]) => what.startsWith('changes the last node')) as [string, Lie]
    net.windows[0].lie = lie
    net.windows[1].lie = lie
    await blocks(net, 1)

    expect((await read(net, recordId)).released.length).toBeGreaterThanOrEqual(2)

    net.windows[2].lie = lie
    await blocks(net, 1)
    await refused(net, recordId, Code.DENIED, Code.PROOF_INVALID)
  })
})

function randomHash(): string {
  return toHex0x(randomBytes(32))
}

describe('a grant', () => {
  it('that a reorg took away before it was confirmed opens nothing, until it is given again: 505', async () => {
    const id = await newRecord(net)
    await net.rpc('evm_setIntervalMining', 0)
    const granting = consent(net, id)
    await until('the grant waits for a block', async () => {
      return Number((await net.rpc<Fields>('txpool_status'))['pending']) > 0
    })
    await net.rpc('evm_mine')
    const given = await granting
    await net.rpc('anvil_reorg', 1, [])
    await net.rpc('evm_setIntervalMining', 1)
    await blocks(net, 4)
    await inbox(net.hospital, quiet())

    await refused(net, id, Code.DENIED, Code.NO_GRANT)
    const { grants } = await listGrants(net.patient, quiet())
    expect(grants.find((each) => each.grant === given.grant)?.state).toBe('pending')

    // the clinic that paid for it has one transaction less than it counted, and can pay again
    await confirmed(net, await consent(net, id))
    await read(net, id)
  })

  it('that the contract of another code holds opens nothing: 503', async () => {
    const grants = toHex0x(net.chain.deployment.grants)
    const code = await net.rpc<string>('eth_getCode', grants, 'latest')

    // the block that was the head has another state than its header says until it is passed
    await net.rpc('anvil_setCode', grants, `${code}00`)
    try {
      await blocks(net, 4)
      await refused(net, recordId, Code.DENIED, Code.CODE_HASH)
    } finally {
      await net.rpc('anvil_setCode', grants, code)
      await blocks(net, 4)
    }
    expect((await read(net, recordId)).released.length).toBeGreaterThanOrEqual(2)
  })

  it('for another chain or contract is not brought to this one, nor asked about here', async () => {
    const { deployment } = net.chain
    const [granted] = net.patient.ledger.grants()
    const { opening } = (granted as GivenGrant).entry
    const { identity } = net.patient
    const message = {
      owner: identity.account,
      items: [{ opening: { ...opening, budget: 7 }, version: 1 }],
      epoch: 1,
      deadline: Math.floor(Date.now() / 1_000) + 3_600
    }
    for (const other of [
      { ...deployment, chainId: deployment.chainId + 1 },
      { ...deployment, grants: address(fromHex('11'.repeat(20))) }
    ]) {
      const sig = signTyped(other, 'Grants', message, identity.accountKey, p)
      const sent = { type: 'Grants', message, sig } as const
      const failed = { name: 'TransactionFailedError' }
      const relayers = net.clinics.map((clinic) => clinic.identity.peer)
      const { signal } = quiet()
      await expect(sendMessage(net.patient, sent, relayers, signal)).rejects.toMatchObject(failed)
      // and the contract itself does not take it either
      await expect(net.hospital.writer?.submit(sent, { signal })).rejects.toMatchObject(failed)

      const hospital = { ...net.hospital, deployment: other }
      await refused({ ...net, hospital }, recordId, Code.MISDIRECTED)
    }
  })

  it('that only the chain knows to be revoked opens nothing once the head is asked again', async () => {
    const id = await newRecord(net)
    const given = await consent(net, id)
    await confirmed(net, given)
    await read(net, id)
    const { deployment } = net.chain
    const { identity, ledger } = net.patient
    const [granted] = ledger.grants().filter(({ entry }) => toHex(entry.grantId) === given.grant)
    const opening = openingHash((granted as GivenGrant).entry.opening, p)
    const message = { owner: identity.account, items: [{ openingHash: opening, version: 2 }] }
    const sig = signTyped(deployment, 'Revocations', message, identity.accountKey, p)

    // no notice to any custodian: the hospital itself pays for it
    const revoked = { type: 'Revocations', message, sig } as const
    const sent = await net.hospital.writer?.submit(revoked, quiet())
    const number = `0x${sent?.block.number.toString(16)}`
    const mined = await net.rpc<Fields>('eth_getBlockByNumber', number, false)
    await until('it is refused', () =>
      read(net, id).then(
        () => false,
        () => true
      )
    )

    const late = Date.now() / 1_000 - Number(mined['timestamp'])
    expect(late).toBeLessThan(HEAD_MAX_AGE_SECONDS + 5)
    expect(await saidOf(net, id)).toContain(String(Code.REVOKED))
  })
})

describe('a chain that is rolled back behind what was confirmed', () => {
  it('is served no more, since nobody knows what else is gone: 306', async () => {
    await using other = await createChainNetwork()
    const id = await newRecord(other)
    const given = await consent(other, id)
    await confirmed(other, given)
    await read(other, id)
    const before = await saidOf(other, id)
    const depth = Number(await other.rpc('eth_blockNumber')) - (given.block ?? 0) + 1

    await other.rpc('anvil_reorg', depth, [])
    await allUnready(other, /rolled back \(306 CONF_REGRESSION\)/)

    // the hospital sees it, too, and cannot even name a block
    await expect(read(other, id)).rejects.toMatchObject({ name: 'ChainUnavailableError' })
    expect(await saidOf(other, id)).toEqual(before)
    const word = await other.rpc<string>(
      'eth_getStorageAt',
      toHex0x(other.chain.deployment.grants),
      toHex0x(grantSlot(grantId(fromHex(given.grant)), p).slot),
      'latest'
    )
    expect(BigInt(word)).toBe(0n)
  })
})
