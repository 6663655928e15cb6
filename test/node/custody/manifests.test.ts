/**
 * Custody maps of an account that was recovered: its successor signs them, and custodians and readers
 * ask the account's code before they refuse what no key made (ERC-1271).
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { signDelegation } from '../../../core/delegation.ts'
import { type Address, address } from '../../../core/ids.ts'
import { CODE_ASKS_BURST } from '../../../core/limits.ts'
import { custodyItem, decodeManifest, encodeManifest } from '../../../core/manifest.ts'
import { planHash } from '../../../core/recovery.ts'
import { signTyped } from '../../../core/typed-data.ts'
import { signAsSuccessor } from '../../../core/vouch.ts'
import { contractSignature } from '../../../node/chain/erc1271.ts'
import { verifyOwnersManifest } from '../../../node/manifests.ts'
import { CustodyCode } from '../../../protocols/custody/constants.ts'
import {
  type Dealt,
  deal,
  type GateWorld,
  gateWorld,
  named,
  p,
  parameters,
  SERVING
} from '../../fixtures/gate.ts'

const HEIR = named('heir key')
const HELPER = named('helper key')
const DAY = 86_400
const NO_SIG = new Uint8Array()
const accountOf = (key: Uint8Array): Address => address(p.secp256k1Address(key))

/** A custodian of an account that the heir has succeeded. */
async function recovered(): Promise<GateWorld> {
  const world = await gateWorld()
  const { chain, endpoints, owner } = world
  const { deployment } = chain
  const { account } = owner
  await world.open({
    contractSignature: (...[of, digest, signature, head, options]) =>
      contractSignature({ endpoints, parameters }, of, digest, signature, head, options)
  })
  const delegation = { account, code: deployment.wardAccount as Address, nonce: 0 }
  const authorised = signDelegation(deployment, delegation, owner.accountKey, p)
  await world.send({ type: 'Delegation', message: delegation, sig: authorised })
  const plan = { salt: named('salt'), threshold: 1, helpers: [accountOf(HELPER)] }
  const planned = { account, planHash: planHash(plan, p), delaySeconds: DAY, version: 1 }
  await world.send(world.signed('RecoveryPlan', planned))
  const named_ = { account, successor: accountOf(HEIR), planVersion: 1, round: 1 }
  const signatures = [signTyped(deployment, 'Recovery', named_, HELPER, p)]
  const message = { ...named_, plan, signatures }
  await world.send({ type: 'Propose', message, sig: NO_SIG })
  world.clock.pass(DAY * 1_000)
  await world.send({ type: 'Complete', message: { account }, sig: NO_SIG })
  return world
}

/** A version that the account's successor, or somebody else, signed for it. */
async function dealtBy(world: GateWorld, key: Uint8Array, as = signAsSuccessor): Promise<Dealt> {
  const { deployment } = world.chain
  const dealt = await deal({ ver: 2, content: { prev: named('version before') } })
  const items = [custodyItem(dealt.custody, p)]
  const message = { owner: dealt.custody.owner, items }
  const sig = as(deployment, 'Custody', message, key, p)
  const manifest = encodeManifest(dealt.content, dealt.custody, items, sig)
  return { ...dealt, manifest, package: (changes) => dealt.package({ manifest, ...changes }) }
}

const give = (world: GateWorld, { package: pack }: Dealt) =>
  world.clinic.custodian.deal(pack(), world.hospital.peer, SERVING)
const refused = { ok: false, code: CustodyCode.BAD_SIGNATURE }
const asked = ({ endpoints }: GateWorld): number =>
  endpoints.reduce((count, { calls }) => count + calls.call, 0)

describe('a custody map of a recovered account', () => {
  let world: GateWorld
  beforeAll(async () => {
    world = await recovered()
  })

  it('is taken from its successor', async () => {
    expect(await give(world, await dealtBy(world, HEIR))).toMatchObject({ ok: true })
  })

  it('is refused from anybody else', async () => {
    expect(await give(world, await dealtBy(world, HELPER))).toMatchObject(refused)
  })

  it('costs no question where a key signed it, and not the owner’s', async () => {
    const before = asked(world)

    expect(await give(world, await dealtBy(world, HELPER, signTyped))).toMatchObject(refused)
    expect(asked(world)).toBe(before)
  })

  it('is verified by who reads it, and only with a chain', async () => {
    const { endpoints, chain } = world
    const manifest = decodeManifest((await dealtBy(world, HEIR)).manifest, p)
    const forged = decodeManifest((await dealtBy(world, HELPER)).manifest, p)
    const heads = { current: async () => ({ ok: false, code: 301 }) as const } as never
    const bare = { deployment: chain.deployment, primitives: p, heads }
    const seeing = {
      ...bare,
      heads: { current: async () => ({ ok: true, value: { head: {} } }) } as never,
      contractSignature: (...[of, digest, sig, , options]: Parameters<typeof ask>) =>
        ask(of, digest, sig, { number: 0 } as never, options)
    }
    const ask = (...[of, digest, sig, head, options]: Asked) =>
      contractSignature({ endpoints, parameters }, of, digest, sig, head, options)

    await verifyOwnersManifest(seeing, manifest, {})
    const name = 'InvalidSignatureError'
    await expect(verifyOwnersManifest(seeing, forged, {})).rejects.toMatchObject({ name })
    await expect(verifyOwnersManifest(bare, manifest, {})).rejects.toMatchObject({ name })
  })

  it('costs so many questions of an owner, and no more', async () => {
    const forged = await dealtBy(world, HELPER)
    for (let i = 0; i <= CODE_ASKS_BURST; i++) await give(world, forged)
    const before = asked(world)

    expect(await give(world, await dealtBy(world, HEIR))).toMatchObject(refused)
    expect(asked(world)).toBe(before)
    world.clock.pass(DAY * 1_000)
    await world.chain.mine()
  })
})

type Asked = [
  Address,
  Parameters<typeof contractSignature>[2],
  Uint8Array,
  Parameters<typeof contractSignature>[4],
  Parameters<typeof contractSignature>[5]
]
