import { afterAll, describe, expect, it } from 'vitest'
import { toHex } from '../../../core/bytes.ts'
import { grantId, hash, recordSecret } from '../../../core/ids.ts'
import { DELEGABLE, Purpose, purposeMask } from '../../../core/purposes.ts'
import type { RunningNode } from '../../../node/index.ts'
import { peerText } from '../../../node/keys/peer-text.ts'
import { systemRandom } from '../../../node/system.ts'
import { approve, inbox } from '../../../node/verbs/answer.ts'
import { grant, grantFrom } from '../../../node/verbs/grant.ts'
import type { GrantArgs } from '../../../node/verbs/grant-shapes.ts'
import { ownSource } from '../../../node/verbs/grant-source.ts'
import { listGrants } from '../../../node/verbs/grants.ts'
import { history } from '../../../node/verbs/history.ts'
import { showIdentity } from '../../../node/verbs/identity.ts'
import { optIn, optOut } from '../../../node/verbs/opt-out.ts'
import { publish, update } from '../../../node/verbs/publish.ts'
import { renew } from '../../../node/verbs/renew.ts'
import { request } from '../../../node/verbs/request.ts'
import { retrieve } from '../../../node/verbs/retrieve.ts'
import { revoke } from '../../../node/verbs/revoke.ts'
import type { RecordAddArgs } from '../../../node/verbs/shapes.ts'
import { deliverOwed } from '../../../node/verbs/standing.ts'
import { named } from '../../fixtures/gate.ts'
import { wish } from '../../fixtures/messages.ts'
import { createNetwork, type Network, quiet } from '../../fixtures/network.ts'

const TERMS = { purpose: 'TREAT', until: '1h' }

async function add(
  { patient, file }: Network,
  name: string,
  tags: RecordAddArgs['tags'] = {}
): Promise<string> {
  const path = await file(`${name}.txt`, `content of ${name}`)
  return (await publish(patient, { path, tags }, quiet())).recordId
}

async function give(net: Network, terms: Partial<GrantArgs>) {
  const to = peerText(net.hospital.identity.peer)
  const given = await grant(net.patient, { to, ...TERMS, ...terms }, quiet())
  await net.confirm()
  await inbox(net.hospital, quiet())
  return given
}

/** The names of those of these records that this reader can open. */
async function opened(node: RunningNode, records: Readonly<Record<string, string>>) {
  const names: string[] = []
  for (const [name, recordId] of Object.entries(records)) {
    const got = await retrieve(node, { recordId }, quiet()).catch(() => undefined)
    if (got != null) names.push(name)
  }
  return names
}

/** One of each: plain, sensitive, restricted, another class, older. */
const chartOf = async (net: Network) => ({
  plain: await add(net, 'plain', { class: 'Observation' }),
  therapy: await add(net, 'therapy', { class: 'Observation', labels: ['PSYTHPN'], level: 'N' }),
  restricted: await add(net, 'restricted', { class: 'Observation', level: 'R' }),
  image: await add(net, 'image', { class: 'ImagingStudy' }),
  october: await add(net, 'october', { class: 'Observation', month: '2026-10' })
})

