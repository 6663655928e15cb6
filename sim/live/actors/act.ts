/**
 * One operation from its begin to its row: timed, its failure a reason and not an exception.
 * @module
 */
import type { OperationKind } from '../../engine.ts'
import type { OperationRow } from '../operations.ts'
import type { Stage } from '../stage.ts'
import { reasonOf } from './failure.ts'

/** What an operation tells of itself; `latencyMs` is measured here unless it is given. */
export type Outcome = Omit<OperationRow, 'kind' | 'atMs' | 'actor' | 'latencyMs'> & {
  readonly latencyMs?: number
}

/** Whether it went well; never rejects. */
export async function act(
  stage: Stage,
  who: { readonly kind: OperationKind; readonly actor: number },
  work: () => Promise<Outcome>
): Promise<boolean> {
  const { kind, actor } = who
  if (stage.isAway(actor)) {
    stage.operations.add({ ...who, ok: false, reason: 'away', latencyMs: 0, atMs: stage.atMs() })
    return false
  }
  const bill = OVER_OUR_PROTOCOLS.has(kind) ? await stage.open(actor) : undefined
  const atMs = stage.atMs()
  const outcome = await work().catch((err: unknown): Outcome => {
    // what fails since its node went away in the middle fails for that reason
    const reason = stage.isAway(actor) ? 'away' : reasonOf(err)
    return { ok: false, reason: stage.signal.aborted ? 'unfinished' : reason }
  })
  const latencyMs = stage.atMs() - atMs
  const spent = await bill?.close()
  stage.operations.add({ latencyMs, ...spent, ...who, atMs, ...outcome })
  return outcome.ok
}

/** What they cost is counted; a lookup tells its own. */
const OVER_OUR_PROTOCOLS: ReadonlySet<OperationKind> = new Set([
  'publish',
  'update',
  'wish',
  'grant',
  'retrieve',
  'revoke'
])
