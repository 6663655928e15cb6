/**
 * Who may speak for an owner at a custodian: guardians, successors and helpers beside her own key,
 * as the chain says at the head, and nobody by anybody's say-so.
 */
import { describe, expect, it } from 'vitest'
import { compareBytes } from '../../../core/bytes.ts'
import { signDelegation } from '../../../core/delegation.ts'
import { grantId, openingHash } from '../../../core/grant.ts'
import { type Address, address, hash, peerIdOf } from '../../../core/ids.ts'
import { CODE_ASKS_BURST } from '../../../core/limits.ts'
import { planHash } from '../../../core/recovery.ts'
import { type Messages, type SignedMessage, signTyped } from '../../../core/typed-data.ts'
import { type GuardedType, signAsGuardian, signAsSuccessor } from '../../../core/vouch.ts'
import { GuardianRight } from '../../../core/words.ts'
import { contractSignature } from '../../../node/chain/erc1271.ts'
import { ownCard } from '../../../node/own-card.ts'
import { CustodyCode } from '../../../protocols/custody/constants.ts'
import { type GateWorld, gateWorld, named, p, parameters, SERVING } from '../../fixtures/gate.ts'

const PHONE = peerIdOf(named('her phone'))
const GUARDIAN = named('guardian key')
const HEIR = named('heir key')
const HELPERS = [named('helper 1'), named('helper 2'), named('helper 3')]
const DAY = 86_400
const NO_SIG = new Uint8Array()

const accountOf = (key: Uint8Array): Address => address(p.secp256k1Address(key))
const nowOf = ({ clock }: GateWorld): number => Math.floor(clock.nowMs() / 1_000)

/** A custodian that pays for messages, and whose owner's account has code. */
async function wired(): Promise<GateWorld> {
  const world = await gateWorld()
  const { chain, endpoints } = world
  await world.open({
    writer: chain.writer(world.custodian.account),
    contractSignature: (account, digest, signature, head, options) =>
      contractSignature({ endpoints, parameters }, account, digest, signature, head, options)
  })
  const code = chain.deployment.wardAccount as Address
  const message = { account: world.owner.account, code, nonce: 0 }
  const sig = signDelegation(chain.deployment, message, world.owner.accountKey, p)
  await world.send({ type: 'Delegation', message, sig })
  return world
}

async function guarded(
  rights: number = GuardianRight.REVOKE | GuardianRight.GRANT,
  days = 30
): Promise<GateWorld> {
  const world = await wired()
  const ward = world.owner.account
  const guardian = accountOf(GUARDIAN)
  const until = nowOf(world) + days * DAY
  const message = { ward, guardian, rights, until, epoch: 1, version: 1 }
  await world.send(world.signed('Guardianship', message))
  return world
}

const by = <T extends GuardedType>(
  { chain }: GateWorld,
  type: T,
  message: Messages[T],
  key = GUARDIAN
): SignedMessage =>
  ({ type, message, sig: signAsGuardian(chain.deployment, type, message, key, p) }) as never

const revocation = (world: GateWorld, version = 2) => ({
  owner: world.owner.account,
  items: [{ openingHash: openingHash(world.opening, p), version }]
})

const tell = ({ clinic }: GateWorld, notice: SignedMessage) =>
  clinic.custodian.notice(notice, PHONE, SERVING)

const refused = { ok: false, code: CustodyCode.BAD_SIGNATURE }

const asked = ({ endpoints }: GateWorld): number =>
  endpoints.reduce((count, { calls }) => count + calls.call, 0)

