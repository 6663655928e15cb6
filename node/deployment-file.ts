/**
 * A deployment as JSON: what `dev-chain --out` writes, what `config` holds or points to.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { fromHex, toHex0x } from '../core/bytes.ts'
import { type Deployment, mapOptional } from '../core/deployment.ts'
import { InvalidConfigError } from '../core/errors.ts'
import { address, hash } from '../core/ids.ts'
import { issueText } from './issue-text.ts'

export const addressHex = z.string().regex(/^0x[0-9a-f]{40}$/i, 'expected 0x and 40 hex digits')
const hashHex = z.string().regex(/^0x[0-9a-f]{64}$/i, 'expected 0x and 64 hex digits')

export const deploymentJson = z.strictObject({
  chainId: z.int().min(1),
  grants: addressHex,
  records: addressHex,
  directory: addressHex,
  // deployments that were made before these contracts
  emergency: addressHex.optional(),
  audit: addressHex.optional(),
  guardians: addressHex.optional(),
  wardAccount: addressHex.optional(),
  codeHashes: z.strictObject({
    grants: hashHex,
    records: hashHex,
    directory: hashHex,
    emergency: hashHex.optional(),
    audit: hashHex.optional(),
    guardians: hashHex.optional(),
    wardAccount: hashHex.optional()
  })
})

export type DeploymentJson = z.infer<typeof deploymentJson>

export const fromDeploymentJson = (json: DeploymentJson): Deployment => ({
  chainId: json.chainId,
  grants: address(fromHex(json.grants)),
  records: address(fromHex(json.records)),
  directory: address(fromHex(json.directory)),
  ...mapOptional(json, (hex) => address(fromHex(hex))),
  codeHashes: {
    grants: hash(fromHex(json.codeHashes.grants)),
    records: hash(fromHex(json.codeHashes.records)),
    directory: hash(fromHex(json.codeHashes.directory)),
    ...mapOptional(json.codeHashes, (hex) => hash(fromHex(hex)))
  }
})

export const toDeploymentJson = (deployment: Deployment): DeploymentJson => ({
  chainId: deployment.chainId,
  grants: toHex0x(deployment.grants),
  records: toHex0x(deployment.records),
  directory: toHex0x(deployment.directory),
  ...mapOptional(deployment, toHex0x),
  codeHashes: {
    grants: toHex0x(deployment.codeHashes.grants),
    records: toHex0x(deployment.codeHashes.records),
    directory: toHex0x(deployment.codeHashes.directory),
    ...mapOptional(deployment.codeHashes, toHex0x)
  }
})

/**
 * The deployment that a setting names: inline, or a file relative to the folder.
 * @throws InvalidConfigError if there is no such file or it is not a deployment
 */
export async function readDeployment(
  setting: string | DeploymentJson,
  folder: string
): Promise<Deployment> {
  if (typeof setting !== 'string') return fromDeploymentJson(setting)
  const path = resolve(folder, setting)
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (err) {
    throw new InvalidConfigError(`chain.deployment: cannot read ${path}`, { cause: err })
  }
  const parsed = deploymentJson.safeParse(value)
  if (parsed.success) return fromDeploymentJson(parsed.data)
  const issue = parsed.error.issues[0] as z.core.$ZodIssue
  throw new InvalidConfigError(`${path}: "${issue.path.join('.')}" ${issueText(issue)}`)
}
