/**
 * The view, compiled as it is or with a mistake put in: the comparison has to find each of them.
 * @module
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ROOT } from '../../tools/files.ts'

const FILE = 'contracts/mocks/DecisionView.sol'

/** One mistake: text that occurs once, and what stands in its place. */
export type Damage = readonly [name: string, find: string, replace: string]

export const DAMAGES: readonly Damage[] = [
  ['a grant of the head alone', 'p.grant[0] == 0 || p.grant[1] == 0', 'p.grant[1] == 0'],
  ['a grant of the confirmed block alone', 'p.grant[0] == 0 || p.grant[1] == 0', 'p.grant[0] == 0'],
  ['a revocation at the head unseen', ' || uint8(p.grant[1]) != 1) return 506', ') return 506'],
  ['a grant given anew', 'if (p.grant[0] != p.grant[1]) return 507;', ''],
  ['a sub-grant of an older version', 'if (p.hasSub && uint64', 'if (p.hasSub && 1 == 0 && uint64'],
  [
    'a direct revocation of the same version',
    'p.notices.revokedVersion >',
    'p.notices.revokedVersion >='
  ],
  ['a hand-back unseen', 'if (_said(p, HANDED_BACK)) return 516;', ''],
  ['an owner epoch of the head alone', '!_ownerStands(p, 0) || ', ''],
  [
    'an older owner epoch',
    '&& uint32(p.owner[b] >> 8) == epoch',
    '&& uint32(p.owner[b] >> 8) <= epoch'
  ],
  ['an owner who never opened', 'return uint8(p.owner[b]) == 1 && uint32', 'return uint32'],
  [
    'a suspended account',
    'return uint8(p.account[b]) == 1 && uint32',
    'return uint8(p.account[b]) != 0 && uint32'
  ],
  ['a binding epoch of the head alone', '!_requesterStands(p, 0) || ', ''],
  ['a membership of the head alone', '!_mayAsk(p, 0) || ', ''],
  [
    'an organisation that is suspended',
    'return uint8(_orgWord(p, home, b)) == 1;',
    'return _orgWord(p, home, b) != 0;'
  ],
  ['one role of two', 'roles != roles) return false', 'roles == 0 && roles != 0) return false'],
  ['one child too few', 'holds = count >= uint8(node);', 'holds = count + 1 >= uint8(node);'],
  ['a group that is not asked', 'return group == 0 || uint8', 'return true || group == 0 || uint8'],
  [
    'signers who are no clinicians',
    'p.signers[i][b], 0, CLINICIAN, b)',
    'p.signers[i][b], 0, 0, b)'
  ],
  [
    'a delegator of another organisation',
    '_works(p, p.account[b], uint32(delegator >> 40), 0, b)',
    '_works(p, p.account[b], 0, 0, b)'
  ],
  ['an erased record', 'uint8(record) <= 4', 'uint8(record) <= 5'],
  [
    'both share epochs at once',
    '!= p.shareEpoch\n                    && uint32',
    '!= p.shareEpoch\n                    || uint32'
  ],
  ['a wish of "never"', 'uint8(p.wish[b]) != 1 && uint8(p.wish[b]) != 2', 'uint8(p.wish[b]) == 0'],
  [
    'a wish of the head alone',
    'for (uint256 b = 0; b < 2; ++b) {\n            if (uint8(p.wish',
    'for (uint256 b = 1; b < 2; ++b) {\n            if (uint8(p.wish'
  ],
  ['a direct wish that is older', 'p.notices.wishVersion <=', 'p.notices.wishVersion <'],
  ['an opt-out at the head alone', 'if ((p.owner[0] >> 80)', 'if ((p.owner[1] >> 80)'],
  [
    'a direct opt-out of another purpose',
    '&& p.notices.optOut & bit != 0',
    '&& p.notices.optOut != 0'
  ],
  ['a grant at its last second', 'p.headTime >= p.notAfter', 'p.headTime > p.notAfter'],
  ['a grant a second too early', 'p.headTime < p.notBefore', 'p.headTime + 1 < p.notBefore'],
  ['a sub-grant at its last second', 'p.headTime >= p.subNotAfter', 'p.headTime > p.subNotAfter'],
  ['an unused bit of a grant', '_ones(0, 144) | _ones(152, 48)', '_ones(0, 200)'],
  ['an unknown status of a record', '_ones(0, 152), 5)', '_ones(0, 152), 6)'],
  [
    'an unused bit of an account',
    '_isWord(word, _ones(0, 128), 2)',
    '_isWord(word, _ones(0, 129), 2)'
  ],
  [
    'a number that cannot travel',
    'p.grant[b] >> 40) > SAFE_MAX',
    'p.grant[b] >> 40) > SAFE_MAX + 1'
  ]
]

type Solc = { compile(input: string): string }
const require = createRequire(import.meta.url)

/** Creation code of the view. @throws Error if a damage does not fit, or it does not compile */
export function viewCode(damage?: Damage): string {
  const source = readFileSync(join(ROOT, FILE), 'utf8')
  const [name, find, replace] = damage ?? ['', '', '']
  if (damage != null && source.split(find).length !== 2) {
    throw new Error(`"${name}" does not occur once in ${FILE}`)
  }
  const input = {
    language: 'Solidity',
    sources: { View: { content: damage == null ? source : source.replace(find, () => replace) } },
    settings: {
      evmVersion: 'prague',
      optimizer: { enabled: true, runs: 1_000 },
      outputSelection: { '*': { DecisionView: ['evm.bytecode.object'] } }
    }
  }
  const output = JSON.parse((require('solc') as Solc).compile(JSON.stringify(input))) as {
    contracts?: { View?: { DecisionView?: { evm: { bytecode: { object: string } } } } }
    errors?: readonly { severity: string; formattedMessage: string }[]
  }
  const code = output.contracts?.View?.DecisionView?.evm.bytecode.object
  if (code == null) throw new Error(output.errors?.map((e) => e.formattedMessage).join('\n'))
  return `0x${code}`
}
