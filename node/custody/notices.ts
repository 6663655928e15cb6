/**
 * Direct notices: what owners told this custodian before any block did. It refuses from receipt on,
 * whatever relayers do (SECURITY.md §10). Only the highest number of each kind counts.
 * @module
 */
import { toHex } from '../../core/bytes.ts'
import { grantId } from '../../core/grant.ts'
import type { Address, GrantId } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import type { SignedMessage } from '../../core/typed-data.ts'

export class Notices {
  readonly #primitives: Primitives
  readonly #revoked = new Map<string, number>()
  readonly #ownerEpoch = new Map<string, number>()
  readonly #bindingEpoch = new Map<string, number>()

  constructor(primitives: Primitives) {
    this.#primitives = primitives
  }

  add({ type, message }: SignedMessage): void {
    if (type === 'Revocations') {
      for (const { openingHash, version } of message.items) {
        raise(this.#revoked, grantId(message.owner, openingHash, this.#primitives), version)
      }
    } else if (type === 'RevokeAll') {
      raise(this.#ownerEpoch, message.owner, message.epoch)
    } else if (type === 'BindingEpoch') {
      raise(this.#bindingEpoch, message.account, message.bindingEpoch)
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
}

function raise(numbers: Map<string, number>, key: Uint8Array, number: number): void {
  const name = toHex(key)
  numbers.set(name, Math.max(number, numbers.get(name) ?? 0))
}
