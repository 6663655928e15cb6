/**
 * CHAIN.md §8's 21 rules: what the prototype got wrong, the edits that would get it wrong again, and
 * the tests that must notice. Each text must occur exactly once in its file, so that a change of the
 * code cannot leave a rule behind unnoticed.
 * @module
 */
import { type Damage, type Mutant, of } from './mutant.ts'

export interface RuleMutant extends Mutant {
  readonly rule: number
}

export interface Rule {
  readonly number: number
  readonly words: string
  readonly mutants: readonly RuleMutant[]
}

const GRANTS = 'contracts/GrantRegistry.sol'
const RECORDS = 'contracts/RecordRegistry.sol'
const DIRECTORY = 'contracts/Directory.sol'
const EMERGENCY = 'contracts/Emergency.sol'
const GUARDIANS = 'contracts/Guardians.sol'
const AUDIT = 'contracts/AuditAnchor.sol'
const MESSAGES = 'contracts/TypedMessages.sol'

const RULES = 'test/contracts/chain-rules.test.ts'
const WARDS = 'test/contracts/guardians.test.ts'
const DECIDE = 'core/decide.ts'
const DECIDE_TEST = 'test/core/decide.test.ts'

interface Where {
  readonly file: string
  readonly test: string
  /** Part of the names of the tests that must notice; each damage may name its own. */
  readonly named: string
}

const rule = (
  number: number,
  words: string,
  ...places: readonly (readonly [where: Where, ...damages: Damage[]])[]
): Rule => ({
  number,
  words,
  mutants: places.flatMap(([{ file, test, named }, ...damages]) =>
    of(file, [test], damages).map((mutant) => ({ ...mutant, rule: number, named }))
  )
})

/** In a contract, noticed by the rule's own test. */
const inContract = (file: string, number: number): Where => ({
  file,
  test: RULES,
  named: `rule ${number}:`
})

/** A row of decide() that lets everything pass. */
const row = (check: string, id: string): readonly [Where, Damage] => [
  { file: DECIDE, test: DECIDE_TEST, named: `${check.split('.')[1]} refuses` },
  [
    `${check.split('.')[1]} is not checked`,
    `must('${id}', ${check}, `,
    `must('${id}', () => true, `
  ]
]

