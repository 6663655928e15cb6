/**
 * What the documents say and the code knows better: files, links, commands, codes, settings.
 * @module
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { Code } from '../../core/codes.ts'
import { PURPOSE_WORDS } from '../../core/purposes.ts'
import { Exit } from '../../node/api/error.ts'
import { createProgram } from '../../node/cli/program.ts'
import { defaultsFor, type Profile } from '../../node/config.ts'
import { settingKeys } from '../../node/settings.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const PAGES = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: ROOT })].sort()
const DECISIONS = PAGES.filter((page) => page.startsWith('docs/decisions/'))

/** Cells of all table rows of a page, or of one section of it; code marks stay. */
const rows = (page: string, section?: string): readonly (readonly string[])[] => {
  const text = section == null ? read(page) : (read(page).split(`\n## ${section}\n`)[1] ?? '')
  return (section == null ? text : (text.split('\n## ')[0] ?? ''))
    .split('\n')
    .filter((line) => /^\|.*\|$/.test(line) && !/^\|[-:| ]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim())
    )
}
const spans = (text: string): readonly string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')

/** As GitHub makes anchors of headings. */
const anchors = (page: string): readonly string[] =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
  )

describe.each(PAGES)('%s', (page) => {
  it('names files that exist', () => {
    const named = spans(read(page)).filter((span) =>
      /^(core|protocols|contracts|node|bin|test|tools|docs)\/[\w./-]*$/.test(span)
    )

    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  it('links to pages and headings that exist', () => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '')
    const dead = links.filter((link) => {
      if (/^https?:/.test(link)) return false
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      if (!existsSync(resolve(ROOT, target))) return true
      return anchor != null && !anchors(target).includes(anchor)
    })

    expect(dead).toEqual([])
  })
})

describe('README.md', () => {
  it('has every command in its table, and no other', () => {
    const shell = { signal: new AbortController().signal, env: {}, cwd: '' }
    const { command } = createProgram(shell as Parameters<typeof createProgram>[0])
    const leaves = ({ commands }: Command, path: string): readonly string[] =>
      commands.length === 0
        ? [path]
        : commands.flatMap((each) => leaves(each, `${path} ${each.name()}`))
    const known = command.commands.flatMap((each) => leaves(each, each.name()))
    const told = rows('README.md', 'Commands').flatMap(([commands = '']) => spans(commands))

    expect([...told].sort()).toEqual([...known].sort())
  })

  it('has every exit code in its table', () => {
    const told = rows('README.md', 'Commands').flatMap(([code = '']) =>
      /^\d+$/.test(code) ? [Number(code)] : []
    )

    expect(told).toEqual(Object.values(Exit))
  })
})

describe('docs/operators.md', () => {
  it('has every refuse code with its name', () => {
    const told = rows('docs/operators.md', 'Refusals').flatMap(([code = '', name]) =>
      /^\d+$/.test(code) ? [[name, Number(code)]] : []
    )

    expect(told).toEqual(Object.entries(Code).filter(([, code]) => code !== Code.RELEASED))
  })

  it('has every setting with its default', () => {
    const settings = rows('docs/operators.md', 'Settings').slice(1)
    expect(settings.map(([key = '']) => key.slice(1, -1))).toEqual(settingKeys())

    for (const [name = '', clinic = '', patient = ''] of settings) {
      const key = name.slice(1, -1)
      if (key === 'profile' || key === 'chain.quorum') continue
      for (const [profile, cell] of [
        ['clinic', clinic],
        ['patient', patient === 'the same' ? clinic : patient]
      ] as const) {
        const value = defaultOf(profile, key)
        if (value == null) continue
        const told = cell === 'none' ? [] : spans(cell).length > 0 ? spans(cell) : [cell]
        expect(told, `${key}, ${profile}`).toEqual([value].flat().map(String))
      }
    }
  })
})

function defaultOf(profile: Profile, key: string): unknown {
  let value: unknown = defaultsFor(profile, undefined)
  for (const part of key.split('.')) value = (value as Record<string, unknown> | undefined)?.[part]
  return value
}

describe('docs/patients.md', () => {
  it('explains each purpose that she can consent to, in the program’s own words', () => {
    const text = read('docs/patients.md').replaceAll('\n', ' ')

    for (const [code, words] of Object.entries(PURPOSE_WORDS)) {
      if (code === 'ETREAT' || code === 'BTG') continue // by emergencies alone
      expect(text, code).toContain(`${code} ${words}`)
    }
  })
})

describe('docs/THREATS.md', () => {
  it('has all twenty threats, each with code and a test', () => {
    const threats = rows('docs/THREATS.md').filter(([id = '']) => /^T\d+$/.test(id))

    expect(threats.map(([id]) => id)).toEqual(Array.from({ length: 20 }, (_, i) => `T${i + 1}`))
    for (const [id, , control = '', tests = ''] of threats) {
      expect(
        spans(control).some((span) => span.includes('/')),
        `${id} code`
      ).toBe(true)
      expect(
        spans(tests).some((span) => span.startsWith('test/')),
        `${id} tests`
      ).toBe(true)
    }
  })
})

describe('docs/ARCHITECTURE.md', () => {
  it('names gas figures that are kept', () => {
    const kept = Object.keys(JSON.parse(read('contracts/gas.json')))
    const told = rows('docs/ARCHITECTURE.md', 'The contracts')
      .slice(1)
      .flatMap(([, , gas = '']) => spans(gas))

    expect(told.length).toBeGreaterThan(0)
    expect(told.filter((name) => !kept.includes(name))).toEqual([])
  })
})

describe('docs/chains.md', () => {
  it('has the gas that is kept, and what it comes to', () => {
    const kept = JSON.parse(read('contracts/gas.json')) as Record<string, number>
    const costs = rows('docs/chains.md', 'An L2, or Ethereum itself').slice(1)
    const number = (text = ''): number => Number(text.replaceAll(',', ''))

    for (const [what, key = '', gas, ...prices] of costs) {
      if (key !== '') expect(number(gas), what).toBe(kept[key.slice(1, -1)])
      const millionths = [0.01, 1, 20].map((gwei) => (number(gas) * gwei) / 1_000)
      for (const [i, price] of prices.entries()) {
        const off = Math.abs(number(price) / (millionths[i] as number) - 1)
        expect(off, `${what}: ${price}`).toBeLessThan(0.05)
      }
    }
    expect(costs.length).toBeGreaterThan(8)
  })
})

describe('decisions', () => {
  it('are numbered, each once, and fit a page', () => {
    const numbers = DECISIONS.map((page) => page.replace('docs/decisions/', '').slice(0, 4))
    expect(new Set(numbers).size).toBe(numbers.length)

    for (const [i, page] of DECISIONS.entries()) {
      const lines = read(page).split('\n')
      expect(lines[0], page).toMatch(new RegExp(`^# ${numbers[i]}: `))
      expect(lines.length, page).toBeLessThan(60)
      expect(read(page), page).toMatch(/\*\*Context\.\*\*/)
      expect(read(page), page).toMatch(/\*\*Choice\.\*\*/)
      expect(read(page), page).toMatch(/\*\*What would change our mind\.\*\*/)
    }
  })
})
