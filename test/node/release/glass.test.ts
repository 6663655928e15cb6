import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { compareBytes, equalBytes, toHex } from '../../../core/bytes.ts'
import { recordTag, scopeHash } from '../../../core/grant.ts'
import { hash } from '../../../core/ids.ts'
import {
  ADDR_MAX_BYTES,
  ADDRS_PER_PEER,
  MANIFEST_MAX_BYTES,
  PACK_PAGE_BYTES
} from '../../../core/limits.ts'
import { decodeManifest } from '../../../core/manifest.ts'
import { encodePage, type PackPage } from '../../../core/pack.ts'
import { EmergencyWish, RecordStatus } from '../../../core/words.ts'
import { memoryJournal } from '../../../node/storage/memory-journal.ts'
import { named, p, SERVING } from '../../fixtures/gate.ts'
import { dealOf, type GlassWorld, glassWorld, markedDeal } from '../../fixtures/glass.ts'
import { GLASS_REFUSALS } from './glass-refusals.ts'

const refusalsOf = ({ world }: GlassWorld) =>
  world
    .receipts()
    .then((bodies) => bodies.filter((body) => body.kind === 'refuse' || body.kind === 'release'))

const versionsIn = (page: PackPage | undefined): readonly number[] | undefined =>
  page?.records.map(({ manifest }) => decodeManifest(manifest, p).content.ver)
const idsIn = (page: PackPage | undefined): readonly string[] | undefined =>
  page?.records.map(({ manifest }) => toHex(decodeManifest(manifest, p).content.recordId))

describe('release gate in an emergency', () => {
  it('gives a share to clinicians who sign together', async () => {
    const of = await glassWorld()

    const { answer, receipts } = await of.world.ask(of.glass())

    expect(answer).toMatchObject({ ok: true, code: 0, idx: 1 })
    expect(receipts).toMatchObject([
      { kind: 'release', emergency: true, purpose: 4, hl7: 'BTG', words: { conf: undefined } }
    ])
  })

  it('gives it to a patient whose wish is for emergencies only', async () => {
    const of = await glassWorld({ wish: EmergencyWish.ONLY_IN_EMERGENCY })
    expect((await of.world.ask(of.glass())).answer.code).toBe(0)
  })

  it('gives the right to fetch the blocks', async () => {
    const of = await glassWorld()
    const root = CID.decode(of.world.dealt.content.cid)

    expect((await of.world.ask({ ...of.glass(), want: 'blocks' })).answer.code).toBe(0)
    expect(of.world.clinic.mayFetch(of.world.hospital.peer, root)).toBe(true)
  })

  it('serves within a narrower scope', async () => {
    const of = await glassWorld()
    const { tags } = of.world
    const glass = of.glass({ opening: { scope: scopeHash(tags, [], p) } })
    expect((await of.world.ask({ ...glass, tags })).answer.code).toBe(0)
  })

  it.each(GLASS_REFUSALS.map((each) => ({ ...each, name: `${each.code} for ${each.id}` })))(
    'refuses with $name',
    async ({ code, world, arrange, ask }) => {
      const of = await glassWorld(await world?.())
      await arrange?.(of)

      const { answer, receipts } = await of.world.ask((ask ?? (() => of.glass()))(of))

      expect(answer).toMatchObject({ ok: false, code: 400 })
      const emergency = ask?.(of).emergency != null || ask == null
      expect(receipts).toMatchObject([{ kind: 'refuse', code, emergency, want: 'share' }])
      expect(of.world.seals).toBe(0)
    }
  )

  it('takes no signature of one glass, or one account, for another', async () => {
    const of = await glassWorld()
    const { world } = of
    const good = of.glass()
    const [first, second] = good.emergency.signers
    if (first == null || second == null) throw new Error('expected two signers')
    expect((await world.ask(good)).answer.code).toBe(0)

    const other = { ...good.emergency, reasonHash: named('another reason') }
    const swapped = { ...good.emergency, signers: [first, { ...second, sig: first.sig }] }
    for (const emergency of [other, swapped]) {
      const { receipts } = await world.ask({ ...good, emergency })
      expect(receipts).toMatchObject([{ kind: 'refuse', code: 412 }])
    }
  })

  it('recovers no signature for strangers, nor for those who only guess', async () => {
    const of = await glassWorld()
    let recovered = 0
    await of.world.open({
      primitives: {
        ...p,
        secp256k1Recover: (...args) => {
          recovered++
          return p.secp256k1Recover(...args)
        }
      }
    })
    const { world } = of
    await world.ask({ ...of.glass(), recordId: hash(named('no record')) as never })
    const onlyBinding = recovered
    const stream = world.stream()
    const request = await world.request(stream, of.glass())
    await world.clinic.gate.handle(world.frame(request, world.owner.peerSeed), stream)
    expect([onlyBinding, recovered]).toEqual([1, 1])

    await world.ask(of.glass())
    await world.ask(of.glass())
    expect(recovered).toBe(3)
  })
})

