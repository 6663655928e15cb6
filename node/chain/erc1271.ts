/**
 * Signatures of contract accounts (check 18): the account's own code is asked at the head, and q
 * endpoints must give the same answer. It cannot be proven like a word, so it counts for less: only
 * where recovery has failed, and never for a custodian's own binding.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import { concat, equalBytes, fromHex, toBigInt, uintBe } from '../../core/bytes.ts'
import { type Address, type Hash, hash } from '../../core/ids.ts'
import { HEAD_GRACE_MS, RPC_MAX_MS } from '../../core/limits.ts'
import type { Endpoint, VerifiedHeader } from '../adapters.ts'
import type { ChainParameters } from './parameters.ts'
import { gather, waitFor } from './quorum.ts'

/** 'unresolved': fewer than q endpoints gave one answer. */
export type ContractVerdict = 'ok' | 'bad' | 'unresolved'

export interface ContractSignaturesInit {
  readonly endpoints: readonly Endpoint[]
  readonly parameters: Pick<ChainParameters, 'quorum'>
}

const SELECTOR = fromHex('1626ba7e')
/** What an account answers that takes a signature for its own. */
export const VOUCHED = concat(SELECTOR, new Uint8Array(28))

/** isValidSignature(bytes32 digest, bytes signature). */
function callData(digest: Hash, signature: Uint8Array): Uint8Array {
  const padding = new Uint8Array((32 - (signature.byteLength % 32)) % 32)
  const length = signature.byteLength
  return concat(SELECTOR, digest, uintBe(64, 32), uintBe(length, 32), signature, padding)
}

/** What `callData` asks; undefined for another call. */
export function readContractCall(
  data: Uint8Array
): { readonly digest: Hash; readonly signature: Uint8Array } | undefined {
  const head = 4 + 3 * 32
  if (data.byteLength < head || !equalBytes(data.subarray(0, 4), SELECTOR)) return undefined
  const length = Number(toBigInt(data.subarray(4 + 2 * 32, head)))
  if (head + length > data.byteLength) return undefined
  return { digest: hash(data.slice(4, 36)), signature: data.slice(head, head + length) }
}

/** Asks whether the code at `account` vouches for a signature over `digest` at `head`. */
export async function contractSignature(
  init: ContractSignaturesInit,
  account: Address,
  digest: Hash,
  signature: Uint8Array,
  head: VerifiedHeader,
  options: AbortOptions = {}
): Promise<ContractVerdict> {
  const { endpoints, parameters } = init
  const data = callData(digest, signature)
  const done = new AbortController()
  const signal = AbortSignal.any([done.signal, AbortSignal.timeout(RPC_MAX_MS)])
  const winner = (answers: readonly Uint8Array[]): Uint8Array | undefined =>
    answers.find(
      (one) => answers.filter((each) => equalBytes(each, one)).length >= parameters.quorum
    )
  const asked = endpoints.map(async (each) => await each.call(account, data, head, { signal }))
  try {
    const answers = await waitFor(
      gather(asked, {
        quorum: parameters.quorum,
        graceMs: HEAD_GRACE_MS,
        settles: (so) => winner(so) != null,
        signal
      }),
      options.signal
    )
    const answer = winner(answers)
    if (answer == null) return 'unresolved'
    return equalBytes(answer, VOUCHED) ? 'ok' : 'bad'
  } finally {
    done.abort()
  }
}
