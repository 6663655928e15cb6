import { beforeAll, describe, expect, it } from 'vitest'
import { Code } from '../../../core/codes.ts'
import type { Deployment } from '../../../core/deployment.ts'
import { PROOF_SLOTS_MAX } from '../../../core/limits.ts'
import { accountSlot, grantSlot, ownerSlot } from '../../../core/words.ts'
import type { ClaimedProof, VerifiedHeader, WordRef } from '../../../node/adapters.ts'
import { type CheckedEvidence, checkEvidence } from '../../../node/chain/evidence.ts'
import { flipBit, type MemoryEndpoint, shortNodes } from '../../../node/chain/memory-endpoint.ts'
import { provenWords } from '../../../node/chain/proofs.ts'
import { until } from '../../fixtures/waiting.ts'
import { accountOf, grantNo, hashOf, p, take, World } from './world.ts'

const world = new World()
const grantRef = (n: number): WordRef => grantSlot(grantNo(world.owner, n), p)
const ownerRef = ownerSlot(world.owner, p)
const clinicRef = accountSlot(accountOf('clinic'), p)

let head: VerifiedHeader
let conf: VerifiedHeader

beforeAll(async () => {
  await world.send(world.grants(1, 40))
  await world.chain.enrol({ account: accountOf('clinic'), org: 7, roles: 3 })
  await world.chain.mine(8)
  await world.send(world.revocation(1, 2))
  const heads = world.heads([world.chain.endpoint('a')])
  ;({ head, conf } = take(await heads.current()))
})

const three = (): [MemoryEndpoint, MemoryEndpoint, MemoryEndpoint] => [
  world.chain.endpoint('a'),
  world.chain.endpoint('b'),
  world.chain.endpoint('c')
]

describe('proven words', () => {
  it('come in the order asked, absent ones as 0, repeated ones twice', async () => {
    const refs = [clinicRef, grantRef(3), grantRef(99), ownerRef, grantRef(3)]

    const { words, block } = take(await world.words(three()).prove(conf, refs))

    const [clinic, grant, absent, owner] = refs.map((ref) => world.chain.word(ref))
    expect(words).toEqual([clinic, grant, 0n, owner, grant])
    expect(absent).toBe(0n)
    expect(block).toEqual({ number: conf.number, hash: conf.hash })
  })

  it('are those of the block: a revocation shows at the head, not yet at the confirmed', async () => {
    const source = world.words(three())

    const before = take(await source.prove(conf, [grantRef(1)])).words[0] as bigint
    const after = take(await source.prove(head, [grantRef(1)])).words[0] as bigint

    expect([before & 0xffn, after & 0xffn]).toEqual([1n, 2n])
  })

  it('are none, when none are asked for', async () => {
    const ends = three()

    expect(take(await world.words(ends).prove(conf, [])).words).toEqual([])
    expect(ends[0].calls.proof).toBe(0)
  })

  it('are bounded', async () => {
    const refs = Array.from({ length: PROOF_SLOTS_MAX + 1 }, (_, n) => grantRef(n))

    await expect(world.words(three()).prove(conf, refs)).rejects.toMatchObject({
      name: 'InvalidParametersError'
    })
  })
})