describe('a pack', () => {
  it('lists what the owner marked, with a receipt of what was given', async () => {
    const [one, two] = await Promise.all([dealOf('one'), dealOf('two')])
    const plain = await dealOf('three', { custody: { emergency: false } })
    const of = await glassWorld({ deals: [one, two, plain] })

    const page = await of.pack()

    const marked = [one, two].sort((a, b) => compareBytes(a.content.recordId, b.content.recordId))
    expect(idsIn(page)).toEqual(marked.map(({ content }) => toHex(content.recordId)))
    expect(page?.more).toBe(false)
    const salts = page?.records.map(({ anchorSalt }) => toHex(anchorSalt))
    expect(salts).toEqual(marked.map(({ anchorSalt }) => toHex(anchorSalt)))
    const receipts = await refusalsOf(of)
    expect(receipts).toMatchObject([
      { kind: 'release', want: 'pack', emergency: true, idx: 0, shareEpoch: 0 }
    ])
    const given = hash(p.sha256(encodePage(page as PackPage)))
    expect(receipts[0]).toMatchObject({ ct: given })
    expect(of.world.seals).toBe(0)
  })

  it('leaves out what its request could not read', async () => {
    const [open, erased] = await Promise.all([markedDeal(), dealOf('erased')])
    const sealed = await dealOf('sealed', { sealed: true })
    const outside = await dealOf('outside', {
      custody: { tags: { ...open.custody.tags, level: named('level R') } }
    })
    const of = await glassWorld({ deals: [open, erased, sealed, outside] })
    const { world } = of
    const owner = world.owner.account
    const item = { ...erasedItem(erased.content.recordId), anchor: hash(new Uint8Array(32)) }
    const message = world.signed('Records', { owner, items: [item], deadline: 0 })
    await world.clinic.custodian.notice(message, world.owner.peer, SERVING)

    const whole = await of.pack()
    const glass = of.glass({ opening: { scope: scopeHash(world.tags, [], p) } })
    const narrow = await of.pack({ ...glass, tags: world.tags })
    const untrue = await of.pack({ ...glass, tags: [named('not mine')] })

    expect(idsIn(whole)).toHaveLength(2)
    expect(idsIn(narrow)).toEqual([toHex(open.content.recordId)])
    expect(idsIn(untrue)).toEqual([])
  })

  it("holds each record's newest version alone, if that is marked", async () => {
    const first = await markedDeal()
    const second = await dealOf('x', {
      ver: 2,
      content: { recordId: first.content.recordId },
      custody: { recordId: first.content.recordId }
    })
    for (const deals of [
      [first, second],
      [second, first]
    ]) {
      const page = await (await glassWorld({ deals })).pack()
      expect(versionsIn(page)).toEqual([2])
    }

    const unmarked = await dealOf('x', {
      ver: 2,
      content: { recordId: first.content.recordId },
      custody: { recordId: first.content.recordId, emergency: false }
    })
    const other = await glassWorld({ deals: [first, unmarked] })
    expect(await other.pack()).toBeUndefined()
    expect(await refusalsOf(other)).toMatchObject([{ code: 401 }])
  })

  it('passes over a version whose share was not acknowledged', async () => {
    const first = await markedDeal()
    const { recordId } = first.content
    const second = await dealOf('x', { ver: 2, content: { recordId }, custody: { recordId } })
    const of = await glassWorld({ deals: [first] })
    const { manifest, anchorSalt, env } = second
    await of.world.clinic.custody.keep({ manifest, anchorSalt, idx: 1, ckEpoch: 1, env })
    expect(versionsIn(await of.pack())).toEqual([1])
  })

  it('comes in pages that fit a frame, each record once', async () => {
    const large = { content: { meta: new Uint8Array(MANIFEST_MAX_BYTES / 3) } }
    const deals = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => dealOf(name, large)))
    const of = await glassWorld({ deals })
    const addrs = Array.from({ length: ADDRS_PER_PEER }, () => new Uint8Array(ADDR_MAX_BYTES))
    await of.world.open({ addrsOf: () => addrs })
    const found: string[] = []
    let pages = 0
    for (let after = new Uint8Array(32), more = true; more && pages <= deals.length; pages++) {
      const page = await of.pack({ recordId: after as never })
      if (page == null) throw new Error('expected a page')
      expect(encodePage(page).byteLength).toBeLessThanOrEqual(PACK_PAGE_BYTES)
      found.push(...(idsIn(page) ?? []))
      const last = page.records.at(-1)
      if (last != null) after = decodeManifest(last.manifest, p).content.recordId.slice()
      more = page.more
    }
    expect(pages).toBeGreaterThan(1)
    const ids = deals.map(({ content }) => content.recordId).sort(compareBytes)
    expect(found).toEqual(ids.map(toHex))
  })

  it('tells where custodians were last seen', async () => {
    const of = await glassWorld()
    const { custodian } = of.world
    const addrs = [Uint8Array.of(4, 127, 0, 0, 1, 6, 0, 1)]
    await of.world.open({
      addrsOf: (peer) => (equalBytes(peer, custodian.peer) ? addrs : [])
    })
    expect((await of.pack())?.addrs).toEqual([{ peer: custodian.peer, addrs }])
  })

  it('is not for a grant, of whatever purpose', async () => {
    const { world } = await glassWorld()
    const { answer, receipts } = await world.ask({ want: 'pack' })
    expect(answer).toMatchObject({ ok: false, code: 400 })
    expect(receipts).toMatchObject([{ kind: 'refuse', code: 412, want: 'pack' }])
  })

  it('is not of an owner of whom nothing is kept', async () => {
    const of = await glassWorld()
    const owner = named('another owner').slice(12) as never
    expect(await of.pack({ owner })).toBeUndefined()
    expect(await refusalsOf(of)).toMatchObject([{ code: 401, want: 'pack' }])
  })

  it.each(
    GLASS_REFUSALS.filter(({ forPack }) => forPack).map(({ id, ...rest }) => ({ id, ...rest }))
  )('is refused, too, with $code for $id', async ({ code, world, arrange, ask }) => {
    const of = await glassWorld(await world?.())
    await arrange?.(of)
    expect(await of.pack(ask?.(of))).toBeUndefined()
    expect(await refusalsOf(of)).toMatchObject([{ kind: 'refuse', code, want: 'pack' }])
  })
})

