/**
 * `keyward device …`: which devices are an account's, and ending all others at once.
 * @module
 */
import type { Command } from 'commander'
import type {
  DeviceBindResult,
  DeviceListResult,
  DeviceRevokeResult
} from '../../verbs/device-shapes.ts'
import { addGroup, addVerb, type CommandContext } from '../command.ts'
import { facts, table } from '../table.ts'
import { localTime } from '../time.ts'

export function addDeviceCommands(program: Command, context: CommandContext): void {
  const device = addGroup(program, 'device', 'the account’s devices: list them, end a stolen one')
  addVerb<DeviceListResult>(device, context, {
    usage: 'ls',
    summary: 'this device, and others of the account that were met',
    example: 'device ls',
    verb: 'device.ls',
    args: () => ({}),
    text: ({ account, bindingEpoch, devices }) =>
      facts([
        ['account', account],
        ['binding epoch', bindingEpoch === 0 ? 'not in the Directory' : bindingEpoch]
      ]) +
      table(
        ['PEER', 'STATE', 'EPOCH', 'UNTIL', 'NAME'],
        devices.map((each) => [
          each.peer,
          each.own ? `${each.state}, this one` : each.state,
          each.bindingEpoch,
          localTime(each.until),
          each.name
        ]),
        'no devices'
      )
  })
  addVerb<DeviceRevokeResult>(device, context, {
    usage: 'revoke',
    summary: 'my laptop is stolen: end every device of the account but this one',
    example: 'device revoke',
    verb: 'device.revoke',
    args: () => ({}),
    text: (each) =>
      facts([
        ['binding epoch', each.bindingEpoch],
        ['custodians told', each.noticed.join(', ')],
        ['block', each.block],
        ['gas', each.gas]
      ])
  })
  addVerb<DeviceBindResult>(device, context, {
    usage: 'bind',
    summary: 'use this device again, after another one has ended it',
    example: 'device bind',
    verb: 'device.bind',
    args: () => ({}),
    text: ({ bindingEpoch }) => facts([['binding epoch', bindingEpoch]])
  })
}
