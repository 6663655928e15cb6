/**
 * A node on a folder: what `config` says becomes the seams of `createNode` — files, RPC endpoints,
 * the real clock. The folder's lock stays with the caller.
 * @module
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ComponentLogger } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { LevelDatastore } from 'datastore-level'
import { fromHex } from '../core/bytes.ts'
import type { Deployment } from '../core/deployment.ts'
import { InvalidConfigError } from '../core/errors.ts'
import { address } from '../core/ids.ts'
import { JOURNAL_ENTRY_BYTES, RECEIPT_MAX_BYTES } from '../core/limits.ts'
import type { Primitives } from '../core/primitives.ts'
import { rolesOf } from '../core/roles.ts'
import { accountSlot, decodeAccountWord } from '../core/words.ts'
import type { AccountSource, HeadSource, Journal, LogEndpoint, WordSource } from './adapters.ts'
import { provenAccounts } from './chain/accounts.ts'
import { fileCheckpoint } from './chain/checkpoint.ts'
import { enrol } from './chain/dev-chain.ts'
import { rpcEndpoint } from './chain/endpoint-rpc.ts'
import { contractSignature } from './chain/erc1271.ts'
import { ethersWriter } from './chain/ethers-chain.ts'
import { Follower } from './chain/follow.ts'
import { quorumHeads } from './chain/heads.ts'
import { type ChainParameters, chosenParameters } from './chain/parameters.ts'
import { provenWords } from './chain/proofs.ts'
import type { ClinicStores } from './clinic.ts'
import { closing } from './closing.ts'
import type { Config } from './config.ts'
import { createNode, type RunningNode } from './create-node.ts'
import { nativePrimitives } from './crypto/native.ts'
import { readDeployment } from './deployment-file.ts'
import type { NodeIdentity } from './keys/identity.ts'
import { surviveKnownRejections } from './network/rejections.ts'
import { ReceiptIndex } from './receipts/receipt-index.ts'
import type { Repo } from './repo/repo.ts'
import { openBlockStore } from './storage/block-store.ts'
import { encryptedJournal, SEALED_ENTRY_OVERHEAD_BYTES } from './storage/encrypted-journal.ts'
import { openJournal } from './storage/journal.ts'
import { systemClock, systemRandom } from './system.ts'

export interface OpenNodeOptions {
  readonly logger: ComponentLogger
  /** Ends the start; a node that runs is ended by its `Symbol.asyncDispose`. */
  readonly signal: AbortSignal
  /** @default nativePrimitives */
  readonly primitives?: Primitives
}

/** What a clinic is in the Directory of a dev chain, where it enrols itself, unless `roles` says. */
const DEV_ROLES = ['custodian', 'clinician', 'attester', 'relayer', 'admin'] as const
const HOUR_SECONDS = 3_600
/** A local network is one host: the limits that protect a host would refuse most of it. */
const ONE_HOST = 1_000

interface Chain {
  readonly deployment: Deployment
  readonly parameters: ChainParameters
  readonly endpoints: readonly LogEndpoint[]
  readonly heads: HeadSource
  readonly words: WordSource
  readonly accounts: AccountSource
}

/** @throws InvalidConfigError, StoreCorruptError, ChainUnavailableError */
export async function openNode(
  repo: Repo,
  identity: NodeIdentity,
  options: OpenNodeOptions
): Promise<RunningNode> {
  const { config, paths } = repo
  const primitives = options.primitives ?? nativePrimitives
  const chain = await openChain(repo, primitives)
  const clinic = config.profile !== 'patient'
  const [url] = config.chain.rpc
  if (clinic && config.chain.kind === 'dev' && config.org != null && url != null) {
    await enrol(
      {
        url,
        deployment: chain.deployment,
        primitives,
        accountKey: identity.accountKey,
        org: config.org,
        roles: rolesOf(config.roles ?? DEV_ROLES),
        firstOnly: true
      },
      { signal: options.signal }
    )
  }
  const epoch = await bindingEpoch(chain, identity, primitives, options.signal)
  const log = options.logger.forComponent('keyward:node')
  const rejections = surviveKnownRejections({
    onKnown: ({ name, count }) => log('survived fault %d of libp2p: %s', count, name)
  })
  const downloads = join(paths.root, 'downloads')
  await mkdir(downloads, { recursive: true, mode: 0o700 })
  const datastore = new LevelDatastore(paths.datastore)
  await datastore.open()
  try {
    const sealed = (path: string): Promise<Journal> => sealedJournal(path, identity, primitives)
    const node = await createNode({
      identity,
      primitives,
      ...chain,
      clock: systemClock,
      random: systemRandom,
      writer:
        clinic && url != null
          ? ethersWriter({
              url,
              accountKey: identity.accountKey,
              deployment: chain.deployment,
              primitives
            })
          : undefined,
      contractSignature: (account, digest, signature, head, at) =>
        contractSignature(chain, account, digest, signature, head, at),
      bindingEpoch: epoch,
      stores: {
        ledger: await sealed(join(paths.keystore, 'ledger')),
        pins: await openJournal(join(paths.blocks, 'pins'), { maxEntryBytes: 256 }),
        blockstore: await openBlockStore(join(paths.blocks, 'segments'), {
          quotaBytes: config.store.maxBytes
        }),
        datastore,
        ...(clinic ? { clinic: await openClinicStores(repo, sealed) } : {})
      },
      follower: new Follower({
        ...chain,
        blockSeconds: chain.parameters.blockSeconds,
        onError: (err) => log('the chain is not followed just now: %e', err)
      }),
      anchorSeconds: config.audit.anchorHours * HOUR_SECONDS || undefined,
      afterCrash: repo.tookOver != null,
      network: networkOf(config),
      limits: limitsOf(config),
      choice: { ...config.custody, ...config.records, wish: config.emergency.wish },
      downloads,
      logger: options.logger
    })
    return closing(node, async () => {
      await datastore.close()
      rejections.remove()
    })
  } catch (err) {
    await datastore.close()
    rejections.remove()
    throw notListening(config, err) ?? err
  }
}

