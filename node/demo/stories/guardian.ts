/**
 * `keyward demo --guardian`: a child's record, whose mother grants and revokes in the child's name
 * until it is of age; and a lost phone, whose helpers propose a successor until the owner, who found
 * it again, vetoes. A recovery that completes waits for a day at least, which no demo can:
 * test/e2e/guardian.test.ts lets it pass on a real chain.
 * @module
 */
import { join } from 'node:path'
import type { GrantResult } from '../../verbs/grant-shapes.ts'
import type {
  AppointResult,
  GuardiansResult,
  HelpResult,
  PlanResult,
  RecoveryResult
} from '../../verbs/guardian-shapes.ts'
import type {
  IdResult,
  InboxResult,
  RecordAddResult,
  RecordGetResult,
  RevokeResult
} from '../../verbs/results.ts'
import type { Member } from '../sample-network.ts'
import type { Scene, Seen, Story } from '../scene.ts'

/** The child's last seconds as one: long enough to be appointed for, short enough to wait. */
const COMING_OF_AGE_SECONDS = 6

interface Family {
  readonly mother: Member
  readonly child: IdResult
  readonly motherId: IdResult
  readonly recordId: string
  readonly sha256: string
}

export const guardian: Story = async (scene) => {
  const family = await startFamily(scene)
  const appointed = await appoint(scene, family, '3650d')
  const granted = await grantForChild(scene, family)
  return [
    {
      what: 'the child’s account gets its code, and a clinic pays',
      ok: appointed.delegated && appointed.gas > 0,
      detail: `guardian ${appointed.guardian} may ${appointed.rights.join(' and ')}`
    },
    granted.seen,
    await revokeForChild(scene, family, granted.grant),
    await comeOfAge(scene, family),
    ...(await loseAndFind(scene, family))
  ]
}

async function startFamily(scene: Scene): Promise<Family> {
  const { patient, record, own, ask } = scene
  scene.tell('family', 'a child with a record, and her mother with a phone of her own')
  const mother = await startPhone(scene, 'mother')
  const { recordId, sha256 } = await ask<RecordAddResult>(patient, 'record.add', { path: record })
  // her own record, too: custodians keep mail for those whose records they keep
  await ask<RecordAddResult>(mother, 'record.add', { path: record, name: 'hers.json' })
  const [child, motherId] = await Promise.all([
    ask<IdResult>(patient, 'id'),
    ask<IdResult>(mother, 'id')
  ])
  scene.tell('files', own)
  return { mother, child, motherId, recordId, sha256 }
}

function startPhone({ network, clinics }: Scene, name: string): Promise<Member> {
  const bootstrap = clinics[0]?.addrs.slice(0, 1) ?? []
  const custodians = clinics.map(({ peer }) => peer)
  return network.start({
    name,
    profile: 'patient',
    config: { bootstrap, custody: { custodians, threshold: 2, replicas: 2 } }
  })
}

const appoint = ({ ask, patient, ...scene }: Scene, family: Family, until: string) => {
  scene.tell('appoint', `the mother may act for the child, until ${until}`)
  return ask<AppointResult>(patient, 'guardian.appoint', {
    guardian: family.motherId.account,
    rights: ['grant', 'revoke'],
    until
  })
}

async function grantForChild(
  scene: Scene,
  { mother, child, motherId, recordId, sha256 }: Family
): Promise<{ readonly grant: string; readonly seen: Seen }> {
  const { ask, patient, hospital, opened } = scene
  scene.tell('grant', 'the child’s record to her mother, as family')
  const hers = { to: motherId.contact, records: [recordId], purpose: 'FAMRQT', until: '3650d' }
  const { grant: family } = await ask<GrantResult>(patient, 'grant', hers)
  await inInbox(scene, mother, family)

  scene.tell('grant', `the mother lets the ${hospital.name} read, in the child’s name`)
  const { grant } = await scene.until('the guardianship', () =>
    ask<GrantResult>(mother, 'grant', schoolTerms(scene, child, recordId)).catch(ignore)
  )
  await inInbox(scene, hospital, grant)
  const out = join(opened, 'child.json')
  const read = await scene.until('the grant to be confirmed', () =>
    ask<RecordGetResult>(hospital, 'record.get', { recordId, out }).catch(ignore)
  )
  const same = (await scene.sha256(read.path)) === sha256
  return {
    grant,
    seen: {
      what: 'a mother’s grant in her child’s name opens the child’s record',
      ok: same && read.released.length >= 2,
      detail: `${read.released.length} shares, ${same ? 'the same file' : 'another file'}`
    }
  }
}

