/**
 * What tools/mutants.ts breaks of the anchor that a receipt log is held to, of the follower that
 * wakes a node, and of the batches that proofs are asked in.
 * @module
 */
import { type Mutant, of } from './mutant.ts'

const ANCHOR = ['test/node/receipts/anchor.test.ts']
const FOLLOW = ['test/node/chain/follow.test.ts']
const WATCH = ['test/node/watch.test.ts']
const PROOFS = ['test/node/release/gate-proofs.test.ts', 'test/node/chain/proofs.test.ts']

export const anchor: readonly Mutant[] = [
  ...of('node/receipts/anchor.ts', ANCHOR, [
    [
      'not known is behind',
      "this.#state.kind === 'unknown' || this.#state.kind",
      'this.#state.kind'
    ],
    ['a log that is shorter', 'if (words.toSeq > receipts.lastSeq)', 'if (false)'],
    ['another root', 'return same ? {', 'return true ? {'],
    [
      'an old head says nothing',
      'if (clock.nowMs() / 1_000 - headSeconds > headMaxAgeSeconds)',
      'if (false)'
    ],
    [
      'words that make no sense',
      'if (decoded == null || (decoded.toSeq === 0) !== (root === 0n))',
      'if (decoded == null)'
    ],
    [
      'an answer from before a doubt',
      'if (doubts === this.#doubts) this.#state = found',
      'this.#state = found'
    ],
    [
      'what was put back is not vouched for',
      "if (state.kind === 'behind') throw new",
      'if (false) throw new'
    ],
    ['not due while behind', '    if (this.isBehind) return false\n', ''],
    [
      'nothing new, no anchor',
      "if (top.toSeq <= (state.kind === 'held' ? state.toSeq : 0)) return undefined",
      ''
    ],
    ['a day is a day', 'nowSeconds - since >= periodSeconds', 'true'],
    [
      'its own anchor is no news',
      '(known == null || decodeLogWord(word)?.toSeq !== known)',
      'true'
    ],
    ['of this log alone', 'equalBytes(key, this.#event) &&', '']
  ]),
  ...of('node/receipts/receipt-log.ts', ANCHOR, [
    ['what is written grows the tree', '        this.#grow(receipt)\n', ''],
    ['what is found grows the tree', '      if (log.#whole) log.#grow(entry)\n', '']
  ]),
  ...of('node/release/gate.ts', ANCHOR, [
    ['11: behind its anchor', 'behindAnchor: anchor.isBehind }', 'behindAnchor: false }'],
    [
      '11: asked again',
      "if (decision.code !== Code.AUDIT_BROKEN || anchor.state.kind !== 'unknown')",
      'if (true)'
    ],
    ['11: the answer counts', 'if (anchor.isBehind) return { code: decision.code }', '']
  ]),
  ...of('node/clinic.ts', ANCHOR, [
    ['lost sight of the chain', 'if (lost || anchor.isNamedIn(', 'if (anchor.isNamedIn('],
    ['its own log on chain', 'if (lost || anchor.isNamedIn([...added, ...undone]))', 'if (lost)']
  ]),
  ...of(
    'core/merkle-log.ts',
    ['test/core/merkle-log.test.ts'],
    [
      ['a leaf is no node', 'p.sha256(LEAF, leaf)', 'p.sha256(NODE, leaf)'],
      ['left is left', 'node(left, right, p), last', 'node(right, left, p), last']
    ]
  )
]

export const following: readonly Mutant[] = [
  ...of('node/chain/follow.ts', FOLLOW, [
    ['by parentHash', 'if (!equalBytes(parent.hash, child.parentHash))', 'if (false)'],
    [
      'by hash, not by number',
      'if (known != null && equalBytes(known.hash, child.parentHash))',
      'if (known != null)'
    ],
    [
      'the head by its hash',
      'if (tip != null && equalBytes(tip.hash, head.hash)) return false',
      ''
    ],
    ['what was undone', 'undone: gone.toReversed()', 'undone: [].slice().concat([])'],
    ['a walk has an end', ' && down.length < FOLLOW_WALK_BLOCKS', ''],
    ['a memory has an end', '.slice(-FOLLOWED_BLOCKS)', ''],
    ['that it lost sight', 'lost: lost || told == null', 'lost: false'],
    ['events of other branches', '|| !equalBytes(of.hash, block.hash)', ''],
    ['an endpoint that fails', 'this.#endpoint = (this.#endpoint + 1) % endpoints.length', ''],
    ['halves of what is too long', 'if (!isTooLong(err as Error)) throw err', 'throw err'],
    [
      'a listener that throws',
      '      } catch (err) {\n        this.#init.onError?.(err)\n      }\n    }\n  }\n}',
      '      } finally {}\n    }\n  }\n}'
    ]
  ]),
  ...of('node/watch.ts', WATCH, [
    ['the kept head goes', 'heads.expire?.()', ''],
    ['what is noted was proven', 'if (equalBytes(word, before?.word ?? NOTHING)) continue', ''],
    ['it wakes', 'if (!move.lost && !concerns) return', 'return']
  ]),
  ...of('node/chain/heads.ts', WATCH, [
    ['expiry', '    this.#cached = undefined\n    this.#expiries++', '']
  ]),
  ...of(
    'node/release/block-rights.ts',
    ['test/node/release/block-rights.test.ts'],
    [
      [
        'rights end',
        'if (read.some((ref) => changed.has(eventOf(ref)))) this.#rights.delete(key)',
        ''
      ],
      [
        'all rights end',
        "if (changed === 'all') this.#rights.clear()",
        "if (changed === 'all') void 0"
      ]
    ]
  ),
  ...of('node/chain/proofs.ts', PROOFS, [
    ['one question a turn', 'setImmediate(() => void this.#askAll())', 'void this.#askAll()'],
    ['words are kept', '            this.#slots.set(toHex(key), slot)\n', '            void 0\n'],
    ['kept by block', 'const key = toHex(block.hash)', "const key = 'any'"]
  ])
]
