/**
 * The serving side of a request protocol on one stream: reads a frame only when it may be worked
 * on, works on a bounded number at once, and answers as each is done. A peer that asks too often
 * is told so and read no further until it may ask again; one that never asks, or rests, is let go.
 * @module
 */
import { type FrameChannel, NothingCameError } from './channel.ts'
import type { StreamLimits } from './limits.ts'
import { pause } from './waiting.ts'

export interface ServedRequest {
  readonly frame: Uint8Array
  /** 0, or how long the peer should wait as it asks too often: refuse. */
  readonly retryMs: number
}

export interface ServeInit extends Pick<StreamLimits, 'frameMaxMs' | 'idleMs' | 'pipelined'> {
  /** Takes a token of the peer: 0, or milliseconds until there is one. */
  readonly take: () => number
  /**
   * Works on one request and sends its answer. Called in order of arrival; several may be under
   * way. If it rejects, the stream is reset and the peer learns nothing more.
   */
  readonly answer: (request: ServedRequest) => Promise<void>
}

/** Serves until the peer ends its part, rests too long or breaks a rule. Never rejects. */
export async function serveFrames(channel: FrameChannel, init: ServeInit): Promise<void> {
  const underWay = new Set<Promise<void>>()
  let served = false

  const work = async (request: ServedRequest): Promise<void> => {
    try {
      await init.answer(request)
      served = true
    } catch (err) {
      channel.abort(err as Error)
    }
  }

  const next = async (): Promise<Uint8Array | undefined> => {
    for (;;) {
      const patient = served
      try {
        return await channel.next(patient ? init.idleMs : init.frameMaxMs)
      } catch (err) {
        if (!(err instanceof NothingCameError)) throw err
        // whoever waits for an answer does not rest, and who got the first meanwhile may
        if (underWay.size === 0 && patient === served) throw err
      }
    }
  }

  try {
    for (;;) {
      const frame = await next()
      if (frame == null) break
      const retryMs = init.take()
      const working = work({ frame, retryMs })
      underWay.add(working)
      void working.then(() => underWay.delete(working))
      if (retryMs > 0) await pause(retryMs, channel.signal)
      if (underWay.size >= init.pipelined) await Promise.race(underWay)
    }
    await Promise.all(underWay)
    await channel.close()
  } catch (err) {
    channel.abort(err as Error)
  }
}
