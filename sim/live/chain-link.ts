/**
 * A worker's end of the run's chain: endpoints and writers as its nodes know them, each question
 * carried to the parent process as plain data (chain-host.ts answers). A `dev` chain is a process of
 * its own, which nodes ask over HTTP as they would any.
 * @module
 */
import type { Deployment } from '../../core/deployment.ts'
import { ChainUnavailableError, TransactionFailedError } from '../../core/errors.ts'
import type { Address } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { Endpoint } from '../../node/index.ts'
import {
  type ChainParameters,
  type ChainWriter,
  devChainParts,
  type NodeChain
} from '../../node/memory.ts'

/** What a worker must know of the chain to speak with it; plain data. */
export interface ChainPlan {
  readonly deployment: Deployment
  readonly parameters: ChainParameters
  /** Of a `dev` chain; without it, questions go to the parent process. */
  readonly url?: string
}

/** A question to the host: a method of an endpoint, or a message of an account to be sent. */
export type ChainCall =
  | {
      readonly to: 'endpoint'
      /** "memory-0": which of the m endpoints. */
      readonly name: string
      readonly method: 'headNumber' | 'finalizedNumber' | 'header' | 'proof' | 'call'
      readonly args: readonly unknown[]
    }
  | { readonly to: 'writer'; readonly account: Address; readonly message: unknown }

/** Errors travel by name, since a class does not survive the way. */
export type ChainAnswer =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false
      readonly name: string
      readonly message: string
      readonly txHash?: string
    }

/** Carries a question to the parent process; never rejects but by a broken channel. */
export type AskChain = (call: ChainCall) => Promise<ChainAnswer>

/** The chain for the nodes of this process; `primitives` sign where transactions are signed here. */
export async function chainLink(
  plan: ChainPlan,
  ask: AskChain,
  primitives: Primitives
): Promise<NodeChain> {
  const { deployment, url } = plan
  if (url != null) {
    const { rpcEndpoint, ethersWriter } = await devChainParts()
    return {
      deployment,
      endpoint: (name) => rpcEndpoint(url, { name }),
      writer: (_account, accountKey) => ethersWriter({ url, accountKey, deployment, primitives })
    }
  }
  return {
    deployment,
    endpoint: (name) => linkedEndpoint(name, ask),
    writer: (account) => ({
      account,
      submit: async (message, options) =>
        (await heard(ask({ to: 'writer', account, message }), options?.signal)) as Awaited<
          ReturnType<ChainWriter['submit']>
        >
    })
  }
}

function linkedEndpoint(name: string, ask: AskChain): Endpoint {
  const to = async <R>(
    method: (ChainCall & { to: 'endpoint' })['method'],
    args: readonly unknown[],
    signal: AbortSignal | undefined
  ): Promise<R> => (await heard(ask({ to: 'endpoint', name, method, args }), signal)) as R
  return {
    name,
    headNumber: ({ signal }) => to('headNumber', [], signal),
    finalizedNumber: ({ signal }) => to('finalizedNumber', [], signal),
    header: (number, { signal }) => to('header', [number], signal),
    proof: (account, keys, block, { signal }) => to('proof', [account, keys, block], signal),
    call: (account, data, block, { signal }) => to('call', [account, data, block], signal)
  }
}

/** The answer's value, or its error as the class that the node's code knows. */
function heard(asked: Promise<ChainAnswer>, signal: AbortSignal | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal?.reason)
    if (signal?.aborted) return abort()
    signal?.addEventListener('abort', abort, { once: true })
    asked
      .then((answer) => {
        if (answer.ok) return resolve(answer.value)
        const { name, message, txHash } = answer
        reject(
          name === 'TransactionFailedError'
            ? new TransactionFailedError(message, txHash)
            : new ChainUnavailableError(message)
        )
      }, reject)
      .finally(() => signal?.removeEventListener('abort', abort))
  })
}
