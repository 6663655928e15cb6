/**
 * What tools/mutants.ts breaks in node/: the gate's own checks (1 and 46–50) and the order of its
 * effects, what it is told, intake, custodian and keeper, rights to blocks, receipts, and what a
 * reader checks of answers.
 * @module
 */
import { type Mutant, of } from './mutant.ts'

const TABLE = ['test/node/release/gate.test.ts']
const SUBS = ['test/node/release/gate-subs.test.ts']
const EFFECTS = ['test/node/release/gate-effects.test.ts']

export const gate: readonly Mutant[] = [
  ...of('node/release/gate.ts', TABLE, [
    [
      '1: a malformed frame',
      'return this.#refuseEarly(Code.MALFORMED, req',
      'return this.#refuseEarly(Code.UNSUPPORTED, req'
    ],
    ['the number is taken at once', 'stream.lastSeq = request.seq', 'void 0'],
    ['the request signature', "request: verified ? 'ok' : 'bad',", "request: 'ok',"],
    ['a peer that asks too often', 'peerOverRate: stream.retryMs > 0', 'peerOverRate: false'],
    ['a log that is not whole', 'whole: receipts.isWhole,', 'whole: true,'],
    ['a contract that says no', "said === 'ok' ? 'ok' : 'bad'", "'ok'"],
    [
      'no contract to ask',
      "if (contractSignature == null || head == null) return 'bad'",
      "if (contractSignature == null || head == null) return 'ok'"
    ],
    ['evidence of a release', 'ev: await this.#keepEvidence(work)', 'ev: undefined'],
    ['blocks alone open blocks', "if (request.want === 'blocks' && entry", 'if (entry'],
    [
      'blocks without a share',
      "if (request.want === 'share') {\n      const made",
      'if (true) {\n      const made'
    ],
    ['46: a damaged share', '{ code: Code.SHARE_CORRUPT }', '{ code: Code.SEAL_FAILED }'],
    ['47: a failed seal', '{ code: Code.SEAL_FAILED }', '{ code: Code.SHARE_CORRUPT }'],
    ['secrets are wiped', 'wipe(opened.share, opened.salt, plain)', ''],
    ['601 as it is', ' || code === Code.AUDIT_BROKEN\n', '\n'],
    ['evidence of a refusal', 'const ev = await this.#keepEvidence(work)', 'const ev = undefined'],
    [
      'a receipt of each refusal',
      'return await this.#denied(work, await receipts.append(body))',
      'return await this.#denied(work, undefined)'
    ],
    ['junk is counted', 'if (code < Code.DENIED) this.#tally', 'if (false) this.#tally'],
    ['when to come back', 'code === Code.BUSY ? Math', 'false ? Math'],
    ['a denial waits', 'await waitUntil(deniedAtMs(', 'void (deniedAtMs('],
    [
      'a denial tells nothing',
      'refusalAnswer(req, Code.DENIED, 0, receipt)',
      'refusalAnswer(req, Code.UNKNOWN_RECORD, 0, receipt)'
    ],
    ['the link of a refusal', 'link: receipt?.link,', 'link: undefined,'],
    ['605 has a receipt', "if ((err as Error).name !== 'TimeoutError') throw err", 'throw err'],
    ['junk is written at the end', 'await this.#tally.stop()', '']
  ]),
  ...of('node/release/gate.ts', EFFECTS, [
    ['a number in turn only', 'if (request.seq === lastSeq + 1) stream', 'stream'],
    ['draining', 'draining: this.#draining,', 'draining: false,'],
    ['the queue', 'this.#inWork >= REQUESTS_QUEUED', 'false'],
    ['the queue empties', 'this.#inWork--', ''],
    [
      'notices while proofs are gathered',
      '        nowMs,\n        notices: gateNotices(custody.notices, request, p),\n',
      '        nowMs,\n'
    ],
    [
      'the budget',
      'used: budget.used(use, request.opening.window, nowMs / 1_000)',
      'used: { count: 0, again: false }'
    ],
    [
      'a claim',
      "if (request.want === 'share') {\n          budget",
      'if (false) {\n          budget'
    ],
    [
      'no claim for blocks',
      "if (request.want === 'share') {\n          budget",
      'if (true) {\n          budget'
    ],
    [
      '48: no receipt, no share',
      'receipt = await receipts.append(body)',
      // a link that looks like one, before anything is on disk
      "receipt = { link: sign('link', encode(body).subarray(0, 140), identity.peerSeed, p), body: encode(body) }; void receipts.append(body).catch(() => {})"
    ],
    ['49: at all', 'if (late != null) return', 'if (false) return'],
    ['49: a receipt of its own', 'this.#refuse(work, late, true)', 'this.#refuse(work, late)'],
    ['49: a late 304 is no early one', 'if (unproven && !late)', 'if (unproven)'],
    ['49: notices', 'if (!sameNotices(notices, input.notices)) {', 'if (false) {'],
    ['49: the head', 'headSeconds > policy.headMaxAgeSeconds', 'headSeconds > 1e9'],
    [
      '49: the age of what endpoints said',
      'work.sinceMs = Math.min(work.sinceMs, gathered.askedAtMs ?? work.sinceMs)',
      ''
    ],
    ['49: the time', '> EXCHANGE_MAX_MS ? Code', '> 1e9 ? Code']
  ]),
  ...of('node/release/denied.ts', EFFECTS, [
    ['one step at least', 'Math.max(1, ', 'Math.max(0, '],
    ['whole steps', 'Math.ceil(', 'Math.floor('],
    ['one step at most', 'Math.min(leftMs, DENIED_STEP_MS)', 'leftMs']
  ]),
  ...of('node/release/facts.ts', EFFECTS, [
    ['an erasure meanwhile', 'a.erased === b.erased &&', ''],
    ['a revocation meanwhile', 'a.revokedVersion === b.revokedVersion &&', ''],
    ["an owner's epoch meanwhile", 'a.ownerEpoch === b.ownerEpoch &&', ''],
    ['a binding ended meanwhile', 'a.bindingEpoch === b.bindingEpoch &&', ''],
    ['an opt-out meanwhile', ' &&\n  a.optOut?.version === b.optOut?.version', '']
  ]),
  ...of('node/release/gate.ts', SUBS, [
    [
      'the signature of a sub-grant',
      'sub: verified && entry != null ? this.#subs.of(request) : undefined',
      "sub: 'ok'"
    ],
    [
      'what it gave',
      'usedBySub: bySub && subBudget.used(bySub, 0, nowMs / 1_000)',
      'usedBySub: { count: 0, again: false }'
    ],
    ['its claim', 'if (bySub != null) subBudget.claim', 'if (false) subBudget.claim'],
    [
      "the grant's claim besides",
      '          budget.claim(use, nowMs / 1_000)\n',
      '          if (bySub == null) budget.claim(use, nowMs / 1_000)\n'
    ]
  ]),
  ...of('node/release/subs.ts', SUBS, [
    ['its delegator', 'signer != null && equalBytes(signer, sub.delegator)', 'signer != null'],
    ['each delegator apart', 'p), sub.delegator, sub.sig', 'p), sub.sig'],
    ['each signature apart', 'sub.delegator, sub.sig))', 'sub.delegator))']
  ]),
  ...of('node/release/facts.ts', SUBS, [
    ['handed back meanwhile', 'a.handedBack === b.handedBack &&', ''],
    [
      'handed back by the account',
      'if (store.isHandedBack(grantId, WHOLE_GRANT, account)) return true',
      ''
    ],
    ['handed back by the delegator', 'store.isHandedBack(grantId, WHOLE_GRANT, delegator) ||', ''],
    ['ended by the delegator', 'store.isHandedBack(grantId, subGrant, delegator) ||', ''],
    ['ended by the delegate', ' ||\n    store.isHandedBack(grantId, subGrant, account)', ''],
    ['counted by its own hash', 'grantId: asGrantId(subGrant)', '']
  ]),
  ...of('node/clinic.ts', SUBS, [
    [
      'budgets of sub-grants after a restart',
      'if (sub != null) subBudget.claim',
      'if (false) subBudget.claim'
    ]
  ]),
  ...of('node/release/budget.ts', EFFECTS, [
    ['the window', 'if (at >= since) count++', 'count++'],
    ['again, within the window', 'own != null && own >= since', 'own != null'],
    ['each version', '`\x24{toHex(recordId)} \x24{ver}`', '`\x24{toHex(recordId)}`'],
    ['each grant', 'const key = toHex(grantId)', "const key = 'grant'"]
  ]),
  ...of('node/clinic.ts', EFFECTS, [
    [
      'budgets after a restart',
      '      budget.claim({ grantId: grantId(receipt',
      '      void ({ grantId: grantId(receipt'
    ],
    ["shares' receipts alone", " || receipt.want !== 'share'", '']
  ]),
  ...of(
    'node/release/block-rights.ts',
    ['test/node/release/block-rights.test.ts'],
    [
      ['keepers', 'isKeeper(entry, peer) || ', ''],
      ["the owner's device", ' || this.#isOwnersPeer(entry.owner, peer)', ''],
      ['an end', ' && this.#clock.nowMs() < right.untilMs', ''],
      ['a right at all', 'return right != null && this', 'return right == null || this'],
      ['the peer', '`\x24{toHex(peer)} ', '`'],
      ['the version', '\x24{toHex(recordId)} \x24{ver}`', '\x24{toHex(recordId)}`'],
      ['the record', '\x24{toHex(recordId)} \x24{ver}`', '\x24{ver}`']
    ]
  ),
  ...of(
    'node/release/bindings.ts',
    ['test/node/release/bindings.test.ts'],
    [
      ['the signature is part of it', 'concat(encode(binding), sig)', 'encode(binding)'],
      ['a binding that is not signed', "signed ? 'ok' : 'unresolved'", "'ok'"]
    ]
  )
]

