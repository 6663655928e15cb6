/**
 * Listens to every socket of its process and counts canaries in what is sent and received: loaded
 * before a demo daemon (`node --import`), so that "nothing in clear on the wire" is seen on the
 * bytes that the operating system gets, below noise, HTTP and JSON-RPC alike.
 * KEYWARD_WIRETAP is the folder that holds `canaries.json` and takes `wire-PID.json`.
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { CanaryScanner, StreamScan } from './canary.ts'

const folder = process.env['KEYWARD_WIRETAP']
if (folder != null) tap(folder)

function tap(into: string): void {
  const listed = JSON.parse(readFileSync(join(into, 'canaries.json'), 'utf8')) as string[]
  const scanner = new CanaryScanner(listed.map((hex) => Buffer.from(hex, 'hex')))
  const totals = { bytes: 0, found: 0 }
  const report = (): void =>
    writeFileSync(join(into, `wire-${process.pid}.json`), JSON.stringify(totals))
  const listen = (): ((piece: unknown, encoding?: unknown) => void) => {
    const scan = new StreamScan(scanner)
    return (piece, encoding) => {
      const bytes =
        typeof piece === 'string' ? Buffer.from(piece, encoding as BufferEncoding) : piece
      if (!(bytes instanceof Uint8Array)) return
      const before = scan.found
      scan.push(bytes)
      totals.bytes += bytes.byteLength
      totals.found += scan.found - before
    }
  }

  const sending = new WeakMap<Socket, ReturnType<typeof listen>>()
  const receiving = new WeakMap<Socket, ReturnType<typeof listen>>()
  const of = (map: typeof sending, socket: Socket): ReturnType<typeof listen> => {
    const known = map.get(socket) ?? listen()
    map.set(socket, known)
    return known
  }

  // `_write`, `_writev` and `push` are where every byte of a net.Socket passes, TLS and HTTP too
  const proto = Socket.prototype as unknown as Record<'_write' | '_writev' | 'push', Tapped>
  const { _write, _writev, push } = proto
  proto._write = function (this: Socket, ...args) {
    of(sending, this)(args[0], args[1])
    return _write.apply(this, args)
  }
  proto._writev = function (this: Socket, ...args) {
    for (const { chunk, encoding } of args[0] as { chunk: unknown; encoding: unknown }[]) {
      of(sending, this)(chunk, encoding)
    }
    return _writev.apply(this, args)
  }
  proto.push = function (this: Socket, ...args) {
    of(receiving, this)(args[0], args[1])
    return push.apply(this, args)
  }
  process.on('exit', report)
  setInterval(report, 500).unref()
}

type Tapped = (this: Socket, ...args: unknown[]) => unknown
