/**
 * What tools/mutants.ts breaks of emergencies: each row of decide() that they meet, taken out behind
 * the gate itself; how the gate learns who signed; what a pack tells; and whose letters count.
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './files.ts'
import { type Mutant, of } from './mutant.ts'

const GATE = ['test/node/release/glass.test.ts']
const PACKS = ['test/node/verbs/emergency-pack.test.ts']
const LETTERS = ['test/node/verbs/glass-letters.test.ts']
const DECIDE = 'core/decide.ts'

/** By the names of their functions; one named twice would be found twice, and is a fault. */
const ROWS = [
  'recordIsKnown',
  'subsetIsKnown',
  'scopeIsShown',
  'isMarkedForEmergency',
  'isCovered',
  'purposeIsGranted',
  'purposeIsOfItsKind',
  'purposeStandsAlone',
  'granteeIsMeant',
  'inEmergency, Code',
  'isForOneAccount',
  'spanIsShort',
  'reasonIsGiven',
  'signersAreValid',
  'signersAreDistinct',
  'signersAreEnough',
  'requesterSigned',
  'containerIsOpen',
  'ownerStands',
  'ownerDidNotRevokeAllDirectly',
  'requesterStands',
  'signersAreClinicians',
  'wishPermits',
  'noDirectWishAgainst'
]

function rows(): Mutant[] {
  const lines = readFileSync(join(ROOT, DECIDE), 'utf8').split('\n')
  return ROWS.map((name) => {
    const row = lines.find((line) => line.startsWith('  must(') && line.includes(name))
    const find = `${row ?? name}\n`
    return { name: `gate: ${name}`, file: DECIDE, find, replace: '\n', tests: GATE }
  })
}

const behindTheGate: readonly Mutant[] = [
  ...of('node/release/gate.ts', GATE, [
    [
      'who signed',
      'this.#glasses.of(request) : []',
      "(request.emergency?.signers ?? []).map(() => 'ok' as const) : []"
    ],
    ['nothing for strangers', 'signers: verified && (entry', 'signers: (entry'],
    ['nothing for guesses', 'verified && (entry ?? subset) != null ?', 'verified ?'],
    ["the owner's subset", 'hasSubset(custody.ofOwner(request.owner))', 'true'],
    ['what was packed', 'return pack && hash(p.sha256(pack))', 'return undefined']
  ]),
  ...of('node/release/glass.ts', GATE, [
    ['the account itself', 'by != null && equalBytes(by, account)', 'by != null'],
    ['one glass for another', 'concat(digest, account, sig)', 'concat(account, sig)'],
    ['one account for another', 'concat(digest, account, sig)', 'concat(digest, sig)']
  ]),
  ...of('node/release/pack.ts', GATE, [
    ['what is marked', '.some(({ held }) => held.manifest.custody.emergency)', '.length > 0'],
    ['the newest', 'known.entry.ver > entry.ver', 'known.entry.ver < entry.ver'],
    ['what was acknowledged', '.filter(([, { acknowledged }]) => acknowledged)', ''],
    ['the page before', 'input.request.recordId) <= 0', 'input.request.recordId) < 0'],
    [
      'what may be asked for',
      'if (!mayBeAskedFor(entry, input, notices, p)) continue',
      'void mayBeAskedFor'
    ],
    ['erasures', 'notices: gateNotices(notices, request, p),', ''],
    ['the room of a page', 'if (size > room) {', 'if (false) {'],
    ['another page', 'more = true', 'more = false'],
    ['the room of addresses', 'size > room || ', '']
  ]),
  ...of('node/release/facts.ts', GATE, [
    ['a wish meanwhile', ' &&\n  a.wish?.version === b.wish?.version', '']
  ]),
  ...of('node/custody/notices.ts', GATE, [
    ['the newest wish', "notice.type === 'Wish' && isNewer", "notice.type === 'Wish'"]
  ])
]

const letters: readonly Mutant[] = [
  ...of('core/glass.ts', LETTERS, [
    ['a card that stands', 'if (fault != null) throw', 'if (false) throw'],
    ["the PeerId's signature", 'if (!verify(kind, signed', 'if (false && !verify(kind, signed'],
    ['the account that asks', 'if (!own) throw', 'if (false) throw'],
    ['the reason', "domain('keyward/v1/reason'), salt, utf8(reason)", 'salt'],
    ['the salt', "domain('keyward/v1/reason'), salt, utf8", "domain('keyward/v1/reason'), utf8"]
  ]),
  ...of('node/verbs/letters/glass.ts', LETTERS, [
    ['who asks', 'assertAskedBy(glass, card.binding.account)\n  const notice', 'const notice'],
    ['another account', 'if (equalBytes(account, node.identity.account)) {', 'if (false) {'],
    ["a colleague's signature", 'assertSigned(node, asked.entry.glass, account, sig)', ''],
    ['this patient', 'if (!equalBytes(glass.owner, node.identity.account)) {', 'if (false) {'],
    ['who opened', 'assertAskedBy(glass, card.binding.account)\n  assertAll', 'assertAll'],
    ['all who signed', 'assertAllSigned(node, glass, signers)', ''],
    ['the requester among them', 'if (!asks) throw', 'if (false) throw'],
    ['the signature of the account', 'by == null || !equalBytes(by, account)', 'by == null']
  ])
]

const packs: readonly Mutant[] = [
  ...of('node/verbs/emergency-pack.ts', PACKS, [
    ["the owner's signature", 'await verifyOwnersManifest(node, decoded, { signal })', ''],
    ['the owner', '!equalBytes(content.owner, capsule.owner) || ', ''],
    ['what she marked', ' || !custody.emergency', ''],
    ['the newest of all', 'isNewer(packed, known)', 'false'],
    ['pages that go on', 'if (next != null && toHex(next)', 'if (false && toHex(next ?? after)'],
    ["the answer's signature", "if (!verify('answer', signed, peer, p)) {", 'if (false) {'],
    ['the receipt', 'if (receiptOf(node, answer, peer, req) == null) {', 'if (false) {'],
    ['nobody is waited for', '    first.resolve()\n', '']
  ])
]

export const glass: readonly Mutant[] = [...rows(), ...behindTheGate, ...letters, ...packs]