describe('the scope of a grant', () => {
  it('covers what its words say, and never a label that is not named', async () => {
    await using net = await createNetwork()
    const records = await chartOf(net)
    const { patient } = net
    const covered = async (terms: Partial<GrantArgs>): Promise<readonly string[]> => {
      const to = peerText(net.hospital.identity.peer)
      const given = await grant(patient, { to, ...TERMS, ...terms }, quiet())
      const names = Object.entries(records)
      return names.flatMap(([name, id]) => (given.records.includes(id) ? [name] : []))
    }
    const { plain, therapy, image } = records

    expect(await covered({ chart: true })).toEqual(['plain', 'image', 'october'])
    expect(await covered({ classes: ['Observation'] })).toEqual(['plain', 'october'])
    expect(await covered({ chart: true, upTo: 'R' })).toEqual([
      'plain',
      'restricted',
      'image',
      'october'
    ])
    expect(await covered({ chart: true, labels: ['SPI'] })).toContain('therapy') // what is under it
    expect(await covered({ chart: true, labels: ['HIV'] })).not.toContain('therapy')
    expect(await covered({ chart: true, months: ['2026-10'] })).toEqual(['october'])
    expect(await covered({ chart: true, months: ['none'] })).toEqual(['plain', 'image'])
    expect(await covered({ chart: true, except: ['ImagingStudy', plain] })).toEqual(['october'])
    expect(await covered({ classes: ['ImagingStudy'], records: [plain] })).toEqual([
      'plain',
      'image'
    ])
    // who names a record itself means it, and it alone
    expect(await covered({ records: [therapy] })).toEqual(['therapy'])
    expect(await covered({ records: [therapy, image] })).toEqual(['therapy', 'image'])
    const { grants } = await listGrants(patient, quiet())
    expect(grants.map(({ scope }) => scope).slice(3, 8)).toEqual([
      'all records up to level N, label SPI',
      'all records up to level N, label HIV',
      'all records up to level N, month 2026-10',
      'all records up to level N, month none',
      `all records up to level N; not ImagingStudy, ${plain}`
    ])
  })

  it.each<[string, (ids: { plain: string; therapy: string }) => Partial<GrantArgs>, RegExp]>([
    ['nothing', () => ({}), /"records" expected a record, a class or the whole chart/],
    [
      'a sensitive record beside a class',
      ({ therapy }) => ({ records: [therapy], classes: ['Observation'] }),
      /"records" expected what the other terms cover/
    ],
    [
      'a record that the level shuts out',
      ({ therapy }) => ({ records: [therapy], upTo: 'L' }),
      /"records"/
    ],
    ['a record that is excepted', ({ plain }) => ({ records: [plain], except: [plain] }), /"rec/],
    ['an emergency', ({ plain }) => ({ records: [plain], purpose: 'BTG' }), /"purpose".*BTG/],
    ['one of both', ({ plain }) => ({ records: [plain], purpose: ['TREAT', 'ETREAT'] }), /ETREAT/],
    ['a purpose that is none', ({ plain }) => ({ records: [plain], purpose: 'FUN' }), /"purpose"/],
    ['an end before the beginning', () => ({ chart: true, from: '2h' }), /"from"/],
    ['a role that is none', () => ({ chart: true, role: 'nurse' }), /"role"/],
    ['two ways at once', () => ({ chart: true, org: 1, policy: 'org:1' }), /"policy" .* alone/],
    ['a policy that is none', () => ({ chart: true, policy: 'org:1 or' }), /character 9/],
    ['a group of zeros', () => ({ chart: true, group: '00'.repeat(32) }), /"group"/],
    ['sharing by a group', () => ({ chart: true, org: 4, shareOn: true as const }), /"shareOn"/]
  ])('refuses %s, and changes nothing', async (_name, terms, says) => {
    const { net, ids } = await shared()
    const to = peerText(net.hospital.identity.peer)
    const before = net.patient.ledger.grants().length

    await expect(
      grant(net.patient, { to, ...TERMS, ...terms(ids) }, quiet())
    ).rejects.toMatchObject({
      name: 'InvalidParametersError',
      message: expect.stringMatching(says)
    })

    expect(net.patient.ledger.grants()).toHaveLength(before)
  })
})

/** Bad words change nothing, so that one network serves them all. */
let made: Promise<{ net: Network; ids: { plain: string; therapy: string } }> | undefined
const shared = () => {
  made ??= (async () => {
    const net = await createNetwork()
    const plain = await add(net, 'plain')
    const therapy = await add(net, 'therapy', { labels: ['PSYTHPN'], level: 'N' })
    return { net, ids: { plain, therapy } }
  })()
  return made
}
afterAll(async () => (await made)?.net[Symbol.asyncDispose]())

describe('a grant to a chart', () => {
  it('goes on for records and versions that are added later', async () => {
    await using net = await createNetwork()
    const { patient, hospital } = net
    const first = await add(net, 'first')
    const { grant: id } = await give(net, { chart: true })
    const later = await add(net, 'later')
    const secret = await add(net, 'secret', { labels: ['HIV'] })
    const path = await net.file('second.txt', 'the second version')
    const second = await update(patient, { recordId: first, path }, quiet())
    await net.confirm()
    await inbox(hospital, quiet())

    expect(await opened(hospital, { first, later, secret })).toEqual(['first', 'later'])
    expect((await retrieve(hospital, { recordId: first, ver: 1 }, quiet())).ver).toBe(1)
    expect((await retrieve(hospital, { recordId: first }, quiet())).sha256).toBe(second.sha256)
    const { grants } = await listGrants(hospital, quiet())
    expect(grants).toMatchObject([{ grant: id, records: [first, later], state: 'active' }])
    const given = (await listGrants(patient, quiet())).grants
    expect(given).toMatchObject([
      { grant: id, records: [first, later], scope: expect.stringMatching(/up to level N/) }
    ])
    expect((await inbox(hospital, quiet())).replies).toHaveLength(1) // one grant, one line
    expect(await deliverOwed(patient, quiet().signal)).toEqual({ told: 0, waiting: 0 })
  })

  it('tells nobody of records of after it was revoked', async () => {
    await using net = await createNetwork()
    const before = await add(net, 'before')
    const { grant: id } = await give(net, { chart: true })
    await revoke(net.patient, { grant: id }, quiet())

    const record = await add(net, 'after')
    await net.confirm()
    await inbox(net.hospital, quiet())

    const { grants } = await listGrants(net.hospital, quiet())
    expect(grants).toMatchObject([{ state: 'revoked', records: [before] }])
    expect(await opened(net.hospital, { before, record })).toEqual([])
  })

  it('reaches a reader who is away where her contact says', async () => {
    await using net = await createNetwork()
    const { patient, hospital, clinics } = net
    const [keeper, ...others] = clinics.map(({ identity }) => peerText(identity.peer))
    await add(net, 'first')
    const terms = { purpose: 'TREAT', until: '1d', reason: 'so that all clinics keep her mail' }
    await request(hospital, { patient: showIdentity(patient).contact, ...terms }, quiet())
    const account = toHex(hospital.identity.account)
    const to = `${account}@${keeper},${peerText(hospital.identity.peer)}`
    await grant(patient, { to, chart: true, ...TERMS }, quiet())
    await hospital.stop()

    const path = await net.file('later.txt', 'later')
    await publish(patient, { path, custodians: others, threshold: 2 }, quiet())

    const waiting = clinics.map(
      ({ clinic }) => clinic?.mailbox.list(hospital.identity.account, 0).items.length
    )
    expect(waiting).toEqual([2, 0, 0]) // of the first record, and of the later one
  })

  it('tells nobody any more once it has ended', async () => {
    await using net = await createNetwork()
    const { patient } = net
    await add(net, 'first')
    await give(net, { chart: true })
    const { put } = patient.inbox
    patient.inbox.put = () => Promise.reject(new Error('no mail today'))
    await add(net, 'second')
    patient.inbox.put = put
    const later = { nowMs: () => Date.now() + 2 * 3_600_000 }
    const tomorrow: typeof patient = Object.create(patient, { clock: { value: later } })

    expect(await deliverOwed(tomorrow, quiet().signal)).toEqual({ told: 0, waiting: 0 })
    expect(await deliverOwed(patient, quiet().signal)).toEqual({ told: 1, waiting: 0 })
  })

  it('is revoked at the custodians of all that it covers by then', async () => {
    await using net = await createNetwork()
    const { patient, clinics } = net
    const peers = clinics.map(({ identity }) => peerText(identity.peer))
    const at = async (name: string, custodians: string[]) => {
      const path = await net.file(name, name)
      await publish(patient, { path, custodians, threshold: 2 }, quiet())
    }
    await at('first.txt', peers.slice(0, 2))
    const { grant: id } = await give(net, { chart: true })
    await at('later.txt', peers.slice(1))

    const { noticed } = await revoke(patient, { grant: id }, quiet())

    expect(noticed.toSorted()).toEqual(peers.toSorted())
  })

  it('does not keep a record from being published when nobody takes the mail', async () => {
    await using net = await createNetwork()
    const { patient, hospital } = net
    await add(net, 'first')
    await give(net, { chart: true })
    const { put } = patient.inbox
    patient.inbox.put = () => Promise.reject(new Error('no mail today'))

    const record = await add(net, 'later')

    patient.inbox.put = put
    await inbox(hospital, quiet())
    expect(hospital.ledger.capsules()[0]?.capsule.records).toHaveLength(1)
    expect(await deliverOwed(patient, quiet().signal)).toEqual({ told: 1, waiting: 0 })
    await net.confirm()
    await inbox(hospital, quiet())
    expect(await opened(hospital, { record })).toEqual(['record'])
  })
})

describe('renewing a grant', () => {
  it('gives the same for longer, and leaves no gap', async () => {
    await using net = await createNetwork()
    const { patient, hospital } = net
    const record = await add(net, 'record', { labels: ['HIV'] })
    const terms = { chart: true as const, upTo: 'R' as const, labels: ['HIV'], budget: 3 }
    const first = await give(net, { ...terms, purpose: ['TREAT', 'COC'], shareOn: true })

    const second = await renew(patient, { grant: first.grant, until: '30d' }, quiet())
    await inbox(hospital, quiet())

    expect(await opened(hospital, { record })).toEqual(['record']) // by the old one, as yet
    await net.confirm()
    const { grants } = await listGrants(patient, quiet())
    expect(second.grant).not.toBe(first.grant)
    const { grant: _, until: before, from: __, ...same } = grants[0] as (typeof grants)[number]
    expect(grants[1]).toMatchObject({ ...same, grant: second.grant, until: second.until })
    expect(second.until).toBeGreaterThan(before)
    await revoke(patient, { grant: first.grant }, quiet())
    expect(await opened(hospital, { record })).toEqual(['record'])
    await expect(
      renew(patient, { grant: second.grant, until: '1d' }, quiet())
    ).rejects.toMatchObject({
      name: 'InvalidParametersError',
      message: expect.stringMatching(/until/)
    })
    await expect(
      renew(patient, { grant: first.grant, until: '60d' }, quiet())
    ).rejects.toMatchObject({
      name: 'InvalidParametersError',
      message: expect.stringMatching(/revoked/)
    })
  })
})

describe('listing grants', () => {
  it('proves the state of however many there are', async () => {
    await using net = await createNetwork()
    const { patient } = net
    await add(net, 'record')
    const { grant: id } = await give(net, { chart: true })
    const [{ entry } = { entry: undefined }] = patient.ledger.grants()
    const many = Array.from({ length: 70 }, (_, i) => ({
      ...(entry as NonNullable<typeof entry>),
      grantId: grantId(named(`grant ${i}`))
    }))
    await patient.ledger.record(...many)

    const { grants } = await listGrants(patient, quiet())

    expect(grants).toHaveLength(71)
    expect(grants.filter(({ state }) => state === 'active').map(({ grant }) => grant)).toEqual([id])
  })
})

describe('several grants at once', () => {
  it('stand under one signature, each for its own account', async () => {
    await using net = await createNetwork()
    const record = await add(net, 'record')
    const other = net.clinics[2] as RunningNode
    const to = [net.hospital, other].map(({ identity }) => peerText(identity.peer))

    const given = await grant(net.patient, { to, records: [record], ...TERMS }, quiet())
    await net.confirm()
    for (const node of [net.hospital, other]) await inbox(node, quiet())

    expect(given.grants.map(({ readers }) => readers)).toEqual(
      to.map((peer) => [{ peer, delivered: true }])
    )
    const [one, two] = given.grants.map((each) => each.grant) as [string, string]
    expect(net.patient.ledger.grants().map(({ entry }) => entry.block)).toEqual([
      given.block,
      given.block
    ])
    await revoke(net.patient, { grant: one }, quiet())
    expect(await opened(net.hospital, { record })).toEqual([])
    expect(await opened(other, { record })).toEqual(['record'])
    expect((await listGrants(other, quiet())).grants).toMatchObject([{ grant: two }])
  })
})

describe('the terms of a grant', () => {
  it('hold back until it begins, and give no more than the budget', async () => {
    await using net = await createNetwork()
    const records = { one: await add(net, 'one'), two: await add(net, 'two') }
    await give(net, { chart: true, from: '30m', purpose: ['TREAT', 'COC'] })
    expect(await opened(net.hospital, records)).toEqual([])
    const refused = (await history(net.patient, {}, quiet())).entries.flatMap(
      ({ code }) => code ?? []
    )
    expect([...new Set(refused)]).toEqual(['408 NOT_YET'])

    await give(net, { chart: true, budget: 1, window: '1d' })

    expect(await opened(net.hospital, records)).toEqual(['one'])
    expect(await opened(net.hospital, records)).toEqual(['one']) // reading again is free
    const { grants } = await listGrants(net.patient, quiet())
    expect(grants).toMatchObject([
      { purpose: 'TREAT,COC', budget: 1_000, window: 0 },
      { purpose: 'TREAT', budget: 1, window: 86_400 }
    ])
  })
})

describe('the purposes of a grant', () => {
  it('are what a reader may say that it reads for, one at a time', async () => {
    await using net = await createNetwork()
    const { hospital, patient } = net
    const recordId = await add(net, 'record')
    await give(net, { chart: true, purpose: ['TREAT', 'HRESCH'] })
    const reads = (purpose: string) => retrieve(hospital, { recordId, purpose }, quiet())

    await reads('TREAT')
    await reads('CLINTRCH') // a kind of research

    await expect(reads('HMARKT')).rejects.toMatchObject({ name: 'RecordNotFoundError' })
    const { entries } = await history(patient, {}, quiet())
    const said = entries.filter(({ kind }) => kind === 'release').map(({ purpose }) => purpose)
    expect([...new Set(said)].toSorted()).toEqual(['CLINTRCH', 'TREAT'])
  })
})

describe('sealed records', () => {
  it('are for named persons only: no organisation, group or policy', async () => {
    await using net = await createNetwork()
    const { patient, hospital } = net
    const record = await add(net, 'record')
    const own = ownSource(patient)
    const so = recordSecret(named('second factor'))
    const source = { ...own, versions: () => own.versions().map((each) => ({ ...each, so })) }
    const terms = { to: peerText(hospital.identity.peer), ...TERMS }

    const all = await grantFrom(patient, source, { ...terms, org: 4, chart: true }, quiet())
    expect(all.records).toEqual([])
    await expect(
      grantFrom(patient, source, { ...terms, org: 4, records: [record] }, quiet())
    ).rejects.toMatchObject({
      name: 'InvalidParametersError',
      message: expect.stringMatching(/"records" expected none in sealed mode/)
    })
    await grantFrom(patient, source, { ...terms, records: [record] }, quiet())
    await inbox(hospital, quiet())
    const held = hospital.ledger.capsules().map(({ capsule }) => capsule.records)
    expect(held).toMatchObject([[], [{ so }]])
  })
})

describe('a source without the owner’s tags', () => {
  it('gives records by their ids, and nothing that would take a tag', async () => {
    await using net = await createNetwork()
    const { patient, hospital } = net
    const record = await add(net, 'record', { labels: ['HIV'], month: '2026-10' })
    const source = { ...ownSource(patient), tagOf: undefined }
    const terms = { to: peerText(hospital.identity.peer), ...TERMS }
    const broad: Partial<GrantArgs>[] = [
      { chart: true },
      { classes: ['Observation'] },
      { records: [record], labels: ['HIV'] },
      { records: [record], upTo: 'R' },
      { records: [record], months: ['2026-10'] },
      { records: [record], except: ['ImagingStudy'] }
    ]
    for (const each of broad) {
      await expect(
        grantFrom(patient, source, { ...terms, ...each }, quiet()),
        JSON.stringify(each)
      ).rejects.toMatchObject({ name: 'InvalidParametersError' })
    }

    await grantFrom(patient, source, { ...terms, records: [record] }, quiet())
    await net.confirm()
    await inbox(hospital, quiet())

    expect(await opened(hospital, { record })).toEqual(['record'])
  })
})

describe('approving a wish that only describes', () => {
  const wished = async (net: Network, more: object): Promise<string> => {
    const { contact } = showIdentity(net.patient)
    const { wish } = await request(
      net.hospital,
      { patient: contact, purpose: 'TREAT', until: '7d', reason: 'admission', ...more },
      quiet()
    )
    await inbox(net.patient, quiet())
    return wish
  }

  it('leaves out what is sensitive, unless it is named', async () => {
    await using net = await createNetwork()
    const records = await chartOf(net)
    const named = (ids: readonly string[]) =>
      Object.entries(records).flatMap(([name, id]) => (ids.includes(id) ? [name] : []))
    const given = async (more: object, terms: object = {}) => {
      const wish = await wished(net, more)
      return named((await approve(net.patient, { wish, ...terms }, quiet())).records)
    }

    const all = {}
    const { therapy } = records
    expect(await given(all)).toEqual(['plain', 'image', 'october'])
    expect(await given({ classes: ['Observation'] })).toEqual(['plain', 'october'])
    expect(await given({ records: [therapy] })).toEqual(['therapy'])
    expect(await given(all, { records: [therapy] })).toEqual(['therapy'])
    expect(await given(all, { labels: ['PSYTHPN'], except: ['ImagingStudy'] })).toEqual([
      'plain',
      'therapy',
      'october'
    ])
    expect(await given(all, { later: true, months: ['2026-10'] })).toEqual(['october'])
  })

  it('grants its one purpose, whatever else its bits say', async () => {
    await using net = await createNetwork()
    const { patient, hospital } = net
    await add(net, 'record')
    const crafted: readonly (readonly [string, number])[] = [
      ['TREAT', purposeMask(Purpose.TREAT, Purpose.HMARKT)],
      ['TREAT', (purposeMask(Purpose.TREAT) | DELEGABLE) >>> 0],
      ['TREAT', purposeMask(Purpose.HMARKT)],
      ['BTG', purposeMask(Purpose.BTG)],
      ['ETREAT', purposeMask(Purpose.ETREAT)]
    ]
    for (const [hl7, purposes] of crafted) {
      const { account } = hospital.identity
      const id = hash(systemRandom(32))
      const made = { ...wish({ account, owner: patient.identity.account }), id, hl7, purposes }
      const card = hospital.card()
      await patient.ledger.record({ t: 'wish', id, wish: made, card })

      await expect(
        approve(patient, { wish: toHex(id) }, quiet()),
        `${hl7} ${purposes}`
      ).rejects.toMatchObject({
        name: 'InvalidParametersError',
        message: expect.stringMatching(/"wish"/)
      })
    }
    expect(patient.ledger.grants()).toEqual([])
  })

  it('goes on for later records if she says so', async () => {
    await using net = await createNetwork()
    const first = await add(net, 'first', { class: 'Observation' })
    const wish = await wished(net, { classes: ['Observation'] })
    await approve(net.patient, { wish, later: true }, quiet())
    const record = await add(net, 'later', { class: 'Observation' })
    const image = await add(net, 'image', { class: 'ImagingStudy' })
    await net.confirm()
    await inbox(net.hospital, quiet())

    expect(await opened(net.hospital, { record, image })).toEqual(['record'])
    expect((await inbox(net.hospital, quiet())).replies).toMatchObject([
      { wish, verdict: 'granted', records: [first, record] }
    ])
  })
})

describe('opting out of a purpose', () => {
  it('ends all reading for it at once, until she opts in again', async () => {
    await using net = await createNetwork()
    const { patient, hospital } = net
    const record = await add(net, 'record')
    await give(net, { chart: true, purpose: 'HRESCH' })
    expect(await opened(hospital, { record })).toEqual(['record'])

    const out = await optOut(patient, { purposes: ['HRESCH', 'HMARKT'] }, quiet())

    expect(out).toMatchObject({ purposes: ['HRESCH', 'HMARKT'] })
    expect(out.noticed).toHaveLength(3)
    expect(await opened(hospital, { record })).toEqual([]) // no block was confirmed since
    expect((await listGrants(patient, quiet())).optedOut).toEqual(['HRESCH', 'HMARKT'])
    await net.confirm()
    expect(await opened(hospital, { record })).toEqual([])
    const { entries } = await history(patient, {}, quiet())
    expect([...new Set(entries.flatMap(({ code }) => code ?? []))]).toEqual(['515 OPTED_OUT'])

    expect((await optIn(patient, { purposes: ['HRESCH'] }, quiet())).purposes).toEqual(['HMARKT'])
    await net.confirm()
    expect(await opened(hospital, { record })).toEqual(['record'])
  })

  it('is about one purpose: others go on', async () => {
    await using net = await createNetwork()
    const record = await add(net, 'record')
    await give(net, { records: [record] })

    await optOut(net.patient, { purposes: ['HRESCH'] }, quiet())

    expect(await opened(net.hospital, { record })).toEqual(['record'])
    await expect(optOut(net.patient, { purposes: ['FUN'] }, quiet())).rejects.toMatchObject({
      name: 'InvalidParametersError',
      message: expect.stringMatching(/"purposes".*FUN/)
    })
  })
})
