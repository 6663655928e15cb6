/**
 * Who and what all histories are about: an owner, two clinicians, one record in three versions and
 * some grants, each beside its meaning in plain values, from which the judge works. Requests are
 * made once for each grant, version and account: what depends on them is hashed once a process.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import {
  accountGrantee,
  type GrantOpening,
  grantId,
  openingHash,
  organisationGrantee,
  recordKey,
  recordTag,
  scopeHash
} from '../../core/grant.ts'
import {
  type Address,
  address,
  type GrantId,
  type Hash,
  hash,
  kemPublicKey,
  type PeerIdBytes,
  peerIdOf,
  type RecordId,
  recordId
} from '../../core/ids.ts'
import { noblePrimitives } from '../../core/noble.ts'
import { Purpose, type PurposeCode } from '../../core/purposes.ts'
import type { AccessRequest } from '../../core/request.ts'
import { encodeTree, treeHash } from '../../core/tree.ts'
import {
  accountSlot,
  grantSlot,
  memberSlot,
  organisationSlot,
  ownerSlot,
  recordSlot,
  type StorageRef
} from '../../core/words.ts'
import { rememberingHashes } from '../../node/release/hashes.ts'
import type { State } from './chain.ts'
import { wordOf } from './words.ts'

export const p = rememberingHashes(noblePrimitives)
/** Seconds; all histories begin here. */
export const START = 1_800_000_000
export const ORG = 7
export const CLINICIAN = 2
export const VERSIONS = 3
export const CHAIN = 1_337

/** What a grant says, as its owner would. */
export interface Meaning {
  readonly who:
    | { readonly account: number }
    | { readonly org: number; readonly roles: number }
    | 'group'
    | 'clinician in the group'
  readonly versions: readonly [number, number]
  readonly purposes: readonly PurposeCode[]
  readonly from: number
  readonly until: number
  readonly budget: number
  readonly window: number
  /** Whether its scope holds the record. */
  readonly covers: boolean
  /** Whether its owner lets the grantee pass it on. */
  readonly shareOn: boolean
}

const DAY = 86_400
const usual: Meaning = {
  who: { account: 0 },
  versions: [1, 9],
  purposes: ['TREAT'],
  from: START - 300,
  until: START + DAY,
  budget: 10,
  window: DAY,
  covers: true,
  shareOn: false
}
const changes: readonly Partial<Meaning>[] = [
  {},
  {},
  {},
  { until: START + 200 },
  { until: START + 400 },
  { until: START + 900 },
  { from: START + 60 },
  { from: START + 300 },
  { budget: 1, window: 0 },
  { budget: 2, window: 600 },
  { budget: 1, window: 120 },
  { budget: 0 },
  { versions: [2, 2] },
  { purposes: ['COC', 'HRESCH'] },
  { purposes: ['TREAT', 'HRESCH'], until: START + 500 },
  { covers: false },
  { who: { account: 1 } },
  { who: { org: ORG, roles: CLINICIAN } },
  { who: { org: 0, roles: CLINICIAN }, budget: 2, window: 0 },
  { who: 'group' },
  { who: 'clinician in the group', from: START + 30 },
  { shareOn: true },
  { shareOn: true, purposes: ['TREAT', 'COC'], versions: [1, 2] },
  { shareOn: true, versions: [2, 9], until: START + 900 },
  { shareOn: true, budget: 2, window: 0 },
  { shareOn: true, who: { account: 1 }, from: START - 900 },
  { shareOn: true, who: { org: ORG, roles: CLINICIAN } }
]
export const MEANINGS: readonly Meaning[] = changes.map((change) => ({ ...usual, ...change }))
/** Those that may be passed on, or say so. */
export const SHARE_ON = MEANINGS.flatMap(({ shareOn }, i) => (shareOn ? [i] : []))
/** Those whose grantee takes no group: the whole gate's chain has none. */
export const WITHOUT_GROUP = MEANINGS.flatMap(({ who }, i) => (typeof who === 'string' ? [] : [i]))

