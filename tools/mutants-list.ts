/**
 * What tools/mutants.ts breaks: one small damage each, and the tests that have to notice it. The
 * checks of decide() are taken from its table; the others are named here, and each text must occur
 * exactly once in its file, so that a change of the code cannot leave a mutant behind unnoticed.
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './files.ts'
import { type Mutant, of } from './mutant.ts'
import { anchor, following } from './mutants-anchor.ts'
import { deployment, kinds, seals } from './mutants-chain.ts'
import { glass } from './mutants-glass.ts'
import { custody, gate, inbox, reading, receipts } from './mutants-node.ts'

export type { Mutant } from './mutant.ts'

const DECIDE = 'core/decide.ts'
const DECIDE_TESTS = ['test/core/decide.test.ts']

/**
 * Rows that say nothing outside of an emergency, or in one, even without their limit: nobody signs
 * there, and no grant word is read. Dropping the limit changes nothing that a test could see.
 */
const LIMIT_IS_FOR_READERS = [
  'signersAreValid',
  'signersAreDistinct',
  'signersAreClinicians',
  'grantIsUnchanged'
]

/** Each row of the table left out, and each limit of a row ("in an emergency only") left out. */
function decideRows(): Mutant[] {
  const lines = readFileSync(join(ROOT, DECIDE), 'utf8').split('\n')
  const rows = lines.filter((line) => /^ {2}(must|passOn|needs)\(/.test(line))
  return rows.flatMap((row) => {
    const [, id, holds] = /\('([^']+)', ([\w.]+)/.exec(row) ?? []
    const name = `${id} ${holds?.replace(/^\w+\./, '')}`
    const removed = { name, file: DECIDE, find: `${row}\n`, replace: '\n', tests: DECIDE_TESTS }
    const limit = /(, (?:for|in|by)\w+)\)(,?)$/.exec(row)
    if (limit == null || LIMIT_IS_FOR_READERS.some((each) => name.endsWith(each))) return [removed]
    const always = row.replace(/, \w+\)(,?)$/, ')$1')
    return [removed, { ...removed, name: `${name}${limit[1]} dropped`, replace: `${always}\n` }]
  })
}

