/**
 * `id` and `peers`: who this node is to others, and whom it is connected to.
 * @module
 */
import { toHex0x } from '../../core/bytes.ts'
import { addrText, peerText } from '../keys/peer-text.ts'
import type { Node } from '../node.ts'
import { addressOf, nameOf } from './custodians.ts'
import { keepersOf } from './mail.ts'
import type { IdResult, PeersResult } from './results.ts'
import { knownWish } from './wish.ts'

/** Keepers named in a contact: enough that one of them is up. */
const KEEPERS_NAMED = 5

export function showIdentity(node: Node): IdResult {
  const { identity, choice, reach, clinic } = node
  const keepers = clinic == null ? keepersOf(node) : [identity.peer]
  const chosen = choice.custodians.map((text) => addressOf(text).peer)
  const named = [...new Set([...chosen, ...keepers].map(peerText))].slice(0, KEEPERS_NAMED)
  const account = toHex0x(identity.account)
  return {
    peer: peerText(identity.peer),
    account,
    name: identity.name,
    profile: identity.profile,
    addrs: reach.addresses().map(addrText),
    contact: `${account}@${named.join(',')}`,
    wish: knownWish(node)
  }
}

export function listPeers(node: Node): PeersResult {
  return {
    peers: node.reach.connected().map(({ peer, addrs, direction }) => {
      const name = nameOf(node, peer)
      return { peer: peerText(peer), addrs, direction, ...(name == null ? {} : { name }) }
    })
  }
}
