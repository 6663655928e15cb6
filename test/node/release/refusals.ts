/**
 * One wrong thing a case: every row of SECURITY.md §9.2 that can come about without an emergency,
 * with the true code that the receipt or the tally must have.
 * @module
 */
import { encode } from '../../../core/codec.ts'
import { Code } from '../../../core/codes.ts'
import { accountGrantee, GranteeKind, organisationGrantee, scopeHash } from '../../../core/grant.ts'
import { hash, kemPublicKey, peerIdOf, recordId } from '../../../core/ids.ts'
import { Purpose, purposeMask } from '../../../core/purposes.ts'
import { type AccessRequest, encodeRequest } from '../../../core/request.ts'
import { signTyped } from '../../../core/typed-data.ts'
import { encodeGrantWord, grantSlot, RecordStatus } from '../../../core/words.ts'
import { provenWords } from '../../../node/chain/proofs.ts'
import { memoryJournal } from '../../../node/storage/memory-journal.ts'
import type { StreamState } from '../../../protocols/access/index.ts'
import {
  type GateWorld,
  type GateWorldInit,
  type Heard,
  named,
  p,
  SERVING
} from '../../fixtures/gate.ts'

type Changes = Partial<AccessRequest>

export interface RefusalCase {
  readonly id: string
  readonly code: number
  readonly world?: GateWorldInit
  /** What is wrong with the world; then a request without fault is refused alike. */
  readonly arrange?: (world: GateWorld) => unknown
  /** What is wrong with the request alone; one without fault is served afterwards. */
  readonly changes?: Changes | ((world: GateWorld) => Changes | Promise<Changes>)
  readonly stream?: Partial<StreamState>
  readonly ask?: (world: GateWorld) => Promise<Heard>
  /** Shares that are rightly sealed on the way there. @default 0 */
  readonly seals?: number
}

const NOT_MINE = named('not mine')
const TOO_LATE = new DOMException('too late', 'TimeoutError')
const everyEndpoint = (world: GateWorld, faults: object): void => {
  for (const endpoint of world.endpoints) Object.assign(endpoint.faults, faults)
}
const account = (name: string) => named(name).slice(12) as AccessRequest['owner']

/** The request with bytes of its encoding changed. */
const junk =
  (change: (frame: Uint8Array) => Uint8Array) =>
  async (world: GateWorld): Promise<Heard> => {
    const stream = world.stream()
    const frame = change(world.frame(await world.request(stream)))
    return world.hear(frame, stream)
  }
const mangled =
  (change: (map: Record<string, unknown>) => object) =>
  async (world: GateWorld): Promise<Heard> => {
    const stream = world.stream()
    const b = encode(change({ ...(await world.request(stream)) }))
    return world.hear(encode({ b, s: new Uint8Array(64) }), stream, b)
  }
const rebound =
  (change: (binding: AccessRequest['binding']) => Partial<AccessRequest['binding']>) =>
  (world: GateWorld): Changes => {
    const binding = { ...world.card.binding, ...change(world.card.binding) }
    const { deployment } = world.chain
    const key = world.hospital.accountKey
    return { binding, bindingSig: signTyped(deployment, 'NodeBinding', binding, key, p) }
  }
/** A grant like the given one but for `changes`, on the chain and confirmed. */
const granted =
  (changes: Parameters<GateWorld['openingOf']>[0], asked: Changes = {}) =>
  async (world: GateWorld): Promise<Changes> => {
    const opening = world.openingOf({ salt: named('another grant'), ...changes })
    await world.grant(opening)
    await world.confirm()
    return { opening, ...asked }
  }

