/**
 * Reads the byte-exact examples of a SPEC.md: fenced blocks `hex <name>`, in which `07*32` stands
 * for 32 bytes of 07 and white space for nothing.
 * @module
 */
import { readFileSync } from 'node:fs'
import { fromHex } from '../../core/bytes.ts'

export function examplesOf(protocol: string): ReadonlyMap<string, Uint8Array> {
  const file = new URL(`../../protocols/${protocol}/SPEC.md`, import.meta.url)
  const examples = new Map<string, Uint8Array>()
  for (const [, name, body] of readFileSync(file, 'utf8').matchAll(
    /^```hex (\S+)\n([^`]+)```$/gm
  )) {
    const hex = (body as string)
      .replaceAll(/([0-9a-f]{2})\*(\d+)/g, (_, byte: string, times) => byte.repeat(Number(times)))
      .replaceAll(/\s+/g, '')
    if (examples.has(name as string)) throw new Error(`two examples are called ${name}`)
    examples.set(name as string, fromHex(hex, name))
  }
  return examples
}

/** The example of that name. */
export function exampleOf(examples: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const example = examples.get(name)
  if (example == null) throw new Error(`SPEC.md has no example ${name}`)
  return example
}
