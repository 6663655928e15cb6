/**
 * What the doors of the verbs let in.
 * @module
 */
import { describe, expect, it } from 'vitest'
import type { ZodType } from 'zod'
import * as grantShapes from '../../../node/verbs/grant-shapes.ts'
import * as shapes from '../../../node/verbs/shapes.ts'

const R = 'a'.repeat(64)
const PEER = '12D3KooWNLDMbTehLbnxfnNbt2cgGZCTMns5XUwAEeQ3tcT57xbB'
const OWNER = '1'.repeat(40)
const request = { patient: `${OWNER}@${PEER}`, purpose: 'TREAT', until: '30d', reason: 'x' }
const grant = { to: PEER, records: [R], purpose: 'TREAT', until: '30d' }

const good: readonly [ZodType, object][] = [
  [shapes.recordAddArgs, { path: '/x', tags: { level: 'N', labels: ['HIV'], month: '2026-11' } }],
  [shapes.recordAddArgs, { path: '/x', tags: { month: 'none' } }],
  [shapes.recordGetArgs, { recordId: `0x${R}`, from: 0, to: 1 }],
  [shapes.requestArgs, { ...request, patient: `0x${OWNER}@${PEER},${PEER}`, versions: '2-' }],
  [shapes.requestArgs, { ...request, until: '2027-01-31T12:00:00+01:00' }],
  [grantShapes.grantArgs, { ...grant, budget: 0, versions: '1-3' }],
  [shapes.revokeArgs, { grant: R }],
  [shapes.revokeArgs, { all: true }]
]

const bad: readonly [ZodType, object][] = [
  [shapes.recordAddArgs, {}],
  [shapes.recordAddArgs, { path: '' }],
  [shapes.recordAddArgs, { path: '/x', threshold: 1 }],
  [shapes.recordAddArgs, { path: '/x', custodians: [] }],
  [shapes.recordAddArgs, { path: '/x', tags: { level: 'X' } }],
  [shapes.recordAddArgs, { path: '/x', tags: { month: '2026-13' } }],
  [shapes.recordAddArgs, { path: '/x', colour: 1 }],
  [shapes.recordGetArgs, { recordId: R.slice(1) }],
  [shapes.recordGetArgs, { recordId: R, ver: 0 }],
  [shapes.recordGetArgs, { recordId: R, via: 'post' }],
  [shapes.requestArgs, { ...request, patient: OWNER }],
  [shapes.requestArgs, { ...request, purpose: 'treat' }],
  [shapes.requestArgs, { ...request, reason: '' }],
  [shapes.requestArgs, { ...request, until: '2027-01-31' }],
  [shapes.requestArgs, { ...request, until: '2027-01-31T12:00:00' }],
  [grantShapes.grantArgs, { ...grant, to: 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N' }],
  [grantShapes.grantArgs, { ...grant, records: [] }],
  [grantShapes.grantArgs, { ...grant, versions: '-3' }],
  [shapes.revokeArgs, {}],
  [shapes.revokeArgs, { grant: R, all: true }],
  [shapes.revokeArgs, { all: false }]
]

describe('arguments', () => {
  it.each(good)('pass: %# %j', (shape, args) => {
    expect(shape.safeParse(args)).toMatchObject({ success: true })
  })

  it.each(bad)('are refused: %# %j', (shape, args) => {
    expect(shape.safeParse(args)).toMatchObject({ success: false })
  })
})
