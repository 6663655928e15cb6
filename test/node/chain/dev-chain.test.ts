import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Code } from '../../../core/codes.ts'
import { type SignedMessage, signTyped } from '../../../core/typed-data.ts'
import {
  accountSlot,
  decodeAccountWord,
  decodeGrantWord,
  decodeLogWord,
  decodeOrganisationWord,
  decodeWishWord,
  EmergencyWish,
  grantSlot,
  logSlot,
  organisationSlot,
  ownerSlot,
  Role,
  wishSlot
} from '../../../core/words.ts'
import type { ChainWriter, HeadSource, WordRef } from '../../../node/adapters.ts'
import { startAnvil } from '../../../node/chain/anvil.ts'
import { readDeployment } from '../../../node/chain/deploy.ts'
import { type DevChain, enrol, startDevChain } from '../../../node/chain/dev-chain.ts'
import { JsonRpc, rpcEndpoint } from '../../../node/chain/endpoint-rpc.ts'
import { ethersWriter } from '../../../node/chain/ethers-chain.ts'
import { checkEvidence } from '../../../node/chain/evidence.ts'
import { quorumHeads } from '../../../node/chain/heads.ts'
import { chainParameters } from '../../../node/chain/parameters.ts'
import { provenWords } from '../../../node/chain/proofs.ts'
import { accountOf, grantNo, keyOf, openingNo, p, TestCheckpoint, take } from './world.ts'

const owner = accountOf('owner')
const ownerRef = ownerSlot(owner, p)
const grantRef = (n: number): WordRef => grantSlot(grantNo(owner, n), p)
const clock = { nowMs: () => Date.now() }

function grants(dev: DevChain, from: number, to = from, version = 1): SignedMessage {
  const items = Array.from({ length: to - from + 1 }, (_, i) => ({
    opening: openingNo(from + i),
    version
  }))
  const message = { owner, items, epoch: 1, deadline: 4_000_000_000 }
  const sig = signTyped(dev.deployment, 'Grants', message, keyOf('owner'), p)
  return { type: 'Grants', message, sig }
}

const writerOf = ({ url, deployment }: DevChain, name = 'clinic'): ChainWriter =>
  ethersWriter({ url, accountKey: keyOf(name), deployment, primitives: p })

const headsOf = ({ url }: DevChain, checkpoint = new TestCheckpoint()): HeadSource =>
  quorumHeads({
    endpoints: [rpcEndpoint(url)],
    parameters: chainParameters('dev'),
    clock,
    checkpoint,
    primitives: p,
    cacheMs: 0
  })

const wordsOf = ({ url, deployment }: DevChain) =>
  provenWords({ endpoints: [rpcEndpoint(url)], deployment, primitives: p })

const tell = (dev: DevChain, method: string, ...params: unknown[]): Promise<void> =>
  new JsonRpc(dev.url).ask(method, params, () => undefined)

