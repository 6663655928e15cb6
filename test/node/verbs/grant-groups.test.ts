import { describe, expect, it } from 'vitest'
import { toHex } from '../../../core/bytes.ts'
import { groupId } from '../../../core/directory-words.ts'
import { hash } from '../../../core/ids.ts'
import { Role } from '../../../core/words.ts'
import { nativePrimitives as p } from '../../../node/crypto/native.ts'
import type { RunningNode } from '../../../node/index.ts'
import { peerText } from '../../../node/keys/peer-text.ts'
import { inbox } from '../../../node/verbs/answer.ts'
import { grant } from '../../../node/verbs/grant.ts'
import { tell } from '../../../node/verbs/grant-tell.ts'
import { listGrants } from '../../../node/verbs/grants.ts'
import { history } from '../../../node/verbs/history.ts'
import { publish } from '../../../node/verbs/publish.ts'
import { retrieve } from '../../../node/verbs/retrieve.ts'
import { named } from '../../fixtures/gate.ts'
import { createNetwork, type Network, quiet } from '../../fixtures/network.ts'

const peerOf = ({ identity }: RunningNode): string => peerText(identity.peer)
const TERMS = { purpose: 'TREAT', until: '1h' }

/** The patient's record, with the names of those who may ask: the hospital and the third clinic. */
interface World {
  readonly net: Network
  readonly recordId: string
  readonly sha256: string
  readonly hospital: RunningNode
  readonly other: RunningNode
}

async function world(net: Network): Promise<World> {
  const path = await net.file('record.txt', 'a record of Ana')
  const { recordId, sha256 } = await publish(net.patient, { path }, quiet())
  return { net, recordId, sha256, hospital: net.hospital, other: net.clinics[2] as RunningNode }
}

/** Org 4 is the hospital's, org 3 the third clinic's. */
const HOSPITAL_ORG = 4
const OTHER_ORG = 3

const seat = ({ net }: World, node: RunningNode, org: number, roles: number) =>
  net.chain.enrol({ account: node.identity.account, org, roles })

const SALT = hash(named('cardiologists'))
const GROUP = groupId(HOSPITAL_ORG, SALT, p)

/** The hospital's admin says who belongs to its group. */
async function setMember({ net }: World, node: RunningNode, member = true): Promise<void> {
  await net.chain.send(
    { type: 'SetGroupMember', salt: SALT, account: node.identity.account, member },
    net.hospital.identity.account
  )
}

/** What this reader gets of the record: its hash, or the name of the error. */
const reads = (node: RunningNode, recordId: string): Promise<string> =>
  retrieve(node, { recordId }, quiet()).then(
    ({ sha256 }) => sha256,
    (err: Error) => err.name
  )

async function refusals({ net }: World): Promise<readonly string[]> {
  const { entries } = await history(net.patient, {}, quiet())
  return [...new Set(entries.flatMap(({ code }) => code ?? []))]
}

/** Grants, makes it count, and lets both look into their mail. */
async function give(at: World, who: object): Promise<string> {
  const { net, hospital, other } = at
  const to = [peerOf(hospital), peerOf(other)]
  const given = await grant(net.patient, { to, records: [at.recordId], ...TERMS, ...who }, quiet())
  expect(given.delivered).toBe(true)
  await net.confirm()
  await inbox(hospital, quiet())
  await inbox(other, quiet())
  return given.grant
}

describe('a grant to an organisation', () => {
  it('opens the record for its members, not for who only has the capsule', async () => {
    await using net = await createNetwork()
    const at = await world(net)

    await give(at, { org: HOSPITAL_ORG, role: 'clinician' })

    expect(await reads(at.hospital, at.recordId)).toBe(at.sha256)
    expect(await reads(at.other, at.recordId)).toBe('AccessDeniedError')
    expect(await refusals(at)).toEqual(['511 MEMBERSHIP'])
    const { grants } = await listGrants(net.patient, quiet())
    expect(grants).toMatchObject([
      {
        kind: 'organisation',
        who: 'org:4+clinician',
        readers: [peerOf(at.hospital), peerOf(at.other)]
      }
    ])
  })

  it('ends for a member with its role, without any act of the patient', async () => {
    await using net = await createNetwork()
    const at = await world(net)
    await give(at, { role: ['clinician', 'relayer'] }) // of whichever organisation
    expect(await reads(at.hospital, at.recordId)).toBe(at.sha256)
    expect(await reads(at.other, at.recordId)).toBe(at.sha256)

    await seat(at, at.hospital, HOSPITAL_ORG, Role.CLINICIAN)
    await net.confirm()

    expect(await reads(at.hospital, at.recordId)).toBe('AccessDeniedError')
    expect(await reads(at.other, at.recordId)).toBe(at.sha256)
  })
})

