/**
 * `guardian appoint`, `end`, `ls`, `setup`: who may grant, revoke and say the wish for whom, and
 * until when (docs/decisions/0022, 0024). What a list shows is proven at the head.
 * @module
 */
import { equalBytes, toHex, toHex0x } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import type { Address, PeerIdBytes } from '../../core/ids.ts'
import type { SignedMessage } from '../../core/typed-data.ts'
import {
  decodeGuardianshipWord,
  decodeOwnerWord,
  GuardianshipStatus,
  guardianshipSlot,
  ownerSlot
} from '../../core/words.ts'
import type { TxReceipt } from '../adapters.ts'
import type { Node } from '../node.ts'
import { isWired, namedAccount, wire } from './accounts.ts'
import type {
  AppointArgs,
  AppointResult,
  EndArgs,
  EndResult,
  GuardiansArgs,
  GuardiansResult,
  SetupResult
} from './guardian-shapes.ts'
import { keepersOf } from './mail.ts'
import { sendMessage } from './relay.ts'
import { rightNames, rightsOf } from './rights.ts'
import { untilSeconds } from './until.ts'
import type { VerbOptions } from './verb.ts'
import { ownVoice } from './voice.ts'
import { keepersOfWard, wardsOf } from './wards.ts'
import { headWords } from './words.ts'

/** `guardian setup`: the code that guardians and helpers need; appointing does it by itself. */
export async function setUpGuardians(node: Node, { signal }: VerbOptions): Promise<SetupResult> {
  const sent = await wire(node, keepersOf(node), signal)
  const account = toHex0x(node.identity.account)
  if (sent == null) return { account, already: true }
  return { account, already: false, block: sent.block.number, gas: sent.gasUsed }
}

export async function appoint(
  node: Node,
  args: AppointArgs,
  { signal, progress }: VerbOptions
): Promise<AppointResult> {
  const { primitives: p, identity } = node
  const ward = identity.account
  const guardian = namedAccount(args.guardian, 'guardian').account
  if (equalBytes(guardian, ward)) {
    throw new InvalidParametersError('"guardian" expected another account than your own')
  }
  const until = untilSeconds(args.until, node.clock.nowMs())
  const rights = rightsOf(args.rights)
  const keepers = keepersOf(node)
  progress({ step: 'delegate' })
  const delegated = await wire(node, keepers, signal)

  progress({ step: 'appoint' })
  const refs = [guardianshipSlot(ward, guardian, p), ownerSlot(ward, p)]
  const [word = 0n, owner = 0n] = await headWords(node, refs, signal)
  const message = {
    ward,
    guardian,
    rights,
    until,
    epoch: decodeOwnerWord(owner)?.epoch || 1,
    version: (decodeGuardianshipWord(word)?.version ?? 0) + 1
  }
  const sig = ownVoice(node).sign('Guardianship', message)
  const sent = await sendMessage(node, { type: 'Guardianship', message, sig }, keepers, signal)
  await keep(node, message, sent)
  return {
    ward: toHex0x(ward),
    guardian: toHex0x(guardian),
    rights: rightNames(rights),
    until,
    block: sent.block.number,
    gas: sent.gasUsed,
    delegated: delegated != null
  }
}

/** By either side; what a ward signed and nobody sent never begins. */
export async function endGuardianship(
  node: Node,
  args: EndArgs,
  { signal }: VerbOptions
): Promise<EndResult> {
  const { primitives: p, identity } = node
  const other = namedAccount(
    args.guardian ?? args.ward ?? '',
    args.ward == null ? 'guardian' : 'ward'
  )
  const isWard = args.guardian != null
  const ward = isWard ? identity.account : other.account
  const guardian = isWard ? other.account : identity.account
  const [word = 0n] = await headWords(node, [guardianshipSlot(ward, guardian, p)], signal)
  const version = (decodeGuardianshipWord(word)?.version ?? 0) + 1
  const message = { ward, guardian, version }
  const sig = ownVoice(node).sign('GuardianshipEnd', message)
  const relayers: readonly PeerIdBytes[] = isWard
    ? keepersOf(node)
    : [...other.keepers, ...keepersOfWard(node, ward)]
  const notice: SignedMessage = { type: 'GuardianshipEnd', message, sig }
  const sent = await sendMessage(node, notice, relayers, signal)
  await keep(node, { ...message, rights: 0, until: 0 }, sent)
  return {
    ward: toHex0x(ward),
    guardian: toHex0x(guardian),
    block: sent.block.number,
    gas: sent.gasUsed
  }
}

export async function listGuardians(
  node: Node,
  args: GuardiansArgs,
  { signal }: VerbOptions
): Promise<GuardiansResult> {
  const { primitives: p, identity, clock } = node
  const own = identity.account
  const pairs = new Map<string, readonly [ward: Address, guardian: Address]>()
  const add = (ward: Address, guardian: Address) =>
    pairs.set(toHex(ward) + toHex(guardian), [ward, guardian])
  if (args.ward == null) {
    for (const { ward, guardian } of node.ledger.guardianships.all()) add(ward, guardian)
    for (const ward of wardsOf(node)) add(ward, own)
  } else add(namedAccount(args.ward, 'ward').account, own)

  const all = [...pairs.values()]
  const refs = all.flatMap(([ward, guardian]) => [
    guardianshipSlot(ward, guardian, p),
    ownerSlot(ward, p)
  ])
  const words = refs.length === 0 ? [] : await headWords(node, refs, signal)
  const now = Math.floor(clock.nowMs() / 1_000)
  const rows: GuardiansResult['guardianships'][number][] = []
  for (const [i, [ward, guardian]] of all.entries()) {
    const given = decodeGuardianshipWord(words[2 * i] ?? 0n)
    const epoch = decodeOwnerWord(words[2 * i + 1] ?? 0n)?.epoch || 1
    const known = given != null && given.status !== 0
    // capsules come from everybody: who is no ward is not listed, unless asked for by name
    if (!known && args.ward == null) continue
    const stands = given?.status === GuardianshipStatus.STANDING && given.epoch === epoch
    const wired = stands && now < given.until && (await isWired(node, ward, signal))
    rows.push({
      ward: toHex0x(ward),
      guardian: toHex0x(guardian),
      direction: equalBytes(ward, own) ? 'mine' : equalBytes(guardian, own) ? 'ward' : 'other',
      rights: rightNames(given?.rights ?? 0),
      until: given?.until ?? 0,
      state: !known
        ? 'none'
        : !stands
          ? 'ended'
          : now >= given.until
            ? 'expired'
            : wired
              ? 'standing'
              : 'unwired'
    })
  }
  return { guardianships: rows }
}

async function keep(
  node: Node,
  given: {
    readonly ward: Address
    readonly guardian: Address
    readonly rights: number
    readonly until: number
    readonly version: number
  },
  sent: TxReceipt
): Promise<void> {
  const { ward, guardian, rights, until, version } = given
  const at = Math.floor(node.clock.nowMs() / 1_000)
  const block = sent.block.number
  const entry = { ward, guardian, rights, until, version, name: '', block, at }
  await node.ledger.record({ t: 'guardianship', ...entry })
}
