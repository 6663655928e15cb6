import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  buildDifferences,
  fileDigests,
  filesNamedIn,
  thisBuild,
  thisSource
} from '../../../sim/sweep/build.ts'
import { BUILD, smallScenario, temporaryFolder } from './fixtures.ts'

const withFiles = smallScenario({
  network: { clinics: 20, latency: { model: 'king', file: 'king.txt' } },
  churn: { clinics: { model: 'measured', file: 'sessions.txt', meanAwaySeconds: 60 } }
})

const differences = [
  { id: 'version', there: { ...BUILD, keyward: '0.2.0' }, says: 'keyward 0.1.0 against 0.2.0' },
  { id: 'commit', there: { ...BUILD, commit: 'b' }, says: `commit ${BUILD.commit} against b` },
  { id: 'a file', there: { ...BUILD, files: { x: 'y' } }, says: 'file x has other bytes' }
]

describe('what results are made of', () => {
  it('names every file of a scenario', () => {
    expect(filesNamedIn(withFiles).sort()).toEqual(['king.txt', 'sessions.txt'])
    expect(filesNamedIn(smallScenario())).toEqual([])
  })

  it('has version, commit, and the files below a folder', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'king.txt'), '')
    await writeFile(join(folder.path, 'sessions.txt'), 'abc')

    expect(await thisBuild([withFiles, withFiles], folder.path)).toEqual({
      ...(await thisSource()),
      files: {
        // SHA-256 of nothing and of "abc" (FIPS 180-4)
        'king.txt': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        'sessions.txt': 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
      }
    })
  })

  it('names all files that are missing', async () => {
    await using folder = await temporaryFolder()
    await expect(fileDigests(['a', 'b'], folder.path)).rejects.toMatchObject({
      name: 'InvalidScenarioError',
      faults: ['a: expected a file, got ENOENT', 'b: expected a file, got ENOENT']
    })
  })

  it.each(differences)('differs in $id', ({ there, says }) => {
    expect(buildDifferences(BUILD, there)).toEqual([says])
  })

  it('does not differ from itself', () => {
    expect(buildDifferences(BUILD, { ...BUILD })).toEqual([])
  })
})
