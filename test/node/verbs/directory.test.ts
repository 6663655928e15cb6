/**
 * The Directory by verbs: who joins, who decides, and what is proven of it. A whole network on a
 * memory chain; its clinics are admins of organisations 1 to 3, the hospital of 4.
 */
import { describe, expect, it } from 'vitest'
import { groupId } from '../../../core/directory-words.ts'
import { hash } from '../../../core/ids.ts'
import { Role } from '../../../core/words.ts'
import { peerText } from '../../../node/keys/peer-text.ts'
import { showDirectory, showVoters } from '../../../node/verbs/directory.ts'
import {
  enrolAccount,
  listConsents,
  onAccount,
  restrictAccount
} from '../../../node/verbs/directory-admin.ts'
import { groupMember, listGroups, newGroup } from '../../../node/verbs/directory-group.ts'
import { joinDirectory, leaveDirectory } from '../../../node/verbs/directory-join.ts'
import { propose, voteFor, voteStatus } from '../../../node/verbs/directory-vote.ts'
import { publish } from '../../../node/verbs/publish.ts'
import { ATTESTER, seat } from '../../fixtures/attesting.ts'
import { createNetwork, type Network, quiet } from '../../fixtures/network.ts'

type Clinic = Network['hospital']

async function withAdmins(): Promise<Network & { readonly admins: readonly Clinic[] }> {
  const net = await createNetwork()
  for (const [i, clinic] of net.clinics.entries()) {
    await seat(net, clinic, i + 1, ATTESTER | Role.ADMIN)
  }
  await net.chain.mine(2)
  return Object.assign(net, { admins: net.clinics })
}

const account = ({ identity }: Clinic): string => Buffer.from(identity.account).toString('hex')
const shown = (by: Clinic, who?: string | number) =>
  showDirectory(by, who == null ? {} : { who }, quiet())

describe('joining an organisation', () => {
  it('takes the account’s consent, as text, and an admin', async () => {
    await using net = await withAdmins()
    const [admin] = net.admins as [Clinic]

    const { consent, roles } = await joinDirectory(
      net.hospital,
      { org: 1, roles: ['attester', 'clinician'] },
      quiet()
    )
    expect(roles).toEqual(['clinician', 'attester'])
    const enrolled = await enrolAccount(admin, { who: consent }, quiet())

    expect(enrolled).toMatchObject({ org: 1, roles: ['clinician', 'attester'], status: 'open' })
    await net.confirm()
    expect((await shown(net.patient, account(net.hospital))).account).toMatchObject({
      org: 1,
      roles: ['clinician', 'attester']
    })
    // used up: the same text enrols nobody again
    await expect(enrolAccount(admin, { who: consent }, quiet())).rejects.toMatchObject({
      name: 'TransactionFailedError',
      message: expect.stringContaining('another consent since')
    })
  }, 30_000)

  it('goes by mail, or over the chain', async () => {
    await using net = await withAdmins()
    const [first, second] = net.admins as [Clinic, Clinic]
    const to = second.addrs[0] as string

    const mailed = await joinDirectory(net.hospital, { org: 2, roles: ['attester'], to }, quiet())
    expect(mailed.delivered).toBe(peerText(second.identity.peer))
    const { consents } = await listConsents(second, quiet())
    expect(consents).toMatchObject([{ org: 2, roles: ['attester'], state: 'waiting' }])
    expect(await enrolAccount(second, { who: account(net.hospital) }, quiet())).toMatchObject({
      org: 2
    })
    await net.confirm()

    const sent = await joinDirectory(
      net.hospital,
      { org: 1, roles: ['clinician'], send: true },
      quiet()
    )
    expect(sent.block).toBeGreaterThan(0)
    await net.confirm()
    expect((await shown(first, account(net.hospital))).consent).toEqual({
      org: 1,
      roles: ['clinician']
    })
    expect(await enrolAccount(first, { who: account(net.hospital) }, quiet())).toMatchObject({
      org: 1,
      roles: ['clinician']
    })
    await net.confirm()
    expect((await listConsents(second, quiet())).consents).toMatchObject([{ state: 'used' }])
    expect(await leaveDirectory(net.hospital, quiet())).toMatchObject({ org: 0, roles: [] })
  }, 30_000)

  it('opens an account that has no word yet', async () => {
    await using net = await withAdmins()
    const { patient } = net
    expect((await shown(patient)).account).toMatchObject({ status: 'none', bindingEpoch: 0 })

    await expect(
      joinDirectory(patient, { org: 1, roles: ['researcher'] }, quiet())
    ).rejects.toMatchObject({ name: 'TransactionFailedError' }) // nobody relays for her yet

    await publish(patient, { path: await net.file('a.txt', 'a') }, quiet())
    // she pays for nothing: a clinic relays her consent
    const join = { org: 1, roles: ['researcher' as const], send: true }
    const { block } = await joinDirectory(patient, join, quiet())
    expect(block).toBeGreaterThan(0)
    await net.confirm()
    await enrolAccount(net.admins[0] as Clinic, { who: account(patient) }, quiet())
    await net.confirm()
    expect((await shown(patient)).account).toMatchObject({ org: 1, roles: ['researcher'] })
  }, 30_000)

  it('is refused without consent, for other roles, and by who is no admin', async () => {
    await using net = await withAdmins()
    const [admin, other] = net.admins as [Clinic, Clinic]
    const who = account(net.hospital)
    await expect(enrolAccount(admin, { who }, quiet())).rejects.toMatchObject({
      name: 'InvalidParametersError',
      message: expect.stringContaining('got none')
    })
    const { consent } = await joinDirectory(net.hospital, { org: 1, roles: ['attester'] }, quiet())

    const refusals = [
      [admin, { who: consent, roles: ['admin'] }, 'consented to: attester'],
      [other, { who: consent }, 'organisation 2, got one for organisation 1'],
      [admin, { who: consent.replace(/(.{40})..../, '$10000') }, '"consent.sig" expected'],
      [admin, { who: consent.slice(0, 60) }, '"who" expected']
    ] as const
    for (const [by, args, message] of refusals) {
      await expect(enrolAccount(by, args as never, quiet()), message).rejects.toThrow(message)
    }
    await seat(net, admin, 1, ATTESTER)
    await net.confirm()
    await expect(enrolAccount(admin, { who: consent }, quiet())).rejects.toMatchObject({
      message: expect.stringContaining('not an admin')
    })
  }, 30_000)
})