const INTAKE = ['test/node/custody/intake.test.ts']
const HAND_BACKS = ['test/node/custody/hand-backs.test.ts']
const CUSTODIAN = ['test/node/custody/custodian.test.ts']
const AUTHORS = ['test/node/custody/authors.test.ts']
const MANIFESTS = ['test/node/custody/manifests.test.ts']
const LETTERS = ['test/node/verbs/letters.test.ts']
const GUARDIAN = ['test/node/verbs/guardian.test.ts']
const STORE = ['test/node/custody/custody-store.test.ts']

export const custody: readonly Mutant[] = [
  ...of('node/custody/intake.ts', INTAKE, [
    ["the owner's signature", 'await this.#verify(manifest, signal)\n', ''],
    [
      'the place',
      'const mine = place != null && equalBytes(place.peer, this.#init.identity.peer)',
      'const mine = true'
    ],
    ['the operator', 'if (op !== 0 && decodeAccountWord', 'if (false && decodeAccountWord'],
    ['another content', 'if (first != null && !equalBytes(', 'if (false && !equalBytes('],
    [
      'another custody',
      'same == null || equalBytes(same.custodyHash, manifest.custodyHash)',
      'true'
    ],
    ['what was acknowledged alone', '.filter((held) => held.acknowledged)', ''],
    [
      'one at a time',
      '`\x24{toHex(owner)} \x24{toHex(recordId)} \x24{ver}`',
      '`\x24{Math.random()}`'
    ],
    ['the share', 'if (!this.#fits(pack, manifest, key.ck)) return', 'if (false) return'],
    ['x', 'place.x === share[32] && ', ''],
    ['the commitment', ' && equalBytes(found, place.com)', ''],
    ['the anchor', 'isZero(stored) || equalBytes(stored, mine)', 'true'],
    ['no chain, no ACK', 'if (!proven.ok) return refuse(CustodyCode.ANCHOR, RETRY_MS)', ''],
    ['it is kept first', 'await store.keep(', 'void store.keep('],
    ['it is marked', 'await store.acknowledge(content, shareEpoch, pinned)', '']
  ]),
  ...of('node/custody/custodian.ts', CUSTODIAN, [
    [
      'who may have blocks pinned',
      'if (!isOwnersPeer(ref.owner, peer) && !isKeeper(entry, peer)) return',
      'if (false) return'
    ],
    ['owners', '!isOwnersPeer(ref.owner, peer) && ', ''],
    ['keepers', ' && !isKeeper(entry, peer)', ''],
    ['blocks first', 'await replicate(', 'void replicate('],
    ['a signature', 'if (!signed) return', 'if (false) return'],
    ['no questions for strangers', 'store.knows(author) && (await', 'true && (await'],
    ['strangers', 'if (!known) return', 'if (false) return'],
    ['a notice is kept', 'await store.notice(notice)\n', ''],
    ['gas for owners alone', ' || (isOwn && !isOwnersPeer(author, peer))) {', ') {']
  ]),
  ...of('node/custody/hand-backs.ts', HAND_BACKS, [
    ['the account itself', 'signer == null || !equalBytes(signer, account)', 'signer == null'],
    ['owners that are known', 'if (!store.knows(owner)) return', 'if (false) return'],
    ['so many of an account', '>= HAND_BACKS_MAX', '>= 1e9'],
    ['so many of a peer', 'if (retryMs > 0) return', 'if (false) return'],
    ['a word for each', '.every((word) => word !== 0n)', '.some((word) => word !== 0n)'],
    ['a chain that can be asked', 'if (!current.ok) return false', 'if (!current.ok) return true'],
    ['proven words', 'return proven.ok && ', 'return !proven.ok || '],
    [
      'on disk first',
      'await store.notice(notice)',
      'void Promise.resolve().then(() => store.notice(notice))'
    ]
  ]),
  ...of('node/custody/notices.ts', HAND_BACKS, [
    ['each hand-back once', "'HandBack' && isNewer", "'HandBack'"]
  ]),
  ...of('node/custody/authors.ts', AUTHORS, [
    ['so often', "notice.type === 'Delegation' || this.#asks.take(toHex(peer)) > 0", 'false'],
    ['all must say so', "{ signal })) === 'ok'", "{ signal })) !== 'bad'"],
    ['who ends it', 'if (signer == null || !equalBytes(signer, guardian)) return false', ''],
    ['the plan on chain', 'if (!known || ', 'if ('],
    ['the plan of now', ' || decodePlanWord(word)?.version !== planVersion', ''],
    ['enough helpers', 'helped.length >= plan.threshold', 'true'],
    ['the delay', ' && recovery.readyAt <= head.timeSeconds', '']
  ]),
  ...of('node/manifests.ts', MANIFESTS, [
    ['all must say so', "!== 'ok') throw err", "=== 'unresolved') throw err"],
    ['keys alone', 'sig.byteLength !== KEY_SIGNATURE_BYTES && ', '']
  ]),
  ...of('node/custody/intake.ts', MANIFESTS, [
    ['so often', 'this.#asks.take(bucket) > 0', 'this.#asks.take(bucket) < 0']
  ]),
  ...of('node/verbs/letters/reply.ts', LETTERS, [
    [
      'its word on chain',
      'if (!equalBytes(capsule.owner, from)) await assertGranted(node, reply.grantId)',
      ''
    ]
  ]),
  ...of('node/verbs/letters/plan.ts', LETTERS, [
    [
      'its hash on chain',
      'if ((await provenWord(node, planHashSlot(account, p), isPlan)) == null) {',
      'if (false) {'
    ]
  ]),
  ...of('node/verbs/wards.ts', GUARDIAN, [
    ['appointed', "return refuse('has not appointed you')", 'null'],
    ['of this epoch', "return refuse('has revoked everything')", 'null'],
    ['before the end', 'if (given.until * 1_000 <= clock.nowMs()) {', 'if (false) {'],
    ['with the right', 'if ((given.rights & needed) !== needed) {', 'if (false) {']
  ]),
  ...of('node/custody/notices.ts', CUSTODIAN, [
    ['erasures alone', '.filter(({ status }) => status === RecordStatus.ERASED)', ''],
    ['the highest', 'Math.max(number, of.get(key) ?? 0)', 'number'],
    ['the newest opt-out', "notice.type === 'OptOut' && isNewer", "notice.type === 'OptOut'"]
  ]),
  ...of('node/custody/custody-store.ts', CUSTODIAN, [
    ['once', 'if (this.notices.isNew(message)) await', 'await']
  ]),
  ...of('node/custody/custody-store.ts', STORE, [
    [
      'on disk first',
      'await this.#journal.append(...entries.map(encode))',
      'void this.#journal.append(...entries.map(encode)).catch(() => {})'
    ],
    ['an ACK stands', 'held.pinned ||= entry.pinned', 'held.pinned = entry.pinned']
  ]),
  ...of('node/custody/share-reader.ts', STORE, [
    ['the commitment', 'if (committed == null || !equalBytes(found, committed)) {', 'if (false) {']
  ])
]

