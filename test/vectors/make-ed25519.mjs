/**
 * Makes test/vectors/ed25519.json: signatures that satisfy an equation and still must be refused,
 * since libraries differ on them. `node` and `noble` say what those accept when asked directly.
 * Run: node test/vectors/make-ed25519.mjs > test/vectors/ed25519.json
 */
import { createPublicKey, verify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'

const { Point } = ed25519
const { BASE, Fn } = Point
const hex = (bytes) => Buffer.from(bytes).toString('hex')
const toNumber = (bytes) => BigInt(`0x${hex(bytes.toReversed())}`)
const littleEndian = (n) => Buffer.from(n.toString(16).padStart(64, '0'), 'hex').toReversed()
const torsion = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

const [a, r] = [123456789123456789123456789n, 987654321987654321n]
const honest = BASE.multiply(a)

/** S = r + k·a for these encodings of A and R, so that [S]B = R + [k]A up to torsion. */
function sign(key, rBytes, text, { nonce = r, scalar = a, more = 0n } = {}) {
  const msg = Buffer.from(text)
  const k = Fn.create(toNumber(sha512(Buffer.concat([rBytes, key, msg]))))
  const s = Fn.create(nonce + k * scalar) + more
  return { key: hex(key), msg: hex(msg), sig: hex(rBytes) + hex(littleEndian(s)) }
}

function asked({ key, msg, sig }) {
  const [k, m, s] = [key, msg, sig].map((each) => Buffer.from(each, 'hex'))
  const safely = (check) => {
    try {
      return check()
    } catch {
      return false
    }
  }
  const der = Buffer.concat([SPKI, k])
  return {
    node: safely(() => verify(null, m, createPublicKey({ key: der, format: 'der', type: 'spki' }), s)),
    noble: safely(() => ed25519.verify(s, m, k, { zip215: false }))
  }
}

const R = BASE.multiply(r).toBytes()
const first = (name, key, wanted) => {
  for (let i = 0; ; i++) {
    const made = sign(key, R, `${name} ${i}`)
    const { node, noble } = asked(made)
    if (wanted(node, noble)) return { name, ...made }
  }
}
const mixed = (order) => honest.add(torsion.multiplyUnsafe(BigInt(8 / order))).toBytes()
const identity = Point.ZERO.toBytes()
const withSign = identity.with(31, 0x80)
const beyondP = Buffer.from(`ee${'ff'.repeat(30)}7f`, 'hex') // y = p + 1
const small = (name, key) => ({ name, ...sign(key, R, name, { scalar: 0n }) })

const cases = [
  { name: 'an honest signature', valid: true, ...sign(honest.toBytes(), R, 'honest') },
  first('a key of mixed order that OpenSSL takes', mixed(2), (node) => node),
  first('a key of mixed order on which OpenSSL and noble differ', mixed(8), (x, y) => x !== y),
  small('the identity as key', identity),
  small('the identity with a sign bit as key', withSign),
  small('the identity with y beyond p as key', beyondP),
  ...[4, 2, 1].map((times) => {
    const key = torsion.multiplyUnsafe(BigInt(times)).toBytes()
    return small(`a key of order ${8 / times}`, key)
  }),
  {
    name: 'R with a torsion part',
    ...sign(honest.toBytes(), BASE.multiply(r).add(torsion).toBytes(), 'R')
  },
  { name: 'R = identity', ...sign(honest.toBytes(), identity, 'R0', { nonce: 0n }) },
  { name: 'R = identity with a sign bit', ...sign(honest.toBytes(), withSign, 'R0', { nonce: 0n }) },
  { name: 'R = identity with y beyond p', ...sign(honest.toBytes(), beyondP, 'R0', { nonce: 0n }) },
  { name: 'S + L', ...sign(honest.toBytes(), R, 'S + L', { more: Fn.ORDER }) },
  { name: 'S + 8 L', ...sign(honest.toBytes(), R, 'S + 8 L', { more: 8n * Fn.ORDER }) }
]

console.log(
  JSON.stringify(
    {
      made: 'by test/vectors/make-ed25519.mjs with noble-curves 2.4.0 and Node 24.21',
      cases: cases.map((each) => ({ valid: false, ...each, ...asked(each) }))
    },
    null,
    1
  )
)
