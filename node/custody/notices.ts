/**
 * Direct notices: what owners told this custodian before any block did. It refuses from receipt on,
 * whatever relayers do (SECURITY.md §10). Only the highest number of each kind counts.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import { grantId, recordKey } from '../../core/grant.ts'
import type { Address, GrantId, Hash } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { OptOut, SignedMessage } from '../../core/typed-data.ts'
import { RecordStatus } from '../../core/words.ts'

export class Notices {
  readonly #primitives: Primitives
  readonly #revoked = new Map<string, number>()
  readonly #ownerEpoch = new Map<string, number>()
  readonly #bindingEpoch = new Map<string, number>()
  readonly #optOut = new Map<string, OptOut>()
  readonly #erased = new Set<string>()

  constructor(primitives: Primitives) {
    this.#primitives = primitives
  }

  add(notice: SignedMessage): void {
    switch (notice.type) {
      case 'Revocations': {
        const { owner, items } = notice.message
        for (const { openingHash, version } of items) {
          raise(this.#revoked, grantId(owner, openingHash, this.#primitives), version)
        }
        return
      }
      case 'RevokeAll':
        raise(this.#ownerEpoch, notice.message.owner, notice.message.epoch)
        return
      case 'BindingEpoch':
        raise(this.#bindingEpoch, notice.message.account, notice.message.bindingEpoch)
        return
      case 'OptOut': {
        const key = toHex(notice.message.owner)
        const known = this.#optOut.get(key)
        if (known == null || notice.message.version > known.version) {
          this.#optOut.set(key, notice.message)
        }
        return
      }
      case 'Records': {
        const { owner, items } = notice.message
        for (const { recordTag, status } of items) {
          if (status !== RecordStatus.ERASED) continue
          this.#erased.add(toHex(recordKey(owner, recordTag, this.#primitives)))
        }
      }
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

  optOut(owner: Address): OptOut | undefined {
    return this.#optOut.get(toHex(owner))
  }

  /** An erasure is final: nothing on chain takes it back either. */
  isErased(owner: Address, recordTag: Hash): boolean {
    return this.#erased.has(toHex(recordKey(owner, recordTag, this.#primitives)))
  }
}

function raise(numbers: Map<string, number>, key: Uint8Array, number: number): void {
  const name = toHex(key)
  numbers.set(name, Math.max(number, numbers.get(name) ?? 0))
}