const KEEPER = ['test/node/inbox/keeper.test.ts']
const MAILBOX = ['test/node/inbox/mailbox.test.ts']

export const inbox: readonly Mutant[] = [
  ...of('node/inbox/keeper.ts', KEEPER, [
    ['a card that stands', 'if (fault != null || ended', 'if (ended'],
    ['a binding that was ended', ' || ended || ', ' || '],
    ["the connected peer's own", ' || !equalBytes(peerId, peer)) {', ') {'],
    ['mail for those who are kept for', 'if (!known) return DENIED', ''],
    [
      'reading: the owner',
      'if (!this.#isOwner(account, peer)) return DENIED\n    return { ok: true, ...',
      'return { ok: true, ...'
    ],
    ['removing: the owner', 'if (!this.#isOwner(account, peer)) return DENIED\n    await', 'await'],
    ['receipts: the owner', ' || !this.#isOwner(account, peer)) return DENIED', ') return DENIED'],
    ["the owner's device", 'card != null && equalBytes(card.binding.peerId, peer)', 'card != null'],
    ["the keeper's own mail", 'return equalBytes(own.peerId, peer)', 'return true']
  ]),
  ...of('node/inbox/mailbox.ts', MAILBOX, [
    ['items', 'box.count >= MAILBOX_ITEMS || ', ''],
    ['bytes', ' || box.bytes + size > MAILBOX_BYTES', ''],
    ['a number once', 'const seq = ++box.lastSeq', 'const seq = box.lastSeq + 1'],
    ['items of a page', 'items.length === MAIL_PER_PAGE || ', ''],
    ['bytes of a page', 'bytes > PAGE_BYTES', 'false']
  ])
]