export interface People {
  readonly owner: Address
  readonly accounts: readonly Address[]
  readonly peers: readonly PeerIdBytes[]
  readonly custodian: PeerIdBytes
  readonly registry: Address
  readonly record: RecordId
  readonly tags: {
    readonly chart: Hash
    readonly class: Hash
    readonly level: Hash
    readonly month: Hash
  }
}

export const named = (name: string): Hash => hash(p.sha256(new TextEncoder().encode(name)))
const someone = (name: string): Address => address(named(name).slice(12))
export const GROUP = named('group')
const TREE = encodeTree({
  k: 2,
  of: [
    { org: 0, roles: 0, group: GROUP },
    { org: ORG, roles: CLINICIAN, group: undefined }
  ]
})

export const PEOPLE: People = {
  owner: someone('owner'),
  accounts: [someone('requester'), someone('colleague')],
  peers: [peerIdOf(named('requester')), peerIdOf(named('colleague'))],
  custodian: peerIdOf(named('custodian')),
  registry: someone('registry'),
  record: recordId(named('record')),
  tags: { chart: named('chart'), class: named('class'), level: named('level'), month: named('*') }
}
export const OTHERS = {
  owner: someone('another owner'),
  registry: someone('another registry'),
  custodian: peerIdOf(named('another custodian')),
  peer: peerIdOf(named('a stranger'))
}

/** A request whose passing fields are set anew each time it is made. */
export type Template = { -readonly [K in keyof AccessRequest]: AccessRequest[K] }

/** A sub-grant, and what tells it from the others. */
export interface ShownPaper {
  readonly key: string
  readonly sub: NonNullable<AccessRequest['sub']>
}

type Read = (state: State) => bigint
const NEVER: Read = () => 0n

export class Cast {
  readonly people: People
  readonly openings: readonly GrantOpening[]
  readonly grantIds: readonly GrantId[]
  readonly openingHashes: readonly Hash[]
  readonly #templates = new Map<string, Template>()
  /** What is stored where. */
  readonly #slots = new Map<string, Read>()
  /** The same by object: slots of one request are hashed once, and come again. */
  readonly #readers = new WeakMap<Hash, Read>()

  constructor(people: People) {
    this.people = people
    this.openings = MEANINGS.map((meaning, i) => this.#opening(meaning, i))
    this.openingHashes = this.openings.map((opening) => openingHash(opening, p))
    this.grantIds = this.openingHashes.map((opening) => grantId(people.owner, opening, p))
    this.#layOut()
  }

  /** The word in that slot, in a state; 0 where nothing was ever written. */
  word(state: State, slot: Hash): bigint {
    let read = this.#readers.get(slot)
    if (read == null) {
      read = this.#slots.get(toHex(slot)) ?? NEVER
      this.#readers.set(slot, read)
    }
    return read(state)
  }

  /** One for each paper that is shown, too, since what is hashed of a request is hashed once. */
  template(opening: number, ver: number, account: number, shown?: ShownPaper): Template {
    const key = `${opening} ${ver} ${account} ${shown?.key}`
    let template = this.#templates.get(key)
    if (template == null) {
      template = this.#template(opening, ver, account, shown?.sub)
      this.#templates.set(key, template)
    }
    return template
  }

  tagsOf(opening: number): readonly Hash[] {
    return this.scopeTags(MEANINGS[opening]?.covers === true)
  }

  /** Of a scope that holds the record, or all but its month. */
  scopeTags(covered: boolean): readonly Hash[] {
    const { record, tags } = this.people
    return [hash(record), tags.level, covered ? tags.month : named('another month')].sort((a, b) =>
      toHex(a) < toHex(b) ? -1 : 1
    )
  }

  #opening(meaning: Meaning, i: number): GrantOpening {
    const { who } = meaning
    const [granteeKind, grantee] =
      who === 'group'
        ? ([3, GROUP] as const)
        : who === 'clinician in the group'
          ? ([4, treeHash(TREE, p)] as const)
          : 'account' in who
            ? ([1, accountGrantee(this.people.accounts[who.account] as Address)] as const)
            : ([2, organisationGrantee(who.org, who.roles)] as const)
    return {
      granteeKind,
      grantee,
      scope: scopeHash(this.tagsOf(i), [], p),
      verFrom: meaning.versions[0],
      verTo: meaning.versions[1],
      purposes:
        meaning.purposes.reduce((bits, code) => bits | (1 << Purpose[code]), 0) +
        (meaning.shareOn ? 2 ** 31 : 0),
      notBefore: meaning.from,
      notAfter: meaning.until,
      budget: meaning.budget,
      window: meaning.window,
      salt: named(`salt ${i}`)
    }
  }