describe('a guardian at a custodian', () => {
  it('revokes for her ward: obeyed at once, and brought to the chain from her own device', async () => {
    const world = await guarded()

    const answer = await tell(world, by(world, 'Revocations', revocation(world)))

    expect(answer).toMatchObject({ ok: true, tx: { block: { number: expect.any(Number) } } })
    const id = grantId(world.owner.account, openingHash(world.opening, p), p)
    expect(world.clinic.custody.notices.revokedVersion(id)).toBe(2)
  })

  it('says the wish with that right, and with no other', async () => {
    const world = await guarded(GuardianRight.WISH)
    const wish = { owner: world.owner.account, wish: 3, version: 1 }

    expect(await tell(world, by(world, 'Wish', wish))).toMatchObject({ ok: true })
    expect(await tell(world, by(world, 'Revocations', revocation(world)))).toMatchObject(refused)
  })

  it('is nobody once her ward is of age', async () => {
    const world = await guarded(GuardianRight.REVOKE, 1)
    world.clock.pass(DAY * 1_000)
    await world.chain.mine()

    expect(await tell(world, by(world, 'Revocations', revocation(world)))).toMatchObject(refused)
  })

  it('is nobody once her ward has revoked everything', async () => {
    const world = await guarded()
    await world.send(world.signed('RevokeAll', { owner: world.owner.account, epoch: 2 }))

    expect(await tell(world, by(world, 'Revocations', revocation(world)))).toMatchObject(refused)
  })

  it.each([
    ['another key', (world: GateWorld) => by(world, 'Revocations', revocation(world), HEIR)],
    [
      'another message',
      (world: GateWorld) => ({
        ...by(world, 'Revocations', revocation(world, 2)),
        message: revocation(world, 3)
      })
    ],
    [
      'no proof',
      (world: GateWorld) => ({ ...by(world, 'Revocations', revocation(world)), sig: NO_SIG })
    ]
  ])('is not believed with %s', async (_what, make) => {
    const world = await guarded()

    expect(await tell(world, make(world) as SignedMessage)).toMatchObject(refused)
    expect(world.clinic.custody.notices.count).toBe(0)
  })

  it('is not believed while too few endpoints say so', async () => {
    const world = await guarded()
    const notice = by(world, 'Revocations', revocation(world))
    let calls = 0
    await world.open({
      contractSignature: async () => {
        calls++
        return 'unresolved'
      }
    })

    expect(await tell(world, notice)).toMatchObject(refused)
    expect(calls).toBe(1)
  })

  it('costs no question for a ward whose records lie elsewhere', async () => {
    const world = await guarded()
    const message = { ...revocation(world), owner: accountOf(HEIR) }

    expect(await tell(world, by(world, 'Revocations', message))).toMatchObject(refused)
    expect(asked(world)).toBe(0)
  })

  it('costs so many questions of one peer, and no more', async () => {
    const world = await guarded()
    const forged = by(world, 'Revocations', revocation(world), HEIR)
    for (let i = 0; i < CODE_ASKS_BURST; i++) await tell(world, forged)
    const before = asked(world)

    expect(await tell(world, by(world, 'Revocations', revocation(world)))).toMatchObject(refused)
    expect(asked(world)).toBe(before)
  })

  it('ends her guardianship herself, which a stranger cannot', async () => {
    const world = await guarded()
    const end = (key: Uint8Array, named = key) => {
      const guardian = accountOf(named)
      const message = { ward: world.owner.account, guardian, version: 2 }
      const sig = signTyped(world.chain.deployment, 'GuardianshipEnd', message, key, p)
      return { type: 'GuardianshipEnd', message, sig } as const
    }

    expect(await tell(world, end(HEIR))).toMatchObject(refused)
    expect(await tell(world, end(HEIR, GUARDIAN))).toMatchObject(refused)
    expect(await tell(world, end(GUARDIAN))).toMatchObject({ ok: true, tx: {} })
    expect(await tell(world, by(world, 'Revocations', revocation(world)))).toMatchObject(refused)
  })
})

describe('a delegation', () => {
  it('of a known owner is paid for once, and of nobody else', async () => {
    const world = await gateWorld()
    const { chain, owner } = world
    await world.open({ writer: chain.writer(world.custodian.account) })
    const card = ownCard({
      identity: owner,
      deployment: chain.deployment,
      primitives: p,
      clock: world.clock,
      bindingEpoch: () => 1,
      addresses: () => []
    })()
    await world.clinic.keeper.register(card, owner.peer)
    const message = {
      account: owner.account,
      code: chain.deployment.wardAccount as Address,
      nonce: 0
    }
    const signed = (key: Uint8Array) =>
      ({
        type: 'Delegation',
        message,
        sig: signDelegation(chain.deployment, message, key, p)
      }) as const
    const tellOwn = (notice: SignedMessage) =>
      world.clinic.custodian.notice(notice, owner.peer, SERVING)

    expect(await tellOwn(signed(HEIR))).toMatchObject(refused)
    expect(await tellOwn(signed(owner.accountKey))).toMatchObject({ ok: true, tx: {} })
    expect(chain.model.guardians.codeOf(owner.account)).toMatchObject({
      nonce: 1,
      code: message.code
    })
    expect(await tellOwn(signed(owner.accountKey))).toMatchObject({
      ok: true,
      code: CustodyCode.NOT_SENT
    })
  })
})

