/**
 * A daemon as its operator meets it, on a real chain and real sockets: one to a folder, asked over
 * its local interface, stopped, frozen, and told apart from its own absence (INTEROP.md §1, §10).
 * @module
 */
import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GrantResult, RecordAddResult, RecordListResult } from '../../node/verbs/results.ts'
import { type Daemon, Daemons, keyward, tokenOf, until } from '../fixtures/daemons.ts'

const NOBODYS = '1'.repeat(64)

let net: Daemons
let clinics: Daemon[]
let hospital: Daemon
/** Folder of a patient for whom no daemon runs. */
let folder: string
let record: RecordAddResult
let grant: GrantResult

beforeAll(async () => {
  net = await Daemons.create()
  const started = await net.startClinics(['clinic-1', 'clinic-2', 'hospital'])
  clinics = started.clinics.slice(0, 2)
  hospital = started.clinics[2] as Daemon
  const custody = { custodians: clinics.map(({ peer }) => peer), threshold: 2, replicas: 2 }
  const { bootstrap } = started
  folder = await net.init('patient', { profile: 'patient', config: { bootstrap, custody } })
  const path = await net.file('note.txt', 'for the tests of the daemon')
  record = await json('record', 'add', path)
  const consent = [hospital.peer, record.recordId, '--purpose', 'TREAT', '--until', '1h']
  grant = await json('grant', ...consent)
})
afterAll(() => net?.[Symbol.asyncDispose]())

/** A command of the patient's, by itself; its one object. */
async function json<R>(...args: string[]): Promise<R> {
  const { code, out, err } = await keyward([...args, '--repo', folder, '--json'])
  expect({ code, err }, args.join(' ')).toMatchObject({ code: 0 })
  return JSON.parse(out) as R
}

/** One request to a daemon's interface, with whatever headers. */
function ask(
  { api }: Daemon,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {}
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asking = request(`${api}${path}`, { method, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    asking.on('error', reject)
    asking.end(method === 'POST' ? '{}' : undefined)
  })
}

/** Hash of every name, mode and byte below a folder. */
async function treeHash(root: string): Promise<string> {
  const hashing = createHash('sha256')
  const names = await readdir(root, { recursive: true })
  for (const name of names.sort()) {
    const { mode } = await lstat(join(root, name))
    const content = await readFile(join(root, name)).catch(() => '')
    hashing.update(`${name} ${mode} `).update(content)
  }
  return hashing.digest('hex')
}

describe('a folder', () => {
  it('has one daemon; a second is refused by name and number of the first', async () => {
    const [clinic] = clinics as [Daemon]

    const second = await keyward(['daemon', '--repo', clinic.folder, '--json'])
    const plain = await keyward(['daemon', '--repo', clinic.folder])

    expect(second).toMatchObject({ code: 1, out: '' })
    expect(JSON.parse(second.err)).toMatchObject({
      error: {
        name: 'RepoLockedError',
        message: expect.stringContaining(`in use by process ${clinic.pid} `)
      }
    })
    expect(plain.err).toMatch(/^keyward: in use by process \d+ \(.*repo\.lock\)\n$/)
    expect((await ask(clinic, '/healthz')).status).toBe(200)
  })

  it('of a newer version is refused by every command, and stays as it was', async () => {
    const newer = await net.init('newer', { profile: 'clinic' })
    await writeFile(join(newer, 'version'), '2 9.8.7\n')
    const before = await treeHash(newer)

    for (const args of [['daemon'], ['record', 'ls'], ['id'], ['config', 'show'], ['init']]) {
      const { code, out, err } = await keyward([...args, '--repo', newer])
      expect({ args, code, out, err }).toEqual({
        args,
        code: 1,
        out: '',
        err: expect.stringMatching(/format 2, .* use Keyward 9\.8\.7 or newer; nothing was changed/)
      })
    }
    expect(await treeHash(newer)).toBe(before)
  })
})

