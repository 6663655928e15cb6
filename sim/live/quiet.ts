/**
 * A log that nobody reads: libp2p makes a logger for every stream, and with a thousand nodes even
 * their names cost.
 * @module
 */
import type { ComponentLogger, Logger } from '@libp2p/interface'

const silent: Logger = Object.assign(() => {}, {
  error: () => {},
  trace: () => {},
  enabled: false,
  newScope: (): Logger => silent
})

export const quietLogger: ComponentLogger = { forComponent: () => silent }