describe('endpoints', () => {
  const refs = [grantRef(2), ownerRef]
  const forgeries: [string, (proof: ClaimedProof) => ClaimedProof][] = [
    ['a flipped bit', flipBit(3)],
    ['short nodes that hash to nothing', shortNodes],
    ['no account nodes', (proof) => ({ ...proof, account: [] })],
    ['no storage nodes', ({ account }) => ({ account, storage: [] })],
    ['another slot', ({ account, storage }) => ({ account, storage: storage.toReversed() })]
  ]

  it.each(forgeries)('are passed over while they give %s', async (_, forgeProof) => {
    const ends = three()
    for (const end of ends.slice(0, 2)) end.faults.forgeProof = forgeProof

    const { words } = take(await world.words(ends).prove(conf, [...refs, grantRef(3)]))

    expect(words[0]).toBe(world.chain.word(grantRef(2)))
  })

  it.each(forgeries)('refuse with 502 when all give %s', async (_, forgeProof) => {
    const ends = three()
    for (const end of ends) end.faults.forgeProof = forgeProof

    const answer = await world.words(ends).prove(conf, [grantRef(2), grantRef(3)])

    expect(answer).toEqual({ ok: false, code: Code.PROOF_INVALID })
  })

  it('refuse with 501 when nobody answers', async () => {
    const ends = three()
    ends[0].faults.down = true
    ends[1].faults.down = true
    ends[2].faults.slowMs = Number.POSITIVE_INFINITY

    const answer = await world.words(ends).prove(conf, refs)

    expect(answer).toEqual({ ok: false, code: Code.PROOF_UNAVAILABLE })
  })

  it('refuse with 501 when nobody has the block', async () => {
    const gone = { ...conf, hash: hashOf('a block of another branch') }

    const answer = await world.words(three()).prove(gone, refs)

    expect(answer).toEqual({ ok: false, code: Code.PROOF_UNAVAILABLE })
  })

  it('are not waited for when they are slow', async () => {
    const ends = three()
    ends[0].faults.slowMs = Number.POSITIVE_INFINITY

    expect((await world.words(ends, 5).prove(conf, refs)).ok).toBe(true)
  })

  it('that proved something last are asked first', async () => {
    const ends = three()
    ends[0].faults.down = true
    const source = world.words(ends)

    await source.prove(conf, [grantRef(2)])
    await source.prove(conf, [grantRef(3)])

    expect(ends[0].calls.proof).toBe(1)
    expect(ends[1].calls.proof).toBe(2)
  })
})

describe('the pinned code', () => {
  const other = (change: Partial<Deployment['codeHashes']>): Deployment => {
    const { deployment } = world.chain
    return { ...deployment, codeHashes: { ...deployment.codeHashes, ...change } }
  }
  const proveIn = (deployment: Deployment, refs: readonly WordRef[]) =>
    provenWords({ endpoints: three(), deployment, primitives: p }).prove(conf, refs)

  it.each([
    ['grants', grantRef(1)],
    ['directory', clinicRef]
  ])('of %s is demanded: other code refuses with 503', async (name, ref) => {
    const answer = await proveIn(other({ [name]: hashOf('other code') }), [ref])

    expect(answer).toEqual({ ok: false, code: Code.CODE_HASH })
  })

  it('of a contract that was not asked does not matter', async () => {
    const answer = await proveIn(other({ records: hashOf('other code') }), [grantRef(1)])

    expect(answer.ok).toBe(true)
  })

  it('is not there where there is no contract: 503', async () => {
    const deployment = { ...world.chain.deployment, grants: accountOf('nobody') }

    expect(await proveIn(deployment, [grantRef(1)])).toEqual({ ok: false, code: Code.CODE_HASH })
  })

  it('is told before the endpoints are doubted: one proof is enough', async () => {
    const ends = three()
    const deployment = other({ grants: hashOf('other code') })
    const source = provenWords({ endpoints: ends, deployment, primitives: p })

    await source.prove(conf, [grantRef(1)])

    expect(ends[1].calls.proof).toBe(0)
  })
})

