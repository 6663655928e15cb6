import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  decodeManifest,
  encodeManifest,
  makeManifest,
  sourceCommit
} from '../../../sim/results/manifest.ts'
import { madeUpManifest, madeUpScenario } from '../fixture.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'keyward-manifest-'))
})
afterEach(() => rm(root, { recursive: true }))

const id = '7c343a1f0c9d2b6a5e4d3c2b1a0918273645f0e1'
const put = async (files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
}

describe('commit of the source', () => {
  it.each<[string, Record<string, string>, string]>([
    [
      'of a branch',
      { '.git/HEAD': 'ref: refs/heads/main\n', '.git/refs/heads/main': `${id}\n` },
      id
    ],
    ['detached', { '.git/HEAD': `${id}\n` }, id],
    [
      'packed',
      {
        '.git/HEAD': 'ref: refs/heads/main\n',
        '.git/packed-refs': `# pack-refs with: peeled\n${'0'.repeat(40)} refs/heads/other\n${id} refs/heads/main\n`
      },
      id
    ],
    [
      'of a linked work tree',
      {
        '.git': 'gitdir: repo/worktrees/a\n',
        'repo/worktrees/a/HEAD': 'ref: refs/heads/side\n',
        'repo/worktrees/a/commondir': '../..\n',
        'repo/refs/heads/side': `${id}\n`
      },
      id
    ],
    [
      'of no branch that there is',
      { '.git/HEAD': 'ref: refs/heads/new\n', '.git/packed-refs': '' },
      'unknown'
    ],
    ['outside a checkout', {}, 'unknown']
  ])('is read: %s', async (_, files, commit) => {
    await put(files)

    expect(await sourceCommit(root)).toBe(commit)
  })
})

describe('manifest', () => {
  it('names versions and host of where it is made', async () => {
    const scenario = madeUpScenario({ repeats: 3 })

    const manifest = await makeManifest({
      scenario,
      engine: 'live',
      seed: 9,
      startedAt: '2026-11-24T10:00:00.000Z'
    })

    expect(manifest).toMatchObject({
      engine: 'live',
      seed: 9,
      repeats: 3,
      complete: false,
      digest: ''
    })
    expect(manifest.versions).toMatchObject({
      node: process.versions.node,
      libp2p: expect.stringMatching(/^\d+\./),
      '@libp2p/kad-dht': expect.stringMatching(/^\d+\./),
      helia: expect.stringMatching(/^\d+\./)
    })
    expect(manifest.host.memoryBytes).toBeGreaterThan(0)
  })

  it('is refused with a scenario that this version does not read', async () => {
    const bytes = await encodeManifest({ manifest: madeUpManifest(), files: {} })
    const refuse = () => {
      throw new Error('unknown field')
    }

    await expect(decodeManifest('run', bytes, refuse)).rejects.toMatchObject({
      name: 'InvalidConfigError',
      message: 'run expected a scenario of this version, made by keyward 0.4.0'
    })
  })
})