const decideHelpers: Mutant[] = [
  ...of('core/checks/context.ts', DECIDE_TESTS, [
    ['both: no head check', 'holds(c.conf) && holds(c.head)', 'holds(c.conf)'],
    ['both: no confirmed check', 'holds(c.conf) && holds(c.head)', 'holds(c.head)'],
    ['the epoch asked for, not any', 'epoch.shareEpoch === request.shareEpoch', 'true'],
    ['blocks by the newest tags', 'b.shareEpoch > a.shareEpoch ? b : a', 'b'],
    ['a missing word is no word', 'const MISSING = -1n', 'const MISSING = 0n']
  ]),
  ...of('core/checks/chain.ts', DECIDE_TESTS, [
    [
      'the head by time, not by number',
      'now - heads.head.timeSeconds <=',
      'heads.conf.number - heads.head.number <='
    ],
    ['S, to the second', 'now - heads.head.timeSeconds <=', 'now - heads.head.timeSeconds <'],
    ['skew, to the second', 'heads.head.timeSeconds - now <=', 'heads.head.timeSeconds - now <'],
    ['no block above the confirmed', 'lag >= 0 &&', ''],
    ['W', 'lag <= input.policy.confirmedLagBlocks', 'true'],
    ['W, to the block', 'lag <= input.policy', 'lag < input.policy'],
    ['the number of request.conf', 'requested.number === request.conf.n &&', ''],
    ['the hash of request.conf', 'equalBytes(requested.hash, request.conf.h) &&', '']
  ]),
  ...of('core/checks/request.ts', DECIDE_TESTS, [
    ['the version', 'request.v === 1 &&', ''],
    ['draining', '!load.draining &&', ''],
    ['the queue', '!load.queueFull &&', ''],
    ['the rate', ' && !load.peerOverRate', ''],
    ['the next seq, not any later', 'request.seq ===', 'request.seq >='],
    ['the deadline, to the second', 'now <= request.deadline', 'now < request.deadline'],
    ['a log behind its anchor', ' && !audit.behindAnchor', ''],
    ['a broken log', 'audit.whole && ', '']
  ]),
  ...of('core/checks/grant.ts', DECIDE_TESTS, [
    ["the entry's owner", 'equalBytes(entry.owner, request.owner) &&', ''],
    ["the entry's record", 'equalBytes(entry.recordId, request.recordId) &&', ''],
    ["the entry's version", ' &&\n  entry.ver === request.ver', ''],
    ["the subset's owner", ' && equalBytes(subset.owner, request.owner)', ''],
    ['destruction', '!entry.destroyed && ', ''],
    ['the erasure notice', ' && !input.notices.erased', ''],
    ['the ACK', ' && epoch.acknowledged', ''],
    [
      'scope 0 in an emergency only',
      'inEmergency(c) && hasNoScope(c)) return tags',
      'hasNoScope(c)) return tags'
    ],
    ['scope 0 without tags', 'tags.length === 0 && ', ''],
    ['scope 0 without exceptions', ' && except.length === 0', ''],
    ['verFrom', 'opening.verFrom <= ver && ', ''],
    ['verTo', ' && ver <= opening.verTo', ''],
    ['known bits only', 'isPurposeSet(withoutFlag(request.opening.purposes)) &&', ''],
    ['the bit itself', ' &&\n  hasPurpose(request.opening.purposes, request.purpose)', ''],
    ['G at the start', ' + input.policy.clockGuardSeconds <= now', ' <= now'],
    ['G at the end', 'now + input.policy.clockGuardSeconds <', 'now <'],
    ['the tree hash', ' && equalBytes(treeHash(tree, c.p), grantee)', ''],
    ['no tree without kind 4', 'if (tree != null) return false', ''],
    [
      'the account itself',
      'return equalBytes(grantee, accountGrantee(sub?.delegator ?? binding.account))',
      'return true'
    ],
    [
      'an organisation or a role',
      'return decodeOrganisationGrantee(grantee) != null',
      'return true'
    ],
    ['group 0', 'return !isZero(grantee)', 'return true'],
    ['an unknown kind', 'default:\n      return false', 'default:\n      return true'],
    ['the delegator, not the account', 'sub?.delegator ?? binding', 'binding'],
    ['budget 0', 'opening.budget > 0 && ', ''],
    ['the budget', 'used.count < opening.budget', 'used.count <= opening.budget'],
    ['at least an hour', 'span >= policy.emergencyMinSeconds && ', ''],
    ['at most a day', ' && span <= policy.emergencyMaxSeconds', '']
  ]),
  ...of('core/checks/words.ts', DECIDE_TESTS, [
    ['a direct number above', 'direct <= than', 'direct <= than + 1'],
    ['the owner open', 'owner?.status === OwnerStatus.OPEN && owner.epoch', 'owner?.epoch'],
    ["the owner's epoch", ' && owner.epoch === ownerEpoch(c, w)', ''],
    [
      'the account open',
      'account?.status === AccountStatus.OPEN &&\n      account.bindingEpoch',
      'account?.bindingEpoch'
    ],
    ['an organisation at all', 'account.org !== 0 &&', ''],
    ['the organisation asked for', '(org === 0 || account.org === org) &&', ''],
    ['all roles', '(account.roles & roles) === roles', '(account.roles & roles) !== 0'],
    [
      'an active organisation',
      ' &&\n    w.org(account.org)?.status === OrganisationStatus.ACTIVE',
      ''
    ],
    ['membership', 'w.member(group)?.status === MemberStatus.MEMBER', 'true'],
    ['a clinician', ', 0, Role.CLINICIAN)', ', 0, 0)'],
    ['either epoch', '[conf, head].some(', '[conf, head].every('],
    ['a direct wish', 'return notNewer(notices.wish.version, head.wish()?.version)', 'return true']
  ]),
  ...of('core/checks/sub.ts', DECIDE_TESTS, [
    ['its first version', 'sub.grant.verFrom <= ver && ', ''],
    ['its last version', ' && ver <= sub.grant.verTo', ''],
    [
      'its G at the start',
      'sub.grant.notBefore + input.policy.clockGuardSeconds',
      'sub.grant.notBefore'
    ],
    ['its G at the end', 'now + input.policy.clockGuardSeconds < sub', 'now < sub'],
    ['its budget 0', 'sub.grant.budget > 0 &&', ''],
    ['its budget', 'usedBySub.count < sub', 'usedBySub.count <= sub'],
    ['its budget, again', 'usedBySub.again || ', ''],
    [
      'both colleagues of one',
      "worksWith(w, delegatorRole(c.request), org) && worksWith(w, 'account', org)",
      'worksWith(w, delegatorRole(c.request), org)'
    ],
    ['the delegator open', 'account?.status === AccountStatus.OPEN &&', 'account != null &&'],
    ['colleagues of one organisation', 'account.org === org &&', ''],
    ['of an organisation at all', 'org !== 0 && worksWith', 'worksWith'],
    ['of an active organisation', ' &&\n    w.org(org)?.status === OrganisationStatus.ACTIVE', ''],
    ['the clinician', '(delegator.roles & Role.CLINICIAN) !== 0', 'true']
  ]),
  ...of('core/subgrant.ts', DECIDE_TESTS, [
    ['narrower from', 'of.verFrom <= sub.verFrom && ', ''],
    ['narrower to', ' && sub.verTo <= of.verTo', ''],
    ['some version', 'sub.verFrom <= sub.verTo && ', ''],
    ['known purposes', 'isPurposeSet(sub.purposes) && ', ''],
    ['no purpose more', ' && (sub.purposes & ~withoutFlag(of.purposes)) === 0', ''],
    ['no earlier', 'of.notBefore <= sub.notBefore && ', ''],
    ['no later', ' && sub.notAfter <= of.notAfter', '']
  ]),
  ...of('core/checks/needed.ts', DECIDE_TESTS, [
    [
      'each organisation proven',
      'if (org !== 0) add(orgRole(org)',
      'if (org > 9) add(orgRole(org)'
    ],
    ['the delegator proven', 'if (sub != null) add(', 'if (false) add('],
    ["both colleagues' organisations proven", "['account', delegatorRole(request)]", '[]'],
    ['signers proven', "? 'account' : `signer:", "? 'account' : `account"]
  ]),
  ...of('core/codes.ts', DECIDE_TESTS, [
    ['a stranger hears 400', 'code < 400 || ', 'code < 600 || ']
  ])
]

