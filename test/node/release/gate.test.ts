import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { encode } from '../../../core/codec.ts'
import { open, shareInfo } from '../../../core/envelope.ts'
import { hash } from '../../../core/ids.ts'
import { bodyHash, decodeLink, encodeBody, type ReceiptBody } from '../../../core/receipt.ts'
import { encodeRequest } from '../../../core/request.ts'
import { verify } from '../../../core/signed.ts'
import { type GateWorld, gateWorld, type Heard, p } from '../../fixtures/gate.ts'
import { hasLink, REFUSALS, type RefusalCase, wireOf } from './refusals.ts'

async function askWrongly(world: GateWorld, of: RefusalCase): Promise<Heard> {
  if (of.ask != null) return of.ask(world)
  const changes = typeof of.changes === 'function' ? await of.changes(world) : of.changes
  return world.ask(changes, world.stream(of.stream))
}

async function countOf(entries: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const _ of entries) count++
  return count
}

function expectLink({ answer }: Heard, receipt: ReceiptBody, world: GateWorld): void {
  if (answer.link == null) throw new Error('expected a link')
  expect(verify('link', answer.link, world.custodian.peer, p)).toBe(true)
  expect(decodeLink(answer.link.b).body).toEqual(bodyHash(encodeBody(receipt), p))
}

