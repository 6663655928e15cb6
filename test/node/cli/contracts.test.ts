/**
 * `keyward contracts`: against anvil, with real transactions, deaths and endpoints that lie.
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromHex, toHex0x } from '../../../core/bytes.ts'
import { address } from '../../../core/ids.ts'
import { type Anvil, startAnvil } from '../../../node/chain/anvil.ts'
import { creationCode, DEPLOYED, type Deployed } from '../../../node/chain/builds.ts'
import { type DeployJournal, deploy } from '../../../node/chain/deploy.ts'
import { type Placement, Placer } from '../../../node/chain/placer.ts'
import type { DeploymentJson } from '../../../node/deployment-file.ts'
import type {
  ContractsDeployResult,
  ContractsStatusResult,
  ContractsVerifyResult
} from '../../../node/verbs/contracts-shapes.ts'
import { rpcProxy } from '../../fixtures/rpc-proxy.ts'
import { accountOf, keyOf, p } from '../chain/world.ts'
import { keyward, type Ran } from './harness.ts'

const BIN = fileURLToPath(new URL('../../../bin/keyward.ts', import.meta.url))
/** Accounts 0 to 2 of the mnemonic that everybody knows: anvil gives them money. */
const KEYS = [
  'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a'
] as const
const FOUNDERS = [1, 2, 3].map((org) => ({ org, admin: toHex0x(accountOf(`admin ${org}`)) }))

let anvil: Anvil
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyward-contracts-'))
  await writeFile(join(folder, 'founders.json'), JSON.stringify(FOUNDERS))
  anvil = await startAnvil()
}, 40_000)

afterAll(async () => {
  await anvil.stop()
  await rm(folder, { recursive: true })
})

const run = (argv: readonly string[], key: string = KEYS[0]): Promise<Ran> =>
  keyward(['contracts', ...argv], { cwd: folder, env: { KEYWARD_DEPLOYER_KEY: key } })

const deployArgs = (out: string, url = anvil.url, ...more: string[]): string[] => [
  'deploy',
  ...['--rpc', url, '--founders', 'founders.json', '--out', out, '--json', ...more]
]

const sentBy = (key: string = KEYS[0]): Promise<number> =>
  new Placer({ url: anvil.url, deployerKey: fromHex(key) }).count('pending', {})

const jsonOf = <T>({ out }: Ran): T => JSON.parse(out) as T
const read = async (name: string): Promise<DeploymentJson> =>
  JSON.parse(await readFile(join(folder, name), 'utf8')) as DeploymentJson
const write = (name: string, value: unknown): Promise<void> =>
  writeFile(join(folder, name), JSON.stringify(value))

/** A deployment of the first key, made once. */
let made: Promise<Ran> | undefined
const deployed = async (): Promise<DeploymentJson> => {
  made ??= run(deployArgs('first.json', anvil.url, '--emergency-signers', '3', '--review', '2d'))
  expect((await made).err).toBe('')
  return await read('first.json')
}