const formats: Mutant[] = [
  ...of(
    'core/grant.ts',
    ['test/core/grant.test.ts'],
    [
      ['at least one tag', 'tags.length >= 1 &&', ''],
      ['128 tags', 'tags.length <= SCOPE_TAGS_MAX &&', ''],
      ['64 exceptions', 'except.length <= SCOPE_EXCEPT_MAX &&', ''],
      ['ascending tags', 'isStrictlyAscending(tags) &&', ''],
      ['ascending exceptions', 'isStrictlyAscending(except) &&', ''],
      ['every label', 'tags.labels.every(has)', 'tags.labels.some(has)'],
      ['the level', 'has(tags.level) &&', ''],
      ['a month', 'tags.months.some(has) &&', ''],
      ['id, class or chart', '[recordId, tags.class, tags.chart].some(has) &&', ''],
      [
        'exceptions',
        ' &&\n    (excepted.size === 0 || !all.some((tag) => excepted.has(toHex(tag))))',
        ''
      ]
    ]
  ),
  ...of(
    'core/tree.ts',
    ['test/core/tree.test.ts'],
    [
      ['levels', 'level === TREE_LEVELS', 'level > 99'],
      ['leaves', 'leavesOf(root).length > TREE_LEAVES', 'false'],
      ['ascending children', 'compareBytes(encoded[i - 1] as Uint8Array, each) >= 0', 'false'],
      ['k children', '.length >= root.k', '.length > root.k'],
      ['an empty leaf', 'node.org === 0 && node.roles === 0 && node.group == null', 'false']
    ]
  ),
  ...of(
    'core/words.ts',
    ['test/core/words.test.ts'],
    [
      ['unused bits', ' || (word & ~used) !== 0n', ''],
      ['known statuses', 'known.includes(out[first] as number)', 'true'],
      ['numbers that are exact', ' && Object.values(out).every(Number.isSafeInteger)', '']
    ]
  ),
  ...of(
    'core/manifest.ts',
    ['test/core/manifest.test.ts'],
    [
      ['distinct x', 'if (!distinct(shares.map((share) => share.x)))', 'if (false)'],
      ['distinct operators', 'if (!distinct(shares.map((share) => share.op)))', 'if (false)'],
      ['idx in order', 'if (!shares.every((share, i) => share.idx === i + 1))', 'if (false)'],
      ["the content's hash", 'if (!equalBytes(custody.contentHash, hashed))', 'if (false)'],
      ['the items', 'if (!covered)', 'if (false)'],
      [
        "the owner's signature",
        'signer == null || !equalBytes(signer, custody.owner)',
        'signer == null'
      ]
    ]
  ),
  ...of(
    'core/receipt.ts',
    ['test/core/receipt.test.ts'],
    [
      ['signatures', "if (!verify('link', signed, reader.peer, p))", 'if (false)'],
      ['gaps', 'if (link.seq !== end.seq + 1)', 'if (false)'],
      ['history', 'if (!equalBytes(link.prev, end.hash))', 'if (false)'],
      ['bodies', 'body != null && !equalBytes(link.body, bodyHash(body, p))', 'false'],
      ['time', 'if (link.at < end.atSeconds - reader.guardSeconds)', 'if (false)'],
      ['time that creeps', 'Math.max(end.atSeconds, link.at)', 'link.at']
    ]
  ),
  ...of(
    'core/binding.ts',
    ['test/core/binding.test.ts'],
    [
      ['30 days', ' &&\n  binding.validUntil - binding.validFrom <= maxSeconds', ''],
      ['the account', 'signer != null && equalBytes(signer, binding.account)', 'signer != null'],
      [
        'the key on a card',
        'if (!equalBytes(kemKeyHash(card.kem, p), card.binding.kemKeyHash))',
        'if (false)'
      ]
    ]
  ),
  ...of(
    'core/eip712.ts',
    ['test/core/typed-data.test.ts'],
    [['64 items', ' || value.length > ITEMS_PER_SIGNATURE', '']]
  ),
  ...of(
    'core/purposes.ts',
    ['test/core/purposes.test.ts'],
    [
      [
        'codes of the table only',
        'Object.hasOwn(table, key) ? table[key] : undefined',
        'table[key]'
      ]
    ]
  )
]