/** Waits for a condition, at most ten seconds. */
async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const start = Date.now(); !(await holds()); await sleep(30)) {
    if (Date.now() - start > 10_000) throw new Error(`waited in vain: ${what}`)
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('a dev chain', () => {
  let dev: DevChain

  beforeAll(async () => {
    dev = await startDevChain({ primitives: p })
    const { url, deployment } = dev
    await enrol({ url, deployment, accountKey: keyOf('clinic'), org: 7, roles: Role.RELAYER })
  }, 40_000)

  afterAll(async () => {
    await dev.stop()
  })

  it('is ready when it says so: the contracts are in a confirmed block', async () => {
    const { conf } = take(await headsOf(dev).current())

    const { words } = take(await wordsOf(dev).prove(conf, [organisationSlot(64, p), ownerRef]))

    expect(decodeOrganisationWord(words[0] as bigint)?.status).toBe(1)
  })

  it('takes signed messages and proves what they wrote', async () => {
    await writerOf(dev).submit(grants(dev, 1, 3))
    const { head } = take(await headsOf(dev).current())

    const refs = [grantRef(2), grantRef(99), ownerRef]
    const { words, evidence } = take(await wordsOf(dev).prove(head, refs))

    expect(decodeGrantWord(words[0] as bigint)).toMatchObject({ status: 1, version: 1, epoch: 1 })
    expect(words[1]).toBe(0n)
    const checked = await checkEvidence(evidence, head, dev.deployment, p)
    expect(refs.map((ref) => checked.word(ref))).toEqual(words)
  })

  it('proves a wish and an anchored log, from contracts of their own', async () => {
    const message = { owner, wish: EmergencyWish.ONLY_IN_EMERGENCY, version: 1 }
    const sig = signTyped(dev.deployment, 'Wish', message, keyOf('owner'), p)
    const logTag = grantRef(1).slot
    const items = [{ logTag, root: grantRef(2).slot, toSeq: 900 }]
    await writerOf(dev).submit({ type: 'Wish', message, sig })
    await writerOf(dev).submit({
      type: 'Anchors',
      message: { writer: accountOf('clinic'), items },
      sig: new Uint8Array()
    })

    const { head } = take(await headsOf(dev).current())
    const refs = [wishSlot(owner, p), logSlot(accountOf('clinic'), logTag, p)]
    const { words } = take(await wordsOf(dev).prove(head, refs))

    expect(decodeWishWord(words[0] as bigint)).toMatchObject({ wish: 2, version: 1 })
    expect(decodeLogWord(words[1] as bigint)?.toSeq).toBe(900)
  })

  it('is read where it is older than the last contracts, whose words it cannot prove', async () => {
    const { url, deployment } = dev
    const nowhere = accountOf('nowhere')
    const contracts = { ...deployment, emergency: nowhere, audit: nowhere }

    const read = await readDeployment({ url, contracts, primitives: p })

    expect([read.emergency, read.audit, read.codeHashes.audit]).toEqual(Array(3).fill(undefined))
    expect(read.grants).toEqual(deployment.grants)
    const { head } = take(await headsOf(dev).current())
    const source = wordsOf({ ...dev, deployment: read })
    expect(await source.prove(head, [wishSlot(owner, p)])).toEqual({
      ok: false,
      code: Code.PROOF_UNAVAILABLE
    })
  })

  it('tells a receipt: transaction, block, gas', async () => {
    const receipt = await writerOf(dev).submit(grants(dev, 10))

    expect(receipt.txHash.byteLength).toBe(32)
    expect(receipt.block.number).toBeGreaterThan(3)
    expect(receipt.gasUsed).toBeGreaterThan(21_000)
    expect(receipt.gasUsed).toBeLessThan(100_000)
  })

  it('takes many at once from one account', async () => {
    const writer = writerOf(dev)

    const receipts = await Promise.all(
      Array.from({ length: 30 }, (_, n) => writer.submit(grants(dev, 100 + n)))
    )

    expect(new Set(receipts.map(({ txHash }) => txHash.join())).size).toBe(30)
  })

  it('takes turns when two programs send from one account', async () => {
    const writers = [writerOf(dev), writerOf(dev)]

    const receipts = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        (writers[n % 2] as ChainWriter).submit(grants(dev, 200 + n))
      )
    )

    expect(receipts.length).toBe(12)
  })

  it('names the error of a contract that refuses', async () => {
    const writer = writerOf(dev)
    await writer.submit(grants(dev, 20))

    await expect(writer.submit(grants(dev, 20))).rejects.toMatchObject({
      name: 'TransactionFailedError',
      message: 'GrantRegistryStaleVersion'
    })
    await expect(
      writer.submit({ ...grants(dev, 21), sig: new Uint8Array(65) } as SignedMessage)
    ).rejects.toMatchObject({ message: 'TypedMessagesBadSignature' })
  })

  it('says that an account without money cannot pay', async () => {
    await expect(writerOf(dev, 'pauper').submit(grants(dev, 22))).rejects.toMatchObject({
      name: 'TransactionFailedError'
    })
  })

  it('enrols accounts of many organisations at once, and again without effect', async () => {
    const { url, deployment } = dev
    const seats = [1, 2, 3, 4, 5].map((org) => ({ org, roles: Role.CUSTODIAN | Role.CLINICIAN }))
    const enrolAll = (): Promise<unknown> =>
      Promise.all(
        seats.map((seat) =>
          enrol({ url, deployment, accountKey: keyOf(`clinic ${seat.org}`), ...seat })
        )
      )
    await enrolAll()
    await enrolAll()
    const { head } = take(await headsOf(dev).current())

    const refs = seats.map(({ org }) => accountSlot(accountOf(`clinic ${org}`), p))
    const { words } = take(await wordsOf(dev).prove(head, refs))

    expect(words.map(decodeAccountWord)).toMatchObject(
      seats.map((seat) => ({ ...seat, status: 1, bindingEpoch: 1 }))
    )
  })

  it('moves an account that is enrolled elsewhere, or with other roles', async () => {
    const { url, deployment } = dev
    const mover = { url, deployment, accountKey: keyOf('mover') }
    await enrol({ ...mover, org: 8, roles: Role.CLINICIAN })
    await enrol({ ...mover, org: 9, roles: Role.ATTESTER })
    const { head } = take(await headsOf(dev).current())

    const { words } = take(await wordsOf(dev).prove(head, [accountSlot(accountOf('mover'), p)]))

    expect(decodeAccountWord(words[0] as bigint)).toMatchObject({ org: 9, roles: Role.ATTESTER })
  })

  it('leaves a suspended account alone, and who joined before where only first joins count', async () => {
    const { url, deployment } = dev
    const accountKey = keyOf('suspended')
    const init = { url, deployment, accountKey, org: 10, roles: Role.ADMIN }
    await enrol(init)
    await enrol({ ...init, roles: Role.CLINICIAN, firstOnly: true })
    await writerOf(dev, 'suspended').submit({
      type: 'Suspend',
      account: accountOf('suspended')
    })

    await enrol({ ...init, roles: Role.CLINICIAN })

    const { head } = take(await headsOf(dev).current())
    const { words } = take(await wordsOf(dev).prove(head, [accountSlot(accountOf('suspended'), p)]))
    expect(decodeAccountWord(words[0] as bigint)).toMatchObject({
      org: 10,
      roles: Role.ADMIN,
      status: 2
    })
  })

  it('opens a patient’s account without an organisation', async () => {
    const { url, deployment } = dev
    await enrol({ url, deployment, accountKey: keyOf('patient'), org: 0, roles: 0 })
    const { head } = take(await headsOf(dev).current())

    const { words } = take(await wordsOf(dev).prove(head, [accountSlot(accountOf('patient'), p)]))

    expect(decodeAccountWord(words[0] as bigint)).toMatchObject({ status: 1, org: 0, roles: 0 })
  })

  it.each([-1, 65, 1.5])('has no organisation %d', async (org) => {
    const { url, deployment } = dev

    await expect(
      enrol({ url, deployment, accountKey: keyOf('x'), org, roles: 1 })
    ).rejects.toMatchObject({ name: 'InvalidConfigError' })
  })

  it('cannot prove another chain’s block', async () => {
    const { head } = take(await headsOf(dev).current())
    const hash = new Uint8Array(32).fill(1) as never

    expect(await wordsOf(dev).prove({ ...head, hash }, [ownerRef])).toEqual({
      ok: false,
      code: Code.PROOF_UNAVAILABLE
    })
  })
})