describe('telling further members', () => {
  it('opens for them what is there and what comes, without any block', async () => {
    await using net = await createNetwork()
    const at = await world(net)
    const { patient } = net
    const other = peerOf(at.other)
    const given = await grant(
      patient,
      { to: peerOf(at.hospital), role: 'clinician', chart: true, ...TERMS },
      quiet()
    )
    await net.confirm()
    await inbox(at.other, quiet())
    expect(await reads(at.other, at.recordId)).toBe('RecordNotFoundError')

    const told = await tell(patient, { grant: given.grant, to: other }, quiet())
    const path = await net.file('later.txt', 'a later one')
    const later = await publish(patient, { path }, quiet())
    await net.confirm()
    await inbox(at.other, quiet())

    expect(told.readers).toEqual([{ peer: other, delivered: true }])
    expect(await reads(at.other, at.recordId)).toBe(at.sha256)
    expect(await reads(at.other, later.recordId)).toBe(later.sha256)
    const one = await grant(patient, { to: other, records: [at.recordId], ...TERMS }, quiet())
    await expect(
      tell(patient, { grant: one.grant, to: peerOf(at.hospital) }, quiet())
    ).rejects.toMatchObject({
      name: 'InvalidParametersError',
      message: expect.stringMatching(/another person needs her own/)
    })
  })
})

describe('a grant to a group', () => {
  it('opens the record for its members, from the moment they are', async () => {
    await using net = await createNetwork()
    const at = await world(net)
    await seat(at, at.hospital, HOSPITAL_ORG, Role.CLINICIAN | Role.ADMIN)
    await setMember(at, at.other)

    await give(at, { group: toHex(GROUP) })

    expect(await reads(at.other, at.recordId)).toBe(at.sha256)
    expect(await reads(at.hospital, at.recordId)).toBe('AccessDeniedError')
    await setMember(at, at.hospital)
    await setMember(at, at.other, false)
    await net.confirm()
    expect(await reads(at.hospital, at.recordId)).toBe(at.sha256)
    expect(await reads(at.other, at.recordId)).toBe('AccessDeniedError')
    expect(await refusals(at)).toEqual(['511 MEMBERSHIP'])
  })
})

describe('a grant by a policy', () => {
  it('is for one account that has all of it: two with half each are both refused', async () => {
    await using net = await createNetwork()
    const at = await world(net)
    await seat(at, at.hospital, HOSPITAL_ORG, Role.ADMIN) // no clinician, but in the group
    await setMember(at, at.hospital)
    const policy = `clinician and group:${toHex(GROUP)}`

    await give(at, { policy })

    expect(await reads(at.hospital, at.recordId)).toBe('AccessDeniedError')
    expect(await reads(at.other, at.recordId)).toBe('AccessDeniedError')
    await setMember(at, at.other)
    await net.confirm()
    expect(await reads(at.other, at.recordId)).toBe(at.sha256)
    expect(await reads(at.hospital, at.recordId)).toBe('AccessDeniedError')
  })

  it('reads "a cardiologist of clinic A or B"', async () => {
    await using net = await createNetwork()
    const at = await world(net)
    await seat(at, at.hospital, HOSPITAL_ORG, Role.CLINICIAN | Role.ADMIN)
    await setMember(at, at.hospital)
    const cardiologists = `clinician+group:${toHex(GROUP)}`
    const policy = `1 of (org:${OTHER_ORG}+${cardiologists}, org:${HOSPITAL_ORG}+${cardiologists})`

    await give(at, { policy })

    expect(await reads(at.hospital, at.recordId)).toBe(at.sha256)
    expect(await reads(at.other, at.recordId)).toBe('AccessDeniedError')
    for (const [node, direction] of [
      [net.patient, 'given'],
      [at.hospital, 'received']
    ] as const) {
      expect((await listGrants(node, quiet())).grants).toMatchObject([
        { direction, kind: 'policy', who: policy.replace('1 of', 'any of'), state: 'active' }
      ])
    }
  })
})
