/**
 * Direct notices: what owners told this custodian before any block did. It refuses from receipt on,
 * whatever relayers do (SECURITY.md §10). Only the highest number of each kind counts.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import { grantId } from '../../core/grant.ts'
import { handedGrant, type Notice } from '../../core/hand-back.ts'
import type { Address, GrantId, Hash } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { OptOut, Wish } from '../../core/typed-data.ts'
import { RecordStatus } from '../../core/words.ts'

interface Counted {
  readonly of: Map<string, number>
  readonly key: string
  readonly number: number
}

export class Notices {
  readonly #primitives: Primitives
  readonly #revoked = new Map<string, number>()
  readonly #ownerEpoch = new Map<string, number>()
  readonly #bindingEpoch = new Map<string, number>()
  readonly #optOutVersion = new Map<string, number>()
  readonly #optOut = new Map<string, OptOut>()
  /** 1 for what an account handed back. */
  readonly #handedBack = new Map<string, number>()
  /** How many of them each account has here. */
  readonly #handedBackBy = new Map<string, number>()
  readonly #wishVersion = new Map<string, number>()
  readonly #wish = new Map<string, Wish>()
  /** 1 for an erased version. */
  readonly #erased = new Map<string, number>()
  #count = 0

  constructor(primitives: Primitives) {
    this.#primitives = primitives
  }

  /** How many were added: as long as it stays, so does whatever was read from here. */
  get count(): number {
    return this.#count
  }

  /** Would `add` change anything? */
  isNew(notice: Notice): boolean {
    return this.#numbersOf(notice).some(({ of, key, number }) => number > (of.get(key) ?? 0))
  }

  add(notice: Notice): void {
    const isNewer = this.isNew(notice)
    this.#count++
    for (const { of, key, number } of this.#numbersOf(notice)) {
      of.set(key, Math.max(number, of.get(key) ?? 0))
    }
    if (notice.type === 'HandBack' && isNewer) {
      const { account } = notice.message
      this.#handedBackBy.set(toHex(account), this.handedBackBy(account) + 1)
    }
    if (notice.type === 'OptOut' && isNewer) {
      this.#optOut.set(toHex(notice.message.owner), notice.message)
    }
    if (notice.type === 'Wish' && isNewer) {
      this.#wish.set(toHex(notice.message.owner), notice.message)
    }
  }

  /** What a message counts up, and where. */
  #numbersOf(notice: Notice): readonly Counted[] {
    const p = this.#primitives
    switch (notice.type) {
      case 'Revocations': {
        const { owner, items } = notice.message
        return items.map(({ openingHash, version }) => ({
          of: this.#revoked,
          key: toHex(grantId(owner, openingHash, p)),
          number: version
        }))
      }
      case 'RevokeAll': {
        const { owner, epoch } = notice.message
        return [{ of: this.#ownerEpoch, key: toHex(owner), number: epoch }]
      }
      case 'BindingEpoch': {
        const { account, bindingEpoch } = notice.message
        return [{ of: this.#bindingEpoch, key: toHex(account), number: bindingEpoch }]
      }
      case 'HandBack': {
        const { account, subGrant } = notice.message
        const key = handBackKey(handedGrant(notice.message, p), subGrant, account)
        return [{ of: this.#handedBack, key, number: 1 }]
      }
      case 'OptOut': {
        const { owner, version } = notice.message
        return [{ of: this.#optOutVersion, key: toHex(owner), number: version }]
      }
      case 'Wish': {
        const { owner, version } = notice.message
        return [{ of: this.#wishVersion, key: toHex(owner), number: version }]
      }
      case 'Records': {
        const { owner, items } = notice.message
        return items
          .filter(({ status }) => status === RecordStatus.ERASED)
          .map(({ recordTag }) => ({
            of: this.#erased,
            key: versionKey(owner, recordTag),
            number: 1
          }))
      }
      default:
        return [] // what allows, or only tells, is the chain's alone
    }
  }

  /** The highest version that a direct revocation of this grant named. */
  revokedVersion(id: GrantId): number | undefined {
    return this.#revoked.get(toHex(id))
  }

  ownerEpoch(owner: Address): number | undefined {
    return this.#ownerEpoch.get(toHex(owner))
  }

  bindingEpoch(account: Address): number | undefined {
    return this.#bindingEpoch.get(toHex(account))
  }

  /** Final: whatever comes later does not take it back. */
  isHandedBack(grant: GrantId, subGrant: Hash, account: Address): boolean {
    return this.#handedBack.has(handBackKey(grant, subGrant, account))
  }

  handedBackBy(account: Address): number {
    return this.#handedBackBy.get(toHex(account)) ?? 0
  }

  optOut(owner: Address): OptOut | undefined {
    return this.#optOut.get(toHex(owner))
  }

  /** A wish that permits changes nothing here: the gate asks the chain for that. */
  wish(owner: Address): Wish | undefined {
    return this.#wish.get(toHex(owner))
  }

  /** An erasure is final: nothing on chain takes it back either. */
  isErased(owner: Address, recordTag: Hash): boolean {
    return this.#erased.has(versionKey(owner, recordTag))
  }
}

const handBackKey = (grant: GrantId, subGrant: Hash, account: Address): string =>
  toHex(grant) + toHex(subGrant) + toHex(account)
const versionKey = (owner: Address, recordTag: Hash): string => toHex(owner) + toHex(recordTag)
