/**
 * A custodian that lies: the daemon, but for one bit of each share that it seals. A program of its
 * own, so that no honest program has a switch for it.
 * @module
 */
import { domain, equalBytes } from '../../core/bytes.ts'
import type { Primitives } from '../../core/primitives.ts'
import { createProgram } from '../cli/program.ts'
import { realShell } from '../cli/real-shell.ts'
import { nativePrimitives } from '../crypto/native.ts'

const SHARE_LABEL = domain('keyward/v1/share')

const lying: Primitives = {
  ...nativePrimitives,
  hpkeSeal(to, info, aad, plain) {
    const isShare = equalBytes(info.subarray(0, SHARE_LABEL.byteLength), SHARE_LABEL)
    const said = Uint8Array.from(plain)
    if (isShare) said[said.byteLength - 2] = (said[said.byteLength - 2] ?? 0) ^ 1
    return nativePrimitives.hpkeSeal(to, info, aad, said)
  }
}

const { run } = createProgram(
  realShell(async () => {
    const node = await import('../index.ts')
    return {
      ...node,
      openNode: (repo, identity, options) =>
        node.openNode(repo, identity, { ...options, primitives: lying })
    }
  })
)
process.exit(await run(process.argv.slice(2)))
