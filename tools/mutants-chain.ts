/**
 * What tools/mutants.ts breaks around chains: who may have sealed a block, how contracts are placed
 * once, and what is said of those that stand.
 * @module
 */
import { type Mutant, of } from './mutant.ts'

const SEALS = ['test/node/chain/seals.test.ts']
const CONTRACTS = ['test/node/cli/contracts.test.ts']
const KINDS = ['test/node/chain/kinds.test.ts']

export const seals: readonly Mutant[] = [
  ...of('node/chain/seals.ts', SEALS, [
    [
      'a stranger’s seal counts',
      'return ours.has(sealer) ? sealer : undefined',
      "return sealer === '' ? undefined : sealer"
    ],
    ['two thirds are enough', '3 * distinct.size <= 2 *', '3 * distinct.size < 2 *'],
    ['half is enough', '3 * distinct.size <= 2 *', '2 * distinct.size <='],
    [
      'a sealer counts as often as it seals',
      'new Set(signed.filter((sealer) => sealer != null))',
      '{ size: signed.filter((sealer) => sealer != null).length }'
    ],
    [
      'any round was sealed',
      'encodeHeader(withExtra(round, []))',
      'encodeHeader(withExtra(new Uint8Array(), []))'
    ],
    ['Clique: one sealer twice', 'new Set(sealers).size >=', 'sealers.length >='],
    ['Clique: a stranger between', 'if (sealers.includes(undefined)) return false', ''],
    [
      'Clique: blocks of another line',
      'if (lowest == null || !equalBytes(lowest.parentHash, conf.hash)) return false',
      'if (lowest == null) return false'
    ]
  ]),
  ...of('node/chain/heads.ts', SEALS, [
    ['nobody looks at Clique’s seals', 'if (unsealed != null) return refuse(unsealed)', ''],
    [
      'nobody looks at QBFT’s seals',
      'return this.#qbft?.verify(claim, ref) ?? verifyHeader',
      'return verifyHeader'
    ]
  ])
]

export const deployment: readonly Mutant[] = [
  ...of('node/chain/deploy.ts', CONTRACTS, [
    ['a place is not written down', 'await journal?.put(contract, placement)', ''],
    [
      'a place is forgotten',
      'const written = journal?.get(contract)',
      'const written = undefined as Placement | undefined'
    ],
    [
      'any chain will do',
      'if (init.chainId != null && init.chainId !== chainId) {',
      'if (false) {'
    ],
    ['any purse will do', 'if (plan.cost > plan.balance) {', 'if (false) {']
  ]),
  ...of('node/chain/placer.ts', CONTRACTS, [
    ['a number of the day', 'type: 2, nonce, to: null', 'type: 2, nonce: nonce + 1, to: null']
  ]),
  ...of('node/verbs/contracts-deploy.ts', CONTRACTS, [
    ['what is done is done again', 'if (!goesOn) throw', 'if (false) throw'],
    [
      'the chain that was named',
      'if (args.chainId != null && args.chainId !== chainId) {',
      'if (false) {'
    ]
  ]),
  ...of('node/chain/deploy-journal.ts', CONTRACTS, [
    [
      'other terms are gone on with',
      'if (JSON.stringify(head) !== JSON.stringify(mine)) {',
      'if (false) {'
    ]
  ]),
  ...of('node/chain/inspect.ts', CONTRACTS, [
    ['code that is not pinned', 'pinned != null && equalBytes(pinned, codeHash)', 'pinned != null'],
    ['contracts that point elsewhere', '    ...linkFaults(immutables, deployment)\n', ''],
    ['another chain’s id', 'filter(({ chainId }) => chainId !== expected)', 'filter(() => false)'],
    [
      'code that was not proven',
      'if (equalBytes(this.#p.keccak256(code), expected)) return code',
      'return code'
    ]
  ]),
  ...of('node/chain/builds.ts', CONTRACTS, [
    [
      'any code of that length',
      'return equalBytes(blank, expected) ? found : undefined',
      'return found'
    ]
  ])
]

export const kinds: readonly Mutant[] = of('node/chain/heads.ts', KINDS, [
  ['the tag is not asked for', "if (confirmed.by !== 'finalized') {", 'if (true) {'],
  [
    'the highest says it all',
    'reports.map((report) => report.conf),\n      this.#quorum',
    'reports.map((report) => report.conf),\n      1'
  ]
])
