/**
 * What everybody may see of a whole journey: the network, strangers on it, the chain, disks of
 * clinics and logs at their most talkative. None of it names a patient's device, opens a record or
 * shows a key (SECURITY.md §1, §13, §14 O3; INTEROP.md §10; PEERS.md §5 H11).
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryDatastore } from 'datastore-core'
import { LevelDatastore } from 'datastore-level'
import { createLibp2p } from 'libp2p'
import { base32 } from 'multiformats/bases/base32'
import { CID } from 'multiformats/cid'
import { sha256 as sha256Hasher } from 'multiformats/hashes/sha2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex, toHex0x } from '../../core/bytes.ts'
import { address, publicKeyOf, recordId, rootSecret } from '../../core/ids.ts'
import { decodeManifest } from '../../core/manifest.ts'
import { rpcEndpoint } from '../../node/chain/endpoint-rpc.ts'
import { quorumHeads } from '../../node/chain/heads.ts'
import { chainParameters } from '../../node/chain/parameters.ts'
import { provenWords } from '../../node/chain/proofs.ts'
import { createNode, type RunningNode } from '../../node/create-node.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { dumpChain } from '../../node/demo/leaks.ts'
import { deriveIdentity } from '../../node/keys/identity.ts'
import { peerFromText } from '../../node/keys/peer-text.ts'
import { CopyingBlockstore } from '../../node/storage/memory-blockstore.ts'
import { memoryJournal } from '../../node/storage/memory-journal.ts'
import { systemClock, systemRandom } from '../../node/system.ts'
import type {
  GrantResult,
  IdResult,
  InboxResult,
  RecordAddResult,
  RecordGetResult,
  RequestResult
} from '../../node/verbs/results.ts'
import { retrieve } from '../../node/verbs/retrieve.ts'
import { type Daemon, Daemons, keyward, until } from '../fixtures/daemons.ts'
import { SecretSearch, type Snapshot, secretsOf, snapshot } from './secrets.ts'

const PASSPHRASE = 'a passphrase that nobody guesses by chance'
const NAME = 'blood of Ana Martinez-Quintero.txt'
const REASON = 'admitted with chest pain, asks for earlier results'
const CONTENT = `Ana Martinez-Quintero, born 1961-03-07: ${randomBytes(600).toString('base64')}`
const TAP = new URL('tap.ts', import.meta.url).href

let net: Daemons
let clinics: Daemon[]
let hospital: Daemon
let patient: Daemon
let everybody: Daemon[]
let added: RecordAddResult
let second: RecordAddResult
let granted: GrantResult
/** What commands said. */
const said: string[] = []

beforeAll(async () => {
  net = await Daemons.create()
  const options = {
    preload: [TAP],
    env: { KEYWARD_LOG: 'debug', E2E_TAP: net.at('tap.jsonl'), KEYWARD_PASSPHRASE: PASSPHRASE }
  }
  const started = await net.startClinics(['clinic-1', 'clinic-2', 'hospital'], options)
  clinics = started.clinics.slice(0, 2)
  hospital = started.clinics[2] as Daemon
  const { bootstrap } = started
  const custody = { custodians: clinics.map(({ peer }) => peer), threshold: 2, replicas: 2 }
  const config = { bootstrap, custody }
  await net.init('patient', { profile: 'patient', config, passphrase: PASSPHRASE })
  patient = await net.start('patient', options)
  everybody = [...clinics, hospital, patient]

  const path = await net.file(NAME, CONTENT)
  added = await patient.ask<RecordAddResult>('record.add', { path })
  const { contact } = await patient.ask<IdResult>('id')
  const asked = { patient: contact, purpose: 'TREAT', until: '90d', reason: REASON }
  const { wish } = await hospital.ask<RequestResult>('request', asked)
  await patient.ask<InboxResult>('inbox')
  granted = await patient.ask<GrantResult>('approve', { wish, until: '1h' })
  await hospital.ask('inbox')
  await until('the grant is confirmed', async () => {
    const { grants } = await hospital.ask<{ grants: { state: string }[] }>('grants')
    return grants.some(({ state }) => state === 'active')
  })
  const { recordId: id } = added
  await hospital.ask<RecordGetResult>('record.get', {
    recordId: id,
    out: net.at('got'),
    via: 'dht'
  })
  second = await patient.ask<RecordAddResult>('record.update', { recordId: id, path })
  await patient.ask('revoke', { grant: granted.grant })
  await hospital.ask('record.get', { recordId: id, out: net.at('not got') }).catch(() => {})
  await patient.ask('history')

  const env = { KEYWARD_PASSPHRASE: PASSPHRASE, KEYWARD_LOG: 'debug' }
  for (const { folder } of everybody) {
    for (const command of [['id'], ['config', 'show'], ['record', 'ls'], ['inbox'], ['grants']]) {
      const { out, err } = await keyward([...command, '--repo', folder, '--json'], { env })
      said.push(out, err)
    }
  }
})
afterAll(() => net?.[Symbol.asyncDispose]())

