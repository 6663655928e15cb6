/**
 * `keyward demo --attest`: two clinics check a record under grants of their own, vouch for it, and
 * the chain's word on it follows; until one rejects, one is barred, one is suspended (the paper's
 * steps 7 to 9).
 * @module
 */
import { join } from 'node:path'
import type {
  AttestedShowResult,
  AttestResult,
  AttestStatusResult
} from '../../verbs/attest-shapes.ts'
import type { DirectoryActResult, DirectoryJoinResult } from '../../verbs/directory-shapes.ts'
import type { GrantsResult } from '../../verbs/grant-shapes.ts'
import type {
  HistoryResult,
  IdResult,
  InboxResult,
  RecordAddResult,
  RecordGetResult
} from '../../verbs/results.ts'
import type { Member } from '../sample-network.ts'
import type { Scene, Seen, Story } from '../scene.ts'

/** Long enough for the story, short enough to be seen to end. */
const UNTIL = '1h'
const PURPOSE = 'RECORDMGT'

export const attest: Story = async (scene) => {
  const { clinics, hospital, patient, record } = scene
  const [first, second] = clinics as [Member, Member]
  scene.tell('publish', 'a record that two organisations must confirm')
  const added = await scene.ask<RecordAddResult>(patient, 'record.add', { path: record, quorum: 2 })
  const { recordId, sha256 } = added
  const attesters = [hospital, second]
  const next = watching(scene, recordId)
  await next('publish')
  return [
    await readUnderOwnGrants(scene, attesters, recordId, sha256),
    ...(await moveTheState(scene, attesters, recordId, next)),
    await barOneself(scene, first),
    ...(await suspend(scene, first, second, recordId, next)),
    await notedByHerDaemon(scene, recordId)
  ]
}

/** Steps 7 and 8: a grant like anybody's, for this purpose, that ends. */
async function readUnderOwnGrants(
  scene: Scene,
  attesters: readonly Member[],
  recordId: string,
  sha256: string
): Promise<Seen> {
  const { ask, patient } = scene
  const { contact } = await ask<IdResult>(patient, 'id')
  let refused = 0
  let same = 0
  for (const attester of attesters) {
    scene.tell('ask', `${attester.name} asks to check it, and the patient agrees`)
    const terms = { purpose: PURPOSE, until: UNTIL, records: [recordId], reason: 'attestation' }
    const { wish } = await ask<{ wish: string }>(attester, 'request', {
      patient: contact,
      ...terms
    })
    await scene.until('the wish', async () => {
      const { wishes } = await ask<InboxResult>(patient, 'inbox')
      return wishes.find((each) => each.wish === wish)
    })
    await ask(patient, 'approve', { wish })
    await scene.until('the answer', async () => {
      const { replies } = await ask<InboxResult>(attester, 'inbox')
      return replies.find((each) => each.wish === wish)
    })
    const unread = await scene.fails(ask(attester, 'attest', { recordId, verdict: 'confirm' }))
    if (unread === 'InvalidParametersError') refused++
    const { path } = await open(scene, attester, recordId, `${attester.name}.json`)
    if ((await scene.sha256(path)) === sha256) same++
  }
  const { grants } = await ask<GrantsResult>(patient, 'grants')
  const theirs = grants.filter(({ purpose, state }) => purpose === PURPOSE && state === 'active')
  return {
    what: 'attesters read under own grants that end, and vouch for nothing unread',
    ok: theirs.length === 2 && refused === 2 && same === 2,
    detail: `${theirs.length} grants for ${PURPOSE}, ${refused} refused unread, ${same} read alike`
  }
}

/** Step 9: two of two, and a rejection that stands until it is withdrawn. */
async function moveTheState(
  scene: Scene,
  [hospital, second]: readonly Member[],
  recordId: string,
  next: NextState
): Promise<readonly Seen[]> {
  const says = async (who: Member | undefined, verdict: string): Promise<string> => {
    scene.tell('attest', `${who?.name} says: ${verdict}`)
    await scene.ask<AttestResult>(who as Member, 'attest', { recordId, verdict })
    return next(verdict)
  }
  const one = await says(hospital, 'confirm')
  const two = await says(second, 'confirm')
  const rejected = await says(second, 'reject')
  const withdrawn = await says(second, 'withdraw')
  const again = await says(second, 'confirm')
  return [
    {
      what: 'two organisations confirm, and the patient’s node shows it attested',
      ok: one === 'STORED 1/2' && two === 'ATTESTED 2/2',
      detail: `${one}, then ${two}`
    },
    {
      what: 'a rejection stands until its organisation takes it back',
      ok: rejected === 'REJECTED 1/2' && withdrawn === 'STORED 1/2' && again === 'ATTESTED 2/2',
      detail: `${rejected}, ${withdrawn}, ${again}`
    }
  ]
}

