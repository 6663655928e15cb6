/**
 * Clinics, a patient and a hospital in this process on a real chain. The clinics see the chain
 * through windows of ours: proxies that forward, alter or withhold what an endpoint says.
 * @module
 */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultLogger } from '@libp2p/logger'
import { MemoryDatastore } from 'datastore-core'
import { rootSecret } from '../../core/ids.ts'
import { Role } from '../../core/words.ts'
import type { BlockRef, Clock } from '../../node/adapters.ts'
import { provenAccounts } from '../../node/chain/accounts.ts'
import { type DevChain, enrol, startDevChain } from '../../node/chain/dev-chain.ts'
import { JsonRpc, rpcEndpoint } from '../../node/chain/endpoint-rpc.ts'
import { contractSignature } from '../../node/chain/erc1271.ts'
import { ethersWriter } from '../../node/chain/ethers-chain.ts'
import { quorumHeads } from '../../node/chain/heads.ts'
import { type ChainParameters, chainParameters } from '../../node/chain/parameters.ts'
import { provenWords } from '../../node/chain/proofs.ts'
import { createNode, type NodeInit, type RunningNode } from '../../node/create-node.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { deriveIdentity, type NodeIdentity } from '../../node/keys/identity.ts'
import { inProcess } from '../../node/network/memory.ts'
import type { CustodyChoice } from '../../node/node.ts'
import { ReceiptIndex } from '../../node/receipts/receipt-index.ts'
import { CopyingBlockstore } from '../../node/storage/memory-blockstore.ts'
import { memoryJournal } from '../../node/storage/memory-journal.ts'
import { systemClock, systemRandom } from '../../node/system.ts'
import type { VerbOptions } from '../../node/verbs/verb.ts'

/** Gives another answer than the chain's; undefined leaves it. */
export type Lie = (method: string, result: unknown, params: readonly unknown[]) => unknown

/** An endpoint that is in our hands. */
export interface Window extends AsyncDisposable {
  readonly url: string
  /** @default it is honest */
  lie: Lie | undefined
  /** Lies told so far. */
  lies: number
  /** Hangs up on whoever asks. @default false */
  down: boolean
}