  #layOut(): void {
    const { owner, accounts, record } = this.people
    const put = (ref: StorageRef<string>, read: Read) => this.#slots.set(toHex(ref.slot), read)
    put(ownerSlot(owner, p), (state) => wordOf('owner', state.owner))
    put(organisationSlot(ORG, p), (state) => wordOf('status', state.org))
    for (const [i, account] of accounts.entries()) {
      put(accountSlot(account, p), (state) => wordOf('account', state.accounts[i]))
      put(memberSlot(GROUP, account, p), (state) => wordOf('status', state.members[i]))
    }
    for (let ver = 1; ver <= VERSIONS; ver++) {
      const slot = recordSlot(recordKey(owner, recordTag(record, ver, p), p), p)
      put(slot, (state) => wordOf('record', state.records[ver - 1]))
    }
    for (const [i, id] of this.grantIds.entries()) {
      put(grantSlot(id, p), (state) =>
        wordOf(
          'grant',
          state.grants.find((g) => g.opening === i)
        )
      )
    }
  }

  #template(opening: number, ver: number, account: number, sub: Template['sub']): Template {
    const { people } = this
    return {
      v: 1,
      want: 'share',
      chain: CHAIN,
      grants: people.registry,
      custodian: people.custodian,
      challenge: named('challenge'),
      seq: 1,
      deadline: 0,
      binding: {
        account: people.accounts[account] as Address,
        peerId: people.peers[account] as PeerIdBytes,
        kemKeyHash: named('kem'),
        validFrom: START - DAY,
        validUntil: START + DAY,
        bindingEpoch: 1
      },
      bindingSig: new Uint8Array(65),
      owner: people.owner,
      recordId: people.record,
      ver,
      shareEpoch: 1,
      opening: this.openings[opening] as GrantOpening,
      tags: this.tagsOf(opening),
      except: [],
      tree: MEANINGS[opening]?.who === 'clinician in the group' ? TREE : undefined,
      purpose: Purpose.TREAT,
      hl7: 'TREAT',
      kem: kemPublicKey(new Uint8Array(1_216)),
      conf: { n: 0, h: named('block') },
      emergency: undefined,
      sub
    }
  }
}

/** Before anything is granted: accounts open, versions registered. */
export function firstState(grants: readonly number[]): State {
  const changedAt = START - 5_000
  return {
    grants: grants.map((opening) => ({
      opening,
      status: 0,
      epoch: 0,
      version: 0,
      changedAt: 0,
      changedBlock: 0
    })),
    owner: { open: false, epoch: 1, changedAt: 0, optOut: 0, optOutVersion: 0 },
    accounts: [0, 1].map(() => ({
      status: 1,
      bindingEpoch: 1,
      org: ORG,
      roles: CLINICIAN,
      changedAt
    })),
    records: Array.from({ length: VERSIONS }, () => ({ status: 1, shareEpoch: 1, changedAt })),
    org: { status: 1, changedAt },
    members: [0, 1].map(() => ({ status: 1, changedAt }))
  }
}