const profileOf = ({ name }: Daemon) => (name === 'patient' ? 'patient' : 'clinic')

/** Each node's secrets as its own folder holds them. */
async function withSnapshots<T>(look: (all: readonly Snapshot[]) => Promise<T>): Promise<T> {
  const all: Snapshot[] = []
  try {
    for (const daemon of everybody) {
      const passphrase = daemon === patient ? PASSPHRASE : undefined
      all.push(await snapshot(daemon.folder, profileOf(daemon), passphrase))
    }
    return await look(all)
  } finally {
    for (const each of all) await each[Symbol.asyncDispose]()
  }
}

describe('a running node', () => {
  it('dials its own network and chain, and asks nobody for names', async () => {
    const lines = (await readFile(net.at('tap.jsonl'), 'utf8')).trim().split('\n')
    const seen = lines.map((line) => JSON.parse(line) as { pid: number; kind: string; what: never })
    const ports = new Set([
      Number(new URL(net.chain.url).port),
      ...everybody.flatMap(({ addrs }) => addrs.map((addr) => Number(addr.split('/')[4])))
    ])

    expect(new Set(seen.map(({ pid }) => pid))).toEqual(new Set(everybody.map(({ pid }) => pid)))
    const elsewhere = seen.filter(({ kind, what }) => {
      if (kind !== 'connect') return !['127.0.0.1', 'localhost'].includes(what)
      const { host, port } = what as { host: string; port: number }
      return host !== '127.0.0.1' || !ports.has(port)
    })
    expect(elsewhere).toEqual([])
  })

  it('is connected with members alone', async () => {
    const members = everybody.map(({ peer }) => peer)
    for (const daemon of everybody) {
      const { peers } = await daemon.ask<{ peers: { peer: string }[] }>('peers')
      expect(peers.length).toBeGreaterThan(0)
      expect(peers.filter(({ peer }) => !members.includes(peer))).toEqual([])
    }
  })

  it('speaks no protocol of IPFS, and our own by their names', async () => {
    const [clinic] = clinics as [Daemon]
    await using other = await outsider('keyward')
    const peer = peerIdFromString(clinic.peer)
    await other.libp2p.dial(multiaddr(clinic.addrs[0] as string))
    await until('it said what it speaks', async () => {
      return (await other.libp2p.peerStore.get(peer)).protocols.length > 0
    })

    const { protocols } = await other.libp2p.peerStore.get(peer)
    expect(protocols.filter((each) => !/^\/(keyward|meshsub)\//.test(each)).sort()).toEqual([
      '/libp2p/circuit/relay/0.2.0/hop',
      '/libp2p/circuit/relay/0.2.0/stop'
    ])
    for (const name of ['access', 'blocks', 'custody', 'inbox', 'kad', 'ping']) {
      expect(protocols).toContain(`/keyward/${name}/1.0.0`)
    }
    for (const name of FOREIGN) {
      await expect(other.libp2p.dialProtocol(peer, name), name).rejects.toMatchObject({
        name: 'UnsupportedProtocolError'
      })
    }
  })

  it('is nobody to a node of the public network', async () => {
    const [clinic] = clinics as [Daemon]
    await using other = await outsider('ipfs')
    await other.libp2p.dial(multiaddr(clinic.addrs[0] as string))

    await new Promise((resolve) => setTimeout(resolve, 1_000)) // identify would be long done
    const { protocols } = await other.libp2p.peerStore.get(peerIdFromString(clinic.peer))
    expect(protocols).toEqual([])
  })
})

