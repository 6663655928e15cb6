/**
 * What commands need from outside: streams, environment, the stop signal, and the node itself,
 * loaded only by commands that need it so that `keyward version` answers at once. Tests pass their
 * own.
 * @module
 */
import type { ComponentLogger } from '@libp2p/interface'
import type { Readiness } from '../api/server.ts'
import type { NodeIdentity } from '../keys/identity.ts'
import type { Repo } from '../repo/repo.ts'
import type { VerbTable } from '../verbs/verb.ts'

/** A running node, as far as the shell looks at it; verbs see the whole. */
export interface ShellNode extends AsyncDisposable {
  /** Where others reach it, as text. */
  readonly addrs: readonly string[]
  readiness(): Readiness | Promise<Readiness>
}

export interface OpenNodeOptions {
  readonly logger: ComponentLogger
  /** Ends the start; a node that runs is ended by its `Symbol.asyncDispose`. */
  readonly signal: AbortSignal
}

/** node/index.ts, as the shell uses it. */
export interface NodeModule {
  /** Starts a node on an open folder. The folder's lock stays with the caller. */
  openNode(repo: Repo, identity: NodeIdentity, options: OpenNodeOptions): Promise<ShellNode>
  readonly verbs: VerbTable<ShellNode>
}

export interface TextSink {
  write(text: string): unknown
  readonly isTTY?: boolean
}

export interface Shell {
  readonly stdout: TextSink
  readonly stderr: TextSink
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Aborted by SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  loadNode(): Promise<NodeModule>
  /** Asks a person without showing what is typed; absent where nobody sits. */
  askHidden?(question: string): Promise<string>
}
