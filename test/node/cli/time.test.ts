/**
 * Times as people read and write them.
 * @module
 */
import { afterEach, describe, expect, it } from 'vitest'
import { localTime, untilText } from '../../../node/cli/time.ts'
import { fromSeconds, untilSeconds } from '../../../node/verbs/until.ts'

const zone = process.env['TZ']
afterEach(() => {
  if (zone == null) delete process.env['TZ']
  else process.env['TZ'] = zone
})

describe('localTime', () => {
  it.each([
    ['UTC', '2026-07-01T12:00:00+00:00'],
    ['Europe/Zurich', '2026-07-01T14:00:00+02:00'],
    ['America/St_Johns', '2026-07-01T09:30:00-02:30']
  ])('writes the zone out in %s', (tz, text) => {
    process.env['TZ'] = tz

    expect(localTime(Date.UTC(2026, 6, 1, 12) / 1_000)).toBe(text)
  })
})

describe('untilText', () => {
  it.each([
    ['Europe/Zurich', '2026-12-31', '2027-01-01T00:00:00+01:00'],
    ['America/New_York', '2026-12-31', '2027-01-01T00:00:00-05:00'],
    ['America/New_York', '2026-03-07', '2026-03-08T00:00:00-05:00']
  ])('takes a day in %s for all of it', (tz, day, end) => {
    process.env['TZ'] = tz

    expect(untilText(day)).toBe(end)
  })

  it.each(['30d', '2026-02-30', '2027-01-01T00:00:00Z', 'soon'])(
    'leaves "%s" to the verb',
    (text) => {
      expect(untilText(text)).toBe(text)
    }
  )
})

describe('untilSeconds', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const now = nowMs / 1_000

  it.each([
    ['90m', now + 5_400],
    ['2h', now + 7_200],
    ['30d', now + 30 * 86_400],
    ['1w', now + 604_800],
    ['2026-01-01T00:00:01Z', now + 1],
    ['2026-01-01T01:00:01.900+01:00', now + 1]
  ])('reads %s', (text, seconds) => {
    expect(untilSeconds(text, nowMs)).toBe(seconds)
  })

  it.each([
    '',
    '0d',
    '30',
    '2026-12-31',
    '2026-12-31T00:00:00',
    '2026-01-01T00:00:00Z',
    '2026-13-01T00:00:00Z'
  ])('refuses "%s"', (text) => {
    expect(() => untilSeconds(text, nowMs)).toThrow('"until" expected')
  })
})

describe('fromSeconds', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const now = nowMs / 1_000

  it.each([
    [undefined, now - 300], // so that guard and head age delay nothing
    ['2h', now + 7_200],
    ['2025-12-31T00:00:00Z', now - 86_400]
  ])('reads %s', (text, seconds) => {
    expect(fromSeconds(text, nowMs)).toBe(seconds)
  })

  it.each(['', '0d', '2026-12-31', '1969-12-31T00:00:00Z'])('refuses "%s"', (text) => {
    expect(() => fromSeconds(text, nowMs)).toThrow('"from" expected')
  })
})
