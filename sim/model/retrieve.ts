/**
 * `record get` in the model (node/verbs/retrieve.ts, ask.ts, collect-shares.ts): all n custodians at
 * once, t good shares, then the blocks from a replica that the manifest names, or that the DHT names
 * when none of those can give them (ARCHITECTURE.md §3; the node asks the DHT only when a manifest
 * names nobody).
 * @module
 */
import { Code, wireCode } from '../../core/codes.ts'
import { fetchBlocks } from './blocks.ts'
import { bytes } from './costs.ts'
import type { Grant, RecordState } from './custody.ts'
import type { Domain } from './domain.ts'
import type { Operation } from './operations.ts'
import { type Process, ticks, wait } from './process.ts'
import type { Asking } from './release.ts'

/** node/verbs/ask.ts: refusals that pass, and how often and when it is asked again. */
const PASSING = new Set<number>([
  Code.BUSY,
  Code.RPC_UNAVAILABLE,
  Code.RPC_DISAGREE,
  Code.HEAD_STALE,
  Code.CONF_MISMATCH
])
const TRIES = 3
const RETRY_MS = 700
/** node/verbs/retrieve.ts */
const STRAGGLERS_MS = 1_000

export interface Reading {
  readonly record: RecordState
  readonly requester: number
  readonly grant: Grant | undefined
  /** Replicas by place, as the manifest names them. */
  readonly named: readonly number[]
  readonly operation: Operation
  /** When the act began, if that was before this. */
  readonly began?: number
}

/** What one custodian said: 0, a code, or -1 if it was not reached. */
type Said = number

/** The whole act; gives '' or why it failed. */
export function* retrieve(domain: Domain, reading: Reading): Process<string> {
  const { operation, requester } = reading
  const { processes, operations } = domain
  const began = reading.began ?? processes.nowTick
  const view = yield* domain.chain.view(requester)
  domain.trace(operation, requester, 'heads', began, view.ok ? `head ${view.head}` : `${view.code}`)
  if (!view.ok) return end('ChainUnavailableError')
  const collected = yield* collect(domain, reading, view.conf)
  operation.shares = collected.good
  if (collected.good < domain.custody.t) return end(failureOf(collected))
  operation.keyMs = (processes.nowTick - began) / 16
  domain.trace(operation, requester, 'combine', began, `${collected.good} shares`)
  const got = yield* payload(domain, reading, view.conf)
  if (!got) return end('ContentNotFoundError')
  yield* stragglers(domain, collected)
  return end('')

  function end(reason: string): string {
    operations.end(operation, reason)
    domain.trace(operation, requester, 'end', processes.nowTick, reason === '' ? 'ok' : reason)
    return reason
  }
}

interface Collected {
  good: number
  answered: number
  readonly refused: number[]
  /** Called when the last has answered. */
  settled: () => void
}

/** Goes on with t good shares, or when nobody is left to answer. */
export function* collect(domain: Domain, reading: Reading, conf: number): Process<Collected> {
  const { custody, processes } = domain
  const state: Collected = { good: 0, answered: 0, refused: [], settled: () => {} }
  yield* wait<void>((resume) => {
    let enough = false
    for (let place = 0; place < custody.n; place++) {
      processes.start(ask(domain, reading, 'share', place, conf), (said) => {
        state.answered++
        if (said === 0) state.good++
        else if (said > 0) state.refused.push(said)
        const all = state.answered === custody.n
        if (!enough && (state.good === custody.t || all)) {
          enough = true
          resume()
        }
        if (all) state.settled()
      })
    }
  })
  return state
}

function failureOf({ good, refused }: Collected): string {
  const [first] = refused
  return good === 0 && first != null ? String(first) : 'NotEnoughSharesError'
}

/** Those who have not answered when the record is written. */
function* stragglers(domain: Domain, collected: Collected): Process {
  const { processes, custody } = domain
  if (collected.answered === custody.n) return
  yield* wait<void>((resume) => {
    let gone = false
    const go = () => {
      if (gone) return
      gone = true
      resume()
    }
    collected.settled = go
    processes.at(processes.nowTick + ticks(STRAGGLERS_MS), go)
  })
}