describe('helpers and a successor at a custodian', () => {
  const helpers = HELPERS.map(accountOf).sort(compareBytes)
  const plan = { salt: hash(named('salt')), threshold: 2, helpers }

  async function planned(): Promise<GateWorld> {
    const world = await wired()
    const message = {
      account: world.owner.account,
      planHash: planHash(plan, p),
      delaySeconds: DAY,
      version: 1
    }
    await world.send(world.signed('RecoveryPlan', message))
    return world
  }

  function proposal(world: GateWorld, keys: readonly Uint8Array[], changes: object = {}) {
    const { account } = world.owner
    const message = { account, successor: accountOf(HEIR), planVersion: 1, round: 1, ...changes }
    const signatures = helpers.map((helper) => {
      const key = keys.find((each) => compareBytes(accountOf(each), helper) === 0)
      return key == null ? NO_SIG : signTyped(world.chain.deployment, 'Recovery', message, key, p)
    })
    const all = { ...message, plan, signatures, ...changes }
    return { type: 'Propose', message: all, sig: NO_SIG } as SignedMessage
  }
  const complete = (world: GateWorld): SignedMessage => ({
    type: 'Complete',
    message: { account: world.owner.account },
    sig: NO_SIG
  })

  async function recovered(): Promise<GateWorld> {
    const world = await planned()
    await tell(world, proposal(world, HELPERS.slice(0, 2)))
    world.clock.pass(DAY * 1_000)
    await world.chain.mine()
    await tell(world, complete(world))
    return world
  }

  it.each([
    ['too few', (world: GateWorld) => proposal(world, HELPERS.slice(0, 1))],
    [
      'those of another plan',
      (world: GateWorld) =>
        proposal(world, HELPERS, { plan: { ...plan, salt: hash(named('other')) } })
    ],
    ['those of an older plan', (world: GateWorld) => proposal(world, HELPERS, { planVersion: 0 })]
  ])('costs no gas with %s', async (_what, make) => {
    const world = await planned()

    expect(await tell(world, make(world))).toMatchObject(refused)
  })

  it('is proposed, waits for the delay, completes', async () => {
    const world = await planned()

    expect(await tell(world, proposal(world, HELPERS.slice(0, 2)))).toMatchObject({
      ok: true,
      tx: {}
    })
    expect(await tell(world, complete(world))).toMatchObject(refused)
    world.clock.pass(DAY * 1_000)
    await world.chain.mine()
    expect(await tell(world, complete(world))).toMatchObject({ ok: true, tx: {} })
    expect(await tell(world, complete(world))).toMatchObject(refused)
  })

  it('speaks for the old account, whatever it signs, Guardians’ own messages too', async () => {
    const world = await recovered()
    const { deployment } = world.chain
    const { account } = world.owner
    const all = { owner: account, epoch: 2 }
    const sig = signAsSuccessor(deployment, 'RevokeAll', all, HEIR, p)
    const appointed = {
      ward: account,
      guardian: accountOf(GUARDIAN),
      rights: 7,
      until: nowOf(world) + DAY,
      epoch: 2,
      version: 1
    }
    const own = signTyped(deployment, 'Guardianship', appointed, HEIR, p)

    expect(await tell(world, { type: 'RevokeAll', message: all, sig })).toMatchObject({
      ok: true,
      tx: {}
    })
    expect(world.clinic.custody.notices.ownerEpoch(account)).toBe(2)
    const guardianship = { type: 'Guardianship', message: appointed, sig: own } as const
    expect(await tell(world, guardianship)).toMatchObject({ ok: true, tx: {} })
  })
})
