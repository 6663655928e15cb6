/**
 * `contracts status` and `contracts verify`: what stands at the addresses of a deployment, for
 * whoever is about to pin it or wonders why gates refuse. Neither needs a node or a folder.
 * @module
 */
import { fromHex, toHex0x } from '../../core/bytes.ts'
import { InvalidParametersError } from '../../core/errors.ts'
import { address } from '../../core/ids.ts'
import type { VerifiedHeader } from '../adapters.ts'
import { DEPLOYED } from '../chain/builds.ts'
import {
  addressText,
  type Inspected,
  type Inspection,
  inspectDeployment
} from '../chain/inspect.ts'
import { type ChainParameters, type ConfirmedRule, chosenParameters } from '../chain/parameters.ts'
import { nativePrimitives } from '../crypto/native.ts'
import { readDeployment } from '../deployment-file.ts'
import { systemClock } from '../system.ts'
import {
  type BlockResult,
  type ContractsLookArgs,
  type ContractsStatusResult,
  type ContractsVerifyResult,
  contractsLookArgs,
  type InspectedResult
} from './contracts-shapes.ts'
import type { OfflineVerb } from './verb.ts'

export const contractsStatus: OfflineVerb<ContractsLookArgs, ContractsStatusResult> = {
  name: 'contracts.status',
  args: contractsLookArgs,
  async run(args, { signal }) {
    const { parameters, chainId, seen } = await look(args, signal)
    const emergency = seen.contracts.find(({ contract }) => contract === 'emergency')?.immutables
    const [signers, review] = [emergency?.get('quorum'), emergency?.get('reviewSeconds')]
    const { confirmed: rule } = parameters
    return {
      chainId,
      kind: parameters.kind,
      head: blockResult(seen.head),
      headAgeSeconds: seen.headAgeSeconds,
      ...(seen.blockSeconds == null ? {} : { blockSeconds: seen.blockSeconds }),
      confirmed: blockResult(seen.conf),
      confirmedBy: ruleText(rule),
      quorum: parameters.quorum,
      endpoints: seen.endpoints.map(({ name, chainId: id }) =>
        id == null ? { name } : { name, chainId: id }
      ),
      contracts: seen.contracts.map(inspectedResult),
      absent: seen.absent,
      ...(seen.voters == null ? {} : { directory: seen.voters }),
      ...(signers == null || review == null
        ? {}
        : { emergency: { signers: Number(signers), reviewSeconds: Number(review) } }),
      faults: allFaults(seen)
    }
  }
}

export const contractsVerify: OfflineVerb<ContractsLookArgs, ContractsVerifyResult> = {
  name: 'contracts.verify',
  args: contractsLookArgs,
  async run(args, { signal }) {
    const { parameters, seen } = await look(args, signal)
    const faults = allFaults(seen)
    return {
      valid: faults.length === 0,
      block: blockResult(seen.head),
      quorum: parameters.quorum,
      endpoints: seen.endpoints.length,
      contracts: seen.contracts.map(inspectedResult),
      faults
    }
  }
}

function ruleText(rule: ConfirmedRule): string {
  if (rule.by === 'finalized') return 'the finalized tag'
  const below = `${rule.blocks} below the head`
  return rule.by === 'depth' ? below : `${below}, seals of ${rule.sealers.length} (${rule.seal})`
}

async function look(
  { deployment: file, rpc, kind = 'dev', quorum, sealers, ...consortium }: ContractsLookArgs,
  signal: AbortSignal
): Promise<{ parameters: ChainParameters; chainId: number; seen: Inspection }> {
  if (new Set(rpc).size !== rpc.length) {
    throw new InvalidParametersError('"rpc" expected each endpoint once')
  }
  const deployment = await readDeployment(file, '/')
  const parameters = chosenParameters({
    ...consortium,
    kind,
    endpoints: rpc.length,
    quorum: quorum ?? Math.floor(rpc.length / 2) + 1,
    sealers: sealers?.map((hex) => address(fromHex(hex)))
  })
  const common = { urls: rpc, deployment, parameters }
  const seen = await inspectDeployment(
    { ...common, clock: systemClock, primitives: nativePrimitives },
    { signal }
  )
  return { parameters, chainId: deployment.chainId, seen }
}

const blockResult = ({ number, hash, timeSeconds }: VerifiedHeader): BlockResult => ({
  number,
  hash: toHex0x(hash),
  time: timeSeconds
})

function inspectedResult(each: Inspected): InspectedResult {
  const { contract, at, codeHash, pinned, profile, confirmed, faults } = each
  const immutables = [...each.immutables].map(([name, value]) => {
    const isAddress = DEPLOYED.some((known) => known === name)
    return [name, isAddress ? addressText(value) : String(value)]
  })
  return {
    contract,
    address: toHex0x(at),
    ...(codeHash == null ? {} : { codeHash: toHex0x(codeHash) }),
    ...(pinned == null ? {} : { pinned: toHex0x(pinned) }),
    ...(profile == null ? {} : { build: profile }),
    ...(confirmed == null ? {} : { confirmed }),
    immutables: Object.fromEntries(immutables),
    faults
  }
}

const allFaults = ({ faults, contracts }: Inspection): string[] => [
  ...faults,
  ...contracts.flatMap((each) => each.faults.map((fault) => `${each.contract}: ${fault}`))
]
