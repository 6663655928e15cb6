/**
 * The command line: what goes to which stream, with which exit code, and what verbs are asked.
 * @module
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../../../node/cli/program.ts'
import type { Shell } from '../../../node/cli/shell.ts'
import { type Diary, fakeNode, initialised, keyward, temporary } from './harness.ts'

const R = 'a'.repeat(64)
const PEER = '12D3KooWNLDMbTehLbnxfnNbt2cgGZCTMns5XUwAEeQ3tcT57xbB'

describe('usage', () => {
  it.each([
    ['an unknown command', ['nope']],
    ['an unknown option', ['id', '--colour']],
    ['a missing argument', ['record', 'add']],
    ['a missing option', ['grant', PEER, R]],
    ['too many arguments', ['id', 'x']],
    ['a group alone', ['record']],
    ['nothing', []],
    ['a choice that is none', ['init', '--profile', 'hospital']]
  ])('of %s is exit code 2, on stderr', async (_what, argv) => {
    const { exit, out, err } = await keyward(argv)

    expect({ exit, out }).toEqual({ exit: 2, out: '' })
    expect(err).not.toBe('')
  })

  it('is shown on demand, on stdout, with an example for each command', async () => {
    const shell = { env: {}, stderr: { write: () => undefined } } as unknown as Shell
    const leaves = (command: Command, path: readonly string[]): readonly (readonly string[])[] =>
      command.commands.length === 0
        ? [path]
        : command.commands.flatMap((each) => leaves(each, [...path, each.name()]))
    const names = leaves(createProgram(shell).command, [])
    expect(names.length).toBeGreaterThan(20)

    for (const name of names) {
      const { exit, out, err } = await keyward([...name, '--help'])
      expect({ exit, err }, name.join(' ')).toEqual({ exit: 0, err: '' })
      expect(out).toContain(`Example:\n  $ keyward ${name.join(' ')}`)
      for (const option of ['--json', '--repo', '--quiet'])
        expect(out, name.join(' ')).toContain(option)
    }
  })
})

describe('init', () => {
  it('makes a folder and says what it is, and that its key is bare', async () => {
    await using made = await temporary()

    const { exit, out, err } = await keyward([
      'init',
      '--repo',
      made.home,
      '--profile',
      'patient',
      '--name',
      'Ada',
      '--set',
      'chain.kind=l2',
      '--json'
    ])

    expect(exit).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ path: made.home, profile: 'patient', wrapped: false })
    const notes = err.trimEnd().split('\n')
    expect(notes.map((line) => JSON.parse(line).note)).toEqual([
      expect.stringContaining('no passphrase'),
      expect.stringContaining('keyward wish')
    ])
    expect(JSON.parse(await readFile(join(made.home, 'config'), 'utf8'))).toEqual({
      profile: 'patient',
      name: 'Ada',
      chain: { kind: 'l2' }
    })
  })

  it('takes the passphrase from a file, and asks for it again', async () => {
    await using made = await temporary()
    const file = join(made.folder, 'words')
    await (await import('node:fs/promises')).writeFile(file, 'open sesame\n')

    const { out, err } = await keyward(
      ['init', '--repo', made.home, '--passphrase-file', 'words', '--json'],
      { cwd: made.folder }
    )

    expect(JSON.parse(out).wrapped).toBe(true)
    expect(err).toBe('')
    const ls = ['record', 'ls', '--repo', made.home]
    expect(await keyward(ls)).toMatchObject({ exit: 1, err: expect.stringContaining('passphrase') })
    expect(await keyward(ls, { env: { KEYWARD_PASSPHRASE: 'open sesame' } })).toMatchObject({
      exit: 0
    })
  })

  it('is refused a second time', async () => {
    await using made = await initialised()

    expect(await keyward(['init', '--repo', made.home])).toMatchObject({
      exit: 1,
      out: '',
      err: expect.stringContaining('initialised already')
    })
  })
})

describe('a folder', () => {
  it('is named by flag, then environment', async () => {
    await using made = await initialised()

    const env = { KEYWARD_PATH: made.home }
    expect((await keyward(['id'], { env })).exit).toBe(0)
    expect((await keyward(['id', '--repo', `${made.home}-not`], { env })).exit).toBe(3)
  })

  it('that is none is exit code 3', async () => {
    await using made = await temporary()

    for (const argv of [['id'], ['record', 'ls'], ['daemon'], ['config', 'show']]) {
      const { exit, err } = await keyward([...argv, '--repo', made.home])
      expect({ argv, exit }).toEqual({ argv, exit: 3 })
      expect(err).toContain('keyward init')
    }
  })
})

describe('config', () => {
  it('shows each value with its source', async () => {
    await using made = await initialised()
    const env = { KEYWARD_CHAIN_RPC: 'https://rpc.example/v3/SECRET' }

    const { out } = await keyward(['config', 'show', '--repo', made.home, '--set', 'name=B'], {
      env
    })

    expect(out).toMatch(/^name +B +flag$/m)
    expect(out).toMatch(/^chain\.rpc +https:\/\/rpc\.example\/… +environment$/m)
    expect(out).toMatch(/^profile +test +config$/m)
    expect(out).toMatch(/^custody\.replicas +3 +default$/m)
    expect(out).not.toContain('SECRET')
  })

  it('gets one value and validates all', async () => {
    await using made = await initialised()

    expect((await keyward(['config', 'get', 'chain.kind', '--repo', made.home])).out).toBe('dev\n')
    expect((await keyward(['config', 'get', 'org', '--repo', made.home, '--json'])).out).toBe(
      'null\n'
    )
    expect((await keyward(['config', 'get', 'colour', '--repo', made.home])).exit).toBe(2)
    const env = { KEYWARD_SERVICE_HOST: '1' }
    const valid = await keyward(['config', 'validate', '--repo', made.home], { env })
    expect(valid).toMatchObject({
      exit: 0,
      err: 'note: KEYWARD_SERVICE_HOST is no setting of ours\n'
    })
    const bad = await keyward(['config', 'validate', '--repo', made.home, '--set', 'x=1'])
    expect(bad).toMatchObject({ exit: 1, err: 'keyward: --set: unknown key "x"\n' })
  })

  it('prints its JSON Schema', async () => {
    expect(JSON.parse((await keyward(['config', 'schema'])).out)).toMatchObject({ type: 'object' })
  })
})

describe('version', () => {
  it('is one line, or all that a bug report should name', async () => {
    expect((await keyward(['version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(JSON.parse((await keyward(['version', '--all', '--json'])).out)).toMatchObject({
      node: process.versions.node,
      repoFormat: 1
    })
  })
})

describe('a verb without a daemon', () => {
  it('opens a node under the lock and closes it', async () => {
    await using made = await initialised()
    const diary: Diary = []

    const ran = await keyward(['record', 'ls', '--repo', made.home], { node: fakeNode(diary) })

    expect(ran).toMatchObject({ exit: 0, out: 'no records yet: keyward record add FILE\n' })
    expect(diary).toEqual(['open', 'record.ls {}', 'close'])
    expect((await keyward(['record', 'ls', '--repo', made.home])).exit).toBe(0)
  })

  it('starts no node for arguments that are wrong', async () => {
    await using made = await initialised()
    const diary: Diary = []

    const ran = await keyward(['record', 'show', 'xyz', '--repo', made.home], {
      node: fakeNode(diary)
    })

    expect(ran).toMatchObject({ exit: 2, err: 'keyward: "recordId" expected 64 hex digits\n' })
    expect(diary).toEqual([])
  })

  const asked: readonly [string[], string][] = [
    [
      [
        'record',
        'add',
        'a b.json',
        '--custodian',
        `${PEER},${PEER}`,
        '--threshold',
        '2',
        '--level',
        'N',
        '--label',
        'HIV',
        '--label',
        'PSY'
      ],
      `record.add {"path":"/somewhere/a b.json","custodians":["${PEER}","${PEER}"],"threshold":2,"tags":{"level":"N","labels":["HIV","PSY"]}}`
    ],
    [['record', 'add', '/x', '--fhir'], 'record.add {"path":"/x","fhir":true}'],
    [
      [
        ...['record', 'get', R, '--out', 'x', '--from', '0', '--to', '9', '--via', 'dht'],
        ...['--purpose', 'COC']
      ],
      `record.get {"recordId":"${R}","out":"/somewhere/x","from":0,"to":9,"via":"dht","purpose":"COC"}`
    ],
    [
      [
        'request',
        `0x${'1'.repeat(40)}@${PEER}`,
        '--purpose',
        'TREAT',
        '--until',
        '30d',
        '--reason',
        'x',
        '--class',
        'Observation'
      ],
      `request {"patient":"0x${'1'.repeat(40)}@${PEER}","purpose":"TREAT","classes":["Observation"],"until":"30d","reason":"x"}`
    ],
    [
      ['approve', R, '--until', '7d', '--record', R],
      `approve {"wish":"${R}","records":["${R}"],"until":"7d"}`
    ],
    [
      [
        'grant',
        PEER,
        R,
        R,
        '--purpose',
        'TREAT',
        '--until',
        '1h',
        '--versions',
        '1-2',
        '--budget',
        '4'
      ],
      `grant {"to":["${PEER}"],"records":["${R}","${R}"],"purpose":["TREAT"],"until":"1h","versions":"1-2","budget":4}`
    ],
    [
      [
        ...['grant', '--to', PEER, '--org', '3', '--role', 'clinician,attester', '--chart'],
        ...['--purpose', 'TREAT', '--purpose', 'COC', '--until', '1h', '--up-to', 'R'],
        ...['--label', 'PSY', '--month', '2026-11', '--except', `ImagingStudy,${R}`],
        ...['--window', '1d', '--from', '2d']
      ],
      `grant {"to":["${PEER}"],"org":3,"role":["clinician","attester"],"chart":true,"purpose":["TREAT","COC"],"until":"1h","upTo":"R","labels":["PSY"],"months":["2026-11"],"except":["ImagingStudy","${R}"],"from":"2d","window":"1d"}`
    ],
    [
      [
        ...['grant', '--policy', 'org:1 or org:2', '--to', PEER, '--class', 'Observation'],
        ...['--record', R, '--purpose', 'TREAT', '--until', '1h']
      ],
      `grant {"to":["${PEER}"],"policy":"org:1 or org:2","records":["${R}"],"classes":["Observation"],"purpose":["TREAT"],"until":"1h"}`
    ],
    [
      ['grant', PEER, '--group', R, '--record', R, '--purpose', 'TREAT', '--until', '1h'],
      `grant {"to":["${PEER}"],"group":"${R}","records":["${R}"],"purpose":["TREAT"],"until":"1h"}`
    ],
    [
      [...['grant', PEER, '--chart', '--share-on', '--purpose', 'TREAT', '--until', '1h']],
      `grant {"to":["${PEER}"],"chart":true,"purpose":["TREAT"],"until":"1h","shareOn":true}`
    ],
    [
      ['approve', R, '--later', '--except', 'ImagingStudy', '--budget', '2'],
      `approve {"wish":"${R}","later":true,"except":["ImagingStudy"],"budget":2}`
    ],
    [['tell', R, PEER], `grant.tell {"grant":"${R}","to":["${PEER}"]}`],
    [['renew', R, '--until', '90d'], `renew {"grant":"${R}","until":"90d"}`],
    [['opt-out', 'HRESCH', 'HMARKT'], 'opt-out {"purposes":["HRESCH","HMARKT"]}'],
    [['opt-in', 'HRESCH,HMARKT'], 'opt-in {"purposes":["HRESCH","HMARKT"]}'],
    [['revoke', '--all'], 'revoke {"all":true}']
  ]
  it.each(asked)('asks %j', async (argv, expected) => {
    await using made = await initialised()
    const diary: Diary = []

    const { exit, err } = await keyward([...argv, '--repo', made.home, '--quiet'], {
      node: fakeNode(diary)
    })

    expect({ exit, err }).toEqual({ exit: 0, err: '' })
    expect(diary[1]).toBe(expected)
  })

  it.each([
    ['a refusal', '1', 5, 'access denied: 400'],
    ['what is not there', '2', 6, 'no such record'],
    ['a bug, without quoting content', '3', 1, 'unexpected SyntaxError']
  ])('has the exit code of %s', async (_what, first, exit, message) => {
    await using made = await initialised()
    const argv = ['record', 'show', first.padEnd(64, '0'), '--repo', made.home, '--quiet']

    const text = await keyward(argv)
    const json = await keyward([...argv, '--json'])

    expect(text).toMatchObject({ exit, out: '' })
    expect(text.err).toContain(message)
    expect(text.err).not.toContain('Lovelace')
    expect(JSON.parse(json.err)).toMatchObject({ error: { exit } })
  })

  it('that finds a record wrong is exit code 7, with the result on stdout', async () => {
    await using made = await initialised()

    const ran = await keyward(['record', 'verify', R, '--repo', made.home, '--json'])

    expect(ran.exit).toBe(7)
    expect(JSON.parse(ran.out)).toMatchObject({ valid: false })
  })

  it('that is interrupted is exit code 130, and lets the folder go', async () => {
    await using made = await initialised()
    const stop = new AbortController()
    const diary: Diary = []
    const run = keyward(['inbox', '--repo', made.home], {
      signal: stop.signal,
      node: fakeNode(diary)
    })
    await expect.poll(() => diary).toContain('inbox {}')

    stop.abort()

    expect((await run).exit).toBe(130)
    expect(diary.at(-1)).toBe('close')
    expect((await keyward(['record', 'ls', '--repo', made.home])).exit).toBe(0)
  })
})

describe('output', () => {
  const add = async (home: string, flags: string[], options: object = {}) =>
    keyward(['record', 'add', '/x', '--repo', home, ...flags], options)

  it('is data on stdout and progress on stderr, a line a step', async () => {
    await using made = await initialised()

    const { out, err } = await add(made.home, [])

    expect(out).toBe(
      [
        'record      r',
        'version     1',
        'size        97.6 kB',
        'sha256      ab',
        'cid         bafy',
        'opens with  2 of 3 pieces',
        'state       stored, degraded: custodians or copies are missing; the node keeps trying',
        'emergency   nobody may open anything, since you never chose: keyward wish yes|emergency|never',
        'gas         43000',
        'CUSTODIAN  PIECE  BLOCKS   REASON',
        'P1         kept   missing  no [31mroom',
        ''
      ].join('\n')
    )
    expect(err).toBe('record.add 1/2\n')
  })

  it('writes over one line on a terminal, but not in CI nor with NO_COLOR', async () => {
    await using made = await initialised()

    const terminal = await add(made.home, [], { isTTY: true })

    expect(terminal.err).toBe('\r\u001b[Krecord.add 1/2\r\u001b[Krecord.add 2/2\r\u001b[K')
    for (const env of [{ CI: '1' }, { NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      expect((await add(made.home, [], { isTTY: true, env })).err).toBe('record.add 1/2\n')
    }
  })

  it('is one JSON object with --json, nothing else anywhere, and no ANSI', async () => {
    await using made = await initialised()

    const { out, err } = await add(made.home, ['--json'], { isTTY: true })

    expect(JSON.parse(out)).toMatchObject({ state: 'degraded' })
    expect(out.trimEnd()).not.toContain('\n')
    expect(err).toBe('')
    expect(out).not.toContain('\u001b')
  })

  it('is quiet with --quiet', async () => {
    await using made = await initialised()

    expect((await add(made.home, ['--quiet'])).err).toBe('')
  })

  it('strips what would move the cursor from names of others', async () => {
    await using made = await initialised()
    const record = {
      recordId: 'r',
      ver: 1,
      name: '\u001b[2Jx\u202ey\n',
      mime: 'a',
      bytes: 1,
      state: 's',
      created: 0
    }

    const { out } = await keyward(['record', 'ls', '--repo', made.home], {
      node: fakeNode([], [record])
    })

    expect(out).toMatch(/ {2}\[2Jxy\n$/)
  })
})
