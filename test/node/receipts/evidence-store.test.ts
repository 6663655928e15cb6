import { describe, expect, it } from 'vitest'
import { hash } from '../../../core/ids.ts'
import { EvidenceStore } from '../../../node/receipts/evidence-store.ts'
import { faultyJournal } from '../../fixtures/faulty-journal.ts'
import { named, p } from '../../fixtures/gate.ts'
import { settle, until } from '../../fixtures/waiting.ts'

const evidence = (n: number) => ({ conf: named(`conf ${n}`), head: named(`head ${n}`) })

const all = async (store: EvidenceStore) => {
  const found = []
  for await (const entry of store.entries()) found.push(entry)
  return found
}

describe('evidence store', () => {
  it('names evidence by the hash of what it wrote', async () => {
    const store = new EvidenceStore(faultyJournal(), p)

    const ev = await store.keep(evidence(1))

    const [kept] = await all(store)
    expect(kept?.ev).toEqual(ev)
    expect(hash(p.sha256(kept?.bytes as Uint8Array))).toEqual(ev)
  })

  it('tells apart what is joined in another place', async () => {
    const store = new EvidenceStore(faultyJournal(), p)
    const conf = Uint8Array.of(1, 2)

    const one = await store.keep({ conf, head: Uint8Array.of(3) })
    const two = await store.keep({ conf: Uint8Array.of(1), head: Uint8Array.of(2, 3) })

    expect(one).not.toEqual(two)
  })

  it('writes the same once, and lets all wait for it', async () => {
    const journal = faultyJournal()
    const written = Promise.withResolvers<void>()
    journal.hold = written.promise
    const store = new EvidenceStore(journal, p)
    let kept = 0
    const asked = [1, 1, 1].map((n) => store.keep(evidence(n)).then(() => kept++))
    await until(() => journal.appends === 1)
    await settle()

    expect(kept).toBe(0)
    written.resolve()
    await Promise.all(asked)
    expect(await all(store)).toHaveLength(1)
  })

  it('writes again what it could not write', async () => {
    const journal = faultyJournal()
    const store = new EvidenceStore(journal, p)
    journal.fail = new Error('no disk')
    await expect(store.keep(evidence(1))).rejects.toThrow('no disk')
    journal.fail = undefined

    await store.keep(evidence(1))

    expect(await all(store)).toHaveLength(1)
  })
})