describe('many at once', () => {
  it('ask once a contract and block, whoever asks for what', async () => {
    const ends = three()
    const source = world.words(ends)

    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => source.prove(conf, [grantRef(n + 1), clinicRef]))
    )

    expect(answers.every(({ ok }) => ok)).toBe(true)
    expect(ends[0].calls.proof).toBe(2)
  })

  it('gather while one question is under way', async () => {
    const ends = three()
    for (const end of ends) end.faults.slowMs = 10
    const source = world.words(ends, 1_000)

    const first = source.prove(conf, [grantRef(1)])
    await until(() => ends[0].calls.proof === 1)
    const others = Array.from({ length: 20 }, (_, n) => source.prove(conf, [grantRef(n + 1)]))
    await Promise.all([first, ...others])

    expect(ends[0].calls.proof).toBe(2)
  })

  it('are answered from what was proven before', async () => {
    const ends = three()
    const source = world.words(ends)

    await source.prove(conf, [grantRef(1), grantRef(2)])
    const again = take(await source.prove(conf, [grantRef(2), grantRef(1)]))

    expect(ends[0].calls.proof).toBe(1)
    expect(again.words[0]).toBe(world.chain.word(grantRef(2)))
  })

  it('ask again after a failure', async () => {
    const ends = three()
    for (const end of ends) end.faults.down = true
    const source = world.words(ends)
    await source.prove(conf, [grantRef(1)])

    for (const end of ends) end.faults.down = false

    expect((await source.prove(conf, [grantRef(1)])).ok).toBe(true)
  })

  it('keep words of a bounded number of blocks', async () => {
    const ends = three()
    const source = world.words(ends)
    const heads = world.heads(ends)
    const prove = async (number: number): Promise<void> => {
      const claim = await ends[1].header(number, {})
      const hash = claim?.['hash'] ?? ''
      const ref = { number, hash: Buffer.from(hash.slice(2), 'hex') as never }
      take(await source.prove(take(await heads.onConfirmedLine(ref)), [grantRef(1)]))
    }
    await world.chain.mine(20)
    await heads.current()

    for (let n = 0; n < 9; n++) await prove(12 + n)
    await prove(12)
    await prove(20)

    expect(ends[0].calls.proof).toBe(10)
  })

  it('leave by their own signal without stopping the others', async () => {
    const ends = three()
    for (const end of ends) end.faults.slowMs = 20
    const source = world.words(ends, 1_000)

    const [impatient, patient] = await Promise.allSettled([
      source.prove(conf, [grantRef(1)], { signal: AbortSignal.timeout(1) }),
      source.prove(conf, [grantRef(1)])
    ])

    expect(impatient.status).toBe('rejected')
    expect(patient).toMatchObject({ status: 'fulfilled', value: { ok: true } })
  })
})

describe('evidence', () => {
  const refs = [grantRef(5), clinicRef, grantRef(99)]
  const evidenceOf = async (): Promise<Uint8Array> =>
    take(await world.words(three()).prove(conf, refs)).evidence

  it('lets a stranger find the same words, without any endpoint', async () => {
    const checked = await checkEvidence(await evidenceOf(), conf, world.chain.deployment, p)

    expect(refs.map((ref) => checked.word(ref))).toEqual([
      world.chain.word(grantRef(5)),
      world.chain.word(clinicRef),
      0n
    ])
    expect(checked.word(ownerRef)).toBeUndefined()
    expect(checked.header).toMatchObject({ number: conf.number, timeSeconds: conf.timeSeconds })
  })

  it('is the same bytes, whoever asked in whatever order', async () => {
    const source = world.words(three())
    const [one, two] = await Promise.all([
      source.prove(conf, refs),
      source.prove(conf, refs.toReversed())
    ])

    expect(take(one).evidence).toEqual(take(two).evidence)
  })

  it('does not pass for another block, deployment or code', async () => {
    const evidence = await evidenceOf()
    const { deployment } = world.chain
    const wrong = [
      [head, deployment],
      [conf, { ...deployment, directory: accountOf('elsewhere') }],
      [conf, { ...deployment, codeHashes: { ...deployment.codeHashes, grants: hashOf('x') } }]
    ] as const

    for (const [block, where] of wrong) {
      await expect(checkEvidence(evidence, block, where, p)).rejects.toMatchObject({
        name: 'InvalidProofError'
      })
    }
  })

  it('does not pass with any byte changed', async () => {
    const evidence = await evidenceOf()
    // What shows one slot empty may show another empty too, and then says nothing of the first.
    const saysTheSame = (checked: CheckedEvidence): boolean =>
      refs.every((ref) => checked.word(ref) === world.chain.word(ref))
    let passed = 0

    for (let at = 0; at < evidence.length; at += 7) {
      const damaged = evidence.slice()
      damaged[at] = (damaged[at] as number) ^ 0x10
      await checkEvidence(damaged, conf, world.chain.deployment, p).then(
        (checked) => {
          if (saysTheSame(checked)) passed++
        },
        () => undefined
      )
    }

    expect(passed).toBe(0)
  })
})
