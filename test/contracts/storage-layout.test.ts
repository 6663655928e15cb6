import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../../tools/files.ts'

// Proofs name these slots (SECURITY.md §7): a change here breaks every grant, so there is no
// command that updates this table.
const LAYOUTS = {
  GrantRegistry: [
    '0+0 _grants mapping(GrantId => uint256)',
    '1+0 _owners mapping(address => uint256)'
  ],
  RecordRegistry: [
    '0+0 _records mapping(RecordKey => uint256)',
    '1+0 _anchors mapping(RecordKey => bytes32)',
    '2+0 _verdicts mapping(bytes32 => uint256)'
  ],
  Directory: [
    '0+0 _accounts mapping(address => uint256)',
    '1+0 _organisations mapping(uint256 => uint256)',
    '2+0 _members mapping(bytes32 => uint256)',
    '3+0 _consents mapping(bytes32 => uint256)',
    '4+0 _removed mapping(uint256 => bool)',
    '5+0 _votes mapping(bytes32 => uint256)',
    '6+0 _voted mapping(bytes32 => mapping(uint256 => bool))',
    '7+0 _voterSet uint32',
    '7+4 _voters uint32',
    '7+8 _quorum uint32'
  ],
  Emergency: [
    '0+0 _wishes mapping(address => uint256)',
    '1+0 _notices mapping(NoticeId => uint256)',
    '2+0 _reviews mapping(bytes32 => uint256)',
    '3+0 _outcomes mapping(NoticeId => bytes32)'
  ],
  AuditAnchor: ['0+0 _roots mapping(LogKey => bytes32)', '1+0 _anchors mapping(LogKey => uint256)'],
  Guardians: [
    '0+0 _guardianships mapping(bytes32 => uint256)',
    '1+0 _plans mapping(address => uint256)',
    '2+0 _planHashes mapping(address => bytes32)',
    '3+0 _recoveries mapping(address => uint256)',
    '4+0 _candidates mapping(address => address)',
    '5+0 _successors mapping(address => address)'
  ],
  WardAccount: []
}

interface Layout {
  readonly storage: readonly { slot: string; offset: number; label: string; type: string }[]
  readonly types: Readonly<Record<string, { label: string }>>
}

function layoutOf(name: string): string[] {
  const folder = join(ROOT, 'artifacts')
  const artifact = join(folder, `contracts/${name}.sol/${name}.json`)
  const { buildInfoId } = JSON.parse(readFileSync(artifact, 'utf8')) as { buildInfoId: string }
  const build = join(folder, 'build-info', `${buildInfoId}.output.json`)
  const { output } = JSON.parse(readFileSync(build, 'utf8')) as {
    output: { contracts: Record<string, Record<string, { storageLayout: Layout }>> }
  }
  const layout = output.contracts[`project/contracts/${name}.sol`]?.[name]?.storageLayout
  if (layout == null) throw new Error(`no storage layout of ${name} in the build output`)
  return layout.storage.map(
    ({ slot, offset, label, type }) => `${slot}+${offset} ${label} ${layout.types[type]?.label}`
  )
}

describe('storage layout', () => {
  it.each(Object.entries(LAYOUTS))('of %s is frozen', (name, expected) => {
    expect(layoutOf(name)).toEqual(expected)
  })

  it('covers every contract that is deployed', () => {
    const sources = readdirSync(join(ROOT, 'contracts')).filter((file) => file.endsWith('.sol'))

    expect(sources.map((file) => file.replace('.sol', '')).sort()).toEqual(
      [...Object.keys(LAYOUTS), 'TypedMessages'].sort()
    )
  })
})
