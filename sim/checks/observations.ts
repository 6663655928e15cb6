/**
 * What both engines tell the checks: plain rows about consent and what became of it. Nodes and
 * records are indices, times are ms from the start of the measured part (negative before it).
 * @module
 */

/** A grant, or a break-glass act that stands for one. */
export interface GrantSeen {
  readonly record: number
  /** Node that was granted. */
  readonly requester: number
  /** When it was sent: no release may be older. */
  readonly fromMs: number
  readonly untilMs: number
  /** When no honest endpoint was left on a branch without the revocation; Infinity: never. */
  readonly revokedMs: number
}

/** A share that left a custodian. */
export interface ReleaseSeen {
  readonly record: number
  readonly requester: number
  readonly custodian: number
  /** By the custodian's clock where it is known, else when it arrived. */
  readonly atMs: number
}

/** A custodian's receipt of a release, as the owner of the record got it. */
export interface ReceiptSeen {
  readonly record: number
  readonly requester: number
  readonly custodian: number
}

/** A record whose owner was told that it is in safe keeping, and whether it opened at the end. */
export interface AcknowledgedSeen {
  readonly record: number
  readonly opened: boolean
  /** Why not: an error's name, a code. */
  readonly reason: string
}

/** A place outside of the owner's and the grantee's own memory, searched for record bytes. */
export interface PlaceSearched {
  /** "clinic-3/custody", "wire of worker 1". */
  readonly place: string
  readonly bytes: number
  readonly found: number
}

/** Grants by record and requester: a release may be under any of a pair's. */
export function grantsByPair(
  grants: Iterable<GrantSeen>
): ReadonlyMap<number, ReadonlyMap<number, readonly GrantSeen[]>> {
  const pairs = new Map<number, Map<number, GrantSeen[]>>()
  for (const grant of grants) {
    const ofRecord = pairs.get(grant.record) ?? new Map<number, GrantSeen[]>()
    pairs.set(grant.record, ofRecord)
    const ofPair = ofRecord.get(grant.requester)
    if (ofPair == null) ofRecord.set(grant.requester, [grant])
    else ofPair.push(grant)
  }
  return pairs
}

/** Counts what holds; remembers the first that does not. */
export class Tally {
  readonly #name: string
  #checked = 0
  #violations = 0
  #first: string | undefined

  constructor(name: string) {
    this.#name = name
  }

  /** `told` says which it was; it is called for the first violation alone. */
  note(holds: boolean, told: () => string): void {
    this.#checked++
    if (holds) return
    this.#violations++
    this.#first ??= told()
  }

  result(): {
    readonly name: string
    readonly checked: number
    readonly violations: number
    readonly first?: string
  } {
    return {
      name: this.#name,
      checked: this.#checked,
      violations: this.#violations,
      ...(this.#first == null ? {} : { first: this.#first })
    }
  }
}
