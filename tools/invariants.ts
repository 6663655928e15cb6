/**
 * Mistakes in the contracts that their invariants have to find, and how forge is told to look: for
 * tools/check-invariants.ts.
 * @module
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Damage, type Mutant, of } from './mutant.ts'
import { runCommand } from './run-command.ts'

/** Calls between two looks at all invariants; what a single call may not do is told at once. */
const CHECK_INTERVAL = 10

export interface Campaign {
  readonly runs: number
  readonly depth: number
  readonly seed?: number | undefined
  /** Where contracts and tests are. */
  readonly cwd: string
  /** @default all */
  readonly contract?: string | undefined
}

export interface Campaigned {
  readonly calls: number
  readonly passed: readonly string[]
  readonly failed: readonly string[]
  readonly output: string
}

/** The program of the platform package. @throws Error where there is none */
function forgePath(): string {
  const { platform, arch } = process
  const require = createRequire(import.meta.url)
  const name = `@foundry-rs/forge-${platform}-${arch === 'x64' ? 'amd64' : arch}/package.json`
  return join(dirname(require.resolve(name)), 'bin', 'forge')
}

/** Every invariant gets its own `runs` sequences of `depth` calls. */
export async function campaign({
  runs,
  depth,
  seed,
  cwd,
  contract
}: Campaign): Promise<Campaigned> {
  const settings = {
    RUNS: runs,
    DEPTH: depth,
    CHECK_INTERVAL,
    SHRINK_RUN_LIMIT: 0,
    SHOW_METRICS: false
  }
  const env = Object.entries(settings).map(([name, value]) => `FOUNDRY_INVARIANT_${name}=${value}`)
  const args = [
    ...[...env, forgePath(), 'test', '--match-test', 'invariant_'],
    ...(contract == null ? [] : ['--match-contract', `^${contract}Test$`]),
    ...(seed == null ? [] : ['--fuzz-seed', `0x${seed.toString(16)}`])
  ]
  const { output } = await runCommand('env', args, { cwd })
  const passed: string[] = []
  const failed: string[] = []
  let calls = 0
  for (const [, isPassed, name = '', counted] of output.matchAll(LINE)) {
    const list = isPassed == null ? failed : passed
    if (!list.includes(name)) list.push(name)
    if (isPassed != null) calls += Number(counted)
  }
  return { calls, passed, failed, output }
}

/** After a failure its name stands below the calls that led there, and without a tag. */
const LINE = /^ *(\[PASS\] )?(invariant_\w+)\(\) \(runs: \d+, calls: (\d+)/gm

const damages: Readonly<Record<string, readonly Damage[]>> = {
  GrantRegistry: [
    ['a grant of an older epoch', 'if (epoch != stored) revert', 'if (epoch > stored) revert'],
    ['a grant that skips versions', 'version != uint256(stored) + 1', 'version <= stored'],
    [
      'a revocation of the same version',
      'if (version <= stored) revert GrantRegistryStaleVersion',
      'if (version < stored) revert GrantRegistryStaleVersion'
    ],
    [
      'an epoch without a signature',
      '_checkSignature(owner, keccak256(abi.encode(REVOKE_ALL_TYPEHASH, owner, epoch)), signature);',
      'signature;'
    ],
    [
      'an epoch that does not grow',
      'if (epoch <= stored) revert GrantRegistryStaleEpoch',
      'if (epoch < stored) revert GrantRegistryStaleEpoch'
    ]
  ],
  RecordRegistry: [
    [
      'a change of what was erased',
      'if (stored == RecordWords.ERASED) revert RecordRegistryErased(key);',
      ''
    ],
    [
      'a verdict by the barred organisation',
      'if (organisation == word.barredOrg()) {',
      'if (organisation == 0) {'
    ],
    ['a rejection that is never taken back', 'if (from == VerdictWords.REJECTED) --rejected;', ''],
    [
      'a verdict on other bytes',
      'if (anchor != _anchors[key]) revert RecordRegistryWrongAnchor(key, anchor);',
      'anchor;'
    ]
  ],
  Directory: [
    [
      'a member who did not consent',
      'if (given != ConsentWords.pack(organisation, roles, version)) {',
      'if (given == 0) {'
    ],
    [
      'a binding epoch that does not grow',
      'if (bindingEpoch <= stored) {',
      'if (bindingEpoch < stored) {'
    ],
    ['a removed organisation that comes back', '_removed[organisation] = true;', ''],
    [
      'a vote of a suspended organisation',
      '|| StandingWords.status(organisation) != StandingWords.ACTIVE\n        ) revert DirectoryNotAdmin',
      '|| StandingWords.status(organisation) > 9\n        ) revert DirectoryNotAdmin'
    ]
  ],
  Emergency: [
    ['a glass broken against a wish', '&& wish != WishWords.ONLY_IN_EMERGENCY', '&& wish == 0'],
    ['a clinician who counts twice', 'signer <= signers[i - 1]', 'signer < signers[i - 1]'],
    [
      'a suspended clinician',
      'AccountWords.status(word) != AccountWords.OPEN\n                    || AccountWords.roles(word) & Roles.CLINICIAN',
      'AccountWords.roles(word) & Roles.CLINICIAN'
    ],
    [
      'a review by one of the parties',
      '|| ReviewWords.names(\n',
      '|| word == 0 && ReviewWords.names(\n'
    ],
    [
      'a notice given twice',
      'if (_notices[notice] != 0) revert EmergencyAlreadyNoticed(notice);',
      ''
    ]
  ],
  Guardians: [
    ['a guardian after the last day', '&& block.timestamp < word.until()', ''],
    [
      'a guardian of an older epoch',
      '&& word.epoch() == OwnerWords.epoch(_grants.ownerWord(ward));',
      ';'
    ],
    [
      'a recovery before its time',
      'if (block.timestamp < readyAt) revert GuardiansNotReady(account, readyAt);',
      ''
    ],
    [
      'an owner who is there, and loses her account',
      '_veto(account, RecoveryWords.round(recovery));',
      'recovery;'
    ],
    [
      'a lost key that still speaks',
      'if (successor != address(0)) revert GuardiansSucceeded(account, successor);',
      'successor;'
    ]
  ],
  AuditAnchor: [
    [
      'an anchor that does not grow',
      'if (item.toSeq <= stored) revert',
      'if (item.toSeq < stored) revert'
    ],
    [
      "another writer's log",
      'return LogKey.wrap(keccak256(abi.encode(writer, logTag)));',
      'writer; return LogKey.wrap(keccak256(abi.encode(logTag)));'
    ]
  ]
}

/** `tests` names the contract whose invariants have to find it. */
export const MISTAKES: readonly Mutant[] = Object.entries(damages).flatMap(([contract, list]) =>
  of(`contracts/${contract}.sol`, [contract], list)
)