describe('contracts deploy', () => {
  it('puts the production build there, and status and verify find nothing amiss', async () => {
    const deployment = await deployed()
    const result = jsonOf<ContractsDeployResult>(await (made as Promise<Ran>))

    expect(result.contracts.map(({ contract }) => contract)).toEqual(DEPLOYED)
    expect(result.contracts.every(({ gas = 0 }) => gas > 200_000)).toBe(true)
    expect(result.gas).toBe(result.contracts.reduce((sum, { gas = 0 }) => sum + gas, 0))
    expect(existsSync(join(folder, 'first.json.part'))).toBe(false)
    const status = await run(['status', 'first.json', '--rpc', anvil.url, '--json'])
    expect(jsonOf<ContractsStatusResult>(status)).toMatchObject({
      chainId: 31_337,
      directory: { voterSet: 1, voters: 3, quorum: 2 },
      emergency: { signers: 3, reviewSeconds: 172_800 },
      absent: [],
      faults: []
    })
    expect(status.exit).toBe(0)
    const verify = await run(['verify', 'first.json', '--rpc', anvil.url, '--json'])
    const { contracts, valid } = jsonOf<ContractsVerifyResult>(verify)
    expect([valid, verify.exit]).toEqual([true, 0])
    expect(new Set(contracts.map(({ build }) => build))).toEqual(new Set(['production']))
    const held = Object.fromEntries(contracts.map((each) => [each.contract, each.immutables]))
    expect(held['guardians']).toEqual({
      directory: deployment.directory,
      grants: deployment.grants,
      emergency: deployment.emergency
    })
    expect(held['wardAccount']).toEqual({ guardians: deployment.guardians })
  })

  it('is not done twice', async () => {
    await deployed()
    const before = await sentBy()

    const { exit, err } = await run(deployArgs('first.json'))

    expect(exit).toBe(1)
    expect(err).toContain('that deployment is done')
    expect(await sentBy()).toBe(before)
  })

  it('says what it would cost, and does nothing, with --dry-run', async () => {
    const before = await sentBy(KEYS[1])

    const ran = await run(deployArgs('dry.json', anvil.url, '--dry-run'), KEYS[1])

    const { contracts, cost, balance } = jsonOf<ContractsDeployResult>(ran)
    expect(contracts.every(({ gas = 0 }) => gas > 200_000)).toBe(true)
    expect(BigInt(cost ?? 0)).toBeGreaterThan(0n)
    expect(BigInt(balance ?? 0)).toBeGreaterThan(BigInt(cost ?? 0))
    expect(await sentBy(KEYS[1])).toBe(before)
    expect(['dry.json', 'dry.json.part'].some((name) => existsSync(join(folder, name)))).toBe(false)
  })

  it('refuses another chain than the one named, before anything is sent', async () => {
    const before = await sentBy(KEYS[1])

    const { exit, err } = await run(deployArgs('x.json', anvil.url, '--chain-id', '5'), KEYS[1])

    expect(exit).toBe(1)
    expect(err).toContain('expected 5')
    expect(await sentBy(KEYS[1])).toBe(before)
  })

  it('refuses an account that cannot pay for all of it', async () => {
    const { exit, err } = await run(deployArgs('x.json'), toHex0x(keyOf('pauper')))

    expect(exit).toBe(1)
    expect(err).toMatch(/expected at least \d+ wei, has 0/)
  })

  it.each<[string, unknown]>([
    ['no list', { org: 1 }],
    ['nobody', []],
    ['an organisation 0', [{ org: 0, admin: FOUNDERS[0]?.admin }]],
    ['an admin that is none', [{ org: 1, admin: '0x12' }]],
    ['the zero address', [{ org: 1, admin: `0x${'00'.repeat(20)}` }]],
    ['one organisation twice', [FOUNDERS[0], { ...FOUNDERS[1], org: 1 }]],
    ['one admin twice', [FOUNDERS[0], { ...FOUNDERS[0], org: 2 }]],
    ['an unknown field', [{ ...FOUNDERS[0], name: 'A' }]]
  ])('refuses founders with %s, by name', async (_what, founders) => {
    await write('bad.json', founders)
    const args = deployArgs('x.json').map((arg) => (arg === 'founders.json' ? 'bad.json' : arg))

    const { exit, err } = await run(args, KEYS[1])

    expect(exit).toBe(2)
    expect(err).toContain('"founders')
  })

  it.each([
    ['--quorum', '1', '"quorum"'],
    ['--quorum', '4', '"quorum"'],
    ['--emergency-signers', '1', '"emergencySigners"'],
    ['--emergency-signers', '6', '"emergencySigners"'],
    ['--review', '59', '"review"'],
    ['--review', '91d', '"review"'],
    ['--rpc', 'ftp://x', '"rpc"']
  ])('refuses %s %s by name', async (flag, value, name) => {
    const { exit, err } = await run([...deployArgs('x.json'), flag, value], KEYS[1])

    expect(exit).toBe(2)
    expect(err.replaceAll('\\', '')).toContain(name)
  })

  it('tells nothing of a key that is none', async () => {
    const { exit, out, err } = await run(deployArgs('x.json'), 'abc-secret')

    expect(exit).toBe(2)
    expect(out + err).not.toContain('abc-secret')
  })
})

