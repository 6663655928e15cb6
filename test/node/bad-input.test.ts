import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peerText } from '../../node/keys/peer-text.ts'
import { showIdentity } from '../../node/verbs/identity.ts'
import { verbs } from '../../node/verbs/index.ts'
import { type Consented, consented } from '../fixtures/consented.ts'
import { quiet } from '../fixtures/network.ts'

const HEX = 'ab'.repeat(32)
const NOBODY = '12D3KooWNLDMbTehLbnxfnNbt2cgGZCTMns5XUwAEeQ3tcT57xbB'

interface Case {
  readonly verb: string
  readonly args: (net: Consented) => object
  /** What the message names. */
  readonly says: RegExp
  /** @default refused at the door, by the shape of its arguments */
  readonly error?: string
  readonly by?: 'patient' | 'hospital'
}

const atDoor: readonly Case[] = [
  { verb: 'record.add', args: () => ({}), says: /path/ },
  { verb: 'record.add', args: () => ({ path: '/x', surprise: 1 }), says: /surprise/ },
  { verb: 'record.add', args: () => ({ path: '/x', threshold: 1 }), says: /threshold/ },
  { verb: 'record.add', args: () => ({ path: '/x', replicas: -1 }), says: /replicas/ },
  { verb: 'record.add', args: () => ({ path: '/x', tags: { level: 'X' } }), says: /level/ },
  { verb: 'record.get', args: () => ({ recordId: 'abc' }), says: /recordId/ },
  { verb: 'record.get', args: () => ({ recordId: HEX, ver: 0 }), says: /ver/ },
  { verb: 'record.get', args: () => ({ recordId: HEX, from: -1 }), says: /from/ },
  { verb: 'record.get', args: () => ({ recordId: HEX, via: 'pigeon' }), says: /via/ },
  { verb: 'record.update', args: () => ({ recordId: HEX }), says: /path/ },
  {
    verb: 'request',
    args: () => ({ purpose: 'TREAT', until: '1d', reason: 'x' }),
    says: /patient/
  },
  {
    verb: 'request',
    args: (net) => ({ ...wish(net), until: 'tomorrow' }),
    says: /until/
  },
  { verb: 'request', args: (net) => ({ ...wish(net), reason: '' }), says: /reason/ },
  { verb: 'request', args: (net) => ({ ...wish(net), versions: 'all' }), says: /versions/ },
  { verb: 'approve', args: () => ({ wish: HEX.slice(1) }), says: /wish/ },
  { verb: 'deny', args: () => ({ wish: HEX, reason: 'x'.repeat(1_025) }), says: /reason/ },
  { verb: 'grant', args: (net) => ({ ...terms(net), to: 'somebody' }), says: /to/ },
  { verb: 'grant', args: (net) => ({ ...terms(net), records: [] }), says: /records/ },
  { verb: 'grant', args: (net) => ({ ...terms(net), budget: -1 }), says: /budget/ },
  { verb: 'grant', args: (net) => ({ ...terms(net), to: [] }), says: /to/ },
  { verb: 'grant', args: (net) => ({ ...terms(net), purpose: [] }), says: /purpose/ },
  { verb: 'grant', args: (net) => ({ ...terms(net), org: 0 }), says: /org/ },
  { verb: 'grant', args: (net) => ({ ...terms(net), upTo: 'X' }), says: /upTo/ },
  { verb: 'grant', args: (net) => ({ ...terms(net), months: ['2026-13'] }), says: /months/ },
  { verb: 'grant', args: (net) => ({ ...terms(net), window: '0d' }), says: /window/ },
  { verb: 'grant', args: (net) => ({ ...terms(net), group: 'cardiology' }), says: /group/ },
  { verb: 'grant', args: (net) => ({ ...terms(net), chart: false }), says: /chart/ },
  { verb: 'renew', args: () => ({ grant: HEX, until: 'never' }), says: /until/ },
  { verb: 'grant.tell', args: () => ({ grant: HEX, to: 'somebody' }), says: /to/ },
  { verb: 'opt-out', args: () => ({ purposes: [] }), says: /purposes/ },
  { verb: 'revoke', args: () => ({}), says: /grant/ },
  { verb: 'revoke', args: () => ({ grant: HEX, all: true }), says: /grant/ }
]

