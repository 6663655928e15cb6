/**
 * The secrets of nodes, read from their folders as only their owners can, and a search for them in
 * every form in which a careless line could show them.
 * @module
 */
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { custodyKey } from '../../core/ids.ts'
import { JOURNAL_ENTRY_BYTES } from '../../core/limits.ts'
import { openShare, shareSalt } from '../../core/shares.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import { CustodyStore } from '../../node/custody/custody-store.ts'
import { CanaryScanner } from '../../node/demo/canary.ts'
import { deriveIdentity, type NodeIdentity } from '../../node/keys/identity.ts'
import { readRoot } from '../../node/keys/keystore.ts'
import { Ledger } from '../../node/ledger/ledger.ts'
import { repoPaths } from '../../node/repo/layout.ts'
import {
  encryptedJournal,
  SEALED_ENTRY_OVERHEAD_BYTES
} from '../../node/storage/encrypted-journal.ts'
import { openJournal } from '../../node/storage/journal.ts'
import { systemRandom } from '../../node/system.ts'
import { tokenOf } from '../fixtures/daemons.ts'

/** A folder as it is now, for a look while its daemon goes on. */
export interface Snapshot extends AsyncDisposable {
  readonly folder: string
  readonly identity: NodeIdentity
  readonly ledger: Ledger
  /** Of a clinic. */
  readonly custody: CustodyStore | undefined
}

export async function snapshot(
  folder: string,
  profile: 'clinic' | 'patient',
  passphrase?: string
): Promise<Snapshot> {
  const copy = `${folder} copied`
  await cp(folder, copy, { recursive: true })
  const paths = repoPaths(copy)
  const root = await readRoot(paths.rootKey, passphrase, p)
  const identity = await deriveIdentity(root, { profile, name: '' }, p)
  const sealed = async (path: string) => {
    const maxEntryBytes = JOURNAL_ENTRY_BYTES + SEALED_ENTRY_OVERHEAD_BYTES
    return encryptedJournal(
      await openJournal(path, { maxEntryBytes }),
      identity.storeKey,
      p,
      systemRandom
    )
  }
  const ledger = await Ledger.open(await sealed(join(paths.keystore, 'ledger')))
  const custody =
    profile === 'clinic'
      ? await CustodyStore.open(await sealed(join(paths.shares, 'custody')), p)
      : undefined
  return {
    folder: copy,
    identity,
    ledger,
    custody,
    async [Symbol.asyncDispose]() {
      await ledger.close()
      await custody?.close()
      await rm(copy, { recursive: true, force: true })
    }
  }
}

/** Named, so that a finding says what leaked. */
export async function secretsOf(
  { folder, identity, ledger, custody }: Snapshot,
  name: string
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  const add = (what: string, bytes: Uint8Array): void => {
    found.set(`${what} of ${name}, number ${found.size}`, bytes)
  }
  add('root', identity.root)
  add('peer key', identity.peerSeed)
  add('account key', identity.accountKey)
  add('kem seed', identity.kem.seed)
  add('store key', identity.storeKey)
  add('token', Buffer.from(await tokenOf(folder), 'base64url'))
  for (const { entry } of ledger.records().flat()) {
    add('record secret', entry.secret)
    add('anchor salt', entry.anchorSalt)
  }
  for (const { entry } of ledger.grants()) add('grant salt', entry.opening.salt)
  for (const { capsule } of ledger.capsules()) {
    add('grant salt', capsule.opening.salt)
    for (const { anchorSalt } of capsule.records) add('anchor salt', anchorSalt)
  }
  for (const { owner, recordId, ver, epochs } of custody?.entries() ?? []) {
    for (const [shareEpoch, { idx, ckEpoch, env, anchorSalt }] of epochs) {
      const ck = custodyKey(custody?.custodyKey(owner, ckEpoch) ?? new Uint8Array(32))
      const { saltSeed, share } = openShare(ck, { recordId, ver, shareEpoch, idx }, env, p)
      add('custody key', ck)
      add('share', share)
      add('salt seed', saltSeed)
      add('share salt', shareSalt(saltSeed, idx, p))
      add('anchor salt', anchorSalt)
    }
  }
  return found
}

const WINDOW_BYTES = 24

/** Bytes, and the texts in which they could stand: dumped arrays, base58, base32, base64url. */
function shapesOf(bytes: Uint8Array): Uint8Array[] {
  const raw = Buffer.from(bytes)
  const texts = [
    [...raw].join(','),
    [...raw].join(', '),
    [...raw].map((byte, i) => `"${i}":${byte}`).join(','),
    base58btc.baseEncode(raw),
    base32.baseEncode(raw),
    raw.toString('base64url')
  ]
  return [raw, ...texts.map((text) => Buffer.from(text))].flatMap((each) => [
    each.subarray(0, WINDOW_BYTES),
    each.subarray(-WINDOW_BYTES)
  ])
}

/** Finds secrets in text; each in raw bytes, hex, base64 and the shapes above. */
export class SecretSearch {
  readonly #shapes: readonly (readonly [string, readonly Uint8Array[]])[]
  readonly #all: CanaryScanner

  constructor(secrets: ReadonlyMap<string, Uint8Array>) {
    this.#shapes = [...secrets].map(([name, bytes]) => [name, shapesOf(bytes)] as const)
    this.#all = new CanaryScanner(this.#shapes.flatMap(([, each]) => each))
  }

  /** What was found. */
  in(text: string | Uint8Array): string[] {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text
    if (this.#all.count(bytes) === 0) return []
    return this.#shapes
      .filter(([, each]) => new CanaryScanner(each).count(bytes) > 0)
      .map(([name]) => name)
  }
}
