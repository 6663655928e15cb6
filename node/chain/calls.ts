/**
 * Calldata of everything that is sent to the contracts, and names of the errors that come back.
 * A message with a signature goes to its …BySig form; one without, to the owner's own form.
 * @module
 */
import { Interface } from 'ethers'
import { equalBytes, fromHex, toHex0x } from '../../core/bytes.ts'
import type { Deployment } from '../../core/deployment.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import { openingHash } from '../../core/grant.ts'
import type { Address } from '../../core/ids.ts'
import type { Primitives } from '../../core/primitives.ts'
import { signerOf } from '../../core/signers.ts'
import type { Delegation, SignedMessage } from '../../core/typed-data.ts'
import {
  AuditAnchor,
  Directory,
  Emergency,
  GrantRegistry,
  Guardians,
  RecordRegistry
} from './abi.ts'
import type { ContractCall, DirectoryCall } from './contract-calls.ts'

const interfaces = {
  grants: new Interface(GrantRegistry.abi),
  records: new Interface(RecordRegistry.abi),
  directory: new Interface(Directory.abi),
  emergency: new Interface(Emergency.abi),
  audit: new Interface(AuditAnchor.abi),
  guardians: new Interface(Guardians.abi)
}

export interface EncodedCall {
  readonly to: Address
  readonly data: Uint8Array
  /** An account that gets code by this transaction (EIP-7702). */
  readonly authorisation?: Authorisation
}

export interface Authorisation extends Pick<Delegation, 'code' | 'nonce'> {
  readonly sig: Uint8Array
}

type Parts = readonly [contract: keyof typeof interfaces, method: string, values: unknown[]]

/**
 * @throws TypeError if a value does not fit its Solidity type, InvalidParametersError if the
 *   deployment lacks the contract
 */
export function encodeCall(call: ContractCall, deployment: Deployment, p: Primitives): EncodedCall {
  if (call.type === 'Delegation') {
    const { account, code, nonce } = call.message
    const authorisation = { code, nonce, sig: call.sig }
    return { to: account, data: new Uint8Array(), authorisation } // its new code takes it
  }
  const parts = 'message' in call ? messageParts(call, deployment, p) : actParts(call)
  const [contract, method, values] = parts
  const data = interfaces[contract].encodeFunctionData(method, hexed(values) as unknown[])
  const to = deployment[contract]
  if (to == null) throw new InvalidParametersError(`"deployment" expected ${contract}, got none`)
  return { to, data: fromHex(data) }
}

type Relayed = Exclude<SignedMessage, { readonly type: 'Delegation' }>

function messageParts(call: Relayed, deployment: Deployment, p: Primitives): Parts {
  const { type, message, sig } = call
  const signed = sig.byteLength > 0
  const by = (who: Address): unknown[] => (signed ? [who] : [])
  const end = signed ? [sig] : []
  switch (type) {
    case 'Grants': {
      const { owner, epoch, deadline } = message
      const items = message.items.map((item) => [openingHash(item.opening, p), item.version])
      const [first, ...others] = items
      if (first != null && others.length === 0) {
        const method = signed ? 'grantBySig' : 'grant'
        return ['grants', method, [...by(owner), ...first, epoch, deadline, ...end]]
      }
      const method = signed ? 'grantBatchBySig' : 'grantBatch'
      return ['grants', method, [...by(owner), items, epoch, deadline, ...end]]
    }
    case 'Revocations': {
      const items = message.items.map((item) => [item.openingHash, item.version])
      const method = signed ? 'revokeBySig' : 'revokeBatch'
      return ['grants', method, [...by(message.owner), items, ...end]]
    }
    case 'RevokeAll': {
      const method = signed ? 'revokeAllBySig' : 'revokeAll'
      return ['grants', method, [...by(message.owner), message.epoch, ...end]]
    }
    case 'OptOut': {
      const { owner, purposes, version } = message
      return [
        'grants',
        signed ? 'optOutBySig' : 'optOut',
        [...by(owner), purposes, version, ...end]
      ]
    }
    case 'Records': {
      const items = message.items.map((item) => [
        item.recordTag,
        item.status,
        item.shareEpoch,
        item.quorum,
        item.barredOrg,
        item.anchor
      ])
      const method = signed ? 'recordsBySig' : 'records'
      return ['records', method, [...by(message.owner), items, message.deadline, ...end]]
    }
    case 'BindingEpoch': {
      const method = signed ? 'setBindingEpochBySig' : 'setBindingEpoch'
      return ['directory', method, [...by(message.account), message.bindingEpoch, ...end]]
    }
    case 'Membership': {
      const { account, organisation, roles, version, deadline } = message
      const method = signed ? 'consentBySig' : 'consent'
      return ['directory', method, [...by(account), organisation, roles, version, deadline, ...end]]
    }
    case 'Wish': {
      const { owner, wish, version } = message
      const method = signed ? 'setWishBySig' : 'setWish'
      return ['emergency', method, [...by(owner), wish, version, ...end]]
    }
    case 'Review': {
      const method = signed ? 'reviewOwnBySig' : 'reviewOwn'
      const values = [message.openingHash, message.outcomeHash]
      return ['emergency', method, [...by(message.owner), ...values, ...end]]
    }
    case 'Anchors': {
      const items = message.items.map(({ logTag, root, toSeq }) => [logTag, root, toSeq])
      const method = signed ? 'anchorBySig' : 'anchor'
      return ['audit', method, [...by(message.writer), items, ...end]]
    }
    default:
      return guardiansParts(call, deployment, p)
  }
}

