/**
 * The walls between folders: what may import what, each wall with its name. tools/check-layers.ts
 * runs it and makes sure that nothing was overlooked; test/tools/walls.test.ts plants a breach of
 * each. A folder imports only from folders above it: core, protocols, node, then sim and web.
 * @module
 */
const wire = 'node_modules/(libp2p|@libp2p|helia|@helia|ethers)/'
const ours = '^(core|protocols|node|sim|web)/'
const users = 'sim|web|test|bin|tools'
const doors = '^node/(index|light|memory)\\.ts$'
const reads = '^node/(release/gate|clinic|custody/[^/]+)\\.ts$' // clinic.ts composes them
const builtin =
  '^(node:)?(fs|net|tls|https?|path|os|child_process|crypto|worker_threads|sqlite|dgram|dns)(/|$)'
const walls = [
  // name, from, except; must not import, unless
  ['core-is-pure', '^core/', '', `^(protocols|node|${users})/|${wire}`],
  ['protocols-below-node', '^protocols/', '', `^(node|${users})/|/(helia|@helia|ethers)/`],
  ['protocols-are-islands', '^protocols/([^/]+)/', '', '^protocols/', '/($1/|framing\\.ts$)'],
  ['node-below-its-users', '^node/', '', `^(${users})/`],
  ['sim-uses-the-front-door', '^sim/', '', '^(node|web|test|bin|tools)/', doors],
  ['model-is-plain', '^sim/model/', '', `^(node|protocols|sim/live)/|${wire}`, '^protocols/.+/con'],
  ['live-knows-no-model', '^sim/live/', '', '^sim/model/'],
  [
    'web-uses-the-light-door',
    '^web/',
    '',
    '^(protocols|node|sim|test|bin|tools)/',
    '^node/light\\.ts'
  ],
  ['ethers-only-in-chain', ours, '^node/chain/', 'node_modules/ethers/'],
  ['helia-only-in-storage', ours, '^node/(storage|network)/', 'node_modules/(helia|@helia)/'],
  ['ciphers-only-in-core', ours, '^core/', '/(@noble|hpke|@panva|shamir-secret-sharing)/'],
  ['cbor-has-one-home', ours, '^core/codec\\.ts$', 'node_modules/(@ipld/dag-cbor|cborg)/'],
  ['native-crypto-has-one-home', '^(node|sim)/', '^node/crypto/', '^(node:)?crypto$'],
  ['shares-have-one-reader', ours, reads, '^node/custody/share-reader\\.ts$']
]
const rule = (name, from, to) => ({ name, severity: 'error', from, to })
const side = (path, pathNot) => (pathNot ? { path, pathNot } : { path })

export default {
  forbidden: [
    ...walls.map(([name, from, except, to, but]) => rule(name, side(from, except), side(to, but))),
    rule('no-builtins-below-node', side('^(core|protocols|web)/'), { dependencyTypes: ['core'] }),
    rule('light-runs-in-a-browser', side('^node/light\\.ts$'), { path: builtin, reachable: true }),
    // a contract (index.ts) and the class behind it name each other's types; values never go round
    rule('no-circular', {}, { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }),
    rule('nothing-unresolved', {}, { couldNotResolve: true })
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      // or ESM-only packages stay unresolved, and rules on them mute (F6)
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types']
    }
  }
}
