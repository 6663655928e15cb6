/**
 * Deployments as JSON.
 * @module
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Deployment } from '../../core/deployment.ts'
import { address, hash } from '../../core/ids.ts'
import { readDeployment, toDeploymentJson } from '../../node/deployment-file.ts'

const at = (byte: number) => address(new Uint8Array(20).fill(byte))
const code = (byte: number) => hash(new Uint8Array(32).fill(byte))
const deployment: Deployment = {
  chainId: 31_337,
  grants: at(1),
  records: at(2),
  directory: at(3),
  codeHashes: { grants: code(4), records: code(5), directory: code(6) }
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyward-deployment-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('deployment file', () => {
  it('holds a deployment, inline or beside the config', async () => {
    const json = toDeploymentJson(deployment)
    await writeFile(join(folder, 'd.json'), JSON.stringify(json))

    expect(await readDeployment(json, folder)).toEqual(deployment)
    expect(await readDeployment('d.json', folder)).toEqual(deployment)
  })

  it('holds the contracts that came later, where there are any', async () => {
    const codeHashes = { ...deployment.codeHashes, emergency: code(9), guardians: code(10) }
    const full: Deployment = { ...deployment, emergency: at(7), guardians: at(8), codeHashes }

    expect(await readDeployment(toDeploymentJson(full), folder)).toEqual(full)
    expect(Object.keys(toDeploymentJson(deployment))).not.toContain('audit')
  })

  it.each([
    ['is missing', undefined, 'cannot read'],
    ['is no JSON', '{', 'cannot read'],
    ['lacks a field', '{"chainId":1}', '"grants" expected string, got undefined'],
    [
      'has a short hash',
      JSON.stringify({
        ...toDeploymentJson(deployment),
        codeHashes: { ...toDeploymentJson(deployment).codeHashes, records: '0x00' }
      }),
      '"codeHashes.records" expected 0x and 64 hex digits'
    ]
  ])('that %s is named', async (_what, content, message) => {
    if (content != null) await writeFile(join(folder, 'bad.json'), content)
    const path = content == null ? 'none.json' : 'bad.json'

    await expect(readDeployment(path, folder)).rejects.toMatchObject({
      name: 'InvalidConfigError',
      message: expect.stringContaining(message)
    })
  })
})