describe('a verb', () => {
  it('asks the daemon that runs, and does without one that does not', async () => {
    const alone = await json<RecordListResult>('record', 'ls')
    expect(alone.records.map(({ recordId }) => recordId)).toContain(record.recordId)
    expect(await readdir(folder)).not.toContain('api')

    const daemon = await net.start('patient')
    expect(await json<RecordListResult>('record', 'ls')).toEqual(alone)
    expect(daemon.err()).toContain('record.ls done in ')
    // what the folder's lock forbids to everybody else works through the one who has it
    expect((await json<{ peers: unknown[] }>('peers')).peers.length).toBeGreaterThan(0)

    daemon.child.kill('SIGSTOP')
    const frozen = await keyward(['record', 'ls', '--repo', folder])
    daemon.child.kill('SIGCONT')
    expect(frozen).toMatchObject({
      code: 4,
      out: '',
      err: expect.stringContaining(`the daemon (process ${daemon.pid}) does not answer`)
    })
    expect((await daemon.stop()).code).toBe(0)
    expect(await json<RecordListResult>('record', 'ls')).toEqual(alone)
  })

  it('is done as often as it is asked for, all at once', async () => {
    const names = ['one', 'two', 'three', 'four']
    const custody = { custodians: clinics.map(({ peer }) => peer), threshold: 2, replicas: 1 }
    const config = { bootstrap: clinics[0]?.addrs, custody }
    await net.init('newcomer', { profile: 'patient', config })
    const daemon = await net.start('newcomer')
    const paths = await Promise.all(names.map((name) => net.file(name, `content of ${name}`)))

    const added = await Promise.all(
      paths.map((path) => daemon.ask<RecordAddResult>('record.add', { path }))
    )

    expect(added.map(({ state }) => state)).toEqual(names.map(() => 'acknowledged'))
    expect((await daemon.stop()).code).toBe(0)
  })

  it.each([
    ['nothing is there', 3, (): string[] => ['record', 'ls', '--repo', net.at('nowhere')]],
    ['the command is unknown', 2, (): string[] => ['frobnicate']],
    ['an argument is missing', 2, (): string[] => ['record', 'add', '--repo', folder]],
    ['a flag is unknown', 2, (): string[] => ['record', 'ls', '--colour', '--repo', folder]],
    ['an argument is no such thing', 2, (): string[] => ['record', 'get', 'x', '--repo', folder]],
    ['a file is not there', 2, (): string[] => ['record', 'add', '/no/file', '--repo', folder]],
    ['no own record has this id', 6, (): string[] => ['record', 'get', NOBODYS, '--repo', folder]],
    ['no wish has this id', 6, (): string[] => ['deny', NOBODYS, '--repo', folder]]
  ])('tells by its exit code that %s: %i', async (_what, expected, args) => {
    const { code, out, err } = await keyward(args())

    expect({ code, out, err }).toEqual({ code: expected, out: '', err: expect.stringMatching(/./) })
    expect(err).not.toMatch(/\n\s+at /) // no stack
  })

  it('tells by its exit code that consent denies it: 5', async () => {
    await hospital.ask('inbox')
    await until('the grant is confirmed', async () => {
      const { grants } = await hospital.ask<{ grants: { state: string }[] }>('grants')
      return grants.some(({ state }) => state === 'active')
    })
    const get = ['record', 'get', record.recordId, '--out', net.at('got')]
    const mine = ['--repo', hospital.folder]
    expect(await keyward([...get, ...mine])).toMatchObject({ code: 0 })

    await json('revoke', grant.grant)
    const refused = await keyward([...get, ...mine])
    const inJson = await keyward([...get, ...mine, '--json'])

    expect(refused).toMatchObject({ code: 5, out: '' })
    expect(refused.err).toMatch(/keyward: access denied: 400/)
    expect(JSON.parse(inJson.err)).toMatchObject({
      error: { name: 'AccessDeniedError', code: 400 }
    })
    expect(await readFile(net.at('got'), 'utf8')).toBe('for the tests of the daemon')
  })

  it('prints one object with --json and nothing else, coloured by nobody', async () => {
    const path = await net.file('plain.txt', 'plain')
    const env = { FORCE_COLOR: '3', CLICOLOR_FORCE: '1', TERM: 'xterm-256color' }
    const commands = [['record', 'add', path], ['record', 'ls'], ['grants'], ['history'], ['id']]
    for (const command of commands) {
      const { code, out, err } = await keyward([...command, '--repo', folder, '--json'], { env })

      expect({ command, code, err }).toEqual({ command, code: 0, err: '' })
      expect(out.trimEnd().split('\n')).toHaveLength(1)
      expect(JSON.parse(out)).toEqual(expect.any(Object))
      expect(out).not.toContain('\u001b')
    }
  })

  it('keeps progress and notes off stdout', async () => {
    const path = await net.file('for people.txt', 'for people')

    const added = await keyward(['record', 'add', path, '--repo', folder])
    const quiet = await keyward(['record', 'add', path, '--repo', folder, '--quiet'])

    expect(added.err).toMatch(/^custodians\nseal .*\n(replicate|deal) [\s\S]*\nanchor\n$/)
    expect(added.out).toMatch(/^record +[0-9a-f]{64}\nversion +1\nsize +10 B\n/)
    expect(added.out).not.toMatch(/custodians$|^seal|^deal|^anchor/m)
    expect(added.out + added.err).not.toContain('\u001b')
    expect(quiet).toMatchObject({ code: 0, err: '' })
  })
})

