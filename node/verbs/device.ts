/**
 * `device …`: one message for "my laptop is stolen". A higher binding epoch ends every binding of the
 * account at once, at custodians from receipt on (check 40 of SECURITY.md §9.2); this node binds
 * itself anew under it, and needs no restart for that.
 * @module
 */
import { equalBytes, toHex, toHex0x } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import { type PeerIdBytes, peerIdBytes } from '../../core/ids.ts'
import { decodeManifest } from '../../core/manifest.ts'
import { peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import type {
  DeviceBindResult,
  DeviceListResult,
  DeviceResult,
  DeviceRevokeResult
} from './device-shapes.ts'
import { accountWord } from './directory.ts'
import { keepersOf } from './mail.ts'
import { tellAll } from './tell.ts'
import type { VerbOptions } from './verb.ts'
import { ownVoice } from './voice.ts'

export async function listDevices(node: Node, { signal }: VerbOptions): Promise<DeviceListResult> {
  const { account, peer, name } = node.identity
  const { bindingEpoch } = await accountWord(node, account, signal)
  const stateOf = (epoch: number): DeviceResult['state'] => {
    if (epoch < bindingEpoch) return 'ended'
    return epoch > bindingEpoch && bindingEpoch > 0 ? 'not yet on chain' : 'bound'
  }
  const own = node.card()
  const others = node.ledger
    .cards()
    .filter(
      ({ binding }) => equalBytes(binding.account, account) && !equalBytes(binding.peerId, peer)
    )
  return {
    account: toHex0x(account),
    bindingEpoch,
    devices: [own, ...others].map(({ binding, name: theirs }) => ({
      peer: peerText(binding.peerId),
      name: binding === own.binding ? name : theirs,
      bindingEpoch: binding.bindingEpoch,
      until: binding.validUntil,
      state: stateOf(binding.bindingEpoch),
      own: binding === own.binding
    }))
  }
}

/**
 * `device revoke`: ends all devices of the account but this one.
 * @throws TransactionFailedError if it reached no block; custodians that heard it obey all the same,
 *   and this node stays bound as it was: say it again
 */
export async function revokeDevices(
  node: Node,
  { signal, progress }: VerbOptions
): Promise<DeviceRevokeResult> {
  const { account } = node.identity
  const stored = (await accountWord(node, account, signal)).bindingEpoch
  const bindingEpoch = Math.max(stored, node.epoch.current) + 1
  const message = { account, bindingEpoch }
  const sig = ownVoice(node).sign('BindingEpoch', message)
  progress({ step: 'notice' })
  const { noticed, sent } = await tellAll(
    node,
    { type: 'BindingEpoch', message, sig },
    whoReleasesTo(node),
    signal
  )
  await node.epoch.bind(bindingEpoch)
  await showCard(node, signal)
  return {
    bindingEpoch,
    noticed: noticed.map(peerText),
    block: sent.block.number,
    gas: sent.gasUsed
  }
}

/**
 * `device bind`: binds this device under the account's epoch, after another one has raised it. For a
 * device that its owner has in hand; whoever has the account's key could do so by himself.
 * @throws InvalidParametersError if it is bound
 */
export async function bindDevice(node: Node, { signal }: VerbOptions): Promise<DeviceBindResult> {
  const { bindingEpoch } = await accountWord(node, node.identity.account, signal)
  if (bindingEpoch === 0 || bindingEpoch === node.epoch.current) {
    throw new InvalidParametersError('this device is bound: nothing has ended it')
  }
  await node.epoch.bind(bindingEpoch)
  await showCard(node, signal)
  return { bindingEpoch }
}

/** Custodians of one's own records, and of all that grants opened: where a thief could ask. */
function whoReleasesTo(node: Node): readonly PeerIdBytes[] {
  const { ledger, primitives, identity } = node
  const manifests = [
    ...ledger.records().flatMap((versions) => versions.map(({ entry }) => entry.manifest)),
    ...ledger.capsules().flatMap(({ capsule }) => capsule.records.map(({ manifest }) => manifest))
  ]
  const peers = manifests.flatMap((manifest) => {
    const { shares, replicas } = decodeManifest(manifest, primitives).custody
    return [...shares, ...replicas].map(({ peer }) => peer)
  })
  const unique = new Map([...keepersOf(node), ...peers].map((peer) => [toHex(peer), peer]))
  unique.delete(toHex(identity.peer))
  return [...unique.values()].map(peerIdBytes)
}

/** The keepers of one's mail get the new card, so that no older one is taken; best effort. */
async function showCard(node: Node, signal: AbortSignal): Promise<void> {
  await Promise.all(
    keepersOf(node).map(async (keeper) => {
      try {
        await node.inbox.register(await node.reach.peer(keeper, [], { signal }), node.card(), {
          signal
        })
      } catch {
        signal.throwIfAborted()
      }
    })
  )
}
