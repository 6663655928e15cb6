/**
 * Which release this is, from package.json: read, not imported, so that `keyward version` is quick.
 * @module
 */
import { readFile } from 'node:fs/promises'

interface Package {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
}

async function readPackage(): Promise<Package> {
  return JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
}

export const programVersion = async (): Promise<string> => (await readPackage()).version

/** What a bug report should name. */
export async function allVersions() {
  const { version, dependencies } = await readPackage()
  const { REPO_FORMAT } = await import('../repo/version.ts')
  const told = ['libp2p', 'helia', 'ethers', '@libp2p/kad-dht', '@libp2p/gossipsub']
  return {
    keyward: version,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    repoFormat: REPO_FORMAT,
    ...Object.fromEntries(told.map((name) => [name, dependencies[name] ?? '']))
  }
}
