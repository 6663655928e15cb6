/**
 * Results of `device …`; none of them takes arguments.
 * @module
 */

export interface DeviceResult {
  readonly peer: string
  readonly name: string
  readonly bindingEpoch: number
  /** Unix seconds at which its binding ends by itself. */
  readonly until: number
  /** `ended`: the account's epoch on chain is a higher one, so that everybody refuses it. */
  readonly state: 'bound' | 'ended' | 'not yet on chain'
  readonly own: boolean
}

export interface DeviceListResult {
  readonly account: string
  /** On chain; 0 for an account that is not in the Directory. */
  readonly bindingEpoch: number
  /** This one, and those of the account whose cards were seen here. */
  readonly devices: readonly DeviceResult[]
}

export interface DeviceRevokeResult {
  readonly bindingEpoch: number
  /** Custodians that refuse all other devices from now on, whatever the chain does. */
  readonly noticed: readonly string[]
  readonly block: number
  readonly gas: number
}

export interface DeviceBindResult {
  readonly bindingEpoch: number
}
