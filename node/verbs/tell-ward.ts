/**
 * Tells a ward by mail of what was granted in her name. She sees it among her own grants and can end
 * it; that she cannot be reached now undoes nothing.
 * @module
 */
import { fromHex } from '../../core/bytes.ts'
import { encodeGivenMail } from '../../core/given.ts'
import { grantId } from '../../core/ids.ts'
import type { Node } from '../node.ts'
import { namedAccount } from './accounts.ts'
import type { GrantResult } from './grant-shapes.ts'
import { distinct } from './grant-source.ts'
import { leaveMail } from './mail.ts'
import { personAt } from './person.ts'
import { keepersOfWard } from './wards.ts'

/** Whether mail for her was taken. */
export async function tellWard(
  node: Node,
  text: string,
  { grants }: GrantResult,
  signal: AbortSignal
): Promise<boolean> {
  const { account, keepers } = namedAccount(text, 'for')
  const at = distinct([...keepers, ...keepersOfWard(node, account)])
  try {
    const ward = await personAt(node, { account, keepers: at }, signal)
    for (const each of grants) {
      const entry = node.ledger.grant(grantId(fromHex(each.grant)))?.entry
      if (entry == null) continue
      const { opening, tags, except, records, grantee, account: reader, name, hl7 } = entry
      const given = { opening, tags, except, records, grantee, account: reader, name, hl7 }
      await leaveMail(node, ward.card, encodeGivenMail(given, node.card()), ward.at, signal)
    }
    return true
  } catch {
    signal.throwIfAborted()
    return false
  }
}
