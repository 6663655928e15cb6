/**
 * Passing access on and handing it back, through whole nodes: sub-grants, notices and letters.
 */
import { describe, expect, it } from 'vitest'
import { Role } from '../../../core/words.ts'
import type { RunningNode } from '../../../node/index.ts'
import { peerText } from '../../../node/keys/peer-text.ts'
import { inbox } from '../../../node/verbs/answer.ts'
import { delegate } from '../../../node/verbs/delegate.ts'
import { grant } from '../../../node/verbs/grant.ts'
import { listGrants } from '../../../node/verbs/grants.ts'
import { endDelegation, handBack } from '../../../node/verbs/hand-back.ts'
import { history } from '../../../node/verbs/history.ts'
import { tellOwedHandBacks } from '../../../node/verbs/owed-hand-backs.ts'
import { publish } from '../../../node/verbs/publish.ts'
import { retrieve } from '../../../node/verbs/retrieve.ts'
import { revoke } from '../../../node/verbs/revoke.ts'
import { createNetwork, type Network, quiet } from '../../fixtures/network.ts'

const HOSPITAL_ORG = 4
const peerOf = ({ identity }: RunningNode): string => peerText(identity.peer)

interface World {
  readonly net: Network
  readonly recordId: string
  readonly other: string
  readonly sha256: string
  /** The patient's grant to the hospital's clinician. */
  readonly grant: string
  /** Of the same organisation; keeps records for the patient, too. */
  readonly colleague: RunningNode
}

async function world(net: Network, changes: object = {}): Promise<World> {
  const colleague = net.clinics[2] as RunningNode
  const [path, path2] = await Promise.all([
    net.file('record.txt', 'a record of Ana'),
    net.file('other.txt', 'another record of Ana')
  ])
  const { recordId, sha256 } = await publish(net.patient, { path }, quiet())
  const { recordId: other } = await publish(net.patient, { path: path2 }, quiet())
  await net.chain.enrol({
    account: colleague.identity.account,
    org: HOSPITAL_ORG,
    roles: Role.CUSTODIAN
  })
  const given = await grant(
    net.patient,
    {
      to: peerOf(net.hospital),
      records: [recordId, other],
      purpose: ['TREAT', 'COC'],
      until: '2h',
      versions: '1-3',
      budget: 5,
      shareOn: true,
      ...changes
    },
    quiet()
  )
  await net.confirm()
  await inbox(net.hospital, quiet())
  return { net, recordId, other, sha256, grant: given.grant, colleague }
}

/** What this reader gets of the record: its hash, or the name of the error. */
const reads = (node: RunningNode, recordId: string): Promise<string> =>
  retrieve(node, { recordId }, quiet()).then(
    ({ sha256 }) => sha256,
    (err: Error) => err.name
  )
const toColleague = ({ colleague, recordId }: World) => ({
  to: peerOf(colleague),
  records: [recordId],
  until: '1h'
})
const states = async (node: RunningNode) => {
  const { grants, delegations } = await listGrants(node, quiet())
  return [...grants, ...delegations].map(({ state }) => state)
}