const INVALID = 'InvalidParametersError'
const NOT_FOUND = 'RecordNotFoundError'

const within: readonly Case[] = [
  {
    verb: 'record.add',
    args: (net) => ({ path: `${net.folder}/nothing` }),
    error: INVALID,
    says: /nothing/
  },
  { verb: 'record.add', args: (net) => ({ path: net.folder }), error: INVALID, says: /path|file/ },
  {
    verb: 'record.add',
    args: (net) => ({ path: `${net.folder}/record.txt`, custodians: [NOBODY] }),
    error: INVALID,
    says: /custodians/
  },
  {
    verb: 'record.add',
    args: (net) => ({ path: `${net.folder}/record.txt`, threshold: 9 }),
    error: INVALID,
    says: /threshold/
  },
  {
    verb: 'record.add',
    args: (net) => ({
      path: `${net.folder}/record.txt`,
      custodians: [net.clinics[0]?.addrs[0], net.clinics[0]?.addrs[0]]
    }),
    error: INVALID,
    says: /custodians.*distinct/
  },
  {
    verb: 'record.add',
    args: (net) => ({
      path: `${net.folder}/record.txt`,
      custodians: [net.clinics[0]?.addrs[0], net.patient.addrs[0]]
    }),
    error: 'PeerUnavailableError',
    says: /./
  },
  { verb: 'record.get', args: () => ({ recordId: HEX }), error: NOT_FOUND, says: /record/ },
  {
    verb: 'record.get',
    args: (net) => ({ recordId: net.recordId, ver: 7 }),
    error: NOT_FOUND,
    says: /version 7/
  },
  {
    verb: 'record.get',
    args: (net) => ({ recordId: net.recordId, ver: 7 }),
    error: NOT_FOUND,
    says: /version 7/,
    by: 'hospital'
  },
  {
    verb: 'record.get',
    args: (net) => ({ recordId: net.recordId, from: 0, to: 1_000 }),
    error: INVALID,
    says: /to/
  },
  {
    verb: 'record.get',
    args: (net) => ({ recordId: net.recordId, out: `${net.folder}/no/such/folder/x` }),
    error: INVALID,
    says: /out/
  },
  { verb: 'record.show', args: () => ({ recordId: HEX }), error: NOT_FOUND, says: /record/ },
  { verb: 'record.verify', args: () => ({ recordId: HEX }), error: NOT_FOUND, says: /record/ },
  {
    verb: 'record.update',
    args: (net) => ({ recordId: HEX, path: `${net.folder}/record.txt` }),
    error: NOT_FOUND,
    says: /record/
  },
  {
    verb: 'request',
    args: (net) => ({ ...wish(net), purpose: 'FUN' }),
    error: INVALID,
    says: /purpose/,
    by: 'hospital'
  },
  {
    verb: 'request',
    args: (net) => ({ ...wish(net), versions: '3-1' }),
    error: INVALID,
    says: /versions/,
    by: 'hospital'
  },
  {
    verb: 'request',
    args: (net) => ({ ...wish(net), until: '2020-01-01T00:00:00Z' }),
    error: INVALID,
    says: /until/,
    by: 'hospital'
  },
  {
    verb: 'request',
    args: () => ({
      patient: `${'0'.repeat(40)}@nobody`,
      purpose: 'TREAT',
      until: '1d',
      reason: 'x'
    }),
    error: INVALID,
    says: /peer/i,
    by: 'hospital'
  },
  { verb: 'approve', args: () => ({ wish: HEX }), error: NOT_FOUND, says: /wish/ },
  { verb: 'deny', args: () => ({ wish: HEX }), error: NOT_FOUND, says: /wish/ },
  {
    verb: 'grant',
    args: (net) => ({ ...terms(net), purpose: 'FUN' }),
    error: INVALID,
    says: /purpose/
  },
  {
    verb: 'grant',
    args: (net) => ({ ...terms(net), records: [HEX] }),
    error: NOT_FOUND,
    says: /record/
  },
  {
    verb: 'grant',
    args: (net) => ({ ...terms(net), versions: '5' }),
    error: NOT_FOUND,
    says: /version/
  },
  { verb: 'revoke', args: () => ({ grant: HEX }), error: NOT_FOUND, says: /grant/ },
  { verb: 'renew', args: () => ({ grant: HEX, until: '1d' }), error: NOT_FOUND, says: /grant/ },
  {
    verb: 'grant.tell',
    args: (net) => ({ grant: HEX, to: terms(net).to }),
    error: NOT_FOUND,
    says: /grant/
  },
  {
    verb: 'grant.tell',
    args: (net) => ({ grant: net.grant, to: terms(net).to }),
    error: INVALID,
    says: /grant/
  },
  { verb: 'opt-in', args: () => ({ purposes: ['FUN'] }), error: INVALID, says: /purposes/ },
  {
    verb: 'record.get',
    args: (net) => ({ recordId: net.recordId, purpose: 'FUN' }),
    error: INVALID,
    says: /purpose/,
    by: 'hospital'
  },
  {
    verb: 'record.get',
    args: (net) => ({ recordId: net.recordId, purpose: 'HRESCH' }),
    error: NOT_FOUND,
    says: /HRESCH/,
    by: 'hospital'
  },
  {
    verb: 'audit.export',
    args: (net) => ({ out: `${net.folder}/audit` }),
    error: INVALID,
    says: /peer/
  }
]