const FOREIGN = [
  '/ipfs/bitswap/1.2.0',
  '/ipfs/bitswap/1.1.0',
  '/ipfs/bitswap',
  '/ipfs/kad/1.0.0',
  '/ipfs/lan/kad/1.0.0',
  '/ipfs/id/1.0.0',
  '/ipfs/id/push/1.0.0',
  '/ipfs/ping/1.0.0',
  '/libp2p/autonat/1.0.0',
  '/libp2p/dcutr',
  '/libp2p/fetch/0.0.1',
  '/x/'
]

/** A bare libp2p node that speaks identify under this prefix. */
async function outsider(prefix: string): Promise<AsyncDisposable & { readonly libp2p: Libp2p }> {
  const libp2p = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: { identify: identify({ protocolPrefix: prefix }) }
  })
  return { libp2p, [Symbol.asyncDispose]: async () => libp2p.stop() }
}

describe('the DHT', () => {
  it('names clinics as holders of a record, and nobody’s own device', async () => {
    const providers = new Map<string, Set<string>>()
    for (const { folder } of everybody) {
      const copy = `${folder} datastore`
      await cp(join(folder, 'datastore'), copy, { recursive: true })
      const datastore = new LevelDatastore(copy)
      await datastore.open()
      for await (const { key, value } of datastore.query({})) {
        const [, digest, peer] = /\/provider\/([a-z2-7]+)\/([^/]+)$/.exec(key.toString()) ?? []
        if (digest == null || peer == null) continue
        providers.set(digest, (providers.get(digest) ?? new Set()).add(peer))
        expect(Buffer.from(value).includes(Buffer.from(peerFromText(patient.peer)))).toBe(false)
      }
      await datastore.close()
    }
    const digests = [added, second].map(({ cid }) =>
      base32.baseEncode(CID.parse(cid).multihash.bytes)
    )
    expect([...providers.keys()].sort()).toEqual(digests.sort())
    for (const holders of providers.values()) {
      expect([...holders].sort()).toEqual(clinics.map(({ peer }) => peer).sort())
    }
  })

  it('tells a stranger no more', async () => {
    await using stranger = await startStranger()
    for (const { cid } of [added, second]) {
      const found = await stranger.reach.providers(CID.parse(cid))
      expect(found.map(toHex).sort()).toEqual(
        clinics.map(({ peer }) => toHex(peerFromText(peer))).sort()
      )
    }
  })
})

/** A whole node of ours with a key of its own: the most that anybody can bring. */
async function startStranger(): Promise<RunningNode> {
  const { url, deployment } = net.chain
  const endpoints = [rpcEndpoint(url)]
  const parameters = chainParameters('dev')
  const identity = await deriveIdentity(
    rootSecret(systemRandom(32)),
    { profile: 'patient', name: 'stranger' },
    p
  )
  return createNode({
    identity,
    deployment,
    parameters,
    primitives: p,
    clock: systemClock,
    random: systemRandom,
    heads: quorumHeads({
      endpoints,
      parameters,
      clock: systemClock,
      checkpoint: { get: async () => undefined, put: async () => {} },
      primitives: p
    }),
    words: provenWords({ endpoints, deployment, primitives: p }),
    stores: {
      ledger: memoryJournal(),
      pins: memoryJournal(),
      blockstore: new CopyingBlockstore(),
      datastore: new MemoryDatastore()
    },
    network: { listen: [], bootstrap: [...(clinics[0]?.addrs ?? [])] },
    choice: { custodians: [], threshold: 2, replicas: 0 },
    downloads: net.folder,
    logger: defaultLogger()
  })
}

