/**
 * `contracts deploy`: puts the contracts on a chain, or says what that would cost. What was begun
 * and died is gone on with; what is done is never done again.
 * @module
 */
import { access, readFile } from 'node:fs/promises'
import { fromHex, toHex0x } from '../../core/bytes.ts'
import { defaultGatePolicy } from '../../core/decision.ts'
import type { Deployment } from '../../core/deployment.ts'
import { InvalidConfigError, InvalidParametersError } from '../../core/errors.ts'
import { address } from '../../core/ids.ts'
import { REVIEW_SECONDS } from '../../core/limits.ts'
import { DEPLOYED, type Profile } from '../chain/builds.ts'
import { type DeployInit, deploy, type FoundingTerms, planDeployment } from '../chain/deploy.ts'
import { journalPath, openDeployJournal } from '../chain/deploy-journal.ts'
import { Placer } from '../chain/placer.ts'
import { nativePrimitives } from '../crypto/native.ts'
import { readDeployment, toDeploymentJson } from '../deployment-file.ts'
import { issueText } from '../issue-text.ts'
import { createFileAtomic } from '../repo/atomic-file.ts'
import { acquireLock } from '../repo/lock.ts'
import {
  type ContractsDeployArgs,
  type ContractsDeployResult,
  foundersShape
} from './contracts-shapes.ts'
import { untilSeconds } from './until.ts'
import type { VerbOptions } from './verb.ts'

const MODE = 0o644 // read by whoever starts a node

/**
 * The key is an argument of its own, so that none of the others is secret.
 * @throws InvalidParametersError, InvalidConfigError, TransactionFailedError, ChainUnavailableError
 */
export async function contractsDeploy(
  args: ContractsDeployArgs,
  deployerKey: Uint8Array,
  options: VerbOptions
): Promise<ContractsDeployResult> {
  const { rpc: url, out } = args
  const terms = await readTerms(args)
  const placer = new Placer({ url, deployerKey })
  const { signal } = options
  const chainId = await placer.chainId({ signal })
  if (args.chainId != null && args.chainId !== chainId) {
    throw new InvalidConfigError(
      `"chain-id" expected ${args.chainId}, the endpoint is on ${chainId}`
    )
  }
  const profile: Profile = args.profile ?? 'production'
  await using lock = await lockOf(out)
  await assertUnused(out, lock.goesOn)
  const head = { chainId, deployer: placer.deployer, profile, terms }
  const journal = await openDeployJournal(out, head)
  const common = { url, deployerKey, primitives: nativePrimitives, signal, profile, chainId }
  const init: DeployInit = { ...terms, ...common, journal }
  if (args.dryRun === true) return await dryRun(init, profile)

  const placed: ContractsDeployResult['contracts'][number][] = []
  const deployment: Deployment = await deploy({
    ...init,
    onPlaced({ contract, at, gas }) {
      placed.push({ contract, address: toHex0x(at), ...(gas == null ? {} : { gas }) })
      options.progress({
        step: contract,
        done: placed.length,
        total: DEPLOYED.length,
        detail: `${toHex0x(at)}${gas == null ? ' stands' : `, gas ${gas}`}`
      })
    }
  })
  const json = toDeploymentJson(deployment)
  await createFileAtomic(out, `${JSON.stringify(json, null, 2)}\n`, MODE).catch(unlessThere)
  await journal.remove()
  return {
    chainId,
    deployer: toHex0x(placer.deployer),
    profile,
    contracts: placed,
    gas: placed.reduce((sum, { gas = 0 }) => sum + gas, 0),
    out,
    deployment: json
  }
}

async function dryRun(init: DeployInit, profile: Profile): Promise<ContractsDeployResult> {
  const plan = await planDeployment(init)
  return {
    chainId: plan.chainId,
    deployer: toHex0x(plan.deployer),
    profile,
    contracts: plan.contracts.map(({ contract, at, gas }) => ({
      contract,
      address: toHex0x(at),
      ...(gas == null ? {} : { gas: Number(gas) })
    })),
    gas: plan.contracts.reduce((sum, { gas }) => sum + Number(gas ?? 0n), 0),
    cost: String(plan.cost),
    balance: String(plan.balance)
  }
}

async function readTerms(args: ContractsDeployArgs): Promise<Required<FoundingTerms>> {
  const founders = await readFounders(args.founders)
  const quorum = args.quorum ?? Math.floor(founders.length / 2) + 1
  if (quorum > founders.length || 2 * quorum <= founders.length) {
    throw new InvalidParametersError(
      `"quorum" expected more than half of ${founders.length} founders, got ${quorum}`
    )
  }
  const reviewSeconds = args.review == null ? REVIEW_SECONDS : untilSeconds(args.review, 0)
  if (reviewSeconds < 3_600 || reviewSeconds > 90 * 86_400) {
    throw new InvalidParametersError(`"review" expected 1h to 90d, got ${args.review}`)
  }
  const { emergencySigners = defaultGatePolicy.emergencySigners } = args
  return { founders, quorum, emergencySigners, reviewSeconds }
}

/** Ascending by number, as the Directory wants them, each admin once. */
async function readFounders(file: string): Promise<FoundingTerms['founders']> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new InvalidParametersError(`"founders" expected a file with JSON: ${file}`, { cause })
  }
  const parsed = foundersShape.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0] as Parameters<typeof issueText>[0]
    throw new InvalidParametersError(`"founders.${issue.path.join('.')}" ${issueText(issue)}`)
  }
  const founders = parsed.data
    .map(({ org, admin }) => ({ org, admin: address(fromHex(admin)) }))
    .sort((a, b) => a.org - b.org)
  const seen = new Set<string | number>()
  for (const { org, admin } of founders) {
    for (const name of [org, toHex0x(admin)]) {
      if (seen.has(name)) throw new InvalidParametersError(`"founders" has ${name} twice`)
      seen.add(name)
    }
    if (admin.every((byte) => byte === 0)) {
      throw new InvalidParametersError(
        `"founders" expected an admin of ${org}, got the zero address`
      )
    }
  }
  return founders
}

/** Two at once would place everything twice. */
async function lockOf(out: string) {
  const goesOn = await exists(journalPath(out))
  const lock = await acquireLock(`${out}.lock`)
  return { goesOn, [Symbol.asyncDispose]: () => lock.release() }
}

/** A finished deployment is not begun again; one that died between its last two steps ends now. */
async function assertUnused(out: string, goesOn: boolean): Promise<void> {
  if (!(await exists(out))) return
  if (!goesOn) throw new InvalidConfigError(`${out} exists: that deployment is done`)
  await readDeployment(out, '/')
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false
  )

const unlessThere = (err: unknown): void => {
  if ((err as NodeJS.ErrnoException).code !== 'EEXIST') throw err
}