const CONTAINER_TESTS = ['test/core/container.test.ts']
const PAYLOAD_TESTS = ['test/core/container-payload.test.ts']
const RANGE_TESTS = ['test/core/container-range.test.ts']

const container: Mutant[] = [
  ...of('core/container.ts', CONTAINER_TESTS, [
    ['the header length', 'input.byteLength !== HEADER_BYTES || ', ''],
    ['the magic', ' || !equalBytes(input.subarray(0, 4), MAGIC)', ''],
    ['the suite', 'if (suite !== SUITE)', 'if (false)'],
    ['the flags', 'if (flags !== 0 && flags !== FLAG_SEALED)', 'if (false)'],
    ['the chunk size', 'if (chunkLog2 !== CHUNK_LOG2)', 'if (false)'],
    [
      'sealed by a second factor',
      'header.sealed && (ownerSecret == null || isZero(ownerSecret))',
      'false'
    ],
    ['a second factor that is not zero', ' || isZero(ownerSecret)', ''],
    ['no second factor unsealed', '!header.sealed && ownerSecret != null', 'false'],
    ['the key commitment', 'if (equalBytes(keys.kcom, kcom))', 'if (true)'],
    ['minimal padding of meta', 'plain.byteLength !== paddedMeta(length) || ', ''],
    ['zero padding of meta', ' || !isZero(plain.subarray(end))', ''],
    ['the bound of meta in a file', 'length > META_SEALED_MAX_BYTES || payloadAt', 'payloadAt'],
    ['meta that is cut', ' || payloadAt > input.byteLength', ''],
    ['a file that is cut', 'if (input.byteLength < metaAt)', 'if (false)']
  ]),
  ...of('core/container-payload.ts', PAYLOAD_TESTS, [
    ['the last flag', 'nonce[11] = last ? 1 : 0', 'nonce[11] = 0'],
    ['the counter', 'view.setUint32(7, index % 2 ** 32)', ''],
    ['2^40', ' || length > RECORD_MAX_BYTES', ''],
    ['padded to 1 KiB', 'Math.max(length, RECORD_MIN_PADDED_BYTES)', 'Math.max(length, 2)'],
    ['bytes after the end', 'if (seen > size)', 'if (false)'],
    ['an early end', 'if (!opener.atEnd)', 'if (false)'],
    ['zero padding', 'if (!isZero(plain.subarray(content)))', 'if (false)'],
    [
      'nothing of the last chunk before the end',
      'if (opener.atEnd) final = plain\n',
      'if (false) final = plain\n'
    ]
  ]),
  ...of('core/container-range.ts', RANGE_TESTS, [
    ['the end of a range', 'if (to > length)', 'if (false)'],
    ['the size', 'if (size !== payloadBytes(length))', 'if (false)'],
    [
      'the last chunk first',
      'const lastContent = opener.at(last, await chunksAt(last, opener.count))',
      'const lastContent = new Uint8Array(0)'
    ]
  ])
]

export const MUTANTS: Readonly<Record<string, readonly Mutant[]>> = {
  decide: [...decideRows(), ...decideHelpers],
  formats,
  container,
  gate,
  glass,
  custody,
  inbox,
  receipts,
  anchor,
  following,
  seals,
  kinds,
  deployment,
  reading
}