const malformed: RefusalCase[] = [
  { id: 'bytes that are no map', code: 101, ask: junk(() => Uint8Array.of(1, 2, 3)) },
  { id: 'an empty frame', code: 101, ask: junk(() => new Uint8Array(0)) },
  { id: 'a frame that ends early', code: 101, ask: junk((frame) => frame.slice(0, -1)) },
  { id: 'bytes after the end', code: 101, ask: junk((frame) => Uint8Array.of(...frame, 0)) },
  {
    id: 'a field that nobody knows',
    code: 101,
    ask: mangled((request) => ({ ...request, more: 1 }))
  },
  {
    id: 'a field that is missing',
    code: 101,
    ask: mangled(({ deadline: _, ...rest }) => rest)
  },
  {
    id: 'a key of another size',
    code: 101,
    ask: mangled((request) => ({ ...request, kem: new Uint8Array(1_215) }))
  },
  {
    id: 'a number out of range',
    code: 101,
    ask: mangled((request) => ({ ...request, ver: 0 }))
  }
]

const misdirected: RefusalCase[] = [
  { id: 'another version', code: 102, changes: { v: 2 } },
  { id: 'a want that nobody knows', code: 102, changes: { want: 'everything' } },
  { id: 'another chain', code: 103, changes: { chain: 1 } },
  { id: 'another registry', code: 103, changes: { grants: account('registry') } },
  { id: 'another custodian', code: 103, changes: { custodian: peerIdOf(NOT_MINE) } },
  { id: 'a peer that asks too often', code: 104, stream: { retryMs: 250 } },
  { id: 'the challenge of another stream', code: 105, changes: { challenge: NOT_MINE } },
  { id: 'a number left out', code: 105, changes: { seq: 2 } },
  {
    id: 'the same request again',
    code: 105,
    seals: 1,
    async ask(world) {
      const stream = world.stream()
      const request = await world.request(stream)
      await world.hear(world.frame(request), stream, encodeRequest(request))
      return world.hear(world.frame(request), stream, encodeRequest(request))
    }
  },
  {
    id: 'the same request on another stream',
    code: 105,
    seals: 1,
    async ask(world) {
      const stream = world.stream()
      const request = await world.request(stream)
      await world.hear(world.frame(request), stream, encodeRequest(request))
      return world.hear(world.frame(request), world.stream(), encodeRequest(request))
    }
  },
  {
    id: 'a deadline that has passed',
    code: 106,
    changes: ({ clock }) => ({ deadline: clock.seconds() - 1 })
  },
  {
    id: 'a deadline far ahead',
    code: 106,
    changes: ({ clock }) => ({ deadline: clock.seconds() + 61 })
  }
]

const identity: RefusalCase[] = [
  { id: "somebody else's connection", code: 201, stream: { remotePeer: peerIdOf(NOT_MINE) } },
  {
    id: "somebody else's signature",
    code: 202,
    async ask(world) {
      const stream = world.stream()
      const request = await world.request(stream)
      return world.hear(world.frame(request, NOT_MINE), stream, encodeRequest(request))
    }
  },
  {
    id: 'a binding that has ended',
    code: 203,
    changes: rebound(({ validFrom }) => ({ validFrom: validFrom - 99, validUntil: validFrom }))
  },
  {
    id: 'a binding that has not begun',
    code: 203,
    changes: rebound(({ validFrom }) => ({ validFrom: validFrom + 121 }))
  },
  {
    id: 'a binding of more than 30 days',
    code: 203,
    changes: rebound(({ validUntil }) => ({ validUntil: validUntil + 1 }))
  },
  {
    id: 'a binding of which nobody signed this',
    code: 205,
    changes: ({ card }) => ({ binding: { ...card.binding, kemKeyHash: NOT_MINE } })
  },
  {
    id: "a binding of somebody else's account",
    code: 205,
    changes: ({ card, owner }) => ({ binding: { ...card.binding, account: owner.account } })
  }
]