describe('a notice in the middle of an emergency', () => {
  const against = (of: GlassWorld) =>
    of.world.clinic.custodian.notice(of.wish(EmergencyWish.NEVER, 2), of.world.owner.peer, SERVING)
  const ended = (of: GlassWorld) =>
    of.world.clinic.custodian.notice(
      of.world.signed('RevokeAll', { owner: of.world.owner.account, epoch: 2 }),
      of.world.owner.peer,
      SERVING
    )

  it.each([
    ['a wish against it', against, 514],
    ['an end of all consents', ended, 509]
  ])('refuses after %s, though the share was sealed', async (_, happen, code) => {
    const of = await glassWorld()
    of.world.during.seal = () => happen(of)

    const { answer, receipts } = await of.world.ask(of.glass())

    expect(answer).toMatchObject({ ok: false, code: 400, ct: undefined })
    expect(receipts).toMatchObject([
      { kind: 'release', emergency: true },
      { kind: 'refuse', code, emergency: true }
    ])
  })

  it('refuses the pack, though its receipt is written', async () => {
    const receipts = memoryJournal()
    const of = await glassWorld({ stores: { receipts } })
    const append = receipts.append.bind(receipts)
    let appends = 0
    receipts.append = async (...entries) => {
      await append(...entries)
      if (appends++ === 0) await against(of)
    }

    expect(await of.pack()).toBeUndefined()
    expect(await refusalsOf(of)).toMatchObject([{ kind: 'release' }, { kind: 'refuse', code: 514 }])
  })

  it('counts the newest wish, not the last that came', async () => {
    const of = await glassWorld()
    const told = async (wish: number, version: number) =>
      of.world.clinic.custodian.notice(of.wish(wish, version), of.world.owner.peer, SERVING)
    await told(EmergencyWish.NEVER, 3)
    await told(EmergencyWish.YES, 2)
    of.world.clinic.custody.notices.add(of.wish(EmergencyWish.YES, 2)) // as a journal may hold it
    expect((await of.world.ask(of.glass())).receipts).toMatchObject([{ code: 514 }])
    await told(EmergencyWish.YES, 4)
    expect((await of.world.ask(of.glass())).answer.code).toBe(0)
  })

  it('goes on after a wish for it', async () => {
    const of = await glassWorld()
    of.world.during.seal = () =>
      of.world.clinic.custodian.notice(
        of.wish(EmergencyWish.ONLY_IN_EMERGENCY, 2),
        of.world.owner.peer,
        SERVING
      )
    expect((await of.world.ask(of.glass())).answer.code).toBe(0)
  })
})

const erasedItem = (id: Parameters<typeof recordTag>[0]) => ({
  recordTag: recordTag(id, 1, p),
  status: RecordStatus.ERASED,
  shareEpoch: 1,
  quorum: 0,
  barredOrg: 0
})