describe('a deployment that dies', () => {
  /** Kept over deaths; dies at one of its calls. */
  class MortalJournal implements DeployJournal {
    readonly kept = new Map<Deployed, Placement>()
    dieAt: Deployed | undefined
    get(contract: Deployed): Placement | undefined {
      return this.kept.get(contract)
    }
    async put(contract: Deployed, placement: Placement): Promise<void> {
      this.kept.set(contract, placement)
      if (contract === this.dieAt) throw new Error('died')
    }
  }
  const terms = (url: string, key: string, journal: DeployJournal) => ({
    url,
    deployerKey: fromHex(key),
    primitives: p,
    founders: FOUNDERS.map(({ org, admin }) => ({ org, admin: address(fromHex(admin)) })),
    journal
  })

  it('before any of its transactions, places each contract once when it goes on', async () => {
    const before = await sentBy(KEYS[1])
    const journal = new MortalJournal()
    const init = terms(anvil.url, KEYS[1], journal)
    for (const contract of DEPLOYED) {
      journal.dieAt = contract
      await expect(deploy(init), contract).rejects.toThrow('died')
    }
    journal.dieAt = undefined

    const deployment = await deploy(init)

    expect(await sentBy(KEYS[1])).toBe(before + DEPLOYED.length)
    const places = DEPLOYED.map((each) => toHex0x(journal.kept.get(each)?.at as Uint8Array))
    expect(DEPLOYED.map((each) => toHex0x(deployment[each] as Uint8Array))).toEqual(places)
  })

  it('after the chain heard a transaction, and before it knows that', async () => {
    const before = await sentBy(KEYS[1])
    const journal = new MortalJournal()
    let lose = true
    await using proxy = await rpcProxy(anvil.url, ({ method }, result) => {
      if (method !== 'eth_sendRawTransaction') return result
      lose = !lose
      return lose ? result : 'lost'
    })
    const init = terms(proxy.url, KEYS[1], journal)
    let deaths = 0
    while (journal.kept.size < DEPLOYED.length) {
      await deploy(init).catch((err: Error) => {
        expect(err.name).toBe('ChainUnavailableError')
        deaths++
      })
    }

    const deployment = await deploy(init)

    expect(deaths).toBeGreaterThanOrEqual(4)
    expect(await sentBy(KEYS[1])).toBe(before + DEPLOYED.length)
    expect(deployment.wardAccount).toEqual(journal.kept.get('wardAccount')?.at)
  })

  it('does not go on when its endpoint has moved to another chain', async () => {
    const before = await sentBy(KEYS[1])
    const init = { ...terms(anvil.url, KEYS[1], new MortalJournal()), chainId: 5 }

    await expect(deploy(init)).rejects.toMatchObject({ name: 'InvalidConfigError' })
    expect(await sentBy(KEYS[1])).toBe(before)
  })

  it('by SIGKILL, is gone on with by the same command', async () => {
    const before = await sentBy(KEYS[2])
    let child: ChildProcess | undefined
    let sent = 0
    // the fourth is on its way, and whoever sent it will never hear of it
    await using proxy = await rpcProxy(anvil.url, ({ method }, result) => {
      if (method !== 'eth_sendRawTransaction' || ++sent < 4) return result
      child?.kill('SIGKILL')
      return 'lost'
    })
    const argv = ['--disable-warning=ExperimentalWarning', BIN, 'contracts']
    child = spawn(process.execPath, [...argv, ...deployArgs('killed.json', proxy.url)], {
      cwd: folder,
      env: { ...process.env, KEYWARD_DEPLOYER_KEY: KEYS[2] },
      stdio: 'ignore'
    })
    await new Promise((resolve) => child?.once('close', resolve))
    expect(child.signalCode).toBe('SIGKILL')
    expect(existsSync(join(folder, 'killed.json.part'))).toBe(true)
    expect(existsSync(join(folder, 'killed.json'))).toBe(false)

    const ran = await run(deployArgs('killed.json'), KEYS[2])

    const { contracts } = jsonOf<ContractsDeployResult>(ran)
    expect(contracts.slice(0, 3).map(({ gas }) => gas)).toEqual([undefined, undefined, undefined])
    expect(await sentBy(KEYS[2])).toBe(before + DEPLOYED.length)
    expect(existsSync(join(folder, 'killed.json.part'))).toBe(false)
  })

  it('does not go on under other terms', async () => {
    const part = { head: { chainId: 1 }, placed: {} }
    await write('other.json.part', part)

    const { exit, err } = await run(deployArgs('other.json'), KEYS[1])

    expect(exit).toBe(1)
    expect(err).toContain('the same chain, key and terms')
  })
})