const chain: RefusalCase[] = [
  {
    id: 'a log with a link missing',
    code: 601,
    async arrange(world) {
      await world.ask()
      await world.ask()
      const receipts = memoryJournal()
      let i = 0
      for await (const entry of world.stores.receipts.entries()) {
        if (i++ !== 1) await receipts.append(entry)
      }
      Object.assign(world.stores, { receipts })
      await world.open()
    }
  },
  { id: 'a chain that is down', code: 301, arrange: (w) => everyEndpoint(w, { down: true }) },
  {
    id: 'two of three endpoints down',
    code: 301,
    arrange: ({ endpoints: [a, b] }) => {
      for (const each of [a, b]) Object.assign(each?.faults ?? {}, { down: true })
    }
  },
  {
    id: 'endpoints that do not agree',
    code: 302,
    async arrange(world) {
      const forks = await Promise.all([world.chain.fork(), world.chain.fork()])
      await Promise.all([world.chain, ...forks].map((fork) => fork.mine()))
      await forks[1]?.reorg(1)
      for (const [i, fork] of forks.entries()) world.endpoints[i] = fork.endpoint(`fork ${i}`)
    }
  },
  {
    id: 'headers that do not hash',
    code: 303,
    arrange: (world) =>
      everyEndpoint(world, {
        forgeHeader: (claim: object) => ({ ...claim, stateRoot: `0x${'11'.repeat(32)}` })
      })
  },
  { id: 'a head that is old', code: 304, arrange: ({ clock }) => clock.pass(36_001) },
  { id: 'a head from the future', code: 305, arrange: ({ clock }) => clock.pass(-36_001) },
  {
    id: 'a reorg below the confirmed block',
    code: 306,
    async arrange(world) {
      await world.ask()
      await world.chain.reorg(4, { blocks: 5, keep: true })
    }
  },
  {
    id: 'a block that nobody knows',
    code: 307,
    changes: async (world) => ({
      conf: { ...(await world.confirmed()), h: NOT_MINE }
    })
  },
  {
    id: 'a block above the confirmed one',
    code: 307,
    async changes(world) {
      const { n, h } = await world.confirmed()
      return { conf: { n: n + 1, h } }
    }
  },
  {
    id: 'a confirmed block that is 17 behind',
    code: 307,
    seals: 1,
    async changes(world) {
      const conf = await world.confirmed()
      await world.ask() // the line of confirmed blocks is followed from here
      await world.chain.mine(17)
      return { conf }
    }
  }
]

const record: RefusalCase[] = [
  { id: 'a record that nobody dealt', code: 401, changes: { recordId: recordId(NOT_MINE) } },
  { id: 'a version that nobody dealt', code: 401, changes: { ver: 2 } },
  { id: 'an owner who dealt nothing', code: 401, changes: { owner: account('stranger') } },
  { id: 'an emergency subset', code: 401, changes: { want: 'pack' } },
  {
    id: 'an erasure that was told directly',
    code: 402,
    arrange: (world) => world.clinic.custodian.notice(world.erasure(), world.owner.peer, SERVING)
  },
  { id: 'a share of another epoch', code: 403, changes: { shareEpoch: 2 } },
  {
    id: 'a share that was never acknowledged',
    code: 403,
    async arrange(world) {
      const { manifest, anchorSalt } = world.dealt
      const env = new Uint8Array(105)
      await world.clinic.custody.keep({ manifest, anchorSalt, idx: 1, ckEpoch: 1, env })
    }
  }
]

const grant: RefusalCase[] = [
  { id: 'tags that are not those of the grant', code: 404, changes: { tags: [NOT_MINE] } },
  { id: 'tags in another order', code: 404, changes: ({ tags }) => ({ tags: tags.toReversed() }) },
  { id: 'exceptions left out', code: 404, changes: { except: [NOT_MINE] } },
  {
    id: 'a grant for another record',
    code: 405,
    changes: granted({ scope: scopeHash([NOT_MINE], [], p) }, { tags: [NOT_MINE] })
  },
  { id: 'a grant for later versions', code: 406, changes: granted({ verFrom: 2 }) },
  { id: 'a grant for earlier versions', code: 406, changes: granted({ verFrom: 0, verTo: 0 }) },
  {
    id: 'another purpose',
    code: 407,
    changes: { purpose: Purpose.HRESCH, hl7: 'HRESCH' }
  },
  { id: 'a code of another purpose', code: 407, changes: { hl7: 'HRESCH' } },
  { id: 'a code that is not mapped', code: 407, changes: { hl7: 'WHATEVER' } },
  {
    id: 'a grant that breaks the glass',
    code: 407,
    changes: granted(
      { purposes: purposeMask(Purpose.ETREAT) },
      { purpose: Purpose.ETREAT, hl7: 'ETREAT' }
    )
  },
  {
    id: 'a grant that begins within the guard',
    code: 408,
    changes: (world) => granted({ notBefore: world.clock.seconds() - 119 })(world)
  },
  {
    id: 'a grant that ends within the guard',
    code: 409,
    changes: (world) => granted({ notAfter: world.clock.seconds() + 120 })(world)
  },
  {
    id: 'a grant to another account',
    code: 410,
    changes: granted({ grantee: accountGrantee(account('another')) })
  },
  { id: 'a grantee of no kind', code: 410, changes: granted({ granteeKind: 9 }) },
  { id: 'a budget of nothing', code: 411, changes: granted({ budget: 0 }) }
]

