/**
 * Listens to every socket of a worker process and counts pieces of records in what is sent and
 * received: below noise, on the bytes that the operating system gets. Worlds over the memory
 * transport have no sockets, and nothing is heard there.
 * @module
 */
import { Socket } from 'node:net'
import { CanaryScanner, StreamScan } from '../../node/memory.ts'

export interface Heard {
  readonly bytes: number
  readonly found: number
}

type Tapped = (this: Socket, ...args: unknown[]) => unknown
type Ear = (piece: unknown, encoding?: unknown) => void

let totals = { bytes: 0, found: 0 }
let scanner: CanaryScanner | undefined

/** From now on, for these pieces; sockets that are open already are heard too. */
export function tapSockets(canaries: readonly Uint8Array[]): void {
  const tapped = scanner != null
  scanner = new CanaryScanner(canaries)
  totals = { bytes: 0, found: 0 }
  if (!tapped) tap()
}

export const heardOnSockets = (): Heard => ({ ...totals })

function tap(): void {
  const sending = new WeakMap<Socket, Ear>()
  const receiving = new WeakMap<Socket, Ear>()
  // `_write`, `_writev` and `push` are where every byte of a net.Socket passes
  const proto = Socket.prototype as unknown as Record<'_write' | '_writev' | 'push', Tapped>
  const { _write, _writev, push } = proto
  proto._write = function (this: Socket, ...args) {
    earOf(sending, this)(args[0], args[1])
    return _write.apply(this, args)
  }
  proto._writev = function (this: Socket, ...args) {
    for (const { chunk, encoding } of args[0] as { chunk: unknown; encoding: unknown }[]) {
      earOf(sending, this)(chunk, encoding)
    }
    return _writev.apply(this, args)
  }
  proto.push = function (this: Socket, ...args) {
    earOf(receiving, this)(args[0], args[1])
    return push.apply(this, args)
  }
}

/** One direction of one socket: a piece of a record across two packets is found too. */
function earOf(ears: WeakMap<Socket, Ear>, socket: Socket): Ear {
  const known = ears.get(socket)
  if (known != null) return known
  const scan = new StreamScan(scanner as CanaryScanner)
  const ear: Ear = (piece, encoding) => {
    const bytes = typeof piece === 'string' ? Buffer.from(piece, encoding as BufferEncoding) : piece
    if (!(bytes instanceof Uint8Array)) return
    const before = scan.found
    scan.push(bytes)
    totals.bytes += bytes.byteLength
    totals.found += scan.found - before
  }
  ears.set(socket, ear)
  return ear
}