describe('a reorg of a dev chain', () => {
  let dev: DevChain

  beforeEach(async () => {
    dev = await startDevChain()
    const { url, deployment } = dev
    await enrol({ url, deployment, accountKey: keyOf('clinic'), org: 7, roles: Role.RELAYER })
  }, 40_000)

  afterEach(async () => {
    await dev.stop()
  })

  it('above the confirmed block is survived; what was written there is gone', async () => {
    const checkpoint = new TestCheckpoint()
    const heads = headsOf(dev, checkpoint)
    const { block } = await writerOf(dev).submit(grants(dev, 30))
    const before = take(await heads.current())
    expect(before.head.number).toBeGreaterThanOrEqual(block.number)

    await tell(dev, 'anvil_reorg', 1, [])

    const after = take(await heads.current())
    expect(after.conf.number).toBeGreaterThanOrEqual(before.conf.number)
    if (before.head.number === block.number) {
      const { words } = take(await wordsOf(dev).prove(after.head, [grantRef(30)]))
      expect(words).toEqual([0n])
    }
  })

  it('below the confirmed block refuses, for good', async () => {
    const checkpoint = new TestCheckpoint()
    const heads = headsOf(dev, checkpoint)
    take(await heads.current())

    await tell(dev, 'anvil_reorg', 8, [])

    const refusal = { ok: false, code: Code.CONF_REGRESSION }
    expect(await heads.current()).toEqual(refusal)
    expect(await headsOf(dev, checkpoint).current()).toEqual(refusal)
  })
})

describe('its process', () => {
  it('continues from its state file, with the same contracts and words', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keyward-dev-chain-'))
    try {
      const statePath = join(folder, 'state.json')
      const first = await startDevChain({ statePath })
      const { url, deployment } = first
      await enrol({ url, deployment, accountKey: keyOf('clinic'), org: 7, roles: 9 })
      await writerOf(first).submit(grants(first, 1))
      await first.stop()
      expect(isAlive(first.pid)).toBe(false)

      await using second = await startDevChain({ statePath })
      const { conf } = take(await headsOf(second).current())
      const { words } = take(await wordsOf(second).prove(conf, [grantRef(1)]))

      expect(second.deployment).toEqual(deployment)
      expect(decodeGrantWord(words[0] as bigint)?.status).toBe(1)
    } finally {
      await rm(folder, { recursive: true })
    }
  }, 40_000)

  it('does not outlive ours, even when that is killed', async () => {
    const module = new URL('../../../node/chain/anvil.ts', import.meta.url).href
    const program = `const { startAnvil } = await import(${JSON.stringify(module)})
      console.log((await startAnvil()).pid)`
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const line = await new Promise<string>((resolve) =>
      child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    )
    const pid = Number(line)
    expect(isAlive(pid)).toBe(true)

    child.kill('SIGKILL')

    await until('anvil ends', () => !isAlive(pid))
  }, 30_000)

  it('may be stopped twice, and says when it has ended', async () => {
    const anvil = await startAnvil()

    await Promise.all([anvil.stop(), anvil.stop()])
    await anvil.stop()

    await anvil.ended
    expect(isAlive(anvil.pid)).toBe(false)
  })

  it('does not start on a port that is taken', async () => {
    const first = await startAnvil()
    try {
      const port = Number(new URL(first.url).port)

      await expect(startAnvil({ port })).rejects.toMatchObject({ name: 'InvalidConfigError' })
    } finally {
      await first.stop()
    }
  })

  it('is asked for by URL where no anvil comes along', async () => {
    const { platform } = process
    Object.defineProperty(process, 'platform', { value: 'aix' })
    try {
      await expect(startAnvil()).rejects.toThrow(/chain\.rpc=URL/)
    } finally {
      Object.defineProperty(process, 'platform', { value: platform })
    }
  })

  it('does not start for somebody who has left', async () => {
    await expect(startAnvil({ signal: AbortSignal.abort() })).rejects.toBeDefined()
  })
})
