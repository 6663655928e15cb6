/**
 * The command line over a node that is only verbs: in this process, or as a process of its own
 * (fake-bin.ts).
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import * as errors from '../../../core/errors.ts'
import { createProgram } from '../../../node/cli/program.ts'
import type { NodeModule, Shell, ShellNode } from '../../../node/cli/shell.ts'
import * as grantShapes from '../../../node/verbs/grant-shapes.ts'
import * as shapes from '../../../node/verbs/shapes.ts'
import { type Verb, verbTable } from '../../../node/verbs/verb.ts'

/** What a fake node was asked, in order: "open", "record.add {…}", "close". */
export type Diary = string[]

/** What each verb takes, and what it answers. */
export type Answers = Readonly<Record<string, readonly [args: z.ZodType, result: unknown]>>

/** A node module with these verbs alone, which note what they were asked: "device.ls {}". */
export function noting(answers: Answers, asked: Diary): NodeModule {
  const verbs = Object.entries(answers).map(
    ([name, [args, result]]): Verb<unknown, unknown, ShellNode> => ({
      name,
      args,
      async run(_node, given) {
        asked.push(`${name} ${JSON.stringify(given)}`)
        return result
      }
    })
  )
  return { ...fakeNode(), verbs: verbTable<ShellNode>(...verbs) }
}

const failures: Readonly<Record<string, () => Error>> = {
  denied: () => new errors.AccessDeniedError(400),
  missing: () => new errors.RecordNotFoundError('no such record'),
  content: () => new SyntaxError('Unexpected token: Ada Lovelace')
}

/** A node module whose verbs note what they got; `record.ls` answers with `records`. */
export function fakeNode(diary: Diary = [], records: readonly unknown[] = []): NodeModule {
  const verb = (
    name: string,
    args: z.ZodType,
    result: (args: unknown, signal: AbortSignal) => unknown
  ): Verb<unknown, unknown, ShellNode> => ({
    name,
    args,
    async run(_node, given, { progress, signal }) {
      diary.push(`${name} ${JSON.stringify(given)}`)
      progress({ step: name, done: 1, total: 2 })
      progress({ step: name, done: 2, total: 2 })
      return result(given, signal)
    }
  })
  const fail = (recordId: string): never => {
    throw (failures[
      { '1': 'denied', '2': 'missing', '3': 'content' }[recordId[0] ?? ''] ?? ''
    ]?.() ?? new Error('x')) as Error
  }
  const verbs = verbTable<ShellNode>(
    verb('id', shapes.noArgs, () => ({
      peer: 'P',
      account: '0x',
      name: 'N',
      profile: 'test',
      addrs: ['/a'],
      contact: 'c'
    })),
    verb('record.ls', shapes.noArgs, () => ({ records })),
    verb('record.add', shapes.recordAddArgs, () => ({
      recordId: 'r',
      ver: 1,
      cid: 'bafy',
      bytes: 97_647,
      sha256: 'ab',
      threshold: { t: 2, n: 3 },
      state: 'degraded',
      emergency: true,
      wish: 'none',
      custodians: [{ peer: 'P1', acked: true, pinned: false, reason: 'no \u001b[31mroom' }],
      gas: 43_000
    })),
    verb('record.show', shapes.recordArgs, (args) => fail((args as { recordId: string }).recordId)),
    verb('record.get', shapes.recordGetArgs, () => ({
      recordId: 'r',
      ver: 1,
      bytes: 1,
      sha256: 'ab',
      path: '/x',
      released: [],
      blamed: []
    })),
    verb('record.verify', shapes.recordVerifyArgs, () => ({
      recordId: 'r',
      ver: 1,
      valid: false,
      checks: [{ what: 'anchor', ok: false }]
    })),
    verb('request', shapes.requestArgs, () => ({ wish: 'w', delivered: ['P1'], failed: [] })),
    verb('approve', grantShapes.approveArgs, () => ({
      grant: 'g',
      to: 'P',
      records: [],
      purpose: 'TREAT',
      until: 0,
      delivered: false,
      grants: [
        {
          grant: 'g',
          who: 'org:3+clinician',
          readers: [
            { peer: 'P', delivered: true },
            { peer: 'Q', delivered: false }
          ]
        }
      ]
    })),
    verb('grant', grantShapes.grantArgs, () => ({
      grant: 'g',
      to: 'P',
      records: [],
      purpose: 'TREAT',
      until: 0,
      delivered: false,
      grants: [
        {
          grant: 'g',
          who: 'org:3+clinician',
          readers: [
            { peer: 'P', delivered: true },
            { peer: 'Q', delivered: false }
          ]
        }
      ]
    })),
    verb('grant.tell', grantShapes.tellArgs, () => ({ grant: 'g', readers: [] })),
    verb('renew', grantShapes.renewArgs, () => ({
      grant: 'g',
      to: 'P',
      records: [],
      purpose: 'TREAT',
      until: 0,
      delivered: true,
      grants: []
    })),
    ...['opt-out', 'opt-in'].map((name) =>
      verb(name, grantShapes.optOutArgs, () => ({
        purposes: [],
        block: 9,
        blockHash: '0x',
        lastReleaseBefore: 0,
        noticed: []
      }))
    ),
    verb('revoke', shapes.revokeArgs, () => ({
      revoked: ['g'],
      block: 9,
      blockHash: '0x',
      lastReleaseBefore: 0,
      noticed: []
    })),
    // Waits for its end: stands for a long transfer.
    verb('inbox', shapes.noArgs, async (_args, signal) => {
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    })
  )
  return {
    verbs,
    async openNode() {
      diary.push('open')
      return {
        addrs: ['/ip4/127.0.0.1/tcp/1'],
        readiness: () => ({ ready: true, reasons: [] }),
        async [Symbol.asyncDispose]() {
          diary.push('close')
        }
      }
    }
  }
}

export interface Ran {
  readonly exit: number
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly node?: NodeModule
  readonly signal?: AbortSignal
  readonly isTTY?: boolean
  readonly cwd?: string
  onOut?(text: string): void
}

/** Runs one command line in this process. */
export async function keyward(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const said = { out: '', err: '' }
  const shell: Shell = {
    stdout: {
      write(text) {
        said.out += text
        options.onOut?.(text)
      }
    },
    stderr: { write: (text) => (said.err += text), isTTY: options.isTTY === true },
    env: options.env ?? {},
    cwd: options.cwd ?? '/somewhere',
    signal: options.signal ?? new AbortController().signal,
    loadNode: async () => options.node ?? fakeNode()
  }
  const exit = await createProgram(shell).run(argv)
  return { exit, ...said }
}

/** A folder that goes away with the test; `home` in it is for `init` to make. */
export async function temporary() {
  const folder = await mkdtemp(join(tmpdir(), 'keyward-cli-'))
  return {
    folder,
    home: join(folder, 'home'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true })
  }
}

/** The same with a node's folder of profile `test` in it. */
export async function initialised() {
  const made = await temporary()
  const { exit, err } = await keyward(['init', '--repo', made.home, '--profile', 'test'])
  if (exit !== 0) throw new Error(err)
  return made
}
