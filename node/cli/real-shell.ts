/**
 * The shell of a real process. The first SIGINT or SIGTERM asks the command to end, the second ends
 * the process.
 * @module
 */
import { Exit } from '../api/error.ts'
import type { NodeModule, Shell } from './shell.ts'

export function realShell(loadNode: () => Promise<NodeModule>): Shell {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => (stop.signal.aborted ? process.exit(Exit.Interrupted) : stop.abort()))
  }
  // A reader that closes early, such as `head`, has what it wanted.
  process.stdout.on('error', () => process.exit(Exit.Done))
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    signal: stop.signal,
    loadNode,
    ...(process.stdin.isTTY && process.stderr.isTTY
      ? { askHidden: (question: string) => askHidden(question, stop) }
      : {})
  }
}

/** The terminal does not echo, since readline's own output goes nowhere. */
async function askHidden(question: string, stop: AbortController): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const { Writable } = await import('node:stream')
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  lines.on('SIGINT', () => stop.abort())
  process.stderr.write(question)
  try {
    return await lines.question('', { signal: stop.signal })
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}