const wish = (net: Consented) => ({
  patient: showIdentity(net.patient).contact,
  purpose: 'TREAT',
  until: '1d',
  reason: 'x'
})
const terms = (net: Consented) => ({
  to: peerText(net.hospital.identity.peer),
  records: [net.recordId],
  purpose: 'TREAT',
  until: '1d'
})

describe('bad input', () => {
  // nothing here may change the network, so that one serves all
  let net: Consented
  beforeAll(async () => {
    net = await consented()
  }, 30_000)
  afterAll(async () => {
    await net[Symbol.asyncDispose]()
  })

  const stateOf = () => ({
    records: net.patient.ledger.records().flat().length,
    grants: net.patient.ledger.grants().length,
    asked: net.hospital.ledger.asked().length,
    held: net.clinics.map(({ clinic }) => clinic?.custody.size),
    receipts: net.clinics.map(({ clinic }) => clinic?.receipts.lastSeq)
  })

  it.each(atDoor.map((each, i) => ({ ...each, id: `${each.verb} ${i}` })))(
    'is refused at the door, naming $says ($id)',
    ({ verb, args, says }) => {
      const parsed = verbs.get(verb)?.args.safeParse(args(net))

      expect(parsed?.success).toBe(false)
      expect(JSON.stringify(parsed?.error?.issues)).toMatch(says)
    }
  )

  it.each(within.map((each, i) => ({ ...each, id: `${each.verb} ${i}` })))(
    'is $error, naming $says, and changes nothing ($id)',
    async ({ verb, args, says, error, by = 'patient' }) => {
      const before = stateOf()
      const given = args(net)
      const door = verbs.get(verb)
      expect(door?.args.safeParse(given).success).toBe(true)

      const running = door?.run(net[by], given, quiet())

      await expect(running).rejects.toMatchObject({
        name: error,
        message: expect.stringMatching(says)
      })
      expect(stateOf()).toEqual(before)
    }
  )
})