describe('passing on', () => {
  it('lets a colleague read one record, until the delegator ends it; the patient sees by whom', async () => {
    await using net = await createNetwork()
    const of = await world(net)
    const { colleague, recordId, other } = of
    const given = await delegate(
      net.hospital,
      { grant: of.grant, ...toColleague(of), purpose: ['TREAT'], budget: 2 },
      quiet()
    )
    expect(given).toMatchObject({
      delivered: true,
      purpose: 'TREAT',
      records: [recordId],
      budget: 2
    })
    expect(await reads(colleague, recordId)).toBe('RecordNotFoundError')
    await inbox(colleague, quiet())

    expect(await reads(colleague, recordId)).toBe(of.sha256)
    expect(await reads(colleague, other)).toBe('RecordNotFoundError')
    expect(await states(net.hospital)).toEqual(['active', 'active'])
    expect(await states(colleague)).toEqual(['active'])
    expect((await listGrants(colleague, quiet())).delegations).toMatchObject([
      { delegation: given.delegation, direction: 'received', peer: peerOf(net.hospital) }
    ])
    const { entries } = await history(net.patient, { record: recordId }, quiet())
    expect(entries.filter((each) => each.kind === 'release')).toContainEqual(
      expect.objectContaining({ delegation: given.delegation })
    )

    const ended = await endDelegation(net.hospital, { delegation: given.delegation }, quiet())

    expect(ended.ended).toMatchObject([
      { grant: of.grant, delegation: given.delegation, missed: [], told: [peerOf(colleague)] }
    ])
    expect(ended.ended[0]?.noticed).toHaveLength(3)
    expect(await reads(colleague, recordId)).toBe('AccessDeniedError')
    await inbox(colleague, quiet())
    expect(await states(colleague)).toEqual(['ended'])
    expect(await reads(colleague, recordId)).toBe('RecordNotFoundError')
    expect(await states(net.hospital)).toEqual(['active', 'ended'])
    expect(await reads(net.hospital, recordId)).toBe(of.sha256)
  }, 60_000)

  it('signs nothing that is wider than the grant, or for nobody', async () => {
    await using net = await createNetwork()
    const of = await world(net)
    const plain = await grant(
      net.patient,
      { to: peerOf(net.hospital), records: [of.recordId], purpose: 'TREAT', until: '1h' },
      quiet()
    )
    await net.confirm()
    await inbox(net.hospital, quiet())
    const fails = (changes: object): Promise<string> =>
      delegate(net.hospital, { grant: of.grant, ...toColleague(of), ...changes }, quiet()).then(
        () => 'given',
        (err: Error) => err.message
      )

    expect(await fails({ grant: 'ab'.repeat(32) })).toContain('no such grant')
    expect(await fails({ grant: plain.grant })).toContain('lets share on')
    expect(await fails({ versions: '1-9' })).toBe('given') // as far as the grant goes
    expect(await fails({ versions: '4' })).toContain('"versions"')
    expect(await fails({ versions: '2-', records: [of.recordId] })).toContain('no such version')
    expect(await fails({ purpose: ['HRESCH'] })).toContain('"purpose"')
    expect(await fails({ until: '3h' })).toContain('"until"')
    expect(await fails({ budget: 6 })).toContain('"budget"')
    expect(await fails({ records: ['ab'.repeat(32)] })).toContain('no such version')
    expect(await fails({ to: peerOf(net.hospital) })).toContain('"to" expected a colleague')
    expect(await fails({ to: peerOf(net.clinics[0] as RunningNode) })).toContain('organisation 4')
    await net.chain.enrol({
      account: net.hospital.identity.account,
      org: HOSPITAL_ORG,
      roles: Role.CUSTODIAN
    })
    // heads are kept for a second
    await expect.poll(() => fails({}), { timeout: 5_000 }).toContain('a clinician')
    await revoke(net.patient, { grant: of.grant }, quiet())
    await net.confirm()
    await net.chain.enrol({
      account: net.hospital.identity.account,
      org: HOSPITAL_ORG,
      roles: Role.CLINICIAN
    })
    await expect.poll(() => fails({}), { timeout: 5_000 }).toContain('stands on the chain')
  }, 60_000)
})

describe('handing back', () => {
  it('ends a grant and all that was passed on under it; the owner hears of it and can revoke', async () => {
    await using net = await createNetwork()
    const of = await world(net)
    const { colleague, recordId } = of
    await delegate(net.hospital, { grant: of.grant, ...toColleague(of) }, quiet())
    await inbox(colleague, quiet())
    expect(await reads(colleague, recordId)).toBe(of.sha256)

    const { ended } = await handBack(net.hospital, { id: recordId }, quiet())

    expect(ended).toMatchObject([{ grant: of.grant, missed: [] }])
    expect(ended[0]?.noticed).toHaveLength(3)
    expect(await reads(net.hospital, recordId)).toBe('RecordNotFoundError')
    expect(await reads(colleague, recordId)).toBe('AccessDeniedError')
    expect(await states(net.hospital)).toEqual(['handed back', 'ended'])
    await Promise.all([inbox(net.patient, quiet()), inbox(colleague, quiet())])
    expect(await states(net.patient)).toEqual(['handed back'])
    expect(await states(colleague)).toEqual(['ended'])

    await revoke(net.patient, { grant: of.grant }, quiet())
    await net.confirm()
    await expect.poll(() => states(net.patient), { timeout: 5_000 }).toEqual(['revoked'])
  }, 60_000)

  it('tells custodians that were away when it is done again, and is done once for the rest', async () => {
    await using net = await createNetwork()
    const of = await world(net)
    const [first] = net.clinics as [RunningNode]
    await first.stop()
    const once = await handBack(net.hospital, { id: of.grant }, quiet())
    await net.restart(0)
    const { signal } = quiet()
    // as upkeep does it
    await expect.poll(() => tellOwedHandBacks(net.hospital, signal), { timeout: 10_000 }).toBe(true)

    const again = await handBack(net.hospital, { id: of.grant }, quiet())

    expect(once.ended).toMatchObject([{ missed: [peerOf(first)] }])
    expect(again.ended).toMatchObject([{ missed: [] }])
    expect(again.ended[0]?.noticed).toHaveLength(3)
    await expect(handBack(net.hospital, { id: 'ab'.repeat(32) }, quiet())).rejects.toThrow(
      'nothing received'
    )
  }, 60_000)
})
