/**
 * What the demo says it saw: the one line of `keyward demo --json`.
 * @module
 */

export interface DemoRecord {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
  readonly cid: string
  /** Of what the hospital opened. */
  readonly openedSha256: string
  readonly versions: number
}

export interface DemoResult {
  readonly ok: boolean
  readonly elapsedMs: number
  readonly nodes: number
  readonly records: readonly DemoRecord[]
  readonly threshold: { readonly t: number; readonly n: number }
  readonly released: readonly {
    readonly custodian: string
    readonly blockNumber: number
    readonly blockHash: string
  }[]
  readonly blamed: readonly { readonly custodian: string; readonly reason: string }[]
  /** The code as in the custodian's receipt; the requester itself sees 400. */
  readonly afterRevoke: readonly { readonly custodian: string; readonly code: number }[]
  readonly receipts: { readonly count: number; readonly verified: boolean }
  readonly gas: { readonly grant: number; readonly revoke: number; readonly register: number }
  /** Places outside the owner's and the grantee's own memory where plaintext was found. */
  readonly leaks: number
}