const schoolTerms = ({ hospital }: Scene, child: IdResult, recordId: string) => ({
  for: child.contact,
  to: hospital.peer,
  records: [recordId],
  purpose: 'TREAT',
  until: '30d'
})

async function inInbox(scene: Scene, member: Member, grant: string): Promise<void> {
  await scene.until(`mail for the ${member.name}`, async () => {
    const { replies } = await scene.ask<InboxResult>(member, 'inbox')
    const { grants } = await scene.ask<{ grants: { grant: string }[] }>(member, 'grants')
    return grants.some((each) => each.grant === grant) ? replies.length : undefined
  })
}

async function revokeForChild(
  scene: Scene,
  { mother, child, recordId }: Family,
  grant: string
): Promise<Seen> {
  const { ask, hospital, clinics, opened } = scene
  scene.tell('revoke', 'the mother takes it back, in the child’s name')
  const told = { grant, for: child.contact }
  const { noticed } = await ask<RevokeResult>(mother, 'revoke', told)
  const out = join(opened, 'never.json')
  const error = await scene.fails(ask(hospital, 'record.get', { recordId, out }))
  return {
    what: 'her revocation counts at every custodian, at once',
    ok: noticed.length === clinics.length && error === 'AccessDeniedError',
    detail: `${noticed.length} of ${clinics.length} custodians told; ${error ?? 'it was read'}`
  }
}

async function comeOfAge(scene: Scene, family: Family): Promise<Seen> {
  const { ask } = scene
  const { mother, child, recordId } = family
  const end = new Date(Date.now() + COMING_OF_AGE_SECONDS * 1_000).toISOString()
  await appoint(scene, family, end)
  scene.tell('wait', 'until the child is of age')
  const state = await scene.until('the coming of age', async () => {
    const { guardianships } = await ask<GuardiansResult>(mother, 'guardian.ls', {})
    return guardianships.find((each) => each.state === 'expired')?.state
  })
  const why = await ask(mother, 'grant', schoolTerms(scene, child, recordId)).then(
    () => 'it was granted',
    (err: Error) => err.message
  )
  return {
    what: 'from its coming of age on the child is on its own',
    ok: state === 'expired' && why.includes('is on its own since'),
    detail: why
  }
}

async function loseAndFind(scene: Scene, { child }: Family): Promise<readonly Seen[]> {
  const { ask, patient, clinics } = scene
  const helpers = clinics.slice(0, 2)
  const ids = await Promise.all(helpers.map((each) => ask<IdResult>(each, 'id')))
  scene.tell('plan', `${helpers.map(({ name }) => name).join(' and ')} may help, together`)
  const plan = await ask<PlanResult>(patient, 'recovery.plan', {
    helpers: ids.map(({ contact }) => contact),
    threshold: 2,
    delay: '1d'
  })
  const phone = await startPhone(scene, 'new-phone')
  const { account } = await ask<IdResult>(phone, 'id')
  scene.tell('help', 'the phone is lost; both sign for a new one')
  const help: string[] = []
  for (const helper of helpers) {
    const given = await scene.until(`the plan at ${helper.name}`, async () => {
      await ask<InboxResult>(helper, 'inbox')
      const asked = { account: child.account, successor: account }
      return ask<HelpResult>(helper, 'recovery.help', asked).catch(ignore)
    })
    help.push(given.help)
  }
  const early = await scene.fails(
    ask(phone, 'recovery.propose', { account: child.contact, help: help.slice(1) })
  )
  const proposed = await ask<RecoveryResult>(phone, 'recovery.propose', {
    account: child.contact,
    help
  })
  const tooSoon = await scene.fails(ask(phone, 'recovery.complete', { account: child.contact }))
  scene.tell('veto', 'the old phone turns up, and its owner vetoes')
  await scene.until('the recovery', async () => {
    const seen = await ask<RecoveryResult>(patient, 'recovery.status', { account: child.account })
    return seen.state === 'pending' ? seen : undefined
  })
  const vetoed = await ask<RecoveryResult>(patient, 'recovery.veto')
  const at = new Date((proposed.readyAt ?? 0) * 1_000).toISOString()
  return [
    {
      what: 'two helpers together propose a new phone, one alone does not',
      ok: early != null && proposed.state === 'pending' && proposed.candidate === account,
      detail: `${plan.told.length} had the plan by mail; ready at ${at}`
    },
    {
      what: 'nobody completes it before the delay, and its owner ends it',
      ok: tooSoon != null && vetoed.state === 'vetoed',
      detail: `${tooSoon ?? 'it was completed'}, then ${vetoed.state}; after a day it would stand`
    }
  ]
}

const ignore = (): undefined => undefined