export const CHAIN_RULES: readonly Rule[] = [
  rule(
    1,
    'no first-come ids',
    [
      inContract(GRANTS, 1),
      [
        'a grant’s id without its owner',
        'abi.encode(owner, openingHash)',
        'abi.encode(openingHash)'
      ]
    ],
    [
      inContract(RECORDS, 1),
      ['a record’s key without its owner', 'abi.encode(owner, recordTag)', 'abi.encode(recordTag)']
    ],
    [
      inContract(AUDIT, 1),
      ['a log’s key without its writer', 'abi.encode(writer, logTag)', 'abi.encode(logTag)']
    ],
    [
      inContract(DIRECTORY, 1),
      [
        'a group’s id without its organisation',
        'abi.encode(organisation, salt)',
        'abi.encode(salt)'
      ]
    ]
  ),
  rule(
    2,
    'zero is no id',
    [
      inContract(GRANTS, 2),
      [
        'zero is an opening to grant',
        `        if (openingHash == 0) revert GrantRegistryZeroOpening();
        GrantId id = grantIdOf(owner, openingHash);
        uint64 stored = _grants[id].version();
        if (version != `,
        `        GrantId id = grantIdOf(owner, openingHash);
        uint64 stored = _grants[id].version();
        if (version != `
      ],
      [
        'zero is an opening to revoke',
        `        if (openingHash == 0) revert GrantRegistryZeroOpening();
        GrantId id = grantIdOf(owner, openingHash);
        uint64 stored = _grants[id].version();
        if (version <= `,
        `        GrantId id = grantIdOf(owner, openingHash);
        uint64 stored = _grants[id].version();
        if (version <= `
      ]
    ],
    [
      inContract(RECORDS, 2),
      ['zero is a record', 'if (item.recordTag == 0) revert RecordRegistryZeroTag();', ''],
      ['zero is an anchor', '\n                || item.anchor == 0\n', '\n']
    ],
    [
      inContract(DIRECTORY, 2),
      [
        'zero is a group, or an account',
        'if (salt == 0 || account == address(0)) revert DirectoryZeroId();',
        ''
      ]
    ],
    [
      inContract(AUDIT, 2),
      [
        'zero is a log, or a root',
        'if (item.logTag == 0 || item.root == 0) revert AuditAnchorZeroId();',
        ''
      ]
    ],
    [inContract(EMERGENCY, 2), ['zero is a wish', 'wish < WishWords.YES || ', '']],
    [
      {
        file: EMERGENCY,
        test: 'test/contracts/emergency.test.ts',
        named: 'refuses a zero opening'
      },
      [
        'zero is an opening, or a reason, of a broken glass',
        'if (openingHash == 0 || reasonHash == 0) revert EmergencyZeroHash();',
        ''
      ]
    ]
  ),
  rule(3, '"revoke all" reaches unsent signatures', [
    inContract(GRANTS, 3),
    [
      'a grant of an old epoch is taken',
      'if (epoch != stored) revert GrantRegistryWrongEpoch(owner, epoch, stored);',
      ''
    ]
  ]),
  rule(4, 'a signature can be withdrawn unsent', [
    inContract(GRANTS, 4),
    [
      'an empty slot is not revoked',
      'if (version <= stored) revert GrantRegistryStaleVersion(',
      'if (stored == 0 || version <= stored) revert GrantRegistryStaleVersion('
    ]
  ]),
  rule(5, 'delegates end with the epoch', [
    { file: GUARDIANS, test: WARDS, named: 'ends with the epoch in which it was given' },
    [
      'a guardian of an old epoch acts',
      `
            && word.epoch() == OwnerWords.epoch(_grants.ownerWord(ward))`,
      ''
    ],
    [
      'one is appointed for an old epoch',
      'if (epoch != stored) revert GuardiansWrongEpoch(ward, epoch, stored);',
      ''
    ]
  ]),
  rule(
    6,
    'rights are bits, none by default',
    [
      { file: GUARDIANS, test: WARDS, named: 'with rights' },
      [
        'any right is every right',
        '            && word.rights() & rights == rights ',
        '            '
      ],
      [
        'one of two rights is enough',
        'word.rights() & rights == rights',
        'word.rights() & rights != 0'
      ]
    ],
    [
      { file: GUARDIANS, test: WARDS, named: 'holds no rights that were not asked for' },
      ['no right at all is held', 'return rights != 0 && word', 'return word']
    ],
    [
      { file: GUARDIANS, test: WARDS, named: 'refuses bad terms and old versions' },
      ['a guardian without a right is one', ' || rights == 0\n', '\n']
    ]
  ),
  rule(
    7,
    'what break-glass signs, the gate checks',
    [
      { file: EMERGENCY, test: 'test/contracts/emergency.test.ts', named: 'wished for none' },
      [
        'the contract asks nobody’s wish',
        'if (wish != WishWords.YES && wish != WishWords.ONLY_IN_EMERGENCY) {',
        'if (false) {'
      ]
    ],
    row('grant.signersAreValid', '30'),
    row('grant.signersAreDistinct', '30'),
    row('grant.signersAreEnough', '30'),
    row('grant.requesterSigned', '30'),
    row('words.signersAreClinicians', '41'),
    row('words.wishPermits', '44')
  ),
  rule(
    8,
    'every field has a writer and a reader',
    [
      inContract(GRANTS, 8),
      [
        'nobody can opt out',
        'OwnerWords.pack(OwnerWords.epoch(word), purposes, version)',
        'OwnerWords.pack(OwnerWords.epoch(word), OwnerWords.optOut(word), version)'
      ]
    ],
    [
      inContract(RECORDS, 8),
      [
        'the bar is not stored',
        'RecordWords.pack(item.quorum, item.barredOrg)',
        'RecordWords.pack(item.quorum, 0)'
      ]
    ],
    row('words.ownerDidNotOptOut', '45'),
    row('words.recordIsLive', '42')
  ),
  rule(
    9,
    'kinds are domain-separated',
    [
      inContract(GRANTS, 9),
      [
        'a grant’s kind is not hashed',
        'abi.encode(GRANT_OPENING_TYPEHASH, opening)',
        `abi.encode(
            GRANT_OPENING_TYPEHASH, opening.grantee, opening.scope, opening.verFrom, opening.verTo,
            opening.purposes, opening.notBefore, opening.notAfter, opening.budget, opening.window,
            opening.salt
        )`
      ],
      [
        'one message is taken for another',
        'abi.encode(OPT_OUT_TYPEHASH, owner, purposes, version)',
        'abi.encode(REVOKE_ALL_TYPEHASH, owner, purposes)'
      ]
    ],
    [
      { file: 'core/checks/grant.ts', test: DECIDE_TEST, named: 'granteeIsMeant refuses' },
      [
        'a kind that is none names everybody',
        '    default:\n      return false',
        '    default:\n      return true'
      ]
    ]
  ),
  rule(10, 'empty is no wildcard', [
    { file: 'core/checks/grant.ts', test: DECIDE_TEST, named: 'purposeIsGranted refuses' },
    [
      'no purpose at all permits every one',
      `  isPurposeSet(withoutFlag(request.opening.purposes)) &&
  hasPurpose(request.opening.purposes, request.purpose)`,
      '  (request.opening.purposes & ~purposeMask(request.purpose as Purpose)) === 0'
    ]
  ]),
  rule(
    11,
    'no organisation overwrites another’s verdict',
    [
      inContract(RECORDS, 11),
      [
        'all organisations share one verdict',
        'abi.encode(key, uint256(organisation))',
        'abi.encode(key, uint256(0))'
      ],
      [
        'any number is a verdict',
        `if (verdict == stored || !(known || (verdict == VerdictWords.WITHDRAWN && stands))) {`,
        'if (verdict == stored) {'
      ]
    ],
    [
      inContract('contracts/types/Words.sol', 11),
      [
        'an organisation’s number is cut',
        '(uint256(barredOrg_) << 120)',
        '(uint256(uint16(barredOrg_)) << 120)'
      ]
    ]
  ),
  rule(12, 'nobody is enlisted unasked', [
    inContract(DIRECTORY, 12),
    [
      'no consent is needed',
      'if (given != ConsentWords.pack(organisation, roles, version)) {',
      'if (false) {'
    ],
    [
      'anybody signs a consent',
      `        _checkSignature(account, message, signature);
        _consent(`,
      '        _consent('
    ],
    [
      'an account enlists itself',
      'word.status() != AccountWords.OPEN || word.roles() & Roles.ADMIN == 0\n                || ',
      'word.status() != AccountWords.OPEN && '
    ]
  ]),
  rule(
    13,
    'nobody reports for others',
    [
      inContract(GRANTS, 13),
      [
        'anybody signs a grant',
        '        _checkSignature(owner, message, signature);\n    }\n\n    function _hashGrantItem',
        '    }\n\n    function _hashGrantItem'
      ]
    ],
    [
      inContract(RECORDS, 13),
      ['anybody signs a record', '_checkSignature(owner, message, signature);', ''],
      [
        'anybody attests',
        'AccountWords.status(word) != AccountWords.OPEN\n                || AccountWords.roles(word) & Roles.ATTESTER == 0\n                || StandingWords.status(organisationWord) != StandingWords.ACTIVE',
        'false'
      ]
    ],
    [
      inContract(DIRECTORY, 13),
      [
        'anybody ends a binding',
        '        _checkSignature(account, message, signature);\n        _bind(',
        '        _bind('
      ]
    ],
    [
      { file: AUDIT, test: 'test/contracts/signatures.test.ts', named: 'anchorBySig' },
      [
        'anybody anchors a log',
        '_checkSignature(writer, keccak256(abi.encode(ANCHORS_TYPEHASH, writer, list)), signature);',
        ''
      ]
    ]
  ),
  rule(14, 'code at an address does not cancel its key', [
    inContract(MESSAGES, 14),
    [
      'an account with code is asked alone',
      'if (problem == ECDSA.RecoverError.NoError && recovered == signer) return;',
      'if (signer.code.length == 0 && recovered == signer) return;'
    ]
  ]),
  rule(15, 'every path checks every term', [
    { file: GRANTS, test: 'test/contracts/grant-registry.test.ts', named: 'rule 15:' },
    [
      'a transaction has no deadline',
      '        _checkDeadline(deadline);\n        _enter(msg.sender, epoch);',
      '        _enter(msg.sender, epoch);'
    ],
    [
      'a signature has no deadline',
      '        _checkDeadline(deadline);\n        bytes32 items',
      '        bytes32 items'
    ],
    [
      'a list has no deadline',
      '        _checkDeadline(deadline);\n        _checkLength(items.length);',
      '        _checkLength(items.length);'
    ],
    [
      'a list has no length',
      '        _checkDeadline(deadline);\n        _checkLength(items.length);',
      '        _checkDeadline(deadline);'
    ],
    [
      'a version may be any',
      'if (version != uint256(stored) + 1) revert GrantRegistryStaleVersion(id, version, stored);',
      ''
    ]
  ]),
  rule(16, 'what is signed can be read', [
    inContract('contracts/types/TypeHashes.sol', 16),
    [
      'a list of grants is signed as one hash',
      '"Grants(address owner,GrantItem[] items,uint32 epoch,uint64 deadline)"\n    "GrantItem(GrantOpening opening,uint64 version)"\n    "GrantOpening(uint8 granteeKind,bytes32 grantee,bytes32 scope,uint32 verFrom,uint32 verTo,"\n    "uint32 purposes,uint64 notBefore,uint64 notAfter,uint32 budget,uint32 window,bytes32 salt)"',
      '"Grants(address owner,bytes32 items,uint32 epoch,uint64 deadline)"'
    ],
    [
      'a list of records is signed as one hash',
      '"Records(address owner,RecordItem[] items,uint64 deadline)"',
      '"Records(address owner,bytes32 items,uint64 deadline)"'
    ]
  ]),
  rule(17, 'the sender is msg.sender or a signature', [
    inContract(GRANTS, 17),
    [
      'the end of a call names its sender',
      `        _enter(msg.sender, epoch);
        _grant(msg.sender, openingHash, version, epoch);`,
      `        address from = msg.data.length > 132
            ? address(bytes20(msg.data[msg.data.length - 20:]))
            : msg.sender;
        _enter(from, epoch);
        _grant(from, openingHash, version, epoch);`
    ]
  ]),
  rule(
    18,
    'chain time is not the clock',
    row('grant.hasNotEnded', '27'),
    row('words.hasNotEndedOnChain', '45'),
    row('chain.headIsYoung', '15'),
    row('chain.clockIsNotBehind', '15')
  ),
  rule(
    19,
    'answers carry evidence',
    [
      { file: 'core/decide.ts', test: DECIDE_TEST, named: 'and the words that were proven' },
      [
        'a release names no words',
        "request.emergency == null ? { conf: conf.raw('grant'), head: head.raw('grant') } : undefined",
        'undefined'
      ]
    ],
    [
      {
        file: 'node/release/gate.ts',
        test: 'test/node/release/gate.test.ts',
        named: 'release gate'
      },
      ['a receipt names no proofs', 'ev: await this.#keepEvidence(work)', 'ev: undefined']
    ],
    [
      {
        file: GRANTS,
        test: 'test/contracts/grant-registry.test.ts',
        named: 'outdated by an epoch'
      },
      [
        'the view says more than decide()',
        `stands = grantWord_.status() == GrantWords.ACTIVE && ownerWord_ != 0
            && grantWord_.epoch() == OwnerWords.epoch(ownerWord_);`,
        'stands = grantWord_.status() == GrantWords.ACTIVE && ownerWord_ != 0;'
      ]
    ]
  ),
  rule(
    20,
    'verifiers face forgers',
    [
      {
        file: 'node/chain/state-proof.ts',
        test: 'test/node/chain/state-proof.test.ts',
        named: 'proof'
      },
      [
        'a node is believed whatever its hash',
        'const node = this.#nodes.get(key)',
        'const node = this.#nodes.get(key) ?? [...this.#nodes.values()][this.#read.length]'
      ],
      ['nodes beside the path are let in', 'if (same) return value', 'return value'],
      [
        'a value may be of any length, with zeros before it',
        'if (!(word instanceof Uint8Array) || word.byteLength > 32 || word[0] === 0) {',
        'if (!(word instanceof Uint8Array)) {'
      ]
    ],
    [
      { file: 'node/chain/header.ts', test: 'test/node/chain/header.test.ts', named: 'header' },
      [
        'a header is believed whatever its hash',
        'rlp.byteLength > HEADER_MAX_BYTES || !equalBytes(p.keccak256(rlp), ref.hash)',
        'rlp.byteLength > HEADER_MAX_BYTES'
      ]
    ]
  ),
  rule(
    21,
    'events link nobody',
    [
      inContract(GRANTS, 21),
      [
        'a grant’s event names who sent it',
        'emit Changed(GrantId.unwrap(id), word);',
        'emit Changed(bytes32(uint256(uint160(msg.sender))), word);'
      ]
    ],
    [
      inContract(RECORDS, 21),
      [
        'a record’s event shows its anchor',
        'emit Changed(RecordKey.unwrap(key), word);',
        'emit Changed(RecordKey.unwrap(key), uint256(_anchors[key]));'
      ]
    ]
  )
]
