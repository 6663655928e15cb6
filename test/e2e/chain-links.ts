/**
 * Who can be tied to whom by reading the chain: an owner (by her address, or by an id that only she
 * has) and an account or organisation of a clinic, or another person, in one transaction or in one
 * slot; and the table of ties that are meant to be visible, each with where that is written.
 * @module
 */
import { Interface } from 'ethers'
import { toHex0x } from '../../core/bytes.ts'
import * as contracts from '../../node/chain/abi.ts'
import type { Owner, Person, Professional } from './chain-cast.ts'
import type { ChainDump, Piece, PublicTx } from './chain-dump.ts'
import { orgBytes, type Story } from './chain-story.ts'

/** How somebody shows beside an owner; `id` stands for an organisation's number. */
export type How = 'payer' | 'calldata' | 'event' | 'signature' | 'slot value' | 'receiver'

export interface Link {
  readonly method: string
  readonly owner: string
  /** Name of a professional, an organisation's "org of …", or another person. */
  readonly clinic: string
  readonly how: How
}

interface Row {
  readonly what: string
  /** Where it is written that this is visible. */
  readonly source: string
  readonly fits: (link: Link) => boolean
}

const isOrg = ({ clinic }: Link): boolean => clinic.startsWith('org of ')

/** Everything that may tie an owner to anybody. */
export const VISIBLE: readonly Row[] = [
  {
    what: 'the clinic that relays a message pays for it',
    source: 'SECURITY.md §13: still visible, relayer',
    fits: ({ method, how }) =>
      (how === 'payer' && /BySig$/.test(method)) ||
      (method === 'delegation' && (how === 'payer' || how === 'receiver'))
  },
  {
    what: 'an attester gives a verdict in the open',
    source: 'SECURITY.md §13: still visible, attester; §7: the verdict word holds it',
    fits: ({ method, how, clinic }) =>
      method === 'attest' && (how === 'payer' || how === 'event') && /^Attesting/.test(clinic)
  },
  {
    what: 'a verdict that lapsed names its attester and organisation, and whoever says so pays',
    source: 'SECURITY.md §7: lapse(owner, recordTag, org)',
    fits: (link) =>
      link.method === 'lapse' &&
      (link.how === 'payer' ||
        (link.how === 'calldata' && isOrg(link)) ||
        (link.how === 'event' && /^Attesting/.test(link.clinic)))
  },
  {
    what: 'an organisation barred from attesting a record of its own',
    source: 'SECURITY.md §7: barredOrg, "it shows"',
    fits: (link) =>
      link.method === 'recordsBySig' &&
      isOrg(link) &&
      (link.how === 'calldata' || link.how === 'event')
  },
  {
    what: 'clinicians who break a glass, and their organisations',
    source: 'docs/decisions/0021: they answer for it in the open',
    fits: (link) =>
      link.method === 'breakGlass' &&
      (link.how === 'payer' || link.how === 'signature' || (link.how === 'event' && isOrg(link)))
  },
  {
    what: 'who reviews a broken glass, and the organisations that the review word holds',
    source: 'docs/decisions/0021: the review is closed by an admin of another organisation',
    fits: (link) =>
      (link.method === 'review' && (link.how === 'payer' || isOrg(link))) ||
      (link.method === 'reviewOwnBySig' && link.how === 'event' && isOrg(link))
  },
  {
    what: 'a guardian, to whom no clinic is tied',
    source: 'docs/decisions/0022: a guardianship is appointed and used in the open',
    fits: ({ method, how, clinic }) =>
      ['appointBySig', 'endBySig', 'grantBySig'].includes(method) &&
      ['calldata', 'signature'].includes(how) &&
      clinic === 'Gudrun Lindqvist-Aarto'
  },
  {
    what: 'helpers and successor of an account, once they recover it',
    source: 'docs/decisions/0022: helpers are known until then by a salted hash only',
    fits: ({ method, how }) =>
      (method === 'propose' && (how === 'payer' || how === 'calldata' || how === 'signature')) ||
      (method === 'complete' && how === 'payer') ||
      (method === 'revokeAllBySig' && (how === 'calldata' || how === 'signature'))
  }
]

const interfaces = Object.values(contracts).map(({ abi }) => new Interface(abi))

function methodOf(tx: PublicTx): string {
  const calldata = tx.pieces.find(({ kind }) => kind === 'calldata')?.bytes
  if (calldata == null || calldata.length < 4) return 'delegation'
  const selector = toHex0x(calldata.subarray(0, 4))
  for (const each of interfaces) {
    const method = each.getFunction(selector)
    if (method != null) return method.name
  }
  return 'unknown'
}

const holds = ({ bytes }: Piece, what: Uint8Array): boolean => bytes.indexOf(what) >= 0

/** Every tie that somebody can see who knows all accounts. */
export function linksOf(
  dump: ChainDump,
  story: Story,
  owners: readonly Owner[],
  professionals: readonly Professional[]
): { readonly links: readonly Link[]; readonly methods: readonly string[] } {
  const links: Link[] = []
  const methods: string[] = []
  const persons = owners.length === 0 ? [] : story.persons()
  const others = [...professionals, ...persons, ...owners]
  const orgs = new Map(professionals.map(({ org, name }) => [org, `org of ${name}`] as const))
  const idsOf = (owner: Owner) => [
    owner.account,
    ...[...story.ids.values()].filter((each) => each.owner === owner).map(({ id }) => id)
  ]
  const ids = new Map(owners.map((owner) => [owner, idsOf(owner)] as const))
  for (const tx of dump.transactions) {
    const method = methodOf(tx)
    methods.push(method)
    const signers = story.signers.get(tx.hash) ?? []
    const signed = (who: Person): boolean => signers.some((each) => equal(each, who.account))
    for (const owner of owners) {
      const named = ids.get(owner) as readonly Uint8Array[]
      const shows = tx.pieces.some((piece) => named.some((id) => holds(piece, id)))
      if (!shows && !signed(owner)) continue
      const add = (clinic: string, how: How): void => {
        links.push({ method, owner: owner.name, clinic, how })
      }
      for (const other of others) {
        if (equal(other.account, owner.account)) continue
        for (const kind of ['payer', 'receiver', 'calldata', 'event'] as const) {
          const pieces = tx.pieces.filter((piece) => piece.kind === kind)
          if (pieces.some((piece) => holds(piece, other.account))) add(other.name, kind)
        }
        if (signed(other)) add(other.name, 'signature')
      }
      for (const [org, name] of orgs) {
        for (const kind of ['calldata', 'event'] as const) {
          const pieces = tx.pieces.filter((piece) => piece.kind === kind)
          if (pieces.some((piece) => holds(piece, orgBytes(org)))) add(name, kind)
        }
      }
    }
  }
  return { links, methods }
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
