/**
 * Who lives through the long story of chain-story.ts, and everything about them that the chain must
 * not tell: each secret is noted under a name as it is made. Organisations have ids that nothing
 * else would hold by chance.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { base32 } from 'multiformats/bases/base32'
import { base58btc } from 'multiformats/bases/base58'
import { concat, domain, isZero, utf8 } from '../../core/bytes.ts'
import type { Deployment } from '../../core/deployment.ts'
import {
  GranteeKind,
  type GrantOpening,
  openingHash,
  recordTag,
  scopeHash
} from '../../core/grant.ts'
import {
  type Address,
  address,
  type Hash,
  hash,
  peerIdOf,
  type RecordId,
  recordId,
  rootSecret
} from '../../core/ids.ts'
import { accountKey, chartKey, tag } from '../../core/keys.ts'
import { anchor, contentHash } from '../../core/manifest.ts'
import { type RecordTags, tagRecord, tagScope } from '../../core/tags.ts'
import { Role } from '../../core/words.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'

/** Everything that must stay off the chain, by what it is. */
export type Secrets = Map<string, Uint8Array>

export interface Person {
  readonly name: string
  readonly key: Uint8Array
  readonly account: Address
}

/** Somebody whose account is public: in the Directory, under an organisation. */
export interface Professional extends Person {
  readonly org: number
  readonly roles: number
}

/** One account, one chart. */
export interface Owner extends Person {
  readonly tagOf: (dimension: Parameters<typeof tag>[1], value: string) => Uint8Array
  /** Highest number given so far to what has one: epoch, opt-out, wish, grants by opening. */
  readonly numbers: Map<string, number>
}

export interface StoryRecord {
  readonly owner: Owner
  readonly id: RecordId
  readonly ver: number
  readonly tag: Hash
  readonly anchor: Hash
  readonly tags: RecordTags
}

export const bytes = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
export const random32 = (): Hash => hash(bytes(32))

/** A peer's id and how it is written: at every clinic, and never on chain. */
function notePeer(secrets: Secrets, who: string): void {
  const publicKey = bytes(32)
  const peer = peerIdOf(publicKey)
  secrets.set(`peer id of ${who}`, peer)
  secrets.set(`peer key of ${who}`, publicKey)
  secrets.set(`peer id of ${who}, as text`, utf8(base58btc.baseEncode(peer)))
  secrets.set(`address of ${who}`, utf8(`/dns4/${who.replaceAll(' ', '-')}.example/tcp/4001`))
  secrets.set(`kem key hash of ${who}`, bytes(32))
}

/** `number` tells apart the accounts that one person has. */
export function person(secrets: Secrets, name: string): Person {
  const key = bytes(32)
  secrets.set(`name ${name}`, utf8(name))
  notePeer(secrets, name)
  return { name, key, account: address(p.secp256k1Address(key)) }
}

/** The charts of one patient: each with an account of its own. */
export function patient(secrets: Secrets, name: string, charts = 1): readonly Owner[] {
  const root = rootSecret(bytes(32))
  secrets.set(`root of ${name}`, root)
  secrets.set(`name ${name}`, utf8(name))
  notePeer(secrets, name)
  return Array.from({ length: charts }, (_, chart) => {
    const key = accountKey(root, p, chart)
    const chartTags = chartKey(root, p, chart)
    secrets.set(`account key of ${name}, chart ${chart}`, key)
    secrets.set(`chart key of ${name}, chart ${chart}`, chartTags)
    return {
      name,
      key,
      account: address(p.secp256k1Address(key)),
      tagOf: (dimension, value) => tag(chartTags, dimension, value, p),
      numbers: new Map()
    }
  })
}

/** Ids that stand out, ascending: the contract wants founders so. */
const orgIds = Array.from({ length: 4 }, (_, i) => ((0x5b + 0x20 * i) << 24) | 0xc0_0d_11)

export function cast(secrets: Secrets) {
  const professional = (name: string, place: number, roles: number): Professional => ({
    ...person(secrets, name),
    org: (orgIds[place] as number) >>> 0,
    roles
  })
  const [ana, anaAtTheLab] = patient(secrets, 'Ana Martinez-Quintero', 2) as [Owner, Owner]
  const [bo] = patient(secrets, 'Bo Lindqvist-Aarto') as [Owner]
  const [cem] = patient(secrets, 'Cem Yildirimoglu') as [Owner]
  return {
    admins: [
      professional('Northgate Hospital', 0, Role.ADMIN),
      professional('Practice at the Mill', 1, Role.ADMIN),
      professional('Southbank Laboratory', 2, Role.ADMIN)
    ],
    newcomer: professional('Harbour Heart Centre', 3, Role.ADMIN | Role.CUSTODIAN),
    relayers: [
      professional('relay of Northgate', 0, Role.RELAYER | Role.CUSTODIAN),
      professional('relay of the Mill', 1, Role.RELAYER | Role.CUSTODIAN)
    ],
    doctors: [
      professional('Dr Ruth Okonkwo', 0, Role.CLINICIAN),
      professional('Dr Piet van Houten', 1, Role.CLINICIAN)
    ],
    attesters: [
      professional('Attesting officer A. Sato', 1, Role.ATTESTER),
      professional('Attesting officer B. Cruz', 2, Role.ATTESTER)
    ],
    researcher: professional('Study group Meridian', 2, Role.RESEARCHER),
    ana,
    anaAtTheLab,
    bo,
    cem,
    guardian: person(secrets, 'Gudrun Lindqvist-Aarto'),
    helpers: [person(secrets, 'Helper Aylin'), person(secrets, 'Helper Deniz')],
    successor: person(secrets, 'Cem with a new phone')
  }
}
export type Cast = ReturnType<typeof cast>