describe('a stranger at a clinic', () => {
  it('gets no block, whether it is there or not', async () => {
    await using stranger = await startStranger()
    const nowhere = CID.createV1(0x55, await sha256Hasher.digest(randomBytes(32)))
    for (const clinic of clinics) {
      const providers = [{ peer: peerIdFromString(clinic.peer), addrs: [] }]
      const failures = []
      for (const cid of [CID.parse(added.cid), CID.parse(second.cid), nowhere]) {
        const failure = await stranger.vault.fetch(cid, { providers }).catch((err: Error) => err)
        expect(failure).toMatchObject({ name: 'ContentNotFoundError' })
        failures.push(String((failure as Error).message).replaceAll(cid.toString(), 'CID'))
      }
      expect(new Set(failures).size).toBe(1)
    }
  })

  it('gets no mail, no receipts and no card but those that anybody may have', async () => {
    await using stranger = await startStranger()
    const { inbox } = stranger
    const owner = address(fromHex(patient.account))
    const nobody = address(randomBytes(20))
    for (const clinic of clinics) {
      const peer = peerIdFromString(clinic.peer)
      expect(await inbox.card(peer, nobody)).toMatchObject({ ok: false })
      for (const ask of [
        (account: typeof owner) => inbox.list(peer, account, 0),
        (account: typeof owner) => inbox.receipts(peer, account, 0),
        (account: typeof owner) => inbox.remove(peer, account, 1_000)
      ]) {
        const hers = await ask(owner)
        expect(hers).toMatchObject({ ok: false })
        expect(await ask(nobody)).toEqual(hers)
      }
    }
    // and what she has there is there still
    const { entries } = await patient.ask<{ entries: unknown[] }>('history')
    expect(entries.length).toBeGreaterThan(0)
  })

  it('gets no share, no copy and no word about them, even with all that a grantee holds', async () => {
    await using stranger = await startStranger()
    const owner = address(fromHex(patient.account))
    const known = { owner, recordId: recordId(fromHex(added.recordId)), ver: 1 }
    const unknown = { ...known, recordId: recordId(randomBytes(32)) }
    for (const clinic of clinics) {
      const peer = peerIdFromString(clinic.peer)
      const told = await stranger.custody.pin(peer, known)
      expect(told).toMatchObject({ ok: false })
      expect(await stranger.custody.pin(peer, unknown)).toEqual(told)
    }
    await using theirs = await snapshot(hospital.folder, 'clinic')
    await stranger.ledger.record(...theirs.ledger.capsules())
    await expect(
      retrieve(
        stranger,
        { recordId: added.recordId, ver: 1, out: net.at('stolen') },
        { signal: AbortSignal.timeout(20_000), progress() {} }
      )
    ).rejects.toMatchObject({ name: 'AccessDeniedError', code: 400 })
  })
})