describe('the interface', () => {
  it('is closed to foreign hosts, wrong tokens and other methods', async () => {
    const [clinic] = clinics as [Daemon]
    const port = new URL(clinic.api).port
    const token = await tokenOf(clinic.folder)
    const post = (headers: Record<string, string>) =>
      ask(clinic, '/v1/verbs/id', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers }
      })
    const bearer = { authorization: `Bearer ${token}` }

    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `[::1]:${port}`]) {
      for (const path of ['/healthz', '/readyz', '/v1/verbs/id']) {
        expect((await ask(clinic, path, { headers: { host, ...bearer } })).status, host).toBe(403)
      }
      expect((await post({ host, ...bearer })).status).toBe(403)
    }
    expect((await post({})).status).toBe(401)
    expect((await post({ authorization: `Bearer ${token.slice(0, -1)}` })).status).toBe(401)
    expect((await post({ authorization: `Bearer ${token}x` })).status).toBe(401)
    expect((await post({ authorization: `Basic ${token}` })).status).toBe(401)
    expect((await ask(clinic, '/v1/verbs/id', { headers: bearer })).status).toBe(404)
    expect((await post({ host: `localhost:${port}`, ...bearer })).status).toBe(200)
    const right = await post(bearer)
    expect(JSON.parse(right.body)).toMatchObject({ result: { peer: clinic.peer } })
    expect(clinic.err()).not.toContain(token)
  })

  it('is not ready while the chain is away, says why, and is ready again after it', async () => {
    const ready = async (daemon: Daemon) => JSON.parse((await ask(daemon, '/readyz')).body)
    for (const clinic of clinics) {
      expect(await ready(clinic)).toEqual({ ready: true, reasons: [] })
    }

    await net.stopChain()
    for (const clinic of clinics) {
      await until('it misses the chain', async () => !(await ready(clinic)).ready)
      expect(await ask(clinic, '/readyz')).toMatchObject({ status: 503 })
      expect((await ready(clinic)).reasons).toEqual([
        expect.stringMatching(/^no agreed chain head: too few .*\(301 RPC_UNAVAILABLE\)$/)
      ])
      expect((await ask(clinic, '/healthz')).status).toBe(200)
    }
    const path = await net.file('without a chain', 'x')
    const adding = await keyward(['record', 'add', path, '--repo', folder])
    expect(adding).toMatchObject({ code: 1, out: '' })
    expect(adding.err).toContain('too few endpoints of "chain.rpc" answer')

    await net.startChain()
    for (const clinic of clinics) {
      await until('it is ready', async () => (await ready(clinic)).ready)
    }
  })
})

describe('a stop', () => {
  it('by SIGTERM ends with 0, takes the api file and the lock away, within ten seconds', async () => {
    await net.init('short', { profile: 'clinic', config: { bootstrap: clinics[0]?.addrs } })
    const daemon = await net.start('short')
    const startedMs = performance.now()

    const { code, signal, out } = await daemon.stop('SIGTERM')

    expect({ code, signal }).toEqual({ code: 0, signal: null })
    expect(performance.now() - startedMs).toBeLessThan(10_000)
    expect(out.trim().split('\n')).toHaveLength(1)
    const left = await readdir(daemon.folder)
    expect(left.filter((name) => /^api$|^repo\.lock|\.tmp$/.test(name))).toEqual([])
    expect(await keyward(['record', 'ls', '--repo', daemon.folder])).toMatchObject({
      code: 0,
      err: ''
    })
  })

  it('waits for what is under way, unless it is asked for twice', async () => {
    const custody = { custodians: clinics.map(({ peer }) => peer), threshold: 2, replicas: 2 }
    const config = { bootstrap: clinics[0]?.addrs, custody }
    await net.init('hasty', { profile: 'patient', config })
    const daemon = await net.start('hasty')
    const path = await net.file('under way', 'x')
    for (const clinic of clinics) clinic.child.kill('SIGSTOP')
    try {
      let underWay = false
      const call = daemon
        .ask('record.add', { path }, () => {
          underWay = true
        })
        .catch((err: unknown) => err)
      await until('the verb is under way', () => underWay)
      daemon.child.kill('SIGINT')
      await until('it takes no more calls', async () => {
        return (await ask(daemon, '/readyz')).status === 503
      })
      expect(daemon.child.exitCode).toBe(null)

      const startedMs = performance.now()
      daemon.child.kill('SIGINT')

      expect(await daemon.ended).toMatchObject({ code: 130, signal: null })
      expect(performance.now() - startedMs).toBeLessThan(2_000)
      expect(await call).toMatchObject({ name: 'DaemonUnavailableError' })
    } finally {
      for (const clinic of clinics) clinic.child.kill('SIGCONT')
    }
    expect(await keyward(['record', 'ls', '--repo', daemon.folder])).toMatchObject({
      code: 0,
      err: expect.stringContaining('died without closing')
    })
  })
})
