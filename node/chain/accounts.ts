/**
 * Nonce and code of people's own accounts, proven like every word (checks 31 and 32): what an
 * authorisation has to name, and whether an account has the code that its guardians need.
 * @module
 */
import type { AbortOptions } from '@libp2p/interface'
import { Code } from '../../core/codes.ts'
import { type Address, hash } from '../../core/ids.ts'
import { PROOF_HEDGE_MS, RPC_MAX_MS } from '../../core/limits.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { AccountSource, Endpoint, Outcome, ProvenCode, VerifiedHeader } from '../adapters.ts'
import { firstGood, waitFor } from './quorum.ts'
import { proveAccount } from './state-proof.ts'

export interface ProvenAccountsInit {
  readonly endpoints: readonly Endpoint[]
  readonly primitives: Pick<Primitives, 'keccak256'>
  /** @default PROOF_HEDGE_MS */
  readonly hedgeMs?: number
}

export function provenAccounts(init: ProvenAccountsInit): AccountSource {
  const { endpoints, primitives: p, hedgeMs = PROOF_HEDGE_MS } = init
  const none: ProvenCode = { nonce: 0, codeHash: hash(p.keccak256()) }

  async function prove(
    block: VerifiedHeader,
    account: Address,
    options: AbortOptions = {}
  ): Promise<Outcome<ProvenCode>> {
    const askers = endpoints.map((endpoint) => async (signal: AbortSignal) => {
      const claim = await endpoint.proof(account, [], block, { signal })
      return (await proveAccount(block.stateRoot, account, claim.account, p)) ?? none
    })
    try {
      const found = firstGood(askers, hedgeMs, AbortSignal.timeout(RPC_MAX_MS))
      const { nonce, codeHash } = await waitFor(found, options.signal)
      return { ok: true, value: { nonce, codeHash } }
    } catch {
      options.signal?.throwIfAborted()
      return { ok: false, code: Code.PROOF_UNAVAILABLE }
    }
  }
  return { prove }
}