/** Of an address that cannot be listened on libp2p tells a page. */
function notListening({ listen }: Config, err: unknown): InvalidConfigError | undefined {
  if ((err as Error).name !== 'UnsupportedListenAddressesError') return undefined
  const { message } = err as Error
  const which = listen.filter((address) => message.includes(`${address}:`)).join(', ')
  const why = /\bE[A-Z]{4,}\b/.exec(message)?.[0] ?? 'refused'
  return new InvalidConfigError(`"listen" expected free addresses, got ${which} (${why})`, {
    cause: err
  })
}

async function openChain({ config, paths }: Repo, primitives: Primitives): Promise<Chain> {
  const { rpc, deployment: setting, sealers, ...choice } = config.chain
  if (setting == null) {
    throw new InvalidConfigError('"chain.deployment" expected the contracts’ addresses, got none')
  }
  if (rpc.length === 0) throw new InvalidConfigError('"chain.rpc" expected an endpoint, got none')
  const deployment = await readDeployment(setting, paths.root)
  const parameters = chosenParameters({
    ...choice,
    endpoints: rpc.length,
    sealers: sealers?.map((hex) => address(fromHex(hex)))
  })
  const endpoints = rpc.map((url) => rpcEndpoint(url))
  return {
    deployment,
    parameters,
    endpoints,
    heads: quorumHeads({
      endpoints,
      parameters,
      clock: systemClock,
      checkpoint: fileCheckpoint(join(paths.receipts, 'confirmed')),
      primitives
    }),
    words: provenWords({ endpoints, deployment, primitives }),
    accounts: provenAccounts({ endpoints, primitives })
  }
}

/** Of this node's account in the Directory; 0 for accounts that are not in it. */
async function bindingEpoch(
  { heads, words }: Chain,
  identity: NodeIdentity,
  primitives: Primitives,
  signal: AbortSignal
): Promise<number> {
  const current = await heads.current({ signal })
  if (!current.ok) return 0 // the gate of others will say what is wrong
  const slot = accountSlot(identity.account, primitives)
  const proven = await words.prove(current.value.head, [slot], { signal })
  const word = proven.ok ? decodeAccountWord(proven.value.words[0] ?? 0n) : undefined
  return word?.bindingEpoch ?? 0
}

const sealedJournal = async (
  path: string,
  { storeKey }: NodeIdentity,
  primitives: Primitives
): Promise<Journal> => {
  const maxEntryBytes = JOURNAL_ENTRY_BYTES + SEALED_ENTRY_OVERHEAD_BYTES
  const inner = await openJournal(path, { maxEntryBytes })
  return encryptedJournal(inner, storeKey, primitives, systemRandom)
}

async function openClinicStores(
  { paths }: Repo,
  sealed: (path: string) => Promise<Journal>
): Promise<ClinicStores> {
  return {
    custody: await sealed(join(paths.shares, 'custody')),
    mailbox: await sealed(join(paths.shares, 'mailbox')),
    receipts: await openJournal(join(paths.receipts, 'log'), {
      maxEntryBytes: 2 * RECEIPT_MAX_BYTES
    }),
    evidence: await openJournal(join(paths.receipts, 'evidence'), {
      maxEntryBytes: JOURNAL_ENTRY_BYTES
    }),
    index: new ReceiptIndex(paths.index)
  }
}

/** Twice a second's requests may come at once, as by default. */
const limitsOf = ({ limits: { requestsPerSecond } }: Config) =>
  requestsPerSecond == null ? {} : { requestsPerSecond, requestsBurst: 2 * requestsPerSecond }

function networkOf({ listen, announce, bootstrap, limits, chain, profile }: Config) {
  for (const [name, addresses] of Object.entries({ listen, announce, bootstrap })) {
    for (const address of addresses) assertAddress(name, address)
  }
  const local = chain.kind === 'dev' || profile === 'test'
  return {
    listen,
    announce,
    bootstrap,
    ...(limits.connections == null ? {} : { maxConnections: limits.connections }),
    ...(local ? { inboundPerSecond: ONE_HOST, inboundPending: ONE_HOST } : {})
  }
}

/** The schema knows the form of an address; only its parser knows the protocols. */
function assertAddress(name: string, address: string): void {
  try {
    multiaddr(address)
  } catch (cause) {
    const why = (cause as Error).message
    throw new InvalidConfigError(`"${name}" expected a multiaddr, got ${address} (${why})`, {
      cause
    })
  }
}
