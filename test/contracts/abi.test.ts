import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Interface } from 'ethers'
import { describe, expect, it } from 'vitest'
import * as contracts from '../../node/chain/abi.ts'
import * as production from '../../node/chain/production.ts'
import { ROOT } from '../../tools/files.ts'
import { ABI_FILE, abiText, PRODUCTION_FILE, productionSources } from '../../tools/generate-abi.ts'

const CHANGED = 'event Changed(bytes32 indexed key, uint256 word)'

describe('generated interfaces', () => {
  it('are those of the compiled contracts', () => {
    const written = readFileSync(join(ROOT, ABI_FILE), 'utf8')

    expect(written === abiText(), `${ABI_FILE} is stale: run \`npm run contracts\``).toBe(true)
  })

  it('and the production build is of the same sources', () => {
    const stale = `${PRODUCTION_FILE} is stale: run \`npm run contracts\``

    expect(production.SOURCES === productionSources(), stale).toBe(true)
    for (const name of Object.keys(contracts)) expect(Object.keys(production)).toContain(name)
  })

  it.each(Object.entries(contracts))('%s announces changes by one event', (name, { abi }) => {
    const events: string[] = []
    new Interface(abi).forEachEvent((event) => events.push(event.format('full')))

    // an account's code writes nothing
    const expected = name === 'WardAccount' ? [] : [CHANGED]
    expect(events).toEqual(expected)
  })

  it.each(Object.entries(contracts))('%s has no owner, pause or upgrade', (_name, { abi }) => {
    const names: string[] = []
    new Interface(abi).forEachFunction(({ name }) => names.push(name))

    expect(
      names.filter((name) => /^(owner$|transferOwner|pause|upgrade|initiali)/i.test(name))
    ).toEqual([])
  })
})