const words: RefusalCase[] = [
  {
    id: 'proofs that nobody gives',
    code: 501,
    arrange: (world) =>
      everyEndpoint(world, {
        forgeProof: () => {
          throw new Error('no proof')
        }
      })
  },
  {
    id: 'proofs that do not fit',
    code: 502,
    arrange: (world) =>
      everyEndpoint(world, {
        forgeProof: (proof: { account: Uint8Array[] }) => ({
          ...proof,
          account: proof.account.map((node) => node.with(5, (node[5] as number) ^ 1))
        })
      })
  },
  {
    id: 'other code at the address',
    code: 503,
    async arrange(world) {
      const { deployment } = world.chain
      const codeHashes = { ...deployment.codeHashes, grants: NOT_MINE }
      const other = { ...deployment, codeHashes }
      await world.open({
        words: provenWords({ endpoints: world.endpoints, deployment: other, primitives: p })
      })
    }
  },
  {
    id: 'a word with a bit that has no meaning',
    code: 504,
    async arrange(world) {
      const slot = grantSlot(world.grantId(), p)
      const word = encodeGrantWord({
        status: 1,
        epoch: 1,
        version: 1,
        changedAt: 1,
        changedBlock: 1
      })
      world.chain.model.state.setWord(slot, word | (1n << 255n))
      await world.confirm()
    }
  },
  { id: 'no grant', code: 505, world: { opening: false }, arrange: () => {} },
  {
    id: 'a grant of another owner',
    code: 505,
    changes: (world) => ({ opening: world.openingOf({ salt: NOT_MINE }) })
  },
  {
    id: 'a grant that is not confirmed',
    code: 505,
    world: { opening: false },
    arrange: (world) => world.grant(world.opening)
  },
  {
    id: 'a grant that a reorg took away',
    code: 505,
    world: { opening: false },
    async arrange(world) {
      await world.ask()
      await world.grant(world.opening)
      await world.chain.reorg(1)
      await world.confirm()
    }
  },
  {
    id: 'a revocation that is not confirmed',
    code: 506,
    arrange: (world) => world.send(world.revocation())
  },
  {
    id: 'a grant that was revoked and given again',
    code: 507,
    async arrange(world) {
      await world.send(world.revocation())
      await world.grant(world.opening, 3)
    }
  },
  {
    id: 'a revocation that was told directly',
    code: 508,
    arrange: (world) =>
      world.clinic.custodian.notice(world.revocation(), world.hospital.peer, SERVING)
  },
  {
    id: 'a revocation that was told directly, after a restart',
    code: 508,
    async arrange(world) {
      await world.clinic.custodian.notice(world.revocation(), world.hospital.peer, SERVING)
      await world.open()
    }
  },
  {
    id: "an owner's epoch that has ended",
    code: 509,
    arrange: (world) =>
      world.send(world.signed('RevokeAll', { owner: world.owner.account, epoch: 2 }))
  },
  {
    id: "an end of the owner's epoch that was told directly",
    code: 509,
    arrange: (world) =>
      world.clinic.custodian.notice(
        world.signed('RevokeAll', { owner: world.owner.account, epoch: 2 }),
        world.owner.peer,
        SERVING
      )
  },
  {
    id: 'a binding of an epoch to come',
    code: 510,
    changes: rebound(() => ({ bindingEpoch: 2 }))
  },
  {
    id: 'a binding of an epoch that has ended',
    code: 510,
    arrange: (world) => world.send(bindingEpoch(world))
  },
  {
    id: 'an end of the binding that was told directly',
    code: 510,
    arrange: (world) =>
      world.clinic.custodian.notice(bindingEpoch(world), world.hospital.peer, SERVING)
  },
  {
    id: 'an organisation that is not the own one',
    code: 511,
    changes: granted({
      granteeKind: GranteeKind.ORGANISATION,
      grantee: organisationGrantee(9, 0)
    })
  },
  {
    id: 'a record that was erased',
    code: 512,
    arrange: (world) => changeRecord(world, { status: RecordStatus.ERASED })
  },
  {
    id: 'a record that was never registered',
    code: 512,
    world: { registered: false },
    arrange() {}
  },
  {
    id: 'an epoch that the chain has left',
    code: 513,
    async arrange(world) {
      await changeRecord(world, { status: 0, shareEpoch: 2 })
      await world.confirm()
    }
  },
  {
    id: 'a purpose that the owner opted out of',
    code: 515,
    arrange: (world) => world.send(optOut(world))
  },
  {
    id: 'an opt-out that was told directly',
    code: 515,
    arrange: (world) => world.clinic.custodian.notice(optOut(world), world.owner.peer, SERVING)
  }
]