const LOG = ['test/node/receipts/receipt-log.test.ts']

export const receipts: readonly Mutant[] = [
  ...of('node/receipts/receipt-log.ts', LOG, [
    ['a broken chain', 'if (faults.length > 0) log.#whole = false', ''],
    ['bytes that are none', '        log.#whole = false\n        continue', '        continue'],
    ['a log put back', 'if (indexed > seq) log.#whole = false', ''],
    ['nothing on a broken log', 'if (!this.#whole) throw', 'if (false) throw'],
    ['on disk first', 'await this.#init.journal.append(', 'void this.#init.journal.append('],
    [
      'no gap after a failure',
      '      const before = this.#end.seq\n      this.#end = end',
      '      const before = this.#end.seq'
    ],
    ['the time goes on', 'Math.max(end.atSeconds, ', 'Math.min(end.atSeconds || 1e12, '],
    ['an index without a gap', 'this.#indexed = false', '']
  ]),
  ...of('node/receipts/receipt-index.ts', LOG, [
    ['own bodies alone', 'owner = ? AS mine', '1 OR ? AS mine'],
    ['a gap', "if (row?.['rows'] !== (row?.['last'] ?? 0))", 'if (false)']
  ]),
  ...of(
    'node/receipts/evidence-store.ts',
    ['test/node/receipts/evidence-store.test.ts'],
    [['on disk first', '    await written\n', '']]
  ),
  ...of(
    'node/receipts/refusal-tally.ts',
    ['test/node/receipts/refusal-tally.test.ts'],
    [
      ['each code', '`\x24{toHex(more.peer)} \x24{more.code}`', '`\x24{toHex(more.peer)}`'],
      ['each peer', '`\x24{toHex(more.peer)} \x24{more.code}`', '`\x24{more.code}`'],
      ['how many', 'else known.count += more.count', ''],
      ['a bound', 'this.#counted.size >= REFUSALS_COUNTED', 'false'],
      ['once written', 'this.#counted.clear()', '']
    ]
  ),
  ...of(
    'node/ledger/ledger.ts',
    ['test/node/ledger/ledger.test.ts'],
    [
      [
        'only what can be read',
        "for (const bytes of encoded) decode(entryShape, bytes, 'ledger')",
        ''
      ],
      [
        'on disk first',
        'await this.#journal.append(...encoded)',
        'void this.#journal.append(...encoded).catch(() => {})'
      ],
      ['a grant on the chain', 'if (entry.block > 0) ', '']
    ]
  )
]

