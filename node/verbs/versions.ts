/**
 * Version ranges as people give them: "2", "1-3", "2-" (from 2 on).
 * @module
 */
import { InvalidParametersError } from '../../core/errors.ts'
import { U32_MAX } from '../../core/grant.ts'

/** Inclusive; undefined text means every version, later ones too. @throws InvalidParametersError */
export function versionRange(text: string | undefined): {
  readonly verFrom: number
  readonly verTo: number
} {
  if (text == null) return { verFrom: 1, verTo: U32_MAX }
  const [from = '', to] = text.split('-')
  const verFrom = Number(from)
  const verTo = to == null ? verFrom : to === '' ? U32_MAX : Number(to)
  const valid = verFrom >= 1 && verTo >= verFrom && verTo <= U32_MAX
  if (!valid) throw new InvalidParametersError(`"versions" expected such as 1-3, got ${text}`)
  return { verFrom, verTo }
}