describe('release gate', () => {
  it('gives the share that was dealt, with its receipt', async () => {
    const world = await gateWorld()
    const stream = world.stream()
    const request = await world.request(stream)
    const b = encodeRequest(request)

    const heard = await world.hear(world.frame(request), stream, b)

    const { answer, req, receipts } = heard
    expect(answer).toMatchObject({ ok: true, code: 0, retryMs: 0, idx: 1, shareEpoch: 1, suite: 1 })
    const { enc, ct } = answer as Required<typeof answer>
    const info = shareInfo({
      deployment: world.chain.deployment,
      owner: request.owner,
      ids: { recordId: request.recordId, ver: 1, shareEpoch: 1, idx: 1 },
      grantId: world.grantId(),
      custodian: world.custodian.peer,
      requester: world.hospital.peer,
      challenge: stream.challenge,
      seq: 1
    })
    const sealed = { v: 1, suite: 1, enc, ct } as Parameters<typeof open>[3]
    expect(await open('share', info, world.kem.seed, sealed, req, p)).toEqual(world.dealt.plain)
    const [receipt] = receipts
    expect(receipts).toHaveLength(1)
    expect(encodeBody(receipt as ReceiptBody)).toEqual(answer.body)
    expectLink(heard, receipt as ReceiptBody, world)
    expect(receipt).toMatchObject({
      kind: 'release',
      chain: 1_337,
      owner: request.owner,
      recordId: request.recordId,
      ver: 1,
      shareEpoch: 1,
      idx: 1,
      req,
      want: 'share',
      account: world.hospital.account,
      peer: world.hospital.peer,
      purpose: 0,
      hl7: 'TREAT',
      emergency: false,
      code: 0,
      conf: { n: request.conf.n, h: request.conf.h },
      head: { n: request.conf.n + 2 },
      ct: hash(p.sha256(enc as Uint8Array, ct as Uint8Array)),
      count: 1
    })
    const evidence = []
    for await (const bytes of world.stores.evidence.entries()) evidence.push(hash(p.sha256(bytes)))
    expect(evidence).toEqual([(receipt as { ev?: unknown }).ev])
    expect(heard.afterMs).toBe(0)
    const root = CID.decode(world.dealt.content.cid)
    expect(world.clinic.mayFetch(world.hospital.peer, root)).toBe(false)
  })

  it('wipes the share once it is sealed', async () => {
    const world = await gateWorld()
    const plains: Uint8Array[] = []
    await world.open({
      primitives: {
        ...p,
        hpkeSeal: (to, info, aad, plain) => {
          plains.push(plain)
          return p.hpkeSeal(to, info, aad, plain)
        }
      }
    })

    expect((await world.ask()).answer.code).toBe(0)
    expect(plains).toEqual([new Uint8Array(65)])
  })

  it('gives the right to fetch blocks instead of a share', async () => {
    const world = await gateWorld()
    const root = CID.decode(world.dealt.content.cid)

    const { answer, receipts } = await world.ask({ want: 'blocks' })

    expect(answer).toMatchObject({ ok: true, code: 0 })
    expect([answer.idx, answer.enc, answer.ct]).toEqual([undefined, undefined, undefined])
    expect(receipts).toMatchObject([{ kind: 'release', want: 'blocks', ct: undefined }])
    expect(world.seals).toBe(0)
    expect(world.clinic.mayFetch(world.hospital.peer, root)).toBe(true)
  })

  it('takes the word of an account that is a contract', async () => {
    const world = await gateWorld()
    const asked: unknown[] = []
    await world.open({
      contractSignature: async (account, _digest, signature) => {
        asked.push([account, signature])
        return 'ok'
      }
    })
    const bindingSig = Uint8Array.of(1, 2, 3)

    const { answer } = await world.ask({ bindingSig })

    expect(answer.code).toBe(0)
    expect(asked).toEqual([[world.hospital.account, bindingSig]])
  })

  it.each(['bad', 'unresolved'] as const)('believes no contract that is %s', async (said) => {
    const world = await gateWorld()
    await world.open({ contractSignature: async () => said })

    const { answer } = await world.ask({ bindingSig: Uint8Array.of(1, 2, 3) })

    expect(answer.code).toBe(205)
  })

  it.each(REFUSALS.map((of) => ({ ...of, name: `${of.code} for ${of.id}` })))(
    'refuses with $name',
    async (of) => {
      const world = await gateWorld(of.world)
      await of.arrange?.(world)
      await world.tallied()
      world.seals = 0
      const custodyBefore = await countOf(world.stores.custody.entries())

      const heard = await askWrongly(world, of)

      const { answer, receipts, req } = heard
      expect(answer).toMatchObject({ ok: false, code: wireOf(of.code), ct: undefined })
      expect(answer.retryMs > 0).toBe(of.code === 104)
      expect(answer.body).toBeUndefined()
      expect(world.seals).toBe(of.seals ?? 0)
      if (hasLink(of.code)) {
        expect(receipts).toMatchObject([{ kind: 'refuse', code: of.code, count: 1, req }])
        expectLink(heard, receipts[0] as ReceiptBody, world)
        // what was proven is kept, so that others can check the refusal again
        const proven = of.code >= 504 && of.code <= 515
        if (proven) expect(receipts[0]).toMatchObject({ ev: expect.any(Uint8Array) })
      } else {
        expect(receipts).toEqual([])
        expect(answer.link).toBeUndefined()
      }
      const counted = of.code < 400 ? [{ code: of.code, count: 1, req }] : []
      const tallied = await world.tallied()
      expect(tallied).toMatchObject(counted)
      for (const each of tallied) {
        expect(each).toMatchObject({ kind: 'refuse', owner: undefined, recordId: undefined })
        expect(each).toMatchObject({ grantId: undefined, conf: undefined, words: undefined })
      }
      // a stranger sees one code, at one of few moments
      if (wireOf(of.code) === 400)
        expect([heard.afterMs % 300, heard.afterMs > 0]).toEqual([0, true])
      else expect(heard.afterMs).toBe(0)

      expect(await countOf(world.stores.custody.entries())).toBe(custodyBefore)
      const root = CID.decode(world.dealt.content.cid)
      expect(world.clinic.mayFetch(world.hospital.peer, root)).toBe(false)
      const next = await world.ask()
      expect(next.answer.code).toBe(of.arrange == null ? 0 : wireOf(of.code))
    }
  )

  it('tells a stranger nothing apart', async () => {
    const denied = REFUSALS.filter(({ code }) => wireOf(code) === 400 && hasLink(code))
    const answers = new Set<string>()
    for (const of of [denied[0], denied.at(-3), denied[20]] as RefusalCase[]) {
      const world = await gateWorld(of.world)
      await of.arrange?.(world)
      const { answer, afterMs } = await askWrongly(world, of)
      const { req: _, link, ...rest } = answer
      answers.add(`${JSON.stringify({ ...rest, afterMs })} ${encode(link).byteLength}`)
    }
    expect(answers.size).toBe(1)
  })
})