type ToGuardians = SignedMessage & {
  readonly type:
    | 'Guardianship'
    | 'GuardianshipEnd'
    | 'RecoveryPlan'
    | 'Veto'
    | 'Propose'
    | 'Complete'
}

function guardiansParts(call: ToGuardians, deployment: Deployment, p: Primitives): Parts {
  const { type, message, sig } = call
  const signed = sig.byteLength > 0
  const by = (who: Address): unknown[] => (signed ? [who] : [])
  const end = signed ? [sig] : []
  switch (type) {
    case 'Guardianship': {
      const { ward, guardian, rights, until, epoch, version } = message
      const method = signed ? 'appointBySig' : 'appoint'
      return ['guardians', method, [...by(ward), guardian, rights, until, epoch, version, ...end]]
    }
    case 'GuardianshipEnd': {
      const { ward, guardian, version } = message
      const signer = signerOf(deployment, call, p)
      const byGuardian = signer != null && equalBytes(signer, guardian)
      const method = signed ? 'endBySig' : 'end'
      return [
        'guardians',
        method,
        [...by(byGuardian ? guardian : ward), ward, guardian, version, ...end]
      ]
    }
    case 'RecoveryPlan': {
      const { account, planHash, delaySeconds, version } = message
      const method = signed ? 'setPlanBySig' : 'setPlan'
      return ['guardians', method, [...by(account), planHash, delaySeconds, version, ...end]]
    }
    case 'Veto': {
      const method = signed ? 'vetoBySig' : 'veto'
      return ['guardians', method, [...by(message.account), message.round, ...end]]
    }
    case 'Propose': {
      const { account, successor, round, signatures } = message
      const { salt, threshold, helpers } = message.plan
      const plan = [salt, threshold, helpers]
      return ['guardians', 'propose', [account, successor, round, plan, signatures]]
    }
    case 'Complete':
      return ['guardians', 'complete', [message.account]]
  }
}

function actParts(call: Exclude<ContractCall, SignedMessage>): Parts {
  switch (call.type) {
    case 'Attest':
      return ['records', 'attest', [call.owner, call.recordTag, call.verdict, call.anchor]]
    case 'Lapse':
      return ['records', 'lapse', [call.owner, call.recordTag, call.org]]
    case 'BreakGlass': {
      const { owner, openingHash: opening, reasonHash, epoch, signatures } = call
      return ['emergency', 'breakGlass', [owner, opening, reasonHash, epoch, signatures]]
    }
    case 'ReviewNotice':
      return ['emergency', 'review', [call.notice, call.outcomeHash]]
    default:
      return directoryParts(call)
  }
}

function directoryParts(call: DirectoryCall): Parts {
  switch (call.type) {
    case 'Consent':
      return ['directory', 'consent', [call.org, call.roles, call.version, call.deadline]]
    case 'Enrol':
      return ['directory', 'enrol', [call.account, call.roles]]
    case 'EnrolBySig': {
      const { account, roles, version, deadline } = call.consent
      return ['directory', 'enrolBySig', [account, roles, version, deadline, call.consentSig]]
    }
    case 'Restrict':
      return ['directory', 'restrict', [call.account, call.roles]]
    case 'Dismiss':
      return ['directory', 'dismiss', [call.account]]
    case 'Suspend':
      return ['directory', 'suspend', [call.account]]
    case 'Reinstate':
      return ['directory', 'reinstate', [call.account]]
    case 'SetGroupMember':
      return ['directory', 'setGroupMember', [call.salt, call.account, call.member]]
    case 'ClearGroupMember':
      return ['directory', 'clearGroupMember', [call.org, call.salt, call.account]]
    case 'Vote': {
      const { voterSet, kind, org, account, quorum, deadline } = call.proposal
      return ['directory', 'vote', [[voterSet, kind, org, account, quorum, deadline]]]
    }
  }
}

/** ethers takes bytes for `bytes`, but addresses only as text. */
function hexed(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex0x(value)
  return Array.isArray(value) ? value.map(hexed) : value
}

/** The custom error's name in revert data, such as GrantRegistryStaleVersion. */
export function errorName(data: string): string | undefined {
  for (const each of Object.values(interfaces)) {
    try {
      const error = each.parseError(data)
      if (error != null) return error.name
    } catch {
      // not an error of this contract
    }
  }
  return undefined
}

/** A Directory call by its Solidity name, for what only a dev chain's founder does. */
export const encodeDirectory = (method: string, values: readonly unknown[]): Uint8Array =>
  fromHex(interfaces.directory.encodeFunctionData(method, hexed(values) as unknown[]))

/** The word that a Directory view returned. @throws TypeError if it is none */
export function readDirectory(method: string, result: unknown): bigint {
  const [word] = interfaces.directory.decodeFunctionResult(method, String(result))
  if (typeof word !== 'bigint') throw new TypeError(`${method} expected a word`)
  return word
}
