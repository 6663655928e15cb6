/**
 * No byte of a record in clear outside of its owner's and its grantees' own memory: not in what
 * others store, not on the wire (PEERS.md S-03). `checked` counts places.
 * @module
 */
import type { CheckResult } from '../engine.ts'
import { type PlaceSearched, Tally } from './observations.ts'

export function noPlaintextOutside(places: Iterable<PlaceSearched>): CheckResult {
  const tally = new Tally('no-plaintext-outside')
  for (const { place, found } of places) {
    tally.note(found === 0, () => `${found} pieces of records in clear: ${place}`)
  }
  return tally.result()
}
