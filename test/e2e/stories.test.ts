import { describe, expect, it } from 'vitest'
import type { StoryResult } from '../../node/demo/side-story.ts'
import { runDemo } from './run-demo.ts'

describe('keyward demo, its side stories', () => {
  it.each([
    ['emergency', ['--emergency']],
    ['guardian', ['--guardian']],
    ['attest', ['--attest']],
    ['policy', ['--policy', '1 of (org:4+clinician, org:1+researcher)']]
  ])('sees all that --%s promises, and no plaintext anywhere', async (story, flags) => {
    const { code, out, err } = await runDemo('--json', ...flags)

    const told = JSON.parse(out.trim().split('\n').at(-1) || '{}') as StoryResult
    expect(
      told.seen?.filter(({ ok }) => !ok),
      err
    ).toEqual([])
    expect(told).toMatchObject({ ok: true, story, leaks: 0 })
    expect(told.seen.length).toBeGreaterThan(3)
    expect(code).toBe(0)
  })

  it.each([
    [['--emergency', '--attest'], '"attest" is a story beside "emergency"'],
    [['--guardian', '--kill', '1'], '"kill" does not go with "guardian"']
  ])('names what does not go together: %s', async (flags, text) => {
    const { code, out, err } = await runDemo('--json', ...flags)

    expect(code).toBe(2)
    expect(out).toBe('')
    expect(JSON.parse(err.trim().split('\n').at(-1) ?? '')).toMatchObject({
      error: { message: text }
    })
  })
})
