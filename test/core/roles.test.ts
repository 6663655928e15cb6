import { expect, it } from 'vitest'
import { ALL_ROLES, ROLE_NAMES, roleNames, rolesOf } from '../../core/roles.ts'
import { Role } from '../../core/words.ts'

it('names each role of the contracts once', () => {
  const bits = ROLE_NAMES.map((name) => rolesOf([name]))

  expect([...bits].sort((a, b) => a - b)).toEqual(Object.values(Role))
  expect(ALL_ROLES).toBe(63)
})

it('gives back the names of any set of roles', () => {
  for (let bits = 0; bits <= ALL_ROLES; bits++) {
    expect(rolesOf(roleNames(bits)), `roles ${bits}`).toBe(bits)
  }
})

it.each(['Attester', 'doctor', '', 'toString'])('refuses "%s" by the field’s name', (name) => {
  expect(() => rolesOf(['custodian', name])).toThrow(/"role" expected one of custodian, /)
})