const ASK = ['test/node/verbs/ask.test.ts']

export const reading: readonly Mutant[] = [
  ...of('node/verbs/ask.ts', ASK, [
    [
      "the answer's signature",
      "if (!verify('answer', signed, peer, p)) return",
      'if (false) return'
    ],
    ['the request it answers', 'if (!equalBytes(answer.req, req)) return', 'if (false) return'],
    ['a receipt', 'if (receipt == null) return', 'if (false) return'],
    ["the link's signature", " || !verify('link', link, peer, node.primitives)", ''],
    ["the link's log", 'equalBytes(by, peer) &&', ''],
    ["the link's body", 'equalBytes(hashed, bodyHash(body, node.primitives)) &&', ''],
    ['a release', "receipt.kind === 'release' &&", ''],
    ['the request it is of', 'equalBytes(receipt.req, req) &&', ''],
    [
      'the ciphertext it is of',
      '    toHex(receipt.ct ?? NOTHING) === toHex(sealed ?? NOTHING)',
      '    true'
    ],
    [
      'the commitment',
      'if (equalBytes(shareCommitment({ ...ids, salt, share }, p), place.com)) return',
      'return'
    ]
  ]),
  ...of(
    'node/verbs/collect-shares.ts',
    ['test/node/verbs/collect-shares.test.ts'],
    [
      ['a share once', 'if (again || good', 'if (good'],
      ['t of them', 'if (good.length < t) {', 'if (good.length < 1) {'],
      ['a liar is named', 'blamed.push({ peer, reason: asked.reason })', ''],
      ['a denial', 'if (denied) throw', 'if (false) throw']
    ]
  ),
  ...of(
    'node/verbs/answer.ts',
    ['test/node/verbs/consent.test.ts'],
    [
      ['no other records', 'if (wider != null) {', 'if (false) {'],
      ['no later', 'if (notAfter > wish.notAfter) {', 'if (false) {'],
      ['no other versions', 'verFrom < wish.verFrom || verTo > wish.verTo', 'false'],
      ['something at all', 'if (records.length === 0) throw', 'if (false) throw']
    ]
  ),
  ...of(
    'node/verbs/deal.ts',
    ['test/node/verbs/deal.test.ts'],
    [
      ["the ACK's signature", "verify('link', receipt.link, peer, node.primitives) &&", ''],
      [
        "the ACK's body",
        ' &&\n    equalBytes(link.body, bodyHash(receipt.body, node.primitives))',
        ''
      ],
      ["the ACK's share", 'equalBytes(body.com, place.com) &&', ''],
      ["the ACK's content", 'equalBytes(body.contentHash, contentHash) &&', ''],
      ["the ACK's custody", ' &&\n    equalBytes(body.custodyHash, custodyHash)', '']
    ]
  ),
  ...of(
    'node/verbs/letters/wish.ts',
    ['test/node/verbs/mail.test.ts'],
    [
      [
        'a wish for this account',
        'if (!equalBytes(wish.owner, node.identity.account)) {',
        'if (false) {'
      ]
    ]
  ),
  ...of(
    'node/verbs/letters/reply.ts',
    ['test/node/verbs/mail.test.ts'],
    [
      [
        'of whom it was asked',
        'if (reply.capsule == null && !equalBytes(owner, from)) {',
        'if (false) {'
      ],
      ["the grant's opening", 'if (!equalBytes(found, id)) {', 'if (false) {'],
      ["the owner's manifests", 'if (!equalBytes(content.owner, owner)) {', 'if (false) {'],
      ['the records named', '!equalBytes(content.recordId, recordId) || ', ''],
      ['the versions named', ' || content.ver !== ver', '']
    ]
  ),
  ...of(
    'node/verbs/retrieve.ts',
    ['test/node/verbs/mail.test.ts'],
    [['the anchor', 'await assertAnchored(node, manifest, anchorSalt, signal)', '']]
  ),
  ...of(
    'node/verbs/history.ts',
    ['test/node/verbs/history.test.ts'],
    [['a chain that holds', 'if (step.faults.length > 0) {', 'if (false) {']]
  )
]
