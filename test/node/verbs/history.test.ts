import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inboxInfo, kemKeyHash, seal } from '../../../core/envelope.ts'
import { decodeExport, encodeExport, verifyChain } from '../../../core/receipt.ts'
import { nativePrimitives as p } from '../../../node/crypto/native.ts'
import type { RunningNode } from '../../../node/index.ts'
import { peerText } from '../../../node/keys/peer-text.ts'
import { auditVerify } from '../../../node/verbs/audit-verify.ts'
import { exportAudit, history } from '../../../node/verbs/history.ts'
import { retrieve } from '../../../node/verbs/retrieve.ts'
import { type Consented, consented } from '../../fixtures/consented.ts'
import { quiet } from '../../fixtures/network.ts'

type Receipts = (account: never, after: number, peer: never) => Promise<object>

/** Lets a clinic answer for its receipts as `change` says. */
function lie(node: RunningNode | undefined, change: (honest: Receipts) => Receipts): void {
  const keeper = node?.clinic?.keeper as unknown as { receipts: Receipts }
  const honest = keeper.receipts.bind(keeper)
  keeper.receipts = change(honest)
}

async function sealedTo({ patient }: Consented, plain: Uint8Array): Promise<object> {
  const { identity, deployment } = patient
  const info = inboxInfo({
    deployment,
    owner: identity.account,
    kemKeyHash: kemKeyHash(identity.kem.publicKey, p)
  })
  return seal('inbox', info, identity.kem.publicKey, plain, new Uint8Array(0), p)
}

const linksOf = async (node: RunningNode | undefined) => {
  const entries = []
  for await (const entry of node?.clinic?.receipts.entries() ?? []) entries.push(entry)
  return entries
}

describe('history', () => {
  it('shows who read and who was refused, each receipt once', async () => {
    await using net = await consented()
    const { patient, hospital, recordId } = net
    await retrieve(hospital, { recordId }, quiet())
    await history(patient, {}, quiet())
    await retrieve(hospital, { recordId }, quiet())

    const { entries, faults } = await history(patient, { record: recordId }, quiet())

    expect(faults).toBeUndefined()
    const reads = entries.filter(({ kind }) => kind === 'release')
    expect(reads).toHaveLength(6)
    expect(new Set(reads.map(({ custodian }) => custodian)).size).toBe(3)
    expect(reads[0]).toMatchObject({ recordId, ver: 1, purpose: 'TREAT' })
    expect(entries.map(({ at }) => at)).toEqual(entries.map(({ at }) => at).toSorted())
    expect((await history(patient, { record: 'ab'.repeat(32) }, quiet())).entries).toEqual([])
  })

  it.each([
    ['leaves a link out', (links: unknown[]) => links.toSpliced(0, 1)],
    ['changes their order', (links: unknown[]) => links.toReversed()],
    ['tells one twice', (links: unknown[]) => [links[0], ...links]]
  ])('names a custodian that %s, and shows the others', async (_, change) => {
    await using net = await consented()
    const { patient, hospital, recordId, clinics } = net
    await retrieve(hospital, { recordId }, quiet())
    const liar = clinics[1]
    lie(liar, () => async () => {
      const links = change(await linksOf(liar)) as Parameters<typeof encodeExport>[0]
      return { ok: true, page: await sealedTo(net, encodeExport(links)), more: false }
    })

    const { entries, faults } = await history(patient, {}, quiet())

    const name = peerText((liar as RunningNode).identity.peer)
    expect(faults).toEqual([
      { custodian: name, reason: expect.stringMatching(/do not hold at \d+: .*(seq|prev)/) }
    ])
    const custodians = new Set(entries.map(({ custodian }) => custodian))
    expect([custodians.size, custodians.has(name)]).toEqual([2, false])
  })

  it('names a custodian that sends something else', async () => {
    await using net = await consented()
    const junk = await sealedTo(net, Uint8Array.of(1, 2, 3))
    lie(net.clinics[0], () => async () => ({ ok: true, page: junk, more: false }))
    const unreadable = { ...(junk as { ct: Uint8Array }), ct: new Uint8Array(40) }
    lie(net.clinics[2], () => async () => ({ ok: true, page: unreadable, more: false }))

    const { faults } = await history(net.patient, {}, quiet())

    expect(faults?.map(({ custodian }) => custodian).toSorted()).toEqual(
      [net.clinics[0], net.clinics[2]]
        .map((each) => peerText((each as RunningNode).identity.peer))
        .toSorted()
    )
  })

  it('exports a chain that others can check without a node', async () => {
    await using net = await consented()
    await retrieve(net.hospital, { recordId: net.recordId }, quiet())
    await history(net.patient, {}, quiet())
    const peer = peerText((net.clinics[0] as RunningNode).identity.peer)
    const out = join(net.folder, 'receipts.cbor')

    const exported = await exportAudit(net.patient, { out, peer })

    const entries = decodeExport(await readFile(out))
    const clinic = net.clinics[0] as RunningNode
    expect(verifyChain(entries, clinic.identity.peer, 120, p).faults).toEqual([])
    expect(exported).toMatchObject({ peer, entries: entries.length })
    expect(await auditVerify.run({ file: out }, quiet())).toMatchObject({ valid: true, peer })
    const own = join(net.folder, 'own.cbor')
    expect((await exportAudit(clinic, { out: own })).entries).toBe(clinic.clinic?.receipts.lastSeq)
  })
})