describe('an admin', () => {
  it('takes roles away, suspends, reinstates and dismisses, and never gives', async () => {
    await using net = await withAdmins()
    const [admin] = net.admins as [Clinic]
    await seat(net, net.hospital, 1)
    const who = { account: account(net.hospital) }
    const roles = ['clinician', 'attester'] as const

    const restricted = await restrictAccount(admin, { ...who, roles: [...roles] }, quiet())
    expect(restricted.roles).toEqual(roles)
    await expect(
      restrictAccount(admin, { ...who, roles: ['relayer'] }, quiet())
    ).rejects.toMatchObject({ message: expect.stringContaining('only takes roles away') })
    expect(await onAccount('Suspend')(admin, who, quiet())).toMatchObject({ status: 'suspended' })
    await expect(onAccount('Suspend')(admin, who, quiet())).rejects.toMatchObject({
      message: expect.stringContaining('DirectoryNotOpen')
    })
    expect(await onAccount('Reinstate')(admin, who, quiet())).toMatchObject({ status: 'open' })
    expect(await onAccount('Dismiss')(admin, who, quiet())).toMatchObject({ org: 0, roles: [] })
    await expect(onAccount('Dismiss')(admin, who, quiet())).rejects.toMatchObject({
      message: expect.stringContaining('not of this organisation')
    })
  }, 30_000)

  it('keeps groups, whose id hides their name', async () => {
    await using net = await withAdmins()
    const [admin, second] = net.admins as [Clinic, Clinic]
    const { group, salt } = await newGroup(admin, { name: 'cardiology' }, quiet())
    const id = groupId(1, hash(Buffer.from(salt, 'hex')), admin.primitives)
    expect(group).toBe(Buffer.from(id).toString('hex'))

    const member = { group: 'cardiology', account: account(net.hospital) }
    await groupMember(true)(admin, member, quiet())
    await expect(groupMember(true)(admin, member, quiet())).rejects.toMatchObject({
      message: expect.stringContaining('so already')
    })
    await net.confirm()
    expect((await listGroups(admin, {}, quiet())).groups).toMatchObject([
      { name: 'cardiology', group, org: 1, members: [`0x${account(net.hospital)}`] }
    ])

    await groupMember(false)(admin, { ...member, group: `group:${group}` }, quiet())
    await net.confirm()
    expect((await listGroups(admin, {}, quiet())).groups).toMatchObject([{ members: [] }])
    await expect(newGroup(admin, { name: 'cardiology' }, quiet())).rejects.toThrow('taken')
    await expect(groupMember(true)(second, member, quiet())).rejects.toThrow('no group')
  }, 30_000)
})

