/**
 * Why there is no head to go by, in words for those who can do something about it.
 * @module
 */
import { Code, codeName, type RefuseCode } from '../../core/codes.ts'

const TEXTS: Partial<Record<RefuseCode, string>> = {
  [Code.RPC_UNAVAILABLE]: 'too few endpoints of "chain.rpc" answer',
  [Code.RPC_DISAGREE]: 'the endpoints of "chain.rpc" do not agree',
  [Code.HEADER_INVALID]: 'no header fits the hash that was agreed on, or "chain.sealers"',
  [Code.CONF_REGRESSION]: 'a confirmed block is gone: the chain was rolled back'
}

/** "too few endpoints of "chain.rpc" answer (301 RPC_UNAVAILABLE)" */
export const outageText = (code: RefuseCode): string => {
  const name = `${code} ${codeName(code)}`
  const text = TEXTS[code]
  return text == null ? name : `${text} (${name})`
}
