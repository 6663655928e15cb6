/**
 * Sub-grants as `grants` prints them, below the grants.
 * @module
 */
import type { Delegation } from '../../verbs/passing-shapes.ts'
import { table } from '../table.ts'
import { localTime } from '../time.ts'

export const delegationsText = (delegations: readonly Delegation[]): string =>
  delegations.length === 0
    ? ''
    : `\n${table(
        ['DELEGATION', 'DIRECTION', 'STATE', 'WHO', 'PURPOSE', 'UNTIL', 'BUDGET', 'RECORDS'],
        delegations.map((each) => [
          each.delegation,
          each.direction,
          each.state,
          each.name === '' ? each.peer : each.name,
          each.purpose,
          localTime(each.until),
          String(each.budget),
          each.records.join(' ')
        ]),
        ''
      )}`
