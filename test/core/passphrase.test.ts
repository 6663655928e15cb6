/**
 * A root secret under a passphrase.
 * @module
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { decode, encode, type Shape } from '../../core/codec.ts'
import { rootSecret } from '../../core/ids.ts'
import { noblePrimitives as p } from '../../core/noble.ts'
import { unwrapRoot, wrapRoot } from '../../core/passphrase.ts'

const root = rootSecret(new Uint8Array(32).fill(7))
const salt = new Uint8Array(16).fill(1)
const nonce = new Uint8Array(24).fill(2)
const quick = { costLog2: 2 }
const wrap = (passphrase: string) => wrapRoot(root, passphrase, salt, nonce, p, quick)
const anyMap: Shape<Record<string, unknown>> = (value) => value as Record<string, unknown>

describe('a wrapped root', () => {
  it('opens with its passphrase alone', async () => {
    const wrapped = await wrap('correct horse')

    expect(await unwrapRoot(wrapped, 'correct horse', p)).toEqual(root)
    await expect(unwrapRoot(wrapped, 'correct horsf', p)).rejects.toMatchObject({
      name: 'DecryptionFailedError'
    })
  })

  it('has the bytes that it had', async () => {
    expect(toHex(await wrap('x'))).toMatchInlineSnapshot(
      `"a661760162637458303d25404ee1256285b190004bd6fb10f9f3d0d1bb7e17f18aac6b5eef46320772107762f91c7f3d0f8070376205c84ac9636b6466667363727970746473616c745001010101010101010101010101010101656e6f6e6365581802020202020202020202020202020202020202020202020268636f73744c6f673202"`
    )
  })

  it('costs 128 MiB unless a test says otherwise', async () => {
    const wrapped = await wrapRoot(root, 'x', salt, nonce, p)

    expect(decode(anyMap, wrapped, 'root')['costLog2']).toBe(17)
  })

  it('opens however the keyboard composes its letters', async () => {
    expect(await unwrapRoot(await wrap('caf\u00e9'), 'cafe\u0301', p)).toEqual(root)
  })

  it('refuses an empty passphrase', async () => {
    await expect(wrap('')).rejects.toMatchObject({ name: 'InvalidParametersError' })
  })

  it('refuses to spend more than 1 GiB', async () => {
    const costly = encode({ ...decode(anyMap, await wrap('x'), 'root'), costLog2: 21 })

    await expect(unwrapRoot(costly, 'x', p)).rejects.toMatchObject({ name: 'InvalidMessageError' })
  })

  it('opens for no flipped bit', async () => {
    const wrapped = await wrap('x')
    await fc.assert(
      fc.asyncProperty(fc.nat(wrapped.length * 8 - 1), async (bit) => {
        const flipped = wrapped.slice()
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
        await expect(unwrapRoot(flipped, 'x', p)).rejects.toThrow()
      }),
      { numRuns: 60 }
    )
  })
})
