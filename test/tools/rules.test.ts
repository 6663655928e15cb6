/**
 * That the list of rules is fresh: `npm run check:rules` itself takes minutes.
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../../tools/files.ts'
import { CHAIN_RULES } from '../../tools/rules-list.ts'

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

describe('the rules of the contracts', () => {
  it('are twenty-one, in order, each with a damage', () => {
    const numbers = CHAIN_RULES.map(({ number }) => number)

    expect(numbers).toEqual(Array.from({ length: 21 }, (_, i) => i + 1))
    for (const { number, mutants } of CHAIN_RULES) expect(mutants.length, `${number}`).not.toBe(0)
  })

  it.each(CHAIN_RULES.flatMap(({ mutants }) => mutants))('$rule: $name can be done', (mutant) => {
    expect(read(mutant.file).split(mutant.find).length - 1).toBe(1)
    expect(mutant.tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
  })
})