describe('the chain', () => {
  it('holds nothing of the journey that anybody could put a name to', async () => {
    const dump = Buffer.from(await dumpChain(net.chain.url, AbortSignal.timeout(30_000)))
    const text = dump.toString().toLowerCase()
    const facts = new Map<string, Uint8Array>()
    const fact = (name: string, bytes: Uint8Array | string): void => {
      facts.set(name, typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
    }
    await withSnapshots(async (all) => {
      for (const { ledger, identity } of all) {
        fact(`peer id of ${identity.account}`, identity.peer)
        fact(`peer key of ${identity.account}`, publicKeyOf(identity.peer))
        fact(`kem key of ${identity.account}`, identity.kem.publicKey.slice(0, 64))
        for (const { entry } of ledger.records().flat()) {
          const manifest = decodeManifest(entry.manifest, p)
          const { content, custody, contentHash, custodyHash } = manifest
          fact(`content hash ${entry.ver}`, contentHash)
          fact(`custody hash ${entry.ver}`, custodyHash)
          fact(`manifest hash ${entry.ver}`, p.sha256(entry.manifest))
          fact(`kcom ${entry.ver}`, content.kcom)
          fact(`anchor salt ${entry.ver}`, entry.anchorSalt)
          for (const { com, idx } of custody.shares) fact(`commitment ${entry.ver} ${idx}`, com)
          for (const tag of [custody.tags.chart, custody.tags.class, custody.tags.level]) {
            fact(`tag ${toHex(tag)}`, tag)
          }
        }
        for (const { entry } of ledger.grants()) {
          fact('salt of the grant', entry.opening.salt)
          fact('scope of the grant', entry.opening.scope)
        }
      }
    })
    for (const { cid, ver, sha256 } of [added, second]) {
      fact(`cid ${ver}`, CID.parse(cid).bytes)
      fact(`digest of the ciphertext ${ver}`, CID.parse(cid).multihash.digest)
      fact(`cid text ${ver}`, cid)
      fact(`hash of the content ${ver}`, fromHex(sha256))
    }
    for (const name of ['md5', 'sha1', 'sha256', 'sha512', 'sha3-256', 'blake2b512']) {
      fact(`${name} of the content`, createHash(name).update(CONTENT).digest())
      fact(`${name} of the record id`, createHash(name).update(fromHex(added.recordId)).digest())
    }
    fact('keccak of the content', p.keccak256(Buffer.from(CONTENT)))
    fact('keccak of the record id', p.keccak256(fromHex(added.recordId)))
    fact('record id', fromHex(added.recordId))
    for (const { peer, name } of everybody) {
      fact(`peer id of ${name} as text`, peer)
      fact(`name ${name}`, name)
    }
    for (const word of [NAME, REASON, 'Martinez', 'TREAT', 'admitted', 'text/plain']) {
      fact(`the word ${word}`, word)
    }

    const found = [...facts].filter(([, bytes]) =>
      formsOf(Buffer.from(bytes)).some((form) => text.includes(form))
    )
    expect(found.map(([name]) => name)).toEqual([])
    // what must be there is found by the same search
    expect(formsOf(Buffer.from(fromHex(granted.grant))).some((form) => text.includes(form))).toBe(
      true
    )
    expect(text).toContain(patient.account.slice(2).toLowerCase())
  })

  it('does not tell who was granted anything, though it knows all accounts', async () => {
    const dump = await dumpChain(net.chain.url, AbortSignal.timeout(30_000))
    const [line = ''] = Buffer.from(dump).toString().split('\n')
    const parts = JSON.parse(line) as { transactions?: { to: string | null; input: string }[] }[]
    const { grants } = net.chain.deployment
    const toGrants = parts
      .flatMap(({ transactions = [] }) => transactions)
      .filter(({ to }) => to?.toLowerCase() === toHex0x(grants))

    expect(toGrants.length).toBeGreaterThanOrEqual(2) // given, and revoked
    const account = hospital.account.slice(2).toLowerCase()
    expect(line.toLowerCase()).toContain(account)
    expect(JSON.stringify(toGrants).toLowerCase()).not.toContain(account)
  })
})

/** Hex (a word of storage may lack its leading zeros), text and base64, in lower case. */
function formsOf(bytes: Buffer): string[] {
  const core = bytes.byteLength > 20 ? bytes.subarray(1) : bytes
  const forms = [core.toString('hex'), core.toString('base64').slice(0, -4).toLowerCase()]
  const text = bytes.toString('utf8')
  if (Buffer.from(text).equals(bytes)) forms.push(text.toLowerCase())
  return forms.filter((form) => form.length >= 5)
}

describe('logs at debug level, and what commands say', () => {
  it('show no token, key, share, salt or plaintext', async () => {
    const secrets = await withSnapshots(async (all) => {
      const each = await Promise.all(all.map((one, i) => secretsOf(one, `node ${i}`)))
      return new Map(each.flatMap((found) => [...found]))
    })
    secrets.set('passphrase', Buffer.from(PASSPHRASE))
    secrets.set('content', Buffer.from(CONTENT))
    secrets.set('name of the record', Buffer.from(NAME))
    secrets.set('reason of the wish', Buffer.from(REASON))
    expect(secrets.size).toBeGreaterThan(40)
    const search = new SecretSearch(secrets)
    const [, token] = [...secrets].find(([name]) => name.startsWith('token')) as [string, Buffer]
    for (const form of ['base64', 'base64url', 'hex'] as const) {
      const line = `{"msg":"Bearer ${Buffer.from(token).toString(form)}"}`
      expect(search.in(line)).toEqual([expect.stringMatching(/^token/)])
    }
    expect(search.in(`[${[...token].join(',')}]`)).toHaveLength(1)

    for (const daemon of everybody) {
      const log = daemon.err()
      for (const part of ['"level":"debug"', '"scope":"libp2p:kad-dht', '"scope":"keyward:']) {
        expect(log.includes(part), `${part} of ${daemon.name}`).toBe(true)
      }
      expect(search.in(log), `log of ${daemon.name}`).toEqual([])
    }
    const shown = said.join('\n').replaceAll(JSON.stringify(NAME), '').replaceAll(REASON, '')
    expect(search.in(shown), 'commands').toEqual([])
  })
})
