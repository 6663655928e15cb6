/**
 * "My laptop is stolen": a second device of the hospital's account reads under its grants until the
 * first one ends it. Refusals are those of real gates, in a network on a memory chain.
 */
import { defaultLogger } from '@libp2p/logger'
import { describe, expect, it } from 'vitest'
import { rootSecret } from '../../../core/ids.ts'
import { nativePrimitives as p } from '../../../node/crypto/native.ts'
import type { RunningNode } from '../../../node/index.ts'
import { deriveIdentity, memoryNode, memoryStores } from '../../../node/memory.ts'
import { systemClock, systemRandom } from '../../../node/system.ts'
import { bindDevice, listDevices, revokeDevices } from '../../../node/verbs/device.ts'
import { history } from '../../../node/verbs/history.ts'
import { retrieve } from '../../../node/verbs/retrieve.ts'
import { ownVoice } from '../../../node/verbs/voice.ts'
import { type Consented, consented } from '../../fixtures/consented.ts'
import { parameters, quiet } from '../../fixtures/network.ts'

const stores = memoryStores('clinic')

/** Another device of the hospital's account, with the capsules that the first one has. */
async function laptop(
  net: Consented,
  kept: ReturnType<typeof memoryStores> = memoryStores('clinic')
): Promise<RunningNode> {
  const { accountKey, account } = net.hospital.identity
  const own = await deriveIdentity(
    rootSecret(new Uint8Array(32).fill(7)),
    { profile: 'clinic', name: 'laptop' },
    p
  )
  const node = await memoryNode({
    chain: net.chain,
    parameters,
    primitives: p,
    clock: systemClock,
    random: systemRandom,
    logger: defaultLogger(),
    identity: { ...own, accountKey, account },
    name: `laptop-${++laptops}`,
    bootstrap: [...(net.clinics[0] as RunningNode).addrs],
    changes: { stores: kept, bindingEpoch: net.chain.model.directory.account(account).bindingEpoch }
  })
  await node.ledger.record(...net.hospital.ledger.capsules())
  return node
}
let laptops = 0

const read = (node: RunningNode, { recordId }: Consented) => retrieve(node, { recordId }, quiet())

/** Why custodians refused, as the patient is told. */
async function refusals(net: Consented): Promise<ReadonlySet<string | undefined>> {
  const { entries } = await history(net.patient, {}, quiet())
  return new Set(entries.filter(({ kind }) => kind === 'refuse').map(({ code }) => code))
}

describe('a stolen device', () => {
  it('is refused by who was told, before any block says so', async () => {
    await using net = await consented()
    await using stolen = await laptop(net)
    await read(stolen, net)
    const message = { account: net.hospital.identity.account, bindingEpoch: 2 }
    const sig = ownVoice(net.hospital).sign('BindingEpoch', message)

    for (const clinic of net.clinics) {
      const peer = await net.hospital.reach.peer(clinic.identity.peer)
      await net.hospital.custody.notice(peer, { type: 'BindingEpoch', message, sig })
    }

    await expect(read(stolen, net)).rejects.toMatchObject({ name: 'AccessDeniedError' })
    expect(net.chain.model.directory.account(message.account).bindingEpoch).toBe(1)
    expect(await refusals(net)).toEqual(new Set(['510 BINDING_EPOCH']))
  }, 30_000)

  it('is ended by one message, and the device that sent it reads on without a restart', async () => {
    await using net = await consented()
    await using stolen = await laptop(net)
    await read(stolen, net)

    const { bindingEpoch, noticed } = await revokeDevices(net.hospital, quiet())
    await net.confirm()

    expect(bindingEpoch).toBe(2)
    expect(noticed).toHaveLength(3)
    await expect(read(stolen, net)).rejects.toMatchObject({ name: 'AccessDeniedError' })
    expect(net.hospital.card().binding.bindingEpoch).toBe(2)
    const got = await read(net.hospital, net)
    expect(got.sha256).toBe(net.sha256)
    expect((await listDevices(net.hospital, quiet())).devices).toMatchObject([
      { own: true, state: 'bound', bindingEpoch: 2 }
    ])
    await stolen.heads.onConfirmedLine(await net.chain.mine())
    expect((await listDevices(stolen, quiet())).devices).toMatchObject([
      { own: true, state: 'ended', bindingEpoch: 1 }
    ])
  }, 30_000)

  it('does not come back by a restart, only by its owner’s hand', async () => {
    await using net = await consented()
    await (await laptop(net, stores)).stop()
    await revokeDevices(net.hospital, quiet())
    await net.confirm()

    await using again = await laptop(net, memoryStores('clinic', stores))
    await expect(read(again, net)).rejects.toMatchObject({ name: 'AccessDeniedError' })

    expect(await bindDevice(again, quiet())).toEqual({ bindingEpoch: 2 })
    expect((await read(again, net)).sha256).toBe(net.sha256)
    await expect(bindDevice(again, quiet())).rejects.toMatchObject({
      name: 'InvalidParametersError'
    })
  }, 30_000)

  it('of a patient is ended through her custodians', async () => {
    await using net = await consented()
    const { account } = net.patient.identity

    const first = await revokeDevices(net.patient, quiet())
    expect(first.bindingEpoch).toBe(2)
    expect(first.gas).toBe(0)
    await net.confirm()
    const second = await revokeDevices(net.patient, quiet())

    expect(second.bindingEpoch).toBe(3)
    expect(net.chain.model.directory.account(account)).toMatchObject({ bindingEpoch: 3, org: 0 })
    for (const { clinic } of net.clinics) {
      expect(clinic?.mailbox.card(account)?.binding.bindingEpoch).toBe(3)
    }
  }, 30_000)
})
