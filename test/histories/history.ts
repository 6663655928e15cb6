/**
 * A history: how the chain and the gate are set, and what happens, step by step, as plain values.
 * draw.ts draws one from a seed and an index, tell.ts tells it in words.
 * @module
 */
import type { PurposeCode } from '../../core/purposes.ts'

/** SECURITY.md §9.1, with confirmed depths to suit the reorgs. */
export interface Setting {
  readonly blockSeconds: number
  /** S */
  readonly headMaxAgeSeconds: number
  /** G */
  readonly clockGuardSeconds: number
  /** W */
  readonly confirmedLagBlocks: number
  readonly depth: number
  readonly quorum: number
  readonly endpoints: number
}

export type Act =
  | { readonly is: 'grant' | 'revoke'; readonly opening: number }
  | { readonly is: 'revokeAll' }
  | { readonly is: 'optOut'; readonly purposes: number }
  | { readonly is: 'bind'; readonly account: number }
  | { readonly is: 'erase' | 'refresh'; readonly ver: number }
  | { readonly is: 'account' | 'member'; readonly account: number; readonly status: number }
  | { readonly is: 'roles'; readonly account: number; readonly roles: number }
  | { readonly is: 'org'; readonly status: number }
  /** An account changes its organisation. */
  | { readonly is: 'moves'; readonly account: number; readonly org: number }
  /** The whole grant, or the paper of this kind under it; the custodian alone is told. */
  | {
      readonly is: 'handBack'
      readonly account: number
      readonly opening: number
      readonly paper?: number
    }

/** How an endpoint behaves. The first five are honest; of the others at most q-1 are at work. */
export type Manner =
  | { readonly is: 'good' | 'down' | 'stuck' }
  | { readonly is: 'lag'; readonly blocks: number }
  | { readonly is: 'fork' | 'lieHash' | 'lieState' | 'lieProof' }
  | { readonly is: 'boast'; readonly blocks: number }
  | { readonly is: 'echo'; readonly of: number }

export const HONEST: readonly string[] = ['good', 'down', 'stuck', 'lag']

export type Fault =
  | 'replay'
  | 'other stream'
  | 'skipped seq'
  | 'other chain'
  | 'other registry'
  | 'other custodian'
  | 'other peer'
  | 'unsigned'
  | 'unbound'
  | 'late'
  | 'far deadline'
  | 'old binding'
  | 'future binding'
  | 'ended binding'

/** Which block a request names as confirmed. */
export type ConfChoice =
  | 'latest'
  | 'older'
  | 'too old'
  | 'head'
  | 'orphan'
  | 'forged'
  /** As an endpoint that is behind would call it. */
  | 'laggard'

export interface Ask {
  readonly do: 'ask'
  readonly opening: number
  readonly ver: number
  readonly account: number
  readonly purpose: PurposeCode
  readonly conf: ConfChoice
  /** Before the newest share epoch. */
  readonly oldEpoch?: boolean
  /** Under the paper of this kind, which a colleague signed. */
  readonly paper?: number
  /** Signed under the grant's first word. */
  readonly oldPaper?: boolean
  readonly fault?: Fault
  /** On the stream of the request before. */
  readonly sameStream?: boolean
  /** What happens before the words are proven, and before the answer leaves. */
  readonly before?: readonly Step[]
  readonly during?: readonly Step[]
  /** The process dies before or after the receipt is on disk. */
  readonly dies?: 'before receipt' | 'after receipt'
}

export type Step =
  | { readonly do: 'blocks'; readonly count: number }
  | { readonly do: 'wait'; readonly ms: number }
  /** To a moment of a grant's period; `blockAgo`: a last block so many seconds before it. */
  | { readonly do: 'jump'; readonly toSeconds: number; readonly blockAgo: number | undefined }
  | { readonly do: 'act'; readonly act: Act; readonly notice?: boolean; readonly chain?: boolean }
  | {
      readonly do: 'reorg'
      readonly depth: number
      readonly blocks: number
      readonly keep: boolean
      /** Whether the new head is of this moment. */
      readonly fresh: boolean
    }
  | { readonly do: 'endpoint'; readonly at: number; readonly manner: Manner }
  | { readonly do: 'skew'; readonly seconds: number }
  | { readonly do: 'crash' }
  | Ask

export interface History {
  readonly setting: Setting
  readonly openings: readonly number[]
  /** The contracts' code is not the one that was pinned. */
  readonly otherCode: boolean
  /** Heads are kept so long. */
  readonly cacheMs: number
  readonly steps: readonly Step[]
}
