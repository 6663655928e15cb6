/**
 * The hashes that a request stands for: its opening's, its grant's, its record's, and the slots of
 * its words. Keccak is most of what a decision costs, and decide() is asked about the same request
 * several times, so each is worked out once a request, when it is first needed.
 * @module
 */
import { grantId, isScopeList, openingHash, recordTag } from '../grant.ts'
import type { GrantId, Hash } from '../ids.ts'
import type { Primitives } from '../primitives.ts'
import type { AccessRequest } from '../request.ts'
import { subGrantHash } from '../subgrant.ts'

export class RequestIds {
  readonly #request: AccessRequest
  readonly #p: Primitives
  readonly #made = new Map<string, unknown>()

  constructor(request: AccessRequest, p: Primitives) {
    this.#request = request
    this.#p = p
  }

  get openingHash(): Hash {
    return this.once('opening', () => openingHash(this.#request.opening, this.#p))
  }

  get grantId(): GrantId {
    return this.once('grant id', () => grantId(this.#request.owner, this.openingHash, this.#p))
  }

  /** Of the sub-grant that is shown, if one is. */
  get subGrant(): Hash | undefined {
    const { sub } = this.#request
    return sub && this.once('sub', () => subGrantHash(sub.grant, this.#p))
  }

  get recordTag(): Hash {
    return this.once('tag', () => recordTag(this.#request.recordId, this.#request.ver, this.#p))
  }

  /** Its tags and exceptions are those that the opening's scope is the hash of. */
  get showsScope(): boolean {
    const { tags, except, opening } = this.#request
    return this.once('scope', () => isScopeList({ tags, except }, opening.scope, this.#p))
  }

  /** What `make` gives for this request, made at the first call with this name. */
  once<T>(name: string, make: () => T): T {
    const known = this.#made.get(name)
    if (known !== undefined) return known as T
    const made = make()
    this.#made.set(name, made)
    return made
  }
}

const known = new WeakMap<AccessRequest, RequestIds>()

/** Of a decoded request, which nobody changes. */
export function idsOf(request: AccessRequest, p: Primitives): RequestIds {
  let ids = known.get(request)
  if (ids == null) {
    ids = new RequestIds(request, p)
    known.set(request, ids)
  }
  return ids
}
