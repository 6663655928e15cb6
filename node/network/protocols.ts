/**
 * Our five protocols as libp2p services, with their handlers: the whole joint between the wire and
 * the policy. Light nodes have no clinic, so they ask and serve blocks of their own, nothing more.
 * @module
 */
import type { ServiceMap } from '@libp2p/interface'
import type { ServiceFactoryMap } from 'libp2p'
import type { Primitives } from '../../core/primitives.ts'
import { type Access, type AccessHandler, access } from '../../protocols/access/index.ts'
import { type Announce, announce } from '../../protocols/announce/index.ts'
import { type Blocks, type BlocksSource, blocks } from '../../protocols/blocks/index.ts'
import { type Custody, type CustodyHandler, custody } from '../../protocols/custody/index.ts'
import type { StreamLimits } from '../../protocols/framing.ts'
import { type Inbox, type InboxHandler, inbox } from '../../protocols/inbox/index.ts'
import type { Clock, Random } from '../adapters.ts'

export interface KeywardServices extends ServiceMap {
  access: Access
  custody: Custody
  inbox: Inbox
  blocks: Blocks
  announce: Announce
}

export interface ProtocolsInit {
  readonly clock: Clock
  readonly random: Random
  readonly sha256: Primitives['sha256']
  /** @default core/limits.ts */
  readonly limits?: Partial<StreamLimits>
  readonly clinic?:
    | {
        readonly gate: { readonly handle: AccessHandler }
        readonly custodian: CustodyHandler
        readonly keeper: InboxHandler
      }
    | undefined
  readonly source: BlocksSource
  /** Somebody's words on chain changed. */
  readonly onHint: () => void
}

export function keywardProtocols(init: ProtocolsInit): ServiceFactoryMap<KeywardServices> {
  const { clinic, clock, limits, random, sha256, source, onHint } = init
  const common = { ...limits, clock }
  return {
    access: access({ ...common, random, sha256, ...(clinic && { handler: clinic.gate.handle }) }),
    custody: custody({ ...common, ...(clinic && { handler: clinic.custodian }) }),
    inbox: inbox({ ...common, ...(clinic && { handler: clinic.keeper }) }),
    blocks: blocks({ ...common, sha256, source }),
    // `pubsub` is a service beside it, which the map's type does not know
    announce: announce({
      clock,
      onHint
    }) as unknown as ServiceFactoryMap<KeywardServices>['announce']
  }
}
