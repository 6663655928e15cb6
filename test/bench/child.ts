/**
 * A side of a bench in a process of its own, so that its processor time and memory are its alone.
 * The module that it runs exports `serve(init)`, which gives the calls that the bench may make; they
 * run one at a time unless the bench makes several. Started as a program, this file is that process.
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Cost } from './measure.ts'

type Call = (...args: never[]) => Promise<unknown>
/** What a child offers; arguments and results are copied between the processes. */
export type Calls = Readonly<Record<string, Call>>

/** The same calls, from outside. */
export type Remote<C extends Calls> = {
  readonly [K in keyof C]: (...args: Parameters<C[K]>) => Promise<Awaited<ReturnType<C[K]>>>
}

export interface Child<C extends Calls> extends AsyncDisposable {
  readonly calls: Remote<C>
  /** Of its whole life so far. */
  cpuSeconds(): Promise<number>
  /** The most memory that it ever had, in MiB. */
  peakRssMib(): Promise<number>
}

interface Asked {
  readonly id: number
  readonly name: string
  readonly args: readonly unknown[]
}

interface Told {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

/** `module` is a file: URL; `init` is given to its `serve`. */
export async function startChild<C extends Calls>(module: URL, init: object): Promise<Child<C>> {
  const child = fork(fileURLToPath(import.meta.url), [module.href], {
    serialization: 'advanced',
    execArgv: ['--disable-warning=ExperimentalWarning', ...profiling(module)]
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  child.on('message', ({ id, value, error }: Told) => {
    if (error == null) waiting.get(id)?.resolve(value)
    else waiting.get(id)?.reject(new Error(error))
    waiting.delete(id)
  })
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`child ended with ${code}`))
  })
  let asked = 0
  const ask = (name: string, ...args: readonly unknown[]): Promise<unknown> => {
    const answer = Promise.withResolvers<unknown>()
    const id = ++asked
    waiting.set(id, answer)
    child.send({ id, name, args } satisfies Asked)
    return answer.promise
  }
  const calls = new Proxy({} as Remote<C>, {
    get: (_, name) => (name === 'then' ? undefined : ask.bind(undefined, String(name)))
  })
  try {
    await ask(':serve', init)
  } catch (err) {
    child.kill('SIGKILL')
    throw err
  }
  return {
    calls,
    cpuSeconds: () => ask(':cpuSeconds') as Promise<number>,
    peakRssMib: () => ask(':peakRssMib') as Promise<number>,
    [Symbol.asyncDispose]: () => ended(child)
  }
}

/** `KEYWARD_BENCH_PROFILE=FOLDER` leaves a profile of each child there. */
function profiling(module: URL): string[] {
  const folder = process.env['KEYWARD_BENCH_PROFILE']
  const name = module.pathname.split('/').at(-1)?.split('.')[0]
  return folder == null
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}-${Date.now()}.cpuprofile`]
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode != null || child.signalCode != null) return
  const gone = once(child, 'exit')
  child.disconnect()
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(late)
}

/** What both ends of something spent, between two looks at the other one's clock. */
export async function costOfBoth(
  other: Pick<Child<Calls>, 'cpuSeconds'>,
  cost: () => Promise<Cost>
): Promise<Cost & { readonly otherCpuSeconds: number }> {
  const before = await other.cpuSeconds()
  const own = await cost()
  return { ...own, otherCpuSeconds: (await other.cpuSeconds()) - before }
}

// ---- the program

async function main(module: string): Promise<void> {
  const { serve } = (await import(module)) as { serve: (init: object) => Promise<Calls> }
  let calls: Calls = {
    async ':cpuSeconds'() {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    },
    ':peakRssMib': async () => process.resourceUsage().maxRSS / 1_024
  }
  process.on('message', async ({ id, name, args }: Asked) => {
    try {
      if (name === ':serve') {
        calls = { ...calls, ...(await serve(args[0] as object)) }
        process.send?.({ id } satisfies Told)
      } else {
        const value = await (calls[name] as Call)(...(args as never[]))
        process.send?.({ id, value } satisfies Told)
      }
    } catch (err) {
      process.send?.({ id, error: (err as Error).stack ?? String(err) } satisfies Told)
    }
  })
  process.on('disconnect', () => process.exit(0))
}

if (import.meta.main) await main(process.argv[2] ?? '')
