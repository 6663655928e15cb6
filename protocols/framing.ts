/**
 * Length-prefixed frames over a libp2p stream, written once for all protocols: byte bounds,
 * deadlines, back-pressure, pipelining, rate limits, error mapping. Protocol folders import this
 * file and core alone; the parts stand in framing/.
 * @module
 */
export { type Asked, AskingSession, type Matched } from './framing/asking.ts'
export { FrameChannel, type FrameChannelInit, NothingCameError } from './framing/channel.ts'
export { unavailable } from './framing/errors.ts'
export {
  IdentifiedProtocol,
  identifiedMessages,
  refusedShape,
  requestIdShape
} from './framing/identified.ts'
export {
  defaultStreamLimits,
  type ProtocolComponents,
  type StreamLimits,
  type StreamOpener,
  type StreamRegistrar
} from './framing/limits.ts'
export { type Clock, RateLimiter } from './framing/rate.ts'
export { FrameServer, type FrameServerInit } from './framing/server.ts'
export type { ServedRequest } from './framing/serving.ts'
export { PeerSessions, type Session } from './framing/sessions.ts'
export { Places, pause, withSignal } from './framing/waiting.ts'
