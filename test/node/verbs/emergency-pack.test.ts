import { describe, expect, it } from 'vitest'
import { compareBytes, toHex } from '../../../core/bytes.ts'
import { decodeManifest } from '../../../core/manifest.ts'
import type { PackPage } from '../../../core/pack.ts'
import type { AccessRequest } from '../../../core/request.ts'
import { peerText } from '../../../node/keys/peer-text.ts'
import { collectPacks } from '../../../node/verbs/emergency-pack.ts'
import { type Dealt, named, p } from '../../fixtures/gate.ts'
import { dealOf, markedDeal } from '../../fixtures/glass.ts'
import { type Behaviour, flipped, peerOfPlace, reading, refusal } from '../../fixtures/reading.ts'

const PLACES = [1, 2, 3]
const name = (place: number): string => peerText(peerOfPlace(place))

const pageOf = (dealt: readonly Dealt[], more = false): PackPage => ({
  v: 1,
  records: dealt
    .map(({ manifest, anchorSalt }) => ({ manifest, anchorSalt }))
    .sort((a, b) => compareBytes(idOf(a.manifest), idOf(b.manifest))),
  addrs: [],
  more
})
const idOf = (manifest: Uint8Array) => decodeManifest(manifest, p).content.recordId

async function collect(behaviours: Record<number, Behaviour>) {
  const { node, read, asked } = await reading(behaviours)
  const peers = PLACES.map(peerOfPlace)
  const packs = await collectPacks(node, read, peers, AbortSignal.timeout(60_000))
  const found = packs.records.map(({ manifest: { content } }) => [
    toHex(content.recordId),
    content.ver
  ])
  return { ...packs, found, asked }
}
const as = (...dealt: readonly Dealt[]) =>
  dealt.map(({ content }) => [toHex(content.recordId), content.ver])

describe('packs', () => {
  it('of several custodians are joined, with the newest of each record', async () => {
    const [one, two] = [await dealOf('one'), await dealOf('two')]
    const { recordId } = one.content
    const newer = await dealOf('one', { ver: 2, content: { recordId }, custody: { recordId } })

    const { found, failed } = await collect({
      1: { page: () => pageOf([one]) },
      2: { page: () => pageOf([newer]) },
      3: { page: () => pageOf([one, two]) }
    })

    expect(found.toSorted()).toEqual(as(newer, two).toSorted())
    expect(failed).toEqual([])
  })

  it('are asked for page by page, each after the last record of the one before', async () => {
    const all = [await dealOf('one'), await dealOf('two'), await dealOf('three')].sort((a, b) =>
      compareBytes(a.content.recordId, b.content.recordId)
    )
    const cursors: string[] = []
    const page = ({ recordId: after }: AccessRequest): PackPage => {
      cursors.push(toHex(after))
      const rest = all.filter(({ content }) => compareBytes(content.recordId, after) > 0)
      return pageOf(rest.slice(0, 1), rest.length > 1)
    }

    const { found, asked } = await collect({ 1: { page } })

    expect(found).toEqual(as(...all))
    expect(cursors).toEqual(['00'.repeat(32), found[0]?.[0], found[1]?.[0]])
    expect(asked.get(1)?.want).toBe('pack')
  })

  it('that lie are named, and hide nothing of the others', async () => {
    const [good, plain] = [
      await dealOf('one'),
      await dealOf('two', { custody: { emergency: false } })
    ]
    const other = await dealOf('three')
    const damaged = { ...other, manifest: flipped(other.manifest, other.manifest.byteLength - 9) }
    const lies: Behaviour[] = [
      { page: () => pageOf([plain]) },
      { page: () => ({ ...pageOf([]), records: [pick(damaged)] }) },
      { page: () => pageOf([other], true) },
      { page: () => pageOf([], false), body: { ct: named('another pack') } },
      { frame: (frame) => flipped(frame, frame.byteLength - 1) }
    ]
    for (const lie of lies) {
      const { found, failed } = await collect({ 1: lie, 2: { page: () => pageOf([good]) } })
      expect(failed.map(({ custodian }) => custodian)).toEqual([name(1)])
      expect(found.filter(([id]) => id === toHex(good.content.recordId))).toEqual(as(good))
      expect(found).not.toContainEqual(as(plain)[0])
    }
  })

  it("of another owner's records are none", async () => {
    const { node, read } = await reading({ 1: { page: () => pageOf([one]) } })
    const one = await markedDeal()
    const owner = named('somebody').slice(12) as typeof read.capsule.owner
    const theirs = { ...read, capsule: { ...read.capsule, owner } }
    const signal = AbortSignal.timeout(60_000)
    const packs = await collectPacks(node, theirs, [peerOfPlace(1)], signal)
    expect(packs.records).toEqual([])
    expect(packs.failed).toHaveLength(1)
  })

  it('say who refused, and wait for nobody who is silent', async () => {
    const one = await dealOf('one')
    const { found, refused, failed } = await collect({
      1: { answer: refusal(400) },
      2: { wait: new Promise(() => {}) },
      3: { page: () => pageOf([one]) }
    })
    expect(found).toEqual(as(one))
    expect(refused).toEqual([400])
    expect(failed).toEqual([{ custodian: name(1), reason: 'DENIED' }])
  })
})

const pick = ({ manifest, anchorSalt }: Dealt) => ({ manifest, anchorSalt })