const bindingEpoch = (world: GateWorld) =>
  world.signed('BindingEpoch', { account: world.hospital.account, bindingEpoch: 2 }, world.hospital)
const optOut = (world: GateWorld) =>
  world.signed('OptOut', {
    owner: world.owner.account,
    purposes: purposeMask(Purpose.TREAT),
    version: 1
  })
const changeRecord = (world: GateWorld, changes: object) =>
  world.register(world.dealt, {
    quorum: 0,
    anchor: hash(new Uint8Array(32)),
    ...changes
  })

const own: RefusalCase[] = [
  {
    id: 'a share that the disk damaged',
    code: 602,
    async arrange(world) {
      const { manifest, anchorSalt, content } = world.dealt
      const env = new Uint8Array(105)
      await world.clinic.custody.keep({ manifest, anchorSalt, idx: 1, ckEpoch: 1, env })
      await world.clinic.custody.acknowledge(content, 1, false)
    }
  },
  {
    id: 'a key to which nothing can be sealed',
    code: 603,
    changes: { kem: kemPublicKey(new Uint8Array(1_216).fill(0xff)) }
  },
  {
    id: 'a chain that keeps us waiting',
    code: 605,
    arrange: (world) => openOverHeadsThat(world, () => Promise.reject(TOO_LATE))
  },
  {
    id: 'a fault of our own',
    code: 606,
    arrange: (world) => openOverHeadsThat(world, () => Promise.reject(new Error('a fault')))
  },
  {
    id: 'a fault of our own before anything is known',
    code: 606,
    arrange(world) {
      Object.assign(world.clinic.custody, {
        find: () => {
          throw new Error('a fault')
        }
      })
    }
  }
]

/** Without AuditAnchor, so that nothing is asked before the request is. */
function openOverHeadsThat(world: GateWorld, fail: () => Promise<never>): Promise<void> {
  const { audit: _, ...deployment } = world.chain.deployment
  return world.open({ deployment, heads: { current: fail, onConfirmedLine: fail } })
}

export const REFUSALS: readonly RefusalCase[] = [
  ...malformed,
  ...misdirected,
  ...identity,
  ...chain,
  ...record,
  ...grant,
  ...words,
  ...own
]

/** What the requester hears: column "wire" of the table, written out. */
export const wireOf = (code: number): number =>
  (code >= 101 && code <= 307) || code === Code.AUDIT_BROKEN ? code : 400

/** SECURITY.md §15, "Nulls". */
export const hasLink = (code: number): boolean => code > 400 && ![601, 604, 606].includes(code)
