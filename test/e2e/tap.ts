/**
 * Loaded before a daemon (`node --import`): writes down whom its process dials, which names it asks
 * for, and whether it speaks UDP, as lines of JSON in the file that E2E_TAP names. Below libp2p and
 * fetch, so that nothing which leaves the process can leave it unseen.
 * @module
 */
import dgram from 'node:dgram'
import dns from 'node:dns'
import { appendFileSync } from 'node:fs'
import { Socket } from 'node:net'

const file = process.env['E2E_TAP']

function note(kind: string, what: unknown): void {
  if (file != null) appendFileSync(file, `${JSON.stringify({ pid: process.pid, kind, what })}\n`)
}

type Any = (this: unknown, ...args: unknown[]) => unknown
type Functions = Record<string, Any>

/** Puts `before` in front of each of these functions. */
function tap(target: object, names: readonly string[], before: (args: unknown[]) => void): void {
  const functions = target as Functions
  for (const name of names) {
    const original = functions[name]
    if (original == null) continue
    functions[name] = function (...args) {
      before(args)
      return original.apply(this, args)
    }
  }
}

tap(Socket.prototype, ['connect'], ([first]) => {
  // net.connect hands its own normalised [options, callback] on
  const options = (Array.isArray(first) ? first[0] : first) as { host?: string; port?: unknown }
  note('connect', { host: options.host ?? 'localhost', port: Number(options.port) })
})
const asks = Object.keys(dns).filter((name) => /^(lookup|resolve|reverse)/.test(name))
tap(dns, asks, ([name]) => note('name', name))
tap(dns.promises, asks, ([name]) => note('name', name))
tap(dns.Resolver.prototype, asks, ([name]) => note('name', name))
tap(dns.promises.Resolver.prototype, asks, ([name]) => note('name', name))
tap(dgram, ['createSocket'], () => note('udp', true))