/** One version of a record, its secrets noted; what the chain gets is its tag and anchor. */
export function storyRecord(
  secrets: Secrets,
  owner: Owner,
  label: string,
  ver = 1,
  before?: StoryRecord
): StoryRecord {
  const id = before?.id ?? recordId(bytes(32))
  const note = (what: string, value: Uint8Array): void => {
    secrets.set(`${what} of ${label}, version ${ver}`, value)
  }
  const plain = utf8(`Observation of ${owner.name}: ${Buffer.from(bytes(90)).toString('base64')}`)
  const digest = p.sha256(bytes(64)) // of the ciphertext
  const cid = concat(Uint8Array.of(1, 0x55, 0x12, 0x20), digest)
  const content = concat(utf8('content map'), owner.account, id, cid)
  const anchorSalt = random32()
  const tags = tagRecord(
    { chart: 'main', class: 'Observation', level: 'R', labels: ['HIV'], months: ['2026-11'] },
    owner.tagOf
  )
  note('record id', id)
  note('canary', plain.subarray(20, 60))
  note('whole content', plain)
  note('file name', utf8(`${label} of ${owner.name}.json`))
  note('cid', cid)
  note('digest in the cid', digest)
  note('cid as text', utf8(base32.encode(cid)))
  note('record secret', bytes(32))
  note('container header', bytes(39))
  note('key commitment', bytes(32))
  note('share commitment', bytes(32))
  note('content hash', contentHash(content, p))
  note('custody hash', p.sha256(domain('keyward/v1/custody-map'), content))
  note('anchor salt', anchorSalt)
  for (const each of [tags.chart, tags.class, tags.level, ...tags.labels, ...tags.months]) {
    note(`scope tag ${each[0]}`, each)
  }
  return {
    owner,
    id,
    ver,
    tag: recordTag(id, ver, p),
    anchor: anchor(anchorSalt, contentHash(content, p), p),
    tags
  }
}

/** What of an opening could be told apart in the open: odd numbers throughout. */
let odd = 0x0d_15_ea_51

/** Terms of a grant, all noted; the chain gets their hash. */
export function storyOpening(
  secrets: Secrets,
  owner: Owner,
  who: { readonly granteeKind: number; readonly grantee: Hash },
  change: Partial<GrantOpening> = {}
): { readonly opening: GrantOpening; readonly hash: Hash } {
  odd += 0x01_03_07
  const n = odd
  const tags = tagScope(
    { records: [], classes: ['Observation'], upTo: 'R', labels: ['HIV'], months: ['2026-11'] },
    owner.tagOf
  )
  const opening: GrantOpening = {
    ...who,
    scope: scopeHash(tags, [], p),
    verFrom: n,
    verTo: n + 0x01_01_01,
    purposes: 0x55a7, // TREAT, COC, CAREMGT, HPAYMT, PATRQT, HRESCH, HMARKT, RECORDMGT
    notBefore: 1_700_000_000 + (n & 0xff_ffff),
    notAfter: 1_900_000_000 + (n & 0xff_ffff),
    budget: n + 0x02_00_00,
    window: n + 0x03_00_00,
    salt: random32(),
    ...change
  }
  for (const [field, value] of Object.entries(opening)) {
    // accounts are public; that nothing ties them to an owner is looked at by chain-links.ts
    if (field === 'grantee' && who.granteeKind === GranteeKind.ACCOUNT) continue
    const isText = typeof value !== 'number'
    // a purpose or a kind by itself is a small number, which may stand anywhere
    if (isText ? isZero(value) : value < 0x1_0000) continue
    secrets.set(`${field} of an opening, ${n}`, isText ? value : numberWord(value))
  }
  // but that many purposes at once are no small number
  if (opening.purposes > 0xff) {
    secrets.set(`purposes of an opening, ${n}`, numberWord(opening.purposes))
  }
  for (const each of tags) secrets.set(`tag in a scope, ${n} ${each[0]}`, each)
  return { opening, hash: openingHash(opening, p) }
}

/** As Solidity would pad it. */
export function numberWord(value: number): Uint8Array {
  const word = new Uint8Array(32)
  new DataView(word.buffer).setBigUint64(24, BigInt(value))
  return word
}

export interface Stage {
  readonly url: string
  readonly deployment: Deployment
  readonly secrets: Secrets
  readonly people: Cast
}