describe('votes', () => {
  it('suspend and reinstate an organisation by a majority, and show who voted', async () => {
    await using net = await withAdmins()
    const [a, b, c] = net.admins as [Clinic, Clinic, Clinic]
    expect(await showVoters(net.patient, {}, quiet())).toMatchObject({
      voterSet: 1,
      voters: 4,
      quorum: 3
    })

    const first = await propose(a, { kind: 'suspend', org: 4 }, quiet())
    expect(first).toMatchObject({ votes: 1, quorum: 3, state: 'open', voted: [1] })
    expect(first.proposal).toMatch(/^suspend 4 quorum 3 voters 1 until \d{10}$/)
    await expect(voteFor(a, { proposal: first.proposal }, quiet())).rejects.toThrow(
      'has voted for it before'
    )
    await voteFor(b, { proposal: first.proposal }, quiet())
    const last = await voteFor(c, { proposal: `  ${first.proposal} ` }, quiet())

    expect(last).toMatchObject({ state: 'carried out', voted: [1, 2, 3], votes: 3 })
    await net.confirm()
    const { voters, organisations, voterSet } = await showVoters(a, {}, quiet())
    expect([voters, voterSet]).toEqual([3, 2])
    expect(organisations).toContainEqual({ org: 4, status: 'suspended' })
    expect((await voteStatus(a, {}, quiet())).proposals).toMatchObject([{ state: 'carried out' }])
    const back = await propose(a, { kind: 'reinstate', org: 4 }, quiet())
    expect(back.proposal).toMatch(/^reinstate 4 quorum 3 voters 2 /)
    // three of the two that would be left could never agree
    const next = await propose(a, { kind: 'suspend', org: 3 }, quiet())
    expect(next.proposal).toMatch(/^suspend 3 quorum 2 voters 2 /)
  }, 30_000)

  it('admit an organisation with its admin, who consented', async () => {
    await using net = await withAdmins()
    const [a, b, c] = net.admins as [Clinic, Clinic, Clinic]
    const roles = ['custodian', 'admin'] as const
    await joinDirectory(net.hospital, { org: 9, roles: [...roles], send: true }, quiet())
    const { proposal } = await propose(
      a,
      { kind: 'admit', org: 9, account: account(net.hospital) },
      quiet()
    )
    const other = await propose(a, { kind: 'suspend', org: 4 }, quiet())
    await voteFor(b, { proposal }, quiet())
    expect(await voteFor(c, { proposal }, quiet())).toMatchObject({ state: 'carried out' })

    await net.confirm()
    expect(await shown(a, 9)).toEqual({ organisation: { org: 9, status: 'active' } })
    expect((await shown(a, account(net.hospital))).account).toMatchObject({ org: 9, roles })
    // proposals of the old set of voters are dead
    const { proposals } = await voteStatus(a, { proposal: other.proposal }, quiet())
    expect(proposals).toMatchObject([{ state: 'dead' }])
    await expect(voteFor(b, { proposal: other.proposal }, quiet())).rejects.toThrow(
      'propose it anew'
    )
  }, 30_000)

  it('refuse what makes no proposal', async () => {
    await using net = await withAdmins()
    const [a] = net.admins as [Clinic]
    const account = '1'.repeat(40)
    const terms = [
      { kind: 'remove', org: 4, account },
      { kind: 'admit', org: 9 }
    ]
    const lines = ['', 'burn 4 quorum 3 voters 1 until 1790000000', 'suspend 4 quorum 3']
    const invalid = 'InvalidParametersError'

    for (const args of terms) {
      await expect(propose(a, args as never, quiet()), args.kind).rejects.toMatchObject({
        name: invalid,
        message: expect.stringContaining('"account"')
      })
    }
    for (const proposal of lines) {
      await expect(voteFor(a, { proposal }, quiet()), proposal).rejects.toMatchObject({
        name: invalid,
        message: expect.stringContaining('"proposal"')
      })
    }
    expect((await voteStatus(a, {}, quiet())).proposals).toEqual([])
  })
})
