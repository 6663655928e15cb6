/**
 * Proves that each wall stands: plants one breach of each rule of .dependency-cruiser.mjs in a
 * small tree of its own, beside imports that are allowed, and demands that exactly the breaches are
 * named. Likewise for the globals that Biome keeps out of core/.
 * @module
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import biome from '../../biome.json' with { type: 'json' }
import { type Breach, checkLayers } from '../../tools/check-layers.ts'
import { ROOT } from '../../tools/files.ts'
import { runCommand } from '../../tools/run-command.ts'

/** One planted import: the rule that must name it, the file it stands in, what it imports. */
type Planted = readonly [rule: string, file: string, imports: string]

const planted: Planted[] = [
  ['core-is-pure', 'core/asks-the-network.ts', 'libp2p'],
  ['core-is-pure', 'core/asks-the-chain.ts', 'ethers'],
  ['core-is-pure', 'core/looks-up.ts', '../protocols/framing.ts'],
  ['protocols-below-node', 'protocols/access/looks-up.ts', '../../node/node.ts'],
  ['protocols-below-node', 'protocols/access/stores.ts', 'helia'],
  ['protocols-are-islands', 'protocols/access/looks-aside.ts', '../custody/index.ts'],
  ['node-below-its-users', 'node/looks-up.ts', '../sim/random.ts'],
  ['sim-uses-the-front-door', 'sim/live/climbs-in.ts', '../../node/node.ts'],
  ['model-is-plain', 'sim/model/uses-the-node.ts', '../../node/index.ts'],
  ['model-is-plain', 'sim/model/uses-live.ts', '../live/world.ts'],
  ['live-knows-no-model', 'sim/live/uses-model.ts', '../model/engine.ts'],
  ['web-uses-the-light-door', 'web/climbs-in.ts', '../node/index.ts'],
  ['ethers-only-in-chain', 'node/verbs/sends.ts', 'ethers'],
  ['helia-only-in-storage', 'node/verbs/stores.ts', '@helia/unixfs'],
  ['ciphers-only-in-core', 'node/verbs/hashes.ts', '@noble/hashes/sha2.js'],
  ['ciphers-only-in-core', 'node/verbs/wraps.ts', 'hpke'],
  ['ciphers-only-in-core', 'node/verbs/splits.ts', 'shamir-secret-sharing'],
  ['cbor-has-one-home', 'core/encodes.ts', '@ipld/dag-cbor'],
  ['native-crypto-has-one-home', 'node/verbs/native.ts', 'node:crypto'],
  ['shares-have-one-reader', 'node/verbs/reads-shares.ts', '../custody/share-reader.ts'],
  ['no-builtins-below-node', 'core/reads-files.ts', 'node:fs'],
  ['no-builtins-below-node', 'protocols/access/events.ts', 'node:events'],
  ['light-runs-in-a-browser', 'node/light.ts', './deep.ts'],
  ['no-circular', 'node/egg.ts', './hen.ts'],
  ['nothing-unresolved', 'node/lost-file.ts', './missing.ts'],
  ['nothing-unresolved', 'node/lost-package.ts', 'no-such-package']
]

const allowed: readonly (readonly [file: string, imports: string])[] = [
  ['core/codec.ts', '@ipld/dag-cbor'],
  ['core/primitives.ts', '@noble/hashes/sha2.js'],
  ['node/chain/proofs.ts', 'ethers'],
  ['node/crypto/native.ts', 'node:crypto'],
  ['node/custody/share-reader.ts', '../../core/codec.ts'],
  ['node/deep.ts', 'node:fs'],
  ['node/hen.ts', './egg.ts'],
  ['node/index.ts', './node.ts'],
  ['node/memory.ts', './node.ts'],
  ['node/node.ts', './release/gate.ts'],
  ['node/release/gate.ts', '../custody/share-reader.ts'],
  ['node/storage/vault.ts', '@helia/unixfs'],
  ['protocols/access/constants.ts', '../../core/codec.ts'],
  ['protocols/access/index.ts', '../framing.ts'],
  ['protocols/custody/index.ts', '../framing.ts'],
  ['protocols/framing.ts', '../core/codec.ts'],
  ['sim/live/world.ts', '../../node/memory.ts'],
  ['sim/main.ts', './live/world.ts'],
  ['sim/model/engine.ts', '../../protocols/access/constants.ts'],
  ['sim/random.ts', '../core/codec.ts'],
  ['web/main.ts', '../node/light.ts']
]

let folder: string
let breaches: Breach[]
let overlooked: string[]

function plant(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyward-walls-'))
  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json', 'biome.json', 'package.json']) {
    cpSync(join(ROOT, file), join(folder, file))
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const [file, imports] of [...planted.map(([, f, i]) => [f, i] as const), ...allowed]) {
    plant(file, `import '${imports}'\n\nexport {}\n`)
  }
  ;({ breaches, overlooked } = await checkLayers(folder))
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('walls', () => {
  it.each(planted)('%s names %s -> %s', (rule, file) => {
    expect(breaches.filter(({ from }) => from === file).map((breach) => breach.rule)).toContain(
      rule
    )
  })

  it('has a planted breach for each rule', async () => {
    const config = join(ROOT, '.dependency-cruiser.mjs') // untyped, so imported by a variable
    const { default: walls } = (await import(config)) as {
      default: { forbidden: { name: string }[] }
    }
    const rules = walls.forbidden.map(({ name }) => name)

    expect([...new Set(planted.map(([rule]) => rule))].sort()).toEqual(rules.sort())
  })

  it('lets allowed imports pass', () => {
    const fine = allowed.map(([file]) => file)

    expect(breaches.filter(({ from }) => fine.includes(from))).toEqual([])
  })

  it('looks at every file', () => {
    expect(overlooked).toEqual([])
  })
})

describe('globals in core', () => {
  const denied = Object.keys(
    biome.overrides[0]?.linter.rules.style?.noRestrictedGlobals?.options.deniedGlobals ?? {}
  )

  it('denies time, randomness and I/O, in core alone', async () => {
    const uses = denied.map((name) => `export const a${name} = () => ${name}\n`).join('')
    plant('core/uses-globals.ts', uses)
    plant('node/uses-globals.ts', uses)

    const { output } = await runCommand(
      'biome',
      ['lint', '--reporter=json', '--max-diagnostics=none', '.'],
      { cwd: folder, stdoutOnly: true }
    )

    interface Diagnostic {
      readonly category: string
      readonly message: string
      readonly location: { readonly path: string }
    }
    const { diagnostics } = JSON.parse(output) as { diagnostics: Diagnostic[] }
    const restricted = diagnostics.filter(({ category }) => category.endsWith('RestrictedGlobals'))
    expect(denied).toEqual(expect.arrayContaining(['Date', 'crypto', 'Buffer', 'process', 'fetch']))
    expect(restricted.every(({ location }) => location.path === 'core/uses-globals.ts')).toBe(true)
    expect(restricted).toHaveLength(denied.length)
  })
})
