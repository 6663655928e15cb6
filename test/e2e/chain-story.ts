/**
 * A long history of consent with real transactions: everything that can be sent to the contracts is
 * sent at least once, as the verbs and relayers send it. Each transaction is noted with who truly
 * signed inside of it, which a reader of the chain can recover.
 * @module
 */
import { Interface, Signature, Transaction, Wallet } from 'ethers'
import { compareBytes, concat, fromHex, toHex0x, utf8 } from '../../core/bytes.ts'
import { type Proposal, ProposalKind } from '../../core/directory-words.ts'
import { accountGrantee, GranteeKind, grantId, organisationGrantee } from '../../core/grant.ts'
import { type Address, address, type Hash, hash } from '../../core/ids.ts'
import { encodeTree, treeHash } from '../../core/tree.ts'
import {
  breakGlassDigest,
  type Messages,
  type MessageType,
  type OnChainType,
  signTyped
} from '../../core/typed-data.ts'
import { signAsGuardian, signAsSuccessor } from '../../core/vouch.ts'
import { Role } from '../../core/words.ts'
import { Guardians } from '../../node/chain/abi.ts'
import { encodeCall } from '../../node/chain/calls.ts'
import type { ContractCall } from '../../node/chain/contract-calls.ts'
import { Sender } from '../../node/chain/sender.ts'
import { nativePrimitives as p } from '../../node/crypto/native.ts'
import {
  bytes,
  type Owner,
  type Person,
  type Professional,
  random32,
  type Stage,
  type StoryRecord,
  storyOpening,
  storyRecord
} from './chain-cast.ts'

/** A transaction of the story, by its hash: accounts that its signatures give away. */
export type Signers = Map<string, readonly Address[]>

const guardiansAbi = new Interface(Guardians.abi)
const DAY = 86_400
/** Of messages; odd, so that it is not taken for the end of a grant. */
const DEADLINE = 4_000_000_007
const ZERO = hash(new Uint8Array(32))
const NOBODY = address(new Uint8Array(20))
const GROUP_OF_TWO = 2

export class Story {
  readonly signers: Signers = new Map()
  /** Ids that name an owner as well as her address would. */
  readonly ids = new Map<string, { readonly owner: Owner; readonly id: Uint8Array }>()
  readonly #stage: Stage
  readonly #senders = new Map<Person, Sender>()
  #votes = 0

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Private people who are nobody's patients here. */
  persons(): readonly Person[] {
    const { guardian, helpers, successor } = this.#stage.people
    return [guardian, ...helpers, successor]
  }