export async function openWindow(target: string): Promise<Window> {
  const server = createServer(async (request, response) => {
    if (window.down) return void request.socket.destroy()
    try {
      const asked = await bodyOf(request)
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(target, { method: 'POST', headers, body: asked })
      const body = (await answer.json()) as { result?: unknown }
      const { method, params } = JSON.parse(asked) as { method: string; params: unknown[] }
      const lie = window.lie?.(method, structuredClone(body.result), params)
      if (lie !== undefined) window.lies++
      response.writeHead(answer.status, headers)
      response.end(JSON.stringify(lie === undefined ? body : { ...body, result: lie }))
    } catch {
      request.socket.destroy()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const window: Window = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lie: undefined,
    lies: 0,
    down: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    }
  }
  return window
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}

export interface ChainNetwork extends AsyncDisposable {
  readonly chain: DevChain
  /** What all clinics look through, 2 of 3. */
  readonly windows: readonly [Window, Window, Window]
  readonly clinics: readonly RunningNode[]
  readonly patient: RunningNode
  readonly hospital: RunningNode
  /** Lets so much time pass, for the chain and for every node. */
  travel(seconds: number): Promise<void>
  /** Starts one more patient with the same custodians; it is stopped with the network. */
  person(name: string): Promise<RunningNode>
  rpc<T>(method: string, ...params: unknown[]): Promise<T>
  file(name: string, content: string): Promise<string>
  at(name: string): string
}

/** A head that is older serves nobody: short, since the tests wait for it. */
export const HEAD_MAX_AGE_SECONDS = 5

/** Lies must be met at once. */
const HEAD_KEPT_MS = 50

export const quiet = (): VerbOptions => ({ signal: AbortSignal.timeout(40_000), progress() {} })

const CLINIC_ROLES = Role.CUSTODIAN | Role.CLINICIAN | Role.RELAYER

let networks = 0

export async function createChainNetwork(): Promise<ChainNetwork> {
  const name = `chain-${++networks}`
  const folder = await mkdtemp(join(tmpdir(), 'keyward-e2e-'))
  const chain = await startDevChain({ primitives: p })
  const { url, deployment } = chain
  const windows = [await openWindow(url), await openWindow(url), await openWindow(url)] as const
  const started: RunningNode[] = []
  let shiftMs = 0
  const clock: Clock = { nowMs: () => systemClock.nowMs() + shiftMs }

  async function start(
    who: string,
    profile: NodeIdentity['profile'],
    options: { org?: number; windows?: readonly Window[]; choice?: CustodyChoice } = {}
  ): Promise<RunningNode> {
    const { org = 0, choice = { custodians: [], threshold: 2, replicas: 2 } } = options
    const identity = await deriveIdentity(rootSecret(systemRandom(32)), { profile, name: who }, p)
    const { accountKey } = identity
    if (org > 0) {
      await enrol({ url, deployment, primitives: p, accountKey, org, roles: CLINIC_ROLES })
    }
    const seen = options.windows?.map((window) => window.url) ?? [url]
    const parameters = chainParameters('dev', {
      quorum: Math.floor(seen.length / 2) + 1,
      endpoints: seen.length,
      headMaxAgeSeconds: HEAD_MAX_AGE_SECONDS
    })
    const node = await createNode({
      ...chainSeams(seen, chain, parameters, clock),
      identity,
      parameters,
      primitives: p,
      clock,
      random: systemRandom,
      writer: org > 0 ? ethersWriter({ url, accountKey, deployment, primitives: p }) : undefined,
      stores: storesOf(org > 0),
      network: { ...inProcess(`${name}-${who}`), bootstrap: [...(started[0]?.addrs ?? [])] },
      choice,
      downloads: folder,
      logger: defaultLogger()
    })
    started.push(node)
    return node
  }

  const clinics = []
  for (const org of [1, 2, 3]) {
    clinics.push(await start(`clinic-${org}`, 'clinic', { org, windows }))
  }
  const hospital = await start('hospital', 'clinic', { org: 4 })
  const custodians = clinics.map(({ addrs: [address = ''] }) => address)
  const choice = { custodians, threshold: 2, replicas: 2 }
  const patient = await start('patient', 'patient', { choice })
  return {
    chain,
    windows,
    clinics,
    patient,
    hospital,
    async travel(seconds) {
      shiftMs += seconds * 1_000
      await new JsonRpc(url).ask('evm_increaseTime', [seconds], () => {})
      await new JsonRpc(url).ask('evm_mine', [], () => {})
    },
    person: (who) => start(who, 'patient', { choice }),
    rpc: (method, ...params) => new JsonRpc(url).ask(method, params, (result) => result as never),
    at: (file) => join(folder, file),
    async file(file, content) {
      await writeFile(join(folder, file), content)
      return join(folder, file)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((node) => node.stop()))
      await Promise.all(windows.map((window) => window[Symbol.asyncDispose]()))
      await chain.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

type Asked = Parameters<NonNullable<NodeInit['contractSignature']>>

/** The chain as seen through these endpoints. */
function chainSeams(
  urls: readonly string[],
  { deployment }: DevChain,
  parameters: ChainParameters,
  clock: Clock
) {
  const endpoints = urls.map((each) => rpcEndpoint(each))
  let confirmed: BlockRef | undefined
  const checkpoint = {
    get: async () => confirmed,
    put: async (ref: BlockRef) => {
      confirmed = ref
    }
  }
  return {
    deployment,
    heads: quorumHeads({
      endpoints,
      parameters,
      clock,
      checkpoint,
      primitives: p,
      cacheMs: HEAD_KEPT_MS
    }),
    words: provenWords({ endpoints, deployment, primitives: p }),
    accounts: provenAccounts({ endpoints, primitives: p }),
    contractSignature: (...[account, digest, signature, head, options]: Asked) =>
      contractSignature({ endpoints, parameters }, account, digest, signature, head, options)
  }
}

const storesOf = (isClinic: boolean) => ({
  ledger: memoryJournal(),
  pins: memoryJournal(),
  blockstore: new CopyingBlockstore(),
  datastore: new MemoryDatastore(),
  ...(isClinic && {
    clinic: {
      custody: memoryJournal(),
      mailbox: memoryJournal(),
      receipts: memoryJournal(),
      evidence: memoryJournal(),
      index: new ReceiptIndex(':memory:')
    }
  })
})