describe('what stands on a chain', () => {
  const look = async (verb: string, name: string, urls: readonly string[]) => {
    const rpc = urls.flatMap((url) => ['--rpc', url])
    const ran = await run([verb, name, ...rpc, '--json'])
    return { ...ran, faults: ran.exit === 1 ? [] : jsonOf<ContractsVerifyResult>(ran).faults }
  }

  it('differs where the chain has the same id but no contracts, or others', async () => {
    await deployed()
    const other = await startAnvil()
    try {
      const nothing = await look('verify', 'first.json', [other.url])
      expect(nothing.exit).toBe(7)
      expect(nothing.faults).toEqual(DEPLOYED.map((each) => `${each}: no contract stands here`))

      await run(deployArgs('there.json', other.url, '--profile', 'default'))
      for (const verb of ['status', 'verify']) {
        const { exit, faults } = await look(verb, 'first.json', [other.url])
        expect(exit).toBe(7)
        expect(faults).toEqual(DEPLOYED.map((each) => `${each}: the code is not the pinned one`))
      }
    } finally {
      await other.stop()
    }
  })

  it('differs where contracts of two deployments are mixed', async () => {
    const first = await deployed()
    await run(deployArgs('second.json'), KEYS[1])
    const second = await read('second.json')
    await write('mixed.json', {
      ...first,
      guardians: second.guardians,
      codeHashes: { ...first.codeHashes, guardians: second.codeHashes.guardians }
    })

    const { exit, faults } = await look('verify', 'mixed.json', [anvil.url])

    expect(exit).toBe(7)
    expect(faults.map((fault) => fault.split(' 0x')[0])).toEqual([
      'guardians: points at directory',
      'guardians: points at grants',
      'guardians: points at emergency',
      'wardAccount: points at guardians'
    ])
  })

  it('differs where the pinned code is ours but for one byte', async () => {
    const first = await deployed()
    const placer = new Placer({ url: anvil.url, deployerKey: fromHex(KEYS[1]) })
    const data = creationCode('audit', 'production')
    data[data.byteLength - 1] = (data.at(-1) as number) ^ 1
    const placement = placer.placement(await placer.count('pending', {}))
    const [gasLimit, fees] = [await placer.estimate(data, {}), await placer.fees({})]
    await placer.place(data, placement, { ...fees, gasLimit, chainId: first.chainId }, {})
    const code = await placer.code(placement.at, {})
    await write('doctored.json', {
      ...first,
      audit: toHex0x(placement.at),
      codeHashes: { ...first.codeHashes, audit: toHex0x(p.keccak256(code)) }
    })

    const { exit, faults } = await look('verify', 'doctored.json', [anvil.url])

    expect(exit).toBe(7)
    expect(faults).toEqual(['audit: the code is no build of this version'])
  })

  it('differs where the deployment names another chain', async () => {
    await write('moved.json', { ...(await deployed()), chainId: 5 })

    const { exit, faults } = await look('status', 'moved.json', [anvil.url])

    expect(exit).toBe(7)
    expect(faults).toEqual([expect.stringMatching(/is on chain 31337, the deployment on 5$/)])
  })

  it('is told by the rules of a consortium only where its sealers are known, and seal', async () => {
    await deployed()
    const sealer = ['--sealers', toHex0x(accountOf('sealer'))]
    const consortium = (...more: string[]) =>
      run(['status', 'first.json', '--rpc', anvil.url, '--kind', 'consortium', ...more])

    expect((await consortium()).err).toContain('"chain.sealers" expected the accounts that seal')
    const unsealed = await consortium(...sealer, '--seal', 'clique')
    expect([unsealed.exit, unsealed.err.includes('303')]).toEqual([1, true])
  })

  it('is shown without those contracts that an older deployment lacks', async () => {
    const { emergency: _, guardians: __, wardAccount: ___, ...rest } = await deployed()
    const { emergency: _e, guardians: _g, wardAccount: _w, ...codeHashes } = rest.codeHashes
    await write('older.json', { ...rest, codeHashes })

    const status = await run(['status', 'older.json', '--rpc', anvil.url, '--json'])

    expect(status.exit).toBe(0)
    expect(jsonOf<ContractsStatusResult>(status).absent).toEqual([
      'emergency',
      'guardians',
      'wardAccount'
    ])
  })

  it('is proven by another endpoint when one lies about proofs or code', async () => {
    await deployed()
    await using liar = await rpcProxy(anvil.url, ({ method }, result) => {
      if (method === 'eth_getCode') return '0x6000'
      if (method !== 'eth_getProof') return result
      return { ...(result as object), accountProof: [] }
    })
    await using honest = await rpcProxy(anvil.url)

    const alone = await look('verify', 'first.json', [liar.url])
    expect(alone.exit).toBe(1)
    expect(alone.err).toContain('no endpoint gives a proof that fits')
    const together = await look('verify', 'first.json', [liar.url, honest.url, anvil.url])
    expect([together.exit, together.faults]).toEqual([0, []])
    expect(liar.asked).toContain('eth_getProof')
  })

  it('is not told where the endpoints agree on no head', async () => {
    await deployed()
    await using forked = await rpcProxy(anvil.url, ({ method }, result) =>
      method === 'eth_getBlockByNumber'
        ? { ...(result as object), hash: `0x${'77'.repeat(32)}` }
        : result
    )

    const { exit, err } = await look('status', 'first.json', [forked.url, anvil.url])

    expect(exit).toBe(1)
    expect(err).toContain('302')
  })
})