/** One custodian, again if it refuses for a passing reason; the wire's code. */
export function* ask(
  domain: Domain,
  reading: Reading,
  want: Asking['want'],
  place: number,
  conf: number
): Process<Said> {
  const { processes, chain } = domain
  let block = conf
  for (let tried = 1; ; tried++) {
    const said = yield* askOnce(domain, reading, want, place, block)
    if (!PASSING.has(said) || tried === TRIES) return said
    yield* processes.sleep(ticks(RETRY_MS))
    const view = yield* chain.view(reading.requester)
    if (view.ok) block = view.conf
  }
}

function* askOnce(
  domain: Domain,
  { record, requester, grant, operation }: Reading,
  want: Asking['want'],
  place: number,
  conf: number
): Process<Said> {
  const { traffic, custody, gate, costs, processes } = domain
  const custodian = custody.custodianOf(record.owner, place)
  const began = processes.nowTick
  const { state, connection } = yield* traffic.reach(operation, requester, custodian, 'access')
  if (state === 'away') {
    domain.trace(operation, custodian, 'dial', began, 'away')
    return -1
  }
  if (state === 'fresh') {
    const hello = yield* traffic.hop(
      operation,
      custodian,
      requester,
      bytes.hello,
      'access',
      connection
    )
    if (!hello) return -1
    domain.trace(operation, custodian, 'challenge', began, 'fresh stream')
  }
  const sent = yield* traffic.hop(
    operation,
    requester,
    custodian,
    bytes.accessRequest,
    'access',
    connection
  )
  if (!sent) return -1
  const arrived = processes.nowTick
  const { code } = yield* gate.serve(custodian, { requester, want, record, place, grant, conf })
  const step = code === 0 ? 'release' : 'refuse'
  domain.trace(operation, custodian, step, arrived, code === 0 ? want : String(code))
  const released = want === 'share' ? bytes.accessAnswer : bytes.accessRight
  const size = code === 0 ? released : bytes.accessDenied
  const heard = yield* traffic.hop(operation, custodian, requester, size, 'access', connection)
  if (!heard) return -1
  if (code === 0) yield* traffic.work(requester, costs.openCpuMs)
  return code === 0 ? 0 : wireCode(code as Parameters<typeof wireCode>[0])
}

/** The blocks, from a replica that may give them. */
function* payload(domain: Domain, reading: Reading, conf: number): Process<boolean> {
  const { custody, processes } = domain
  const { record, named } = reading
  const asked = yield* processes.all(
    named.map((_, place) => ask(domain, reading, 'blocks', place, conf))
  )
  for (const [place, provider] of named.entries()) {
    const there = custody.custodianOf(record.owner, place) === provider
    if (asked[place] !== 0 || !there) continue
    if (yield* from(domain, reading, provider)) return true
  }
  return yield* fromOthers(domain, reading)
}

function* from(domain: Domain, reading: Reading, provider: number): Process<boolean> {
  const { record, requester, operation } = reading
  const began = domain.processes.nowTick
  const got = yield* fetchBlocks(domain, operation, provider, requester, record.bytes)
  domain.trace(operation, provider, 'fetch-block', began, got ? `${record.bytes} bytes` : 'none')
  return got
}

/** Nobody whom the manifest names can give it: whoever told the DHT may. */
function* fromOthers(domain: Domain, reading: Reading): Process<boolean> {
  const { routing, custody, operations } = domain
  const { record, requester, operation, named } = reading
  const find = operations.begin('find', requester)
  const { found, walk } = yield* routing.findProviders(find, requester, record.record, () => true)
  find.hops = walk.hops
  find.found = found ? 1 : 0
  operations.end(find, found ? '' : 'no-providers')
  operation.messages += find.messages
  operation.bytes += find.bytes
  operation.requests += find.requests
  if (!found) return false
  for (let place = 0; place < custody.replicas; place++) {
    const provider = custody.custodianOf(record.owner, place)
    if (record.blocks[place] !== 1 || named[place] === provider) continue
    if (yield* from(domain, reading, provider)) return true
  }
  return false
}