/** A clinic's own record, which no colleague may vouch for. */
async function barOneself(scene: Scene, clinic: Member): Promise<Seen> {
  const { ask, hospital, clinics, record } = scene
  scene.tell('directory', `${hospital.name} joins the organisation of ${clinic.name}`)
  const { consent } = await ask<DirectoryJoinResult>(hospital, 'directory.join', {
    org: 1,
    roles: ['clinician', 'attester'],
    to: clinic.peer
  })
  const { org } = await ask<DirectoryActResult>(clinic, 'directory.enrol', { who: consent })
  scene.tell('publish', `${clinic.name} adds a record that its own staff may not attest`)
  const { recordId } = await ask<RecordAddResult>(clinic, 'record.add', {
    path: record,
    custodians: clinics.slice(1).map(({ peer }) => peer),
    threshold: 2,
    replicas: 1,
    bar: 'own'
  })
  const to = hospital.peer
  await ask(clinic, 'grant', { to, records: [recordId], purpose: PURPOSE, until: UNTIL })
  await open(scene, hospital, recordId, 'colleague.json')
  const refused = await ask(hospital, 'attest', { recordId, verdict: 'confirm' }).then(
    () => 'it was taken',
    (err: Error) => err.message
  )
  return {
    what: 'nobody of the author’s own organisation vouches where that is barred',
    ok: org === 1 && refused.includes('RecordRegistryBarredOrganisation'),
    detail: `organisation ${org}: ${refused}`
  }
}

/** What a suspended attester said holds no more, at once and on chain. */
async function suspend(
  scene: Scene,
  admin: Member,
  other: Member,
  recordId: string,
  next: NextState
): Promise<readonly Seen[]> {
  const { ask, hospital, patient } = scene
  scene.tell('suspend', `${admin.name} suspends the account of ${hospital.name}`)
  const { account } = await ask<IdResult>(hospital, 'id')
  await ask(admin, 'directory.suspend', { account })
  const lapsed = (who: Member) =>
    scene.until('the lapse', async () => {
      const status = await ask<AttestStatusResult>(who, 'attest.status', { recordId })
      return status.holds === status.state ? undefined : status
    })
  const before = await lapsed(patient)
  await lapsed(other)
  await ask(other, 'attest.lapse', { recordId })
  const after = await next('lapse')
  return [
    {
      what: 'the verdict of a suspended attester holds no more for whoever looks',
      ok: before.state === 'ATTESTED' && before.holds === 'STORED',
      detail: before.verdicts.map(({ org, lapsed }) => `${org}: ${lapsed ?? 'holds'}`).join(', ')
    },
    {
      what: 'and leaves the chain when anybody says so',
      ok: after === 'STORED 1/2',
      detail: after
    }
  ]
}

/** Nobody mailed her any of it: her daemon followed the chain, and proved what it notes. */
async function notedByHerDaemon({ ask, patient, until }: Scene, recordId: string): Promise<Seen> {
  const noted = await until('her history to end with the lapse', async () => {
    const { entries } = await ask<HistoryResult>(patient, 'history', { record: recordId })
    const kinds = entries.filter(({ custodian }) => custodian === '').map(({ kind }) => kind)
    return kinds.at(-1)?.startsWith('record stored') ? kinds : undefined
  })
  return {
    what: 'her own daemon noted in her history what the chain said, untold and proven',
    ok: noted.some((kind) => kind.startsWith('record attested (2 of 2')),
    detail: noted.join('; ')
  }
}

/** Opens a record once the grant for it is confirmed. */
const open = (scene: Scene, who: Member, recordId: string, name: string) =>
  scene.until(`${who.name} to read it`, async () => {
    await scene.ask<InboxResult>(who, 'inbox')
    const out = join(scene.opened, name)
    return scene.ask<RecordGetResult>(who, 'record.get', { recordId, out }).catch(() => undefined)
  })

/** The next state that the patient's node proves, unlike the last one: "ATTESTED 2/2". */
type NextState = (after: string) => Promise<string>

function watching({ ask, patient, until }: Scene, recordId: string): NextState {
  let last = ''
  return async (after) => {
    last = await until(`the state after "${after}"`, async () => {
      const { attested } = await ask<AttestedShowResult>(patient, 'record.show', { recordId })
      const text = attested && `${attested.state} ${attested.confirmed}/${attested.quorum}`
      return text === last ? undefined : text
    })
    return last
  }
}
