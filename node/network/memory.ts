/**
 * Options for nodes that live in one process and speak over libp2p's memory transport: tests and
 * the simulator. Everything above the transport is the daemon's.
 * @module
 */
import { memory } from '@libp2p/memory'
import type { NetworkInit } from './libp2p.ts'

type InProcess = Required<
  Pick<
    NetworkInit<never>,
    'listen' | 'transports' | 'inboundPerSecond' | 'inboundPending' | 'monitor'
  >
>

/** `name` is the node's address in this process. */
export const inProcess = (name: string): InProcess => ({
  listen: [`/memory/${name}`],
  transports: [memory()],
  // All of them are one host: the limits that protect a host would refuse most of a network.
  inboundPerSecond: Number.POSITIVE_INFINITY,
  inboundPending: Number.POSITIVE_INFINITY,
  monitor: false
})
