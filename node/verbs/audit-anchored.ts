/**
 * Holds a log in a file to what its custodian anchored, for third parties: the words of AuditAnchor
 * are proven at an agreed head, as a gate would, and no node or folder is needed.
 * @module
 */
import { equalBytes, fromHex, toHex } from '../../core/bytes.ts'
import { ChainUnavailableError } from '../../core/errors.ts'
import { address, hash, type PeerIdBytes } from '../../core/ids.ts'
import { EMPTY_LOG, grown, type MerkleLog, merkleRoot } from '../../core/merkle-log.ts'
import type { Primitives } from '../../core/primitives.ts'
import { type ChainEntry, linkHash } from '../../core/receipt.ts'
import { rpcEndpoint } from '../chain/endpoint-rpc.ts'
import { quorumHeads } from '../chain/heads.ts'
import { outageText } from '../chain/outage.ts'
import { chainParameters } from '../chain/parameters.ts'
import { provenWords } from '../chain/proofs.ts'
import { readDeployment } from '../deployment-file.ts'
import { type AnchorWords, anchorWords, logTag } from '../receipts/anchor.ts'
import { systemClock } from '../system.ts'
import type { AnchorAt, AnchoredResult } from './audit-shapes.ts'

export interface Anchored {
  /** Undefined when nothing is anchored under these names. */
  readonly anchor: AnchoredResult | undefined
  readonly faults: readonly string[]
}

/** @throws InvalidConfigError, ChainUnavailableError */
export async function checkAnchored(
  entries: readonly ChainEntry[],
  by: PeerIdBytes,
  at: AnchorAt,
  p: Primitives,
  signal: AbortSignal
): Promise<Anchored> {
  const words = await askChain(by, at, p, signal)
  if (words == null) return { anchor: undefined, faults: ['nothing is anchored under these names'] }
  const { toSeq, root, atSeconds } = words
  const anchor = { toSeq, root: toHex(root), at: atSeconds }
  if (entries.length < toSeq) {
    return { anchor, faults: [`${toSeq} receipts are anchored, ${entries.length} are here`] }
  }
  const tree = entries
    .slice(0, toSeq)
    .reduce<MerkleLog>((log, { link }) => grown(log, linkHash(link, p), p), EMPTY_LOG)
  const same = equalBytes(merkleRoot(tree, p), root)
  return { anchor, faults: same ? [] : [`the first ${toSeq} receipts are not those anchored`] }
}

async function askChain(
  by: PeerIdBytes,
  { rpc, kind, deployment: file, writer, salt }: AnchorAt,
  p: Primitives,
  signal: AbortSignal
): Promise<AnchorWords | undefined> {
  const deployment = await readDeployment(file, process.cwd())
  const endpoints = rpc.map((url) => rpcEndpoint(url))
  const quorum = Math.floor(rpc.length / 2) + 1
  const parameters = chainParameters(kind, { endpoints: rpc.length, quorum })
  const checkpoint = { get: async () => undefined, put: async () => {} }
  const heads = quorumHeads({
    endpoints,
    parameters,
    clock: systemClock,
    checkpoint,
    primitives: p
  })
  const words = provenWords({ endpoints, deployment, primitives: p })
  const tag = logTag(by, hash(fromHex(salt)), p)
  const account = address(fromHex(writer))
  const said = await anchorWords({ heads, words, primitives: p }, account, tag, { signal })
  if (said.ok) return said.value.words
  throw new ChainUnavailableError(`the anchor cannot be proven: ${outageText(said.code)}`)
}
