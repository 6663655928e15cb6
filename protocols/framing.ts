/**
 * Length-prefixed frames over a libp2p stream, written once for all protocols: byte bounds,
 * deadlines, back-pressure, pipelining, rate limits, error mapping. Protocol folders import this
 * file and core alone; the parts stand in framing/.
 * @module
 */
export { type Asked, AskingSession, type MatchedFrame } from './framing/asking.ts'
export { FrameChannel, type FrameChannelInit } from './framing/channel.ts'
export { type Clock, RateLimiter } from './framing/rate.ts'
export { type ServedRequest, type ServeInit, serveFrames } from './framing/serving.ts'
export { PeerSessions } from './framing/sessions.ts'
export { remotePeerOf, unavailable, withSignal } from './framing/errors.ts'
export {
  defaultStreamLimits,
  type ProtocolComponents,
  type StreamLimits,
  type StreamOpener,
  type StreamRegistrar
} from './framing/limits.ts'