  async ask<T>(method: string, ...params: unknown[]): Promise<T> {
    return await this.#sender(this.#stage.people.relayers[0] as Person).rpc.ask(
      method,
      params,
      (result) => result as T
    )
  }

  /** All chapters, one after the other. */
  async *tell(): AsyncGenerator<string> {
    await this.#enrolEverybody()
    yield 'the directory'
    const records = await this.#publish()
    yield 'records'
    await this.#attest(records)
    yield 'verdicts'
    await this.#grantAndRevoke()
    yield 'grants'
    await this.#breakGlass()
    yield 'an emergency'
    await this.#guard()
    yield 'a guardian'
    await this.#recover()
    yield 'a recovery'
    await this.#anchor()
    yield 'anchors'
  }

  // ---- how things are sent

  #sender(who: Person): Sender {
    const known = this.#senders.get(who)
    if (known != null) return known
    const { url, deployment } = this.#stage
    const made = new Sender({ url, accountKey: who.key, chainId: deployment.chainId })
    this.#senders.set(who, made)
    return made
  }

  async #send(from: Person, call: ContractCall, signed: readonly Address[] = []): Promise<void> {
    const { to, data } = encodeCall(call, this.#stage.deployment, p)
    await this.#sendRaw(from, to, data, signed)
  }

  async #sendRaw(from: Person, to: Address, data: Uint8Array, signed: readonly Address[]) {
    const { txHash } = await this.#sender(from).send({ to, data })
    this.signers.set(toHex0x(txHash), signed)
  }

  /** Signed by its owner, paid for by a clinic. */
  async #relay<T extends OnChainType & MessageType>(
    type: T,
    who: Person,
    message: Messages[T]
  ): Promise<void> {
    const sig = signTyped(this.#stage.deployment, type, message, who.key, p)
    const call = { type, message, sig } as unknown as ContractCall
    await this.#send(this.#relayer(who), call, [who.account])
  }

  /** Always the same clinic for one person, as in life. */
  #relayer(who: Person): Professional {
    const { relayers } = this.#stage.people
    return relayers[(who.account[0] as number) % relayers.length] as Professional
  }

  #guardiansCall(method: string, values: readonly unknown[]): Uint8Array {
    return fromHex(guardiansAbi.encodeFunctionData(method, values.map(hexed)))
  }

  #next(owner: Owner, what: string, first = 1): number {
    const next = (owner.numbers.get(what) ?? first - 1) + 1
    owner.numbers.set(what, next)
    return next
  }

  async #pass(seconds: number): Promise<void> {
    await this.ask('evm_increaseTime', seconds)
    await this.ask('evm_mine')
  }

  // ---- chapters

  async #enrolEverybody(): Promise<void> {
    const { admins, newcomer, relayers, doctors, attesters, researcher } = this.#stage.people
    const everybody = [...relayers, ...doctors, ...attesters, researcher]
    for (const member of everybody) {
      await this.#consent(member)
      const admin = admins.find(({ org }) => org === member.org) as Professional
      await this.#send(admin, { type: 'Enrol', account: member.account, roles: member.roles })
    }
    await this.#consent(newcomer)
    const [first] = admins as [Professional]
    await this.#vote(2, ProposalKind.ADMIT, newcomer.org, newcomer.account, 3)
    await this.#vote(3, ProposalKind.SUSPEND_ACCOUNT, researcher.org, researcher.account, 3)
    const researchers = admins.find(({ org }) => org === researcher.org) as Professional
    await this.#send(researchers, { type: 'Reinstate', account: researcher.account })
    for (const doctor of doctors) {
      await this.#send(first, {
        type: 'SetGroupMember',
        salt: this.#groupSalt,
        account: doctor.account,
        member: true
      })
    }
    await this.#relay('BindingEpoch', doctors[1] as Person, {
      account: (doctors[1] as Person).account,
      bindingEpoch: 2
    })
  }

  readonly #groupSalt = random32()

  async #consent(member: Professional): Promise<void> {
    await this.#send(member, {
      type: 'BindingEpoch',
      message: { account: member.account, bindingEpoch: 1 },
      sig: new Uint8Array()
    })
    const { org, roles } = member
    await this.#send(member, { type: 'Consent', org, roles, version: 1, deadline: DEADLINE })
  }

  /** As many admins as the quorum asks, in turn. */
  async #vote(votes: number, kind: number, org: number, account: Address, quorum: number) {
    const { admins, newcomer } = this.#stage.people
    const proposal: Proposal = {
      voterSet: 1 + this.#votes,
      kind,
      org,
      account,
      quorum,
      deadline: DEADLINE
    }
    for (const admin of [...admins, newcomer].slice(0, votes)) {
      await this.#send(admin, { type: 'Vote', proposal })
    }
    if (kind === ProposalKind.ADMIT || kind === ProposalKind.SUSPEND) this.#votes++
  }

  async #publish(): Promise<readonly StoryRecord[]> {
    const { secrets, people } = this.#stage
    const { ana, anaAtTheLab, bo, doctors } = people
    const made: StoryRecord[] = []
    for (const [owner, label] of [
      [ana, 'blood count'],
      [ana, 'discharge letter'],
      [anaAtTheLab, 'gene panel'],
      [bo, 'vaccination card']
    ] as const) {
      const record = storyRecord(secrets, owner, label)
      made.push(record, storyRecord(secrets, owner, label, 2, record))
    }
    for (const record of made) await this.#register([record], 1)
    const many = Array.from({ length: 8 }, (_, i) => storyRecord(secrets, ana, `scan ${i}`))
    await this.#register(many, 2)
    // where policy bars the author's own organisation from vouching, it shows
    const [, barring] = doctors as [Professional, Professional]
    const letter = storyRecord(secrets, bo, 'letter by the Mill')
    await this.#register([letter], 1, barring.org)
    await this.#change(made[0] as StoryRecord, 0, 2)
    await this.#change(made[0] as StoryRecord, 4, 2)
    await this.#change(many[7] as StoryRecord, 5, 1)
    // one who pays for herself
    const { tag: recordTag, anchor } = storyRecord(secrets, ana, 'diary')
    const item = { recordTag, status: 1, shareEpoch: 1, quorum: 1, barredOrg: 0, anchor }
    const message = { owner: ana.account, items: [item], deadline: DEADLINE }
    await this.#send(ana, { type: 'Records', message, sig: new Uint8Array() })
    return made
  }

  async #register(records: readonly StoryRecord[], quorum: number, barredOrg = 0): Promise<void> {
    const { owner } = records[0] as StoryRecord
    for (const { tag } of records) this.#noteId(owner, p.keccak256(pad(owner.account), tag))
    await this.#relay('Records', owner, {
      owner: owner.account,
      items: records.map(({ tag: recordTag, anchor }) => ({
        recordTag,
        status: 1,
        shareEpoch: 1,
        quorum,
        barredOrg,
        anchor
      })),
      deadline: DEADLINE
    })
  }

  async #change({ owner, tag: recordTag }: StoryRecord, status: number, shareEpoch: number) {
    const none = { quorum: 0, barredOrg: 0, anchor: ZERO }
    const items = [{ recordTag, status, shareEpoch, ...none }]
    await this.#relay('Records', owner, { owner: owner.account, items, deadline: DEADLINE })
  }

  async #attest(records: readonly StoryRecord[]): Promise<void> {
    const { attesters, admins, relayers } = this.#stage.people
    const [first, second] = attesters as [Professional, Professional]
    const attest = (by: Professional, { owner, tag, anchor }: StoryRecord, verdict: number) =>
      this.#send(by, { type: 'Attest', owner: owner.account, recordTag: tag, verdict, anchor })
    const [, blood2, , letter2, gene1] = records
    await attest(first, blood2 as StoryRecord, 1)
    await attest(second, blood2 as StoryRecord, 1)
    await attest(first, letter2 as StoryRecord, 2)
    await attest(first, letter2 as StoryRecord, 3)
    await attest(second, gene1 as StoryRecord, 1)
    // an attester is suspended: anybody may say that her verdict lapsed
    const admin = admins.find(({ org }) => org === second.org) as Professional
    await this.#send(admin, { type: 'Suspend', account: second.account })
    const { owner, tag: recordTag } = gene1 as StoryRecord
    const lapse = { type: 'Lapse', owner: owner.account, recordTag, org: second.org } as const
    await this.#send(relayers[0] as Person, lapse)
  }

  async #grantAndRevoke(): Promise<void> {
    const { secrets, people } = this.#stage
    const { ana, anaAtTheLab, bo, doctors, researcher, attesters } = people
    const [ruth, piet] = doctors as [Professional, Professional]
    const group = p.keccak256(pad(orgBytes(ruth.org)), this.#groupSalt)
    const tree = encodeTree({
      k: GROUP_OF_TWO,
      of: [
        { org: piet.org, roles: Role.CLINICIAN, group: undefined },
        { org: 0, roles: 0, group: hash(group) }
      ]
    })
    secrets.set('a policy tree', tree)
    secrets.set('a group', group)
    const kinds = [
      { granteeKind: GranteeKind.ACCOUNT, grantee: accountGrantee(ruth.account) },
      {
        granteeKind: GranteeKind.ACCOUNT,
        grantee: accountGrantee(attesters[0]?.account as Address)
      },
      {
        granteeKind: GranteeKind.ORGANISATION,
        grantee: organisationGrantee(researcher.org, Role.RESEARCHER)
      },
      { granteeKind: GranteeKind.GROUP, grantee: hash(group) },
      { granteeKind: GranteeKind.TREE, grantee: treeHash(tree, p) }
    ]
    for (const owner of [ana, anaAtTheLab, bo]) {
      const given = kinds.map((who) => storyOpening(secrets, owner, who))
      for (const each of given) await this.#grant(owner, [each])
      await this.#grant(owner, given.slice(0, 2)) // renewed, in one batch
      await this.#grant(
        owner,
        Array.from({ length: owner === ana ? 64 : 8 }, () =>
          storyOpening(secrets, owner, kinds[0] as (typeof kinds)[0])
        )
      )
      const [one, two, three] = given as [Given, Given, Given] & Given[]
      await this.#revoke(owner, [one])
      await this.#revoke(owner, [two, three])
      await this.#revoke(owner, [storyOpening(secrets, owner, kinds[3] as (typeof kinds)[0])])
    }
    // HRESCH and HMARKT: what is opted out of is read by every custodian, from the owner's word
    await this.#relay('OptOut', ana, { owner: ana.account, purposes: 0x1400, version: 1 })
    await this.#relay('RevokeAll', anaAtTheLab, {
      owner: anaAtTheLab.account,
      epoch: this.#next(anaAtTheLab, 'epoch', 2)
    })
    // one who pays for herself
    const own = storyOpening(secrets, bo, kinds[0] as (typeof kinds)[0])
    await this.#grant(bo, [own], bo)
    await this.#revoke(bo, [own], bo)
  }

  async #grant(owner: Owner, given: readonly Given[], by: Person = this.#relayer(owner)) {
    const items = given.map(({ opening, hash: of }) => {
      const id = grantId(owner.account, of, p)
      this.#noteId(owner, id)
      return { opening, version: this.#next(owner, toHex0x(id)) }
    })
    const epoch = owner.numbers.get('epoch') ?? 1
    await this.#own('Grants', owner, by, { owner: owner.account, items, epoch, deadline: DEADLINE })
  }

  async #revoke(owner: Owner, given: readonly Given[], by: Person = this.#relayer(owner)) {
    const items = given.map(({ hash: of }) => {
      const id = grantId(owner.account, of, p)
      this.#noteId(owner, id)
      return { openingHash: of, version: this.#next(owner, toHex0x(id)) }
    })
    await this.#own('Revocations', owner, by, { owner: owner.account, items })
  }

  /** Sent by its owner without a signature, or with one by somebody else. */
  async #own<T extends OnChainType & MessageType>(
    type: T,
    owner: Owner,
    by: Person,
    message: Messages[T]
  ) {
    if (by !== owner) return await this.#relay(type, owner, message)
    const call = { type, message, sig: new Uint8Array() } as unknown as ContractCall
    await this.#send(owner, call)
  }

  async #breakGlass(): Promise<void> {
    const { deployment, secrets, people } = this.#stage
    const { ana, bo, doctors, admins } = people
    const signing = [...doctors].sort((a, b) => compareBytes(a.account, b.account))
    const [asks] = doctors as [Professional]
    for (const owner of [ana, bo]) {
      await this.#relay('Wish', owner, { owner: owner.account, wish: 2, version: 1 })
      const { opening, hash: openingHash } = storyOpening(
        secrets,
        owner,
        { granteeKind: GranteeKind.ACCOUNT, grantee: accountGrantee(asks.account) },
        { purposes: 1 << 4, scope: ZERO, notBefore: 1_800_123_457, notAfter: 1_800_209_851 }
      )
      const reason = utf8(`${owner.name} is unconscious after a fall from the stairs`)
      const outcome = utf8(`review of ${owner.name}: it was justified`)
      const [reasonSalt, outcomeSalt] = [random32(), random32()]
      secrets.set(`reason of ${owner.name}`, reason)
      secrets.set(`reason's salt of ${owner.name}`, reasonSalt)
      secrets.set(`outcome of ${owner.name}`, outcome)
      secrets.set(`outcome's salt of ${owner.name}`, outcomeSalt)
      const reasonHash = hash(p.sha256(reasonSalt, reason))
      const outcomeHash = hash(p.sha256(outcomeSalt, outcome))
      const glass = { owner: owner.account, openingHash, reasonHash, epoch: 1 }
      secrets.set(`salt of an emergency of ${owner.name}`, opening.salt)
      const digest = breakGlassDigest(deployment, glass, p)
      const signatures = signing.map(({ key }) => p.secp256k1Sign(key, digest))
      const notice = hash(grantId(owner.account, openingHash, p))
      this.#noteId(owner, notice)
      this.#noteId(owner, p.keccak256(notice))
      await this.#send(
        asks,
        { type: 'BreakGlass', ...glass, signatures },
        doctors.map(({ account }) => account)
      )
      if (owner === bo) {
        await this.#relay('Review', owner, { owner: owner.account, openingHash, outcomeHash })
      } else {
        await this.#send(admins[2] as Person, { type: 'ReviewNotice', notice, outcomeHash })
      }
    }
  }

  async #guard(): Promise<void> {
    const { deployment, secrets, people } = this.#stage
    const { bo, guardian, doctors } = people
    await this.#delegate(bo)
    const terms = { rights: 7, until: 1_999_999_999, epoch: 1, version: 1 }
    const message = { ward: bo.account, guardian: guardian.account, ...terms }
    const sig = signTyped(deployment, 'Guardianship', message, bo.key, p)
    const to = deployment.guardians as Address
    const appoint = this.#guardiansCall('appointBySig', [...Object.values(message), sig])
    await this.#sendRaw(this.#relayer(bo), to, appoint, [bo.account])

    const [doctor] = doctors as [Professional]
    const who = { granteeKind: GranteeKind.ACCOUNT, grantee: accountGrantee(doctor.account) }
    const given = storyOpening(secrets, bo, who)
    this.#noteId(bo, grantId(bo.account, given.hash, p))
    const grants = {
      owner: bo.account,
      items: [{ opening: given.opening, version: 1 }],
      epoch: 1,
      deadline: DEADLINE
    }
    await this.#send(
      this.#relayer(bo),
      {
        type: 'Grants',
        message: grants,
        sig: signAsGuardian(deployment, 'Grants', grants, guardian.key, p)
      },
      [guardian.account]
    )
    const end = { ward: bo.account, guardian: guardian.account, version: 2 }
    const endSig = signTyped(deployment, 'GuardianshipEnd', end, guardian.key, p)
    const values = [guardian.account, ...Object.values(end), endSig]
    const ended = this.#guardiansCall('endBySig', values)
    await this.#sendRaw(this.#relayer(bo), to, ended, [guardian.account])
  }

  /** EIP-7702: by its owner's authorisation, in a transaction that a clinic pays for. */
  async #delegate(owner: Owner): Promise<void> {
    const { deployment } = this.#stage
    const payer = this.#relayer(owner)
    const count = async (who: Person): Promise<number> =>
      Number(await this.ask('eth_getTransactionCount', toHex0x(who.account), 'pending'))
    const authorization = new Wallet(toHex0x(owner.key)).authorizeSync({
      address: toHex0x(deployment.wardAccount as Address),
      nonce: await count(owner),
      chainId: deployment.chainId
    })
    const unsigned = Transaction.from({
      type: 4,
      chainId: deployment.chainId,
      nonce: await count(payer),
      to: toHex0x(payer.account),
      gasLimit: 200_000,
      maxFeePerGas: 5_000_000_000n,
      maxPriorityFeePerGas: 1_000_000_000n,
      authorizationList: [authorization]
    })
    const sig = p.secp256k1Sign(payer.key, fromHex(unsigned.unsignedHash))
    unsigned.signature = Signature.from(toHex0x(sig))
    const txHash = await this.ask<string>('eth_sendRawTransaction', unsigned.serialized)
    for (;;) {
      const receipt = await this.ask<{ status: string } | null>('eth_getTransactionReceipt', txHash)
      if (receipt?.status === '0x1') break
      if (receipt != null) throw new Error('the delegation reverted')
    }
    this.signers.set(txHash, [owner.account])
  }

  async #recover(): Promise<void> {
    const { deployment, people, secrets } = this.#stage
    const { cem, successor, helpers, doctors } = people
    const to = deployment.guardians as Address
    await this.#relay('BindingEpoch', cem, { account: cem.account, bindingEpoch: 1 })
    await this.#delegate(cem)
    // a clinician among the helpers: known to nobody until they act
    const helping = [...helpers, doctors[0] as Person]
    helping.sort((a, b) => compareBytes(a.account, b.account))
    const plan = { salt: random32(), threshold: 2, helpers: helping.map(({ account }) => account) }
    const planned = [toHex0x(plan.salt), plan.threshold, plan.helpers.map((each) => toHex0x(each))]
    const planHash = await this.#planHash(planned)
    secrets.set('unsalted hash of the helpers', p.keccak256(...plan.helpers.map(pad)))
    const setPlan = { account: cem.account, planHash, delaySeconds: DAY, version: 1 }
    const planSig = signTyped(deployment, 'RecoveryPlan', setPlan, cem.key, p)
    const sent = this.#guardiansCall('setPlanBySig', [...Object.values(setPlan), planSig])
    await this.#sendRaw(this.#relayer(cem), to, sent, [cem.account])
    for (const round of [1, 2]) {
      const named = { account: cem.account, successor: successor.account, planVersion: 1, round }
      const signatures = helping.map(({ key }, i) =>
        i === 1 ? new Uint8Array() : signTyped(deployment, 'Recovery', named, key, p)
      )
      const proposal = [named.account, named.successor, round, planned, signatures]
      await this.#sendRaw(
        this.#relayer(cem),
        to,
        this.#guardiansCall('propose', proposal),
        helping.filter((_, i) => i !== 1).map(({ account }) => account)
      )
      if (round === 2) break
      const veto = { account: cem.account, round }
      const sig = signTyped(deployment, 'Veto', veto, cem.key, p)
      const vetoed = this.#guardiansCall('vetoBySig', [...Object.values(veto), sig])
      await this.#sendRaw(this.#relayer(cem), to, vetoed, [cem.account])
    }
    await this.#pass(DAY + 1)
    const complete = this.#guardiansCall('complete', [cem.account])
    await this.#sendRaw(this.#relayer(cem), to, complete, [])
    // the successor speaks for the old account
    const message = { owner: cem.account, epoch: 2 }
    const sig = signAsSuccessor(deployment, 'RevokeAll', message, successor.key, p)
    const revoked = { type: 'RevokeAll', message, sig } as const
    await this.#send(this.#relayer(cem), revoked, [successor.account])
  }

  async #planHash(planned: readonly unknown[]): Promise<Hash> {
    const data = guardiansAbi.encodeFunctionData('planHashOf', [planned])
    const call = { to: toHex0x(this.#stage.deployment.guardians as Address), data }
    return hash(fromHex(await this.ask<string>('eth_call', call, 'latest')))
  }

  async #anchor(): Promise<void> {
    const { relayers, secrets } = { ...this.#stage, ...this.#stage.people }
    const [first, second] = relayers as [Professional, Professional]
    const salt = random32()
    secrets.set('salt of a log', salt)
    const peer = secrets.get(`peer id of ${first.name}`) as Uint8Array
    const logTag = hash(p.keccak256(p.sha256(peer), salt))
    const link = bytes(140)
    secrets.set('a receipt link', link)
    const root = hash(p.sha256(Uint8Array.of(0), p.sha256(link)))
    for (const toSeq of [3, 9]) {
      const items = [{ logTag, root, toSeq }]
      const message = { writer: first.account, items }
      await this.#send(first, { type: 'Anchors', message, sig: new Uint8Array() })
    }
    const message = { writer: first.account, items: [{ logTag, root, toSeq: 12 }] }
    const sig = signTyped(this.#stage.deployment, 'Anchors', message, first.key, p)
    await this.#send(second, { type: 'Anchors', message, sig }, [first.account])
    await this.#vote(3, ProposalKind.SUSPEND, first.org, NOBODY, 2)
  }

  #noteId(owner: Owner, id: Uint8Array): void {
    this.ids.set(toHex0x(id), { owner, id })
  }
}

type Given = ReturnType<typeof storyOpening>

export const pad = (value: Uint8Array): Uint8Array =>
  concat(new Uint8Array(32 - value.byteLength), value)

export const orgBytes = (org: number): Uint8Array => {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, org)
  return out
}

const hexed = (value: unknown): unknown =>
  value instanceof Uint8Array ? toHex0x(value) : Array.isArray(value) ? value.map(hexed) : value
